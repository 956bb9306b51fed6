//! Mailslots: named one-to-many message queues with the semantics of Win32, on Linux and on Windows.
//!
//! A *mailslot* is a pseudo-file in memory. One process of a machine creates it and reads; any process that knows the
//! name writes whole messages into it. Writing needs no connection and no acknowledgement, and messages keep their
//! boundaries.
//!
//! ```
//! use mailslot::{Mailslot, MailslotWriter};
//!
//! # let name = format!("doc-lib-{}", std::process::id());
//! let slot = Mailslot::create(&name)?; // here, or in another process:
//! let writer = MailslotWriter::open(&name)?;
//! writer.write(b"door 2 opened")?;
//! writer.write(b"door 2 closed")?;
//!
//! assert_eq!(slot.receive()?.data, b"door 2 opened");
//! assert_eq!(slot.receive()?.data, b"door 2 closed");
//! # Ok::<(), mailslot::Error>(())
//! ```
//!
//! # Which type for which job
//!
//! | to | use |
//! |---|---|
//! | create a slot and read | [`Mailslot`], [`MailslotOptions`] |
//! | write | [`MailslotWriter`] |
//! | send a request, and reply to one | [`MailslotWriter::request`], [`Message::reply`]; on Windows only to the node |
//! | name a slot | [`Address`], [`SlotName`] |
//! | pass a slot to another process | [`Handles`] |
//! | read and write in an async program | `AsyncMailslot`, `AsyncMailslotWriter` (feature `tokio`), or any runtime through `AsFd`; all on Unix only |
//! | see the slots of the machine | [`list`], [`status`] |
//! | deliver messages of a network | [`network`], [`MailslotWriter::write_from`] |
//!
//! The programs in `examples/` show each of them in use.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `tokio` | `AsyncMailslot` and `AsyncMailslotWriter`, on Unix |
//! | `serde` | `Serialize` and `Deserialize` for names, addresses, [`Message`], [`Origin`], [`SlotStatus`], [`Info`], [`Access`] and [`Receipt`], in self-describing formats such as JSON |
//!
//! None is enabled by default, and none changes the rest of the crate.
//!
//! # Guarantees
//!
//! - A write that returned success is in the slot, whole, and is read exactly once while the slot lives.
//! - Messages of same-user writers arrive in the order of their writes; those of any single writer always do.
//! - A slot lives exactly as long as a handle to it. However its owner ends, the name becomes free and every writer
//!   learns that the slot is closed. Writers may be killed at any instant without harm to others.
//! - Another user's process cannot read, damage or hold up what it did not write.
//!
//! A slot does not keep messages after its end, and does not report when a message has been read. In a modern domain,
//! [`MailslotWriter::write_confirmed`] reports on which computers the message got into the slot.
//!
//! # On Windows
//!
//! The slots are those of the system, shared with every program that uses the Win32 API. Each item says under
//! *Portability* what Windows does not support or report. The guarantees are those of Windows.
//!
//! # Where slots are
//!
//! On Windows, in the system. On Linux, in `$MAILSLOT_ROOT` if that is set, else in `/run/mailslot` if that exists
//! (also for users who may not write there), else in `/dev/shm`. All processes that exchange messages must use the same
//! one. `docs/networks.md` describes how to set up `/run/mailslot`.

#![warn(missing_docs)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod access;
mod address;
#[cfg(all(feature = "tokio", unix))]
mod asynchronous;
#[cfg(all(feature = "tokio", unix))]
mod asynchronous_writer;
mod code;
mod error;
mod handles;
mod iter;
mod mailslot;
mod memory;
mod message;
pub mod network;
mod network_writer;
mod options;
mod reading;
mod receipt;
mod request;
#[cfg(feature = "serde")]
mod serialization;
mod sync;
mod sys;
mod timeout;
#[cfg(unix)]
mod unix_writer;
mod writer;

pub use address::Address;
#[cfg(all(feature = "tokio", unix))]
pub use asynchronous::{AsyncMailslot, Messages};
#[cfg(all(feature = "tokio", unix))]
pub use asynchronous_writer::AsyncMailslotWriter;
pub use error::{Error, Operation, Result};
pub use handles::Handles;
pub use iter::Iter;
pub use mailslot::Mailslot;
pub use mailslot_names::{InvalidName, NameError, NetbiosName, Quoted, SlotName};
pub use message::{Envelope, Info, Message, NetworkOrigin, Origin, ReplyTo, SlotStatus, Statistics};
pub use options::{Access, Inheritance, MailslotOptions, Network, Sharing, Taps, WhenFull};
pub use receipt::{Outcome, Receipt};
pub use request::{Replies, ReplyWriter};
#[cfg(unix)]
pub use sys::Progress;
pub use timeout::Timeout;
pub use writer::MailslotWriter;

