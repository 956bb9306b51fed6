//! The directory of one slot: made, published, removed.
//!
//! It appears by a rename, complete, and a slot that has ended never lives again (see [`life`]). So whoever of its user
//! comes across a dead one may remove it without a lock.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::super::{clock, label, life, process};
use super::entry::entry;
use super::users::User;
use super::{FileId, Root};
use crate::error::{Error, Result};
use crate::name::SlotName;

/// How often two users who create one name at the same moment step back for each other.
const ATTEMPTS: u32 = 20;
/// Files of a slot, in the order in which they are removed: what says that it lives goes last.
const FILES: [&str; 5] = ["door", "bell", "ring", label::NAME, life::NAME];
/// Seconds after which a directory without a life was left behind, and is not one that is just being made.
const STALE: u64 = 60;

/// The directory of a slot.
pub(crate) struct SlotDirectory {
    pub(crate) dir: OwnedFd,
    /// The user whose slot it is.
    pub(crate) user: User,
    entry: String,
}

/// A slot under construction. Dropping it removes it.
pub(crate) struct Staged {
    pub(crate) dir: OwnedFd,
    user: User,
    /// Its entry; none once it has been published.
    entry: Option<String>,
}

/// When something came to its place, as the kernel has it.
pub(crate) type Since = (i64, u64);

impl SlotDirectory {
    /// Whether its owner lives.
    pub(crate) fn is_living(&self) -> rustix::io::Result<bool> {
        life::goes_on(self.dir.as_fd(), self.user.uid)
    }

    /// Since when the slot has been there for others to find. The times of change of its directory and of its user's are set
    /// by the kernel when they get their names or something in them does, and nothing sets them back. Neither changes while a
    /// slot lives.
    pub(crate) fn published(&self, root: &Root) -> rustix::io::Result<Since> {
        let user = rustix::fs::statat(&root.dir, self.user.directory(), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(changed(&rustix::fs::fstat(&self.dir)?).max(changed(&user)))
    }
}

fn changed(stat: &rustix::fs::Stat) -> Since {
    (stat.st_ctime, stat.st_ctime_nsec)
}

impl Root {
    /// The slot `name` of one user, living or not.
    pub(crate) fn open_slot(&self, user: &User, name: &SlotName) -> rustix::io::Result<SlotDirectory> {
        self.open_entry(user, entry(name))
    }

    pub(crate) fn open_entry(&self, user: &User, entry: String) -> rustix::io::Result<SlotDirectory> {
        let path = format!("{}/{entry}", user.slots());
        let dir = self.open_below(&path, OFlags::PATH | OFlags::DIRECTORY)?;
        let stat = rustix::fs::fstat(&dir)?;
        if stat.st_uid != user.uid || stat.st_mode & 0o022 != 0 {
            return Err(Errno::NOENT);
        }
        Ok(SlotDirectory { dir, user: user.clone(), entry })
    }

    /// A file of the slot `name` of one user.
    pub(crate) fn open_file(
        &self,
        user: &User,
        name: &SlotName,
        file: &str,
        flags: OFlags,
    ) -> rustix::io::Result<OwnedFd> {
        self.open_below(&format!("{}/{}/{file}", user.slots(), entry(name)), flags)
    }

