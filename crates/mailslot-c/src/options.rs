//! `mailslot_options`.

use bytemuck::{Pod, Zeroable};
use mailslot::{Access, Inheritance, MailslotOptions, Network, Sharing, Taps, WhenFull};

use crate::failure::Failure;
use crate::growing::Growing;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Options {
    size: u64,
    capacity: u64,
    max_message_size: u32,
    access: u32,
    network: u32,
    stamp: u32,
    gid: u32,
    user_count: u32,
    users: [u32; USERS],
    sharing: u32,
    when_full: u32,
    taps: u32,
    inheritable: u32,
}

/// The environment variable by which other processes of a program's user may tap its slots.
const TAPS_VARIABLE: &str = "MAILSLOT_TAPS";

/// `MAILSLOT_OWNER`, `MAILSLOT_EVERYONE`, `MAILSLOT_GROUP`, `MAILSLOT_USERS`.
pub(crate) const OWNER: u32 = 0;
pub(crate) const EVERYONE: u32 = 1;
pub(crate) const GROUP: u32 = 2;
pub(crate) const USERS_ONLY: u32 = 3;
/// `MAILSLOT_MOST_USERS`.
const USERS: usize = 256;

// SAFETY: all members are numbers and an array of them, for which zero is a value.
unsafe impl Zeroable for Options {}
// SAFETY: as above, in the order of C; there is no padding, as the assertion below checks.
unsafe impl Pod for Options {}
const _: () = assert!(size_of::<Options>() == 56 + 4 * USERS);

impl Default for Options {
    /// The defaults, which `NULL` stands for.
    fn default() -> Options {
        Options::zeroed()
    }
}

impl Growing for Options {
    const BAD_SIZE: &'static str = "the size in mailslot_options is not set: begin with MAILSLOT_OPTIONS_INIT";
    const UNKNOWN: &'static str = "mailslot_options asks for something that this version of libmailslot does not know";
}

impl Options {
    pub(crate) fn builder(&self) -> Result<MailslotOptions, Failure> {
        let mut builder = MailslotOptions::new();
        builder.max_message_size(self.max_message_size);
        builder.access(match self.access {
            OWNER => Access::Owner,
            EVERYONE => Access::Everyone,
            GROUP => Access::Group(self.gid),
            USERS_ONLY => {
                let users = usize::try_from(self.user_count).ok().and_then(|count| self.users.get(..count));
                Access::Users(users.ok_or(Failure::Argument("user_count is above MAILSLOT_MOST_USERS"))?.to_vec())
            }
            _ => return Err(Failure::Argument("access is not a value of enum mailslot_access")),
        });
        let allowed = || mailslot::secure_env(TAPS_VARIABLE).is_some_and(|value| value == "allow");
        if flag(self.taps, "taps is neither 0 nor 1")? || allowed() {
            builder.taps(Taps::Allowed);
        }
        if flag(self.sharing, "sharing is not a value of enum mailslot_sharing")? {
            builder.sharing(Sharing::Each);
        }
        if flag(self.when_full, "when_full is not a value of enum mailslot_when_full")? {
            builder.when_full(WhenFull::DropOldest);
        }
        if flag(self.inheritable, "inheritable is neither 0 nor 1")? {
            builder.inheritance(Inheritance::Inherited);
        }
        if flag(self.network, "network is neither 0 nor 1")? {
            builder.network(Network::Allowed);
        }
        builder.stamp(flag(self.stamp, "stamp is neither 0 nor 1")?);
        if self.capacity != 0 {
            builder.capacity(self.capacity);
        }
        Ok(builder)
    }
}

fn flag(value: u32, wrong: &'static str) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        // A later version may know this value.
        _ => Err(Failure::Argument(wrong)),
    }
}
