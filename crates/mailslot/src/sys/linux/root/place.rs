//! The directory of one slot: making, publishing and removing it.
//!
//! It appears by a rename, complete, and belongs to a life (see [`claim`](super::claim)), whose file a symbolic link in
//! it names. A life that has ended never lives again, so any process of its user that finds a dead slot may remove it
//! without a lock.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::super::life::{Ending, Since};
use super::super::{label, members};
use super::claim::{Claim, Life, TAPS};
use super::entry::{entry, push_entry};
use super::users::{User, unique};
use super::{FileId, Root};
use crate::error::{Error, Result};
use mailslot_names::SlotName;

/// The link in a slot's directory that names the file of its life.
const LIFE: &str = "life";
/// Files of a slot.
pub(super) const FILES: [&str; 6] = ["door", "bell", "ring", label::NAME, members::NAME, LIFE];
/// How many times the place may be taken again by another process of this user, or by something that cannot be removed.
pub(super) const ATTEMPTS: u32 = 20;
/// Seconds after which an unfinished slot counts as left behind.
const STALE: u64 = 60;

/// The directory of a slot.
pub(crate) struct SlotDirectory {
    pub(crate) dir: OwnedFd,
    /// The user who owns the slot.
    pub(crate) user: User,
    pub(super) entry: String,
    /// The member's directory within that of the entry, if the slot has members.
    pub(super) member: Option<String>,
    /// The life that it belongs to, as the link says.
    pub(super) life: String,
}

/// A slot under construction. Dropping it removes it.
pub(crate) struct Staged {
    pub(crate) dir: OwnedFd,
    pub(super) user: User,
    /// Its entry; `None` once it has been published.
    pub(super) entry: Option<String>,
}

impl SlotDirectory {
    /// Whether it is a [tap](crate::Mailslot::tap), which does not claim the name.
    pub(crate) fn is_tap(&self) -> bool {
        self.member.as_deref().is_some_and(|member| member.starts_with(TAP))
    }

    /// Whether it is one member of a slot that may have others.
    pub(crate) fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Whether its owner lives.
    pub(crate) fn is_living(&self) -> rustix::io::Result<bool> {
        self.living_since().map(|since| since.is_some())
    }

    /// Since when its owner has lived, and claimed the name.
    pub(super) fn living_since(&self) -> rustix::io::Result<Option<Since>> {
        let Ok(root) = Root::get() else { return Ok(None) };
        root.claimed_since(&self.life, claimed(&self.entry, self.member.as_deref()), &self.user)
    }
}

impl Root {
    /// The directory of a user's slot, or of one of its members, living or not.
    pub(super) fn open_place(
        &self,
        user: &User,
        entry: String,
        member: Option<String>,
    ) -> rustix::io::Result<SlotDirectory> {
        let dir = self.open_own(user, &place(user, &entry, member.as_deref()))?;
        let life = life_of(&dir)?.ok_or(Errno::NOENT)?;
        Ok(SlotDirectory { dir, user: user.clone(), entry, member, life })
    }

    /// A directory of a user that nobody else may write to.
    pub(super) fn open_own(&self, user: &User, path: &str) -> rustix::io::Result<OwnedFd> {
        let dir = self.open_below(path, OFlags::PATH | OFlags::DIRECTORY)?;
        let stat = rustix::fs::fstat(&dir)?;
        let own = stat.st_uid == user.uid && stat.st_mode & 0o022 == 0;
        if own { Ok(dir) } else { Err(Errno::NOENT) }
    }

    /// A file of the slot `name` of one user.
    pub(crate) fn open_file(
        &self,
        user: &User,
        name: &SlotName,
        file: &str,
        flags: OFlags,
    ) -> rustix::io::Result<OwnedFd> {
        // Allocated once: every short-lived writer calls this.
        let mut path = String::with_capacity(128);
        user.push_slots(&mut path);
        path.push('/');
        push_entry(&mut path, name);
        path.push('/');
        path.push_str(file);
        self.open_below(&path, flags)
    }

