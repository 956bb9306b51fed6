//! Claims: which user has a name, and since when.
//!
//! A claim is the file of a life (see [`life`]), directly in the root, whose name contains its slot and its user. So a
//! claim is visible to all, from the moment that the kernel has recorded, and as long as it lives: nothing can be
//! prepared in a hidden place, and no claim can be made to look older. A claim that has ended could live again only
//! through a descriptor that its user has kept; whoever makes a slot [prevents](Ending) that of the older ones, as long
//! as the slot lives. A claim counts only from the moment when the user's directory exists as well, since others learn
//! of the user from that directory.
//!
//! If another user has put a file in the way of a claim, the claim gets another name, with a number that nobody can
//! guess. Such lives have a directory in a separate one, where others find them. Others read the whole root for claims
//! only if a user's directory is hidden: whatever it hides may appear later without becoming younger.
//!
//! A slot that [each](crate::Sharing::Each) of several processes may create has a claim for each of them, all of the
//! numbered form: none of them is special, so the name is its user's as long as one of them lives. The oldest of them
//! decides whether the slot came first. Its time ends with it: a waiting claim of another user that is the oldest then
//! counts as the first, as it would after the end of a slot without members.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RawDir, Timespec, Timestamps};
use rustix::io::Errno;

use super::super::life::{self, Begun, Ending, Found, Since};
use super::super::{clock, process};
use super::Root;
use super::entry::{entry, key};
use super::rule::Rule;
use super::users::{NUMBER, User, has_number, unique};
use crate::error::{Error, Result};
use crate::options::Sharing;
use mailslot_names::SlotName;

const PREFIX: &str = "mailslot-life.";
/// The entry that all taps of a user claim; not the name of a slot.
pub(super) const TAPS: &str = "=tap";
/// The prefix of the number of a claim whose user may have other claims to the same name.
const EACH: &str = "each-";
/// The lock file in a user's directory of new slots.
const LOCK: &str = ".lock";
/// Half milliseconds to wait for the lock; a process that holds it for longer was stopped.
const LOCK_ATTEMPTS: u32 = 2000;
/// How often two users who claim one name at the same moment step back for each other.
const ATTEMPTS: u32 = 20;

/// A claim of this process, which ends with it unless it is [kept](Claim::keep).
pub(crate) struct Claim {
    begun: Option<Begun>,
    of: Life,
    user: User,
    endings: Vec<Ending>,
}

/// A claim that lasts as long as this.
pub(crate) struct Kept {
    pub(crate) begun: Begun,
    /// Older claims of other users, which must not live again meanwhile.
    pub(crate) endings: Vec<Ending>,
}

/// The identity of a life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// The name of its file, which another life may get later.
    pub(super) file: String,
    pub(super) since: Since,
}

impl Life {
    /// The text in a slot's directory.
    pub(super) fn to_text(&self) -> String {
        format!("{}#{}", self.file, self.since)
    }

    /// The name of the file in such a text.
    pub(super) fn file_in(text: &str) -> Option<&str> {
        text.rsplit_once('#').map(|(file, _)| file)
    }
}

/// A claim other than this process's.
pub(super) struct Other {
    file: String,
    uid: u32,
    since: Since,
}

impl Other {
    /// Whether its user may have other claims. Only the user itself relies on what the name of the file says about
    /// that.
    fn is_for_each(&self) -> bool {
        self.file.rsplit_once(NUMBER).is_some_and(|(_, number)| number.starts_with(EACH))
    }
}

impl Claim {
    pub(super) fn of(&self) -> &Life {
        &self.of
    }

