//! The datagram service: messages to a unique name, to a group name, or to everybody, on UDP port 138.
//!
//! A [`Packet`] is one UDP payload. [`Packet::fragments`] splits a long datagram. Reassembly needs memory and a clock,
//! and is left to the receiver. Big-endian throughout.
//!
//! ```
//! use mailslot_wire::datagram::{Body, Destination, Header, Packet};
//! use mailslot_wire::{Name, NodeType};
//!
//! let header = Header { node_type: NodeType::B, id: 7, source: "192.0.2.1:138".parse().unwrap() };
//! let source = Name::new("SRV1", 0)?;
//! let destination = Name::new("PLANT", 0)?;
//! let body = Body::Whole { kind: Destination::Group, source, destination, data: b"news" };
//! let sent = Packet { header, body }.encode();
//!
//! let received = Packet::parse(&sent)?;
//! assert!(matches!(received.body, Body::Whole { kind: Destination::Group, data: b"news", .. }));
//! # Ok::<(), mailslot_wire::Error>(())
//! ```
//!
//! # Sources
//!
//! RFC 1001 section 17.1; RFC 1002 section 4.4.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::error::{Error, Result};
use crate::name::Name;
use crate::node_type::NodeType;
use crate::reader::Reader;

/// Longest IP packet in which RFC 1002 section 5.3.1 sends a datagram whole. Windows and Samba ignore it: they never
/// split.
pub const MAX_DATAGRAM_LENGTH: usize = 576;
/// Bytes before the names, or before a later fragment's bytes.
const HEADER: usize = 14;
/// Bytes of an IP and a UDP header.
const IP_UDP: usize = 28;
const FIRST: u8 = 0x02;
const MORE: u8 = 0x01;

/// A packet of the datagram service.
///
/// ```text
/// +----------+-------+--------+-----------+-------------+
/// | MSG_TYPE | FLAGS | DGM_ID | SOURCE_IP | SOURCE_PORT |
/// |    1     |   1   |   2    |     4     |      2      |
/// +----------+-------+--------+-----------+-------------+
/// | DGM_LENGTH 2 · PACKET_OFFSET 2 · the two names and  |  types 10, 11, 12: datagrams
/// | the data; or, in a later fragment, a part of them   |
/// +-----------------------------------------------------+
/// | ERROR_CODE 1                                        |  type 13
/// +-----------------------------------------------------+
/// | destination name                                    |  types 14, 15, 16 (hexadecimal)
/// +-----------------------------------------------------+
///
///   FLAGS: | 0 | 0 | 0 | 0 |  SNT  |FIRST|MORE|
/// ```
///
/// # Sources
///
/// RFC 1002 sections 4.4.1 to 4.4.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The sender, and the datagram's id.
    pub header: Header,
    /// The contents.
    pub body: Body<'a>,
}

/// The fields that all packets begin with, except those that follow from the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// SNT: the sender's node type. nmbd always sends `M`.
    pub node_type: NodeType,
    /// DGM_ID: one per datagram and sender; the fragments of one datagram share it.
    pub id: u16,
    /// SOURCE_IP and SOURCE_PORT: the address that the sender claims. It can be forged: compare it with the address
    /// that the packet came from, and never send anything to it.
    pub source: SocketAddrV4,
}

/// The kind of name that a datagram is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// One node: DIRECT_UNIQUE, type 10 (hexadecimal).
    Unique,
    /// The members of a group: DIRECT_GROUP, type 11.
    Group,
    /// Everybody: BROADCAST, type 12. The destination name is `*`.
    Broadcast,
}

