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
//! | ask whoever reads a slot, and reply | `MailslotWriter::request`, `Message::reply`; on Unix only |
//! | name a slot | [`Address`], [`SlotName`] |
//! | pass a slot to another process | [`Handles`] |
//! | read and write in an async program | `AsyncMailslot`, `AsyncMailslotWriter` (feature `tokio`), or any runtime through `AsFd`; all on Unix only |
//! | see the slots of the machine | [`list`], [`status`] |
//! | deliver messages of a network | [`network`], [`MailslotWriter::write_from`] |
//!
//! The programs in `examples/` show each of them at work.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `tokio` | `AsyncMailslot` and `AsyncMailslotWriter`, on Unix |
//! | `serde` | `Serialize` and `Deserialize` for names, addresses, [`Message`], [`Origin`], [`SlotStatus`], [`Info`], [`Access`] and [`Receipt`], in self-describing formats such as JSON |
//!
//! None is on by default, and none changes what is there without it.
//!
//! # Guarantees
//!
//! - A write that returned success is in the slot, whole, and is read exactly once while the slot lives.
//! - Messages of writers of the owner's own user come in the order of their writes; those of any one writer always do.
//! - A slot lives exactly as long as a handle to it. When its owner ends in whatever way, the name is free and every
//!   writer learns that the slot is gone. Writers may be killed at any instant without harm to others.
//! - Another user's process cannot read, damage or hold up what it did not write.
//!
//! What it does not do: keep messages longer than their slot, or tell a writer when a message has been read. In a modern
//! domain, [`MailslotWriter::write_confirmed`] tells on which computers it got into the slot.
//!
//! # On Windows
//!
//! The slots are those of the system, shared with every program that uses Win32's. What it cannot do, or does not tell,
//! is said at each item under *Portability*; the guarantees are the system's own.
//!
//! # Where slots are
//!
//! On Windows, in the system. On Linux, in `$MAILSLOT_ROOT` if that is set, else in `/run/mailslot` where that exists, also
//! for those that may not write there, else in `/dev/shm`. All processes that are to meet must agree. The page
//! `docs/networks.md` has how to set up `/run/mailslot`.

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
mod error;
mod handles;
mod iter;
mod mailslot;
mod memory;
mod message;
pub mod network;
mod options;
mod reading;
mod receipt;
#[cfg(unix)]
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
#[cfg(unix)]
pub use request::{Replies, ReplyWriter};
#[cfg(unix)]
pub use sys::Progress;
pub use timeout::Timeout;
pub use writer::MailslotWriter;

/// The living slots of this machine, in the order of their names: those of this user, and up to 16,384 of each other one.
///
/// What dead processes of this user have left behind is removed on the way; the superuser removes what those of any user have.
///
/// Slots of several users may bear one name: if one of them was made to look alive, or if their users do not see each other's.
/// [`status`] tells which of them a writer gets.
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

/// What is known about the slot of this machine that `address` names.
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

/// Copies of the next messages of the slot of this machine that `address` names, `max` at most: those that were in it at one moment, in
/// their order. They stay there, and neither its reader nor any writer notices. For programs that look on; the slot's own reader has
/// [`Mailslot::peek`].
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
/// A request shows no place for replies, which are the reader's to give. Messages of other users are seen once the reader has let them in. Where it takes messages out as fast as this looks at them, those
/// are returned that it has left, perhaps none.
///
/// # Errors
///
/// - [`Error::InvalidName`] if `address` is not the name of a slot of this machine
/// - [`Error::NotFound`] if no such slot lives
/// - [`Error::Damaged`] if a process of its user has written into the slot's memory
/// - [`Error::Io`] if the system does not allow it, as for other users' slots (the superuser may look into all), or another version of this
///   library has made the slot
///
/// # Portability
///
/// Always fails on Windows, where only reading tells what is in a mailslot.
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
/// [`Error::Io`] if there is none that this process may use.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn root() -> Result<&'static std::path::Path> {
    sys::root()
}

/// The directories in which slots appear, complete, by a rename, and from which they disappear: one for each user. Whoever
/// watches them, and [`root`] for further users, learns of every slot that comes or goes, except those whose owners are
/// killed.
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

/// A directory below [`root`] that only this process's user can open or change, nor could anybody have put another one in its
/// place. Not for programs: `mailslot-win32` keeps in it what the processes of one user share.
#[cfg(unix)]
#[doc(hidden)]
pub fn own_objects_directory() -> Result<std::os::fd::OwnedFd> {
    sys::own_objects()
}

/// A number for this process that none has which it was forked from, however that was done; it is never 0. For state that a forked
/// child must not take for its own: it may be locked, or in the middle of a change.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn fork_generation() -> u64 {
    sys::fork_generation()
}

/// Whether this program got privileges that whoever started it does not have: it is set-user-ID, set-group-ID, or its file has
/// capabilities (`AT_SECURE`, see getauxval(3)). Then its caller chose the environment and the open descriptors, and they must
/// not lead it anywhere.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn has_raised_privileges() -> bool {
    sys::has_raised_privileges()
}

/// The environment variable `name` if it is set, not empty, and this program has no
/// [raised privileges](has_raised_privileges). Everything that this crate and those around it read from the environment is read
/// with this.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
pub fn secure_env(name: &str) -> Option<std::ffi::OsString> {
    sys::secure_env(name)
}