    /// Begins a new slot of this process's user, to which `claim` belongs.
    pub(crate) fn stage(&self, name: &SlotName, claim: &Claim) -> Result<Staged> {
        let user = self.own_user()?;
        self.sweep_new(&user);
        loop {
            let entry = unique();
            let path = format!("{}/{entry}", user.new_slots());
            match rustix::fs::mkdirat(&self.dir, &path, Mode::RWXU) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(self.error("create a directory for", name, error)),
            }
            let dir = self
                .open_below(&path, OFlags::PATH | OFlags::DIRECTORY)
                .map_err(|error| self.error("open the new directory of", name, error))?;
            let staged = Staged { dir, user, entry: Some(entry) };
            rustix::fs::symlinkat(claim.of().to_text(), &staged.dir, LIFE)
                .map_err(|error| self.error("name the life of", name, error))?;
            return Ok(staged);
        }
    }

    /// Puts a finished slot at its place. When this returns, it can be opened.
    pub(crate) fn publish(&self, mut staged: Staged, name: &SlotName) -> Result<SlotDirectory> {
        let Some(made) = staged.entry.clone() else { return Err(Error::Closed) };
        let failed = |error| self.error("publish", name, error);
        let from = format!("{}/{made}", staged.user.new_slots());
        let place = entry(name);
        let to = format!("{}/{place}", staged.user.slots());
        let readable = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        rustix::fs::chmodat(&self.dir, &from, readable, AtFlags::empty()).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            // A rename onto a directory that is not empty fails, and every published one holds files.
            match rustix::fs::renameat(&self.dir, &from, &self.dir, &to) {
                Ok(()) => {
                    staged.entry = None;
                    return self.open_place(&staged.user, place, None).map_err(failed);
                }
                // The one that is there is dead: this process has another claim.
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => self.remove_dead(&staged.user, &place),
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::AlreadyExists(name.clone()))
    }

    /// The file of the life that the slot names.
    pub(crate) fn life_of(&self, slot: &SlotDirectory) -> rustix::io::Result<FileId> {
        FileId::at(self.dir.as_fd(), Life::file_in(&slot.life).ok_or(Errno::NOENT)?)
    }

    /// Keeps claims to the name that are older than the slot's and have ended from living again. What lives again
    /// already has the name.
    pub(crate) fn end_older(&self, name: &SlotName, slot: &SlotDirectory) -> Result<Vec<Ending>> {
        let failed = |error| self.error("take over", name, error);
        let since = slot.living_since().map_err(failed)?;
        match (since, Life::file_in(&slot.life)) {
            (Some(since), Some(own)) if !slot.is_tap() => Ok(self.claims_beside(name, own, since)?.1),
            _ => Ok(Vec::new()),
        }
    }

    /// Removes a slot whose life has ended. If another slot is at its place by now, that one stays.
    pub(super) fn remove_dead_slot(&self, slot: SlotDirectory) {
        let SlotDirectory { dir, user, entry, member, life } = slot;
        match &member {
            None => self.remove(&user.slots(), &entry, dir.as_fd()),
            Some(member) => {
                self.remove(&place(&user, &entry, None), member, dir.as_fd());
                self.remove_empty(&user, &entry);
            }
        }
        // The process may have few other descriptors.
        drop(dir);
        Life::file_in(&life).into_iter().for_each(|file| self.remove_dead_life(file, &user));
    }

    /// Removes everything at this place in a directory of this user, except for living slots.
    pub(crate) fn remove_dead(&self, user: &User, entry: &str) {
        match self.open_all(user, entry) {
            Ok(slots) if !slots.is_empty() => {
                // A tap of an ended slot is notified by its removal.
                let over = tapped_by(entry).is_none()
                    && slots.iter().all(|slot| slot.is_tap() || slot.is_living() == Ok(false));
                let gone = |slot: &SlotDirectory| (over && slot.is_tap()) || slot.is_living() == Ok(false);
                slots.into_iter().filter(gone).for_each(|slot| self.remove_dead_slot(slot));
                self.remove_remains(user, entry);
                self.remove_empty(user, entry);
            }
            // Something else is there, or the remains of a slot whose removal failed; only this user, or the superuser,
            // can have put it there.
            _ => {
                self.remove_remains(user, entry);
                let path = place(user, entry, None);
                match self.open_below(&path, OFlags::PATH | OFlags::DIRECTORY) {
                    Ok(dir) => self.remove(&user.slots(), entry, dir.as_fd()),
                    Err(_) => {
                        if let Ok(slots) = self.open_below(&user.slots(), OFlags::PATH | OFlags::DIRECTORY) {
                            let _ = rustix::fs::unlinkat(slots, entry, AtFlags::empty());
                        }
                    }
                }
            }
        }
    }

    /// Removes the directory of a slot's members if it is empty.
    pub(super) fn remove_empty(&self, user: &User, entry: &str) {
        if let Ok(slots) = self.open_below(&user.slots(), OFlags::PATH | OFlags::DIRECTORY) {
            let _ = rustix::fs::unlinkat(slots, entry, AtFlags::REMOVEDIR);
        }
    }

    /// Removes unfinished slots, and files of lives, of creators that were killed.
    fn sweep_new(&self, user: &User) {
        let path = user.new_slots();
        let Ok(new) = self.open_below(&path, OFlags::RDONLY | OFlags::DIRECTORY) else { return };
        let Ok(found) = Dir::read_from(&new) else { return };
        for entry in found.flatten() {
            let Ok(entry) = entry.file_name().to_str() else { continue };
            if entry.starts_with('.') {
                continue;
            }
            let Ok(dir) = self.open_below(&format!("{path}/{entry}"), OFlags::PATH | OFlags::NOFOLLOW) else {
                continue;
            };
            let stale = rustix::fs::fstat(&dir).is_ok_and(|stat| {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                now.as_secs().saturating_sub(stat.st_ctime as u64) > STALE
            });
            if stale {
                let life = rustix::fs::readlinkat(&dir, LIFE, Vec::new()).ok().and_then(|life| life.into_string().ok());
                self.remove(&path, entry, dir.as_fd());
                let _ = rustix::fs::unlinkat(&new, entry, AtFlags::empty());
                life.as_deref().and_then(Life::file_in).into_iter().for_each(|file| self.remove_dead_life(file, user));
            }
        }
    }

    /// Removes the directory `dir`, which is, or was, called `entry` in `parent`.
    pub(super) fn remove(&self, parent: &str, entry: &str, dir: BorrowedFd<'_>) {
        for file in FILES {
            // A missing file is removed already; any other error shows when the directory is removed.
            let _ = rustix::fs::unlinkat(dir, file, AtFlags::empty());
        }
        if let Ok(parent) = self.open_below(parent, OFlags::PATH | OFlags::DIRECTORY) {
            // A living slot that has the name by now is not empty.
            let _ = rustix::fs::unlinkat(parent, entry, AtFlags::REMOVEDIR);
        }
    }
}

