//! What must hold for any bytes: the decoder does not panic, and what it understands is understood the same after
//! having been encoded again. One function per fuzz target; the crates' own tests replay the seeds through them.

use mailslot_wire::browser::{self, LanManAnnouncement};
use mailslot_wire::datagram::{self, Body, MAX_DATAGRAM_LENGTH};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Name, name_service, netlogon};

/// A name of two bytes (a pointer) can stand for 255, in a record of twelve.
const GROWTH: usize = 24;

pub fn names(bytes: &[u8]) {
    let Ok(name) = Name::parse(bytes) else { return };
    let encoded = name.encode();
    assert!(encoded.len() == name.encoded_len() && encoded.len() <= 255);
    assert_eq!(Name::parse(&encoded), Ok(name.clone()));
    assert!(!name.to_string().is_empty());
}

pub fn name_service(bytes: &[u8]) {
    let Ok(packet) = name_service::Packet::parse(bytes) else { return };
    let encoded = packet.encode();
    assert!(encoded.len() <= GROWTH * bytes.len());
    assert_eq!(name_service::Packet::parse(&encoded), Ok(packet));
}

pub fn datagram(bytes: &[u8]) {
    let Ok(packet) = datagram::Packet::parse(bytes) else { return };
    let encoded = packet.encode();
    assert_eq!(datagram::Packet::parse(&encoded).as_ref(), Ok(&packet));
    if let (Body::Whole { .. }, Ok(fragments)) = (&packet.body, packet.clone().fragments(MAX_DATAGRAM_LENGTH)) {
        let encoded_fragments: Vec<Vec<u8>> = fragments.iter().map(datagram::Packet::encode).collect();
        assert!(encoded_fragments.iter().all(|fragment| fragment.len() + 28 <= MAX_DATAGRAM_LENGTH));
        let together: Vec<u8> = encoded_fragments.iter().flat_map(|fragment| &fragment[14..]).copied().collect();
        assert_eq!(together, encoded[14..]);
    }
}

pub fn smb(bytes: &[u8]) {
    let Ok(write) = MailslotWrite::parse(bytes) else { return };
    for style in [Style::Windows, Style::Samba] {
        assert_eq!(MailslotWrite::parse(&write.encode(style)).as_ref(), Ok(&write));
    }
    assert!(!write.slot().to_string().is_empty());
}

pub fn browser(bytes: &[u8]) {
    if let Ok(message) = browser::Message::parse(bytes) {
        assert_eq!(browser::Message::parse(&message.encode()), Ok(message));
    }
    if let Ok(announcement) = LanManAnnouncement::parse(bytes) {
        assert_eq!(LanManAnnouncement::parse(&announcement.encode()), Ok(announcement));
    }
}

pub fn netlogon(bytes: &[u8]) {
    let Ok(message) = netlogon::Message::parse(bytes) else { return };
    assert_eq!(netlogon::Message::parse(&message.encode()), Ok(message));
}
