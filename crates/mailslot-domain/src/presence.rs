//! Presences announce computers, slots and bridges. Each is the key expression of a liveliness token.

use std::net::Ipv4Addr;

use mailslot_names::{NetbiosName, SlotName};
use ring::aead::Aad;

use crate::crypto::{KeyId, nonce};
use crate::destination::{COMPUTER, SLOT as SLOT_NAME};
use crate::domain::{Domain, Key, Seal};
use crate::envelope::VERSION;
use crate::error::{Refused, Result};
use crate::escape::{base64url, escape, hex, unbase64url, unescape};
use crate::head::text;
use crate::names::computer_name;
use crate::reader::Reader;
use crate::time::Time;

/// Something that a node announces as long as it exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Presence {
    /// A node of this computer takes part.
    Node {
        /// The computer.
        computer: NetbiosName,
    },
    /// A slot that gets the messages of the domain.
    Slot {
        /// The computer that has it.
        computer: NetbiosName,
        /// The slot; in upper case if the domain is open.
        slot: SlotName,
    },
    /// A bridge between the domain and a legacy segment; one for each segment.
    Bridge {
        /// The computer of the bridge.
        computer: NetbiosName,
        /// The segment.
        segment: Segment,
    },
}

/// A segment of a legacy network, as a bridge sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The bridge's address there: the source of what it sends on the segment.
    pub address: Ipv4Addr,
    /// Bits of the address that identify the network.
    pub prefix_length: u8,
    /// The workgroup or domain there.
    pub workgroup: NetbiosName,
}

/// Bytes before the ciphertext: version, key id, and the salt, which begins with the group.
const HEADER: usize = 25;

const NODE: u8 = 1;
const SLOT: u8 = 2;
const BRIDGE: u8 = 3;

impl Presence {
    /// The computer that announces it.
    pub fn computer(&self) -> &NetbiosName {
        match self {
            Presence::Node { computer } | Presence::Slot { computer, .. } | Presence::Bridge { computer, .. } => {
                computer
            }
        }
    }
}

impl Segment {
    /// Whether both are the same segment: the same network, and the same workgroup.
    pub fn is_same(&self, other: &Segment) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix_length.min(32))).unwrap_or(0);
        let network = |address: Ipv4Addr| u32::from(address) & mask;
        self.prefix_length == other.prefix_length
            && network(self.address) == network(other.address)
            && self.workgroup == other.workgroup
    }
}

impl Domain {
    /// The key expression of all presences of the domain.
    pub fn all_presences(&self) -> String {
        format!("{}/at/**", self.prefix())
    }

    /// The key expression of the presences of all slots of this name, and in a sealed domain perhaps of others: a
    /// 16th of all, on average.
    ///
    /// Earlier versions announce in groups that do not follow from names, so that they are not among these: see
    /// [`is_found_by_name`](Domain::is_found_by_name).
    ///
    /// # Errors
    ///
    /// [`Error::SlotNameTooLong`](crate::Error::SlotNameTooLong) if the name has more than 255 bytes in upper case:
    /// nobody can announce it.
    pub fn presences_with(&self, slot: &SlotName) -> Result<String> {
        self.broadcast(slot)?;
        Ok(match &self.seal {
            Some(seal) => self.presences_in(seal.naming.group(SLOT_NAME, slot.folded())),
            None => format!("{}/at/*/{}", self.prefix(), escape(slot.folded())),
        })
    }

    /// The key expression that has the presence of a computer's node, if it is there, and perhaps others, as with
    /// [`presences_with`](Domain::presences_with).
    pub fn presences_of(&self, computer: &NetbiosName) -> String {
        match &self.seal {
            Some(seal) => self.presences_in(seal.naming.group(COMPUTER, computer.as_str())),
            None => format!("{}/at/{}/**", self.prefix(), escape(computer.as_str())),
        }
    }

