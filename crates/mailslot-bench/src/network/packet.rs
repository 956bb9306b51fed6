//! The datagram that is sent: a mailslot write of 64 bytes, whose first eight are a number.

use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::datagram::{Body, Destination, Header, Packet};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Name, NodeType};

use super::{COMPUTER, DATAGRAM_PORT, SLOT};
use crate::Result;
use crate::peer::WORD;

/// Bytes of a message.
pub(super) const DATA: usize = 64;
/// The position of the datagram's id.
const ID: usize = 2;

/// The bytes of a datagram, complete except for [`number`].
pub(super) fn template(from: Ipv4Addr) -> Result<Vec<u8>> {
    let write = MailslotWrite::new(SLOT.as_bytes(), &[0x5a; DATA])?.encode(Style::Windows);
    let header = Header { node_type: NodeType::B, id: 0, source: SocketAddrV4::new(from, DATAGRAM_PORT) };
    let (source, destination) = (Name::new("SENDER", 0)?, Name::new(COMPUTER, 0)?);
    let body = Body::Whole { kind: Destination::Unique, source, destination, data: &write };
    Ok(Packet { header, body }.encode())
}

/// Numbers the datagram: sets its id, and `word` at the beginning of the message.
#[inline]
pub(super) fn number(datagram: &mut [u8], id: u64, word: u64) {
    datagram[ID..ID + 2].copy_from_slice(&(id as u16).to_be_bytes());
    let message = datagram.len() - DATA;
    datagram[message..message + WORD].copy_from_slice(&word.to_ne_bytes());
}

/// The number in a datagram's message.
#[inline]
pub(super) fn word(datagram: &[u8]) -> Option<u64> {
    crate::scenario::number(&datagram[datagram.len().checked_sub(DATA)?..])
}
