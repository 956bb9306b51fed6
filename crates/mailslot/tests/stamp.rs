//! Times of messages.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::time::{Duration, SystemTime};

use common::{Part, is_apart, name, part, watchdog};
use mailslot::{Access, Error, Mailslot, MailslotOptions, MailslotWriter, Message, Network, NetworkOrigin, Timeout};
use proptest::prelude::*;

/// The ways to write; each leaves one message.
const WAYS: usize = 7;

fn write(writer: &MailslotWriter, way: usize, data: &[u8]) {
    match way {
        0 => writer.write(data).unwrap(),
        1 => writer.write_within(data, Duration::from_secs(60)).unwrap(),
        2 => assert_eq!(writer.write_batch(&[data]).unwrap(), 1),
        3 => writer.write_in_place(data.len(), |bytes| bytes.copy_from_slice(data)).unwrap(),
        4 => assert_eq!(writer.write_confirmed(data, Duration::ZERO).unwrap().len(), 1),
        5 => drop(writer.begin_request(data, None, Timeout::Zero).unwrap()),
        6 => writer.write_from(&NetworkOrigin::new("SRV1"), data).unwrap(),
        _ => unreachable!("{WAYS} ways"),
    }
}

fn slot(stamp: bool) -> Mailslot {
    MailslotOptions::new().stamp(stamp).network(Network::Allowed).create(name()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_message_has_its_time_where_the_slot_has_times(
        messages in prop::collection::vec((0..WAYS, 0..3000_usize), 1..30), stamp: bool,
    ) {
        let _watchdog = watchdog();
        let slot = slot(stamp);
        let writer = MailslotWriter::open(slot.name()).unwrap();
        let mut written = Vec::new();
        for (number, (way, size)) in messages.iter().enumerate() {
            let before = SystemTime::now();
            write(&writer, *way, &vec![number as u8; *size]);
            written.push(before..=SystemTime::now());
        }
        prop_assert_eq!(slot.info().unwrap().next_size, Some(messages[0].1));
        prop_assert_eq!(mailslot::status(slot.name()).unwrap().info.unwrap().next_size, Some(messages[0].1));
        let read: Vec<Message> = slot.try_iter().map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), messages.len());
        for (number, message) in read.into_iter().enumerate() {
            let (way, size) = messages[number];
            prop_assert_eq!(message.data, vec![number as u8; size]);
            prop_assert_eq!(message.reply_to.is_some(), way == 5);
            match message.time {
                Some(time) => prop_assert!(stamp && written[number].contains(&time), "{:?}", time),
                None => prop_assert!(!stamp),
            }
        }
    }
}

#[test]
fn the_largest_message_is_what_the_slot_says_with_times_too() {
    let slot = MailslotOptions::new().stamp(true).max_message_size(100).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    writer.write(&[1; 100]).unwrap();
    assert!(matches!(writer.write(&[1; 101]), Err(Error::TooLarge { size: 101, limit: 100 })));
    let in_place = writer.write_in_place(101, |_| panic!("too large to be filled"));
    assert!(matches!(in_place, Err(Error::TooLarge { size: 101, limit: 100 })));
    assert_eq!(slot.receive().unwrap().data, [1; 100]);
}

#[test]
fn other_users_tell_their_time() {
    let test = "other_users_tell_their_time";
    if !common::is_root(test) || !is_apart(test, &[]) {
        return;
    }
    let _watchdog = watchdog();
    for stamp in [true, false] {
        let slot = MailslotOptions::new().stamp(stamp).access(Access::Everyone).create("times").unwrap();
        let before = SystemTime::now();
        let writing = Part::start_as(60_021, "writes");
        for size in SIZES {
            let message = slot.receive().unwrap();
            assert_eq!((message.data.len(), message.time.is_some()), (size, stamp));
            assert!(message.time.is_none_or(|time| (before..=SystemTime::now()).contains(&time)));
            assert_eq!(message.origin.local_user(), Some(60_021));
        }
        writing.finish();
    }
}

/// Messages in a packet, and in a file.
const SIZES: [usize; 4] = [0, 60, 3000, 200_000];

#[test]
fn plays_its_part() {
    if part().is_some() {
        let writer = MailslotWriter::open("times").unwrap();
        SIZES.iter().for_each(|size| writer.write(&vec![1; *size]).unwrap());
    }
}
