//! A slot that several processes read: the directories of its members, within one directory.
//!
//! Each member is a complete slot, with a life, a ring, a bell and a door. Members share one file that shows writers
//! when another one has joined (see [`members`]), to which each has a hard link. So a member that finds others links to
//! their file, and the file exists as long as any member does.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::super::{members, process};
use super::entry::entry;
use super::place::{ATTEMPTS, Staged, TAP, life_of, place, tapped};
use super::users::User;
use super::{FileId, Root, SlotDirectory};
use crate::error::{Error, Result};
use mailslot_names::SlotName;

/// The most members of a slot: a writer needs descriptors for each of them.
const MAX_MEMBERS: usize = 256;

impl Root {
    /// The slot of this entry and user, or all its members, living or not.
    pub(super) fn open_all(&self, user: &User, entry: &str) -> rustix::io::Result<Vec<SlotDirectory>> {
        let dir = self.open_own(user, &place(user, entry, None))?;
        match life_of(&dir)? {
            Some(life) => {
                Ok(vec![SlotDirectory { dir, user: user.clone(), entry: entry.to_owned(), member: None, life }])
            }
            None => self.open_members(user, entry, &dir),
        }
    }

    fn open_members(&self, user: &User, entry: &str, dir: &OwnedFd) -> rustix::io::Result<Vec<SlotDirectory>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let found = Dir::read_from(rustix::fs::openat(dir, ".", flags, Mode::empty())?)?;
        let mut members = Vec::new();
        for name in found.take(MAX_MEMBERS + 2) {
            let name = name?;
            let Some(name) = name.file_name().to_str().ok().filter(|name| !name.starts_with('.')) else { continue };
            match self.open_place(user, entry.to_owned(), Some(name.to_owned())) {
                Ok(member) => members.push(member),
                Err(error) if process::tells_nothing_of(user.uid, error) => return Err(error),
                // It was removed meanwhile, or never was a member.
                Err(_) => {}
            }
        }
        Ok(members)
    }

    /// The living members, and the taps, of user `uid`'s slot of this name with this members file, the oldest first.
    pub(crate) fn members(&self, name: &SlotName, uid: u32, group: FileId) -> Result<Vec<SlotDirectory>> {
        let failed = |error| self.error("find the members of", name, error);
        let mut living = Vec::new();
        for user in self.users()?.iter().filter(|user| user.uid == uid) {
            for member in self.slots_at(user, &entry(name)).map_err(failed)? {
                if FileId::at(member.dir.as_fd(), members::NAME) == Ok(group)
                    && let Some(since) = member.living_since().map_err(failed)?
                {
                    living.push((since, member));
                }
            }
        }
        if let Some((_, member)) = living.first() {
            for tap in self.taps_of_the_superuser(member).map_err(failed)? {
                living.extend(tap.living_since().map_err(failed)?.map(|since| (since, tap)));
            }
        }
        living.sort_by_key(|(since, _)| *since);
        Ok(living.into_iter().map(|(_, member)| member).collect())
    }

    /// The superuser's taps, living or not, of the slot of another user of which this is a member. They are in the
    /// superuser's directory.
    pub(super) fn taps_of_the_superuser(&self, member: &SlotDirectory) -> rustix::io::Result<Vec<SlotDirectory>> {
        let group = FileId::at(member.dir.as_fd(), members::NAME);
        let mut taps = Vec::new();
        for user in self.known_users().iter().filter(|user| user.uid == 0 && member.user.uid != 0) {
            let found = self.slots_at(user, &tapped(member.user.uid, &member.entry))?;
            taps.extend(found.into_iter().filter(|tap| FileId::at(tap.dir.as_fd(), members::NAME) == group));
        }
        Ok(taps)
    }

    /// Publishes a tap of the superuser beside `member`, of another user. It is found in the superuser's directory by
    /// its link to that slot's members file, and nothing of it belongs to the other user.
    pub(crate) fn publish_tap(
        &self,
        mut staged: Staged,
        name: &SlotName,
        member: &SlotDirectory,
    ) -> Result<SlotDirectory> {
        let failed = |error| self.error("publish", name, error);
        let Some(staged_as) = staged.entry.clone() else { return Err(Error::Closed) };
        let (user, entry) = (staged.user.clone(), tapped(member.user.uid, &member.entry));
        let made = format!("{TAP}{staged_as}");
        let own = format!("{}/{staged_as}", user.new_slots());
        let readable = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        rustix::fs::linkat(&member.dir, members::NAME, &staged.dir, members::NAME, AtFlags::empty()).map_err(failed)?;
        rustix::fs::chmodat(&self.dir, &own, readable, AtFlags::empty()).map_err(failed)?;
        let all = place(&user, &entry, None);
        for _ in 0..ATTEMPTS {
            let made_all = match rustix::fs::mkdirat(&self.dir, &all, Mode::RWXU) {
                Err(Errno::EXIST) => Ok(()),
                Ok(()) => rustix::fs::chmodat(&self.dir, &all, readable, AtFlags::empty()),
                made_all => made_all,
            };
            match made_all.and_then(|()| rustix::fs::renameat(&self.dir, &own, &self.dir, format!("{all}/{made}"))) {
                // The last of the other taps has ended, and with it the directory.
                Err(Errno::NOENT) => continue,
                published => published.map_err(failed)?,
            }
            staged.entry = None;
            let published = self.open_place(&user, entry, Some(made)).map_err(failed)?;
            members::announce_to(published.dir.as_fd(), member.user.uid).map_err(failed)?;
            return Ok(published);
        }
        Err(failed(Errno::NOENT))
    }

    /// Removes the remains of members whose removal failed: directories that no longer name a life.
    pub(super) fn remove_remains(&self, user: &User, entry: &str) {
        let path = place(user, entry, None);
        let open = |path: &str, access| self.open_below(path, access | OFlags::DIRECTORY);
        let Ok(found) = open(&path, OFlags::RDONLY).and_then(Dir::read_from) else { return };
        for name in found.flatten() {
            let Some(name) = name.file_name().to_str().ok().filter(|name| !name.starts_with('.')) else { continue };
            if let Ok(dir) = open(&format!("{path}/{name}"), OFlags::PATH)
                && life_of(&dir) == Ok(None)
            {
                self.remove(&path, name, dir.as_fd());
            }
        }
    }

    /// Puts a finished slot that may have other members at its place, and announces it to the writers of the others.
    /// When this returns, it can be opened, and every write that begins reaches it.
    pub(crate) fn publish_member(&self, mut staged: Staged, name: &SlotName, tap: bool) -> Result<SlotDirectory> {
        let failed = |error| self.error("publish", name, error);
        let (user, entry) = (staged.user.clone(), entry(name));
        let Some(staged_as) = staged.entry.clone() else { return Err(Error::Closed) };
        let made = if tap { format!("{TAP}{staged_as}") } else { staged_as.clone() };
        let own = format!("{}/{staged_as}", user.new_slots());
        let readable = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        rustix::fs::chmodat(&self.dir, &own, readable, AtFlags::empty()).map_err(failed)?;
        // A separate directory: the slot becomes the first member in it, or it shows others that there is a new member.
        let group = format!("{own}.group");
        rustix::fs::mkdirat(&self.dir, &group, Mode::RWXU).map_err(failed)?;
        let published = rustix::fs::chmodat(&self.dir, &group, readable, AtFlags::empty())
            .map_err(failed)
            .and_then(|()| self.publish_as_member(&staged, name, &own, &made, &group));
        let _ = rustix::fs::unlinkat(&self.dir, &group, AtFlags::REMOVEDIR);
        published?;
        staged.entry = None;
        members::announce(staged.dir.as_fd()).map_err(failed)?;
        self.open_place(&user, entry, Some(made)).map_err(failed)
    }

    fn publish_as_member(&self, staged: &Staged, name: &SlotName, own: &str, made: &str, group: &str) -> Result<()> {
        let failed = |error| self.error("publish", name, error);
        let (user, entry) = (&staged.user, &entry(name));
        let to = place(user, entry, None);
        for _ in 0..ATTEMPTS {
            let found = self.slots_at(user, entry).map_err(failed)?;
            let others: Vec<_> = found.into_iter().filter(|slot| slot.is_living() != Ok(false)).collect();
            if others.len() >= MAX_MEMBERS {
                let expected = format!("of {MAX_MEMBERS} members at most");
                return Err(Error::InvalidOption { option: "sharing", expected });
            }
            let joined = match others.iter().find(|other| !other.is_tap()) {
                Some(other) => {
                    let joined = self.join(staged, other, own, &format!("{to}/{made}"));
                    if joined == Ok(true) {
                        // Programs that wait for slots to appear watch for a directory that is renamed into this one.
                        let told = format!("{}/.{made}", user.slots());
                        let _ = rustix::fs::renameat(&self.dir, group, &self.dir, &told);
                        let _ = rustix::fs::unlinkat(&self.dir, &told, AtFlags::REMOVEDIR);
                    }
                    joined
                }
                None if made.starts_with(TAP) => return Err(Error::NotFound(name.clone())),
                None => {
                    // Everything there is dead: this process has a claim, and no other one lives.
                    self.remove_dead(user, entry);
                    self.begin_group(own, &format!("{group}/{made}"), group, &to)
                }
            };
            if joined.map_err(failed)? {
                return Ok(());
            }
        }
        Err(Error::AlreadyExists(name.clone()))
    }

    /// Publishes the first member, together with the directory of all members. False if the place is taken.
    fn begin_group(&self, own: &str, inside: &str, group: &str, to: &str) -> rustix::io::Result<bool> {
        rustix::fs::renameat(&self.dir, own, &self.dir, inside)?;
        let published = rustix::fs::renameat(&self.dir, group, &self.dir, to);
        if published.is_err() {
            rustix::fs::renameat(&self.dir, inside, &self.dir, own)?;
        }
        match published {
            Ok(()) => Ok(true),
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Publishes a member beside `other`. False if that one was removed meanwhile, or others joined that do not share
    /// its file.
    fn join(&self, staged: &Staged, other: &SlotDirectory, own: &str, to: &str) -> rustix::io::Result<bool> {
        let of = |slot: &SlotDirectory| FileId::at(slot.dir.as_fd(), members::NAME).ok();
        rustix::fs::unlinkat(&staged.dir, members::NAME, AtFlags::empty())?;
        match rustix::fs::linkat(&other.dir, members::NAME, &staged.dir, members::NAME, AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::NOENT) => return members::create(staged.dir.as_fd()).map(|()| false),
            Err(error) => return Err(error),
        }
        let group = FileId::at(staged.dir.as_fd(), members::NAME)?;
        match rustix::fs::renameat(&self.dir, own, &self.dir, to) {
            Ok(()) => {}
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(false),
            Err(error) => return Err(error),
        }
        // The other one may have ended right before, with the directory, and a new slot may be there.
        let found = self.slots_at(&staged.user, &other.entry)?;
        let strange = |slot: &SlotDirectory| !slot.is_tap() && slot.is_living() == Ok(true) && of(slot) != Some(group);
        if found.iter().any(strange) {
            rustix::fs::renameat(&self.dir, to, &self.dir, own)?;
            return Ok(false);
        }
        Ok(true)
    }
}
