//! Access lists, and their meaning for a slot.

use mailslot::Access;

use crate::code::{Code, Result};

/// Rights that include writing messages: `FILE_WRITE_DATA`, `GENERIC_WRITE`, `GENERIC_ALL`.
const WRITE: u32 = 0x2 | 0x4000_0000 | 0x1000_0000;
/// An entry with this flag applies only to objects created below this one, and a slot has none.
const INHERIT_ONLY: u8 = 0x8;

/// A discretionary access list.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Acl {
    pub(crate) entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) mask: u32,
    pub(crate) sid: Sid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Allow,
    Deny,
}

/// A security identifier: `S-1-authority-sub-sub-…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sid {
    pub(crate) authority: u64,
    pub(crate) subs: Vec<u32>,
}

/// The meaning of an identifier on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Every local user.
    Everyone,
    /// The creator or the superuser, who may write in any case.
    Always,
    User(u32),
    Group(u32),
    /// Other machines.
    Network,
    /// Nobody who could reach a slot.
    Nobody,
}

impl Sid {
    pub(crate) fn new(authority: u64, subs: &[u32]) -> Sid {
        Sid { authority, subs: subs.to_vec() }
    }

    fn who(&self) -> Result<Who> {
        match (self.authority, self.subs.as_slice()) {
            // Everyone.
            (1, [0]) => Ok(Who::Everyone),
            // Creator owner and owner rights.
            (3, [0 | 4]) => Ok(Who::Always),
            // Network logons; anonymous ones.
            (5, [2]) => Ok(Who::Network),
            (5, [7]) => Ok(Who::Nobody),
            // Interactive logons, authenticated users, built-in users: every local user is one.
            (5, [4 | 11] | [32, 545]) => Ok(Who::Everyone),
            // Built-in guests.
            (5, [32, 546]) => Ok(Who::Nobody),
            // The system; built-in administrators.
            (5, [18] | [32, 544]) => Ok(Who::Always),
            // Unix users and groups, as Samba writes them.
            (22, [1, 0]) => Ok(Who::Always),
            (22, [1, uid]) => Ok(Who::User(*uid)),
            (22, [2, gid]) => Ok(Who::Group(*gid)),
            _ => Err(Code::NOT_SUPPORTED),
        }
    }
}

/// A descriptor, without auditing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) owner: Option<Sid>,
    pub(crate) group: Option<Sid>,
    /// Bits of the control word that are about the list.
    pub(crate) list_flags: u16,
    pub(crate) acl: Option<Acl>,
}

impl From<Acl> for Description {
    fn from(acl: Acl) -> Description {
        Description { acl: Some(acl), ..Description::default() }
    }
}

/// What a descriptor means for a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permissions {
    pub(crate) access: Access,
    /// Whether other machines may write, as far as the descriptor is concerned.
    pub(crate) network: bool,
}

impl Permissions {
    /// No descriptor, or one without an access list: every user of the machine may write, as on Windows.
    pub(crate) const EVERYONE: Permissions = Permissions { access: Access::Everyone, network: true };
}

impl Acl {
    /// Who may write, in a slot's terms. A list that those cannot express is refused rather than widened or narrowed.
    pub(crate) fn permissions(&self) -> Result<Permissions> {
        let writing = |entry: &&Entry| entry.mask & WRITE != 0 && entry.flags & INHERIT_ONLY == 0;
        let mut everyone = false;
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        let mut denied = false;
        for entry in self.entries.iter().filter(writing) {
            match (entry.kind, entry.sid.who()?) {
                (Kind::Allow, Who::Everyone) => everyone = true,
                (Kind::Allow, Who::User(uid)) => users.push(uid),
                (Kind::Allow, Who::Group(gid)) => groups.push(gid),
                (Kind::Allow, Who::Always | Who::Network | Who::Nobody) | (Kind::Deny, Who::Nobody) => {}
                (Kind::Deny, Who::Network) => denied = true,
                (Kind::Deny, _) => return Err(Code::NOT_SUPPORTED),
            }
        }
        let access = match (everyone, users.is_empty(), groups.as_slice()) {
            (true, _, _) => Access::Everyone,
            (false, true, []) => Access::Owner,
            (false, false, []) => Access::Users(users),
            (false, true, [gid]) => Access::Group(*gid),
            _ => return Err(Code::NOT_SUPPORTED),
        };
        // Network senders have no identity here, so they may write only if everybody may.
        Ok(Permissions { network: everyone && !denied, access })
    }
}
