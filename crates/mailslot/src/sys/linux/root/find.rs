//! Finding the slot of a name that a writer gets, if several users have one.
//!
//! Names are free, as on Windows: the first user who takes one has it. No lock could decide who was first, as in a
//! directory of all users there is no file that all of them trust. They trust the kernel, which reports for each
//! [claim](super::claim) since when it has existed, and whether it lives; one that has ended never lives again. So
//! among the living slots of one name, the one with the oldest claim existed, and lived, when all others were made, and
//! it alone counts. A slot of the writer's user takes precedence: a user who could make one could do to this process
//! whatever the slot could.
//!
//! Names below `mailslot\` are reserved for the network node and for programs that ask it. For these, being first does
//! not count: a slot counts if it is the superuser's, the root owner's, or that of the user whom the superuser has
//! appointed by a directory `roles/node` of that user in the superuser's directory; after those, if it is the asker's.

use std::os::fd::AsFd;

use rustix::fs::AtFlags;

use super::super::life::Since;
use super::super::process;
use super::super::queue::RING;
use super::entry::entry;
use super::rule::{Rank, Rule};
use super::users::User;
use super::{FileId, Root, SlotDirectory};
use crate::error::{Error, Result};
use mailslot_names::SlotName;

/// The prefix of reserved names, in the folded form in which names are compared.
const RESERVED: &str = r"MAILSLOT\";

impl Root {
    /// The living slot of this name that this process's writers get.
    pub(crate) fn find(&self, name: &SlotName) -> Result<Option<SlotDirectory>> {
        let failed = |error| self.error("find", name, error);
        let mut found: Option<(Rank, Since, SlotDirectory)> = None;
        let rule = self.rule(name)?;
        for user in self.users()?.iter() {
            let Some(rank) = rule.rank(user.uid) else { continue };
            let Some((since, slot)) = self.living_slot(user, name).map_err(failed)? else { continue };
            if found.as_ref().is_none_or(|(best, first, _)| (rank, since) < (*best, *first)) {
                found = Some((rank, since, slot));
            }
        }
        Ok(found.map(|(.., slot)| slot))
    }

    /// The living slot of this name that belongs to user `uid`.
    pub(crate) fn find_of(&self, name: &SlotName, uid: u32) -> Result<Option<SlotDirectory>> {
        let failed = |error| self.error("find", name, error);
        for user in self.users()?.iter().filter(|user| user.uid == uid) {
            if let Some((_, slot)) = self.living_slot(user, name).map_err(failed)? {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// This user's slot of this name whose ring is the file `ring`.
    pub(crate) fn find_ring(&self, name: &SlotName, ring: FileId) -> Result<Option<SlotDirectory>> {
        let failed = |error| self.error("find", name, error);
        for user in self.users()?.iter().filter(|user| user.uid == process::uid()) {
            if let Some(slot) = self.with_file_of(user, &entry(name), RING, ring).map_err(failed)? {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// This user's slot in which the file called `file` is the one with this id.
    pub(crate) fn find_own(&self, file: &str, id: FileId) -> Result<Option<SlotDirectory>> {
        let failed = |error| Error::io(format!("read the directory {}", self.path), error);
        for user in self.users()?.iter().filter(|user| user.uid == process::uid()) {
            for entry in self.entries(user).map_err(failed)? {
                if let Some(slot) = self.with_file_of(user, &entry, file, id).map_err(failed)? {
                    return Ok(Some(slot));
                }
            }
        }
        Ok(None)
    }

    /// Whether slots of this name are reserved for the node, so that only those of some users count.
    pub(crate) fn is_reserved(name: &SlotName) -> bool {
        name.folded().starts_with(RESERVED) || name.folded() == RESERVED.trim_end_matches('\\')
    }

    /// A user's living slot, and since when it has lived; for a slot with members, the oldest one.
    fn living_slot(&self, user: &User, name: &SlotName) -> rustix::io::Result<Option<(Since, SlotDirectory)>> {
        let mut oldest: Option<(Since, SlotDirectory)> = None;
        for slot in self.slots_at(user, &entry(name))?.into_iter().filter(|slot| !slot.is_tap()) {
            let since = slot.living_since()?.filter(|since| oldest.as_ref().is_none_or(|(first, _)| since < first));
            oldest = since.map(|since| (since, slot)).or(oldest);
        }
        Ok(oldest)
    }

    /// This user's slot of this entry, or its member, in which the file called `file` is the one with this id.
    fn with_file_of(
        &self,
        user: &User,
        entry: &str,
        file: &str,
        id: FileId,
    ) -> rustix::io::Result<Option<SlotDirectory>> {
        for slot in self.slots_at(user, entry)? {
            if let Some(slot) = with_file(Ok(slot), file, id)? {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// The slot, or its members. Fails if that cannot be determined.
    pub(super) fn slots_at(&self, user: &User, entry: &str) -> rustix::io::Result<Vec<SlotDirectory>> {
        match self.open_all(user, entry) {
            Err(error) if process::tells_nothing_of(user.uid, error) => Err(error),
            // Anything else that another user has put there is not a slot.
            found => Ok(found.unwrap_or_default()),
        }
    }

    /// The users whose slots of this name count for this process.
    pub(super) fn rule(&self, name: &SlotName) -> Result<Rule> {
        let own = process::uid();
        if !Root::is_reserved(name) {
            return Ok(Rule::All { own });
        }
        let owner = rustix::fs::fstat(&self.dir).map_err(|error| self.error("find", name, error))?.st_uid;
        let trusted = [0, owner].into_iter().chain(self.node_user()?).collect();
        Ok(Rule::Reserved { trusted, own })
    }

    /// The user whom the superuser has appointed as the node.
    fn node_user(&self) -> Result<Option<u32>> {
        let users = self.users()?;
        let named = |user: &User| {
            rustix::fs::statat(&self.dir, user.node(), AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| stat.st_uid)
        };
        Ok(users.iter().filter(|user| user.uid == 0).find_map(named))
    }
}

/// A slot of this user, if it exists and the file called `file` in it is the one with this id.
pub(super) fn with_file(
    slot: rustix::io::Result<SlotDirectory>,
    file: &str,
    id: FileId,
) -> rustix::io::Result<Option<SlotDirectory>> {
    match slot.and_then(|slot| FileId::at(slot.dir.as_fd(), file).map(|found| (found == id).then_some(slot))) {
        Err(error) if process::tells_nothing_of(process::uid(), error) => Err(error),
        Err(_) => Ok(None),
        found => found,
    }
}
