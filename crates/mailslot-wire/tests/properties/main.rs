//! What holds for every value and for any bytes.

#[path = "../../../../fuzz/properties.rs"]
mod properties;
mod values;

use mailslot_wire::browser::{self, LanManAnnouncement};
use mailslot_wire::smb::{MailslotWrite, Style, max_data};
use mailslot_wire::{DnsName, Name, datagram, name_service, netlogon};
use proptest::collection::vec;
use proptest::prelude::*;

/// Checks the properties of all fuzz targets with these bytes.
fn check_all(bytes: &[u8]) {
    properties::names(bytes);
    properties::name_service(bytes);
    properties::datagram(bytes);
    properties::smb(bytes);
    properties::browser(bytes);
    properties::netlogon(bytes);
}

/// The valid packet `bytes` with some bytes replaced, and cut.
fn damage(bytes: &[u8], changes: &[(prop::sample::Index, u8)], length: prop::sample::Index) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for (at, byte) in changes {
        let at = at.index(damaged.len());
        damaged[at] = *byte;
    }
    damaged.truncate(length.index(bytes.len() + 1));
    damaged
}

fn damages() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    vec(any::<(prop::sample::Index, u8)>(), 0..4)
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_panic(bytes in vec(any::<u8>(), 0..700)) {
        check_all(&bytes);
    }

    #[test]
    fn names_come_back(name in values::name()) {
        prop_assert_eq!(Name::parse(&name.encode()), Ok(name));
    }

    #[test]
    fn printed_names_come_back(name in values::name(), scope in "([a-z]{1,5}(\\.[a-z]{1,5}){0,2})?") {
        let name = name.with_scope(DnsName::new(&scope).expect("labels")).expect("short");
        // A wildcard is printed alike, whatever its padding.
        let expected = if name.is_wildcard() {
            Name::wildcard().with_suffix(name.suffix()).with_scope(name.scope().clone())
        } else {
            Ok(name.clone())
        };
        prop_assert_eq!(name.to_string().parse(), expected);
    }

    #[test]
    fn text_of_no_name_is_an_error(text in r"[A-Z0-9<>.#\\x ]{0,24}") {
        if let Ok(name) = text.parse::<Name>() {
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }
    }

    #[test]
    fn text_of_domains_comes_back(name in values::dns_name()) {
        prop_assert_eq!(DnsName::new(&name.to_string()), Ok(name));
    }

    #[test]
    fn name_service_packets_come_back(packet in values::name_service_packet()) {
        prop_assert_eq!(name_service::Packet::parse(&packet.encode()), Ok(packet));
    }

    #[test]
    fn damaged_name_service_packets_are_decoded_without_panic(
        packet in values::name_service_packet(), changes in damages(), length in any::<prop::sample::Index>()
    ) {
        check_all(&damage(&packet.encode(), &changes, length));
    }

    #[test]
    fn datagrams_come_back(parts in values::datagram_parts(), data in vec(any::<u8>(), 0..1500)) {
        let packet = parts.with(&data);
        let encoded = packet.encode();
        prop_assert_eq!(datagram::Packet::parse(&encoded), Ok(packet));
    }

    #[test]
    fn fragments_hold_all_of_a_datagram(
        parts in values::datagram_parts(), data in vec(any::<u8>(), 0..3000), limit in 600_usize..1500
    ) {
        let packet = parts.with(&data);
        let whole = packet.encode();
        let fragments = packet.fragments(limit).expect("names of 510 bytes fit");
        let encoded: Vec<Vec<u8>> = fragments.iter().map(datagram::Packet::encode).collect();
        prop_assert!(encoded.len() == 1 || encoded.iter().all(|fragment| fragment.len() + 28 <= limit));
        let after_header = |packet: &Vec<u8>| packet.get(14..).unwrap_or_default().to_vec();
        prop_assert_eq!(encoded.iter().flat_map(after_header).collect::<Vec<u8>>(), after_header(&whole));
    }

    #[test]
    fn mailslot_writes_come_back(
        slot in vec(1_u8.., 1..300), data in vec(any::<u8>(), 0..1500), fields in values::write_fields()
    ) {
        let mut write = MailslotWrite::new(&slot, &data).expect("short enough");
        (write.class, write.priority, write.timeout) = fields;
        for style in [Style::Windows, Style::Samba] {
            let encoded = write.encode(style);
            prop_assert_eq!(MailslotWrite::parse(&encoded), Ok(write.clone()));
        }
    }

    #[test]
    fn the_size_rule_keeps_datagrams_within_512_bytes(slot in vec(1_u8.., 1..433)) {
        let data = vec![0; max_data(slot.len())];
        let write = MailslotWrite::new(&slot, &data).expect("short enough");
        prop_assert!(write.encode(Style::Windows).len() <= 512);
        prop_assert!(write.encode(Style::Samba).len() <= 512);
    }

    #[test]
    fn browser_messages_come_back(message in values::browser_message()) {
        prop_assert_eq!(browser::Message::parse(&message.encode()), Ok(message));
    }

    #[test]
    fn lanman_announcements_come_back(announcement in values::lanman_announcement()) {
        prop_assert_eq!(LanManAnnouncement::parse(&announcement.encode()), Ok(announcement));
    }

    #[test]
    fn netlogon_messages_come_back(message in values::netlogon_message()) {
        prop_assert_eq!(netlogon::Message::parse(&message.encode()), Ok(message));
    }

    #[test]
    fn damaged_messages_are_decoded_without_panic(
        browser in values::browser_message(),
        netlogon in values::netlogon_message(),
        changes in damages(),
        length in any::<prop::sample::Index>(),
    ) {
        for bytes in [browser.encode(), netlogon.encode()] {
            check_all(&damage(&bytes, &changes, length));
            let write = MailslotWrite::new(b"BROWSE", &bytes).expect("short enough").encode(Style::Windows);
            check_all(&damage(&write, &changes, length));
        }
    }
}
