//! `mailslot send`.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use mailslot::{Mailslot, Timeout};

use crate::machine::{Done, Machine, unique_name};

/// A slot of the test's own process.
fn slot() -> Mailslot {
    Mailslot::create(unique_name()).expect("a free name")
}

fn full_slot() -> Mailslot {
    Mailslot::options().capacity(4096).create(unique_name()).expect("a free name")
}

fn all(slot: &Mailslot) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| slot.try_receive().expect("readable")).map(|message| message.data).collect()
}

#[test]
fn each_argument_is_a_message() {
    let (machine, slot) = (Machine::here(), slot());
    machine.send(slot.name().as_str(), &["one", "", "two words\n"]);
    assert_eq!(all(&slot), [&b"one"[..], b"", b"two words\n"]);
}

#[test]
fn an_argument_may_look_like_an_option() {
    let (machine, slot) = (Machine::here(), slot());
    machine.run(&["send", slot.name().as_str(), "--", "--whole", "-f"]).succeeded();
    assert_eq!(all(&slot), [b"--whole".as_slice(), b"-f"]);
}

#[test]
fn each_line_of_standard_input_is_a_message() {
    let (machine, slot) = (Machine::here(), slot());
    machine.run_with_input(&["send", slot.name().as_str()], b"one\r\n\n\x00\xff\nlast").succeeded();
    assert_eq!(all(&slot), [&b"one\r"[..], b"", b"\x00\xff", b"last"]);
}

#[test]
fn no_input_is_no_message() {
    let (machine, slot) = (Machine::here(), slot());
    machine.run_with_input(&["send", slot.name().as_str()], b"").succeeded();
    assert_eq!(all(&slot), Vec::<Vec<u8>>::new());
}

#[test]
fn a_line_is_sent_when_it_has_ended() {
    let (machine, slot) = (Machine::here(), slot());
    let mut sender = machine.command(&["send", slot.name().as_str()]).stdin(Stdio::piped()).spawn().expect("starts");
    let mut input = sender.stdin.take().expect("a pipe");
    input.write_all(b"one\ntw").expect("writable");
    assert_eq!(slot.receive().expect("a message").data, b"one");
    input.write_all(b"o\n").expect("writable");
    assert_eq!(slot.receive().expect("a message").data, b"two");
    drop(input);
    assert!(sender.wait().expect("it ends").success());
}

#[test]
fn lines_longer_than_any_buffer_come_whole() {
    let (machine, slot) = (Machine::here(), slot());
    let long = vec![b'x'; 200_000];
    let input = [&long[..], b"\nshort\n", &long, &long, b"\n\n", &long].concat();
    machine.run_with_input(&["send", slot.name().as_str()], &input).succeeded();
    assert!(all(&slot) == [long.clone(), b"short".to_vec(), long.repeat(2), vec![], long]);
}

#[test]
fn whole_input_is_one_message() {
    let (machine, slot) = (Machine::here(), slot());
    machine.run_with_input(&["send", slot.name().as_str(), "--whole"], b"one\ntwo\n").succeeded();
    assert_eq!(all(&slot), [b"one\ntwo\n"]);
}

#[test]
fn files_are_one_message_each() {
    let (machine, slot) = (Machine::here(), slot());
    let directory = tempfile::tempdir().expect("a directory");
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    fs::write(&one, b"first\nfile\x00").expect("writable");
    fs::write(&two, b"").expect("writable");
    let paths = [one.to_str().expect("UTF-8"), two.to_str().expect("UTF-8")];
    machine.run(&["send", slot.name().as_str(), "--file", paths[0], "--file", paths[1]]).succeeded();
    assert_eq!(all(&slot), [&b"first\nfile\x00"[..], b""]);
    machine.run(&["send", slot.name().as_str(), "--file", "/no/such/file"]).failed(1, &["/no/such/file"]);
}

#[test]
fn a_full_slot_fails_at_once_and_says_what_was_sent() {
    let (machine, slot) = (Machine::here(), full_slot());
    let message = "x".repeat(1000);
    let args = ["send", slot.name().as_str(), &message, &message, &message, &message, &message];
    machine.run(&args).failed(6, &["full", "Win32 error 1450", "3 messages were sent before"]);
    assert_eq!(all(&slot), vec![message.into_bytes(); 3]);
}

#[test]
fn a_wait_for_room_has_its_limit() {
    let (machine, slot) = (Machine::here(), full_slot());
    let message = "x".repeat(2100);
    machine.run(&["send", "--wait=30ms", slot.name().as_str(), &message]).succeeded();
    machine.run(&["send", "--wait=30ms", slot.name().as_str(), &message]).failed(5, &["timed out", "Win32 error 121"]);
}

