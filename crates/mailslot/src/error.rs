//! What can go wrong, with the Win32 code of each.

use core::fmt;
use std::io;
use std::time::Duration;

use crate::address::Address;
use crate::name::SlotName;
use crate::quoted::Quoted;
use crate::sys;

/// Result of everything in this crate.
pub type Result<T> = core::result::Result<T, Error>;

/// What can go wrong with a mailslot. [`Error::win32_code`] gives the code that Win32 has for it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a mailslot's name.
    InvalidName {
        /// The text.
        name: String,
        /// What is wrong with it.
        reason: NameError,
        /// What the name was meant for: the Win32 code depends on it.
        operation: Operation,
    },
    /// A slot of this name lives already on this machine.
    AlreadyExists(SlotName),
    /// No slot of this name lives on this machine.
    NotFound(SlotName),
    /// The slot's owner does not let this user write.
    NotAllowed(SlotName),
    /// The message is larger than the slot takes.
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// Bytes that the slot takes at most.
        limit: usize,
    },
    /// The message is larger than what can be sent over the network to a slot of this name.
    TooLargeForNetwork {
        /// Bytes of the message.
        size: usize,
        /// Bytes that can be sent: in the legacy network the smaller of 424 and 432 less the length of the slot's name, which
        /// counts in fours; in a modern domain what its node takes.
        limit: usize,
    },
    /// The slot holds as many unread bytes as its capacity allows. Nothing was written.
    Full {
        /// The slot's capacity in bytes, if the writer can know it.
        capacity: Option<u64>,
    },
    /// The slot is another user's, so this one cannot read it, too.
    NotOwner(SlotName),
    /// The slot's creator does not let anybody tap it.
    NoTaps(SlotName),
    /// Not all members of the slot have the message; those that have it keep it. Written again as it is, they would have it twice.
    Partial {
        /// Members that have it.
        delivered: usize,
        /// Members that should.
        members: usize,
        /// What kept the first of the others from it.
        source: Box<Error>,
    },
    /// The slot is gone: its last owner closed it or died. A slot made later under the same name is another one.
    Closed,
    /// No message came in time, or no room became free in time.
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
    /// Neither a computer nor a domain of this name is known to the network node, which is in no legacy network either.
    NotOnNetwork(Address),
    /// The address is that of a modern domain which has a file on this machine, and no network node takes part in it. What is
    /// meant for a domain is not sent in another network.
    DomainNotOpen(Address),
    /// The network that the address is in does not tell who receives, or what became of a message.
    NetworkDoesNotTell(Address),
    /// The network node of this machine did not answer in time.
    NodeSilent,
    /// The network node of this machine could not do what it was asked for; the text says why.
    NodeRefused(String),
    /// The address is on the network, and Windows has remote mailslots switched off, as it does since 11 24H2 and Server
    /// 2025 unless told otherwise.
    RemoteMailslotsOff(Address),
    /// The system has no memory for the message: on Linux, usually the file system that holds the slots is full.
    OutOfMemory,
    /// The shared memory of the slot holds bytes that this library never puts there.
    Damaged,
    /// Another process has been in the middle of a write for so long that it must have been stopped.
    Stalled(Duration),
    /// A write from inside a `write_in_place` of the same thread.
    Nested,
    /// The process is a fork of the owner, and the slot was not made inheritable.
    NotInherited,
    /// An option has a value that cannot be.
    InvalidOption {
        /// The option.
        option: &'static str,
        /// What would be right.
        expected: String,
    },
    /// Text or descriptors that should be the handles of a slot are not.
    InvalidInheritance(String),
    /// The operating system refused something.
    Io {
        /// What was being done, and to what.
        action: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What a name was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Creating a slot.
    Create,
    /// Opening a slot for writing.
    Open,
}

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// There is no text.
    Empty,
    /// It does not begin like a mailslot path.
    NoPrefix,
    /// It is a path of another device, such as a pipe.
    NotMailslot {
        /// That device.
        device: String,
    },
    /// It is a path below a device that does not exist.
    UnknownDevice {
        /// That device.
        device: String,
    },
    /// Nothing follows `\mailslot\`.
    NoSlotName,
    /// `..` would lead above `\mailslot\`.
    LeavesPrefix,
    /// It ends with a separator.
    TrailingSeparator,
    /// It contains a NUL character.
    Nul,
    /// It is too long.
    TooLong {
        /// Its length in UTF-16 units.
        units: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The computer or domain name is empty or too long.
    ComputerNameLength {
        /// Its length in characters.
        length: usize,
    },
    /// The computer or domain name has a character that NetBIOS names cannot have.
    ComputerNameCharacter {
        /// That character.
        character: char,
    },
    /// It is the name of a slot elsewhere, and a slot of this machine is meant: to be created, or asked about.
    NotThisMachine,
    /// It has a character that names on the network cannot have.
    NetworkCharacter {
        /// That character.
        character: char,
    },
}

