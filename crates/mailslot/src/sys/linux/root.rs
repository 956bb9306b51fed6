//! The directory that holds the slots, and how names become entries of it.
//!
//! Every slot is one directory entry of the root, `mailslot.` and the escaped name; a slot name never is a path. An entry
//! appears by a rename, complete, and disappears under its slot's lock.
//!
//! The root is shared by all users and sticky, so nobody can remove what the owner of a slot left behind when it was
//! killed, except that user and the superuser. Others must be able to use the name all the same. Therefore a name has
//! [`PLACES`] entries: `mailslot.X`, `mailslot.X#1` and so on. A creator makes sure that none of them lives, clears
//! away those it may, and takes the first free one; a writer takes the one that lives.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::label::Label;
use super::lock;
use super::process;
use super::queue::{self, OPEN_RING, Queue, RING};
use crate::error::{Error, Result};
use crate::message::SlotStatus;
use crate::name::SlotName;

/// Entries that one name may have.
pub(crate) const PLACES: usize = 8;

/// How often two users who create one name at the same moment step back for each other.
const ATTEMPTS: u64 = 20;

const PREFIX: &str = "mailslot.";
/// Entries that are being built or taken down.
const STAGING: &str = "mailslot-new.";
/// Longest entry name before it is cut and hashed; file systems take 255 bytes.
const MAX_ENTRY: usize = 200;

/// The directory that holds the slots.
pub(crate) struct Root {
    dir: OwnedFd,
    path: String,
}

/// What is at one place of a name.
pub(crate) enum Place {
    Free,
    /// A slot with a living owner.
    Living,
    /// What a dead owner left behind.
    Dead,
}

/// What tells one file from all others of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(crate) fn of(fd: impl AsFd) -> rustix::io::Result<FileId> {
        rustix::fs::fstat(fd).map(FileId::from)
    }
}

impl From<rustix::fs::Stat> for FileId {
    fn from(stat: rustix::fs::Stat) -> FileId {
        FileId { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// An entry under construction. Dropping it removes it.
pub(crate) struct Staged {
    pub(crate) dir: OwnedFd,
    /// Its name; none once it has been published.
    entry: Option<String>,
}

impl Root {
    /// The root that this process uses, found on the first call.
    pub(crate) fn get() -> Result<&'static Root> {
        static ROOT: OnceLock<Root> = OnceLock::new();
        if let Some(root) = ROOT.get() {
            return Ok(root);
        }
        let root = Root::discover()?;
        Ok(ROOT.get_or_init(|| root))
    }

    fn discover() -> Result<Root> {
        if let Some(path) = process::secure_env("MAILSLOT_ROOT") {
            let path = path.into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned());
            return Root::open(&path)
                .map_err(|error| Error::io(format!("open the directory {path} that MAILSLOT_ROOT names"), error));
        }
        let run = "/run/mailslot";
        if rustix::fs::access(run, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
            && let Ok(root) = Root::open(run)
        {
            return Ok(root);
        }
        let shm = "/dev/shm";
        Root::open(shm).map_err(|error| Error::io(format!("open {shm}, where slots are kept"), error))
    }

    fn open(path: &str) -> rustix::io::Result<Root> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Root { dir, path: path.to_owned() })
    }

    /// Looks at place `index` of a name.
    pub(crate) fn look(&self, name: &SlotName, index: usize) -> Result<Place> {
        match self.open_place(name, index) {
            Ok(Some(dir)) if is_living(dir.as_fd())? => Ok(Place::Living),
            Ok(Some(_)) => Ok(Place::Dead),
            Ok(None) => Ok(Place::Free),
            Err(error) => Err(error),
        }
    }

    /// The directory at place `index` of a name, `Ok(None)` if there is none.
    pub(crate) fn open_place(&self, name: &SlotName, index: usize) -> Result<Option<OwnedFd>> {
        match self.open_entry(&entry(name, index)) {
            Ok(dir) => Ok(Some(dir)),
            // Something that is not a directory is nothing of ours.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(self.error("open", name, error)),
        }
    }

