//! Properties of all messages.

use std::net::Ipv4Addr;

use mailslot_domain::{Domain, Envelope, Kind, Legacy, Refused};
use proptest::prelude::*;

use crate::members::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn members_open_what_members_seal(
        data in prop::collection::vec(any::<u8>(), 0..2000),
        sealed: bool,
        directed: bool,
        legacy in prop::option::of((any::<[u8; 16]>(), any::<u32>(), "\\PC{0,60}", "\\PC{0,60}")),
    ) {
        let domain = if sealed { domain() } else { Domain::open("PLANT").expect("a good name") };
        let to = if directed {
            domain.directed(&computer("SRV2"), &slot("alerts")).expect("a short name")
        } else {
            alerts(&domain)
        };
        let legacy = legacy.as_ref().map(|(id, address, computer, domain)| Legacy {
            id: *id,
            address: Ipv4Addr::from(*address),
            computer,
            domain,
        });
        let envelope = seal_from(legacy.as_ref(), NOW, &mut sealer(&domain, "srv1"), &to, &data);
        let checked = open_with(NOW, &mut opener(&domain), &to, &envelope, |opened| {
            opened.messages.eq([&data[..]])
                && opened.computer == Some("SRV1")
                && opened.legacy == legacy
                && opened.time == Some(NOW)
                && opened.authenticated == sealed
        });
        prop_assert_eq!(checked, Ok(true));
        prop_assert_eq!(envelope.attachment.is_empty(), sealed);
    }

    #[test]
    fn no_bit_can_be_changed(data in prop::collection::vec(any::<u8>(), 0..100)) {
        let domain = domain();
        let to = alerts(&domain);
        let envelope = seal(&mut sealer(&domain, "SRV1"), &to, &data);
        let mut opener = opener(&domain);
        for bit in 0..8 * envelope.payload.len() {
            let mut changed = envelope.clone();
            changed.payload[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                0 => Refused::Version,
                1 => Refused::Malformed,
                2..10 => Refused::KeyUnknown,
                // The only bit of sequence 1: without it the sequence is 0, which is invalid.
                33 if bit % 8 == 0 => Refused::Malformed,
                _ => Refused::Forged,
            };
            prop_assert_eq!(open(&mut opener, &to, &changed), Err(expected), "bit {}", bit);
        }
        prop_assert_eq!(open(&mut opener, &to, &envelope), Ok(data), "what was refused has left nothing behind");
    }

    #[test]
    fn no_part_is_enough(data in prop::collection::vec(any::<u8>(), 0..100), more in 1usize..50) {
        let domain = domain();
        let to = alerts(&domain);
        let envelope = seal(&mut sealer(&domain, "SRV1"), &to, &data);
        let mut opener = opener(&domain);
        for size in 0..envelope.payload.len() {
            let part = Envelope { payload: envelope.payload[..size].to_vec(), ..Envelope::default() };
            let expected = if size < 50 { Refused::Malformed } else { Refused::Forged };
            prop_assert_eq!(open(&mut opener, &to, &part), Err(expected), "{} bytes", size);
        }
        let mut longer = envelope.clone();
        longer.payload.resize(envelope.payload.len() + more, 0);
        prop_assert_eq!(open(&mut opener, &to, &longer), Err(Refused::Forged));
    }

    #[test]
    fn key_expressions_lead_back_to_their_destinations(name in "[^\0/\\\\]{1,60}", directed: bool, sealed: bool) {
        let Ok(address) = name.parse::<mailslot::Address>() else { return Ok(()) };
        let domain = if sealed { domain() } else { Domain::open("PLANT").expect("a good name") };
        let to = if directed {
            domain.directed(&computer("SRV 1"), address.slot())
        } else {
            domain.broadcast(address.slot())
        };
        // Some characters have many bytes.
        let Ok(to) = to else { return Ok(()) };
        prop_assert_eq!(domain.destination(to.key_expression()), Some(to.clone()));
        prop_assert!(to.key_expression().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.%/".contains(&b)));
        prop_assert_eq!(domain.destination(&format!("{}/x", to.key_expression())), None);
    }

    #[test]
    fn anything_else_is_refused(payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let domain = domain();
        let to = alerts(&domain);
        let envelope = Envelope { payload, ..Envelope::default() };
        prop_assert!(open(&mut opener(&domain), &to, &envelope).is_err());
    }
}

#[test]
fn messages_fit_no_other_slot_computer_domain_or_kind() {
    let (domain, other) = (domain(), domain());
    let to = domain.directed(&computer("SRV2"), &slot("alerts")).expect("a short name");
    let envelope = seal(&mut sealer(&domain, "SRV1"), &to, b"data");
    let mut opener = opener(&domain);
    for (name, at) in [
        ("another slot", domain.directed(&computer("SRV2"), &slot("alert"))),
        ("another computer", domain.directed(&computer("SRV3"), &slot("alerts"))),
        ("every computer", domain.broadcast(&slot("alerts"))),
        ("computer and slot exchanged", domain.directed(&computer("ALERTS"), &slot("srv2"))),
    ] {
        let at = at.expect("short names");
        assert_eq!(open(&mut opener, &at, &envelope), Err(Refused::Forged), "{name}");
    }
    let mut as_query = envelope.clone();
    assert_eq!(opener.open(Kind::Confirmed, &to, NOW, &mut as_query.payload, None), Err(Refused::Malformed));
    let mut turned = envelope.clone();
    turned.payload[1] = Kind::Confirmed as u8;
    assert_eq!(opener.open(Kind::Confirmed, &to, NOW, &mut turned.payload, None), Err(Refused::Forged));
    let mut stranger = crate::members::opener(&other);
    assert_eq!(open(&mut stranger, &alerts(&other), &envelope), Err(Refused::KeyUnknown));
    assert_eq!(open(&mut opener, &to, &envelope), Ok(b"data".to_vec()));
}

/// The same key in two domains, as after editing a file: the id separates them.
#[test]
fn messages_fit_no_domain_of_another_id() {
    let domain = domain();
    let id = domain.prefix().rsplit('/').next().expect("has parts");
    let text = domain.to_toml().replace(id, &"0".repeat(32));
    let other = std::sync::Arc::new(Domain::from_toml(&text).expect("a domain file"));
    let (to, there) = (alerts(&domain), alerts(&other));
    let envelope = seal(&mut sealer(&domain, "SRV1"), &to, b"data");
    assert_eq!(open(&mut opener(&other), &there, &envelope), Err(Refused::Forged));
}

#[test]
fn letter_case_of_names_does_not_count() {
    let domain = domain();
    let (one, other) = (domain.broadcast(&slot("Alerts")), domain.broadcast(&slot("ALERTS")));
    assert_eq!(one.expect("short"), other.expect("short"));
    assert!(domain.all_slots_of(&computer("srv1")).ends_with("/*"));
    let to = domain.directed(&computer("srv1"), &slot("x")).expect("short");
    let all = domain.all_slots_of(&computer("SRV1"));
    assert!(to.key_expression().starts_with(all.trim_end_matches('*')));
}
