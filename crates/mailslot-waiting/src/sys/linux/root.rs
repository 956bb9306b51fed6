//! All slots of all users, in one directory. Names are not modelled: there are no claims, of which another could be
//! older.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{SocketAddrUnix, bind};

use super::life::{self, Begun, Ending};
use super::members;
use super::process;
use super::queue::{OPEN_RING, RING};
use crate::error::{Error, Result};
use crate::options::Sharing;
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
    entry: String,
}

pub(crate) struct Claim {
    begun: Begun,
    entry: String,
}

pub(crate) struct Kept {
    pub(crate) begun: Begun,
    pub(crate) endings: Vec<Ending>,
}

impl Claim {
    pub(crate) fn link_door(&self, dir: BorrowedFd<'_>, name: &str) -> rustix::io::Result<BorrowedFd<'_>> {
        bind(&self.begun.door, &SocketAddrUnix::new(process::path_in(dir, name))?)?;
        Ok(self.begun.door.as_fd())
    }

    pub(crate) fn keep(self) -> Option<Kept> {
        Some(Kept { begun: self.begun, endings: Vec::new() })
    }
}

/// The most members of a slot, and the most taps.
const MAX_MEMBERS: usize = 4;
/// The suffix of a tap's entry, by which it differs from a member's.
const TAP: &str = ".tap";

impl SlotDirectory {
    pub(crate) fn is_living(&self) -> rustix::io::Result<bool> {
        is_living(&self.entry)
    }

    pub(crate) fn is_tap(&self) -> bool {
        self.entry.contains(TAP)
    }

    pub(crate) fn is_member(&self) -> bool {
        self.entry.contains('.')
    }
}

fn is_living(entry: &str) -> rustix::io::Result<bool> {
    life::is_living(&life_of(entry))
}

/// The place of this process's slot.
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

    pub(crate) fn is_member(&self) -> bool {
        self.entry.contains('.')
    }

    pub(crate) fn is_tap(&self) -> bool {
        self.entry.contains(TAP)
    }

    pub(crate) fn is_left(&self) -> rustix::io::Result<bool> {
        let name = crate::scenarios::slot_name();
        Ok(self.is_tap() && living_members(&name)?.iter().all(SlotDirectory::is_tap))
    }

    pub(crate) fn left_taps(&self) -> Vec<SlotDirectory> {
        let found = living_members(&crate::scenarios::slot_name()).unwrap_or_default();
        let over = found.iter().all(SlotDirectory::is_tap);
        let own = |slot: &SlotDirectory| over && slot.user.uid == process::uid();
        if self.entry.contains(TAP) { Vec::new() } else { found.into_iter().filter(own).collect() }
    }

    pub(crate) fn open_ring(&self) -> rustix::io::Result<OwnedFd> {
        let slot = self.open()?.ok_or(Errno::NOENT)?;
        rustix::fs::openat(slot.dir, RING, OPEN_RING, Mode::empty())
    }

    pub(crate) fn remove_living(&self) {
        let _ = rustix::fs::unlinkat(&self.root, &self.entry, AtFlags::REMOVEDIR);
        let _ = rustix::fs::unlinkat(&self.root, &life_of(&self.entry), AtFlags::empty());
    }

    pub(crate) fn remove_dead(&self) {
        self.remove_living();
    }
}

fn life_of(entry: &str) -> String {
    format!("life.{entry}")
}

