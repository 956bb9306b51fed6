//! The sealed form, and the header of 34 bytes before the ciphertext.
//!
//! ```text
//!  0  1  version = 1, or 2 with a signature
//!  1  1  kind
//!  2  8  key id
//! 10 16  session
//! 26  8  sequence, big-endian
//! 34  n  ciphertext, 16 bytes of tag
//! ```

use core::fmt;

use crate::crypto::{KeyId, SessionId};
use crate::destination::Id;
use crate::error::Refused;
use crate::reader::Reader;

/// Version of the sealed form.
pub(crate) const VERSION: u8 = 1;
/// The same with a proof of the computer that has sealed it, in domains with identities.
pub(crate) const SIGNED: u8 = 2;
/// Bytes before the ciphertext.
pub(crate) const HEADER: usize = 34;

/// The kind of an answer to a confirmed write, in addition to those of [`Kind`].
pub(crate) const RECEIPT: u8 = 3;

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// As a datagram: the payload of a put.
    Message = 1,
    /// To be confirmed: the payload of a query.
    Confirmed = 2,
}

/// Identifies a confirmed write: its receipts refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    pub(crate) session: SessionId,
    pub(crate) sequence: u64,
    pub(crate) to: Id,
}

/// The outcome of a confirmed write at one computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The message is in the slot.
    Delivered,
    /// There is no such slot.
    NoSuchSlot,
    /// The slot is full.
    Full,
    /// The slot refuses it.
    Refused,
    /// It is larger than the slot accepts.
    TooLarge,
    /// A code that this version does not know.
    Other(u8),
}

/// A computer's answer to a confirmed write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The computer's name, as it states it.
    pub computer: String,
    /// The outcome there.
    pub outcome: DeliveryOutcome,
    /// Whether cryptography proves that a member of the domain sent it.
    pub authenticated: bool,
}

/// The header of 34 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) kind: u8,
    pub(crate) key: KeyId,
    pub(crate) session: SessionId,
    pub(crate) sequence: u64,
}

impl Request {
    /// The destination of its receipts: 3, session, sequence and destination.
    pub(crate) fn receipt_destination(&self) -> Vec<u8> {
        [&[RECEIPT][..], &self.session.0, &self.sequence.to_be_bytes(), self.to.bytes()].concat()
    }
}

impl DeliveryOutcome {
    pub(crate) fn code(self) -> u8 {
        match self {
            DeliveryOutcome::Delivered => 1,
            DeliveryOutcome::NoSuchSlot => 2,
            DeliveryOutcome::Full => 3,
            DeliveryOutcome::Refused => 4,
            DeliveryOutcome::TooLarge => 5,
            DeliveryOutcome::Other(code) => code,
        }
    }

    pub(crate) fn from_code(code: u8) -> DeliveryOutcome {
        match code {
            1 => DeliveryOutcome::Delivered,
            2 => DeliveryOutcome::NoSuchSlot,
            3 => DeliveryOutcome::Full,
            4 => DeliveryOutcome::Refused,
            5 => DeliveryOutcome::TooLarge,
            other => DeliveryOutcome::Other(other),
        }
    }
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = self.version;
        bytes[1] = self.kind;
        bytes[2..10].copy_from_slice(&self.key.0);
        bytes[10..26].copy_from_slice(&self.session.0);
        bytes[26..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    /// Parses a header, which must have this version and kind.
    pub(crate) fn parse(bytes: &[u8], version: u8, kind: u8) -> Result<Header, Refused> {
        let mut reader = Reader::new(bytes);
        match reader.u8().ok_or(Refused::Malformed)? {
            found if found == version => {}
            VERSION => return Err(Refused::Unsigned),
            _ => return Err(Refused::Version),
        }
        let found = (reader.u8(), reader.array(), reader.array(), reader.u64());
        let (Some(code), Some(key), Some(session), Some(sequence)) = found else { return Err(Refused::Malformed) };
        if code != kind || sequence == 0 {
            return Err(Refused::Malformed);
        }
        Ok(Header { version, kind, key: KeyId(key), session: SessionId(session), sequence })
    }
}

impl fmt::Display for DeliveryOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeliveryOutcome::Delivered => f.write_str("delivered"),
            DeliveryOutcome::NoSuchSlot => f.write_str("no such slot"),
            DeliveryOutcome::Full => f.write_str("full"),
            DeliveryOutcome::Refused => f.write_str("refused"),
            DeliveryOutcome::TooLarge => f.write_str("too large"),
            DeliveryOutcome::Other(code) => write!(f, "unknown outcome {code}"),
        }
    }
}