/// The prefix of the directories of taps, among those of members.
pub(super) const TAP: &str = "tap.";

/// The entry, in the superuser's directory, of the superuser's taps of the slot of another user that has this entry.
pub(super) fn tapped(uid: u32, entry: &str) -> String {
    format!("={uid}@{entry}")
}

/// The user and the entry of the slot whose taps have this entry; `None` if it is the entry of a slot.
pub(super) fn tapped_by(entry: &str) -> Option<(u32, &str)> {
    let (uid, entry) = entry.strip_prefix('=')?.split_once('@')?;
    Some((uid.parse().ok()?, entry))
}

/// The entry that a slot, or member, with this entry claims.
pub(super) fn claimed<'a>(entry: &'a str, member: Option<&str>) -> &'a str {
    if member.is_some_and(|member| member.starts_with(TAP)) { TAPS } else { entry }
}

/// The directory of a slot, or of one of its members, below the root.
pub(super) fn place(user: &User, entry: &str, member: Option<&str>) -> String {
    let mut path = format!("{}/{entry}", user.slots());
    if let Some(member) = member {
        path.push('/');
        path.push_str(member);
    }
    path
}

/// The life that a slot's directory names; `None` if it names none.
pub(super) fn life_of(dir: &OwnedFd) -> rustix::io::Result<Option<String>> {
    match rustix::fs::readlinkat(dir, LIFE, Vec::new()) {
        Ok(life) => life.into_string().map(Some).map_err(|_| Errno::NOENT),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let (Some(entry), Ok(root)) = (&self.entry, Root::get()) {
            root.remove(&self.user.new_slots(), entry, self.dir.as_fd());
        }
    }
}
