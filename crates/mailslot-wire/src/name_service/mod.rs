//! The name service: claiming, finding and giving up names, on UDP port 137.
//!
//! A [`Packet`] is one UDP payload. Match on its [`Body`]. Constructors of `Packet` make the packets that a node sends,
//! with the flags that RFC 1002 requires. Big-endian throughout.
//!
//! ```
//! use mailslot_wire::name::{Name, suffix};
//! use mailslot_wire::name_service::{Body, Packet};
//!
//! let name = Name::new("SRV1", suffix::WORKSTATION)?;
//! let sent = Packet::broadcast_query(0x1234, name.clone()).encode();
//!
//! let received = Packet::parse(&sent)?;
//! assert_eq!(received.body, Body::QueryRequest { name });
//! # Ok::<(), mailslot_wire::Error>(())
//! ```
//!
//! # Sources
//!
//! RFC 1002 section 4.2; MS-NBTE section 2.2.

mod body;
mod codec;
mod flags;
mod make;
mod record;
mod status;
#[cfg(test)]
mod tests;

use crate::error::Result;
use crate::reader::Reader;

pub use body::{Body, Claim, Holder};
pub use flags::{Flags, NameFlags, Opcode, Rcode, RefreshCode};
pub use record::{Question, Record, Sections, kind};
pub use status::{Entry, Statistics};

use record::RawSections;

const RESPONSE: u16 = 0x8000;

/// A packet of the name service.
///
/// ```text
/// +-------------+-------+---------+---------+---------+---------+
/// | NAME_TRN_ID | flags | QDCOUNT | ANCOUNT | NSCOUNT | ARCOUNT |
/// |      2      |   2   |    2    |    2    |    2    |    2    |
/// +-------------+-------+---------+---------+---------+---------+
/// | questions · answers · authorities · additionals             |
/// +-------------------------------------------------------------+
/// ```
///
/// # Sources
///
/// RFC 1002 section 4.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// NAME_TRN_ID: chosen by the asker, and copied into the answer.
    pub id: u16,
    /// The flags, except those that follow from the body.
    pub flags: Flags,
    /// The contents.
    pub body: Body,
}

impl Packet {
    /// Parses a UDP payload. Bytes after the last record are ignored, and names may be spelled out where RFC 1002 wants
    /// a pointer, or the reverse.
    ///
    /// # Errors
    ///
    /// - [`Error::Short`](crate::Error::Short) if the payload ends before the header, or what its counts announce
    /// - [`Error::Name`](crate::Error::Name) if a name is malformed
    /// - [`Error::Sections`](crate::Error::Sections) if a request does not hold what its opcode asks for
    /// - [`Error::Value`](crate::Error::Value) if the data of a record are invalid
    pub fn parse(bytes: &[u8]) -> Result<Packet> {
        let mut reader = Reader::new(bytes);
        let id = reader.u16_be("name_trn_id")?;
        let word = reader.u16_be("flags")?;
        let mut counts = [0; 4];
        for (count, field) in counts.iter_mut().zip(["qdcount", "ancount", "nscount", "arcount"]) {
            *count = reader.u16_be(field)?;
        }
        let sections = RawSections::read(&mut reader, counts)?;
        let opcode = Opcode::from_bits((word >> 11) as u8);
        let rcode = Rcode::from_bits(word as u8);
        let body = if word & RESPONSE == 0 {
            Body::of_request(opcode, rcode, sections)?
        } else {
            Body::of_response(opcode, rcode, sections)?
        };
        Ok(Packet { id, flags: Flags::of_word(word), body })
    }

    /// The UDP payload. Holders and names beyond the range of the count fields are left out, with TRUNCATED set.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let truncated = if self.body.is_too_long() { Flags::TRUNCATED } else { Flags::NONE };
        let response = if self.body.is_response() { RESPONSE } else { 0 };
        let opcode = u16::from(self.body.opcode().bits()) << 11;
        let word = response | opcode | (self.flags | truncated).bits() | u16::from(self.body.rcode().bits());
        out.extend_from_slice(&self.id.to_be_bytes());
        out.extend_from_slice(&word.to_be_bytes());
        for count in self.body.counts() {
            out.extend_from_slice(&count.to_be_bytes());
        }
        self.body.write(&mut out);
        out
    }
}
