//! The preface of a message that has more properties than the stamp of its record can hold, in a ring and on its way
//! through a door.
//!
//! ```text
//! size 2 · flags 1 · time 8 · reply 16, id 16 · answered 16 · address 0, 4 or 16 · size 1, computer · size 1, domain
//! ```
//!
//! The first size is that of the whole preface, little-endian. The rest is present only if the flags say so: the time,
//! in nanoseconds since 1970, little-endian; for a request, the number of the slot for replies, and an id, which
//! replies repeat; for a reply, that id; and from the address on, the origin of a message of another machine.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::process;
use super::ring::layout::{PREFACE_SIZE, Stamp};
use crate::error::{Error, Result};
use crate::message::{Envelope, NetworkOrigin, Origin, ReplyTo};

/// The size of a preface that holds only the time.
pub(crate) const STAMP: usize = PREFACE_SIZE + 1 + 8;

const AUTHENTICATED: u8 = 1;
const DOMAIN: u8 = 2;
const IPV6: u8 = 4;
const NO_ADDRESS: u8 = 8;
/// Where there is no address: the computer is authenticated. Versions before it ignore the bit there.
const COMPUTER: u8 = IPV6;
const NETWORK: u8 = 16;
const REQUEST: u8 = 32;
const TIME: u8 = 64;
const REPLY: u8 = 128;

/// Bytes of a preface for which room is allocated at once: with two names of NetBIOS, an address and the time.
const USUAL: usize = 64;

/// The contents of a preface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preface<'a> {
    /// When the message was written. Fractions of a nanosecond and times before 1970 or after 2554 cannot be encoded.
    pub(crate) time: Option<SystemTime>,
    /// For a request: the number of the slot for replies, and the request's id.
    pub(crate) request: Option<[[u8; 16]; 2]>,
    /// For a reply: the id of the request.
    pub(crate) in_reply_to: Option<[u8; 16]>,
    pub(crate) network: Option<Cow<'a, NetworkOrigin>>,
}

impl Preface<'_> {
    /// Adds the time, in a slot whose messages have it.
    pub(crate) fn stamped(self, stamp: bool) -> Self {
        Preface { time: stamp.then(SystemTime::now), ..self }
    }

    /// Fails if a name has more than 255 bytes.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(USUAL);
        bytes.extend_from_slice(&[0; PREFACE_SIZE]);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        bytes.push(
            flag(self.time.is_some(), TIME)
                | flag(self.request.is_some(), REQUEST)
                | flag(self.in_reply_to.is_some(), REPLY)
                | self.network.as_deref().map_or(0, network_flags),
        );
        if let Some(time) = self.time {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            bytes.extend_from_slice(&u64::try_from(since).unwrap_or(u64::MAX).to_le_bytes());
        }
        bytes.extend(self.request.into_iter().flatten().chain(self.in_reply_to).flatten());
        if let Some(network) = &self.network {
            encode_network(network, &mut bytes)?;
        }
        // Two names of at most 255 bytes: the size always fits.
        let size = bytes.len() as u16;
        bytes[..PREFACE_SIZE].copy_from_slice(&size.to_le_bytes());
        Ok(bytes)
    }

    /// `None` if these bytes are not an encoded preface.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Preface<'static>> {
        let bytes = bytes.get(PREFACE_SIZE..)?;
        let (&flags, bytes) = bytes.split_first()?;
        let (time, bytes) = if flags & TIME == 0 {
            (None, bytes)
        } else {
            let (nanos, rest) = bytes.split_first_chunk()?;
            (Some(UNIX_EPOCH.checked_add(Duration::from_nanos(u64::from_le_bytes(*nanos)))?), rest)
        };
        let (request, bytes) = if flags & REQUEST == 0 {
            (None, bytes)
        } else {
            let (reply, rest) = bytes.split_first_chunk()?;
            let (id, rest) = rest.split_first_chunk()?;
            (Some([*reply, *id]), rest)
        };
        let (in_reply_to, bytes) = if flags & REPLY == 0 {
            (None, bytes)
        } else {
            bytes.split_first_chunk().map(|(id, rest)| (Some(*id), rest))?
        };
        let (network, bytes) = if flags & NETWORK == 0 {
            (None, bytes)
        } else {
            decode_network(flags, bytes).map(|(network, rest)| (Some(Cow::Owned(network)), rest))?
        };
        bytes.is_empty().then_some(Preface { time, request, in_reply_to, network })
    }
}

/// Bytes of the preface at the beginning of `payload`, if there may be one.
pub(crate) fn size(payload: &[u8]) -> Option<usize> {
    let size = usize::from(u16::from_le_bytes(*payload.first_chunk()?));
    (PREFACE_SIZE..=payload.len()).contains(&size).then_some(size)
}

