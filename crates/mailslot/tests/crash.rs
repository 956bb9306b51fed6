//! Death at any instant: of writers, and of the owner.
//!
//! This test binary is also the child process: see `common::Part`.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::HashMap;
use std::time::Duration;

use common::{Part, name, watchdog};
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};

/// Numbered messages of varying size: a lost, repeated or damaged one shows.
fn write_for_ever(slot: &str, id: u64) {
    let writer = MailslotWriter::open(slot).unwrap();
    for number in 0.. {
        match writer.write_within(&message(id, number), Timeout::Forever) {
            Ok(()) => {}
            Err(Error::Closed) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

fn message(id: u64, number: u64) -> Vec<u8> {
    let size = 24 + (number * 7 % 300) as usize;
    let mut bytes = vec![(id ^ number) as u8; size];
    bytes[..8].copy_from_slice(&id.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Checks one message against what its writer sent before. Returns the writer.
fn check(bytes: &[u8], next: &mut HashMap<u64, u64>) -> u64 {
    let id = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let number = u64::from_le_bytes(bytes[8..16].try_into().unwrap());
    assert_eq!(bytes, message(id, number), "damaged");
    let expected = next.entry(id).or_insert(0);
    assert_eq!(number, *expected, "writer {id}: lost, repeated or out of order");
    *expected += 1;
    id
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [part, slot, id] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    match part {
        "write" => write_for_ever(slot, id.parse().unwrap()),
        "own" => {
            let slot = Mailslot::create(slot).unwrap();
            loop {
                slot.receive().unwrap();
            }
        }
        _ => panic!("{part}"),
    }
}

/// Kills 1,000 writers, or as many as `MAILSLOT_KILLS` says.
#[test]
fn killed_writers_damage_nothing() {
    let kills = std::env::var("MAILSLOT_KILLS").map_or(1000, |kills| kills.parse().unwrap());
    // More take longer than the watchdog gives; a slot that hangs shows in the time that each message may take.
    let _watchdog = (kills <= 1000).then(watchdog);
    let slot = Mailslot::options().capacity(64 << 10).create(name()).unwrap();
    let slot_name = slot.name().as_str().to_owned();
    let survivor = Part::start(&format!("write {slot_name} 0"));
    let mut next = HashMap::new();
    let mut random = 12345_u64;
    let mut writers: Vec<(u64, Part, u32)> = Vec::new();
    let (mut started, mut killed) = (0, 0);
    while killed < kills {
        while writers.len() < 4 {
            started += 1;
            writers.push((started, Part::start(&format!("write {slot_name} {started}")), u32::MAX));
        }
        let message = slot.receive_within(Timeout::After(Duration::from_secs(60))).expect("no hang");
        let id = check(&message.data, &mut next);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let Some(at) = writers.iter().position(|writer| writer.0 == id) else { continue };
        let left = &mut writers[at].2;
        // The first message decides after how many it is killed, in the middle of whatever it then does.
        *left = if *left == u32::MAX { (random >> 40) as u32 % 40 } else { left.saturating_sub(1) };
        if *left == 0 {
            drop(writers.swap_remove(at));
            killed += 1;
        }
    }
    drop(writers);
    // The one that was never killed still goes on.
    let before = next[&0];
    while next[&0] < before + 1000 {
        let message = slot.receive_within(Timeout::After(Duration::from_secs(60))).expect("no hang");
        check(&message.data, &mut next);
    }
    drop(survivor);
    while let Some(message) = slot.try_receive().unwrap() {
        check(&message.data, &mut next);
    }
    let statistics = slot.statistics();
    assert_eq!(statistics.read, statistics.written);
    assert_eq!(statistics.read, next.values().sum::<u64>());
    println!("{killed} writers killed, {} messages read, each once and in order", statistics.read);
}

#[test]
fn killed_owner_closes_its_writers_and_frees_the_name() {
    let _watchdog = watchdog();
    let slot_name = name();
    for _ in 0..50 {
        let owner = Part::start(&format!("own {slot_name} 0"));
        let writer = loop {
            match MailslotWriter::open(&slot_name) {
                Ok(writer) => break writer,
                Err(Error::NotFound(_)) => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        };
        for number in 0..1000 {
            writer.write_within(&message(1, number), Timeout::Forever).unwrap();
        }
        drop(owner);
        let late = writer.write(b"late");
        assert!(matches!(late, Err(Error::Closed)), "{late:?}");
        assert!(writer.is_closed());
        let again = Mailslot::create(&slot_name).expect("the name is free at once");
        assert!(matches!(writer.write(b"late"), Err(Error::Closed)), "the old writer stays with the old slot");
        assert!(again.try_receive().unwrap().is_none());
    }
}
