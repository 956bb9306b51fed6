//! Differences on Windows.
#![cfg(windows)]
#![allow(clippy::unwrap_used)]
mod common;

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::process::Command;
use std::time::Duration;

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

/// An address of a slot as those of a node have.
fn of_node() -> String {
    format!(r"\\.\mailslot\mailslot\node\{}", name())
}

#[test]
fn a_slot_of_the_node_takes_requests_and_plain_messages_and_answers_the_requests() {
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().access(Access::Everyone).create(of_node()).unwrap();
    let writer = MailslotWriter::open(slot.name().clone()).unwrap();
    writer.write(b"plain").unwrap();
    let plain = slot.receive().unwrap();
    assert_eq!((&plain.data[..], plain.reply_to), (&b"plain"[..], None));
    assert!(matches!(plain.reply(b"to whom?"), Err(Error::NotARequest)));

    let replies = writer.begin_request(b"ping", None, Timeout::Zero).unwrap();
    let others = writer.begin_request(b"other", None, Timeout::Zero).unwrap();
    for expected in [&b"ping"[..], b"other"] {
        let request = slot.receive().unwrap();
        assert_eq!(request.data, expected);
        request.reply(&[expected, b" one"].concat()).unwrap();
        request.reply(&[expected, b" two"].concat()).unwrap();
    }
    for (replies, expected) in [(&replies, ["ping one", "ping two"]), (&others, ["other one", "other two"])] {
        for expected in expected {
            assert_eq!(replies.receive_within(Timeout::Forever).unwrap().data, expected.as_bytes());
        }
    }
    assert!(matches!(replies.receive_within(Duration::from_millis(5)), Err(Error::TimedOut)));
}

#[test]
fn a_reply_that_nobody_waits_for_fails() {
    let _watchdog = watchdog();
    let slot = Mailslot::create(of_node()).unwrap();
    let writer = MailslotWriter::open(slot.name().clone()).unwrap();
    drop(writer.begin_request(b"ping", None, Timeout::Zero).unwrap());
    assert!(matches!(slot.receive().unwrap().reply(b"late"), Err(Error::Closed)));
}

#[test]
fn a_slot_of_another_program_is_not_asked() {
    let (slot, writer) = pair();
    let error = writer.request(b"ping", Timeout::Zero).unwrap_err();
    assert!(matches!(&error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::Unsupported), "{error}");
    assert!(matches!(slot.receive_within(Timeout::Zero), Err(Error::TimedOut)));
}

#[test]
fn reads_that_are_aborted_end_and_what_is_there_can_still_be_read() {
    let _watchdog = watchdog();
    for reader_is_first in [true, false] {
        let (slot, writer) = pair();
        let reader = slot.clone();
        let read = move || matches!(reader.receive_within(Timeout::Forever), Err(Error::Closed));
        let reading = reader_is_first.then(|| std::thread::spawn(read.clone()));
        slot.abort_reads();
        assert!(reading.is_none_or(|reading| reading.join().unwrap()));
        assert!(read());
        writer.write(b"still").unwrap();
        assert_eq!(slot.receive_within(Timeout::Forever).unwrap().data, b"still");
        assert!(matches!(slot.receive_within(Timeout::Zero), Err(Error::TimedOut)));
    }
}
