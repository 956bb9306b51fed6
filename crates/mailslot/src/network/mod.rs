//! What this library and the network node of the machine say to each other.
//!
//! A *node* is a process that connects this machine's slots with those of other machines: the command `mailslot node`, or
//! any other program that does what follows. It needs no privileges over slots, but programs believe it only if it is of
//! the superuser, of the user who owns the directory that holds the slots, of the one whom [`appoint_node`] names, or of their
//! own user.
//!
//! - Outgoing: the node owns the slot [`SLOT`], open to every local user. [`MailslotWriter::open`] with an address on the
//!   network opens that slot, and each write puts an [`Outgoing`] message into it.
//!   Names of domains that have a transport of their own lead to another slot, which [`routes`] tells.
//! - Incoming: the node opens the slot like any other writer and calls [`MailslotWriter::write_from`], or has an `Inbox` do so. Only slots created
//!   with [`Network::Allowed`] take such messages.
//! - Questions are [requests](crate::MailslotWriter::request), and the answers their replies.
//!
//! [`MailslotWriter::open`]: crate::MailslotWriter::open
//! [`MailslotWriter::write_from`]: crate::MailslotWriter::write_from
//! [`Network::Allowed`]: crate::Network::Allowed
//!
//! # Portability
//!
//! Nobody asks a node on Windows, where the system sends by itself.

#[cfg(unix)]
mod domains;
#[cfg(unix)]
mod inbox;
mod message;
mod retry;
pub mod routes;
mod undecoded;
#[cfg(unix)]
mod writer;

#[cfg(unix)]
pub use inbox::Inbox;
pub use message::{Outgoing, check_legacy, max_message_size};
pub use retry::{Failed, Retry};
pub use undecoded::Undecoded;
#[cfg(unix)]
pub use writer::ask_routes;
#[cfg(unix)]
pub(crate) use writer::{Asking, PATIENCE, Writer, reply};

/// Lets the processes of user `uid` be the network node of this machine, besides those of the superuser: programs believe
/// what these say. It holds for as long as the directory that holds the slots is there.
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

/// The system sends by itself.
#[cfg(windows)]
pub(crate) use crate::sys::Elsewhere as Writer;

/// The slot through which a node gets what is to be sent in the legacy network. It lives as long as a node that is in one.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node";
