//! `mailslot_options`.

use bytemuck::{Pod, Zeroable};
use mailslot::{Access, MailslotOptions, Taps};

use crate::failure::Failure;
use crate::growing::Growing;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Options {
    size: u64,
    capacity: u64,
    max_message_size: u32,
    access: u32,
}

/// Lets other processes of its user tap the slots of a program.
const TAPS_VARIABLE: &str = "MAILSLOT_TAPS";

/// `MAILSLOT_OWNER`, `MAILSLOT_EVERYONE`.
const OWNER: u32 = 0;
const EVERYONE: u32 = 1;

// SAFETY: all members are numbers, for which zero is a value.
unsafe impl Zeroable for Options {}
// SAFETY: as above, in the order of C; there is no padding, as the assertion below checks.
unsafe impl Pod for Options {}
const _: () = assert!(size_of::<Options>() == 24);

impl Growing for Options {
    const BAD_SIZE: &'static str = "the size in mailslot_options is not set: begin with MAILSLOT_OPTIONS_INIT";
    const UNKNOWN: &'static str = "mailslot_options asks for something that this version of libmailslot does not know";
}

impl Options {
    pub(crate) fn builder(self) -> Result<MailslotOptions, Failure> {
        let mut builder = MailslotOptions::new();
        builder.max_message_size(self.max_message_size);
        builder.access(match self.access {
            OWNER => Access::Owner,
            EVERYONE => Access::Everyone,
            _ => return Err(Failure::Argument("access is neither MAILSLOT_OWNER nor MAILSLOT_EVERYONE")),
        });
        if mailslot::secure_env(TAPS_VARIABLE).is_some_and(|value| value == "allow") {
            builder.taps(Taps::Allowed);
        }
        if self.capacity != 0 {
            builder.capacity(self.capacity);
        }
        Ok(builder)
    }
}
