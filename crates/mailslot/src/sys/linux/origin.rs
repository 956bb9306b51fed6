//! The origin of a message of another machine, as it precedes the message in a ring and on its way through a door.
//!
//! ```text
//! size 2 · flags 1 · address 0, 4 or 16 · size 1, computer · size 1, domain
//! ```
//!
//! The first size is that of the whole, little-endian. Domain and its size are only there if the flags say so, and they say
//! which address there is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ring::layout::{Kind, ORIGIN_SIZE};
use super::ring::write::Stamp;
use crate::error::{Error, Result};
use crate::message::{NetworkOrigin, Origin};

const AUTHENTICATED: u8 = 1;
const DOMAIN: u8 = 2;
const IPV6: u8 = 4;
const NO_ADDRESS: u8 = 8;

/// Fails if a name has more than 255 bytes.
pub(crate) fn encode(origin: &NetworkOrigin) -> Result<Vec<u8>> {
    let mut bytes = vec![0; ORIGIN_SIZE];
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    bytes.push(
        flag(origin.authenticated, AUTHENTICATED)
            | flag(origin.domain.is_some(), DOMAIN)
            | flag(origin.address.is_some_and(|address| address.is_ipv6()), IPV6)
            | flag(origin.address.is_none(), NO_ADDRESS),
    );
    match origin.address {
        Some(IpAddr::V4(address)) => bytes.extend_from_slice(&address.octets()),
        Some(IpAddr::V6(address)) => bytes.extend_from_slice(&address.octets()),
        None => {}
    }
    let names = [("computer", Some(&origin.computer)), ("domain", origin.domain.as_ref())];
    for (option, name) in names {
        let Some(name) = name else { continue };
        let size = u8::try_from(name.len())
            .map_err(|_| Error::InvalidOption { option, expected: "at most 255 bytes long".to_owned() })?;
        bytes.push(size);
        bytes.extend_from_slice(name.as_bytes());
    }
    // Two names of at most 255 bytes: the size always fits.
    let size = bytes.len() as u16;
    bytes[..ORIGIN_SIZE].copy_from_slice(&size.to_le_bytes());
    Ok(bytes)
}

/// Bytes of the origin that `payload` begins with, if it may be one.
pub(crate) fn size(payload: &[u8]) -> Option<usize> {
    let size = usize::from(u16::from_le_bytes(*payload.first_chunk()?));
    (ORIGIN_SIZE..=payload.len()).contains(&size).then_some(size)
}

/// The origin of a message with this stamp, and with these bytes before it if it is one of another machine.
pub(crate) fn of(network: Option<&[u8]>, stamp: Stamp) -> Origin {
    let Some(bytes) = network else {
        let attested = stamp.kind == Kind::Attested;
        return Origin::Local { pid: stamp.pid(), uid: stamp.uid, gid: stamp.gid(), attested };
    };
    // A friend may have recorded anything, even what is no origin.
    decode(bytes).map_or(Origin::Unknown, |origin| Origin::Network(Box::new(origin)))
}

/// `None` if nobody encoded these bytes.
fn decode(bytes: &[u8]) -> Option<NetworkOrigin> {
    let bytes = bytes.get(ORIGIN_SIZE..)?;
    let (&flags, bytes) = bytes.split_first()?;
    let (address, bytes) = if flags & NO_ADDRESS != 0 {
        (None, bytes)
    } else if flags & IPV6 == 0 {
        let (address, rest) = bytes.split_first_chunk::<4>()?;
        (Some(IpAddr::V4(Ipv4Addr::from(*address))), rest)
    } else {
        let (address, rest) = bytes.split_first_chunk::<16>()?;
        (Some(IpAddr::V6(Ipv6Addr::from(*address))), rest)
    };
    let (computer, bytes) = name(bytes)?;
    let (domain, bytes) = match flags & DOMAIN {
        0 => (None, bytes),
        _ => name(bytes).map(|(domain, rest)| (Some(domain), rest))?,
    };
    let authenticated = flags & AUTHENTICATED != 0;
    bytes.is_empty().then_some(NetworkOrigin { computer, domain, address, authenticated })
}

fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (&size, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(size.into())?;
    Some((core::str::from_utf8(name).ok()?.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_decode_to_what_was_encoded() {
        let unicast = NetworkOrigin {
            computer: "SRV1".to_owned(),
            domain: None,
            address: Some("192.0.2.1".parse().expect("valid")),
            authenticated: false,
        };
        let domain = NetworkOrigin {
            computer: String::new(),
            domain: Some("é".repeat(127)),
            address: Some("2001:db8::1".parse().expect("valid")),
            authenticated: true,
        };
        let modern = NetworkOrigin { address: None, authenticated: true, ..unicast.clone() };
        for origin in [unicast, domain, modern] {
            let bytes = encode(&origin).expect("short names");
            assert_eq!(size(&bytes), Some(bytes.len()));
            assert_eq!(decode(&bytes), Some(origin));
            for size in 0..bytes.len() {
                assert_eq!(decode(&bytes[..size]), None, "{size}");
            }
        }
    }

    #[test]
    fn names_have_255_bytes_at_most() {
        let address = Some("192.0.2.1".parse().expect("valid"));
        let mut origin = NetworkOrigin { computer: "x".repeat(255), domain: None, address, authenticated: false };
        assert!(encode(&origin).is_ok());
        origin.computer.push('x');
        assert!(matches!(encode(&origin), Err(Error::InvalidOption { option: "computer", .. })));
    }
}
