//! Writers that wait for a slot to appear.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::time::Duration;

use common::{Part, is_apart, name, watchdog};
use mailslot::{Access, Error, Mailslot, MailslotWriter, Sharing, Timeout};

#[test]
fn slot_that_comes_and_goes_is_never_missed() {
    let _watchdog = watchdog();
    const WRITERS: u32 = 6;
    const EACH: u32 = 50;
    let name = name();
    let writer = || {
        for _ in 0..EACH {
            // The slot may be gone again before the write.
            while MailslotWriter::wait_open(&*name, Timeout::Forever).unwrap().write(b"here").is_err() {}
        }
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(writer)).collect();
        // Each slot receives at least one message, unless no writer found it: then all of them would be waiting in
        // vain.
        while !writers.iter().all(|writer| writer.is_finished()) {
            let slot = Mailslot::create(&*name).unwrap();
            match slot.receive_within(Timeout::After(Duration::from_millis(100))) {
                Ok(message) => assert_eq!(message.data, b"here"),
                Err(Error::TimedOut) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
}

#[test]
fn first_slot_of_a_machine_is_found() {
    let _watchdog = watchdog();
    if !is_apart("first_slot_of_a_machine_is_found", &[]) {
        return;
    }
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| MailslotWriter::wait_open("first", Timeout::Forever)?.write(b"found"));
        let slot = Mailslot::create("first").unwrap();
        assert_eq!(slot.receive_within(Timeout::Forever).unwrap().data, b"found");
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn waiting_ends_with_the_time_or_with_another_error() {
    let _watchdog = watchdog();
    let name = name();
    assert!(matches!(MailslotWriter::wait_open(&*name, Timeout::Zero), Err(Error::NotFound(_))));
    let short = Timeout::After(Duration::from_millis(20));
    assert!(matches!(MailslotWriter::wait_open(&*name, short), Err(Error::TimedOut)));
    assert!(matches!(MailslotWriter::wait_open(r"\\.\pipe\x", Timeout::Forever), Err(Error::InvalidName { .. })));
    let slot = Mailslot::create(&*name).unwrap();
    MailslotWriter::wait_open(&*name, Timeout::Zero).unwrap().write(b"there already").unwrap();
    assert_eq!(slot.receive().unwrap().data, b"there already");
}

/// Waits for members in a separate process, as another user in the second round.
#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [slot, wanted] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    let wanted = wanted.parse().unwrap();
    let writer = MailslotWriter::wait_open(slot, Timeout::Forever).unwrap();
    assert_eq!(writer.wait_for_receivers(wanted, Timeout::Forever).unwrap(), wanted);
    writer.write(b"to all").unwrap();
}

#[test]
fn write_after_the_wait_for_members_reaches_all_of_them() {
    const STRANGER: u32 = 60_002;
    let _watchdog = watchdog();
    for wanted in [1, 2, 3, 7] {
        for other in [false, true] {
            if other && !rustix::process::geteuid().is_root() {
                continue;
            }
            let name = name();
            let part = format!("{name} {wanted}");
            let waiting = if other { Part::start_as(STRANGER, &part) } else { Part::start(&part) };
            let members: Vec<Mailslot> = (0..wanted)
                .map(|_| Mailslot::options().sharing(Sharing::Each).access(Access::Everyone).create(&*name).unwrap())
                .collect();
            for member in &members {
                assert_eq!(member.receive_within(Timeout::Forever).unwrap().data, b"to all");
            }
            waiting.finish();
        }
    }
}

#[test]
fn wait_for_members_ends_with_the_time_the_slot_or_at_once_where_there_is_one_owner() {
    let _watchdog = watchdog();
    let name = name();
    let alone = Mailslot::create(&*name).unwrap();
    let writer = MailslotWriter::open(&*name).unwrap();
    assert_eq!(writer.wait_for_receivers(2, Timeout::Forever).unwrap(), 1);
    drop(alone);
    assert!(matches!(writer.wait_for_receivers(1, Timeout::Forever), Err(Error::Closed)));
    let member = || Mailslot::options().sharing(Sharing::Each).create(&*name).unwrap();
    let first = member();
    let writer = MailslotWriter::open(&*name).unwrap();
    assert_eq!(writer.wait_for_receivers(2, Duration::from_millis(20)).unwrap(), 1);
    assert_eq!(writer.wait_for_receivers(2, Timeout::Zero).unwrap(), 1);
    let second = member();
    assert_eq!(writer.wait_for_receivers(2, Timeout::Zero).unwrap(), 2);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| writer.wait_for_receivers(3, Timeout::Forever));
        drop((first, second));
        assert!(matches!(waiting.join().unwrap(), Err(Error::Closed)));
    });
}
