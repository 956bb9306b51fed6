//! Who claims a name, and since when.
//!
//! A claim is the file of a life (see [`life`]), directly in the root, under a name that says which slot's and which user's it
//! is. So whoever claims a name does it for all to see, from the moment that the kernel has noted, and for as long as it
//! lives: nothing can be prepared in a hidden place, and no claim made to look older. One of which others cannot see whether it
//! lives counts for them as one that does, until the superuser comes, who can. It counts from when the user's directory was
//! there as well, since that is where others learn of the user.
//!
//! A user whose file somebody else has put in the way takes another name for it, with a number that nobody can guess. The sockets of
//! such lives are in a directory of their own, which tells others of them. They read the whole root for claims only if somebody's
//! directory is not to be seen: whatever it hides may come to light without being younger then.
//!
//! A slot that [each](crate::Sharing::Each) of several processes may create has a claim for each of them, all of that form: none of
//! them is special, so the name is its user's as long as one lives. For who decides whether he comes first, the oldest of them
//! counts. What ends with it is the time that counts: of another user's claim that was kept in wait since, and which is the older one
//! then, others believe that it was first, as they would after the end of a slot that had no members.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RawDir, Timespec, Timestamps};
use rustix::io::Errno;

use super::super::life::{self, Found, Since};
use super::super::{clock, process};
use super::Root;
use super::entry::{entry, key};
use super::rule::Rule;
use super::users::{NUMBER, User};
use crate::error::{Error, Result};
use crate::options::Sharing;
use mailslot_names::SlotName;

const PREFIX: &str = "mailslot-life.";
/// In the place of an entry, what all taps of a user claim: no slot's name.
pub(super) const TAPS: &str = "=tap";
/// What the number of a claim begins with that lets its user have others beside it.
const EACH: &str = "each-";
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
    user: User,
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

/// A claim beside one's own.
struct Other {
    file: String,
    uid: u32,
    since: Since,
}

impl Other {
    /// Whether its user may have others beside it. Nobody else believes what the name of a file says of that.
    fn is_for_each(&self) -> bool {
        self.file.rsplit_once(NUMBER).is_some_and(|(_, number)| number.starts_with(EACH))
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
            root.remove_life(&self.of.file, &self.user);
        }
    }
}

impl Root {
    /// Claims a name for this process's user. When this returns, nobody else can have an older claim that lives: than this one, or
    /// than the oldest of those that this user has for each of several members.
    pub(crate) fn claim(&self, name: &SlotName, sharing: Sharing) -> Result<Claim> {
        let failed = |error| self.error("claim", name, error);
        let exists = || Error::AlreadyExists(name.clone());
        for attempt in 1..=ATTEMPTS {
            // First: it is older than any claim of its user then.
            let user = self.own_user()?;
            let claim = match self.begin_claim(name, &user, sharing) {
                Ok(Some(claim)) => claim,
                Ok(None) => continue,
                Err(Errno::EXIST) => return Err(exists()),
                Err(error) => return Err(failed(error)),
            };
            let text = claim.of.to_text();
            let since = self.claimed_since(&text, &entry(name), &self.own_user()?).map_err(failed)?;
            let Some(since) = since else { continue };
            self.outlast(since)?;
            let others = self.claims_beside(name, &claim.of.file)?;
            let (members, rivals): (Vec<_>, Vec<_>) = others
                .into_iter()
                .partition(|other| sharing == Sharing::Each && other.uid == user.uid && other.is_for_each());
            let ours = members.iter().map(|member| member.since).fold(since, Since::min);
            let Some(rival) = rivals.into_iter().min_by_key(|rival| rival.since).filter(|rival| rival.since <= ours)
            else {
                return Ok(claim);
            };
            if rival.since < ours {
                let of_another = sharing == Sharing::Each && rival.is_for_each() && rival.uid != user.uid;
                return Err(if of_another { Error::NotOwner(name.clone()) } else { exists() });
            }
            // Another user has claimed the name at the same moment. Both step back and try again.
            drop(claim);
            std::thread::sleep(Duration::from_micros(clock::ticks() % 997 * u64::from(attempt)));
        }
        Err(exists())
    }

