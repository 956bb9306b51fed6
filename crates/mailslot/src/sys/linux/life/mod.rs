//! How to determine whether a slot has an owner.
//!
//! **For everybody: a lock on a file.** Each slot has a file in the root, whose name contains its user and its slot
//! (see [`claim`](super::root)). It appears there already locked for writing ([`lock`](super::lock)), and stays locked
//! as long as any descriptor of it is open: duplicated, inherited and passed handles share it, and the kernel ends it
//! with the last one, however its process ended. Everybody may read the file, hence see the lock, and nobody may write
//! to it, hence lock it again: not even its user, except through a descriptor from before.
//!
//! The time since when it has lived is that of the file's last change. Whoever hides the file by its mode makes it
//! younger. Another access control list than the mode's would hide it from some users alone, so a file that has one is
//! no life.
//!
//! **For friends: a lock on the ring.** Same-user writers open the ring's file anyway, so testing its lock costs them a
//! fraction of a look at the life. Owners share that lock, a [`ReadLock`].
//!
//! **For earlier builds of version 0.2: a bound socket**, see [`socket`]. The door is that socket.

mod socket;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

pub(crate) use self::socket::{clear, is_living as is_socket_living, link as link_socket};
use super::lock::{self, Children, ReadLock};
use super::process::{self, tells_nothing, tells_nothing_of};

/// When the kernel last recorded a change of a file: its creation, a new name, other permissions. Nothing sets it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Since {
    /// A life of an earlier build, which its user could hide without making it younger. It counts after all others.
    earlier_build: bool,
    nanos: i128,
}

impl Since {
    pub(crate) fn of(stat: &Stat) -> Since {
        Since {
            earlier_build: false,
            nanos: i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec),
        }
    }

    /// Before all others: for a life that may be of any age.
    pub(crate) const EARLIEST: Since = Since { earlier_build: false, nanos: i128::MIN };

    fn of_earlier_build(stat: &Stat) -> Since {
        Since { earlier_build: true, ..Since::of(stat) }
    }

    /// The time from which a life counts that began at this one, and has been visible since `visible`.
    pub(crate) fn but_not_before(self, visible: Since) -> Since {
        Since { nanos: self.nanos.max(visible.nanos), ..self }
    }

    pub(crate) fn is_of_earlier_build(self) -> bool {
        self.earlier_build
    }
}

impl core::fmt::Display for Since {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.nanos.fmt(f)
    }
}

/// The state of a life.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    /// A life of user `uid` that has not ended.
    Living {
        uid: u32,
        since: Since,
    },
    /// One that has not ended, but whether it was visible all the time cannot be determined.
    Unseen {
        uid: u32,
        since: Since,
    },
    /// Something that is mounted over it hides it. A user can do that, where fusermount(1) is installed, and undo it
    /// without making the life younger.
    Covered,
    /// A life that has ended, unless its user has kept a descriptor of `file`, and locks it again.
    Ended {
        uid: u32,
        since: Since,
        file: OwnedFd,
    },
    /// Anything else: it will never be an old life.
    Dead {
        uid: u32,
    },
}

/// Keeps a life that has ended from living again, in this process and its children.
pub(crate) struct Ending {
    _lock: ReadLock,
}

