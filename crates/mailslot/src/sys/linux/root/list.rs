//! Listing the slots of the machine, and the status of one of them.

use std::os::fd::AsFd;

use rustix::fs::{Dir, DirEntry, OFlags};

use super::super::label::Label;
use super::super::life::Since;
use super::super::process;
use super::super::queue;
use super::users::User;
use super::{Root, SlotDirectory};
use crate::error::{Error, Result};
use crate::message::SlotStatus;
use mailslot_names::SlotName;

/// The most slots of another user that are listed, so that no user can make this slow for all others.
const MAX_SLOTS_OF_USER: usize = 16 << 10;

/// The living slot of this name.
pub(crate) fn status(name: &SlotName) -> Result<SlotStatus> {
    let root = Root::get()?;
    let failed = |error| root.error("read the label of", name, error);
    let slot = root.find(name)?.ok_or_else(|| Error::NotFound(name.clone()))?;
    let mut living = Vec::new();
    for slot in root.slots_at(&slot.user, &slot.entry).map_err(failed)? {
        living.extend(slot.living_since().map_err(failed)?.map(|since| (since, slot)));
    }
    status_of(root, living).map_err(failed)?.ok_or_else(|| Error::NotFound(name.clone()))
}

/// The living slots, after removing those that dead processes of this user left behind; the superuser removes all
/// users'.
pub(crate) fn list() -> Result<Vec<SlotStatus>> {
    let root = Root::get()?;
    let uid = process::uid();
    let failed = |error| Error::io(format!("read the directory {}", root.path), error);
    let mut slots = Vec::new();
    for user in root.users()?.iter() {
        for entry in root.entries(user).map_err(failed)? {
            let found = match root.open_all(user, &entry) {
                // A list that lacks slots would mean that they are gone.
                Err(error) if process::tells_nothing_of(user.uid, error) => return Err(failed(error)),
                Err(_) => continue,
                Ok(found) => found,
            };
            let mut living = Vec::new();
            let mut dead = found.is_empty();
            for slot in found {
                match slot.living_since() {
                    Ok(Some(since)) => living.push((since, slot)),
                    Ok(None) => dead = true,
                    Err(error) if process::tells_nothing_of(user.uid, error) => return Err(failed(error)),
                    Err(_) => {}
                }
            }
            if dead && (user.uid == uid || uid == 0) {
                root.remove_dead(user, &entry);
            }
            slots.extend(status_of(root, living).map_err(failed)?);
        }
    }
    slots.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(slots)
}

impl Root {
    /// The names of the entries in a user's directory of slots. Empty for a directory that this user may not read.
    pub(super) fn entries(&self, user: &User) -> rustix::io::Result<Vec<String>> {
        let read = || Dir::read_from(self.open_below(&user.slots(), OFlags::RDONLY | OFlags::DIRECTORY)?);
        let most = if user.uid == process::uid() { usize::MAX } else { MAX_SLOTS_OF_USER };
        let names = read().and_then(|found| {
            let name = |entry: DirEntry| entry.file_name().to_str().ok().map(str::to_owned);
            let names = found.filter_map(|entry| entry.map(name).transpose());
            names.filter(|name| !name.as_ref().is_ok_and(|name| name.starts_with('.'))).take(most).collect()
        });
        match names {
            Err(error) if !process::tells_nothing_of(user.uid, error) => Ok(Vec::new()),
            names => names,
        }
    }
}

/// The status of the slot that has these members and taps: that of the oldest member, and their numbers.
fn status_of(root: &Root, slots: Vec<(Since, SlotDirectory)>) -> rustix::io::Result<Option<SlotStatus>> {
    let (taps, members): (Vec<_>, Vec<_>) = slots.into_iter().partition(|(_, slot)| slot.is_tap());
    let Some((_, slot)) = members.iter().min_by_key(|(since, _)| *since) else { return Ok(None) };
    let Some(label) = Label::read(slot.dir.as_fd(), slot.user.uid)? else { return Ok(None) };
    let outside = if slot.is_member() { root.taps_of_the_superuser(slot)? } else { Vec::new() };
    let outside = outside.iter().filter(|tap| tap.is_living() == Ok(true)).count();
    Ok(Some(SlotStatus {
        pid: Some(label.pid),
        uid: Some(slot.user.uid),
        access: Some(label.access),
        network: Some(label.network),
        max_message_size: Some(label.max_message_size),
        capacity: Some(label.capacity),
        created: Some(label.created),
        members: members.len(),
        taps: taps.len() + outside,
        info: queue::info(slot.dir.as_fd()),
        name: label.name,
    }))
}
