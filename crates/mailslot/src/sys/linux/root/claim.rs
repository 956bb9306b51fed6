//! Who claims a name, and since when.
//!
//! A claim is the file of a life (see [`life`]), directly in the root, under a name that says which slot's and which user's it
//! is. So whoever claims a name does it for all to see, from the moment that the kernel has noted, and for as long as it
//! lives: nothing can be prepared in a hidden place, and no claim made to look older. A user whose file somebody else has put in
//! the way takes another one, with a number that nobody can guess; such a file counts only while the other one is there, and if it
//! is the younger, so that everybody knows when to look for one.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, RenameFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::super::life::{self, Found, Since};
use super::super::{clock, process};
use super::Root;
use super::entry::{entry, key};
use super::users::User;
use crate::error::{Error, Result};
use crate::name::SlotName;

const PREFIX: &str = "mailslot-life.";
/// How often two users who claim one name at the same moment step back for each other.
const ATTEMPTS: u32 = 20;

/// A claim of this process, which ends with it unless it is [kept](Claim::keep).
pub(crate) struct Claim {
    life: Option<OwnedFd>,
    of: Life,
}

/// Which life it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// The name of its file, which another life may have later.
    pub(super) file: String,
    pub(super) since: Since,
}

impl Life {
    /// As a slot's directory says it.
    pub(super) fn to_text(&self) -> String {
        format!("{}#{}", self.file, self.since)
    }

    /// The name of the file in such a text.
    pub(super) fn file_in(text: &str) -> Option<&str> {
        text.rsplit_once('#').map(|(file, _)| file)
    }
}

impl Claim {
    pub(super) fn of(&self) -> &Life {
        &self.of
    }

    /// The life, which from now on ends, with its file, by somebody else's doing.
    pub(crate) fn keep(mut self) -> Option<OwnedFd> {
        self.life.take()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.life.is_some()
            && let Ok(root) = Root::get()
        {
            root.remove_life(&self.of.file);
        }
    }
}

impl Root {
    /// Claims a name for this process's user. When this returns, nobody else can have an older claim that lives.
    pub(crate) fn claim(&self, name: &SlotName) -> Result<Claim> {
        let failed = |error| self.error("claim", name, error);
        for attempt in 1..=ATTEMPTS {
            if !self.rivals(name)?.is_empty() {
                return Err(Error::AlreadyExists(name.clone()));
            }
            let Some(claim) = self.begin_claim(name).map_err(failed)? else { continue };
            let since = claim.of.since;
            self.outlast(since)?;
            let own = process::uid();
            if self.rivals(name)?.iter().all(|(user, rival)| user.uid == own || *rival > since) {
                return Ok(claim);
            }
            // Another user has claimed the name at the same moment, or a little earlier. Both step back and try again.
            drop(claim);
            std::thread::sleep(Duration::from_micros(clock::ticks() % 997 * u64::from(attempt)));
        }
        Err(Error::AlreadyExists(name.clone()))
    }

    /// The living claims to a name by users whose slots of it count for this process.
    pub(super) fn rivals(&self, name: &SlotName) -> Result<Vec<(User, Since)>> {
        let failed = |error| self.error("look for", name, error);
        let rule = self.rule(name)?;
        let entry = entry(name);
        let mut rivals = Vec::new();
        for user in self.users()?.iter().filter(|user| rule.rank(user.uid).is_some()) {
            if let Some(life) = self.living_claim(user.uid, &entry).map_err(failed)? {
                rivals.push((user.clone(), life.since));
            }
        }
        Ok(rivals)
    }

    /// The living claim of user `uid` to the name with this entry.
    pub(super) fn living_claim(&self, uid: u32, entry: &str) -> rustix::io::Result<Option<Life>> {
        let file = file(entry, uid);
        match life::look(self.dir.as_fd(), &file)? {
            Found::Living { uid: owner, since } if owner == uid => Ok(Some(Life { file, since })),
            Found::Living { uid: owner, since } | Found::Dead { uid: owner, since } if owner != uid => {
                self.other_claim(uid, &file, since)
            }
            _ => Ok(None),
        }
    }

