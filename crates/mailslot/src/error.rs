//! Everything that can go wrong, with the Win32 code of each error.

use core::fmt;
use std::io;
use std::time::Duration;

use mailslot_names::{InvalidName, NameError, Quoted, SlotName};

use crate::address::Address;
use crate::code;
use crate::receipt::Outcome;
use crate::sys;

/// The result of everything in this crate.
pub type Result<T> = core::result::Result<T, Error>;

/// An error of a mailslot. [`Error::win32_code`] returns the code that Win32 has for it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a mailslot's name.
    InvalidName {
        /// The text.
        name: String,
        /// Why it is invalid.
        reason: NameError,
        /// The operation that the name was given for: the Win32 code depends on it.
        operation: Operation,
    },
    /// A slot of this name already lives on this machine.
    AlreadyExists(SlotName),
    /// No slot of this name lives on this machine.
    NotFound(SlotName),
    /// The slot's owner does not let this user write.
    NotAllowed(SlotName),
    /// The message is larger than the slot accepts.
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// The most bytes that the slot accepts.
        limit: usize,
    },
    /// The message is larger than can be sent over the network to a slot of this name.
    TooLargeForNetwork {
        /// Bytes of the message.
        size: usize,
        /// Bytes that can be sent: in the legacy network the smaller of 424 and 432 less the length of the slot's name,
        /// rounded up to a multiple of 4; in a modern domain what its node accepts.
        limit: usize,
    },
    /// The slot's unread messages leave no room for this one. Nothing was written.
    Full {
        /// The slot's capacity in bytes, if the writer can know it.
        capacity: Option<u64>,
    },
    /// The slot is another user's, so this user can neither read nor tap it.
    NotOwner(SlotName),
    /// The slot's creator does not allow taps.
    NoTaps(SlotName),
    /// Not all members of the slot have the message; those that have it keep it, and get it twice if it is simply
    /// written again.
    Partial {
        /// How many members have it.
        delivered: usize,
        /// How many members should have it.
        members: usize,
        /// The error at the first of the others.
        source: Box<Error>,
    },
    /// The slot is gone: its last owner closed it or died. A slot created later under the same name is a different
    /// slot.
    Closed,
    /// No message arrived in time, or no room became free in time.
    TimedOut,
    /// The buffer is smaller than the next message, which stays in the slot.
    BufferTooSmall {
        /// Bytes of the message.
        size: usize,
        /// Bytes of the buffer.
        buffer: usize,
    },
    /// The address is on the network, and no network node runs on this machine.
    NoNetworkNode(Address),
    /// The network node knows neither a computer nor a domain of this name, and is in no legacy network.
    NotOnNetwork(Address),
    /// The address is that of a modern domain which has a file on this machine, and no network node is a member of it.
    /// A message for a domain is not sent in another network.
    DomainNotOpen(Address),
    /// The network that the address is in reports neither receivers nor what became of a message.
    NetworkDoesNotTell(Address),
    /// The address is in a network where nothing proves who replies to a request.
    RequestElsewhere(Address),
    /// A computer that was asked does not accept the request.
    Undelivered {
        /// The computer.
        computer: String,
        /// The outcome of the request there.
        outcome: Outcome,
    },
    /// The message does not ask for a reply.
    NotARequest,
    /// The network node of this machine did not answer in time.
    NodeSilent,
    /// The network node of this machine refused the request or could not fulfil it; the text says why.
    NodeRefused(String),
    /// The address is on the network, and Windows has remote mailslots switched off, as is the default since Windows 11
    /// 24H2 and Server 2025.
    RemoteMailslotsOff(Address),
    /// The system has no memory for the message: on Linux, usually the file system that holds the slots is full.
    OutOfMemory,
    /// This process has no memory for the message, usually because of a limit. A message that was to be read stays in
    /// the slot.
    NotEnoughMemory {
        /// Bytes that were requested.
        size: usize,
    },
    /// The shared memory of the slot holds bytes that this library never writes.
    Damaged,
    /// Another process has been in the middle of a write, or of a read of a slot that processes share, for so long that
    /// it must have been stopped. Calls with a timeout go on waiting instead.
    Stalled(Duration),
    /// A write from inside a `write_in_place` of the same thread.
    Nested,
    /// The process is a fork of the owner, and the slot was not made inheritable.
    NotInherited,
    /// An option has an invalid value.
    InvalidOption {
        /// The option.
        option: &'static str,
        /// The values that are valid.
        expected: String,
    },
    /// Text or descriptors that were given as the handles of a slot are not.
    InvalidInheritance(String),
    /// The operating system refused something.
    Io {
        /// The action that failed, and its object.
        action: String,
        /// The system's error.
        source: io::Error,
    },
}

/// The operation that a name was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Creating a slot.
    Create,
    /// Opening a slot for writing.
    Open,
}

