//! `mailslot_origin`.

use bytemuck::{Pod, Zeroable};
use mailslot::{Envelope, ReplyTo};

use crate::growing::Growing;
use crate::time::nanoseconds;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    size: u64,
    kind: u32,
    attested: u32,
    pid: u32,
    uid: u32,
    gid: u32,
    authenticated: u32,
    computer: [u8; NAME],
    domain: [u8; NAME],
    address: [u8; ADDRESS],
    time: u64,
    is_request: u32,
    reply_to_uid: u32,
    reply_to: [u8; 32],
    lost_before: u64,
}

/// Names have 255 bytes at most, and a NUL.
const NAME: usize = 256;
/// The longest IPv6 address and a NUL, rounded up.
const ADDRESS: usize = 48;
/// `MAILSLOT_ORIGIN_UNKNOWN`, `MAILSLOT_ORIGIN_LOCAL`, `MAILSLOT_ORIGIN_NETWORK`.
const UNKNOWN: u32 = 0;
const LOCAL: u32 = 1;
const NETWORK: u32 = 2;

// SAFETY: all members are numbers and arrays of them, for which zero is a value.
unsafe impl Zeroable for Origin {}
// SAFETY: as above, in the order of C; there is no padding, as the assertion below checks.
unsafe impl Pod for Origin {}
const _: () = assert!(size_of::<Origin>() == 32 + 2 * NAME + ADDRESS + 56);

impl Growing for Origin {
    const BAD_SIZE: &'static str = "the size in mailslot_origin is not set: begin with MAILSLOT_ORIGIN_INIT";
    const UNKNOWN: &'static str = "mailslot_origin is of a later version of libmailslot than this one";
}

impl From<Envelope> for Origin {
    fn from(envelope: Envelope) -> Origin {
        let (time, lost_before) = (nanoseconds(envelope.time), envelope.lost_before);
        let origin = Origin { time, lost_before, ..Origin::from(envelope.origin) };
        match envelope.reply_to {
            Some(reply_to) => {
                Origin { is_request: 1, reply_to_uid: reply_to.uid(), reply_to: reply_to.token(), ..origin }
            }
            None => origin,
        }
    }
}

impl Origin {
    /// The address for replies to this message.
    pub(crate) fn reply_to(&self) -> Option<ReplyTo> {
        (self.is_request == 1).then(|| ReplyTo::from_parts(self.reply_to_uid, self.reply_to))
    }
}

impl From<mailslot::Origin> for Origin {
    fn from(origin: mailslot::Origin) -> Origin {
        let unknown = Origin { size: size_of::<Origin>() as u64, kind: UNKNOWN, ..Origin::zeroed() };
        match origin {
            mailslot::Origin::Local { pid, uid, gid, attested } => {
                Origin { kind: LOCAL, attested: attested.into(), pid, uid, gid, ..unknown }
            }
            mailslot::Origin::Network(network) => Origin {
                kind: NETWORK,
                authenticated: network.authenticated.into(),
                computer: text(&network.computer),
                domain: text(network.domain.as_deref().unwrap_or_default()),
                address: text(&network.address.map(|address| address.to_string()).unwrap_or_default()),
                ..unknown
            },
            _ => unknown,
        }
    }
}

/// A text with a NUL at its end. NULs within it are left out: a sender chooses its name, and the part before a NUL
/// could be another computer's name.
fn text<const ROOM: usize>(text: &str) -> [u8; ROOM] {
    let mut room = [0; ROOM];
    let bytes = text.bytes().filter(|byte| *byte != 0);
    room[..ROOM - 1].iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    room
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use mailslot::NetworkOrigin;

    use super::*;

    fn seen(origin: mailslot::Origin) -> Origin {
        Origin::from(origin)
    }

    fn string(text: &[u8]) -> &str {
        let end = text.iter().position(|byte| *byte == 0).expect("a NUL");
        core::str::from_utf8(&text[..end]).expect("UTF-8")
    }

    /// Every text that can be in a message, including the longest.
    #[test]
    fn all_of_an_origin_is_told() {
        let addresses = [None, Some(IpAddr::V6(Ipv6Addr::from([0xfd; 16]))), Some(IpAddr::from([10, 0, 0, 1]))];
        for name in ["", "SRV1", "\u{e9}", &"x".repeat(255)] {
            for (address, authenticated) in addresses.into_iter().zip([true, false, true]) {
                let domain = (!authenticated).then(|| name.to_owned());
                let mut origin = NetworkOrigin::new(name);
                (origin.domain, origin.address, origin.authenticated) = (domain, address, authenticated);
                let told = seen(origin.into());
                assert_eq!((told.kind, told.authenticated, told.attested), (2, authenticated.into(), 0));
                assert_eq!(string(&told.computer), name);
                assert_eq!(string(&told.domain), if authenticated { "" } else { name });
                assert_eq!(string(&told.address), address.map(|address| address.to_string()).unwrap_or_default());
            }
        }
        let local = seen(mailslot::Origin::Local { pid: 1, uid: 2, gid: 3, attested: true });
        assert_eq!((local.kind, local.pid, local.uid, local.gid, local.attested), (1, 1, 2, 3, 1));
        assert_eq!(seen(mailslot::Origin::Unknown).kind, 0);
    }

    #[test]
    fn a_nul_in_a_name_hides_nothing() {
        assert_eq!(string(&text::<8>("A\0B")), "AB");
    }
}
