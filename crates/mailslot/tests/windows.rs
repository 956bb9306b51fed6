//! Differences on Windows.
#![cfg(windows)]
#![allow(clippy::unwrap_used)]
mod common;

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::process::Command;

use common::{name, pair, watchdog};
use mailslot::{Access, Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, Origin, Timeout};

/// The environment variable with the handle that a child process inherits.
const INHERITED: &str = "MAILSLOT_TEST_INHERITED";

#[test]
fn child_reads_through_an_inherited_handle() {
    let _watchdog = watchdog();
    if let Ok(inheritance) = std::env::var(INHERITED) {
        let slot = Mailslot::from_handles(inheritance.as_str()).unwrap();
        assert_eq!(slot.receive_within(Timeout::Zero).unwrap().data, b"for the child");
        slot.set_read_timeout(Timeout::Zero);
        return;
    }
    let slot = MailslotOptions::new().inheritance(Inheritance::Inherited).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    writer.write(b"for the child").unwrap();
    writer.write(b"for the parent").unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_reads_through_an_inherited_handle"])
        .env(INHERITED, slot.share().to_string())
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    // The child has changed the timeout for both.
    assert_eq!(slot.info().unwrap().read_timeout, Timeout::Zero);
    assert_eq!(slot.receive().unwrap().data, b"for the parent");
    assert!(matches!(slot.receive(), Err(Error::TimedOut)));
}

#[test]
fn text_that_describes_no_slot_is_refused() {
    let (slot, _) = pair();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let not_a_slot = format!("{} {}", file.as_raw_handle() as usize, slot.name());
    for text in ["", "x y", "123456", "987654 nowhere", &not_a_slot] {
        assert!(matches!(Mailslot::from_handles(text), Err(Error::InvalidInheritance(_))), "{text}");
    }
}

#[test]
fn access_is_owner_or_everyone() {
    for access in [Access::Owner, Access::Everyone] {
        let slot = MailslotOptions::new().access(access).create(name()).unwrap();
        MailslotWriter::open(slot.name().as_str()).unwrap().write(b"x").unwrap();
    }
    for access in [Access::Group(0), Access::Users(vec![0])] {
        let error = MailslotOptions::new().access(access).create(name()).unwrap_err();
        assert!(matches!(error, Error::InvalidOption { option: "access", .. }));
        assert_eq!(error.win32_code(), 87);
    }
}

#[test]
fn writers_stay_unknown() {
    let (slot, writer) = pair();
    writer.write(b"x").unwrap();
    assert_eq!(slot.receive().unwrap().origin, Origin::Unknown);
}

#[test]
fn statistics_count_what_was_read() {
    let (slot, writer) = pair();
    writer.write(b"one").unwrap();
    writer.write(b"three").unwrap();
    slot.peek().unwrap();
    assert_eq!(slot.statistics().read, 0);
    slot.receive().unwrap();
    slot.read(&mut [0; 5]).unwrap();
    let statistics = slot.statistics();
    assert_eq!((statistics.read, statistics.bytes_read), (2, 8));
}

#[test]
fn unknown_codes_of_the_system_come_through() {
    assert_eq!(mailslot::list().unwrap_err().win32_code(), 50);
    // Wine knows no other machines; Windows contacts them only when a message is written, or has remote mailslots
    // switched off.
    match MailslotWriter::open(r"\\NOSUCHHOST\mailslot\x") {
        Ok(writer) => assert!(writer.write(b"x").is_err()),
        Err(error) => assert!([3, 3025].contains(&error.win32_code()), "{error}"),
    }
}

#[test]
fn handle_is_for_other_calls() {
    let (slot, _) = pair();
    assert_eq!(slot.as_handle().as_raw_handle(), slot.as_raw_handle());
    assert!(slot.as_handle().try_clone_to_owned().is_ok());
}