impl Error {
    /// The code that Win32 reports for this error: what `GetLastError` would return.
    ///
    /// # Portability
    ///
    /// On Windows it is the code that the system returned, if the error is the system's.
    ///
    /// # Sources
    ///
    /// Win32 *System Error Codes*; `CreateMailslot`, `CreateFile`, `ReadFile`, `WriteFile`.
    pub fn win32_code(&self) -> u32 {
        match self {
            Error::InvalidName { reason, operation, .. } => win32_code(reason, *operation),
            Error::AlreadyExists(_) => code::ALREADY_EXISTS,
            Error::NotFound(_) => code::FILE_NOT_FOUND,
            Error::NotAllowed(_) | Error::NotOwner(_) | Error::NoTaps(_) => code::ACCESS_DENIED,
            Error::Partial { source, .. } => source.win32_code(),
            Error::TooLarge { .. } | Error::InvalidOption { .. } | Error::NotARequest => code::INVALID_PARAMETER,
            Error::TooLargeForNetwork { .. } => code::BAD_NETPATH,
            Error::Full { .. } | Error::OutOfMemory => code::NO_SYSTEM_RESOURCES,
            Error::NotEnoughMemory { .. } => code::NOT_ENOUGH_MEMORY,
            Error::Closed => code::HANDLE_EOF,
            Error::TimedOut => code::SEM_TIMEOUT,
            Error::BufferTooSmall { .. } => code::INSUFFICIENT_BUFFER,
            Error::NoNetworkNode(_) | Error::DomainNotOpen(_) | Error::RemoteMailslotsOff(_) => {
                code::REMOTE_MAILSLOTS_DEPRECATED
            }
            Error::NotOnNetwork(_) => code::BAD_NETPATH,
            Error::NetworkDoesNotTell(_) | Error::RequestElsewhere(_) => code::NOT_SUPPORTED,
            Error::NodeSilent => code::SEM_TIMEOUT,
            Error::Undelivered { outcome, .. } => match outcome {
                Outcome::NoSlot => code::FILE_NOT_FOUND,
                Outcome::Full => code::NO_SYSTEM_RESOURCES,
                Outcome::TooLarge => code::INVALID_PARAMETER,
                Outcome::Silent => code::SEM_TIMEOUT,
                _ => code::ACCESS_DENIED,
            },
            Error::NodeRefused(_) => code::GEN_FAILURE,
            Error::NotInherited | Error::InvalidInheritance(_) => code::INVALID_HANDLE,
            Error::Damaged | Error::Stalled(_) | Error::Nested => code::GEN_FAILURE,
            Error::Io { source, .. } => sys::win32_code(source),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Error::InvalidName { .. } | Error::InvalidOption { .. } | Error::InvalidInheritance(_) => {
                io::ErrorKind::InvalidInput
            }
            Error::TooLarge { .. }
            | Error::TooLargeForNetwork { .. }
            | Error::BufferTooSmall { .. }
            | Error::NotARequest => io::ErrorKind::InvalidInput,
            Error::AlreadyExists(_) => io::ErrorKind::AlreadyExists,
            Error::NotFound(_) => io::ErrorKind::NotFound,
            Error::NotAllowed(_) | Error::NotOwner(_) | Error::NoTaps(_) | Error::NotInherited => {
                io::ErrorKind::PermissionDenied
            }
            Error::Full { .. } => io::ErrorKind::WouldBlock,
            Error::Closed => io::ErrorKind::BrokenPipe,
            Error::TimedOut | Error::NodeSilent => io::ErrorKind::TimedOut,
            Error::NoNetworkNode(_) | Error::DomainNotOpen(_) | Error::RemoteMailslotsOff(_) => {
                io::ErrorKind::NetworkDown
            }
            Error::NotOnNetwork(_) => io::ErrorKind::HostUnreachable,
            Error::Undelivered { outcome, .. } => match outcome {
                Outcome::NoSlot => io::ErrorKind::NotFound,
                Outcome::Full => io::ErrorKind::WouldBlock,
                Outcome::TooLarge => io::ErrorKind::InvalidInput,
                Outcome::Silent => io::ErrorKind::TimedOut,
                _ => io::ErrorKind::PermissionDenied,
            },
            Error::NetworkDoesNotTell(_) | Error::RequestElsewhere(_) => io::ErrorKind::Unsupported,
            // The kind of the source, usually `WouldBlock`, would make programs write the message again.
            Error::Partial { .. } => io::ErrorKind::WriteZero,
            Error::NodeRefused(_) => io::ErrorKind::Other,
            Error::OutOfMemory | Error::NotEnoughMemory { .. } => io::ErrorKind::OutOfMemory,
            Error::Damaged => io::ErrorKind::InvalidData,
            Error::Stalled(_) => io::ErrorKind::ResourceBusy,
            Error::Nested => io::ErrorKind::Deadlock,
            Error::Io { source, .. } => source.kind(),
        }
    }

