//! The place of a slot that this process owns.
//!
//! An idle slot keeps neither its directory nor its ring's file open: both are found again at their place. What is
//! found there is the slot if its ring is the file that this process has mapped: while that is mapped no other file has
//! its inode number.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::super::members;
use super::super::queue::{OPEN_RING, RING};
use super::claim::Life;
use super::find::with_file;
use super::place::{self, FILES};
use super::users::{User, has_number};
use super::{FileId, Root, SlotDirectory};

/// Where a slot of this process is, or was.
pub(crate) struct Place {
    root: &'static Root,
    user: User,
    entry: String,
    member: Option<String>,
    life: String,
    ring: FileId,
}

impl Place {
    /// The place of `slot`, whose ring is the file `ring`, which has to stay mapped.
    pub(crate) fn new(root: &'static Root, slot: SlotDirectory, ring: FileId) -> Place {
        let SlotDirectory { user, entry, member, life, .. } = slot;
        Place { root, user, entry, member, life, ring }
    }

    /// The directory of all slots.
    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.dir.as_fd()
    }

    /// Whether the slot is still there. Opens nothing.
    pub(crate) fn is_there(&self) -> rustix::io::Result<bool> {
        match FileId::at(self.root(), &self.path_of(RING)) {
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            found => found.map(|found| found == self.ring),
        }
    }

    /// Whether an owner lives.
    pub(crate) fn is_living(&self) -> rustix::io::Result<bool> {
        let claimed = place::claimed(&self.entry, self.member.as_deref());
        self.root.claimed_since(&self.life, claimed, &self.user).map(|since| since.is_some())
    }

    /// Whether the slot is one member of several, or a tap.
    pub(crate) fn is_member(&self) -> bool {
        self.member.is_some()
    }

    pub(crate) fn is_tap(&self) -> bool {
        self.member.as_deref().is_some_and(|member| member.starts_with(place::TAP))
    }

    /// Whether this is a tap, and the slot that it taps has ended.
    pub(crate) fn is_left(&self) -> rustix::io::Result<bool> {
        if !self.is_tap() {
            return Ok(false);
        }
        let group = match FileId::at(self.root(), &self.path_of(members::NAME)) {
            // The process that made the next slot of the name has removed it.
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(true),
            group => group?,
        };
        let (uid, entry) = place::tapped_by(&self.entry).unwrap_or((self.user.uid, &self.entry));
        for user in self.root.known_users().iter().filter(|user| user.uid == uid) {
            let found = self.root.slots_at(user, entry)?;
            let goes_on = |slot: &SlotDirectory| {
                !slot.is_tap()
                    && FileId::at(slot.dir.as_fd(), members::NAME) == Ok(group)
                    && slot.is_living() != Ok(false)
            };
            if found.iter().any(goes_on) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The taps of this slot, if all its members have ended.
    pub(crate) fn left_taps(&self) -> Vec<SlotDirectory> {
        if self.member.is_none() {
            return Vec::new();
        }
        let found = self.root.slots_at(&self.user, &self.entry).unwrap_or_default();
        let (taps, members): (Vec<_>, Vec<_>) = found.into_iter().partition(SlotDirectory::is_tap);
        if members.iter().all(|member| member.is_living() == Ok(false)) { taps } else { Vec::new() }
    }

    /// The slot's directory, if it is still there.
    pub(crate) fn open(&self) -> rustix::io::Result<Option<SlotDirectory>> {
        with_file(self.root.open_place(&self.user, self.entry.clone(), self.member.clone()), RING, self.ring)
    }

    /// The ring's file.
    pub(crate) fn open_ring(&self) -> rustix::io::Result<OwnedFd> {
        let ring = self.root.open_below(&self.path_of(RING), OPEN_RING)?;
        if FileId::of(&ring)? == self.ring { Ok(ring) } else { Err(Errno::NOENT) }
    }

    /// Removes the slot while its life lasts, so that no other process touches it. Opens nothing: a process that has no
    /// descriptor left ends its slots as well. The directories on the paths are this user's, who alone could replace
    /// them.
    pub(crate) fn remove_living(&self) {
        if self.is_there() != Ok(true) {
            // The next owner of the name removes a tap of an ended slot. No other life can have a numbered file.
            if let Some(file) = Life::file_in(&self.life).filter(|file| has_number(file)) {
                self.root.remove_life(file, &self.user);
            }
            return;
        }
        for file in FILES {
            let _ = rustix::fs::unlinkat(self.root(), self.path_of(file), AtFlags::empty());
        }
        let _ = rustix::fs::unlinkat(self.root(), self.path(), AtFlags::REMOVEDIR);
        if self.member.is_some() {
            // Fails if there are other members.
            let _ = rustix::fs::unlinkat(self.root(), place::place(&self.user, &self.entry, None), AtFlags::REMOVEDIR);
        }
        if let Some(file) = Life::file_in(&self.life) {
            self.root.remove_life(file, &self.user);
        }
    }

    /// Removes the slot after its life has ended, unless another one is there by now.
    pub(crate) fn remove_dead(&self) {
        if let Ok(Some(slot)) = self.open() {
            self.root.remove_dead_slot(slot);
        }
    }

    fn path(&self) -> String {
        place::place(&self.user, &self.entry, self.member.as_deref())
    }

    fn path_of(&self, file: &str) -> String {
        format!("{}/{file}", self.path())
    }
}
