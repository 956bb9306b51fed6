//! The interface between this library and the network node of the machine.
//!
//! A *node* is a process that connects this machine's slots with those of other machines: the command `mailslot node`,
//! or any other program that does what follows. It needs no privileges over slots, but programs trust it only if its
//! user is the superuser, the owner of the directory that holds the slots, the user whom [`appoint_node`] names, or
//! their own user.
//!
//! - Outgoing: the node owns the slot [`SLOT`], open to every local user. [`MailslotWriter::open`] with an address on
//!   the network opens that slot, and each write puts an [`Outgoing`] message into it. Names of domains with a separate
//!   transport lead to another slot, which [`routes`] returns.
//! - Incoming: the node opens the slot like any other writer and calls [`MailslotWriter::write_from`], or uses an
//!   [`Inbox`]. Only slots created with [`Network::Allowed`] accept such messages.
//! - Questions to the node are [requests](crate::MailslotWriter::request), and its answers are the replies.
//!
//! [`MailslotWriter::open`]: crate::MailslotWriter::open
//! [`MailslotWriter::write_from`]: crate::MailslotWriter::write_from
//! [`Network::Allowed`]: crate::Network::Allowed
//!
//! # Portability
//!
//! On Windows a node takes part in modern domains only, and the system itself sends everything else. There is no
//! `Network::Allowed` for a slot there: the node's settings say which slots it writes to. Programs trust a node of the
//! system, of an administrator, or of their own user.

mod domains;
mod inbox;
mod message;
mod retry;
pub mod routes;
mod undecoded;
#[cfg(windows)]
mod windows;
mod writer;

pub use domains::has_domain_file;
pub use inbox::Inbox;
pub use message::{Outgoing, check_legacy, max_message_size};
pub use retry::{Failed, Retry};
pub use undecoded::Undecoded;
#[cfg(unix)]
pub(crate) use writer::Writer;
pub use writer::ask_routes;
pub(crate) use writer::{Asking, PATIENCE, reply};

/// Appoints the user `uid`: programs then trust its processes, like the superuser's, as the network node of this
/// machine. This holds as long as the directory that holds the slots exists.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) if this process is not the superuser's.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn appoint_node(uid: u32) -> crate::Result<()> {
    crate::sys::appoint_node(uid)
}

#[cfg(windows)]
pub(crate) use windows::Writer;

/// The slot in which a node receives the messages for the legacy network. It exists while a node in that network runs.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node";
