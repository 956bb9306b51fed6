//! Taps: they see the messages that a slot's readers get, and hold up nobody.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::time::Duration;

use common::{Part, name, watchdog};
use mailslot::{
    Access, Error, Mailslot, MailslotOptions, MailslotWriter, Network, NetworkOrigin, Origin, Sharing, Taps, Timeout,
};

fn open() -> MailslotOptions {
    let mut options = Mailslot::options();
    options.taps(Taps::Allowed);
    options
}

fn all(slot: &Mailslot) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| slot.try_receive().unwrap()).map(|message| message.data).collect()
}

/// The remaining messages of a tap, after which it must report the end.
fn rest(tap: &Mailslot) -> Vec<Vec<u8>> {
    let mut rest = Vec::new();
    loop {
        match tap.receive_within(Timeout::Forever) {
            Ok(message) => rest.push(message.data),
            Err(Error::Closed) => return rest,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [part, slot] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    match part {
        "tap" => assert!(matches!(Mailslot::tap(slot), Err(Error::NotOwner(_)))),
        "tapped" => be_tapped(slot),
        "write" => {
            let writer = MailslotWriter::open(slot).unwrap();
            (0..100_u8).for_each(|number| writer.write_within(&[number], Timeout::Forever).unwrap());
        }
        "sleep" => {
            let _tap = Mailslot::tap(slot).unwrap();
            loop {
                std::thread::park();
            }
        }
        "own" => {
            let slot = open().create(slot).unwrap();
            loop {
                slot.receive().unwrap();
            }
        }
        _ => panic!("{part}"),
    }
}

#[test]
fn a_tap_sees_what_is_written_while_it_is_there() {
    for sharing in [Sharing::One, Sharing::Each] {
        let slot = open().sharing(sharing).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name()).unwrap();
        writer.write(b"before").unwrap();
        let taps = [Mailslot::tap(slot.name()).unwrap(), Mailslot::tap(slot.name()).unwrap()];
        writer.write(b"one").unwrap();
        assert_eq!(writer.write_batch(&["two", "three"]).unwrap(), 2);
        writer.write_in_place(4, |bytes| bytes.copy_from_slice(b"four")).unwrap();
        MailslotWriter::open(slot.name()).unwrap().write_within(b"five", Timeout::Forever).unwrap();
        for tap in &taps {
            assert_eq!(all(tap), [&b"one"[..], b"two", b"three", b"four", b"five"]);
        }
        assert_eq!(all(&slot).len(), 6);
        let status = mailslot::status(slot.name()).unwrap();
        assert_eq!((status.members, status.taps), (1, 2));
        let [gone, stays] = taps;
        drop(gone);
        writer.write(b"six").unwrap();
        assert_eq!(all(&stays), [b"six"]);
        let listed = mailslot::list().unwrap().into_iter().filter(|status| status.name == *slot.name());
        assert_eq!(listed.map(|status| (status.members, status.taps)).collect::<Vec<_>>(), [(1, 1)]);
    }
}

#[test]
fn a_tap_loses_what_it_has_no_room_for_and_says_so() {
    let slot = open().capacity(1 << 20).create(name()).unwrap();
    let tap = Mailslot::options().capacity(4096).tap(slot.name()).unwrap();
    assert_eq!(tap.info().unwrap().capacity, 1 << 20, "what the slot takes is not too large for a tap");
    let writer = MailslotWriter::open(slot.name()).unwrap();
    let (mut read, mut lost) = (0, 0);
    for number in 0..5000_u32 {
        writer.write(&[number.to_le_bytes(); 250].concat()).unwrap();
        slot.receive().unwrap();
        if number % 1250 == 1249 {
            let message = tap.receive().unwrap();
            lost += message.lost_before;
            assert_eq!(message.data[..4], (lost as u32 + read).to_le_bytes());
            read += 1;
        }
    }
    let statistics = tap.statistics();
    assert!(lost > 0);
    assert_eq!((statistics.written, statistics.lost), (5000, lost));
    assert_eq!(tap.info().unwrap().count + lost + u64::from(read), 5000);
}

#[test]
fn a_tap_sees_nothing_that_no_reader_gets() {
    let slot = open().capacity(4096).create(name()).unwrap();
    let tap = Mailslot::tap(slot.name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    writer.write(&[0; 4000]).unwrap();
    assert!(matches!(writer.write(&[1; 100]), Err(Error::Full { .. })));
    assert!(matches!(writer.write_within(&[1; 100], Duration::from_millis(5)), Err(Error::TimedOut)));
    assert!(matches!(writer.write(&[0; 5000]), Err(Error::TooLarge { .. })));
    assert_eq!(all(&tap), [[0; 4000]]);
}

#[test]
fn slots_are_tapped_where_their_creator_and_owner_allow_it() {
    for closed in [Sharing::One, Sharing::Each] {
        let slot = Mailslot::options().sharing(closed).create(name()).unwrap();
        let refused = Mailslot::tap(slot.name());
        assert!(matches!(&refused, Err(Error::NoTaps(_))), "{refused:?}");
        assert_eq!(refused.unwrap_err().win32_code(), 5);
    }
    assert!(matches!(Mailslot::tap(name()), Err(Error::NotFound(_))));
    if common::is_root("slots_are_tapped_where_their_creator_and_owner_allow_it") {
        let slot = open().access(Access::Everyone).create(name()).unwrap();
        Part::start_as(65534, &format!("tap {}", slot.name())).finish();
    }
}

/// Owns a slot as another user, and writes to it when the superuser says so.
fn be_tapped(slot: &str) {
    let go = Mailslot::options().access(Access::Everyone).create(format!("{slot}-go")).unwrap();
    let own = open().sharing(Sharing::Each).create(slot).unwrap();
    let writer = MailslotWriter::open(slot).unwrap();
    let mut number = 0;
    for count in go.iter() {
        for _ in 0..u32::from_le_bytes(count.unwrap().data.try_into().unwrap()) {
            writer.write(&message(number)).unwrap();
            assert_eq!(own.receive().unwrap().data, message(number));
            number += 1;
        }
        let status = mailslot::status(slot).unwrap();
        MailslotWriter::open(format!("{slot}-told")).unwrap().write(&[status.taps as u8]).unwrap();
    }
}

/// Messages of any size: short ones, those that are sent in two parts, and those that are sent as files.
fn message(number: u32) -> Vec<u8> {
    let size = [4, 100, 127, 128, 5000, 100_000][number as usize % 6];
    number.to_le_bytes().iter().copied().cycle().take(size).collect()
}

#[test]
fn the_superuser_taps_what_is_of_any_user() {
    if !common::is_root("the_superuser_taps_what_is_of_any_user") {
        return;
    }
    let _watchdog = watchdog();
    let slot = name();
    let told = Mailslot::options().access(Access::Everyone).create(format!("{slot}-told")).unwrap();
    let owner = Part::start_as(65534, &format!("tapped {slot}"));
    let go = MailslotWriter::wait_open(format!("{slot}-go"), Timeout::Forever).unwrap();
    MailslotWriter::wait_open(&slot, Timeout::Forever).unwrap();
    let write = |count: u32| {
        go.write(&count.to_le_bytes()).unwrap();
        told.receive().unwrap().data[0]
    };
    assert_eq!(write(3), 0);
    let mut number = 3;
    for taps in [1, 2, 1, 3] {
        let taps: Vec<_> = (0..taps).map(|_| Mailslot::tap(&slot).unwrap()).collect();
        let listed = mailslot::list().unwrap().into_iter().filter(|status| status.name.as_str() == slot);
        assert_eq!(listed.map(|status| (status.members, status.taps)).collect::<Vec<_>>(), [(1, taps.len())]);
        // No more than may wait from one user.
        assert_eq!(usize::from(write(12)), taps.len());
        for tap in &taps {
            for number in number..number + 12 {
                let read = tap.receive().unwrap();
                assert!(matches!(read.origin, Origin::Local { uid: 65534, attested: true, .. }));
                assert!(read.data == message(number), "message {number}");
            }
            assert!(tap.try_receive().unwrap().is_none());
        }
        number += 12;
    }
    assert_eq!(write(1), 0, "they have ended");
    number += 1;
    let tap = Mailslot::tap(&slot).unwrap();
    // More than may wait from one user.
    assert_eq!(write(5000), 1);
    let (mut seen, mut lost) = (0, 0);
    while let Some(message) = tap.try_receive().unwrap() {
        lost += message.lost_before;
        seen += 1;
    }
    assert_eq!(write(1), 1);
    // The loss is reported with the next message, before which some that were in transit may arrive.
    loop {
        let next = tap.receive().unwrap();
        lost += next.lost_before;
        if next.data == message(number + 5000) {
            break;
        }
        seen += 1;
    }
    assert!(lost > 0);
    assert_eq!((seen + lost, tap.statistics().lost), (5000, lost));
    number += 5001;
    assert_eq!(write(1), 1);
    drop(owner);
    assert!(rest(&tap) == [message(number)]);
    let again = Mailslot::create(&slot).expect("the name is free");
    drop((tap, again));
    // Nothing is left over.
    let of_taps = mailslot::root().unwrap().join(format!("mailslot.0/slots/=65534@{}", slot.to_uppercase()));
    assert!(!of_taps.exists());
}

#[test]
fn a_tap_has_no_part_in_the_name() {
    let _watchdog = watchdog();
    for sharing in [Sharing::One, Sharing::Each] {
        let slot = open().sharing(sharing).create(name()).unwrap();
        let slot_name = slot.name().clone();
        let tap = Mailslot::tap(&slot_name).unwrap();
        let writer = MailslotWriter::open(&slot_name).unwrap();
        assert!(matches!(Mailslot::create(&slot_name), Err(Error::AlreadyExists(_))));
        writer.write(b"last").unwrap();
        drop(slot);
        assert!(matches!(writer.write(b"late"), Err(Error::Closed)));
        assert!(writer.is_closed());
        assert!(matches!(mailslot::status(&slot_name), Err(Error::NotFound(_))));
        assert!(matches!(Mailslot::tap(&slot_name), Err(Error::NotFound(_))));
        let again = Mailslot::create(&slot_name).expect("the name is free");
        MailslotWriter::open(&slot_name).unwrap().write(b"another slot's").unwrap();
        assert_eq!(rest(&tap), [b"last"]);
        assert_eq!(all(&again).len(), 1);
    }
}

#[test]
fn a_tap_learns_that_the_owner_was_killed() {
    let _watchdog = watchdog();
    let slot = name();
    let owner = Part::start(&format!("own {slot}"));
    let writer = MailslotWriter::wait_open(&slot, Timeout::Forever).unwrap();
    let tap = Mailslot::tap(&slot).unwrap();
    writer.write(b"last").unwrap();
    drop(owner);
    assert_eq!(rest(&tap), [b"last"]);
}

#[test]
fn what_other_users_and_machines_write_is_tapped_as_it_came() {
    if !common::is_root("what_other_users_and_machines_write_is_tapped_as_it_came") {
        return;
    }
    let _watchdog = watchdog();
    let slot = open().access(Access::Everyone).network(Network::Allowed).create(name()).unwrap();
    let tap = Mailslot::tap(slot.name()).unwrap();
    let origin = NetworkOrigin::new("SRV2");
    MailslotWriter::open(slot.name()).unwrap().write_from(&origin, b"far").unwrap();
    for slot in [&slot, &tap] {
        let message = slot.receive().unwrap();
        assert_eq!((&message.data[..], message.origin), (&b"far"[..], Origin::from(origin.clone())));
    }
    let stranger = Part::start_as(65534, &format!("write {}", slot.name()));
    for slot in [&slot, &tap] {
        for number in 0..100 {
            let message = slot.receive().unwrap();
            assert_eq!(message.data, [number]);
            assert!(matches!(message.origin, Origin::Local { uid: 65534, attested: true, .. }));
        }
    }
    stranger.finish();
}

/// A tap that is stopped, and holds whatever it holds for ever, or is killed.
#[test]
fn no_tap_holds_anybody_up() {
    let _watchdog = watchdog();
    let slot = open().create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    let tap = Part::start(&format!("sleep {}", slot.name()));
    while mailslot::status(slot.name()).unwrap().taps == 0 {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(tap.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    for number in 0..20_000_u32 {
        writer.write(&[number.to_le_bytes(); 250].concat()).unwrap();
        assert_eq!(slot.receive().unwrap().data[..4], number.to_le_bytes());
    }
    drop(tap);
    writer.write(b"after").unwrap();
    assert_eq!(all(&slot), [b"after"]);
    assert_eq!(mailslot::status(slot.name()).unwrap().taps, 0);
}