/// The envelope of a message with this stamp and this preface.
pub(crate) fn envelope(preface: Option<&[u8]>, stamp: Stamp) -> Envelope {
    let attested = stamp.kind.is_attested();
    let origin = Origin::Local { pid: stamp.pid(), uid: stamp.uid, gid: stamp.gid(), attested };
    let Some(preface) = preface else { return Envelope::new(origin) };
    // A friend may have recorded anything, even something that is no preface.
    let Some(preface) = Preface::decode(preface) else { return Envelope::new(Origin::Unknown) };
    // The user that a friend records may be wrong: it is of this user, or it could not write to the ring.
    let uid = if attested { stamp.uid } else { process::uid() };
    // For a request of another machine, this is the node's address, which passes replies on.
    let reply_to = preface.request.map(|[reply, id]| ReplyTo { uid, reply, id });
    let Preface { time, in_reply_to, .. } = preface;
    match preface.network {
        None => Envelope { time, reply_to, in_reply_to, ..Envelope::new(origin) },
        // Only replies of processes of this machine are accepted.
        Some(network) => Envelope { time, reply_to, ..Envelope::new(network.into_owned().into()) },
    }
}

fn network_flags(origin: &NetworkOrigin) -> u8 {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    NETWORK
        | flag(origin.authenticated, AUTHENTICATED)
        | flag(origin.domain.is_some(), DOMAIN)
        | flag(origin.address.is_some_and(|address| address.is_ipv6()), IPV6)
        | flag(origin.address.is_none(), NO_ADDRESS)
        | flag(origin.address.is_none() && origin.computer_authenticated, COMPUTER)
}

fn encode_network(origin: &NetworkOrigin, bytes: &mut Vec<u8>) -> Result<()> {
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
    Ok(())
}

fn decode_network(flags: u8, bytes: &[u8]) -> Option<(NetworkOrigin, &[u8])> {
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
    let computer_authenticated = address.is_none() && flags & COMPUTER != 0;
    Some((NetworkOrigin { computer, domain, address, authenticated, computer_authenticated }, bytes))
}

fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (&size, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(size.into())?;
    Some((core::str::from_utf8(name).ok()?.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::super::ring::layout::LONGEST_PREFACE;
    use super::*;
    use proptest::prelude::*;

    fn networks() -> impl Strategy<Value = NetworkOrigin> {
        let parts = ("\\PC{0,60}", any::<Option<String>>(), any::<Option<IpAddr>>(), any::<[bool; 2]>());
        parts.prop_map(|(computer, domain, address, [authenticated, proven])| NetworkOrigin {
            computer,
            domain: domain.map(|domain| domain.chars().take(60).collect()),
            address,
            authenticated,
            computer_authenticated: proven && address.is_none(),
        })
    }

    proptest! {
        #[test]
        fn prefaces_decode_to_what_was_encoded(
            nanos: Option<u64>, request: Option<[[u8; 16]; 2]>, in_reply_to: Option<[u8; 16]>,
            network in prop::option::of(networks()), message: Vec<u8>,
        ) {
            let time = nanos.map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos));
            let preface = Preface { time, request, in_reply_to, network: network.map(Cow::Owned) };
            let bytes = preface.encode().expect("short names");
            prop_assert_eq!(size(&[&bytes[..], &message].concat()), Some(bytes.len()));
            prop_assert_eq!(Preface::decode(&bytes), Some(preface));
            for size in 0..bytes.len() {
                prop_assert_eq!(Preface::decode(&bytes[..size]), None, "{}", size);
            }
            prop_assert_eq!(Preface::decode(&[&bytes[..], &[0]].concat()), None);
        }

        #[test]
        fn what_is_no_preface_is_none_and_what_is_one_says_what_it_would_encode(bytes: Vec<u8>) {
            if let Some(preface) = Preface::decode(&bytes) {
                let again = preface.encode().expect("names that came are short");
                prop_assert_eq!(Preface::decode(&again), Some(preface));
            }
        }
    }

    #[test]
    fn names_have_255_bytes_at_most() {
        let encode =
            |network: &NetworkOrigin| Preface { network: Some(Cow::Borrowed(network)), ..Preface::default() }.encode();
        let address = Some("192.0.2.1".parse().expect("valid"));
        let mut origin = NetworkOrigin { address, ..NetworkOrigin::new("x".repeat(255)) };
        assert!(encode(&origin).is_ok());
        let longest = Preface {
            time: Some(UNIX_EPOCH),
            request: Some([[1; 16]; 2]),
            in_reply_to: Some([1; 16]),
            network: Some(Cow::Owned(NetworkOrigin {
                domain: Some("x".repeat(255)),
                address: Some(Ipv6Addr::LOCALHOST.into()),
                ..origin.clone()
            })),
        };
        assert_eq!(longest.encode().map(|bytes| bytes.len()).ok(), Some(LONGEST_PREFACE));
        origin.computer.push('x');
        assert!(matches!(encode(&origin), Err(Error::InvalidOption { option: "computer", .. })));
    }
}
