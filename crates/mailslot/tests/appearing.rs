//! Writers that come before the slot.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::time::Duration;

use common::{is_apart, name, watchdog};
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};

#[test]
fn slot_that_comes_and_goes_is_never_missed() {
    let _watchdog = watchdog();
    const WRITERS: u32 = 6;
    const EACH: u32 = 50;
    let name = name();
    let writer = || {
        for _ in 0..EACH {
            // It may have gone again before it is written to.
            while MailslotWriter::wait_open(&*name, Timeout::Forever).unwrap().write(b"here").is_err() {}
        }
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(writer)).collect();
        // Each slot takes one message at least, or nobody came: then all of them wait, and for none.
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
