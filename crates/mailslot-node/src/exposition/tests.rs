use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A status in which all numbers differ.
fn status() -> control::Status {
    serde_json::from_value(serde_json::json!({
        "version": "1", "computer": "SRV1<00>", "workgroup": "PLANT<00>", "node_type": "B", "nmbd_connected": true,
        "interfaces": [{ "name": "eth0", "address": "192.0.2.1", "prefix": 24, "broadcast": "192.0.2.255" }],
        "unused": [{ "name": "eth7", "reason": "there is no such interface", "is_fault": true }],
        "names": [
            { "name": "SRV1<00>", "group": false, "interface": "eth0", "state": "held" },
            { "name": "SRV1<03>", "group": false, "interface": "eth0", "state": "refused" },
        ],
        "counters": { "packets_received": 7, "dropped_malformed": 2, "dropped_own": 3, "undelivered_full": 4 },
    }))
    .expect("a status")
}

/// A slot's status; the counters are derived from `number`.
fn slot(name: &str, uid: u32, number: Option<u64>) -> SlotStatus {
    let counts = number.map(|number| {
        serde_json::json!({
            "max_message_size": 0, "next_size": null, "count": number, "read_timeout_ms": null, "reader_waits": true,
            "capacity": 4096, "written": 10 * number, "read": 9 * number, "bytes_written": 100 * number,
            "bytes_read": 90 * number, "refused_full": number + 1, "refused_too_large": number + 2,
            "high_water": number + 3,
        })
    });
    serde_json::from_value(serde_json::json!({ "name": name, "uid": uid, "counts": counts })).expect("a slot")
}

/// The samples of a text, by the series with its labels as written.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        (series, value.parse().expect("a number"))
    });
    samples.collect()
}

#[test]
fn everything_that_is_counted_is_a_sample() {
    let text = text(&[slot("alerts", 7, Some(5))], &[7], Some(&status())).expect("metrics");
    let samples = samples(&text);
    for (series, value) in [
        ("mailslot_node_up", 1.0),
        ("mailslot_node_packets_received_total", 7.0),
        (r#"mailslot_node_dropped_total{reason="malformed"}"#, 2.0),
        (r#"mailslot_node_dropped_total{reason="own"}"#, 3.0),
        (r#"mailslot_node_undelivered_total{reason="full"}"#, 4.0),
        (r#"mailslot_node_names{state="held"}"#, 1.0),
        (r#"mailslot_node_names{state="conflict"}"#, 0.0),
        ("mailslot_node_interfaces_failed", 1.0),
        (r#"mailslot_slot_written_messages_total{slot="alerts",uid="7"}"#, 50.0),
        (r#"mailslot_slot_waiting_bytes{slot="alerts",uid="7"}"#, 50.0),
        (r#"mailslot_slot_refused_messages_total{reason="too_large",slot="alerts",uid="7"}"#, 7.0),
        (r#"mailslot_slot_high_water_bytes{slot="alerts",uid="7"}"#, 8.0),
        (r#"mailslot_slot_reader_waits{slot="alerts",uid="7"}"#, 1.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}\n{text}");
    }
}

#[test]
fn every_family_has_help_and_a_type_that_its_name_tells() {
    let text = text(&[slot("a", 7, Some(1))], &[7], Some(&status())).expect("metrics");
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["#", "HELP", name, _, ..] => assert!(helped.insert(name.to_owned())),
            ["#", "TYPE", name, kind] => {
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                assert!(typed.insert(name.to_owned()));
            }
            _ => assert!(typed.contains(line.split(['{', ' ']).next().unwrap_or_default()), "{line}"),
        }
    }
    assert_eq!(helped, typed);
}

#[test]
fn without_a_node_there_are_slots() {
    let text = text(&[slot("a", 7, Some(1))], &[7], None).expect("metrics");
    let samples = samples(&text);
    assert_eq!((samples["mailslot_node_up"], samples["mailslot_slots"]), (0.0, 1.0));
    assert!(!text.contains("mailslot_node_info"), "{text}");
}

#[test]
fn what_strangers_call_their_slots_makes_no_series() {
    let names = (0..2 * slots::MAX_SLOTS_OF_USER).map(|number| slot(&format!("theirs{number}"), 8, Some(1)));
    let mut all: Vec<SlotStatus> = names.chain([slot("mine", 7, Some(1)), slot("unknown", 7, None)]).collect();
    all.push(slot(r"MAILSLOT\reply\00112233445566778899aabbccddeeff", 7, Some(1)));
    all.push(slot(r"mailslot\node", 7, Some(1)));
    let text = text(&all, &[7], None).expect("metrics");
    let with = |name: &str| text.lines().filter(|line| line.contains(name)).count();
    assert!(with("mine") > 0 && with(r#"slot="mailslot\\node""#) > 0, "{text}");
    assert_eq!((with("theirs"), with("unknown"), with("reply")), (0, 0, 0));
    assert_eq!(samples(&text)["mailslot_slots"], all.len() as f64);
}

#[test]
fn a_user_has_so_many_series_and_takes_none_from_others() {
    let number = slots::MAX_SLOTS_OF_USER + 17;
    let mut all: Vec<SlotStatus> = (0..number).map(|number| slot(&format!("a{number}"), 7, Some(1))).collect();
    all.push(slot("z", 8, Some(1)));
    let text = text(&all, &[7, 8], None).expect("metrics");
    let samples = samples(&text);
    let series = samples.keys().filter(|series| series.starts_with("mailslot_slot_capacity_bytes"));
    assert_eq!(series.count(), slots::MAX_SLOTS_OF_USER + 1);
    assert_eq!(samples[r#"mailslot_slots_left_out{uid="7"}"#], 17.0);
    assert_eq!(samples[r#"mailslot_slots_left_out{uid="8"}"#], 0.0);
    assert_eq!(samples[r#"mailslot_slot_capacity_bytes{slot="z",uid="8"}"#], 4096.0);
}

#[test]
fn no_name_makes_lines_or_labels() {
    for evil in ["a\"b", "a\\", "a\nmailslot_node_up 7", "a\",uid=\"0", "{}", "é\u{202e}", "a\\n", "#", " "] {
        let mut status = status();
        status.computer = evil.to_owned();
        let text = text(&[], &[7], Some(&status)).expect("metrics");
        let line = text.lines().find(|line| line.starts_with("mailslot_node_info{")).expect("a sample");
        let (_, rest) = line.split_once("computer=\"").expect("the label");
        let (value, _) = rest.split_once("\",node_type=\"B\"").expect("the next label");
        let read = value.replace("\\\\", "\u{0}").replace("\\n", "\n").replace("\\\"", "\"").replace('\u{0}', "\\");
        assert_eq!(read, evil);
        assert_eq!(samples(&text)["mailslot_node_up"], 1.0, "{text}");
    }
}

#[test]
fn counters_of_another_version_are_metrics_or_an_error() {
    for (label, name) in
        [("new_one", Some("mailslot_node_new_one_total")), ("no-metric", None), ("", Some("mailslot_node__total"))]
    {
        let mut status = status();
        status.counters = [(label.to_owned(), 1)].into();
        match text(&[], &[], Some(&status)) {
            Ok(text) => assert!(name.is_some_and(|name| samples(&text).contains_key(name)), "{text}"),
            Err(error) => assert!(name.is_none() && matches!(error, Error::Metrics(_)), "{error}"),
        }
    }
}