#[test]
fn a_wait_without_a_limit_ends_when_there_is_room() {
    let (machine, slot) = (Machine::here(), full_slot());
    let lines: Vec<String> = (0..50).map(|number| format!("{number:0600}")).collect();
    let mut sender =
        machine.command(&["send", slot.name().as_str(), "--wait"]).stdin(Stdio::piped()).spawn().expect("starts");
    let mut input = sender.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("writable");
    drop(input);
    for line in &lines {
        assert_eq!(slot.receive().expect("a message").data, line.as_bytes());
    }
    assert!(sender.wait().expect("it ends").success());
    assert_eq!(slot.receive_within(Timeout::Zero).expect_err("nothing more").win32_code(), 121);
}

#[test]
fn a_message_that_is_too_large_is_status_7() {
    let (machine, slot) = (Machine::here(), full_slot());
    let large = "x".repeat(5000);
    machine
        .run(&["send", slot.name().as_str(), "first", &large])
        .failed(7, &["5000 bytes", "too large", "Win32 error 87", "1 message was sent before"]);
    machine.run_with_input(&["send", slot.name().as_str()], large.as_bytes()).failed(7, &["Win32 error 87"]);
    assert_eq!(all(&slot), [b"first"]);
}

#[test]
fn a_slot_that_closes_is_status_9() {
    let (machine, slot) = (Machine::here(), slot());
    let mut sender = machine.command(&["send", slot.name().as_str()]).stdin(Stdio::piped()).spawn().expect("starts");
    let mut input = sender.stdin.take().expect("a pipe");
    input.write_all(b"one\n").expect("writable");
    assert_eq!(slot.receive().expect("a message").data, b"one");
    drop(slot);
    input.write_all(b"two\n").expect("writable");
    drop(input);
    let done = crate::machine::Done::from(sender.wait_with_output().expect("it ends"));
    done.failed(9, &["closed", "Win32 error 38", "1 message was sent before"]);
}

#[test]
fn every_spelling_of_a_name_leads_to_the_slot() {
    let machine = Machine::here();
    let name = unique_name();
    let slot = Mailslot::create(&name).expect("a free name");
    for spelling in [format!(r"\\.\mailslot\{name}"), format!("//./MAILSLOT/{name}"), name.to_uppercase()] {
        machine.send(&spelling, &[&spelling]);
        assert_eq!(slot.receive().expect("a message").data, spelling.as_bytes());
    }
}

#[test]
fn confirmed_messages_say_what_became_of_them() {
    let (machine, slot) = (Machine::here(), slot());
    let name = slot.name().as_str();
    let sent = machine.run(&["send", "--receivers", "1=2s", "--confirm", name, "one", "two"]).succeeded();
    let sent = String::from_utf8_lossy(&sent).into_owned();
    let lines: Vec<&str> = sent.lines().collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.ends_with(" delivered")), "{lines:?}");
    assert_eq!(all(&slot), [&b"one"[..], b"two"]);
}

#[test]
fn a_slot_that_comes_later_is_waited_for() {
    let machine = Machine::new();
    for option in ["--wait-for-slot", "--wait-for-slot=60s", "--receivers=1", "--receivers=1=60s"] {
        let sending = machine.command(&["send", option, "late", "here"]).spawn().expect("the command starts");
        let listener = machine.listen(&["--count", "1", "late"]);
        Done::from(sending.wait_with_output().expect("the command ends")).succeeded();
        assert_eq!(listener.finish().succeeded(), b"here\n", "{option}");
    }
    machine.run(&["send", "--wait-for-slot=10ms", "late", "x"]).failed(5, &["timed out"]);
    machine.run(&["send", "--receivers", "1=10ms", "late", "x"]).failed(5, &["0 of 1 receivers"]);
}

#[test]
fn too_few_receivers_get_nothing() {
    let (machine, slot) = (Machine::here(), slot());
    machine.run(&["send", "--receivers", "2=0", slot.name().as_str(), "one"]).failed(5, &["1 of 2 receivers"]);
    assert_eq!(all(&slot), Vec::<Vec<u8>>::new());
}

/// The wanted number of members get the message, although they join one after the other, after the sender.
#[test]
fn members_of_a_slot_are_waited_for() {
    for wanted in [1, 2, 5] {
        let machine = Machine::new();
        let receivers = format!("{wanted}=60s");
        let sender = machine.command(&["send", "--receivers", &receivers, "alerts", "to all"]).spawn().expect("starts");
        let members: Vec<_> = (0..wanted).map(|_| machine.listen(&["alerts", "--shared", "--count", "1"])).collect();
        Done::from(sender.wait_with_output().expect("it ends")).succeeded();
        for member in members {
            assert_eq!(member.finish().text(), "to all\n");
        }
    }
    let machine = Machine::new();
    let member = machine.listen(&["alerts", "--shared"]);
    machine.run(&["send", "--receivers", "2=20ms", "alerts", "x"]).failed(5, &["1 of 2 receivers"]);
    member.signal(rustix::process::Signal::TERM);
    assert_eq!(member.finish().stdout, b"");
}
