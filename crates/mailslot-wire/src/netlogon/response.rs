//! The answers of domain controllers.

use std::net::Ipv4Addr;

use crate::dns_name::{DnsName, Known};
use crate::error::Result;
use crate::netlogon::version::{TAIL, Version, write_tail};
use crate::reader::Reader;
use crate::text::WideText;

/// Bytes of a GUID.
const GUID: usize = 16;
/// Fewest bytes of a [`Directory`]: two GUIDs, three empty names, an address, flags.
const DIRECTORY: usize = 2 * GUID + 3 + 4 + 4;
/// Bytes of a socket address.
const SOCKET_ADDRESS: usize = 16;
/// AF_INET.
const FAMILY_INET: u16 = 2;

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The controller can log the user on: 19, or 23.
    Available,
    /// The controller is paused: 20, or 24.
    Paused,
    /// The controller does not know the user: 21, or 25.
    UserUnknown,
}

/// An answer in the form of Windows NT 4, or of Windows NT 5, which adds a directory.
///
/// ```text
/// opcode 2 · server, UTF-16 · user, UTF-16 · domain, UTF-16 · [directory] · version, tokens
/// ```
///
/// # Sources
///
/// MS-ADTS sections 6.3.1.7 and 6.3.1.8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The result.
    pub outcome: Outcome,
    /// The controller, with `\\` before it.
    pub server: WideText,
    /// The user of the request.
    pub user: WideText,
    /// The domain.
    pub domain: WideText,
    /// The addition of the form of Windows NT 5.
    pub directory: Option<Directory>,
    /// The form of the answer.
    pub version: Version,
}

/// A domain's place in the directory.
///
/// ```text
/// domain GUID 16 · zero 16 · forest, domain, host: DNS names, compressed · address 4 · server flags 4
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The domain's GUID, as it is on the wire.
    pub domain_guid: [u8; 16],
    /// The forest.
    pub forest: DnsName,
    /// The domain.
    pub domain: DnsName,
    /// The controller.
    pub host: DnsName,
    /// The controller's address. Little-endian on the wire, unlike that of [`ResponseEx`].
    pub address: Ipv4Addr,
    /// The controller's capabilities (DS_FLAG).
    pub server_flags: u32,
}

/// An answer in its richest form.
///
/// ```text
/// opcode 2 · zero 2 · server flags 4 · domain GUID 16
/// forest, domain, host, NetBIOS domain, NetBIOS host, user, server site, client site: DNS names, compressed
/// [size 1 (16) · family 2 · port 2 · address 4, big-endian · zero 8] · version, tokens
/// ```
///
/// # Sources
///
/// MS-ADTS section 6.3.1.9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseEx {
    /// The result.
    pub outcome: Outcome,
    /// The controller's capabilities (DS_FLAG).
    pub server_flags: u32,
    /// The domain's GUID, as it is on the wire.
    pub domain_guid: [u8; 16],
    /// The forest.
    pub forest: DnsName,
    /// The domain.
    pub domain: DnsName,
    /// The controller.
    pub host: DnsName,
    /// The domain's NetBIOS name, as one label.
    pub netbios_domain: DnsName,
    /// The controller's NetBIOS name, as one label.
    pub netbios_host: DnsName,
    /// The user of the request.
    pub user: DnsName,
    /// The site of the controller.
    pub server_site: DnsName,
    /// The site of the asker.
    pub client_site: DnsName,
    /// The controller's address, if the request wanted it.
    pub address: Option<Ipv4Addr>,
    /// The form of the answer.
    pub version: Version,
}

