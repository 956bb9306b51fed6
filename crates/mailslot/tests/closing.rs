//! How a slot ends.
#![allow(clippy::unwrap_used)]
mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use common::{Part, is_apart, name, pair, watchdog};
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};

#[test]
fn closing_tells_writers_and_frees_the_name() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let other_handle = slot.clone();
    let name = slot.name().as_str().to_owned();
    drop(slot);
    writer.write(b"the other handle keeps it").unwrap();
    drop(other_handle);
    assert!(matches!(writer.write(b"late"), Err(Error::Closed)));
    assert!(matches!(MailslotWriter::open(&name), Err(Error::NotFound(_))));
    Mailslot::create(&name).unwrap();
}

#[test]
fn writer_that_waits_for_room_learns_of_the_end() {
    let _watchdog = watchdog();
    let slot = Mailslot::options().capacity(4096).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    writer.write(&[0; 3000]).unwrap();
    let waiting = std::thread::spawn(move || writer.write_within(&[0; 3000], Timeout::Forever));
    drop(slot);
    assert!(matches!(waiting.join().unwrap(), Err(Error::Closed)));
}

#[test]
fn slot_that_was_passed_on_lives_before_its_heir_has_looked() {
    let _watchdog = watchdog();
    // A program that another test is just starting has copies of shared descriptors until it runs.
    if !is_apart("slot_that_was_passed_on_lives_before_its_heir_has_looked", &[]) {
        return;
    }
    let (slot, writer) = pair();
    // The descriptors that another process has after it received or inherited them.
    let heritage = slot.share().as_fds().map(|fd| fd.try_clone_to_owned().unwrap());
    drop(slot);
    assert!(!writer.is_closed());
    writer.write(b"for the heir").unwrap();
    let heir = Mailslot::from_handles(heritage).unwrap();
    assert_eq!(heir.receive().unwrap().data, b"for the heir");
    drop(heir);
    assert!(writer.is_closed());
}

#[test]
fn program_being_started_by_another_thread_does_not_delay_the_end() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let name = slot.name().as_str().to_owned();
    let (mut started, start) = UnixStream::pair().unwrap();
    let (go, goes) = UnixStream::pair().unwrap();
    let program = std::thread::spawn(move || {
        let mut command = Command::new("true");
        // SAFETY: between fork and exec the closure only reads and writes sockets.
        unsafe {
            command.pre_exec(move || {
                // A process with copies of all descriptors of its parent, which does not run its program yet.
                (&start).write_all(b"!")?;
                (&go).read_exact(&mut [0])
            })
        };
        command.status().unwrap()
    });
    started.read_exact(&mut [0]).unwrap();
    drop(slot);
    assert!(matches!(writer.write(b"late"), Err(Error::Closed)));
    Mailslot::create(&name).expect("the name is free");
    (&goes).write_all(b"!").unwrap();
    assert!(program.join().unwrap().success());
}

/// Writes numbered messages of many sizes until the slot is closed. Returns how many were accepted.
fn write_until_closed(slot: &str, id: u32) -> u32 {
    let writer = match MailslotWriter::open(slot) {
        Err(Error::NotFound(_)) => return 0,
        writer => writer.unwrap(),
    };
    for number in 0_u32.. {
        // Now and then one that a stranger attaches instead of sending it inline.
        let size = if number % 29 == 28 { 9000 } else { 8 + (number % 7) as usize * 40 };
        let mut message = vec![0; size];
        message[..4].copy_from_slice(&id.to_le_bytes());
        message[4..8].copy_from_slice(&number.to_le_bytes());
        match writer.write_within(&message, Timeout::Forever) {
            Ok(()) => {}
            Err(Error::Closed) => return number,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("nobody accepts all of them")
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [slot, id, counts] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    let id: u32 = id.parse().unwrap();
    let accepted = write_until_closed(slot, id);
    MailslotWriter::open(counts).unwrap().write(&[id.to_le_bytes(), accepted.to_le_bytes()].concat()).unwrap();
}

/// Friends and strangers write at full speed, some of them into a full slot, while it is closed.
#[test]
fn closed_slot_hands_out_what_was_accepted_and_accepts_no_more() {
    let _watchdog = watchdog();
    let strangers = if rustix::process::geteuid().is_root() { 2 } else { 0 };
    let counts = Mailslot::options().access(mailslot::Access::Everyone).create(name()).unwrap();
    for case in 0..24_u32 {
        let (capacity, friends) = ([16 << 10, 64 << 10, 16 << 20][case as usize % 3], case / 3 % 3);
        let slot = Mailslot::options().capacity(capacity).access(mailslot::Access::Everyone).create(name()).unwrap();
        let slot_name = slot.name().as_str().to_owned();
        let parts: Vec<Part> =
            (0..strangers).map(|id| Part::start_as(65534, &format!("{slot_name} {id} {}", counts.name()))).collect();
        let threads: Vec<_> = (strangers..strangers + friends)
            .map(|id| {
                let slot = slot_name.clone();
                std::thread::spawn(move || (id, write_until_closed(&slot, id)))
            })
            .collect();
        let mut received = std::collections::HashMap::new();
        let mut check = |message: &mailslot::Message| {
            let [id, number] = [0, 4].map(|at| u32::from_le_bytes(message.data[at..at + 4].try_into().unwrap()));
            let next = received.entry(id).or_insert(0);
            assert_eq!(*next, number, "case {case}: writer {id}");
            *next += 1;
        };
        let writers = strangers + friends;
        if writers > 0 {
            for _ in 0..case * 40 {
                check(&slot.receive().unwrap());
            }
        }
        slot.close(|message| check(&message)).unwrap();
        assert!(matches!(MailslotWriter::open(&slot_name), Err(Error::NotFound(_))), "case {case}");
        let mut accepted: std::collections::HashMap<u32, u32> =
            threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        parts.into_iter().for_each(|part| {
            part.finish();
            let count = counts.receive().unwrap().data;
            let [id, number] = [0, 4].map(|at| u32::from_le_bytes(count[at..at + 4].try_into().unwrap()));
            accepted.insert(id, number);
        });
        accepted.retain(|_, number| *number > 0);
        assert_eq!(received, accepted, "case {case}");
    }
}

#[test]
fn slot_with_other_handles_is_not_closed_by_one() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let other_handle = slot.clone();
    writer.write(b"for the other").unwrap();
    slot.close(|message| panic!("{message:?}")).unwrap();
    writer.write(b"and one more").unwrap();
    let mut rest = Vec::new();
    other_handle.close(|message| rest.push(message.data)).unwrap();
    assert_eq!(rest, [&b"for the other"[..], b"and one more"]);
    let (slot, writer) = pair();
    let heritage = slot.share().as_fds().map(|fd| fd.try_clone_to_owned().unwrap());
    writer.write(b"for the heir").unwrap();
    slot.close(|message| panic!("{message:?}")).unwrap();
    assert_eq!(Mailslot::from_handles(heritage).unwrap().receive().unwrap().data, b"for the heir");
}