    /// Gives the socket of the life, which is to be the slot's door, its name in the slot's directory.
    pub(crate) fn link_door(&self, dir: BorrowedFd<'_>, name: &str) -> rustix::io::Result<BorrowedFd<'_>> {
        let (Ok(root), Some(begun)) = (Root::get(), &self.begun) else { return Err(Errno::BADF) };
        life::link_socket(root.dir.as_fd(), &self.user.home(&self.of.file), dir, name)?;
        Ok(begun.door.as_fd())
    }

    /// Returns the life, whose end, and the removal of its file, are now up to the caller.
    pub(crate) fn keep(mut self) -> Option<Kept> {
        let endings = std::mem::take(&mut self.endings);
        self.begun.take().map(|begun| Kept { begun, endings })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.begun.is_some()
            && let Ok(root) = Root::get()
        {
            root.remove_life(&self.of.file, &self.user);
        }
    }
}

impl Root {
    /// Claims a name for this process's user. When this returns, no living claim of another user can be older than this
    /// one, or than the oldest of the claims that this user has for several members.
    pub(crate) fn claim(&self, name: &SlotName, sharing: Sharing) -> Result<Claim> {
        let failed = |error| self.error("claim", name, error);
        let exists = || Error::AlreadyExists(name.clone());
        for attempt in 1..=ATTEMPTS {
            // Made first, so that it is older than any claim of its user.
            let user = self.own_user()?;
            let mut claim = match self.begin_claim(name, &user, sharing) {
                Ok(Some(claim)) => claim,
                Ok(None) => continue,
                Err(Errno::EXIST) => return Err(exists()),
                Err(error) => return Err(failed(error)),
            };
            let text = claim.of.to_text();
            let since = self.claimed_since(&text, &entry(name), &self.own_user()?).map_err(failed)?;
            let Some(since) = since else { continue };
            self.outlast(since)?;
            let (others, endings) = self.claims_beside(name, &claim.of.file, since)?;
            claim.endings = endings;
            let (members, rivals): (Vec<_>, Vec<_>) = others
                .into_iter()
                .partition(|other| sharing == Sharing::Each && other.uid == user.uid && other.is_for_each());
            let ours = members.iter().map(|member| member.since).fold(since, Since::min);
            let comes_first = |rival: &Other| rival.since <= ours || rival.since.is_of_earlier_build();
            let Some(rival) = rivals.into_iter().filter(comes_first).min_by_key(|rival| rival.since) else {
                return Ok(claim);
            };
            if rival.since != ours {
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
        let (begun, file) = self.begin_numbered(&begin, &user).map_err(failed)?;
        let of = self.living_life(&file, &user).map_err(failed)?.ok_or_else(|| failed(Errno::NOENT))?;
        Ok(Claim { begun: Some(begun), of, user, endings: Vec::new() })
    }

    /// The other claims to a name that may live, by users whose slots of it count for this process, and what keeps
    /// those of other users that have ended, and are older than `since`, from living again.
    pub(super) fn claims_beside(&self, name: &SlotName, own: &str, since: Since) -> Result<(Vec<Other>, Vec<Ending>)> {
        let failed = |error| self.error("find", name, error);
        let rule = self.rule(name)?;
        let entry = entry(name);
        let (mut living, mut endings) = (Vec::new(), Vec::new());
        let mut take = |file: &str, home: &str, uid: u32, visible: Option<Since>| -> rustix::io::Result<()> {
            let count = |since: Since| visible.map_or(since, |visible| since.but_not_before(visible));
            let lives = match self.look(file, home)? {
                _ if file == own => None,
                Found::Living { uid: user, since } | Found::Unseen { uid: user, since } if user == uid => Some(since),
                Found::Covered => Some(Since::EARLIEST),
                Found::Ended { uid: user, since: ended, file }
                    if user == uid && uid != process::uid() && count(ended) <= since =>
                {
                    let ending = Ending::new(file)?;
                    let lives = ending.is_none().then_some(ended);
                    endings.extend(ending);
                    lives
                }
                _ => None,
            };
            living.extend(lives.map(|since| Other { file: file.to_owned(), uid, since: count(since) }));
            Ok(())
        };
        let (users, mut unseen) = self.users_and_more()?;
        for user in users.iter().filter(|user| rule.rank(user.uid).is_some()) {
            let file = file(&entry, user);
            let numbered = self.numbered_lives(user, &file).map_err(failed)?;
            unseen |= numbered.is_none();
            for file in numbered.into_iter().flatten().chain([file]) {
                take(&file, &user.home(&file), user.uid, Some(user.since)).map_err(failed)?;
            }
        }
        if unseen {
            self.read_all_claims(&entry, &rule, &mut take).map_err(failed)?;
        }
        Ok((living, endings))
    }

    /// Passes all claims to the name with this entry to `take`, even if their users' directories are hidden.
    fn read_all_claims(
        &self,
        entry: &str,
        rule: &Rule,
        mut take: impl FnMut(&str, &str, u32, Option<Since>) -> rustix::io::Result<()>,
    ) -> rustix::io::Result<()> {
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
            take(file, &User::home_in(suffix, file), uid, None)?;
        }
        Ok(())
    }

    fn look(&self, file: &str, home: &str) -> rustix::io::Result<Found> {
        life::look(self.dir.as_fd(), &|path, flags| self.open_below(path, flags), file, home, has_number(file))
    }

    /// The life of this user with this file, if it lives.
    fn living_life(&self, file: &str, user: &User) -> rustix::io::Result<Option<Life>> {
        Ok(match self.look(file, &user.home(file))? {
            Found::Living { uid, since } if uid == user.uid => Some(Life { file: file.to_owned(), since }),
            _ => None,
        })
    }

    /// The time since when the life in `text`, of a slot of this entry and user, has lived, as a claim; `None` if it is
    /// dead.
    pub(super) fn claimed_since(&self, text: &str, entry: &str, user: &User) -> rustix::io::Result<Option<Since>> {
        let usual = file(entry, user);
        let Some(claimed) = Life::file_in(text) else { return Ok(None) };
        let number = claimed.strip_prefix(&usual);
        if !number.is_some_and(|number| number.is_empty() || number.starts_with(NUMBER)) {
            return Ok(None);
        }
        let life = self.living_life(claimed, user)?.filter(|life| life.to_text() == text);
        Ok(life.map(|life| life.since.but_not_before(user.since)))
    }

    /// Makes a claim; `Ok(None)` if the caller must try again. Fails with `EXIST` if another process of this user has
    /// the name.
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
            Sharing::One => match self.begin_life(&plain, user) {
                Err(Errno::ADDRINUSE) if exists()? => return Err(Errno::EXIST),
                Err(Errno::ADDRINUSE) => self.begin_numbered(&format!("{plain}{NUMBER}"), user),
                begun => begun.map(|begun| (begun, plain)),
            },
        };
        drop(lock);
        let (begun, file) = match begun {
            // Without the lock, another process of this user has removed the directory as a dead one.
            Err(Errno::NOENT) => return Ok(None),
            begun => begun?,
        };
        let Some(of) = self.living_life(&file, user)? else {
            // No other life can have a numbered file.
            if has_number(&file) {
                self.remove_life(&file, user);
            }
            return Ok(None);
        };
        Ok(Some(Claim { begun: Some(begun), of, user: user.clone(), endings: Vec::new() }))
    }