impl Response {
    /// Reads the fields after the opcode.
    pub(super) fn read(outcome: Outcome, reader: &mut Reader<'_>) -> Result<Response> {
        Ok(Response {
            outcome,
            server: WideText::read(reader, "unicode server")?,
            user: WideText::read(reader, "unicode user")?,
            domain: WideText::read(reader, "unicode domain")?,
            directory: if reader.left() < DIRECTORY + TAIL { None } else { Some(Directory::read(reader)?) },
            version: Version::read_last(reader)?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for text in [&self.server, &self.user, &self.domain] {
            text.write(out);
        }
        if let Some(directory) = &self.directory {
            directory.write(out);
        }
        write_tail(self.version, out);
    }
}

impl Directory {
    fn read(reader: &mut Reader<'_>) -> Result<Directory> {
        let domain_guid = reader.array::<GUID>("domain guid")?;
        reader.take(GUID, "null guid")?;
        Ok(Directory {
            domain_guid,
            forest: DnsName::read(reader, "forest")?,
            domain: DnsName::read(reader, "domain")?,
            host: DnsName::read(reader, "host")?,
            address: Ipv4Addr::from(reader.u32_le("address")?),
            server_flags: reader.u32_le("server flags")?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.domain_guid);
        out.extend_from_slice(&[0; GUID]);
        let mut known = Known::default();
        for name in [&self.forest, &self.domain, &self.host] {
            name.write_compressed(out, &mut known);
        }
        out.extend_from_slice(&u32::from(self.address).to_le_bytes());
        out.extend_from_slice(&self.server_flags.to_le_bytes());
    }
}

impl ResponseEx {
    /// Reads the fields after the opcode.
    pub(super) fn read(outcome: Outcome, reader: &mut Reader<'_>) -> Result<ResponseEx> {
        reader.take(2, "padding")?;
        Ok(ResponseEx {
            outcome,
            server_flags: reader.u32_le("server flags")?,
            domain_guid: reader.array::<GUID>("domain guid")?,
            forest: DnsName::read(reader, "forest")?,
            domain: DnsName::read(reader, "domain")?,
            host: DnsName::read(reader, "host")?,
            netbios_domain: DnsName::read(reader, "netbios domain")?,
            netbios_host: DnsName::read(reader, "netbios host")?,
            user: DnsName::read(reader, "user")?,
            server_site: DnsName::read(reader, "server site")?,
            client_site: DnsName::read(reader, "client site")?,
            address: read_socket_address(reader)?,
            version: Version::read_last(reader)?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.server_flags.to_le_bytes());
        out.extend_from_slice(&self.domain_guid);
        let mut known = Known::default();
        for name in [&self.forest, &self.domain, &self.host, &self.netbios_domain] {
            name.write_compressed(out, &mut known);
        }
        for name in [&self.netbios_host, &self.user, &self.server_site, &self.client_site] {
            name.write_compressed(out, &mut known);
        }
        if let Some(address) = self.address {
            out.push(SOCKET_ADDRESS as u8);
            out.extend_from_slice(&FAMILY_INET.to_le_bytes());
            out.extend_from_slice(&[0; 2]);
            out.extend_from_slice(&address.octets());
            out.extend_from_slice(&[0; 8]);
        }
        write_tail(self.version, out);
    }
}

impl Outcome {
    pub(super) fn of_opcode(opcode: u16) -> Option<Outcome> {
        match opcode {
            19 => Some(Outcome::Available),
            20 => Some(Outcome::Paused),
            21 => Some(Outcome::UserUnknown),
            _ => None,
        }
    }

    pub(super) fn of_opcode_ex(opcode: u16) -> Option<Outcome> {
        Outcome::of_opcode(opcode.checked_sub(4)?)
    }

    pub(super) fn opcode(self) -> u16 {
        match self {
            Outcome::Available => 19,
            Outcome::Paused => 20,
            Outcome::UserUnknown => 21,
        }
    }

    pub(super) fn opcode_ex(self) -> u16 {
        self.opcode() + 4
    }
}

/// The address, unless the version follows at once.
fn read_socket_address(reader: &mut Reader<'_>) -> Result<Option<Ipv4Addr>> {
    let mut ahead = reader.clone();
    if ahead.left() < 1 + SOCKET_ADDRESS + TAIL || usize::from(ahead.u8("socket address size")?) != SOCKET_ADDRESS {
        return Ok(None);
    }
    ahead.take(4, "socket address")?;
    let address = Ipv4Addr::from(ahead.array::<4>("socket address")?);
    ahead.take(8, "socket address")?;
    *reader = ahead;
    Ok(Some(address))
}
