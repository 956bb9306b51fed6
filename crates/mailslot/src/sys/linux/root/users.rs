//! The directories of the users.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RawDir, Stat};
use rustix::io::Errno;

use super::super::fork::PerProcess;
use super::super::life::Since;
use super::super::{clock, process};
use super::{FileId, Root, if_closed};
use crate::error::{Error, Result};

/// The prefix of their names.
const PREFIX: &str = "mailslot.";
/// The subdirectories where slots are, and where they are made. All of them are made with the directory, which does not
/// change afterwards: so its time of change shows since when it has been visible to all.
const SLOTS: &str = "slots";
const NEW: &str = "new";
const LIVES: &str = "lives";
/// Separates the suffix of a user's directory from a number, in the name of a life's file.
pub(super) const NUMBER: char = '+';
/// The subdirectory of the lives whose files have numbered names, so that a search for claims reads only these.
const OTHERS: &str = "others";
/// The subdirectory, closed to others, for what processes of the user share: the objects of Win32 programs.
const OBJECTS: &str = "objects";
/// The subdirectory of the superuser's directory with the directory whose owner may be the node.
const ROLES: &str = "roles";
const NODE: &str = "node";

/// A user needs one directory, and two or three if others have taken its name. More would only slow down everybody who
/// looks up a name.
const MAX_DIRECTORIES_OF_USER: usize = 16;

/// How many directories of the root are remembered. If there are more, the root is read each time.
const REMEMBERED: usize = 256;

/// The directory of one user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    pub(crate) uid: u32,
    /// Since when it has existed.
    pub(super) since: Since,
    /// Its name below the root.
    name: String,
}

impl User {
    /// The directory of the slots, below the root.
    pub(crate) fn slots(&self) -> String {
        let mut path = String::new();
        self.push_slots(&mut path);
        path
    }

    /// Appends the directory of the slots to a path.
    pub(crate) fn push_slots(&self, path: &mut String) {
        path.push_str(&self.name);
        path.push('/');
        path.push_str(SLOTS);
    }

    /// The directory for slots that are being made, below the root.
    pub(crate) fn new_slots(&self) -> String {
        format!("{}/{NEW}", self.name)
    }

    /// The end of its name: its user's id, and a number if it is not the only one.
    pub(super) fn suffix(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or_default()
    }

    /// The user's id in such a suffix.
    pub(super) fn uid_in(suffix: &str) -> Option<u32> {
        suffix.split('.').next()?.parse().ok()
    }

    /// The directory of the life whose file is `file`, below the root.
    pub(super) fn home(&self, file: &str) -> String {
        User::home_in(self.suffix(), file)
    }

    /// The same in the directory with this suffix.
    pub(super) fn home_in(suffix: &str, file: &str) -> String {
        format!("{PREFIX}{suffix}/{}/{file}", if has_number(file) { OTHERS } else { LIVES })
    }

    /// The directory that contains it.
    pub(super) fn homes(&self, file: &str) -> String {
        if has_number(file) { self.others() } else { self.lives() }
    }

    fn lives(&self) -> String {
        format!("{}/{LIVES}", self.name)
    }

    /// The directory that only this user may see, below the root.
    fn objects(&self) -> String {
        format!("{}/{OBJECTS}", self.name)
    }

    fn others(&self) -> String {
        format!("{}/{OTHERS}", self.name)
    }

    /// The directory whose owner may be the network node, if this is the superuser's directory.
    pub(crate) fn node(&self) -> String {
        format!("{}/{ROLES}/{NODE}", self.name)
    }
}

/// A name that nobody uses in a directory of new slots.
pub(super) fn unique() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}.{number}.{:x}", rustix::process::getpid().as_raw_pid(), clock::ticks())
}

/// Whether the name of a life's file has a number after the suffix of its user's directory, so that no other life can
/// have it.
pub(super) fn has_number(file: &str) -> bool {
    file.rsplit_once('@').is_some_and(|(_, suffix)| suffix.contains(NUMBER))
}

/// The directories that were found.
pub(crate) struct Users(PerProcess<RwLock<Known>>);

impl Users {
    fn known(&self) -> &RwLock<Known> {
        self.0.get_or(RwLock::default)
    }
}

impl Default for Users {
    fn default() -> Users {
        Users(PerProcess::new())
    }
}

#[derive(Clone, Default)]
struct Known {
    /// The directories of users, sorted by user id, the oldest first.
    users: Arc<Vec<User>>,
    /// Whether there may be more of them, which may appear later without anything in the root becoming younger: behind
    /// a mount, or behind others of their user.
    more: bool,
    /// All directories in the root.
    directories: Arc<Vec<Directory>>,
}

struct Directory {
    name: String,
    id: FileId,
}