/// The contents of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// A whole datagram (FIRST set, MORE clear). DGM_LENGTH is not checked: no receiver in the field does.
    Whole {
        /// The kind of destination. Receivers should use `destination` instead.
        kind: Destination,
        /// Who sends.
        source: Name,
        /// The receiver.
        destination: Name,
        /// The data.
        data: &'a [u8],
    },
    /// The first part of a longer datagram (FIRST and MORE set).
    FirstFragment {
        /// The kind of destination.
        kind: Destination,
        /// DGM_LENGTH: bytes of both names and of all data, over all fragments, as the sender claims.
        length: u16,
        /// Who sends.
        source: Name,
        /// The receiver.
        destination: Name,
        /// The data in this fragment.
        data: &'a [u8],
    },
    /// A later part (FIRST clear).
    LaterFragment {
        /// The kind of destination.
        kind: Destination,
        /// DGM_LENGTH, the same in all fragments.
        length: u16,
        /// PACKET_OFFSET: bytes of names and data in all fragments before this one.
        offset: u16,
        /// MORE: whether further fragments follow.
        more: bool,
        /// The data in this fragment.
        data: &'a [u8],
    },
    /// DATAGRAM ERROR: the receiver could not use a datagram with this id. Never an answer to a broadcast.
    Error {
        /// Why.
        code: ErrorCode,
    },
    /// Asks a distribution server whether it serves this name.
    QueryRequest {
        /// The name.
        destination: Name,
    },
    /// The server serves that name.
    PositiveQueryResponse {
        /// The name.
        destination: Name,
    },
    /// The server does not serve that name.
    NegativeQueryResponse {
        /// The name.
        destination: Name,
    },
}

/// Why a receiver could not use a datagram.
///
/// # Sources
///
/// RFC 1002 section 4.4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 82 (hexadecimal).
    DestinationNotPresent,
    /// 83.
    InvalidSourceName,
    /// 84.
    InvalidDestinationName,
    /// Any other.
    Other(u8),
}

impl<'a> Packet<'a> {
    /// Parses a UDP payload. The upper four bits of FLAGS are ignored; names may be pointers.
    ///
    /// # Errors
    ///
    /// - [`Error::Short`] if the payload ends before its fields do
    /// - [`Error::Value`] for an unknown type, and for a first fragment that does not begin at 0
    /// - [`Error::Name`] if a name is malformed
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8("msg_type")?;
        let flags = reader.u8("flags")?;
        let id = reader.u16_be("dgm_id")?;
        let address = Ipv4Addr::from(reader.array::<4>("source_ip")?);
        let source = SocketAddrV4::new(address, reader.u16_be("source_port")?);
        let body = match kind {
            0x10 => Body::read(Destination::Unique, flags, reader)?,
            0x11 => Body::read(Destination::Group, flags, reader)?,
            0x12 => Body::read(Destination::Broadcast, flags, reader)?,
            0x13 => Body::Error { code: ErrorCode::from_bits(reader.u8("error_code")?) },
            0x14 => Body::QueryRequest { destination: Name::read(&mut reader, "destination name")? },
            0x15 => Body::PositiveQueryResponse { destination: Name::read(&mut reader, "destination name")? },
            0x16 => Body::NegativeQueryResponse { destination: Name::read(&mut reader, "destination name")? },
            found => return Err(Error::Value { field: "msg_type", expected: "0x10 to 0x16", found: found.into() }),
        };
        Ok(Packet { header: Header { node_type: NodeType::from_bits(flags >> 2), id, source }, body })
    }

    /// The UDP payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.body.names_and_data_len());
        let (kind, flags) = self.body.kind_and_flags();
        out.push(kind);
        out.push(self.header.node_type.bits() << 2 | flags);
        out.extend_from_slice(&self.header.id.to_be_bytes());
        out.extend_from_slice(&self.header.source.ip().octets());
        out.extend_from_slice(&self.header.source.port().to_be_bytes());
        self.body.write(&mut out);
        out
    }

    /// The packets to send instead of this one, none of which becomes an IP packet longer than `max_datagram_length`.
    /// Only this one if it is short enough, or is not a whole datagram.
    ///
    /// Hardly any receiver reassembles fragments: Samba and Windows do not.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if not even the names fit, or if there are more than 65,535 bytes of names and data.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.3.1.
    pub fn fragments(self, max_datagram_length: usize) -> Result<Vec<Packet<'a>>> {
        let room = max_datagram_length.saturating_sub(IP_UDP + HEADER);
        let size = self.body.names_and_data_len();
        let Body::Whole { kind, source, destination, data } = self.body else { return Ok(vec![self]) };
        let header = self.header;
        if size <= room {
            return Ok(vec![Packet { header, body: Body::Whole { kind, source, destination, data } }]);
        }
        let too_long = |field, size, limit| Error::TooLong { field, size, limit };
        let length = u16::try_from(size).map_err(|_| too_long("datagram", size, u16::MAX.into()))?;
        let names = size - data.len();
        let Some((first, mut rest)) =
            room.checked_sub(names).filter(|_| room > 0).and_then(|n| data.split_at_checked(n))
        else {
            return Err(too_long("names", names, room));
        };
        let body = Body::FirstFragment { kind, length, source, destination, data: first };
        let mut packets = vec![Packet { header: header.clone(), body }];
        let mut offset = names + first.len();
        while !rest.is_empty() {
            let (data, after) = rest.split_at(room.min(rest.len()));
            let more = !after.is_empty();
            let body = Body::LaterFragment { kind, length, offset: saturated(offset), more, data };
            packets.push(Packet { header: header.clone(), body });
            offset += data.len();
            rest = after;
        }
        Ok(packets)
    }
}

