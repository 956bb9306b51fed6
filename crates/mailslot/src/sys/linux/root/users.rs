//! The directories of the users.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FileType, Mode, Stat};
use rustix::io::Errno;

use super::super::process;
use super::Root;
use crate::error::{Error, Result};

/// What their names begin with.
const PREFIX: &str = "mailslot.";
/// Where in them slots are, and where they are made.
const SLOTS: &str = "slots";
const NEW: &str = "new";
/// The directory in the superuser's whose owner may be the node.
const NODE: &str = "node";

/// A user needs one directory, and two or three where others have got in its way. More would only be work for everybody who
/// looks a name up.
const MOST: usize = 16;

/// How long what was found is relied on, as long as the root has as many directories: further users have further ones.
const RELIED_ON: Duration = Duration::from_secs(1);

/// The directory of one user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    pub(crate) uid: u32,
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

    /// The directory whose owner the superuser, whose directory this is, lets be the network node.
    pub(crate) fn node(&self) -> String {
        format!("{}/{NODE}", self.name)
    }
}

/// The directories that were found, in the order of user ids.
#[derive(Default)]
pub(crate) struct Users(RwLock<Known>);

#[derive(Clone, Default)]
struct Known {
    users: Arc<Vec<User>>,
    /// When that was, and how many links the root had then: two, and one for each directory in it.
    found: Option<(Instant, i128)>,
}

impl Root {
    /// The directories of all users.
    pub(crate) fn users(&self) -> Result<Arc<Vec<User>>> {
        let failed = |error| Error::io(format!("read the directory {}", self.path), error);
        // Its type is not the same on all processors.
        let links = i128::from(rustix::fs::fstat(&self.dir).map_err(failed)?.st_nlink);
        let Known { users, found } = self.users.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        // Not all file systems count directories.
        if found.is_some_and(|(when, before)| before == links && links > 1 && when.elapsed() < RELIED_ON) {
            return Ok(users);
        }
        let found = Some((Instant::now(), links));
        let users = Arc::new(self.read_users().map_err(failed)?);
        let known = Known { users: Arc::clone(&users), found };
        *self.users.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(users)
    }

    /// The directories that are known already; there may be others.
    pub(crate) fn known_users(&self) -> Arc<Vec<User>> {
        Arc::clone(&self.users.0.read().unwrap_or_else(PoisonError::into_inner).users)
    }

    fn read_users(&self) -> rustix::io::Result<Vec<User>> {
        let mut users = Vec::new();
        for found in Dir::read_from(&self.dir)? {
            let Ok(name) = OsString::from_vec(found?.file_name().to_bytes().to_vec()).into_string() else { continue };
            if !name.starts_with(PREFIX) {
                continue;
            }
            if let Ok(stat) = rustix::fs::statat(&self.dir, &name, AtFlags::SYMLINK_NOFOLLOW)
                && is_private(&stat)
            {
                users.push(User { uid: stat.st_uid, name });
            }
        }
        users.sort();
        let mut number = 0;
        let mut last = None;
        users.retain(|user| {
            number = if last == Some(user.uid) { number + 1 } else { 0 };
            last = Some(user.uid);
            number < MOST
        });
        Ok(users)
    }

    /// The directory of this process's user, made if there is none.
    pub(crate) fn own_user(&self) -> Result<User> {
        let uid = process::uid();
        let failed = |error| Error::io(format!("make a directory for the slots of user {uid} in {}", self.path), error);
        for attempt in 0..16 {
            let own = self.users()?.iter().find(|user| user.uid == uid).cloned();
            let user = match own {
                Some(user) => user,
                None => {
                    // The plain name may be taken: anybody may add entries. Nobody can take them all.
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
                    User { uid, name }
                }
            };
            self.complete(&user).map_err(failed)?;
            return Ok(user);
        }
        Err(failed(Errno::EXIST))
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

    /// Whether the entry is a directory of this user that others may write to, as a mask of another time may have made it.
    fn is_own_but_open(&self, name: &str, uid: u32) -> bool {
        rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory && stat.st_uid == uid)
    }

    /// Makes what is missing of an own directory.
    fn complete(&self, user: &User) -> rustix::io::Result<()> {
        let mode = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        for path in [user.slots(), user.new_slots()] {
            match rustix::fs::mkdirat(&self.dir, &path, mode) {
                // Whatever the process's mask is.
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

fn is_private(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory && stat.st_mode & 0o022 == 0
}