    /// Key expressions that have all presences together, each in one of them, so that the answers of questions are not
    /// too large: in a sealed domain one for each group.
    pub fn parts_of_presences(&self) -> Vec<String> {
        match self.is_sealed() {
            true => (0..16).map(|group| self.presences_in(group)).collect(),
            false => vec![self.all_presences()],
        }
    }

    fn presences_in(&self, group: u8) -> String {
        format!("{}/at/{group:x}$*/*", self.prefix())
    }

    /// Whether the presence at this key expression is in the group that follows from its name. Those that earlier
    /// versions announce in sealed domains are in any group.
    pub fn is_found_by_name(&self, key_expression: &str, presence: &Presence) -> bool {
        let Some(seal) = &self.seal else { return true };
        let rest = key_expression.strip_prefix(self.prefix()).and_then(|rest| rest.strip_prefix("/at/"));
        rest.is_some_and(|rest| rest.starts_with(&format!("{:x}", group_of(seal, presence))))
    }

    /// The key expression of a presence. `random` are 16 new bytes of [`random`](crate::random()).
    ///
    /// In a sealed domain, announce it again at [`Domain::next_change`], because a presence is valid only while its key
    /// has not expired.
    ///
    /// # Errors
    ///
    /// - [`Error::TextTooLong`](crate::Error::TextTooLong) if a slot's name has more than 255 bytes
    /// - [`Error::NoKey`](crate::Error::NoKey) if the domain has no key to use now
    pub fn presence_key_expression(&self, presence: &Presence, now: Time, random: &[u8; 16]) -> Result<String> {
        let rest = match &self.seal {
            Some(seal) => {
                let mut salt = *random;
                salt[0] = group_of(seal, presence) << 4 | salt[0] & 0xf;
                let sealed = base64url(&sealed_presence(seal, self.sending_key(now)?, presence, &salt)?);
                format!("{}/{sealed}", level(&salt))
            }
            None => open_presence(presence),
        };
        Ok(format!("{}/at/{rest}", self.prefix()))
    }

    /// Parses the presence of a key expression.
    ///
    /// Any user of the Zenoh network who has seen a presence can announce it again, even after its node is gone.
    ///
    /// # Errors
    ///
    /// [`Refused::Malformed`], [`Refused::Version`], [`Refused::KeyUnknown`], [`Refused::KeyExpired`] or
    /// [`Refused::Forged`].
    pub fn presence(&self, key_expression: &str, now: Time) -> Result<Presence, Refused> {
        let rest = key_expression.strip_prefix(self.prefix()).and_then(|rest| rest.strip_prefix("/at/"));
        let rest = rest.ok_or(Refused::Malformed)?;
        match &self.seal {
            Some(seal) => read_sealed(seal, rest, now),
            None => read_open(rest).filter(|found| open_presence(found) == rest).ok_or(Refused::Malformed),
        }
    }
}

fn sealed_presence(seal: &Seal, key: &Key, presence: &Presence, salt: &[u8; 16]) -> Result<Vec<u8>> {
    let header = header(key.id(), salt);
    let mut bytes = header.to_vec();
    encode(presence, &mut bytes)?;
    let tag = key
        .secret
        .presence_key(salt, &seal.id)
        .seal_in_place_separate_tag(nonce(0), Aad::from(header), &mut bytes[HEADER..])
        .expect("64 GiB can be sealed at once, and a presence is small");
    bytes.extend_from_slice(tag.as_ref());
    Ok(bytes)
}

/// The group of a presence, one of 16, follows from the name that others ask for, so that a question about one name is
/// answered with few presences.
fn group_of(seal: &Seal, presence: &Presence) -> u8 {
    match presence {
        Presence::Node { computer } | Presence::Bridge { computer, .. } => {
            seal.naming.group(COMPUTER, computer.as_str())
        }
        Presence::Slot { slot, .. } => seal.naming.group(SLOT_NAME, slot.folded()),
    }
}

/// The level before a sealed presence: two digits, the group and a random one. Without that, all machines' presences of
/// one slot would be on one level, and for each new name Zenoh searches all names of the level.
fn level(salt: &[u8; 16]) -> String {
    hex(&salt[..1])
}

