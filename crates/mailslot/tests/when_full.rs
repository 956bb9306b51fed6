//! Messages for which there is no room.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::VecDeque;

use common::{Part, name, watchdog};
use mailslot::{Access, Error, Inheritance, Mailslot, MailslotWriter, Origin, Sharing, Timeout, WhenFull};

fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

/// The bytes that a message takes.
fn record(message: &[u8]) -> usize {
    24 + message.len().next_multiple_of(8)
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [part, slot, id] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    let writer = MailslotWriter::open(slot).unwrap();
    match part {
        "flood" => {
            for number in 0.. {
                let mut message = vec![id.parse::<u8>().unwrap(); 16 + (number * 7 % 300) as usize];
                message[..8].copy_from_slice(&u64::to_le_bytes(number));
                match writer.write(&message) {
                    Ok(()) => {}
                    Err(Error::Closed) => return,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        "write" => {
            for number in 0..id.parse::<u32>().unwrap() {
                writer.write_within(&number.to_le_bytes(), Timeout::Forever).unwrap();
            }
        }
        _ => panic!("{part}"),
    }
}

/// Random messages, and random reads between them, in slots of every kind that may drop.
#[test]
fn what_makes_room_is_the_oldest_and_every_gap_is_told() {
    let _watchdog = watchdog();
    for seed in 0..24_u64 {
        let state = &mut seed.clone();
        let capacity = 4096_usize << random(state, 3);
        let mut options = Mailslot::options();
        options.capacity(capacity as u64).when_full(WhenFull::DropOldest);
        if random(state, 2) == 0 {
            options.inheritance(Inheritance::Inherited);
        }
        if random(state, 2) == 0 {
            options.sharing(Sharing::Each);
        }
        let slot = options.create(name()).unwrap();
        let writers = [(); 2].map(|()| MailslotWriter::open(slot.name()).unwrap());
        let mut unread: VecDeque<Vec<u8>> = VecDeque::new();
        let (mut written, mut read, mut lost, mut gap) = (0_u64, 0_u64, 0_u64, 0_u64);
        for step in 0..250_u64 {
            if random(state, 5) > 1 {
                let most = if random(state, 8) == 0 { capacity as u64 - 32 } else { 300 };
                let size = random(state, most) as usize;
                let message = vec![step as u8; size];
                while unread.iter().map(|unread| record(unread)).sum::<usize>() + record(&message) > capacity - 8 {
                    unread.pop_front().unwrap();
                    (lost, gap) = (lost + 1, gap + 1);
                }
                writers[random(state, 2) as usize].write(&message).unwrap();
                unread.push_back(message);
                written += 1;
            } else {
                let message = if random(state, 4) == 0 { slot.peek().unwrap() } else { None };
                if let Some(seen) = message {
                    assert_eq!((&seen.data, seen.lost_before), (&unread[0], gap), "seed {seed} step {step}");
                }
                let message = slot.try_receive().unwrap();
                let expected = unread.pop_front();
                assert_eq!(message.as_ref().map(|message| &message.data), expected.as_ref(), "seed {seed} step {step}");
                if let Some(message) = message {
                    assert_eq!(message.lost_before, gap, "seed {seed} step {step}");
                    (read, gap) = (read + 1, 0);
                }
            }
            let info = slot.info().unwrap();
            assert_eq!(info.next_size, unread.front().map(Vec::len), "seed {seed} step {step}");
            let seen =
                [info.statistics.unwrap(), mailslot::status(slot.name()).unwrap().info.unwrap().statistics.unwrap()];
            for statistics in seen {
                let counted = (statistics.written, statistics.read, statistics.lost, statistics.refused_full);
                assert_eq!(counted, (written, read, lost, 0), "seed {seed} step {step}");
            }
            assert_eq!(info.count, unread.len() as u64, "seed {seed} step {step}");
        }
    }
}

#[test]
fn reads_in_place_see_a_message_that_nobody_writes_over() {
    let slot = Mailslot::options().capacity(4096).when_full(WhenFull::DropOldest).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    writer.write(&[1; 1000]).unwrap();
    let seen = slot.read_in_place(|bytes, _| {
        (0..20).for_each(|_| writer.write(&[2; 1000]).unwrap());
        bytes.to_vec()
    });
    assert_eq!(seen.unwrap(), [1; 1000]);
    assert_eq!(slot.receive().unwrap().lost_before, 17);
}

/// Writers that are killed at any moment, and a reader that is too slow for them.
#[test]
fn killed_writers_leave_no_gap_untold() {
    let _watchdog = watchdog();
    let slot = Mailslot::options().capacity(8192).when_full(WhenFull::DropOldest).create(name()).unwrap();
    let mut state = 7;
    let mut next = [0_u64; 256];
    let (mut read, mut told) = (0, 0);
    for round in 0..20_u8 {
        let writers = [1, 2].map(|id| Part::start(&format!("flood {} {}", slot.name(), 2 * round + id)));
        for _ in 0..200 + random(&mut state, 400) {
            let message = slot.receive().unwrap();
            let (number, id) = (u64::from_le_bytes(message.data[..8].try_into().unwrap()), message.data[8]);
            assert!(message.data[8..].iter().all(|byte| *byte == id), "half a message");
            assert!(number >= next[usize::from(id)], "out of order");
            assert_eq!(message.data.len(), 16 + (number * 7 % 300) as usize);
            next[usize::from(id)] = number + 1;
            (read, told) = (read + 1, told + message.lost_before);
        }
        drop(writers);
    }
    while let Some(message) = slot.try_receive().unwrap() {
        (read, told) = (read + 1, told + message.lost_before);
    }
    let statistics = slot.statistics();
    assert_eq!((statistics.read, statistics.lost), (read, told));
    assert_eq!(statistics.written, read + told);
    assert!(told > 0);
}

#[test]
fn other_users_wait_outside_and_then_make_room_too() {
    if !common::is_root("other_users_wait_outside_and_then_make_room_too") {
        return;
    }
    let _watchdog = watchdog();
    let mut options = Mailslot::options();
    options.capacity(4096).access(Access::Everyone).when_full(WhenFull::DropOldest);
    let slot = options.create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    (0..10).for_each(|_| writer.write(&[0; 1000]).unwrap());
    Part::start_as(65534, &format!("write {} 300", slot.name())).finish();
    let mut lost = 0;
    let mut last = None;
    while last != Some(299) {
        let message = slot.receive().unwrap();
        lost += message.lost_before;
        if let Origin::Local { uid: 65534, .. } = message.origin {
            let number = u32::from_le_bytes(message.data.try_into().unwrap());
            assert!(last.is_none_or(|last| last < number));
            last = Some(number);
        }
    }
    assert_eq!(slot.statistics().lost, lost);
}
