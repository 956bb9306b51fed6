//! The directory that holds the slots, and the owners of its entries.
//!
//! ```text
//! ROOT                  shared and sticky: anybody may add an entry, and nobody may change another user's
//! ├ mailslot.1000       the directory of one user, who alone may change it
//! │ ├ new               slots that are being made
//! │ ├ lives             what ends with an owner
//! │ ├ others            the same of those whose files have other names than usual
//! │ ├ objects           what other libraries of the project keep there, which nobody else may see
//! │ └ slots
//! │   ├ ALERTS          a slot: label, ring, bell, door, and where its life is
//! │   └ NEWS            one that each of several processes reads
//! │     └ 417.0.5e8     a member of it: the same, and the file by which writers learn of other members
//! └ mailslot-life.ALERTS@1000
//! ```
//!
//! A directory counts as that of the user who owns it, whose id is at the beginning of its name, and only if nobody
//! else may write to it. So whatever other users put below the root neither blocks a user's slots nor passes for them.
//! Which of several users' slots of one name a writer gets is decided in [`find`].

mod claim;
mod entry;
mod find;
mod group;
mod list;
mod own;
mod place;
mod rule;
mod users;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

pub(crate) use self::claim::{Claim, Kept};
pub(crate) use self::list::{list, status};
pub(crate) use self::own::Place;
pub(crate) use self::place::SlotDirectory;
pub(crate) use self::users::User;
use self::users::Users;
use super::process;
use crate::error::{Error, Result};
use mailslot_names::SlotName;

/// The root on a machine that was set up for slots.
const RUN: &str = "/run/mailslot";
/// The root on any other.
const SHM: &str = "/dev/shm";

/// The directory that holds the slots.
pub(crate) struct Root {
    dir: OwnedFd,
    /// The file system of the directory.
    device: u64,
    path: String,
    users: Users,
}

/// What to do if the root is closed to this user: one that an administrator made by hand is easily closed to all
/// others.
fn if_closed(error: Errno) -> &'static str {
    if error == Errno::ACCESS { " (all users must be able to make entries there: chmod 1777)" } else { "" }
}

/// Distinguishes one file from all others of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(crate) fn of(fd: impl AsFd) -> rustix::io::Result<FileId> {
        rustix::fs::fstat(fd).map(FileId::from)
    }

    /// The id of the file called `name` in `dir`.
    pub(crate) fn at(dir: BorrowedFd<'_>, name: &str) -> rustix::io::Result<FileId> {
        rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(FileId::from)
    }
}

impl From<rustix::fs::Stat> for FileId {
    fn from(stat: rustix::fs::Stat) -> FileId {
        FileId { device: stat.st_dev, inode: stat.st_ino }
    }
}

impl Root {
    /// The root that this process uses, found on the first call.
    pub(crate) fn get() -> Result<&'static Root> {
        static ROOT: OnceLock<Root> = OnceLock::new();
        if let Some(root) = ROOT.get() {
            return Ok(root);
        }
        let root = Root::discover()?;
        if !process::has_proc(root.dir.as_fd()) {
            return Err(Error::io("open /proc, which must be mounted", Errno::NOSYS));
        }
        Ok(ROOT.get_or_init(|| root))
    }

    fn discover() -> Result<Root> {
        if let Some(path) = process::secure_env("MAILSLOT_ROOT") {
            let path = path.into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned());
            return Root::open(&path).map_err(|error| {
                Error::io(format!("open the directory {path} that MAILSLOT_ROOT names{}", if_closed(error)), error)
            });
        }
        // If it exists, all processes use it, even one that may not write there and fails: slots elsewhere would not be
        // seen by the others.
        match Root::open(RUN) {
            Err(Errno::NOENT) => {}
            opened => return opened.map_err(|error| Root::not_opened(RUN, error)),
        }
        Root::open(SHM).map_err(|error| Root::not_opened(SHM, error))
    }

    fn not_opened(path: &str, error: Errno) -> Error {
        Error::io(format!("open {path}, where slots are kept{}", if_closed(error)), error)
    }

    fn open(path: &str) -> rustix::io::Result<Root> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        let device = rustix::fs::fstat(&dir)?.st_dev;
        Ok(Root { dir, device, path: path.to_owned(), users: Users::default() })
    }

    /// Opens `path` below the root, without following symbolic links and mounts: nothing of ours is behind one, and in
    /// a file system of another user even the owners of files are what that user says.
    pub(crate) fn open_below(&self, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        /// Whether the system lacks the call that does it at once: old kernels do, and so does valgrind.
        static STEPWISE: AtomicBool = AtomicBool::new(false);
        let flags = flags | OFlags::CLOEXEC;
        if !STEPWISE.load(Ordering::Relaxed) {
            let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV | ResolveFlags::BENEATH;
            match rustix::fs::openat2(&self.dir, path, flags, Mode::empty(), resolve) {
                Err(Errno::NOSYS) => STEPWISE.store(true, Ordering::Relaxed),
                // Possibly a filter of system calls; other reasons show below.
                Err(Errno::PERM) => {}
                opened => return opened,
            }
        }
        let mut at = None;
        let mut rest = path;
        while let Some(end) = rest.bytes().position(|byte| byte == b'/') {
            let next = open_step(at.as_ref().unwrap_or(&self.dir), &rest[..end], OFlags::PATH | OFlags::DIRECTORY)?;
            (at, rest) = (Some(next), &rest[end + 1..]);
        }
        let opened = open_step(at.as_ref().unwrap_or(&self.dir), rest, flags)?;
        // A mounted file system may not even allow `fstat`.
        if !rustix::fs::fstat(&opened).is_ok_and(|stat| stat.st_dev == self.device) {
            return Err(Errno::XDEV);
        }
        Ok(opened)
    }

    pub(crate) fn error(&self, action: &str, name: &SlotName, error: Errno) -> Error {
        match error {
            Errno::NOSPC | Errno::NOMEM | Errno::DQUOT => Error::OutOfMemory,
            error => Error::io(format!("{action} slot {name} in {}", self.path), error),
        }
    }
}

fn open_step(dir: &OwnedFd, step: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(dir, step, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// The path of the root.
pub(crate) fn path() -> Result<&'static Path> {
    Ok(Path::new(&Root::get()?.path))
}

/// The directory in which the library for Win32 programs keeps what the processes of this user share.
pub(crate) fn own_objects() -> Result<OwnedFd> {
    Root::get()?.own_objects()
}

/// Lets user `uid` be the network node.
pub(crate) fn appoint_node(uid: u32) -> Result<()> {
    Root::get()?.appoint_node(uid)
}

/// The directories of all users in which slots appear and disappear.
pub(crate) fn directories() -> Result<Vec<PathBuf>> {
    let root = Root::get()?;
    Ok(root.users()?.iter().map(|user| Path::new(&root.path).join(user.slots())).collect())
}
