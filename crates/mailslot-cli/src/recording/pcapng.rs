//! Records as packets of a pcapng file, with the link type USER0, which is reserved for private use.
//!
//! ```text
//! "MSLT" 4 · version 1 · { tag 1 · size 2 · value }... · tag 0 · message
//! ```
//!
//! Sizes are big-endian. Tags that a reader does not know are skipped. `wireshark/mailslot.lua` dissects the same.

use std::borrow::Cow;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailslot::{Message, NetworkOrigin, Origin, SlotName};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::{Block, PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, PcapError};

use super::record::Record;

/// The first bytes of every packet: other programs use the link type for other contents.
const MAGIC: &[u8; 4] = b"MSLT";
const VERSION: u8 = 1;
/// Nanoseconds: the resolution of timestamps, as a power of ten.
const RESOLUTION: u8 = 9;

/// The tags of the parts of a packet's head.
mod tag {
    pub const END: u8 = 0;
    /// UTF-8.
    pub const SLOT: u8 = 1;
    /// 4 bytes each.
    pub const PID: u8 = 2;
    pub const UID: u8 = 3;
    pub const GID: u8 = 4;
    /// Empty: its presence is the value.
    pub const ATTESTED: u8 = 5;
    /// UTF-8. Every message of another machine has it, even if it is empty.
    pub const COMPUTER: u8 = 6;
    pub const DOMAIN: u8 = 7;
    /// 4 or 16 bytes.
    pub const ADDRESS: u8 = 8;
    /// Empty.
    pub const AUTHENTICATED: u8 = 9;
    /// 8 bytes: how many messages were lost before this one. Only if there were any.
    pub const LOST: u8 = 10;
    /// Empty. Earlier versions skip it.
    pub const COMPUTER_AUTHENTICATED: u8 = 11;
}

/// The header of a file.
pub fn header() -> Vec<u8> {
    writer().into_inner()
}

/// The packet of a record.
pub fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let mut writer = writer();
    writer.get_mut().clear();
    let data = packet(record);
    let too_large = |_| io::Error::new(io::ErrorKind::FileTooLarge, "a packet has less than 4 GiB");
    let block = EnhancedPacketBlock {
        interface_id: 0,
        timestamp: record.time.duration_since(UNIX_EPOCH).unwrap_or_default(),
        original_len: u32::try_from(data.len()).map_err(too_large)?,
        data: Cow::Owned(data),
        options: Vec::new(),
    };
    writer.write_block(&block.into_block()).map_err(io::Error::other)?;
    Ok(writer.into_inner())
}

/// A writer that has written the header of a file.
fn writer() -> PcapNgWriter<Vec<u8>> {
    let interface = InterfaceDescriptionBlock {
        linktype: DataLink::USER0,
        // Packets of any size.
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName(Cow::Borrowed("mailslot")),
            InterfaceDescriptionOption::IfTsResol(RESOLUTION),
        ],
    };
    let written = PcapNgWriter::new(Vec::new()).and_then(|mut writer| {
        writer.write_block(&interface.into_block())?;
        Ok(writer)
    });
    written.expect("a vector accepts all writes")
}

fn packet(record: &Record) -> Vec<u8> {
    let Message { data, origin, .. } = &record.message;
    let mut packet = Vec::with_capacity(64 + data.len());
    packet.extend_from_slice(MAGIC);
    packet.push(VERSION);
    let mut part = |tag: u8, value: &[u8]| {
        // Names are shorter than 64 KiB.
        let size = u16::try_from(value.len()).unwrap_or(u16::MAX);
        packet.push(tag);
        packet.extend_from_slice(&size.to_be_bytes());
        packet.extend_from_slice(&value[..size.into()]);
    };
    part(tag::SLOT, record.slot.as_str().as_bytes());
    match origin {
        Origin::Local { pid, uid, gid, attested } => {
            for (tag, id) in [(tag::PID, pid), (tag::UID, uid), (tag::GID, gid)] {
                part(tag, &id.to_be_bytes());
            }
            if *attested {
                part(tag::ATTESTED, &[]);
            }
        }
        Origin::Network(origin) => {
            part(tag::COMPUTER, origin.computer.as_bytes());
            if let Some(domain) = &origin.domain {
                part(tag::DOMAIN, domain.as_bytes());
            }
            match origin.address {
                Some(std::net::IpAddr::V4(address)) => part(tag::ADDRESS, &address.octets()),
                Some(std::net::IpAddr::V6(address)) => part(tag::ADDRESS, &address.octets()),
                None => {}
            }
            if origin.authenticated {
                part(tag::AUTHENTICATED, &[]);
            }
            if origin.computer_authenticated {
                part(tag::COMPUTER_AUTHENTICATED, &[]);
            }
        }
        _ => {}
    }
    if record.message.lost_before > 0 {
        part(tag::LOST, &record.message.lost_before.to_be_bytes());
    }
    packet.push(tag::END);
    packet.extend_from_slice(data);
    packet
}

/// Splits a file into blocks.
pub struct Parser(Option<pcap_file::pcapng::PcapNgParser>);

impl Parser {
    pub fn new() -> Parser {
        Parser(None)
    }