impl Ending {
    /// `None` if the life whose file this is lives again already.
    pub(crate) fn new(file: OwnedFd) -> rustix::io::Result<Option<Ending>> {
        match ReadLock::new(file, Children::Inherit) {
            Ok(lock) => Ok(Some(Ending { _lock: lock })),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a new life is made of.
pub(crate) struct Begun {
    /// Its file.
    pub(crate) life: OwnedFd,
    /// The bound socket, which becomes the slot's door.
    pub(crate) door: OwnedFd,
}

/// Begins a life whose file is `file` in `dir`, and whose socket is in the new directory `home` there. `made` is a path
/// there that nobody uses. Fails with `ADDRINUSE` if either exists.
pub(crate) fn begin(dir: BorrowedFd<'_>, made: &str, file: &str, home: &str) -> rustix::io::Result<Begun> {
    let door = socket::begin(dir, home)?;
    // Made last, so that the directory has not changed since.
    match begin_file(dir, made, file) {
        Ok(life) => Ok(Begun { life, door }),
        Err(error) => {
            socket::remove(dir, home);
            Err(if error == Errno::EXIST { Errno::ADDRINUSE } else { error })
        }
    }
}

fn begin_file(dir: BorrowedFd<'_>, made: &str, file: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let life = rustix::fs::openat(dir, made, flags, Mode::from_raw_mode(MODE))?;
    let begin = || {
        // Whatever the process's umask, or the directory's default list, made of it.
        if has_list(life.as_fd())? {
            rustix::fs::fremovexattr(&life, LIST)?;
        }
        rustix::fs::fchmod(&life, Mode::from_raw_mode(MODE))?;
        lock::write_lock(life.as_fd())?;
        rustix::fs::renameat_with(dir, made, dir, file, RenameFlags::NOREPLACE)
    };
    match begin() {
        Ok(()) => Ok(life),
        Err(error) => {
            let _ = rustix::fs::unlinkat(dir, made, AtFlags::empty());
            Err(error)
        }
    }
}

/// Removes the files of a life of this process.
pub(crate) fn remove(dir: BorrowedFd<'_>, file: &str, home: &str) {
    let _ = rustix::fs::unlinkat(dir, file, AtFlags::empty());
    socket::remove(dir, home);
}

/// The mode of a life's file. Those of earlier builds have [`socket::MODE`].
const MODE: u32 = 0o444;
/// The extended attribute that is there if a file has an access control list other than what its mode says.
const LIST: &str = "system.posix_acl_access";

/// Opens a path below the root, without following links or mounts.
type Open<'a> = &'a dyn Fn(&str, OFlags) -> rustix::io::Result<OwnedFd>;

/// Looks for the life whose file is `file` in `root`, and whose directory is `home`. Others find a `numbered` one
/// through that directory, so it must have been there all the time.
///
/// # Errors
///
/// If that cannot be determined: this process has no descriptor left, too little memory, or is not allowed to check
/// a life of its user.
pub(crate) fn look(
    root: BorrowedFd<'_>,
    open: Open<'_>,
    file: &str,
    home: &str,
    numbered: bool,
) -> rustix::io::Result<Found> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let (opened, stat) = match open(file, flags) {
        Ok(opened) => {
            let stat = rustix::fs::fstat(&opened)?;
            (Ok(opened), stat)
        }
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(Errno::XDEV) => return Ok(Found::Covered),
        Err(error) if error != Errno::AGAIN && tells_nothing(error) => return Err(error),
        Err(error) => match rustix::fs::statat(root, file, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => (Err(error), stat),
            // The owner of the file does not matter: only the owner of the directory can keep this process from
            // reading its entries.
            Err(error) if tells_nothing_of(process::uid(), error) => return Err(error),
            Err(_) => return Ok(Found::Nothing),
        },
    };
    let (uid, since) = (stat.st_uid, Since::of(&stat));
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(Found::Dead { uid });
    }
    match (stat.st_mode & 0o7777, opened) {
        (MODE, Ok(file)) if !lock::has_write_lock(file.as_fd())? => return Ok(Found::Ended { uid, since, file }),
        (MODE, Ok(file)) if has_list(file.as_fd())? => return Ok(Found::Dead { uid }),
        // A lease keeps it from being opened, and lives no longer than the process that has it.
        (MODE, Ok(_) | Err(Errno::AGAIN)) => {}
        (MODE, Err(error)) if tells_nothing_of(uid, error) => return Err(error),
        (socket::MODE, _) => return look_for_socket(open, &stat, home),
        _ => return Ok(Found::Dead { uid }),
    }
    if !numbered {
        return Ok(Found::Living { uid, since });
    }
    match open(home, OFlags::PATH | OFlags::DIRECTORY) {
        Ok(home) if is_unchanged(&home, &stat)? => Ok(Found::Living { uid, since }),
        Ok(_) | Err(Errno::NOENT) => Ok(Found::Dead { uid }),
        Err(error) if tells_nothing_of(uid, error) => Err(error),
        Err(_) => Ok(Found::Unseen { uid, since }),
    }
}

/// The same for a life of an earlier build. One that is hidden counts as dead: as it counts after all others, it
/// harms none of them when it becomes visible again.
fn look_for_socket(open: Open<'_>, stat: &Stat, home: &str) -> rustix::io::Result<Found> {
    let (uid, since) = (stat.st_uid, Since::of_earlier_build(stat));
    let found = open(home, OFlags::PATH | OFlags::DIRECTORY).and_then(|home| {
        // Checked last: if unchanged now, it was unchanged when the socket was checked.
        Ok(socket::is_living(&home)? && is_unchanged(&home, stat)?)
    });
    match found {
        Ok(true) => Ok(Found::Living { uid, since }),
        Err(error) if tells_nothing_of(uid, error) => Err(error),
        _ => Ok(Found::Dead { uid }),
    }
}

/// Whether the directory of a life is that of the user who owns its file, and has not changed since that was made.
fn is_unchanged(home: &OwnedFd, file: &Stat) -> rustix::io::Result<bool> {
    let stat = rustix::fs::fstat(home)?;
    Ok(Since::of(&stat) <= Since::of(file) && stat.st_uid == file.st_uid && stat.st_mode & 0o022 == 0)
}

/// Whether a file has an access control list other than what its mode says.
fn has_list(file: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    match rustix::fs::fgetxattr(file, LIST, &mut [0_u8; 0]) {
        Ok(_) => Ok(true),
        Err(error) if error != Errno::NOSYS && tells_nothing(error) => Err(error),
        Err(_) => Ok(false),
    }
}
