//! What a platform supplies. This is the only place of the crate that chooses by operating system.
//!
//! | item | is |
//! |---|---|
//! | `Server` | the reading end: `create`, `inherit`, `from_handles`, `name`, `next`, `drain`, `info`, `statistics`, `read_timeout`, `set_read_timeout`, `inheritance`, `handles`, `as_fd` |
//! | `Client` | the writing end of a local slot: `open`, `write`, `write_batch`, `write_in_place`, `max_message_size`, `is_closed` |
//! | `NextMessage` | the next message of a slot, looked at in place: `len`, `origin`, `copy_to`, `with_bytes` |
//! | `list()` | the living slots of this machine |
//! | `computer_name()` | the NetBIOS name of this machine |
//!
//! Closing is dropping.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{Client, NextMessage, Server, computer_name, list};

#[cfg(not(target_os = "linux"))]
compile_error!("the mailslot crate supports Linux only so far");

/// What becomes of a message that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is taken out.
    Take,
    /// It stays the next one.
    Keep,
}
