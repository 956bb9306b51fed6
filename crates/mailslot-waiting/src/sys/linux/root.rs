//! All slots in one directory, those of every user. Names are not what is modelled: there is no claim that another one could
//! be older than.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::life::{self, Found};
use super::process;
use super::queue::{OPEN_RING, RING};
use crate::error::{Error, Result};
use mailslot_names::SlotName;

/// A slot that is being made.
const STAGED: &str = "new";

pub(crate) struct Root;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(u64);

impl FileId {
    pub(crate) fn of(fd: impl AsFd) -> rustix::io::Result<FileId> {
        rustix::fs::fstat(fd).map(|stat| FileId(stat.st_ino))
    }

    pub(crate) fn at(dir: BorrowedFd<'_>, name: &str) -> rustix::io::Result<FileId> {
        rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| FileId(stat.st_ino))
    }
}

pub(crate) struct User {
    pub(crate) uid: u32,
}

pub(crate) struct SlotDirectory {
    pub(crate) dir: OwnedFd,
    pub(crate) user: User,
    entry: String,
}

pub(crate) struct Staged {
    pub(crate) dir: OwnedFd,
}

pub(crate) struct Claim(OwnedFd);

impl Claim {
    pub(crate) fn keep(self) -> Option<OwnedFd> {
        Some(self.0)
    }
}

impl SlotDirectory {
    pub(crate) fn is_living(&self) -> rustix::io::Result<bool> {
        is_living(&self.entry)
    }
}

fn is_living(entry: &str) -> rustix::io::Result<bool> {
    let found = life::look(rustix::fs::root().as_fd(), &life_of(entry), || open_home(entry))?;
    Ok(matches!(found, Found::Living { .. }))
}

/// Where a slot of this process is.
pub(crate) struct Place {
    root: OwnedFd,
    entry: String,
    ring: FileId,
}

impl Place {
    pub(crate) fn new(_: &'static Root, slot: SlotDirectory, ring: FileId) -> Place {
        Place { root: rustix::fs::root(), entry: slot.entry, ring }
    }

    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub(crate) fn is_there(&self) -> rustix::io::Result<bool> {
        self.open().map(|slot| slot.is_some())
    }

    pub(crate) fn is_living(&self) -> rustix::io::Result<bool> {
        is_living(&self.entry)
    }

    pub(crate) fn open(&self) -> rustix::io::Result<Option<SlotDirectory>> {
        let Ok(dir) = open_directory(&self.entry) else { return Ok(None) };
        let is_it = FileId::at(dir.as_fd(), RING)? == self.ring;
        Ok(is_it.then(|| SlotDirectory { dir, user: User { uid: process::uid() }, entry: self.entry.clone() }))
    }

    pub(crate) fn open_ring(&self) -> rustix::io::Result<OwnedFd> {
        let slot = self.open()?.ok_or(Errno::NOENT)?;
        rustix::fs::openat(slot.dir, RING, OPEN_RING, Mode::empty())
    }

    pub(crate) fn remove_living(&self) {
        let _ = rustix::fs::unlinkat(&self.root, &self.entry, AtFlags::REMOVEDIR);
        let _ = rustix::fs::unlinkat(&self.root, &life_of(&self.entry), AtFlags::empty());
        if let Ok(home) = open_home(&self.entry) {
            life::clear(&home);
        }
        let _ = rustix::fs::unlinkat(&self.root, &home_of(&self.entry), AtFlags::REMOVEDIR);
    }

    pub(crate) fn remove_dead(&self) {
        self.remove_living();
    }
}

fn life_of(entry: &str) -> String {
    format!("life.{entry}")
}

/// Where a life has its socket.
fn home_of(entry: &str) -> String {
    format!("home.{entry}")
}

fn open_home(entry: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(rustix::fs::root(), &home_of(entry), flags, Mode::empty())
}

impl Root {
    pub(crate) fn get() -> Result<&'static Root> {
        Ok(&Root)
    }

    pub(crate) fn error(&self, action: &str, name: &SlotName, error: Errno) -> Error {
        Error::io(format!("{action} slot {name}"), error)
    }

    pub(crate) fn claim(&self, name: &SlotName) -> Result<Claim> {
        let entry = name.folded();
        let life = life::begin(rustix::fs::root().as_fd(), &life_of(entry), &home_of(entry));
        life.map(Claim).map_err(|error| self.error("claim", name, error))
    }

    pub(crate) fn stage(&self, name: &SlotName, _: &Claim) -> Result<Staged> {
        let failed = |error| self.error("create", name, error);
        rustix::fs::mkdirat(rustix::fs::root(), STAGED, Mode::RWXU).map_err(failed)?;
        open_directory(STAGED).map(|dir| Staged { dir }).map_err(failed)
    }

    pub(crate) fn publish(&self, staged: Staged, name: &SlotName) -> Result<SlotDirectory> {
        rustix::fs::renameat(rustix::fs::root(), STAGED, rustix::fs::root(), name.folded())
            .map_err(|error| self.error("publish", name, error))?;
        Ok(SlotDirectory { dir: staged.dir, user: User { uid: process::uid() }, entry: name.folded().to_owned() })
    }

    pub(crate) fn find(&self, name: &SlotName) -> Result<Option<SlotDirectory>> {
        let Ok(dir) = open_slot(name) else { return Ok(None) };
        let owner = rustix::fs::statat(&dir, RING, AtFlags::SYMLINK_NOFOLLOW);
        let uid = owner.map_err(|error| self.error("look for", name, error))?.st_uid;
        let slot = SlotDirectory { dir, user: User { uid }, entry: name.folded().to_owned() };
        let lives = slot.is_living().map_err(|error| self.error("look for", name, error))?;
        Ok(lives.then_some(slot))
    }

    pub(crate) fn find_of(&self, name: &SlotName, uid: u32) -> Result<Option<SlotDirectory>> {
        Ok(self.find(name)?.filter(|slot| slot.user.uid == uid))
    }

    pub(crate) fn find_ring(&self, name: &SlotName, ring: FileId) -> Result<Option<SlotDirectory>> {
        let Ok(dir) = open_slot(name) else { return Ok(None) };
        let is_it = FileId::at(dir.as_fd(), RING) == Ok(ring);
        let user = User { uid: process::uid() };
        Ok(is_it.then(|| SlotDirectory { dir, user, entry: name.folded().to_owned() }))
    }

    pub(crate) fn find_own(&self, _: &str, _: FileId) -> Result<Option<SlotDirectory>> {
        let name = crate::scenarios::slot_name();
        self.find(&name)
    }

    pub(crate) fn is_reserved(_: &SlotName) -> bool {
        false
    }

    pub(crate) fn open_file(
        &self,
        _: &User,
        name: &SlotName,
        file: &str,
        flags: OFlags,
    ) -> rustix::io::Result<OwnedFd> {
        rustix::fs::openat(open_slot(name)?, file, flags, Mode::empty())
    }

    /// The users who have slots: as far as a friend is concerned, its own.
    pub(crate) fn users(&self) -> Result<Arc<Vec<User>>> {
        Ok(Arc::new(vec![User { uid: process::uid() }]))
    }

    pub(crate) fn known_users(&self) -> Arc<Vec<User>> {
        Arc::new(vec![User { uid: process::uid() }])
    }
}

fn open_slot(name: &SlotName) -> rustix::io::Result<OwnedFd> {
    open_directory(name.folded())
}

fn open_directory(entry: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(rustix::fs::root(), entry, flags, Mode::empty())
}