fn read_sealed(seal: &Seal, text: &str, now: Time) -> Result<Presence, Refused> {
    let (found_level, last) = text.split_once('/').ok_or(Refused::Malformed)?;
    let mut bytes = unbase64url(last).ok_or(Refused::Malformed)?;
    let mut reader = Reader::new(&bytes);
    match reader.u8() {
        Some(VERSION) => {}
        Some(_) => return Err(Refused::Version),
        None => return Err(Refused::Malformed),
    }
    let (Some(id), Some(salt)) = (reader.array().map(KeyId), reader.array::<16>()) else {
        return Err(Refused::Malformed);
    };
    // Otherwise one presence could be announced in many forms. Whether the group follows from the name is not checked:
    // for earlier versions it was random.
    if found_level != level(&salt) {
        return Err(Refused::Malformed);
    }
    let key = seal.key_of(id, now)?.secret.presence_key(&salt, &seal.id);
    let sealed = bytes.get_mut(HEADER..).ok_or(Refused::Malformed)?;
    let plaintext = key.open_in_place(nonce(0), Aad::from(header(id, &salt)), sealed).map_err(|_| Refused::Forged)?;
    decode(&mut Reader::new(plaintext)).ok_or(Refused::Malformed)
}

fn header(key: KeyId, salt: &[u8; 16]) -> [u8; HEADER] {
    let mut header = [VERSION; HEADER];
    header[1..9].copy_from_slice(&key.0);
    header[9..].copy_from_slice(salt);
    header
}

fn encode(presence: &Presence, bytes: &mut Vec<u8>) -> Result<()> {
    bytes.push(match presence {
        Presence::Node { .. } => NODE,
        Presence::Slot { .. } => SLOT,
        Presence::Bridge { .. } => BRIDGE,
    });
    text("computer's name", presence.computer().as_str(), bytes)?;
    match presence {
        Presence::Node { .. } => {}
        Presence::Slot { slot, .. } => text("slot's name", slot.as_str(), bytes)?,
        Presence::Bridge { segment, .. } => {
            bytes.extend_from_slice(&segment.address.octets());
            bytes.push(segment.prefix_length);
            text("workgroup's name", segment.workgroup.as_str(), bytes)?;
        }
    }
    Ok(())
}

fn decode(reader: &mut Reader<'_>) -> Option<Presence> {
    let kind = reader.u8()?;
    let computer = computer_name(reader.text()?)?;
    let presence = match kind {
        NODE => Presence::Node { computer },
        SLOT => Presence::Slot { computer, slot: reader.text()?.parse().ok()? },
        BRIDGE => {
            let address = reader.array::<4>()?.into();
            let prefix_length = reader.u8().filter(|length| *length <= 32)?;
            let workgroup = computer_name(reader.text()?)?;
            Presence::Bridge { computer, segment: Segment { address, prefix_length, workgroup } }
        }
        _ => return None,
    };
    reader.is_empty().then_some(presence)
}

/// `computer`, `computer/slot` or `computer/~/address/prefix length/workgroup`: no escaped name has a `~`.
fn open_presence(presence: &Presence) -> String {
    let computer = escape(presence.computer().as_str());
    match presence {
        Presence::Node { .. } => computer,
        Presence::Slot { slot, .. } => format!("{computer}/{}", escape(slot.folded())),
        Presence::Bridge { segment: Segment { address, prefix_length, workgroup }, .. } => {
            format!("{computer}/~/{address}/{prefix_length}/{}", escape(workgroup.as_str()))
        }
    }
}

