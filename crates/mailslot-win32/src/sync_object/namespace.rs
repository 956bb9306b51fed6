//! The named objects of this user.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::bell;
use super::memory;
use super::{Initial, Kind, ObjectName, SyncObject};
use crate::code::{Code, Result};

const LOCK: &str = ".lock";
const BELL: &str = "!bell";

/// The locked directory: no other process adds or removes names meanwhile.
struct Names {
    dir: OwnedFd,
    lock: OwnedFd,
}

/// Creates an object, or opens the one that has the name. Returns whether it was created.
pub(crate) fn create(name: &ObjectName, initial: Initial) -> Result<(SyncObject, bool)> {
    let name = name.file();
    let (object, created) = {
        let names = Names::lock()?;
        match names.find(&name)? {
            Some(object) => (object, false),
            None => {
                names.remove_dead();
                (names.make(&name, initial)?, true)
            }
        }
    };
    Ok((named(object, name, initial.kind)?, created))
}

/// Opens the object of this kind that has the name.
pub(crate) fn open(name: &ObjectName, kind: Kind) -> Result<SyncObject> {
    let name = name.file();
    let found = Names::lock()?.find(&name)?;
    named(found.ok_or(Code::FILE_NOT_FOUND)?, name, kind)
}

/// The object gets its name last, because dropping a named object calls [`leave`], which takes the lock.
fn named(mut object: SyncObject, name: String, kind: Kind) -> Result<SyncObject> {
    object.name = Some(name);
    if object.kind == kind { Ok(object) } else { Err(Code::INVALID_HANDLE) }
}

/// Releases the object of this name. It is removed if no other process has it.
pub(super) fn leave(file: File, name: &str) {
    // If this fails, the file is dead, and the next creation removes it.
    let Ok(names) = Names::lock() else { return };
    drop(file);
    names.remove_if_dead(name);
}

impl Names {
    fn lock() -> Result<Names> {
        let dir = mailslot::own_objects_directory()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = rustix::fs::openat(&dir, LOCK, flags, Mode::RUSR | Mode::WUSR)?;
        rustix::io::retry_on_intr(|| rustix::fs::flock(&lock, FlockOperation::LockExclusive))?;
        Ok(Names { dir, lock })
    }

    /// The living object of this name.
    fn find(&self, name: &str) -> Result<Option<SyncObject>> {
        let Some(file) = self.living(name)? else { return Ok(None) };
        rustix::fs::flock(&file, FlockOperation::LockShared)?;
        let bell = rustix::fs::openat(&self.dir, format!("{name}{BELL}"), bell::FLAGS, Mode::empty())?;
        SyncObject::shared(File::from(file), &self.open(name)?, bell, None).map(Some)
    }

    /// The file of this name, if a process has the object.
    fn living(&self, name: &str) -> Result<Option<OwnedFd>> {
        let file = match self.open(name) {
            Err(Errno::NOENT) => return Ok(None),
            opened => opened?,
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Ok(Some(file)),
            locked => locked.map(|()| None).map_err(Code::from),
        }
    }

    fn open(&self, name: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(&self.dir, name, flags, Mode::empty())
    }

    fn make(&self, name: &str, initial: Initial) -> Result<SyncObject> {
        self.remove(name);
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.dir, name, flags, mode)?;
        let made = self
            .fill(&file, name, initial.data)
            .and_then(|bell| SyncObject::shared(File::from(file), &self.open(name)?, bell, Some(initial)));
        if made.is_err() {
            self.remove(name);
        }
        made
    }

    fn fill(&self, file: &OwnedFd, name: &str, data: u64) -> Result<OwnedFd> {
        rustix::fs::flock(file, FlockOperation::LockShared)?;
        memory::allot(file, data)?;
        let bell = format!("{name}{BELL}");
        rustix::fs::mknodat(&self.dir, &bell, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        Ok(rustix::fs::openat(&self.dir, &bell, bell::FLAGS, Mode::empty())?)
    }

    /// Removes the files that killed processes have left.
    fn remove_dead(&self) {
        let Ok(entries) = Dir::read_from(&self.dir) else { return };
        let names = entries.flatten().filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
        names.filter(|name| name.contains('!') && !name.ends_with(BELL)).for_each(|name| self.remove_if_dead(&name));
    }

    fn remove_if_dead(&self, name: &str) {
        if let Ok(None) = self.living(name) {
            self.remove(name);
        }
    }

    fn remove(&self, name: &str) {
        // The bell first, because dead objects are found by the other file.
        for name in [&format!("{name}{BELL}"), name] {
            let _ = rustix::fs::unlinkat(&self.dir, name, AtFlags::empty());
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // Unlocks explicitly, because a child just forked by another thread has a copy of the descriptor.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}
