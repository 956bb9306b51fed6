//! Values in `serde` formats.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used)]
mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::name;
use mailslot::{
    Access, Address, Mailslot, MailslotOptions, Message, NetbiosName, Network, NetworkOrigin, Origin, Outcome, Receipt,
    SlotName, SlotStatus, Timeout,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

fn is_the_same_again<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    // As a tree of values, as for a settings file or another format with names.
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value);
}

fn origins() -> impl Strategy<Value = Origin> {
    let local = |(pid, uid, gid, attested)| Origin::Local { pid, uid, gid, attested };
    let network = |(computer, domain, address, [authenticated, proven]): (String, _, Option<IpAddr>, [bool; 2])| {
        let mut origin = NetworkOrigin::new(computer);
        (origin.domain, origin.address, origin.authenticated) = (domain, address, authenticated);
        origin.computer_authenticated = proven;
        Origin::from(origin)
    };
    prop_oneof![
        any::<(u32, u32, u32, bool)>().prop_map(local),
        any::<(String, Option<String>, Option<IpAddr>, [bool; 2])>().prop_map(network),
        Just(Origin::Unknown),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_and_origins(data: Vec<u8>, text: String, origin in origins(), millis: Option<u32>) {
        is_the_same_again(&origin);
        let mut timed = Message::new(data.clone(), origin.clone());
        timed.time = millis.map(|millis| std::time::UNIX_EPOCH + Duration::from_millis(millis.into()));
        is_the_same_again(&timed);
        is_the_same_again(&Message::new(data, origin.clone()));
        is_the_same_again(&Message::new(text, origin));
    }

    #[test]
    fn names_and_addresses(host in "[A-Z0-9]{1,15}", slot in "[a-zä/]{1,9}") {
        is_the_same_again(&slot.parse::<SlotName>().unwrap());
        is_the_same_again(&host.parse::<NetbiosName>().unwrap());
        for text in [format!(r"\\{host}\mailslot\a{slot}b"), format!(r"\\*\mailslot\a{slot}b"), format!("a{slot}b")] {
            is_the_same_again(&text.parse::<Address>().unwrap());
        }
    }

    #[test]
    fn receipts_and_access(computer: String, number in 0..Outcome::ALL.len(), uids: Vec<u32>, gid: u32) {
        is_the_same_again(&Receipt::new(computer, Outcome::ALL[number]));
        for access in [Access::Owner, Access::Group(gid), Access::Users(uids), Access::Everyone] {
            is_the_same_again(&access);
        }
    }

    #[test]
    fn read_timeouts_of_slots(nanos in 0..u64::from(u32::MAX) * 1_000_000, whole: bool) {
        let nanos = if whole { nanos / 1_000_000 * 1_000_000 } else { nanos };
        let slot = slot();
        for timeout in [Timeout::After(Duration::from_nanos(nanos.max(1))), Timeout::Zero, Timeout::Forever] {
            slot.set_read_timeout(timeout);
            let info = slot.info().unwrap();
            // Windows rounds it.
            #[cfg(unix)]
            assert_eq!(info.read_timeout, timeout);
            is_the_same_again(&info);
        }
    }
}

fn slot() -> Mailslot {
    MailslotOptions::new().max_message_size(424).network(Network::Allowed).create(name()).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn status_is_what_the_command_prints() {
    let slot = slot();
    mailslot::MailslotWriter::open(slot.name()).unwrap().write(b"hello").unwrap();
    slot.set_read_timeout(Duration::from_millis(1500));
    let status = mailslot::status(slot.name()).unwrap();
    is_the_same_again(&status);
    let value = serde_json::to_value(&status).unwrap();
    let created = status.created.unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    assert_eq!(
        value,
        json!({
            "name": slot.name().as_str(), "pid": std::process::id(), "uid": status.uid.unwrap(), "access": "owner",
            "network": true, "max_message_size": 424, "capacity": 16 << 20, "created_unix_ms": created,
            "members": 1, "taps": 0,
            "counts": {
                "max_message_size": 424, "capacity": 16 << 20, "count": 1, "next_size": 5, "read_timeout_ms": 1500,
                "reader_waits": false, "written": 1, "bytes_written": 5, "read": 0, "bytes_read": 0, "refused_full": 0,
                "refused_too_large": 0, "high_water": 0, "lost": 0,
            },
        })
    );
    // Unknown values may be null or absent.
    let unknown: SlotStatus = serde_json::from_value(json!({"name": "x"})).unwrap();
    assert_eq!((unknown.network, unknown.created, unknown.info), (None, None, None));
    is_the_same_again(&unknown);
}

#[test]
fn messages_are_text_where_they_can_be() {
    let value = |data: &[u8]| serde_json::to_value(Message::new(data, Origin::Unknown)).unwrap();
    assert_eq!(value("é".as_bytes()), json!({"data": "é", "origin": null}));
    assert_eq!(value(&[0xff, 0x0a]), json!({"data_hex": "ff0a", "origin": null}));
    for wrong in [
        json!({"origin": null}),
        json!({"data": "a", "data_hex": "61", "origin": null}),
        json!({"data_hex": "6", "origin": null}),
        json!({"data_hex": "6g", "origin": null}),
        json!({"data_hex": "é", "origin": null}),
    ] {
        assert!(serde_json::from_value::<Message>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let error = serde_json::from_value::<Address>(json!("a\0b")).unwrap_err().to_string();
    assert!(error.contains("NUL"), "{error}");
    let error = serde_json::from_value::<Access>(json!("friends")).unwrap_err().to_string();
    assert!(error.contains("everyone"), "{error}");
    assert!(serde_json::from_value::<NetbiosName>(json!("sixteen letters -")).is_err());
    for wrong in [json!(-1), json!(-0.5), json!(1e300), json!("5")] {
        let mut info = serde_json::to_value(slot().info().unwrap()).unwrap();
        info["read_timeout_ms"] = wrong;
        assert!(serde_json::from_value::<mailslot::Info>(info.clone()).is_err(), "{info}");
    }
}