impl Error {
    /// The code that Win32 reports for this error: what `GetLastError` would return.
    ///
    /// # Portability
    ///
    /// On Windows it is what the system did return, wherever the error is the system's.
    ///
    /// # Sources
    ///
    /// Win32 *System Error Codes*; `CreateMailslot`, `CreateFile`, `ReadFile`, `WriteFile`.
    pub fn win32_code(&self) -> u32 {
        match self {
            Error::InvalidName { reason, operation, .. } => reason.win32_code(*operation),
            Error::AlreadyExists(_) => 183,
            Error::NotFound(_) => 2,
            Error::NotAllowed(_) | Error::NotOwner(_) | Error::NoTaps(_) => 5,
            Error::Partial { source, .. } => source.win32_code(),
            Error::TooLarge { .. } | Error::InvalidOption { .. } => 87,
            Error::TooLargeForNetwork { .. } => 53,
            Error::Full { .. } | Error::OutOfMemory => 1450,
            Error::Closed => 38,
            Error::TimedOut => 121,
            Error::BufferTooSmall { .. } => 122,
            Error::NoNetworkNode(_) | Error::DomainNotOpen(_) | Error::RemoteMailslotsOff(_) => 3025,
            Error::NotOnNetwork(_) => 53,
            Error::NetworkDoesNotTell(_) => 50,
            Error::NodeSilent => 121,
            Error::NodeRefused(_) => 31,
            Error::NotInherited | Error::InvalidInheritance(_) => 6,
            Error::Damaged | Error::Stalled(_) | Error::Nested => 31,
            Error::Io { source, .. } => sys::win32_code(source),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Error::InvalidName { .. } | Error::InvalidOption { .. } | Error::InvalidInheritance(_) => {
                io::ErrorKind::InvalidInput
            }
            Error::TooLarge { .. } | Error::TooLargeForNetwork { .. } | Error::BufferTooSmall { .. } => {
                io::ErrorKind::InvalidInput
            }
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
            Error::NetworkDoesNotTell(_) => io::ErrorKind::Unsupported,
            // What the source alone would be, `WouldBlock` as a rule, tells programs to write it again.
            Error::Partial { .. } => io::ErrorKind::WriteZero,
            Error::NodeRefused(_) => io::ErrorKind::Other,
            Error::OutOfMemory => io::ErrorKind::OutOfMemory,
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
}

impl NameError {
    fn win32_code(&self, operation: Operation) -> u32 {
        match (self, operation) {
            (NameError::Empty | NameError::UnknownDevice { .. }, _) => 3,
            (NameError::TooLong { .. }, _) => 206,
            (NameError::NoPrefix, Operation::Open) => 3,
            (_, Operation::Open) => 2,
            // Any such path leads to a device that cannot make mailslots, or to none.
            (_, Operation::Create) => 123,
        }
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
                write!(f, "slot {slot} is another user's: only processes of that user can read it, too")
            }
            Error::NoTaps(slot) => write!(f, "slot {slot} cannot be tapped: its creator has to allow taps"),
            Error::Partial { delivered, members, source } => {
                write!(f, "{delivered} of {members} members of the slot have the message, and not the others: {source}")
            }
            Error::TooLarge { size, limit } => {
                write!(f, "the message of {size} bytes is too large: the slot takes {limit} at most")
            }
            Error::TooLargeForNetwork { size, limit } => {
                write!(
                    f,
                    "the message of {size} bytes is too large: {limit} can be sent to a slot of this name elsewhere"
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
                    "{address} is on the network, and no network node runs on this machine: remote mailslots are off; start \
                     one with `mailslot node`"
                )
            }
            Error::NotOnNetwork(address) => {
                write!(f, "{address}: no computer or domain of that name is known to the network node")
            }
            Error::DomainNotOpen(address) => write!(
                f,
                "{address} is in a domain whose file this machine has, and no network node takes part in it: start one, or \
                 see its log; nothing is sent in another network instead"
            ),
            Error::NetworkDoesNotTell(address) => write!(
                f,
                "{address} is in a network that tells nothing about its receivers: only domains made with \
                 `mailslot domain` do"
            ),
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

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("it is empty"),
            NameError::NoPrefix => f.write_str(r"write \\.\mailslot\name, or //./mailslot/name, or just a name"),
            NameError::UnknownDevice { device } => {
                write!(f, r"there is no device {}: write \\.\mailslot\name", Quoted(device))
            }
            NameError::NotMailslot { device } => write!(f, r"it leads to {} and not to \mailslot\", Quoted(device)),
            NameError::NoSlotName => f.write_str(r"the name after \mailslot\ is missing"),
            NameError::LeavesPrefix => f.write_str(r"`..` leads out of \mailslot\"),
            NameError::TrailingSeparator => f.write_str("it ends with a separator"),
            NameError::Nul => f.write_str("it contains a NUL character"),
            NameError::TooLong { units, limit } => write!(f, "it has {units} UTF-16 units, and {limit} are allowed"),
            NameError::ComputerNameLength { length } => {
                write!(f, "its computer or domain name has {length} characters, and 1 to 15 are allowed")
            }
            NameError::ComputerNameCharacter { character } => {
                write!(f, "its computer or domain name contains {}", Quoted(character.encode_utf8(&mut [0; 4])))
            }
            NameError::NotThisMachine => {
                f.write_str(r"slots are created, and looked at, on this machine only: write \\.\mailslot\name")
            }
            NameError::NetworkCharacter { character } => {
                write!(f, "it contains {character:?}, and names on the network are of printable ASCII characters")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // What the system said stands in the text, and is not said again by whoever prints all sources.
            Error::Io { source, .. } => source.source(),
            _ => None,
        }
    }
}

/// The error as one of `std`, for functions that return [`io::Result`]. [`io::Error::get_ref`] has this one.
///
/// | error | kind |
/// |---|---|
/// | `InvalidName`, `InvalidOption`, `InvalidInheritance`, `TooLarge`, `TooLargeForNetwork`, `BufferTooSmall` | [`InvalidInput`](io::ErrorKind::InvalidInput) |
/// | `AlreadyExists`, `NotFound`, `TimedOut`, `OutOfMemory` | the one of that name |
/// | `NotAllowed`, `NotInherited` | [`PermissionDenied`](io::ErrorKind::PermissionDenied) |
/// | `Full` | [`WouldBlock`](io::ErrorKind::WouldBlock) |
/// | `Closed` | [`BrokenPipe`](io::ErrorKind::BrokenPipe) |
/// | `NoNetworkNode`, `DomainNotOpen`, `RemoteMailslotsOff` | [`NetworkDown`](io::ErrorKind::NetworkDown) |
/// | `NotOnNetwork` | [`HostUnreachable`](io::ErrorKind::HostUnreachable) |
/// | `NetworkDoesNotTell` | [`Unsupported`](io::ErrorKind::Unsupported) |
/// | `NodeSilent` | [`TimedOut`](io::ErrorKind::TimedOut) |
/// | `Damaged` | [`InvalidData`](io::ErrorKind::InvalidData) |
/// | `Stalled` | [`ResourceBusy`](io::ErrorKind::ResourceBusy) |
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

impl std::error::Error for NameError {}

impl From<core::convert::Infallible> for Error {
    fn from(never: core::convert::Infallible) -> Error {
        match never {}
    }
}