/// The living slots of this machine, sorted by name: all those of this user, and up to 16,384 of each other user.
///
/// This also removes what dead processes of this user have left behind; for the superuser, that of all users.
///
/// Slots of several users can have the same name: if one of them was made to look alive, or if their users do not see
/// each other's. [`status`] shows which of them a writer gets.
///
/// # Errors
///
/// [`Error::Io`] if the directory that holds the slots cannot be read.
///
/// # Portability
///
/// Always fails on Windows, which documents no way to list mailslots.
pub fn list() -> Result<Vec<SlotStatus>> {
    sys::list()
}

/// The status of the slot of this machine that `address` names.
///
/// ```
/// # let name = format!("doc-status-{}", std::process::id());
/// let slot = mailslot::MailslotOptions::new().max_message_size(424).create(&name)?;
/// assert_eq!(mailslot::status(&name)?.max_message_size, Some(424));
/// assert_eq!(&mailslot::status(slot.name())?.name, slot.name());
/// # Ok::<(), mailslot::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::InvalidName`] if `address` is not the name of a slot of this machine
/// - [`Error::NotFound`] if no such slot lives
/// - [`Error::NotAllowed`] on Windows, if this user may not open it
/// - [`Error::Io`] if the system refuses something else
pub fn status<A>(address: A) -> Result<SlotStatus>
where
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    sys::status(&here(address)?)
}

/// The slot of this machine that an address names.
fn here<A>(address: A) -> Result<SlotName>
where
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    let not_here =
        |elsewhere: Address| Error::invalid_name(&elsewhere.to_string(), NameError::NotThisMachine, Operation::Open);
    address.try_into().map_err(Into::into)?.into_slot().map_err(not_here)
}

/// Copies of the next messages of the slot of this machine that `address` names, at most `max`: those that were in it
/// at one moment, in their order. They stay in the slot, and neither its reader nor any writer notices. For monitoring
/// programs; the slot's reader uses [`Mailslot::peek`].
///
/// ```
/// # use mailslot::{Mailslot, MailslotWriter};
/// # let name = format!("doc-peek-at-{}", std::process::id());
/// let slot = Mailslot::create(&name)?;
/// MailslotWriter::open(&name)?.write_batch(&["one", "two", "three"])?;
/// let next = mailslot::peek(&name, 2)?;
/// assert_eq!([&next[0].data[..], &next[1].data[..]], [b"one", b"two"]);
/// assert_eq!(slot.receive()?, next[0]);
/// # Ok::<(), mailslot::Error>(())
/// ```
///
/// A copy of a request has no address for replies, as only the reader may reply. Messages of other users are included
/// once the reader has accepted them. If the reader takes messages out as fast as this copies them, only those it has
/// left are returned, perhaps none.
///
/// # Errors
///
/// - [`Error::InvalidName`] if `address` is not the name of a slot of this machine
/// - [`Error::NotFound`] if no such slot lives
/// - [`Error::Damaged`] if a process of its user has written into the slot's memory
/// - [`Error::Io`] if the system does not allow it, as for other users' slots (the superuser may peek into all), or if
///   another version of this library has made the slot
///
/// # Portability
///
/// Always fails on Windows, where the messages in a mailslot can only be seen by reading them.
pub fn peek<A>(address: A, max: usize) -> Result<Vec<Message>>
where
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    sys::peek(&here(address)?, max)
}

/// The directory that holds the slots.
///
/// # Errors
///
/// [`Error::Io`] if there is no directory that this process may use.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn root() -> Result<&'static std::path::Path> {
    sys::root()
}

/// The directories, one for each user, in which slots appear, complete, by a rename, and from which they disappear. A
/// program that watches them, and [`root`] for further users, learns of every slot that is created or closed, except
/// those whose owners are killed.
///
/// # Errors
///
/// [`Error::Io`] if the directory that holds the slots cannot be read.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn slot_directories() -> Result<Vec<std::path::PathBuf>> {
    sys::slot_directories()
}

/// A directory below [`root`] that only this process's user can open or change, and that nobody else can have replaced.
/// Not for programs: `mailslot-win32` keeps in it what the processes of one user share.
#[cfg(unix)]
#[doc(hidden)]
pub fn own_objects_directory() -> Result<std::os::fd::OwnedFd> {
    sys::own_objects()
}

/// A number that differs between this process and every process that it was forked from, by whatever call; never 0. For
/// state that a forked child must not use as its own: it may be locked, or in the middle of a change.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn fork_generation() -> u64 {
    sys::fork_generation()
}

/// Whether this program has privileges that its caller does not have: it is set-user-ID or set-group-ID, or its file
/// has capabilities (`AT_SECURE`, see getauxval(3)). Then its caller chose the environment and the open descriptors,
/// and the program must not trust them.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn has_raised_privileges() -> bool {
    sys::has_raised_privileges()
}

/// The environment variable `name` if it is set, not empty, and this program has no
/// [raised privileges](has_raised_privileges). This crate and those around it read the environment only through this
/// function.
///
/// # Portability
///
/// No program of Windows has such privileges.
pub fn secure_env(name: &str) -> Option<std::ffi::OsString> {
    sys::secure_env(name)
}