impl Root {
    /// The directories of all users.
    pub(crate) fn users(&self) -> Result<Arc<Vec<User>>> {
        self.known().map(|known| known.users)
    }

    /// The directories of all users, and whether there may be more of them.
    pub(super) fn users_and_more(&self) -> Result<(Arc<Vec<User>>, bool)> {
        self.known().map(|known| (known.users, known.more))
    }

    fn known(&self) -> Result<Known> {
        let failed = |error| Error::io(format!("read the directory {}", self.path), error);
        let known = self.users.known().read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(stats) = self.look_again(&known.directories).map_err(failed)? {
            let names = known.directories.iter().map(|directory| directory.name.as_str());
            let (users, more) = users_in(names.zip(&stats), self.device);
            if users == *known.users && more == known.more {
                return Ok(known);
            }
        }
        let known = self.read_directories().map_err(failed)?;
        *self.users.known().write().unwrap_or_else(PoisonError::into_inner) = known.clone();
        Ok(known)
    }

    /// The current state of these directories; `None` if the root has others. It has no others if it has as many, and
    /// these still exist: its link count is two, plus one for each directory.
    fn look_again(&self, directories: &[Directory]) -> rustix::io::Result<Option<Vec<Stat>>> {
        let links = i128::from(rustix::fs::fstat(&self.dir)?.st_nlink);
        // Not all file systems count links of directories.
        if directories.is_empty() || directories.len() > REMEMBERED || links != directories.len() as i128 + 2 {
            return Ok(None);
        }
        let look = |directory: &Directory| {
            let stat = rustix::fs::statat(&self.dir, &directory.name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            (FileId::from(stat) == directory.id).then_some(stat)
        };
        Ok(directories.iter().map(look).collect())
    }

    /// Whether an error leaves open what this entry is. Its owner is guessed from its name.
    fn tells_nothing_of(&self, name: &str, error: Errno) -> bool {
        let number = name.strip_prefix(PREFIX).and_then(|suffix| suffix.split('.').next());
        match number.and_then(|number| number.parse().ok()) {
            Some(uid) => process::tells_nothing_of(uid, error),
            None => process::tells_nothing(error),
        }
    }

    fn read_directories(&self) -> rustix::io::Result<Known> {
        let mut found = Vec::new();
        let mut unseen = false;
        for entry in Dir::read_from(&self.dir)? {
            let entry = entry?;
            let may_be = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            let Ok(name) = OsString::from_vec(entry.file_name().to_bytes().to_vec()).into_string() else { continue };
            if !may_be || name == "." || name == ".." {
                continue;
            }
            match rustix::fs::statat(&self.dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => found.push((name, stat)),
                Ok(_) | Err(Errno::NOENT) => {}
                // A file system mounted by another user may return any error.
                Err(error) if self.tells_nothing_of(&name, error) && !self.is_mounted(&name) => return Err(error),
                Err(_) => unseen = true,
            }
        }
        let (users, more) = users_in(found.iter().map(|(name, stat)| (name.as_str(), stat)), self.device);
        let directory = |(name, stat): (String, Stat)| Directory { name, id: FileId::from(stat) };
        let directories = Arc::new(found.into_iter().map(directory).collect());
        Ok(Known { users: Arc::new(users), more: more || unseen, directories })
    }

    fn is_mounted(&self, name: &str) -> bool {
        matches!(self.open_below(name, OFlags::PATH | OFlags::DIRECTORY), Err(Errno::XDEV))
    }

    /// The directories that are already known; there may be others.
    pub(crate) fn known_users(&self) -> Arc<Vec<User>> {
        Arc::clone(&self.users.known().read().unwrap_or_else(PoisonError::into_inner).users)
    }

    /// The directory of this process's user, made if there is none.
    pub(crate) fn own_user(&self) -> Result<User> {
        let uid = process::uid();
        let failed = |error| {
            let closed = if_closed(error);
            Error::io(format!("create a directory for the slots of user {uid} in {}{closed}", self.path), error)
        };
        for attempt in 0..16 {
            let own = self.users()?.iter().find(|user| user.uid == uid).cloned();
            let user = match own {
                Some(user) => user,
                None => {
                    // The plain name may be taken, as any user may add entries; but nobody can take all names.
                    let name = match attempt {
                        0 => format!("{PREFIX}{uid}"),
                        _ => format!("{PREFIX}{uid}.{:016x}", u128::from_ne_bytes(process::random()?) as u64),
                    };
                    match rustix::fs::mkdirat(&self.dir, &name, Mode::RWXU) {
                        Ok(()) => {}
                        Err(Errno::EXIST) if self.is_own_but_open(&name, uid) => {}
                        Err(Errno::EXIST) => continue,
                        Err(error) => return Err(failed(error)),
                    }
                    let stat = rustix::fs::statat(&self.dir, &name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
                    User { uid, since: Since::of(&stat), name }
                }
            };
            self.complete(&user).map_err(failed)?;
            return Ok(user);
        }
        Err(failed(Errno::EXIST))
    }

    /// The directory of this process's user in which the library for Win32 programs keeps what they share.
    pub(crate) fn own_objects(&self) -> Result<OwnedFd> {
        let user = self.own_user()?;
        let opened = self.open_below(&user.objects(), OFlags::RDONLY | OFlags::DIRECTORY);
        opened.map_err(|error| Error::io(format!("open {} in {}", user.objects(), self.path), error))
    }

    /// The files of this user's lives that begin with `begin`, followed by a number; `None` if the directory cannot be
    /// read: it is a link, a mount, or closed, and others may appear there later without becoming younger.
    pub(super) fn numbered_lives(&self, user: &User, begin: &str) -> rustix::io::Result<Option<Vec<String>>> {
        let read = |begin: &str| -> rustix::io::Result<Vec<String>> {
            let others = self.open_below(&user.others(), OFlags::RDONLY | OFlags::DIRECTORY)?;
            let mut buffer = Vec::with_capacity(4 << 10);
            let mut entries = RawDir::new(others, buffer.spare_capacity_mut());
            let mut files = Vec::new();
            while let Some(entry) = entries.next() {
                let file = entry?.file_name().to_str().map(str::to_owned);
                files.extend(
                    file.into_iter()
                        .filter(|file| file.strip_prefix(begin).is_some_and(|number| number.starts_with(NUMBER))),
                );
            }
            Ok(files)
        };
        match read(begin) {
            Err(Errno::NOENT) => Ok(Some(Vec::new())),
            Err(error) if process::tells_nothing_of(user.uid, error) => Err(error),
            files => Ok(files.ok()),
        }
    }

    /// Lets user `uid` be the network node, from now on. Only the superuser can.
    pub(crate) fn appoint_node(&self, uid: u32) -> Result<()> {
        let failed = |error| Error::io(format!("let user {uid} be the network node in {}", self.path), error);
        let node = self.own_user()?.node();
        match rustix::fs::mkdirat(&self.dir, &node, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error)),
        }
        let owner = Some(rustix::fs::Uid::from_raw(uid));
        rustix::fs::chownat(&self.dir, &node, owner, None, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)
    }