    /// Begins a new slot of this process's user.
    pub(crate) fn stage(&self, name: &SlotName) -> Result<Staged> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let user = self.own_user()?;
        self.sweep_new(&user);
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let entry = format!("{}.{number}.{:x}", rustix::process::getpid().as_raw_pid(), clock::ticks());
            let path = format!("{}/{entry}", user.new_slots());
            match rustix::fs::mkdirat(&self.dir, &path, Mode::RWXU) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(self.error("make a directory for", name, error)),
            }
            let dir = self
                .open_below(&path, OFlags::PATH | OFlags::DIRECTORY)
                .map_err(|error| self.error("open the new directory of", name, error))?;
            return Ok(Staged { dir, user, entry: Some(entry) });
        }
    }

    /// Puts a finished slot at its place. When this returns, it can be opened, and is the first of its name.
    pub(crate) fn publish(&self, mut staged: Staged, name: &SlotName) -> Result<SlotDirectory> {
        let Some(made) = staged.entry.clone() else { return Err(Error::Closed) };
        let failed = |error| self.error("publish", name, error);
        let from = format!("{}/{made}", staged.user.new_slots());
        let place = entry(name);
        let to = format!("{}/{place}", staged.user.slots());
        let readable = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        rustix::fs::chmodat(&self.dir, &from, readable, AtFlags::empty()).map_err(failed)?;
        for attempt in 1..=ATTEMPTS {
            self.check_free(name)?;
            match rustix::fs::renameat(&self.dir, &from, &self.dir, &to) {
                Ok(()) => {
                    let slot = self.open_entry(&staged.user, place.clone()).map_err(failed)?;
                    if self.is_first(&slot, name)? {
                        staged.entry = None;
                        return Ok(slot);
                    }
                    // Another user published the name at the same moment, or a little earlier. Both step back and try again.
                    rustix::fs::renameat(&self.dir, &to, &self.dir, &from).map_err(failed)?;
                    std::thread::sleep(Duration::from_micros(clock::ticks() % 997 * u64::from(attempt)));
                }
                // What is there is dead, or was removed since, or another process of this user has just published.
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => self.remove_dead(&staged.user, &place),
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::AlreadyExists(name.clone()))
    }

    /// Whether no other user's slot of this name was published before, or at the same time. Afterwards none can be any more.
    fn is_first(&self, slot: &SlotDirectory, name: &SlotName) -> Result<bool> {
        let failed = |error| self.error("publish", name, error);
        let own = slot.published(self).map_err(failed)?;
        self.outlast(slot, own).map_err(failed)?;
        for other in self.rivals(name)? {
            if other.user.uid != slot.user.uid && other.published(self).is_ok_and(|since| since <= own) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until whatever else is published bears a later time than `since`: a tick of the file system's clock at most.
    fn outlast(&self, slot: &SlotDirectory, since: Since) -> rustix::io::Result<()> {
        let now = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
            last_modification: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
        };
        // A file whose time was looked at gets a finer one with its next change, where the kernel has that; so the second
        // turn is the last. Elsewhere the clock ticks after ten milliseconds; one that is set back is not waited for.
        for turn in 0..40 {
            rustix::fs::utimensat(&slot.dir, label::NAME, &now, AtFlags::SYMLINK_NOFOLLOW)?;
            let label = rustix::fs::statat(&slot.dir, label::NAME, AtFlags::SYMLINK_NOFOLLOW)?;
            if changed(&label) > since {
                break;
            }
            if turn > 1 {
                std::thread::sleep(Duration::from_micros(500));
            }
        }
        Ok(())
    }

    /// Removes the slot whose life is the file `life`, which its last owner has ended.
    pub(crate) fn remove_ended(&self, slot: &SlotDirectory, life: FileId) {
        if FileId::at(slot.dir.as_fd(), life::NAME) == Ok(life) {
            self.remove(&slot.user.slots(), &slot.entry, slot.dir.as_fd());
        }
    }

    /// Removes what is at this place of an own directory unless it lives.
    pub(crate) fn remove_dead(&self, user: &User, entry: &str) {
        match self.open_entry(user, entry.to_owned()) {
            Ok(slot) if slot.is_living() == Ok(false) => self.remove(&user.slots(), entry, slot.dir.as_fd()),
            Ok(_) => {}
            // Something else is there; nobody but this user, or the superuser, can have put it there.
            Err(_) => {
                if let Ok(slots) = self.open_below(&user.slots(), OFlags::PATH | OFlags::DIRECTORY) {
                    let _ = rustix::fs::unlinkat(slots, entry, AtFlags::empty());
                }
            }
        }
    }

    /// Removes what creators that were killed have left unfinished.
    fn sweep_new(&self, user: &User) {
        let path = user.new_slots();
        let Ok(new) = self.open_below(&path, OFlags::RDONLY | OFlags::DIRECTORY) else { return };
        let Ok(found) = Dir::read_from(&new) else { return };
        for entry in found.flatten() {
            let Ok(entry) = entry.file_name().to_str() else { continue };
            if entry.starts_with('.') {
                continue;
            }
            let Ok(dir) = self.open_below(&format!("{path}/{entry}"), OFlags::PATH | OFlags::DIRECTORY) else {
                continue;
            };
            let young = rustix::fs::fstat(&dir).map_or(true, |stat| {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                now.as_secs().saturating_sub(stat.st_ctime as u64) < STALE
            });
            let begun = FileId::at(dir.as_fd(), life::NAME).is_ok();
            if life::goes_on(dir.as_fd(), process::uid()) == Ok(false) && (begun || !young) {
                self.remove(&path, entry, dir.as_fd());
            }
        }
    }

    /// Removes the directory `dir`, which is, or was, called `entry` in `parent`.
    fn remove(&self, parent: &str, entry: &str, dir: std::os::fd::BorrowedFd<'_>) {
        for file in FILES {
            // What is missing is removed already; anything else shows when the directory is to go.
            let _ = rustix::fs::unlinkat(dir, file, AtFlags::empty());
        }
        if let Ok(parent) = self.open_below(parent, OFlags::PATH | OFlags::DIRECTORY) {
            // A living slot that has the name by now is not empty.
            let _ = rustix::fs::unlinkat(parent, entry, AtFlags::REMOVEDIR);
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let (Some(entry), Ok(root)) = (&self.entry, Root::get()) {
            root.remove(&self.user.new_slots(), entry, self.dir.as_fd());
        }
    }
}
