//! Rebuilds the headers of a UDP datagram, as far as the node knows them.

use std::net::SocketAddrV4;

const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;
const TIME_TO_LIVE: u8 = 64;

/// An IPv4 packet with one UDP datagram.
///
/// # Sources
///
/// RFC 791 section 3.1, RFC 768, RFC 1071.
pub(super) fn packet(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    // UDP payloads cannot be longer, so nothing is ever cut.
    let payload = &payload[..payload.len().min(usize::from(u16::MAX) - IP_HEADER - UDP_HEADER)];
    let udp_size = size(UDP_HEADER + payload.len());
    let mut ip = Vec::with_capacity(IP_HEADER + UDP_HEADER + payload.len());
    ip.extend_from_slice(&[0x45, 0]);
    ip.extend_from_slice(&size(IP_HEADER + UDP_HEADER + payload.len()));
    // Identification 0, do not fragment, offset 0.
    ip.extend_from_slice(&[0, 0, 0x40, 0, TIME_TO_LIVE, UDP, 0, 0]);
    ip.extend_from_slice(&from.ip().octets());
    ip.extend_from_slice(&to.ip().octets());
    let sum = checksum(&[&ip]);
    ip[10..12].copy_from_slice(&sum);

    let mut udp = Vec::with_capacity(UDP_HEADER);
    udp.extend_from_slice(&from.port().to_be_bytes());
    udp.extend_from_slice(&to.port().to_be_bytes());
    udp.extend_from_slice(&udp_size);
    let sum = match checksum(&[&ip[12..], &[0, UDP], &udp_size, &udp, payload]) {
        // 0 would mean that there is no checksum.
        [0, 0] => [0xff, 0xff],
        sum => sum,
    };
    udp.extend_from_slice(&sum);
    ip.extend_from_slice(&udp);
    ip.extend_from_slice(payload);
    ip
}

fn size(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// The Internet checksum; all parts but the last have an even number of bytes.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let word = |bytes: &[u8]| u32::from(bytes[0]) << 8 | bytes.get(1).map_or(0, |low| u32::from(*low));
    let mut sum: u32 = words.map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [_, _, high, low] = (!sum).to_be_bytes();
    [high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_right() {
        let from = "192.0.2.1:138".parse().expect("an address");
        let to = "192.0.2.255:138".parse().expect("an address");
        for payload in [&b""[..], b"odd", b"even"] {
            let packet = packet(from, to, payload);
            assert_eq!(packet.len(), 28 + payload.len());
            // The checksum of data that include their checksum is 0.
            assert_eq!(checksum(&[&packet[..20]]), [0, 0]);
            assert_eq!(checksum(&[&packet[12..20], &[0, UDP], &packet[24..26], &packet[20..]]), [0, 0]);
        }
    }
}
