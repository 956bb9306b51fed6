//! The directories of the users.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, FileType, Mode, Stat};
use rustix::io::Errno;

use super::super::process;
use super::Root;
use crate::error::{Error, Result};

/// What their names begin with.
const PREFIX: &str = "mailslot.";
/// Where in them slots are, and where they are made. They are made with the directory, which from then on never changes:
/// its time of change tells since when it has been at its place.
const SLOTS: &str = "slots";
const NEW: &str = "new";
/// Where in the superuser's the directory is whose owner may be the node.
const ROLES: &str = "roles";
const NODE: &str = "node";

/// A user needs one directory, and two or three where others have got in its way. More would only be work for everybody who
/// looks a name up.
const MOST: usize = 16;

/// For so long after a change of the root another one may bear the same time: the clocks of file systems tick up to a
/// hundred times a second.
const TICK: Duration = Duration::from_millis(20);

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
        format!("{}/{SLOTS}", self.name)
    }

    /// The directory for slots that are being made, below the root.
    pub(crate) fn new_slots(&self) -> String {
        format!("{}/{NEW}", self.name)
    }

    /// The directory whose owner the superuser, whose directory this is, lets be the network node.
    pub(crate) fn node(&self) -> String {
        format!("{}/{ROLES}/{NODE}", self.name)
    }

    /// The directory itself.
    pub(crate) fn directory(&self) -> &str {
        &self.name
    }
}

/// The directories that were found, in the order of user ids, and how the root was then.
#[derive(Default)]
pub(crate) struct Users {
    known: RwLock<(Arc<Vec<User>>, Option<RootTime>)>,
}

/// When something was last added to the root or removed from it.
type RootTime = (i64, u64);

impl Root {
    /// The directories of all users.
    pub(crate) fn users(&self) -> Result<Arc<Vec<User>>> {
        let failed = |error| Error::io(format!("read the directory {}", self.path), error);
        let stat = rustix::fs::fstat(&self.dir).map_err(failed)?;
        let time = (stat.st_mtime as i64, stat.st_mtime_nsec as u64);
        {
            let known = self.users.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.1 == Some(time) {
                return Ok(Arc::clone(&known.0));
            }
        }
        let users = Arc::new(self.read_users().map_err(failed)?);
        let settled = is_past(time).then_some(time);
        *self.users.known.write().unwrap_or_else(PoisonError::into_inner) = (Arc::clone(&users), settled);
        Ok(users)
    }

    /// The directories that are known already; there may be others.
    pub(crate) fn known_users(&self) -> Arc<Vec<User>> {
        Arc::clone(&self.users.known.read().unwrap_or_else(PoisonError::into_inner).0)
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
        let roles = (user.uid == 0).then(|| format!("{}/{ROLES}", user.name));
        for path in [user.slots(), user.new_slots()].into_iter().chain(roles) {
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

/// Whether no later change can bear this time any more.
fn is_past((seconds, nanos): RootTime) -> bool {
    let time = UNIX_EPOCH + Duration::new(u64::try_from(seconds).unwrap_or(0), u32::try_from(nanos).unwrap_or(0));
    SystemTime::now().duration_since(time).is_ok_and(|since| since > TICK)
}
