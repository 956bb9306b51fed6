//! Errors of parsing names.

use core::fmt;

use crate::quoted::Quoted;

/// A text that is not the name of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidName {
    /// The text.
    pub name: String,
    /// What is wrong with it.
    pub reason: NameError,
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
    /// It names a slot of another machine. Only slots of this machine can be created or inspected.
    NotThisMachine,
    /// It has a character that names on the network cannot have.
    NetworkCharacter {
        /// That character.
        character: char,
    },
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a mailslot name: {}", Quoted(&self.name), self.reason)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("it is empty"),
            NameError::NoPrefix => f.write_str(r"write \\.\mailslot\name, //./mailslot/name, or just a name"),
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
                write!(f, "its computer or domain name has {length} characters; 1 to 15 are allowed")
            }
            NameError::ComputerNameCharacter { character } => {
                write!(f, "its computer or domain name contains {}", Quoted(character.encode_utf8(&mut [0; 4])))
            }
            NameError::NotThisMachine => {
                f.write_str(r"slots can be created and inspected on this machine only: write \\.\mailslot\name")
            }
            NameError::NetworkCharacter { character } => {
                write!(f, "it contains {character:?}; names on the network consist of printable ASCII characters")
            }
        }
    }
}

impl std::error::Error for InvalidName {}

impl std::error::Error for NameError {}
