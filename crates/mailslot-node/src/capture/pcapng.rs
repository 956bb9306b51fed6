//! The part of pcapng, the file format of tcpdump and Wireshark, that captured packets need.

use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use super::packet::{Captured, Cast};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Packets begin with the IP header.
const LINKTYPE_RAW: u16 = 101;
const END_OF_OPTIONS: u16 = 0;
const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const TIME_RESOLUTION: u16 = 9;
const PACKET_FLAGS: u16 = 2;
const DROP_COUNT: u16 = 4;

/// Writes packets in the format pcapng.
///
/// # Sources
///
/// draft-ietf-opsawg-pcapng, sections 4.1 to 4.3; the list of link types at tcpdump.org.
pub struct Pcapng<W> {
    out: W,
    interfaces: Vec<String>,
}

impl<W: Write> Pcapng<W> {
    /// Writes the header of the file.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(mut out: W) -> io::Result<Pcapng<W>> {
        let mut body = Vec::new();
        body.extend_from_slice(&BYTE_ORDER.to_le_bytes());
        // Version 1.0; the length of the section is not known.
        body.extend_from_slice(&1u16.to_le_bytes());
        body.extend_from_slice(&0u16.to_le_bytes());
        body.extend_from_slice(&u64::MAX.to_le_bytes());
        option(&mut body, USER_APPLICATION, concat!("mailslot ", env!("CARGO_PKG_VERSION")).as_bytes());
        option(&mut body, END_OF_OPTIONS, &[]);
        block(&mut out, SECTION_HEADER, &body)?;
        Ok(Pcapng { out, interfaces: Vec::new() })
    }

    /// Writes a packet, and before the first one of an interface the interface's description.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn packet(&mut self, captured: &Captured) -> io::Result<()> {
        let interface = match self.interfaces.iter().position(|name| *name == captured.interface) {
            Some(known) => known,
            None => self.interface(&captured.interface)?,
        };
        let time = captured.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let time = u64::try_from(time).unwrap_or(u64::MAX);
        let size = number(captured.bytes.len()).to_le_bytes();
        // Bits 0 and 1: inbound or outbound; 2 to 4: unicast or broadcast.
        let flags: u32 = match captured.received {
            None => 0b10,
            Some(Cast::Unicast) => 0b0_0101,
            Some(Cast::Broadcast) => 0b0_1101,
        };
        let mut body = Vec::with_capacity(captured.bytes.len() + 64);
        body.extend_from_slice(&number(interface).to_le_bytes());
        body.extend_from_slice(&((time >> 32) as u32).to_le_bytes());
        body.extend_from_slice(&(time as u32).to_le_bytes());
        // The captured and the original length are equal.
        body.extend_from_slice(&size);
        body.extend_from_slice(&size);
        padded(&mut body, &captured.bytes);
        option(&mut body, PACKET_FLAGS, &flags.to_le_bytes());
        if captured.lost > 0 {
            option(&mut body, DROP_COUNT, &captured.lost.to_le_bytes());
        }
        option(&mut body, END_OF_OPTIONS, &[]);
        block(&mut self.out, ENHANCED_PACKET, &body)
    }

    /// Flushes the output.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn interface(&mut self, name: &str) -> io::Result<usize> {
        let mut body = Vec::new();
        body.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
        // Reserved; no limit to the size of packets.
        body.extend_from_slice(&[0; 6]);
        option(&mut body, INTERFACE_NAME, name.as_bytes());
        // Nanoseconds.
        option(&mut body, TIME_RESOLUTION, &[9]);
        option(&mut body, END_OF_OPTIONS, &[]);
        block(&mut self.out, INTERFACE_DESCRIPTION, &body)?;
        self.interfaces.push(name.to_owned());
        Ok(self.interfaces.len() - 1)
    }
}

/// A block: its kind, its size, the body, and the size again.
fn block(out: &mut impl Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let size = number(body.len() + 12).to_le_bytes();
    out.write_all(&[&kind.to_le_bytes(), &size, body, &size].concat())
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    padded(body, value);
}

/// Blocks and options begin at multiples of four bytes.
fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Sizes and numbers here are small: a packet has 65,535 bytes at most.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_each_other_and_an_interface_is_described_once() {
        let captured = Captured {
            time: UNIX_EPOCH,
            interface: "eth0".to_owned(),
            received: Some(Cast::Broadcast),
            lost: 3,
            bytes: b"odd".to_vec(),
        };
        let mut file = Vec::new();
        let mut pcapng = Pcapng::new(&mut file).expect("memory");
        pcapng.packet(&captured).expect("memory");
        pcapng.packet(&Captured { lost: 0, received: None, ..captured }).expect("memory");
        let mut kinds = Vec::new();
        let mut rest = file.as_slice();
        while let Some((head, _)) = rest.split_first_chunk::<8>() {
            let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
            let size = word(4) as usize;
            assert_eq!(rest[size - 4..size], head[4..8], "the size stands at both ends");
            assert_eq!(size % 4, 0);
            kinds.push((word(0), size));
            rest = &rest[size..];
        }
        assert!(rest.is_empty());
        let expected =
            [(SECTION_HEADER, 52), (INTERFACE_DESCRIPTION, 40), (ENHANCED_PACKET, 60), (ENHANCED_PACKET, 48)];
        assert_eq!(kinds, expected);
    }
}