impl<'a> Body<'a> {
    fn read(kind: Destination, flags: u8, mut reader: Reader<'a>) -> Result<Body<'a>> {
        let length = reader.u16_be("dgm_length")?;
        let offset = reader.u16_be("packet_offset")?;
        let more = flags & MORE != 0;
        if flags & FIRST == 0 {
            return Ok(Body::LaterFragment { kind, length, offset, more, data: reader.rest() });
        }
        if offset != 0 {
            let expected = "0 in a first fragment";
            return Err(Error::Value { field: "packet_offset", expected, found: offset.into() });
        }
        let source = Name::read(&mut reader, "source name")?;
        let destination = Name::read(&mut reader, "destination name")?;
        let data = reader.rest();
        Ok(if more {
            Body::FirstFragment { kind, length, source, destination, data }
        } else {
            Body::Whole { kind, source, destination, data }
        })
    }

    fn kind_and_flags(&self) -> (u8, u8) {
        match self {
            Body::Whole { kind, .. } => (kind.bits(), FIRST),
            Body::FirstFragment { kind, .. } => (kind.bits(), FIRST | MORE),
            Body::LaterFragment { kind, more, .. } => (kind.bits(), if *more { MORE } else { 0 }),
            Body::Error { .. } => (0x13, 0),
            Body::QueryRequest { .. } => (0x14, FIRST),
            Body::PositiveQueryResponse { .. } => (0x15, FIRST),
            Body::NegativeQueryResponse { .. } => (0x16, FIRST),
        }
    }

    fn names_and_data_len(&self) -> usize {
        match self {
            Body::Whole { source, destination, data, .. } | Body::FirstFragment { source, destination, data, .. } => {
                source.encoded_len() + destination.encoded_len() + data.len()
            }
            Body::LaterFragment { data, .. } => data.len(),
            Body::Error { .. } => 0,
            Body::QueryRequest { destination }
            | Body::PositiveQueryResponse { destination }
            | Body::NegativeQueryResponse { destination } => destination.encoded_len(),
        }
    }

    /// Writes everything after SOURCE_PORT.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Body::Whole { source, destination, data, .. } => {
                write_first(saturated(self.names_and_data_len()), source, destination, data, out);
            }
            Body::FirstFragment { length, source, destination, data, .. } => {
                write_first(*length, source, destination, data, out);
            }
            Body::LaterFragment { length, offset, data, .. } => {
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(&offset.to_be_bytes());
                out.extend_from_slice(data);
            }
            Body::Error { code } => out.push(code.bits()),
            Body::QueryRequest { destination }
            | Body::PositiveQueryResponse { destination }
            | Body::NegativeQueryResponse { destination } => destination.write(out),
        }
    }
}

impl Destination {
    fn bits(self) -> u8 {
        match self {
            Destination::Unique => 0x10,
            Destination::Group => 0x11,
            Destination::Broadcast => 0x12,
        }
    }
}

impl ErrorCode {
    /// The code of this byte.
    pub const fn from_bits(bits: u8) -> ErrorCode {
        match bits {
            0x82 => ErrorCode::DestinationNotPresent,
            0x83 => ErrorCode::InvalidSourceName,
            0x84 => ErrorCode::InvalidDestinationName,
            other => ErrorCode::Other(other),
        }
    }

    /// The byte.
    pub const fn bits(self) -> u8 {
        match self {
            ErrorCode::DestinationNotPresent => 0x82,
            ErrorCode::InvalidSourceName => 0x83,
            ErrorCode::InvalidDestinationName => 0x84,
            ErrorCode::Other(other) => other,
        }
    }
}

fn write_first(length: u16, source: &Name, destination: &Name, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    source.write(out);
    destination.write(out);
    out.extend_from_slice(data);
}

/// No UDP datagram holds more than 65,535 bytes, and receivers do not check the length of a whole datagram.
fn saturated(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