    /// Begins the life of a tap, which claims no slot's name.
    pub(crate) fn claim_tap(&self, name: &SlotName) -> Result<Claim> {
        let failed = |error| self.error("tap", name, error);
        let user = self.own_user()?;
        let begin = format!("{}{NUMBER}", file(TAPS, &user));
        let (life, file) = self.begin_numbered(&begin, &user).map_err(failed)?;
        let of = self.living_life(&file, &user).map_err(failed)?.ok_or_else(|| failed(Errno::NOENT))?;
        Ok(Claim { life: Some(life), of, user })
    }

    /// The other claims to a name that may live, by users whose slots of it count for this process.
    fn claims_beside(&self, name: &SlotName, own: &str) -> Result<Vec<Other>> {
        let failed = |error| self.error("look for", name, error);
        let rule = self.rule(name)?;
        let entry = entry(name);
        let mut found: Vec<Other> = Vec::new();
        let mut take = |other: Other| {
            if other.file != own {
                found.push(other);
            }
        };
        let (users, mut unseen) = self.users_and_more()?;
        for user in users.iter().filter(|user| rule.rank(user.uid).is_some()) {
            let file = file(&entry, user);
            let numbered = self.numbered_lives(user, &file).map_err(failed)?;
            unseen |= numbered.is_none();
            for file in numbered.into_iter().flatten().chain([file]) {
                if let Some(since) = self.may_live(&file, &user.home(&file), user.uid).map_err(failed)? {
                    take(Other { file, uid: user.uid, since: since.max(user.since) });
                }
            }
        }
        if unseen {
            self.read_all_claims(&entry, &rule, &mut take).map_err(failed)?;
        }
        Ok(found)
    }

    /// Hands all claims to the name with this entry that may live to `take`, whatever of their users' directories is to be seen.
    fn read_all_claims(&self, entry: &str, rule: &Rule, mut take: impl FnMut(Other)) -> rustix::io::Result<()> {
        let begin = format!("{PREFIX}{}@", key(entry));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(&self.dir, ".", flags, Mode::empty())?;
        let mut buffer = Vec::with_capacity(32 << 10);
        let mut entries = RawDir::new(root, buffer.spare_capacity_mut());
        while let Some(found) = entries.next() {
            let found = found?;
            let Ok(file) = found.file_name().to_str() else { continue };
            let Some(suffix) = file.strip_prefix(&begin).map(suffix) else { continue };
            let Some(uid) = User::uid_in(suffix).filter(|uid| rule.rank(*uid).is_some()) else { continue };
            if let Some(since) = self.may_live(file, &User::home_in(suffix, file), uid)? {
                take(Other { file: file.to_owned(), uid, since });
            }
        }
        Ok(())
    }

    fn look(&self, file: &str, home: &str) -> rustix::io::Result<Found> {
        life::look(self.dir.as_fd(), file, || self.open_below(home, OFlags::PATH | OFlags::DIRECTORY))
    }

    /// The life of this user whose file this is, if it goes on.
    fn living_life(&self, file: &str, user: &User) -> rustix::io::Result<Option<Life>> {
        Ok(match self.look(file, &user.home(file))? {
            Found::Living { uid, since } if uid == user.uid => Some(Life { file: file.to_owned(), since }),
            _ => None,
        })
    }

    /// Since when a life of user `user` may have gone on, unless it is certain that it does not.
    fn may_live(&self, file: &str, home: &str, user: u32) -> rustix::io::Result<Option<Since>> {
        Ok(match self.look(file, home)? {
            Found::Living { uid, since } | Found::Unseen { uid, since } if uid == user => Some(since),
            _ => None,
        })
    }

    /// Since when the life that `text`, of a slot of this entry and user, says has gone on, as a claim; `None` if it does not.
    pub(super) fn claimed_since(&self, text: &str, entry: &str, user: &User) -> rustix::io::Result<Option<Since>> {
        let usual = file(entry, user);
        let Some(claimed) = Life::file_in(text) else { return Ok(None) };
        let number = claimed.strip_prefix(&usual);
        if !number.is_some_and(|number| number.is_empty() || number.starts_with(NUMBER)) {
            return Ok(None);
        }
        let life = self.living_life(claimed, user)?.filter(|life| life.to_text() == text);
        Ok(life.map(|life| life.since.max(user.since)))
    }