impl Root {
    pub(crate) fn get() -> Result<&'static Root> {
        Ok(&Root)
    }

    pub(crate) fn error(&self, action: &str, name: &SlotName, error: Errno) -> Error {
        Error::io(format!("{action} slot {name}"), error)
    }

    pub(crate) fn claim(&self, name: &SlotName, sharing: Sharing) -> Result<Claim> {
        match sharing {
            Sharing::One => self.claim_one_of(name, [name.folded().to_owned()]),
            Sharing::Each => self.claim_one_of(name, member_entries(name)),
        }
    }

    fn claim_one_of(&self, name: &SlotName, entries: impl IntoIterator<Item = String>) -> Result<Claim> {
        let mut taken = Errno::EXIST;
        for entry in entries {
            match life::begin(&life_of(&entry)) {
                Ok(begun) => return Ok(Claim { begun, entry }),
                Err(error) => taken = error,
            }
        }
        Err(self.error("claim", name, taken))
    }

    pub(crate) fn life_of(&self, slot: &SlotDirectory) -> rustix::io::Result<FileId> {
        FileId::at(rustix::fs::root().as_fd(), &life_of(&slot.entry))
    }

    pub(crate) fn end_older(&self, _: &SlotName, _: &SlotDirectory) -> Result<Vec<Ending>> {
        Ok(Vec::new())
    }

    pub(crate) fn stage(&self, name: &SlotName, claim: &Claim) -> Result<Staged> {
        let failed = |error| self.error("create", name, error);
        let staged = format!("{STAGED}.{}", claim.entry);
        rustix::fs::mkdirat(rustix::fs::root(), &staged, Mode::RWXU).map_err(failed)?;
        open_directory(&staged).map(|dir| Staged { dir, entry: claim.entry.clone() }).map_err(failed)
    }

    pub(crate) fn claim_tap(&self, name: &SlotName) -> Result<Claim> {
        self.claim_one_of(name, tap_entries(name))
    }

    pub(crate) fn publish_member(&self, staged: Staged, name: &SlotName, tap: bool) -> Result<SlotDirectory> {
        let failed = |error| self.error("publish", name, error);
        let others = living_members(name).map_err(failed)?;
        let other = others.iter().find(|other| !other.is_tap());
        if tap && other.is_none() {
            return Err(Error::NotFound(name.clone()));
        }
        if let Some(other) = other {
            rustix::fs::unlinkat(&staged.dir, members::NAME, AtFlags::empty()).map_err(failed)?;
            rustix::fs::linkat(&other.dir, members::NAME, &staged.dir, members::NAME, AtFlags::empty())
                .map_err(failed)?;
        }
        let slot = self.publish(staged, name)?;
        members::announce(slot.dir.as_fd()).map_err(failed)?;
        Ok(slot)
    }

    pub(crate) fn publish_tap(&self, staged: Staged, name: &SlotName, member: &SlotDirectory) -> Result<SlotDirectory> {
        let failed = |error| self.error("publish", name, error);
        rustix::fs::linkat(&member.dir, members::NAME, &staged.dir, members::NAME, AtFlags::empty()).map_err(failed)?;
        let slot = self.publish(staged, name)?;
        members::announce_to(slot.dir.as_fd(), member.user.uid).map_err(failed)?;
        Ok(slot)
    }

    pub(crate) fn members(&self, name: &SlotName, uid: u32, group: FileId) -> Result<Vec<SlotDirectory>> {
        let found = living_members(name).map_err(|error| self.error("find", name, error))?;
        let may_be = |slot: &SlotDirectory| slot.user.uid == uid || slot.user.uid == 0 && slot.is_tap();
        let is_of = |slot: &SlotDirectory| may_be(slot) && FileId::at(slot.dir.as_fd(), members::NAME) == Ok(group);
        Ok(found.into_iter().filter(is_of).collect())
    }

    pub(crate) fn publish(&self, staged: Staged, name: &SlotName) -> Result<SlotDirectory> {
        let Staged { dir, entry } = staged;
        rustix::fs::renameat(rustix::fs::root(), &format!("{STAGED}.{entry}"), rustix::fs::root(), &entry)
            .map_err(|error| self.error("publish", name, error))?;
        Ok(SlotDirectory { dir, user: User { uid: process::uid() }, entry })
    }

    pub(crate) fn find(&self, name: &SlotName) -> Result<Option<SlotDirectory>> {
        let failed = |error| self.error("find", name, error);
        let Ok(dir) = open_slot(name) else {
            return Ok(living_members(name).map_err(failed)?.into_iter().find(|slot| !slot.is_tap()));
        };
        let owner = rustix::fs::statat(&dir, RING, AtFlags::SYMLINK_NOFOLLOW);
        let uid = owner.map_err(|error| self.error("find", name, error))?.st_uid;
        let slot = SlotDirectory { dir, user: User { uid }, entry: name.folded().to_owned() };
        let lives = slot.is_living().map_err(|error| self.error("find", name, error))?;
        Ok(lives.then_some(slot))
    }

    pub(crate) fn find_of(&self, name: &SlotName, uid: u32) -> Result<Option<SlotDirectory>> {
        Ok(self.find(name)?.filter(|slot| slot.user.uid == uid))
    }

    pub(crate) fn find_ring(&self, name: &SlotName, ring: FileId) -> Result<Option<SlotDirectory>> {
        let Ok(dir) = open_slot(name) else {
            let members = living_members(name).map_err(|error| self.error("find", name, error))?;
            return Ok(members.into_iter().find(|slot| FileId::at(slot.dir.as_fd(), RING) == Ok(ring)));
        };
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

    /// The users who have slots: only this process's, because only a friend asks.
    pub(crate) fn users(&self) -> Result<Arc<Vec<User>>> {
        Ok(Arc::new(vec![User { uid: process::uid() }]))
    }

    pub(crate) fn known_users(&self) -> Arc<Vec<User>> {
        Arc::new(vec![User { uid: process::uid() }])
    }
}

fn member_entries(name: &SlotName) -> impl Iterator<Item = String> {
    (0..MAX_MEMBERS).map(move |number| format!("{}.{number}", name.folded()))
}

fn tap_entries(name: &SlotName) -> impl Iterator<Item = String> {
    (0..MAX_MEMBERS).map(move |number| format!("{}{TAP}.{number}", name.folded()))
}

/// Includes taps.
fn living_members(name: &SlotName) -> rustix::io::Result<Vec<SlotDirectory>> {
    let mut living = Vec::new();
    for entry in member_entries(name).chain(tap_entries(name)) {
        let Ok(dir) = open_directory(&entry) else { continue };
        // It may be removed meanwhile.
        let Ok(stat) = rustix::fs::statat(&dir, RING, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        if is_living(&entry)? {
            living.push(SlotDirectory { dir, user: User { uid: stat.st_uid }, entry });
        }
    }
    Ok(living)
}

fn open_slot(name: &SlotName) -> rustix::io::Result<OwnedFd> {
    open_directory(name.folded())
}

fn open_directory(entry: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(rustix::fs::root(), entry, flags, Mode::empty())
}
