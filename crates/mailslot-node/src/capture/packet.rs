//! A captured packet, and its encoding from the node to the capturing program.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailslot::network::Undecoded;

/// A packet that the node has sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// When the node sent or received it.
    pub time: SystemTime,
    /// The name of the interface by which it was sent or received.
    pub interface: String,
    /// To what kind of address it was sent, if received; `None` if the node has sent it.
    pub received: Option<Cast>,
    /// Packets since the last one that were lost because the capturing program's slot had no room.
    pub lost: u64,
    /// An IPv4 packet with the UDP datagram. The node does not see the headers, so it rebuilds them: addresses, ports
    /// and sizes are the real ones, and checksums are correct, but time to live, identification and options are not
    /// those of the packet.
    pub bytes: Vec<u8>,
}

/// The kind of address to which a received packet was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// This machine.
    Unicast,
    /// A subnet.
    Broadcast,
}

/// First byte of an encoded packet. Raised whenever the layout changes.
const VERSION: u8 = 1;
/// Bytes before the interface's name: version, direction, nanoseconds since 1970, packets lost, size of the name.
const HEADER: usize = 1 + 1 + 8 + 8 + 1;

impl Captured {
    /// The bytes of the message that carries it; numbers are little-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let name = self.interface.as_bytes();
        let name = &name[..name.len().min(usize::from(u8::MAX))];
        let time = self.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mut bytes = Vec::with_capacity(HEADER + name.len() + self.bytes.len());
        bytes.extend_from_slice(&[VERSION, direction(self.received)]);
        bytes.extend_from_slice(&u64::try_from(time).unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend_from_slice(&self.lost.to_le_bytes());
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&self.bytes);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Captured, Undecoded> {
        Captured::decode_known(Undecoded::check_version(bytes, VERSION)?).ok_or(Undecoded::Malformed)
    }

    fn decode_known(rest: &[u8]) -> Option<Captured> {
        let (direction, rest) = rest.split_first()?;
        let (nanoseconds, rest) = rest.split_first_chunk()?;
        let (lost, rest) = rest.split_first_chunk()?;
        let (size, rest) = rest.split_first()?;
        let (name, packet) = rest.split_at_checked(usize::from(*size))?;
        let received = match direction {
            0 => None,
            1 => Some(Cast::Unicast),
            2 => Some(Cast::Broadcast),
            _ => return None,
        };
        Some(Captured {
            time: UNIX_EPOCH + Duration::from_nanos(u64::from_le_bytes(*nanoseconds)),
            interface: String::from_utf8_lossy(name).into_owned(),
            received,
            lost: u64::from_le_bytes(*lost),
            bytes: packet.to_vec(),
        })
    }
}

fn direction(received: Option<Cast>) -> u8 {
    match received {
        None => 0,
        Some(Cast::Unicast) => 1,
        Some(Cast::Broadcast) => 2,
    }
}

impl From<mailslot_netbios::Cast> for Cast {
    fn from(cast: mailslot_netbios::Cast) -> Cast {
        match cast {
            mailslot_netbios::Cast::Unicast => Cast::Unicast,
            mailslot_netbios::Cast::Broadcast => Cast::Broadcast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_decode_to_what_was_encoded() {
        for (received, interface) in [(None, "eth0"), (Some(Cast::Unicast), ""), (Some(Cast::Broadcast), "x")] {
            let captured = Captured {
                time: UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789),
                interface: interface.to_owned(),
                received,
                lost: 7,
                bytes: b"packet".to_vec(),
            };
            let bytes = captured.encode();
            assert_eq!(Captured::decode(&bytes), Ok(captured));
            for size in 0..bytes.len() - b"packet".len() {
                assert_eq!(Captured::decode(&bytes[..size]), Err(Undecoded::Malformed), "{size}");
            }
        }
    }
}