    /// Makes a claim, `Ok(None)` if that has to be tried again. Fails with `EXIST` if another process of this user has the name.
    fn begin_claim(&self, name: &SlotName, user: &User, sharing: Sharing) -> rustix::io::Result<Option<Claim>> {
        let plain = file(&entry(name), user);
        let lock = self.lock_lives(user);
        if let Some(lock) = &lock {
            self.remove_dead_life_locked(lock, &plain, user);
        }
        let exists = || self.living_life(&plain, user).map(|life| life.is_some());
        let begun = match sharing {
            Sharing::Each if exists()? => return Err(Errno::EXIST),
            Sharing::Each => self.begin_numbered(&format!("{plain}{NUMBER}{EACH}"), user),
            Sharing::One => match life::begin(self.dir.as_fd(), &plain, &user.home(&plain)) {
                Err(Errno::ADDRINUSE) if exists()? => return Err(Errno::EXIST),
                Err(Errno::ADDRINUSE) => self.begin_numbered(&format!("{plain}{NUMBER}"), user),
                begun => begun.map(|life| (life, plain)),
            },
        };
        drop(lock);
        let (life, file) = match begun {
            // Without the lock: another process of this user has taken the directory away, for what was there before.
            Err(Errno::NOENT) => return Ok(None),
            begun => begun?,
        };
        let of = self.living_life(&file, user)?;
        Ok(of.map(|of| Claim { life: Some(life), of, user: user.clone() }))
    }

    /// Begins a life under a name that begins so and that nobody can have taken.
    fn begin_numbered(&self, begin: &str, user: &User) -> rustix::io::Result<(OwnedFd, String)> {
        let number = u128::from_ne_bytes(process::random().map_err(|_| Errno::IO)?) as u64;
        let file = format!("{begin}{number:016x}");
        life::begin(self.dir.as_fd(), &file, &user.home(&file)).map(|life| (life, file))
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

    /// Removes the files of a life of this process, while it goes on: nobody else touches them then. Opens nothing.
    pub(super) fn remove_life(&self, file: &str, user: &User) {
        let _ = rustix::fs::unlinkat(&self.dir, file, AtFlags::empty());
        life::remove_home(self.dir.as_fd(), &user.home(file));
    }

    /// Removes the files of a life of this user's that has ended, if this process may.
    pub(super) fn remove_dead_life(&self, file: &str, user: &User) {
        if let Some(lock) = self.lock_lives(user) {
            self.remove_dead_life_locked(&lock, file, user);
        }
    }

    fn remove_dead_life_locked(&self, _lock: &LivesLock, file: &str, user: &User) {
        let may = |uid| uid == process::uid() || process::uid() == 0;
        match self.look(file, &user.home(file)) {
            Ok(Found::Dead { uid }) if may(uid) => {
                let _ = rustix::fs::unlinkat(&self.dir, file, AtFlags::empty());
            }
            // A beginning that was not finished, unless it goes on.
            Ok(Found::Nothing | Found::Dead { .. }) if may(user.uid) => {}
            _ => return,
        }
        self.remove_dead_home(file, user);
    }

    fn remove_dead_home(&self, file: &str, user: &User) {
        let open = |path: &str| self.open_below(path, OFlags::PATH | OFlags::DIRECTORY);
        let Ok(home) = open(&user.home(file)) else { return };
        if !matches!(life::ask(&home), Err(Errno::CONNREFUSED | Errno::NOENT)) {
            return;
        }
        life::clear(&home);
        // The process may have few others.
        drop(home);
        if let Ok(homes) = open(&user.homes(file)) {
            let _ = rustix::fs::unlinkat(homes, file, AtFlags::REMOVEDIR);
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

/// The file of the life of the slot with this entry in this directory of a user, whose name it tells.
fn file(entry: &str, user: &User) -> String {
    format!("{PREFIX}{}@{}", key(entry), user.suffix())
}

/// What tells a user's directory in what follows the `@` of such a file, before a number if there is one.
fn suffix(rest: &str) -> &str {
    rest.split_once(NUMBER).map_or(rest, |(suffix, _)| suffix)
}
