//! How a slot ends.
#![allow(clippy::unwrap_used)]
mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use common::{name, pair, watchdog};
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
    let (slot, writer) = pair();
    // What another process has when it was sent the descriptors, or started with them.
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
                // A process with copies of all descriptors of its parent, which runs no program yet.
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