    /// The oldest living claim of user `uid` beside `file`, which another user has put there at `before`.
    fn other_claim(&self, uid: u32, file: &str, before: Since) -> rustix::io::Result<Option<Life>> {
        let mut oldest: Option<Life> = None;
        for found in Dir::read_from(&self.dir)? {
            let found = found?;
            let Ok(other) = found.file_name().to_str() else { continue };
            if other.strip_prefix(file).is_none_or(|rest| !rest.starts_with('.')) {
                continue;
            }
            if let Found::Living { uid: owner, since } = life::look(self.dir.as_fd(), other)?
                && owner == uid
                && since > before
                && oldest.as_ref().is_none_or(|first| since < first.since)
            {
                oldest = Some(Life { file: other.to_owned(), since });
            }
        }
        Ok(oldest)
    }

    fn begin_claim(&self, name: &SlotName) -> rustix::io::Result<Option<Claim>> {
        let uid = process::uid();
        let plain = file(&entry(name), uid);
        self.remove_dead_life(&plain);
        let begun = match life::begin(self.dir.as_fd(), &plain) {
            Err(Errno::ADDRINUSE) => {
                let number = u128::from_ne_bytes(process::random().map_err(|_| Errno::IO)?) as u64;
                let file = format!("{plain}.{number:016x}");
                life::begin(self.dir.as_fd(), &file).map(|life| (life, file))
            }
            begun => begun.map(|life| (life, plain)),
        };
        let (life, file) = begun?;
        // Another process of this user may have taken it away at this moment, for what was there before.
        Ok(match life::look(self.dir.as_fd(), &file)? {
            Found::Living { uid: owner, since } if owner == uid => {
                Some(Claim { life: Some(life), of: Life { file, since } })
            }
            _ => None,
        })
    }

    /// Waits until whatever else is claimed bears a later time than `since`: a tick of the file system's clock at most.
    fn outlast(&self, since: Since) -> Result<()> {
        let failed = |error| Error::io(format!("look at the clock of {}", self.path), error);
        let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
        let now = Timestamps { last_access: now, last_modification: now };
        // A directory whose time does not matter. A file whose time was looked at gets a finer one with its next change, where
        // the kernel has that; so the second turn is the last. Elsewhere the clock ticks after ten milliseconds at most; one
        // that is set back is not waited for.
        let clock = self.own_user()?.new_slots();
        for turn in 0..40 {
            rustix::fs::utimensat(&self.dir, &clock, &now, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            let stat = rustix::fs::statat(&self.dir, &clock, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            if Since::of(&stat) > since {
                break;
            }
            if turn > 1 {
                std::thread::sleep(Duration::from_micros(500));
            }
        }
        Ok(())
    }

    /// Removes the file of a life of this process, while it goes on: nobody else touches it then.
    pub(crate) fn remove_life(&self, file: &str) {
        let _ = rustix::fs::unlinkat(&self.dir, file, AtFlags::empty());
    }

    /// Removes the file of a life that has ended, if this user may.
    pub(super) fn remove_dead_life(&self, file: &str) {
        let may = |uid| uid == process::uid() || process::uid() == 0;
        if !matches!(life::look(self.dir.as_fd(), file), Ok(Found::Dead { uid, .. }) if may(uid)) {
            return;
        }
        // Another process may do the same, and begin a life there, at this moment: so what is taken away is looked at again.
        let Ok(number) = process::random() else { return };
        let aside = format!("mailslot-ended.{:032x}", u128::from_ne_bytes(number));
        if rustix::fs::renameat(&self.dir, file, &self.dir, &aside).is_err() {
            return;
        }
        match life::look(self.dir.as_fd(), &aside) {
            Ok(Found::Living { .. }) => {
                let _ = rustix::fs::renameat_with(&self.dir, &aside, &self.dir, file, RenameFlags::NOREPLACE);
            }
            _ => {
                let _ = rustix::fs::unlinkat(&self.dir, &aside, AtFlags::empty());
            }
        }
    }
}

/// The file of the life of the slot with this entry that user `uid` owns.
fn file(entry: &str, uid: u32) -> String {
    format!("{PREFIX}{}@{uid}", key(entry))
}