    pub(crate) fn invalid_name(name: &str, reason: NameError, operation: Operation) -> Error {
        Error::InvalidName { name: name.to_owned(), reason, operation }
    }

    pub(crate) fn io(action: impl Into<String>, source: impl Into<io::Error>) -> Error {
        Error::Io { action: action.into(), source: source.into() }
    }

    /// The versions of the other side, `found`, and of this library, `own`, are incompatible: reports which side is
    /// older.
    #[cfg(unix)]
    pub(crate) fn other_version(action: String, found: u64, own: u64) -> Error {
        let (owner, remedy) = if found > own {
            ("a newer", "rebuild this program with the newer version")
        } else {
            ("an older", "restart the slot's owner with the version of this program")
        };
        let why = format!("its owner has {owner} version of mailslot than this program: {remedy}");
        Error::io(action, io::Error::new(io::ErrorKind::Unsupported, why))
    }
}

fn win32_code(reason: &NameError, operation: Operation) -> u32 {
    match (reason, operation) {
        (NameError::Empty | NameError::UnknownDevice { .. }, _) => code::PATH_NOT_FOUND,
        (NameError::TooLong { .. }, _) => code::FILENAME_EXCED_RANGE,
        (NameError::NoPrefix, Operation::Open) => code::PATH_NOT_FOUND,
        (_, Operation::Open) => code::FILE_NOT_FOUND,
        // Any such path leads to no device, or to one that cannot create mailslots.
        (_, Operation::Create) => code::INVALID_NAME,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidName { name, reason, .. } => {
                write!(f, "{} is not a mailslot name: {reason}", Quoted(name))
            }
            Error::AlreadyExists(slot) => write!(f, "the slot {slot} exists already: another process owns it"),
            Error::NotFound(slot) => write!(f, "no slot {slot} on this machine"),
            Error::NotAllowed(slot) => write!(f, "the owner of slot {slot} does not allow this user to write to it"),
            Error::NotOwner(slot) => {
                write!(f, "slot {slot} belongs to another user: only processes of the same user can read it")
            }
            Error::NoTaps(slot) => write!(f, "slot {slot} cannot be tapped: its creator has to allow taps"),
            Error::Partial { delivered, members, source } => {
                write!(
                    f,
                    "{delivered} of {members} members of the slot got the message, and the others did not: {source}"
                )
            }
            Error::TooLarge { size, limit } => {
                write!(f, "the message of {size} bytes is too large: the slot takes {limit} at most")
            }
            Error::TooLargeForNetwork { size, limit } => {
                write!(
                    f,
                    "the message of {size} bytes is too large: {limit} are the most that a slot of this name takes \
                     from other computers"
                )
            }
            Error::Full { capacity: Some(capacity) } => {
                write!(f, "the slot is full: its reader has not kept up with {capacity} bytes")
            }
            Error::Full { capacity: None } => f.write_str("the slot is full: its reader has not kept up"),
            Error::Closed => f.write_str("the slot is closed: its owner is gone"),
            Error::TimedOut => f.write_str("timed out"),
            Error::BufferTooSmall { size, buffer } => {
                write!(
                    f,
                    "the next message has {size} bytes and the buffer only {buffer}: the message stays in the slot"
                )
            }
            Error::NoNetworkNode(address) => {
                write!(
                    f,
                    "{address} is on the network, and no network node runs on this machine: remote mailslots are off; \
                     start one with `mailslot node`"
                )
            }
            Error::NotOnNetwork(address) => {
                write!(f, "{address}: no computer or domain of that name is known to the network node")
            }
            Error::DomainNotOpen(address) => write!(
                f,
                "{address} is in a domain whose file this machine has, and no network node takes part in it: start \
                 one, or see its log; nothing is sent in another network instead"
            ),
            Error::NetworkDoesNotTell(address) => write!(
                f,
                "{address} is in a network that does not report receivers: only domains made with \
                 `mailslot domain` do"
            ),
            Error::RequestElsewhere(address) => {
                write!(
                    f,
                    "{address} is in a network where nothing proves who replies: requests go to slots of this machine, \
                     and of domains made with `mailslot domain`"
                )
            }
            Error::Undelivered { computer, outcome } => write!(f, "{computer} does not reply: {outcome}"),
            Error::NotARequest => f.write_str("the message is not a request: no writer waits for a reply"),
            Error::NodeSilent => f.write_str("the network node of this machine did not answer in time"),
            Error::NodeRefused(why) => write!(f, "the network node of this machine refused: {why}"),
            Error::RemoteMailslotsOff(address) => {
                write!(
                    f,
                    "{address} is on the network, and this Windows has remote mailslots switched off: an administrator \
                     can allow them with Set-SmbClientConfiguration -EnableMailslots $true"
                )
            }
            Error::OutOfMemory => {
                f.write_str("no memory left for the message; on Linux: the file system that holds the slots is full")
            }
            Error::NotEnoughMemory { size } => write!(
                f,
                "this process has no {size} bytes of memory left for the message; one that was to be read stays in the \
                 slot"
            ),
            Error::Damaged => f.write_str("the slot's shared memory is damaged: close the slot and create it again"),
            Error::Stalled(time) => {
                write!(f, "another process has been writing to the slot for {time:?}: it must be stopped")
            }
            Error::Nested => f.write_str("a mailslot cannot be written to from inside write_in_place"),
            Error::NotInherited => {
                f.write_str("the slot belongs to the parent process: create it inheritable to use it here")
            }
            Error::InvalidOption { option, expected } => write!(f, "{option} must be {expected}"),
            Error::InvalidInheritance(what) => write!(f, "cannot take over handles: {what}"),
            Error::Io { action, source } => write!(f, "{action}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The system's error is part of the text: programs that print all sources would print it twice.
            Error::Io { source, .. } => source.source(),
            Error::Partial { source, .. } => source.source(),
            _ => None,
        }
    }
}