fn read_open(text: &str) -> Option<Presence> {
    let parts: Vec<&str> = text.split('/').collect();
    let name = |part: &str| computer_name(&unescape(part)?);
    match parts[..] {
        [computer] => Some(Presence::Node { computer: name(computer)? }),
        [computer, slot] => Some(Presence::Slot { computer: name(computer)?, slot: unescape(slot)?.parse().ok()? }),
        [computer, "~", address, prefix_length, workgroup] => {
            let address = address.parse().ok()?;
            let prefix_length = prefix_length.parse().ok().filter(|length| *length <= 32)?;
            let segment = Segment { address, prefix_length, workgroup: name(workgroup)? };
            Some(Presence::Bridge { computer: name(computer)?, segment })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, random};
    use std::sync::Arc;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn domains() -> [Arc<Domain>; 2] {
        let sealed = random().and_then(|random| Domain::sealed("PLANT", NOW, &random)).expect("valid");
        [sealed, Domain::open("PLANT").expect("valid")]
    }

    fn presences() -> [Presence; 3] {
        let computer = computer_name("SRV 1").expect("valid");
        let slot = "PLANT\\LINE 1".parse().expect("valid");
        let workgroup = computer_name("OLD~GROUP").expect("valid");
        let segment = Segment { address: Ipv4Addr::new(192, 0, 2, 1), prefix_length: 24, workgroup };
        [
            Presence::Node { computer: computer.clone() },
            Presence::Slot { computer: computer.clone(), slot },
            Presence::Bridge { computer, segment },
        ]
    }

    #[test]
    fn presences_come_back_from_key_expressions() {
        for domain in domains() {
            for presence in presences() {
                let text = domain.presence_key_expression(&presence, NOW, &[7; 16]).expect("short names");
                assert!(text.starts_with(domain.all_presences().trim_end_matches("**")), "{text}");
                assert!(!text.contains(['*', '$', '?', '#', ' ', '@']) && !text.contains("//"), "{text}");
                assert_eq!(domain.presence(&text, NOW), Ok(presence));
            }
        }
    }

    #[test]
    fn sealed_presences_tell_nothing_and_cannot_be_changed() {
        let [domain, _] = domains();
        let [other, _] = domains();
        for presence in presences() {
            let text = domain.presence_key_expression(&presence, NOW, &[7; 16]).expect("short names");
            assert!(!text.contains("SRV"));
            let (prefix, last) = text.rsplit_once('/').expect("has parts");
            let rest = text.strip_prefix(domain.prefix()).expect("it begins so");
            assert_eq!(other.presence(&text, NOW), Err(Refused::Malformed), "the prefix is another one");
            assert_eq!(other.presence(&format!("{}{rest}", other.prefix()), NOW), Err(Refused::KeyUnknown));
            let (_, found) = prefix.rsplit_once('/').expect("has a group");
            let another = hex(&[u8::from_str_radix(found, 16).expect("two digits") ^ 1]);
            for wrong in [last.to_owned(), format!("{another}/{last}"), format!("x{found}/{last}")] {
                let text = format!("{}/at/{wrong}", domain.prefix());
                assert_eq!(domain.presence(&text, NOW), Err(Refused::Malformed), "{wrong}");
            }
            for at in 0..last.len() {
                for letter in ["A", "B", "_"] {
                    let mut changed = last.to_owned();
                    changed.replace_range(at..=at, letter);
                    let found = domain.presence(&format!("{prefix}/{changed}"), NOW);
                    assert!(found.is_err() || changed == last, "{at} {letter}");
                }
                assert!(domain.presence(&format!("{prefix}/{}", &last[..at]), NOW).is_err(), "{at}");
            }
        }
    }

    /// Whether the key expression of a group has the other one.
    fn has(group: &str, key_expression: &str) -> bool {
        let digit = group.strip_suffix("$*/*").expect("a digit and another one");
        key_expression.strip_prefix(digit).is_some_and(|rest| rest.find('/') == Some(1))
    }

    #[test]
    fn sealed_presences_are_found_by_name() {
        let [domain, _] = domains();
        let parts = domain.parts_of_presences();
        let name = |text: &str| -> SlotName { text.parse().expect("valid") };
        let computers = ["A", "B", "SRV 1"].map(|text| computer_name(text).expect("valid"));
        for slot in ["alerts", r"Plant\Line 1", "stra\u{df}e"] {
            let with = domain.presences_with(&name(&slot.to_uppercase().replace("SS", "\u{df}"))).expect("short");
            for (number, computer) in computers.iter().enumerate() {
                let random = [u8::try_from(number).expect("few"); 16];
                let presence = Presence::Slot { computer: computer.clone(), slot: name(slot) };
                let text = domain.presence_key_expression(&presence, NOW, &random).expect("short");
                assert!(has(&with, &text), "{with} {text}: all owners of a slot are in its group");
                assert_eq!(parts.iter().filter(|part| has(part, &text)).count(), 1);
                assert!(domain.is_found_by_name(&text, &presence));
                let node = Presence::Node { computer: computer.clone() };
                let text = domain.presence_key_expression(&node, NOW, &random).expect("short");
                assert!(has(&domain.presences_of(computer), &text), "{text}");
                assert!(domain.is_found_by_name(&text, &node));
            }
        }
        let groups: std::collections::HashSet<String> =
            (0..1000).map(|number| domain.presences_with(&name(&format!("slot{number}"))).expect("short")).collect();
        assert_eq!(groups.len(), 16);
    }

    #[test]
    fn presences_of_earlier_versions_are_read_and_recognised() {
        let [domain, _] = domains();
        let seal = domain.seal.as_ref().expect("sealed");
        for presence in presences() {
            // For those, all of the 16 bytes were random.
            let salt = [(group_of(seal, &presence) ^ 1) << 4; 16];
            let key = domain.sending_key(NOW).expect("a key");
            let sealed = base64url(&sealed_presence(seal, key, &presence, &salt).expect("short"));
            let text = format!("{}/at/{}/{sealed}", domain.prefix(), level(&salt));
            assert_eq!(domain.presence(&text, NOW).as_ref(), Ok(&presence));
            assert!(!domain.is_found_by_name(&text, &presence));
        }
    }

    #[test]
    fn what_is_no_presence_is_refused() {
        let [_, open] = domains();
        for wrong in [
            "",
            "srv1",
            "A/",
            "A/%",
            "A/~",
            "A/~/1.2.3.4/33/W",
            "A/~/1.2.3.4/04/W",
            "A/~/1.2.3/24/W",
            "A/b",
            "A/B/C",
            "SIXTEEN-LETTERS-",
        ] {
            let text = format!("{}/at/{wrong}", open.prefix());
            assert_eq!(open.presence(&text, NOW), Err(Refused::Malformed), "{wrong}");
        }
    }

    #[test]
    fn long_names_of_slots_do_not_travel() {
        let presence = Presence::Slot {
            computer: computer_name("A").expect("valid"),
            slot: "x".repeat(256).parse().expect("valid"),
        };
        let [sealed, _] = domains();
        let error = sealed.presence_key_expression(&presence, NOW, &[7; 16]).expect_err("too long");
        assert!(matches!(error, Error::TextTooLong { limit: 255, .. }), "{error}");
    }

    #[test]
    fn segments_are_the_same_by_network_and_workgroup() {
        let segment = |address: [u8; 4], prefix_length, workgroup: &str| Segment {
            address: address.into(),
            prefix_length,
            workgroup: computer_name(workgroup).expect("valid"),
        };
        let one = segment([192, 0, 2, 1], 24, "PLANT");
        assert!(one.is_same(&segment([192, 0, 2, 200], 24, "PLANT")));
        assert!(!one.is_same(&segment([192, 0, 3, 1], 24, "PLANT")));
        assert!(!one.is_same(&segment([192, 0, 2, 1], 25, "PLANT")));
        assert!(!one.is_same(&segment([192, 0, 2, 1], 24, "OFFICE")));
        assert!(segment([1, 2, 3, 4], 0, "A").is_same(&segment([5, 6, 7, 8], 0, "A")));
        assert!(!segment([1, 2, 3, 4], 32, "A").is_same(&segment([1, 2, 3, 5], 32, "A")));
    }
}
