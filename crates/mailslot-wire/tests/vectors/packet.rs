//! A recorded packet, and all layers of it that this crate knows.

use std::path::Path;

use libtest_mimic::Failed;
use mailslot_wire::browser::{self, LanManAnnouncement};
use mailslot_wire::datagram::{self, Body};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Error, name_service, netlogon};

/// A file of the recordings.
pub struct Vector {
    /// The lines that describe the packet.
    pub notes: String,
    /// The UDP payload.
    pub bytes: Vec<u8>,
    name_service: bool,
}

/// A decoded packet.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, PartialEq)]
pub enum Layers<'a> {
    NameService(name_service::Packet),
    Datagram { packet: datagram::Packet<'a>, write: Option<(MailslotWrite<'a>, Content)> },
}

/// The data of a mailslot write.
#[derive(Debug, PartialEq)]
pub enum Content {
    Browser(browser::Message),
    LanMan(LanManAnnouncement),
    Netlogon(netlogon::Message),
    Unknown,
}

impl Vector {
    pub fn read(path: &Path) -> Result<Vector, Failed> {
        let text = std::fs::read_to_string(path)?;
        let (notes, hex): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
        let digits: Vec<u8> = hex.concat().bytes().filter(|digit| !digit.is_ascii_whitespace()).collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
            .collect::<Result<_, Failed>>()?;
        let name_service = notes.iter().any(|line| line.starts_with("# udp:") && line.contains(":137"));
        Ok(Vector { notes: notes.join("\n"), bytes, name_service })
    }

    /// How the sender wrote its SMB.
    pub fn style(&self) -> Style {
        if self.notes.contains("smb flags=0x18") { Style::Windows } else { Style::Samba }
    }

    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Layers<'a>, Error> {
        if self.name_service {
            return name_service::Packet::parse(bytes).map(Layers::NameService);
        }
        let packet = datagram::Packet::parse(bytes)?;
        let write = match packet.body {
            Body::Whole { data, .. } => Some(decode_write(data)?),
            _ => None,
        };
        Ok(Layers::Datagram { packet, write })
    }
}

fn decode_write(data: &[u8]) -> Result<(MailslotWrite<'_>, Content), Error> {
    let write = MailslotWrite::parse(data)?;
    let content = if write.slot().is(browser::MAILSLOT) {
        Content::Browser(browser::Message::parse(write.data())?)
    } else if write.slot().is(browser::LANMAN_MAILSLOT) {
        Content::LanMan(LanManAnnouncement::parse(write.data())?)
    } else if write.slot().as_bytes().starts_with(b"NET\\") || write.slot().is(br"TEMP\NETLOGON") {
        Content::Netlogon(netlogon::Message::parse(write.data())?)
    } else {
        Content::Unknown
    };
    Ok((write, content))
}

impl Layers<'_> {
    /// Whether the innermost values are equal, whatever the bytes around them.
    pub fn says_the_same_as(&self, other: &Layers<'_>) -> bool {
        match (self, other) {
            (Layers::Datagram { write: Some((write, content)), .. }, Layers::Datagram { write: Some((w, c)), .. }) => {
                content == c && write.slot().is(w.slot().as_bytes())
            }
            _ => self == other,
        }
    }

    /// From the innermost value outwards.
    pub fn encode(&self, style: Style) -> Vec<u8> {
        let (packet, write) = match self {
            Layers::NameService(packet) => return packet.encode(),
            Layers::Datagram { packet, write } => (packet, write),
        };
        let Some((write, content)) = write else { return packet.encode() };
        let inner = match content {
            Content::Browser(message) => message.encode(),
            Content::LanMan(announcement) => announcement.encode(),
            Content::Netlogon(message) => message.encode(),
            Content::Unknown => write.data().to_vec(),
        };
        let mut again = MailslotWrite::new(write.slot().as_bytes(), &inner).expect("as long as before");
        (again.class, again.priority, again.timeout) = (write.class, write.priority, write.timeout);
        let encoded = again.encode(style);
        let mut packet = packet.clone();
        if let Body::Whole { data, .. } = &mut packet.body {
            *data = &encoded;
        }
        packet.encode()
    }
}
