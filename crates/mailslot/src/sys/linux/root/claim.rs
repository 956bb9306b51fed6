//! Who claims a name, and since when.
//!
//! A claim is the file of a life (see [`life`]), directly in the root, under a name that says which slot's and which user's it
//! is. So whoever claims a name does it for all to see, from the moment that the kernel has noted, and for as long as it
//! lives: nothing can be prepared in a hidden place, and no claim made to look older. It counts from when the user's directory was
//! there as well, since that is where others learn of the user.
//!
//! A user whose file somebody else has put in the way takes another name for it, with a number that nobody can guess, and says in his
//! directory that he does so: only then others read the whole root for such claims, which count from when that was said.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RawDir, Timespec, Timestamps};
use rustix::io::Errno;

use super::super::life::{self, Found, Since};
use super::super::{clock, process};
use super::Root;
use super::entry::{entry, key};
use super::users::User;
use crate::error::{Error, Result};
use crate::name::SlotName;

const PREFIX: &str = "mailslot-life.";
/// The file in a user's directory of new slots that is locked.
const LOCK: &str = ".lock";
/// Half milliseconds to wait for it; whoever takes longer was stopped.
const LOCK_ATTEMPTS: u32 = 2000;
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
        let exists = || Error::AlreadyExists(name.clone());
        for attempt in 1..=ATTEMPTS {
            // First: it is older than any claim of its user then.
            let user = self.own_user()?;
            let claim = match self.begin_claim(name, &user) {
                Ok(Some(claim)) => claim,
                Ok(None) => continue,
                Err(Errno::EXIST) => return Err(exists()),
                Err(error) => return Err(failed(error)),
            };
            let text = claim.of.to_text();
            let since = self.claimed_since(&text, &entry(name), &self.own_user()?).map_err(failed)?;
            let Some(since) = since else { continue };
            self.outlast(since)?;
            match self.oldest_rival(name, &Life { file: claim.of.file.clone(), since })? {
                None => return Ok(claim),
                Some(rival) if rival < since => return Err(exists()),
                // Another user has claimed the name at the same moment. Both step back and try again.
                Some(_) => drop(claim),
            }
            std::thread::sleep(Duration::from_micros(clock::ticks() % 997 * u64::from(attempt)));
        }
        Err(exists())
    }

    /// Since when the oldest other claim to a name has lived, by a user whose slots of it count for this process; `None` if there
    /// is none that is as old as `own`.
    fn oldest_rival(&self, name: &SlotName, own: &Life) -> Result<Option<Since>> {
        let failed = |error| self.error("look for", name, error);
        let rule = self.rule(name)?;
        let entry = entry(name);
        let mut oldest: Option<Since> = None;
        let mut take = |life: Life| {
            if life.file != own.file && life.since <= own.since {
                oldest = Some(oldest.map_or(life.since, |oldest| oldest.min(life.since)));
            }
        };
        let mut with_others = Vec::new();
        for user in self.users()?.iter().filter(|user| rule.rank(user.uid).is_some()) {
            if let Some(mut life) = self.living_life(&file(&entry, user.uid), user.uid).map_err(failed)? {
                life.since = life.since.max(user.since);
                take(life);
            }
            if let Some(since) = self.others_since(user).map_err(failed)? {
                with_others.push((user.uid, since));
            }
        }
        if !with_others.is_empty() {
            self.read_other_claims(&entry, &with_others, &mut take).map_err(failed)?;
        }
        Ok(oldest)
    }

    /// Hands the living claims to the name with this entry to `take`, of users that have said, since when, that there may be
    /// such under other names than usual.
    fn read_other_claims(
        &self,
        entry: &str,
        users: &[(u32, Since)],
        mut take: impl FnMut(Life),
    ) -> rustix::io::Result<()> {
        let begin = format!("{PREFIX}{}@", key(entry));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(&self.dir, ".", flags, Mode::empty())?;
        let mut buffer = Vec::with_capacity(32 << 10);
        let mut entries = RawDir::new(root, buffer.spare_capacity_mut());
        while let Some(found) = entries.next() {
            let found = found?;
            let Ok(file) = found.file_name().to_str() else { continue };
            let Some(uid) = file.strip_prefix(&begin).and_then(owner) else { continue };
            for (_, since) in users.iter().filter(|(user, _)| *user == uid) {
                if let Some(mut life) = self.living_life(file, uid)? {
                    life.since = life.since.max(*since);
                    take(life);
                }
            }
        }
        Ok(())
    }

    /// The life of user `uid` whose file this is, if it goes on.
    fn living_life(&self, file: &str, uid: u32) -> rustix::io::Result<Option<Life>> {
        Ok(match life::look(self.dir.as_fd(), file)? {
            Found::Living { uid: owner, since } if owner == uid => Some(Life { file: file.to_owned(), since }),
            _ => None,
        })
    }

    /// Since when the life that `text`, of a slot of this entry and user, says has gone on, as a claim; `None` if it does not.
    pub(super) fn claimed_since(&self, text: &str, entry: &str, user: &User) -> rustix::io::Result<Option<Since>> {
        let usual = file(entry, user.uid);
        let Some(claimed) = Life::file_in(text) else { return Ok(None) };
        let visible = match claimed.strip_prefix(&usual) {
            Some("") => Some(user.since),
            Some(number) if number.starts_with('.') => self.others_since(user)?,
            _ => None,
        };
        let Some(visible) = visible else { return Ok(None) };
        let life = self.living_life(claimed, user.uid)?.filter(|life| life.to_text() == text);
        Ok(life.map(|life| life.since.max(visible)))
    }

    /// Makes a claim, `Ok(None)` if that has to be tried again. Fails with `EXIST` if another process of this user has the name.
    fn begin_claim(&self, name: &SlotName, user: &User) -> rustix::io::Result<Option<Claim>> {
        let uid = user.uid;
        let plain = file(&entry(name), uid);
        let lock = self.lock_lives(user);
        if let Some(lock) = &lock {
            self.remove_dead_life_locked(lock, &plain);
        }
        let begun = match life::begin(self.dir.as_fd(), &plain) {
            Err(Errno::ADDRINUSE) => {
                if self.living_life(&plain, uid)?.is_some() {
                    return Err(Errno::EXIST);
                }
                self.say_others(user)?;
                let number = u128::from_ne_bytes(process::random().map_err(|_| Errno::IO)?) as u64;
                let file = format!("{plain}.{number:016x}");
                life::begin(self.dir.as_fd(), &file).map(|life| (life, file))
            }
            begun => begun.map(|life| (life, plain)),
        };
        drop(lock);
        let (life, file) = begun?;
        let of = self.living_life(&file, uid)?;
        Ok(of.map(|of| Claim { life: Some(life), of }))
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

    /// Removes the file of a life of this user's that has ended, if it may.
    pub(super) fn remove_dead_life(&self, user: &User, file: &str) {
        if let Some(lock) = self.lock_lives(user) {
            self.remove_dead_life_locked(&lock, file);
        }
    }

    fn remove_dead_life_locked(&self, _lock: &LivesLock, file: &str) {
        let may = |uid| uid == process::uid() || process::uid() == 0;
        if matches!(life::look(self.dir.as_fd(), file), Ok(Found::Dead { uid }) if may(uid)) {
            let _ = rustix::fs::unlinkat(&self.dir, file, AtFlags::empty());
        }
    }

    /// Keeps other processes from beginning lives of this user, and from removing files of those that have ended: what was seen to
    /// be dead would else have been replaced when it is removed. `None` if it cannot be had.
    fn lock_lives(&self, user: &User) -> Option<LivesLock> {
        let path = format!("{}/{LOCK}", user.new_slots());
        let own = user.uid == process::uid();
        let open = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match own {
            true => rustix::fs::openat(&self.dir, &path, open | OFlags::CREATE, Mode::RUSR | Mode::WUSR),
            // The superuser makes nothing in another user's directory, and does not wait for him.
            false => self.open_below(&path, open),
        };
        let file = file.ok()?;
        for _ in 0..if own { LOCK_ATTEMPTS } else { 1 } {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Some(LivesLock(file)),
                Err(Errno::AGAIN | Errno::INTR) => std::thread::sleep(Duration::from_micros(500)),
                Err(_) => return None,
            }
        }
        None
    }
}

/// Held for a moment; nobody but its user, and the superuser, can open the file.
struct LivesLock(OwnedFd);

impl Drop for LivesLock {
    fn drop(&mut self) {
        // A child that another thread has just made has a copy.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

/// The file of the life of the slot with this entry that user `uid` owns.
fn file(entry: &str, uid: u32) -> String {
    format!("{PREFIX}{}@{uid}", key(entry))
}

/// The user in what follows the `@` of such a file, before a number if there is one.
fn owner(rest: &str) -> Option<u32> {
    rest.split('.').next()?.parse().ok()
}