    /// Begins a life under a name that begins with `begin` and that nobody can have taken.
    fn begin_numbered(&self, begin: &str, user: &User) -> rustix::io::Result<(Begun, String)> {
        let number = u128::from_ne_bytes(process::random().map_err(|_| Errno::IO)?) as u64;
        let file = format!("{begin}{number:016x}");
        self.begin_life(&file, user).map(|begun| (begun, file))
    }

    fn begin_life(&self, file: &str, user: &User) -> rustix::io::Result<Begun> {
        let made = format!("{}/{}", user.new_slots(), unique());
        life::begin(self.dir.as_fd(), &made, file, &user.home(file))
    }

    /// Waits until any other claim would get a later time than `since`: at most a tick of the file system's clock.
    fn outlast(&self, since: Since) -> Result<()> {
        let failed = |error| Error::io(format!("read the clock of {}", self.path), error);
        let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
        let now = Timestamps { last_access: now, last_modification: now };
        // The time of this directory does not matter. Where the kernel supports it, a file whose time was read gets a
        // finer one with its next change, so the second turn is the last. Elsewhere the clock ticks after at most ten
        // milliseconds; this does not wait for a clock that is set back.
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

    /// Removes the files of a life of this process while it lives: then no other process touches them. Opens nothing.
    pub(super) fn remove_life(&self, file: &str, user: &User) {
        life::remove(self.dir.as_fd(), file, &user.home(file));
    }

    /// Removes the files of a life of this user that has ended, if this process may.
    pub(super) fn remove_dead_life(&self, file: &str, user: &User) {
        if let Some(lock) = self.lock_lives(user) {
            self.remove_dead_life_locked(&lock, file, user);
        }
    }

    fn remove_dead_life_locked(&self, _lock: &LivesLock, file: &str, user: &User) {
        let may = |uid| uid == process::uid() || process::uid() == 0;
        let ended = match self.look(file, &user.home(file)) {
            Ok(Found::Ended { uid, .. }) if may(uid) => true,
            Ok(Found::Dead { uid }) if may(uid) => false,
            // An unfinished beginning, unless its socket lives.
            Ok(Found::Nothing | Found::Dead { .. }) if may(user.uid) => {
                self.remove_dead_home(file, user, false);
                return;
            }
            _ => return,
        };
        let _ = rustix::fs::unlinkat(&self.dir, file, AtFlags::empty());
        self.remove_dead_home(file, user, ended);
    }

    /// Removes the directory of a life, if that has `ended` or its socket has.
    fn remove_dead_home(&self, file: &str, user: &User, ended: bool) {
        let open = |path: &str| self.open_below(path, OFlags::PATH | OFlags::DIRECTORY);
        let Ok(home) = open(&user.home(file)) else { return };
        if !ended && !matches!(life::is_socket_living(&home), Ok(false) | Err(Errno::NOENT)) {
            return;
        }
        life::clear(&home);
        // The process may have few other descriptors.
        drop(home);
        if let Ok(homes) = open(&user.homes(file)) {
            let _ = rustix::fs::unlinkat(homes, file, AtFlags::REMOVEDIR);
        }
    }

    /// Keeps other processes from beginning lives of this user, and from removing files of those that have ended:
    /// otherwise a file that was seen to be dead could be replaced before it is removed. `None` if the lock is not
    /// available.
    fn lock_lives(&self, user: &User) -> Option<LivesLock> {
        let path = format!("{}/{LOCK}", user.new_slots());
        let own = user.uid == process::uid();
        let open = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match own {
            true => rustix::fs::openat(&self.dir, &path, open | OFlags::CREATE, Mode::RUSR | Mode::WUSR),
            // The superuser makes nothing in another user's directory, and does not wait for that user.
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

/// The lock, held for a moment; only its user and the superuser can open the file.
struct LivesLock(OwnedFd);

impl Drop for LivesLock {
    fn drop(&mut self) {
        // A child that another thread has just made has a copy of the descriptor.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

/// The name of the life's file for a slot with this entry in this user's directory.
fn file(entry: &str, user: &User) -> String {
    format!("{PREFIX}{}@{}", key(entry), user.suffix())
}

/// The suffix of a user's directory in the part after the `@` of such a name, before a number if there is one.
fn suffix(rest: &str) -> &str {
    rest.split_once(NUMBER).map_or(rest, |(suffix, _)| suffix)
}