    /// Opens the file of the ring at place `index` of a name.
    pub(crate) fn open_ring(&self, name: &SlotName, index: usize) -> rustix::io::Result<OwnedFd> {
        /// Whether the system lacks the call that opens both directory and file: old kernels do, and so does valgrind.
        static STEPWISE: AtomicBool = AtomicBool::new(false);
        let entry = entry(name, index);
        if !STEPWISE.load(Ordering::Relaxed) {
            let path = format!("{entry}/{RING}");
            match rustix::fs::openat2(&self.dir, path, OPEN_RING, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
                Err(Errno::NOSYS) => STEPWISE.store(true, Ordering::Relaxed),
                // May be a filter of system calls; what else it is shows below.
                Err(Errno::PERM) => {}
                opened => return opened,
            }
        }
        Queue::open_file(self.open_entry(&entry)?.as_fd())
    }

    /// The directory of the slot whose ring's file is `ring`.
    pub(crate) fn find_by_ring(&self, name: &SlotName, ring: FileId) -> Result<Option<OwnedFd>> {
        for index in 0..PLACES {
            if let Some(dir) = self.open_place(name, index)?
                && rustix::fs::statat(&dir, RING, AtFlags::SYMLINK_NOFOLLOW)
                    .is_ok_and(|stat| FileId::from(stat) == ring)
            {
                return Ok(Some(dir));
            }
        }
        Ok(None)
    }

