//! Why bytes are not a packet, or values cannot become one.

use core::fmt;

/// The result of all functions of this crate that can fail.
pub type Result<T> = core::result::Result<T, Error>;

/// Why bytes are not a packet, or values cannot become one. `field` is always the field's name in its specification,
/// in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The packet ends within a field.
    Short {
        /// The field.
        field: &'static str,
        /// Bytes that the field needs.
        needed: usize,
        /// Bytes that are left for it.
        left: usize,
    },
    /// A field has a value that it must not have.
    Value {
        /// The field.
        field: &'static str,
        /// What would be valid.
        expected: &'static str,
        /// The value.
        found: u32,
    },
    /// Text has no terminating zero before the end of the packet or field.
    Unterminated {
        /// The field.
        field: &'static str,
    },
    /// Text has a zero in the middle, which would end it.
    Nul {
        /// The field.
        field: &'static str,
    },
    /// Text is not UTF-16.
    NotUnicode {
        /// The field.
        field: &'static str,
    },
    /// A value is longer than its field.
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length in bytes.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A NetBIOS or DNS name is wrong.
    Name {
        /// The field that holds it.
        field: &'static str,
        /// What is wrong with it.
        reason: NameError,
    },
    /// A name service packet does not have the questions and records that its opcode asks for.
    Sections {
        /// What would be valid.
        expected: &'static str,
    },
    /// The name in an SMB write does not begin with `\MAILSLOT\`, or nothing follows.
    NotMailslot,
    /// The data of an SMB write lies before the end of its name, or beyond the end of the packet.
    DataOutside {
        /// Where the data begin, by their offset field.
        offset: usize,
        /// Their length, by their count field.
        count: usize,
        /// Where the name ends.
        earliest: usize,
        /// Where the packet ends.
        end: usize,
    },
}

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// There is no name where there must be one.
    Missing,
    /// The first label of a NetBIOS name does not have 32 bytes.
    FirstLabel {
        /// Its length.
        length: u8,
    },
    /// A byte of the first label is not one of `A` to `P`.
    Digit {
        /// The byte.
        found: u8,
    },
    /// The two top bits of a label's length are 01 or 10.
    LabelType {
        /// The length byte.
        found: u8,
    },
    /// A label is empty or has more than 63 bytes.
    LabelLength {
        /// Its length.
        length: usize,
    },
    /// A compression pointer does not lead backwards.
    PointerNotBackward {
        /// Where it leads.
        target: usize,
        /// Where the labels before it begin.
        from: usize,
    },
    /// There are more compression pointers in one name than any sender needs.
    TooManyPointers,
    /// The encoded name has more than 255 bytes.
    TooLong,
    /// The text of a NetBIOS name does not have 1 to 15 characters.
    Length {
        /// Its length.
        length: usize,
    },
    /// A text is not the printed form of a name.
    NotPrinted,
    /// The text has a character outside ASCII: encode it in the network's OEM code page first.
    NotAscii {
        /// The character.
        character: char,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Short { field, needed, left } => {
                write!(f, "the packet ends within the {field}: {needed} bytes are needed and {left} are left")
            }
            Error::Value { field, expected, found } => write!(f, "the {field} is {found:#x}: it must be {expected}"),
            Error::Unterminated { field } => write!(f, "the {field} has no terminating zero"),
            Error::Nul { field } => write!(f, "the {field} has a zero byte in the middle"),
            Error::NotUnicode { field } => write!(f, "the {field} is not UTF-16"),
            Error::TooLong { field, size, limit } => {
                write!(f, "the {field} has {size} bytes, and {limit} are allowed")
            }
            Error::Name { field, reason } => write!(f, "the {field} is wrong: {reason}"),
            Error::Sections { expected } => write!(f, "the packet must have {expected}"),
            Error::NotMailslot => f.write_str(r"the name does not begin with \MAILSLOT\ followed by a slot's name"),
            Error::DataOutside { offset, count, earliest, end } => write!(
                f,
                "{count} bytes of data at {offset} do not lie between {earliest}, where the name ends, and {end}, \
                 where the packet ends"
            ),
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Missing => f.write_str("there is none"),
            NameError::FirstLabel { length } => write!(f, "its first label has {length} bytes instead of 32"),
            NameError::Digit { found } => write!(f, "the byte {found:#04x} is not one of A to P"),
            NameError::LabelType { found } => write!(f, "the length byte {found:#04x} is of a reserved type"),
            NameError::LabelLength { length } => write!(f, "a label has {length} bytes; 1 to 63 are allowed"),
            NameError::PointerNotBackward { target, from } => {
                write!(f, "a pointer leads to {target}, which is not before {from}")
            }
            NameError::TooManyPointers => f.write_str("it has too many pointers"),
            NameError::TooLong => f.write_str("it has more than 255 bytes"),
            NameError::Length { length } => write!(f, "it has {length} characters; 1 to 15 are allowed"),
            NameError::NotPrinted => f.write_str("write it as it is printed, such as SRV1<20>"),
            NameError::NotAscii { character } => {
                write!(f, "{character:?} is not ASCII: encode the name in the network's code page first")
            }
        }
    }
}

impl core::error::Error for Error {}

impl core::error::Error for NameError {}