/// Converts to an error of `std`, for functions that return [`io::Result`]. [`io::Error::get_ref`] returns the
/// original.
///
/// | error | kind |
/// |---|---|
/// | `InvalidName`, `InvalidOption`, `InvalidInheritance`, `TooLarge`, `TooLargeForNetwork`, `BufferTooSmall`, `NotARequest` | [`InvalidInput`](io::ErrorKind::InvalidInput) |
/// | `AlreadyExists`, `NotFound`, `TimedOut`, `OutOfMemory` | the one of that name |
/// | `NotAllowed`, `NotOwner`, `NoTaps`, `NotInherited` | [`PermissionDenied`](io::ErrorKind::PermissionDenied) |
/// | `Full` | [`WouldBlock`](io::ErrorKind::WouldBlock) |
/// | `Partial` | [`WriteZero`](io::ErrorKind::WriteZero) |
/// | `Closed` | [`BrokenPipe`](io::ErrorKind::BrokenPipe) |
/// | `NoNetworkNode`, `DomainNotOpen`, `RemoteMailslotsOff` | [`NetworkDown`](io::ErrorKind::NetworkDown) |
/// | `NotOnNetwork` | [`HostUnreachable`](io::ErrorKind::HostUnreachable) |
/// | `NetworkDoesNotTell`, `RequestElsewhere` | [`Unsupported`](io::ErrorKind::Unsupported) |
/// | `Undelivered` | [`NotFound`](io::ErrorKind::NotFound), [`WouldBlock`](io::ErrorKind::WouldBlock), [`InvalidInput`](io::ErrorKind::InvalidInput), [`TimedOut`](io::ErrorKind::TimedOut) or [`PermissionDenied`](io::ErrorKind::PermissionDenied), by its outcome |
/// | `NodeSilent` | [`TimedOut`](io::ErrorKind::TimedOut) |
/// | `Damaged` | [`InvalidData`](io::ErrorKind::InvalidData) |
/// | `Stalled` | [`ResourceBusy`](io::ErrorKind::ResourceBusy) |
/// | `NotEnoughMemory` | [`OutOfMemory`](io::ErrorKind::OutOfMemory) |
/// | `Nested` | [`Deadlock`](io::ErrorKind::Deadlock) |
/// | `NodeRefused` | [`Other`](io::ErrorKind::Other) |
/// | `Io` | that of its source |
///
/// ```
/// use std::io;
///
/// fn send() -> io::Result<()> {
///     mailslot::MailslotWriter::open("nobody listens here")?.write(b"hello")?;
///     Ok(())
/// }
/// assert_eq!(send().expect_err("no slot").kind(), io::ErrorKind::NotFound);
/// ```
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(error.kind(), error)
    }
}

/// The outcome that a node reports to the message's sender on another machine if a write fails.
impl From<&Error> for Outcome {
    fn from(error: &Error) -> Outcome {
        match error {
            Error::NotFound(_) | Error::Closed => Outcome::NoSlot,
            Error::Full { .. } => Outcome::Full,
            Error::TooLarge { .. } => Outcome::TooLarge,
            Error::Partial { source, .. } => Outcome::from(&**source),
            _ => Outcome::Refused,
        }
    }
}

/// For a name by which a slot is to be opened.
impl From<InvalidName> for Error {
    fn from(InvalidName { name, reason, .. }: InvalidName) -> Error {
        Error::InvalidName { name, reason, operation: Operation::Open }
    }
}

impl From<core::convert::Infallible> for Error {
    fn from(never: core::convert::Infallible) -> Error {
        match never {}
    }
}