    /// Starts a new entry.
    pub(crate) fn stage(&self, name: &SlotName) -> Result<Staged> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let nanos = super::clock::ticks();
            let entry = format!("{STAGING}{}.{number}.{nanos:x}", rustix::process::getpid().as_raw_pid());
            match rustix::fs::mkdirat(&self.dir, &entry, Mode::RWXU) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(self.error("make a directory for", name, error)),
            }
            let dir = self.open_entry(&entry).map_err(|error| self.error("open the new directory of", name, error))?;
            return Ok(Staged { dir, entry: Some(entry) });
        }
    }

    /// Gives a finished entry a place of its name. When this returns, the slot can be opened.
    pub(crate) fn publish(&self, mut staged: Staged, name: &SlotName) -> Result<()> {
        let Some(entry) = staged.entry.clone() else { return Ok(()) };
        let readable = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        rustix::fs::chmodat(&self.dir, &entry, readable, AtFlags::empty())
            .map_err(|error| self.error("open up", name, error))?;
        for attempt in 0..ATTEMPTS {
            let place = self.free_place(name)?;
            // A rename onto a directory that is not empty fails, and every published one holds files.
            match rustix::fs::renameat(&self.dir, &entry, &self.dir, &place) {
                Ok(()) if self.lives_once(name)? => {
                    staged.entry = None;
                    return Ok(());
                }
                // Another user took another place of the same name at the same moment. Both step back and try again.
                Ok(()) => rustix::fs::renameat(&self.dir, &place, &self.dir, &entry)
                    .map_err(|error| self.error("withdraw", name, error))?,
                Err(Errno::EXIST | Errno::NOTEMPTY) => {}
                Err(error) => return Err(self.error("publish", name, error)),
            }
            let jitter = super::clock::ticks() % 997 * (attempt + 1);
            std::thread::sleep(Duration::from_micros(jitter));
        }
        Err(Error::AlreadyExists(name.clone()))
    }

    /// A place of `name` that is free, if no slot of that name lives.
    pub(crate) fn free_place(&self, name: &SlotName) -> Result<String> {
        let mut free = None;
        for index in (0..PLACES).rev() {
            match self.look(name, index)? {
                Place::Living => return Err(Error::AlreadyExists(name.clone())),
                Place::Dead if !self.remove(&entry(name, index)) => {}
                Place::Dead | Place::Free => free = Some(index),
            }
        }
        free.map(|index| entry(name, index)).ok_or_else(|| {
            let full = std::io::Error::other(
                "dead slots of other users take all places of the name; the superuser's `mailslot list` removes them",
            );
            Error::io(format!("create slot {name} in {}", self.path), full)
        })
    }

    fn lives_once(&self, name: &SlotName) -> Result<bool> {
        let mut living = 0;
        for index in 0..PLACES {
            living += usize::from(matches!(self.look(name, index)?, Place::Living));
        }
        Ok(living == 1)
    }

    /// The directory of the slot whose lock file is `lock`.
    pub(crate) fn find(&self, name: &SlotName, lock: FileId) -> Result<Option<OwnedFd>> {
        Ok(self.find_entry(name, lock)?.map(|(dir, _)| dir))
    }

    /// Whether the slot whose lock file is `lock` is still there, and nobody holds that lock any more.
    pub(crate) fn is_unowned(&self, name: &SlotName, lock: FileId) -> bool {
        let Ok(Some((dir, _))) = self.find_entry(name, lock) else { return false };
        lock::open_for_taking(dir.as_fd()).is_ok_and(|lock| lock::take(&lock).is_ok())
    }

    /// Removes the slot whose lock file is `lock`, which its last owner has ended.
    pub(crate) fn remove_ended(&self, name: &SlotName, lock: FileId) {
        if let Ok(Some((dir, entry))) = self.find_entry(name, lock) {
            self.remove_locked(&entry, dir.as_fd());
        }
    }

    fn find_entry(&self, name: &SlotName, lock: FileId) -> Result<Option<(OwnedFd, String)>> {
        for index in 0..PLACES {
            if let Some(dir) = self.open_place(name, index)?
                && let Ok(candidate) = lock::open(dir.as_fd())
                && FileId::of(&candidate).is_ok_and(|id| id == lock)
            {
                return Ok(Some((dir, entry(name, index))));
            }
        }
        Ok(None)
    }

    /// Removes an entry after taking its lock, so that no living slot is ever removed. Returns whether it is gone.
    fn remove(&self, entry: &str) -> bool {
        let Ok(dir) = self.open_entry(entry) else { return true };
        let lock = match lock::open_for_taking(dir.as_fd()) {
            Ok(lock) => Some(lock),
            // Half taken down, or never completed.
            Err(Errno::NOENT) => None,
            Err(_) => return false,
        };
        if let Some(lock) = &lock
            && lock::take(lock).is_err()
        {
            return false;
        }
        self.remove_locked(entry, dir.as_fd())
    }

    /// Removes an entry whose lock the caller holds, or that it alone owned.
    fn remove_locked(&self, entry: &str, dir: BorrowedFd<'_>) -> bool {
        for file in ["door", "bell", "ring", "lock"] {
            // What is missing is removed already; anything else shows when the directory is to go.
            let _ = rustix::fs::unlinkat(dir, file, AtFlags::empty());
        }
        let path = rustix::fs::statat(&self.dir, entry, AtFlags::SYMLINK_NOFOLLOW).map(FileId::from);
        path.is_ok() && path == FileId::of(dir) && rustix::fs::unlinkat(&self.dir, entry, AtFlags::REMOVEDIR).is_ok()
    }

    fn open_entry(&self, entry: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.dir, entry, flags, Mode::empty())
    }

    pub(crate) fn error(&self, action: &str, name: &SlotName, error: Errno) -> Error {
        match error {
            Errno::NOSPC | Errno::NOMEM | Errno::DQUOT => Error::OutOfMemory,
            error => Error::io(format!("{action} slot {name} in {}", self.path), error),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let (Some(entry), Ok(root)) = (&self.entry, Root::get()) {
            root.remove_locked(entry, self.dir.as_fd());
        }
    }
}

/// Where the root is.
pub(crate) fn path() -> Result<&'static Path> {
    Ok(Path::new(&Root::get()?.path))
}