    /// Whether the entry is a directory of this user that others may write to, as an earlier umask may have made it.
    fn is_own_but_open(&self, name: &str, uid: u32) -> bool {
        rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory && stat.st_uid == uid)
    }

    /// Makes the missing parts of this user's directory.
    fn complete(&self, user: &User) -> rustix::io::Result<()> {
        let mode = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        let roles = (user.uid == 0).then(|| format!("{}/{ROLES}", user.name));
        let open = [user.slots(), user.new_slots(), user.lives(), user.others()].into_iter().chain(roles);
        let all = open.map(|path| (path, mode)).chain([(user.objects(), Mode::RWXU)]);
        for (path, mode) in all {
            match rustix::fs::mkdirat(&self.dir, &path, mode) {
                // Independent of the process's umask.
                Ok(()) => rustix::fs::chmodat(&self.dir, &path, mode, AtFlags::empty())?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
        let stat = rustix::fs::statat(&self.dir, &user.name, AtFlags::SYMLINK_NOFOLLOW)?;
        if stat.st_mode & 0o777 != mode.bits() {
            rustix::fs::chmodat(&self.dir, &user.name, mode, AtFlags::empty())?;
        }
        Ok(())
    }
}

/// The directories among these that are users', sorted by user id, the oldest of each first, and whether there may be
/// more. What is mounted from a file system other than `device` cannot be trusted.
fn users_in<'a>(directories: impl Iterator<Item = (&'a str, &'a Stat)>, device: u64) -> (Vec<User>, bool) {
    let mut more = false;
    let mut users = Vec::new();
    for (name, stat) in directories {
        let Some(suffix) = name.strip_prefix(PREFIX) else { continue };
        if stat.st_dev != device {
            more = true;
        } else if is_private(stat) && User::uid_in(suffix) == Some(stat.st_uid) && !suffix.contains(NUMBER) {
            users.push(User { uid: stat.st_uid, since: Since::of(stat), name: name.to_owned() });
        }
    }
    users.sort();
    let mut number = 0;
    let mut last = None;
    users.retain(|user| {
        number = if last == Some(user.uid) { number + 1 } else { 0 };
        last = Some(user.uid);
        more |= number == MAX_DIRECTORIES_OF_USER;
        number < MAX_DIRECTORIES_OF_USER
    });
    (users, more)
}

fn is_private(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory && stat.st_mode & 0o022 == 0
}