    /// The length of the next block of `bytes`, and its record if it has one. `Ok(None)` if `bytes` have no whole
    /// block.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Option<(usize, Option<Record>)>, String> {
        let Some(parser) = &mut self.0 else {
            return match pcap_file::pcapng::PcapNgParser::new(bytes) {
                Ok((rest, parser)) => {
                    self.0 = Some(parser);
                    Ok(Some((bytes.len() - rest.len(), None)))
                }
                Err(PcapError::IncompleteBuffer) => Ok(None),
                Err(error) => Err(error.to_string()),
            };
        };
        let (rest, block) = match parser.next_block(bytes) {
            Ok(next) => next,
            Err(PcapError::IncompleteBuffer) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let record = match block {
            Block::EnhancedPacket(packet) => {
                let interface =
                    parser.interfaces().get(packet.interface_id as usize).ok_or("a packet without an interface")?;
                record(&packet, interface)?
            }
            // Statistics and similar blocks, which other programs add.
            _ => None,
        };
        Ok(Some((bytes.len() - rest.len(), record)))
    }
}

/// `None` if the packet is not one of ours.
fn record(
    packet: &EnhancedPacketBlock<'_>,
    interface: &InterfaceDescriptionBlock<'_>,
) -> Result<Option<Record>, String> {
    if interface.linktype != DataLink::USER0 {
        return Ok(None);
    }
    let Some(rest) = packet.data.strip_prefix(MAGIC) else { return Ok(None) };
    let Some((&VERSION, rest)) = rest.split_first() else {
        return Err("a packet of a later version of this command".to_owned());
    };
    let (slot, message) = dissect(rest).ok_or("an incomplete packet")?;
    let slot: SlotName = slot.ok_or("a packet without a slot")?.parse().map_err(|error| format!("{error}"))?;
    let time = time(packet, interface).ok_or("a time that this machine cannot represent")?;
    Ok(Some(Record { time, slot, message }))
}

fn dissect(mut rest: &[u8]) -> Option<(Option<String>, Message)> {
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).ok();
    let number = |value: &[u8]| value.try_into().ok().map(u32::from_be_bytes);
    let (mut slot, mut local, mut ids, mut attested) = (None, false, [0; 3], false);
    let mut network: Option<NetworkOrigin> = None;
    let mut lost_before = 0;
    loop {
        let (&tag, after) = rest.split_first()?;
        rest = after;
        if tag == tag::END {
            break;
        }
        let (size, after) = rest.split_first_chunk()?;
        let (value, after) = after.split_at_checked(u16::from_be_bytes(*size).into())?;
        rest = after;
        match tag {
            tag::SLOT => slot = Some(text(value)?),
            tag::PID..=tag::GID => {
                local = true;
                ids[usize::from(tag - tag::PID)] = number(value)?;
            }
            tag::ATTESTED => attested = true,
            tag::COMPUTER => remote(&mut network).computer = text(value)?,
            tag::DOMAIN => remote(&mut network).domain = Some(text(value)?),
            tag::ADDRESS => {
                let v4 = <[u8; 4]>::try_from(value).ok().map(Into::into);
                let address = v4.or_else(|| <[u8; 16]>::try_from(value).ok().map(Into::into));
                remote(&mut network).address = Some(address?);
            }
            tag::AUTHENTICATED => remote(&mut network).authenticated = true,
            tag::COMPUTER_AUTHENTICATED => remote(&mut network).computer_authenticated = true,
            tag::LOST => lost_before = u64::from_be_bytes(value.try_into().ok()?),
            _ => {}
        }
    }
    let [pid, uid, gid] = ids;
    let origin = match network {
        Some(origin) => origin.into(),
        None if local => Origin::Local { pid, uid, gid, attested },
        None => Origin::Unknown,
    };
    let mut message = Message::new(rest, origin);
    message.lost_before = lost_before;
    Some((slot, message))
}

/// The network origin, created by the first of its parts.
fn remote(origin: &mut Option<NetworkOrigin>) -> &mut NetworkOrigin {
    origin.get_or_insert_with(|| NetworkOrigin::new(""))
}

/// The time of a packet. The crate returns the number of units as if they were nanoseconds; other programs may have
/// changed the file's units.
fn time(packet: &EnhancedPacketBlock<'_>, interface: &InterfaceDescriptionBlock<'_>) -> Option<SystemTime> {
    const MICROSECONDS: u8 = 6;
    let resolution = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    let resolution = resolution.unwrap_or(MICROSECONDS);
    let units_per_second = match resolution & 0x7f {
        power if resolution & 0x80 != 0 => 2_u128.checked_pow(power.into())?,
        power => 10_u128.checked_pow(power.into())?,
    };
    let nanoseconds = packet.timestamp.as_nanos().checked_mul(1_000_000_000)? / units_per_second;
    UNIX_EPOCH.checked_add(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::records;

    /// All records of a file.
    fn parse(mut bytes: &[u8]) -> Result<Vec<Record>, String> {
        let (mut parser, mut records) = (Parser::new(), Vec::new());
        while let Some((size, record)) = parser.next(bytes)? {
            records.extend(record);
            bytes = &bytes[size..];
        }
        Ok(records)
    }

    fn file(records: &[Record]) -> Vec<u8> {
        let packets = records.iter().map(|record| encode(record).expect("records are packets"));
        [header()].into_iter().chain(packets).flatten().collect()
    }

    #[test]
    fn records_come_back() {
        let records = records();
        assert_eq!(parse(&file(&records)), Ok(records));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_has_the_records_before() {
        let records: Vec<Record> =
            records().into_iter().filter(|record| record.message.data.len() < 100).step_by(3).collect();
        let whole = file(&records);
        for end in 0..whole.len() {
            let seen = parse(&whole[..end]).expect("a cut is not an error");
            assert_eq!(seen[..], records[..seen.len()], "{end}");
        }
    }

    #[test]
    fn no_byte_that_is_changed_makes_it_panic() {
        let whole = file(&records()[..2]);
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= change;
                // It may be an error or another record, but must not panic.
                let _ = parse(&changed);
            }
        }
    }
}