/// The living slot of this name.
pub(crate) fn status(name: &SlotName) -> Result<SlotStatus> {
    let root = Root::get()?;
    for index in 0..PLACES {
        if let Some(dir) = root.open_place(name, index)?
            && is_living(dir.as_fd())?
            && let Some(status) = status_of(dir.as_fd())
        {
            return Ok(status);
        }
    }
    Err(Error::NotFound(name.clone()))
}

/// The living slots, after removing what dead processes of this user left behind.
pub(crate) fn list() -> Result<Vec<SlotStatus>> {
    let root = Root::get()?;
    let unreadable = |error| Error::io(format!("read the directory {}", root.path), error);
    let mut slots = Vec::new();
    for found in rustix::fs::Dir::read_from(&root.dir).map_err(unreadable)? {
        let Ok(entry) = OsString::from_vec(found.map_err(unreadable)?.file_name().to_bytes().to_vec()).into_string()
        else {
            continue;
        };
        let published = entry.starts_with(PREFIX);
        if !published && !entry.starts_with(STAGING) {
            continue;
        }
        let dir = match root.open_entry(&entry) {
            Ok(dir) => dir,
            // A list that lacks slots would say that they have gone.
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM)) => return Err(unreadable(error)),
            Err(_) => continue,
        };
        let living = is_living(dir.as_fd()).unwrap_or(true);
        if !living {
            root.sweep(&entry, dir.as_fd());
        } else if published && let Some(status) = status_of(dir.as_fd()) {
            slots.push(status);
        }
    }
    slots.sort_by(|a, b| a.name.folded().cmp(b.name.folded()));
    Ok(slots)
}

impl Root {
    /// Removes a dead entry of this user, except one that its creator is just building.
    fn sweep(&self, entry: &str, dir: BorrowedFd<'_>) {
        let Ok(stat) = rustix::fs::fstat(dir) else { return };
        let young = entry.starts_with(STAGING) && {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
            now.saturating_sub(stat.st_mtime as u64) < 60
        };
        if stat.st_uid == process::uid() && !young {
            self.remove(entry);
        }
    }
}

fn status_of(dir: BorrowedFd<'_>) -> Option<SlotStatus> {
    let lock = lock::open(dir).ok()?;
    let label = Label::read(lock.as_fd())?;
    Some(SlotStatus {
        pid: Some(label.pid),
        uid: Some(rustix::fs::fstat(&lock).ok()?.st_uid),
        access: Some(label.access),
        network: Some(label.network),
        max_message_size: Some(label.max_message_size),
        capacity: Some(label.capacity),
        created: Some(label.created),
        counts: queue::counts(dir),
        name: label.name,
    })
}

/// Whether a slot's owner lives.
pub(crate) fn is_living(dir: BorrowedFd<'_>) -> Result<bool> {
    match lock::open(dir) {
        Ok(lock) => lock::is_held(&lock).map_err(|error| Error::io("test a slot's lock", error)),
        Err(Errno::NOENT | Errno::ACCESS | Errno::LOOP | Errno::NXIO) => Ok(false),
        Err(error) => Err(Error::io("open a slot's lock", error)),
    }
}

/// The directory entry of place `index` of a name.
fn entry(name: &SlotName, index: usize) -> String {
    let mut entry = String::from(PREFIX);
    for byte in name.folded().bytes() {
        match byte {
            b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => entry.push(char::from(byte)),
            b'\\' => entry.push('+'),
            _ => entry.push_str(&format!("%{byte:02X}")),
        }
    }
    if entry.len() > MAX_ENTRY {
        let hash = fnv1a(name.folded().as_bytes());
        entry.truncate(MAX_ENTRY - 33);
        entry.push_str(&format!("~{hash:032x}"));
    }
    if index > 0 {
        entry.push_str(&format!("#{index}"));
    }
    entry
}

/// 128-bit FNV-1a. Two long names that collide on purpose only keep each other from being created, which whoever
/// creates one of them could do anyway.
fn fnv1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
    })
}
