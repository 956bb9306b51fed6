//! Death of writers and of the owner, at any instant.
//!
//! This test binary is also the child process: see `common::Part`.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::HashMap;

use common::{Part, name, watchdog};
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};

/// Writes numbered messages of varying size, so that lost, repeated and damaged ones are noticed.
fn write_for_ever(slot: &str, id: u64) {
    let writer = MailslotWriter::open(slot).unwrap();
    for number in 0.. {
        match writer.write_within(&message(id, number), Timeout::Forever) {
            Ok(()) => {}
            Err(Error::Closed) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

fn message(id: u64, number: u64) -> Vec<u8> {
    let size = 24 + (number * 7 % 300) as usize;
    let mut bytes = vec![(id ^ number) as u8; size];
    bytes[..8].copy_from_slice(&id.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Checks one message against those that its writer sent before. Returns the writer.
fn check(bytes: &[u8], next: &mut HashMap<u64, u64>) -> u64 {
    let id = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let number = u64::from_le_bytes(bytes[8..16].try_into().unwrap());
    assert_eq!(bytes, message(id, number), "damaged");
    let expected = next.entry(id).or_insert(0);
    assert_eq!(number, *expected, "writer {id}: lost, repeated or out of order");
    *expected += 1;
    id
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    if let Some(slot) = part.strip_prefix("fork ") {
        return own_and_fork(slot);
    }
    let [part, slot, id] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    match part {
        "write" => write_for_ever(slot, id.parse().unwrap()),
        #[cfg(target_os = "linux")]
        "join" => {
            let slot = Mailslot::options().sharing(mailslot::Sharing::Each).create(slot).unwrap();
            loop {
                slot.receive().unwrap();
            }
        }
        "own" => {
            let slot = Mailslot::create(slot).unwrap();
            loop {
                slot.receive().unwrap();
            }
        }
        _ => panic!("{part}"),
    }
}

/// Kills 1,000 writers, or as many as `MAILSLOT_KILLS` says.
#[test]
fn killed_writers_damage_nothing() {
    let kills = std::env::var("MAILSLOT_KILLS").map_or(1000, |kills| kills.parse().unwrap());
    let _watchdog = watchdog();
    let slot = Mailslot::options().capacity(64 << 10).create(name()).unwrap();
    let slot_name = slot.name().as_str().to_owned();
    let survivor = Part::start(&format!("write {slot_name} 0"));
    let mut next = HashMap::new();
    let mut random = 12345_u64;
    let mut writers: Vec<(u64, Part, u32)> = Vec::new();
    let (mut started, mut killed) = (0, 0);
    while killed < kills {
        while writers.len() < 4 {
            started += 1;
            writers.push((started, Part::start(&format!("write {slot_name} {started}")), u32::MAX));
        }
        let message = slot.receive().unwrap();
        let id = check(&message.data, &mut next);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let Some(at) = writers.iter().position(|writer| writer.0 == id) else { continue };
        let left = &mut writers[at].2;
        // The first message decides after how many the writer is killed, in the middle of whatever it then does.
        *left = if *left == u32::MAX { (random >> 40) as u32 % 40 } else { left.saturating_sub(1) };
        if *left == 0 {
            drop(writers.swap_remove(at));
            killed += 1;
        }
    }
    drop(writers);
    // The writer that was never killed still continues.
    let before = next[&0];
    while next[&0] < before + 1000 {
        let message = slot.receive().unwrap();
        check(&message.data, &mut next);
    }
    drop(survivor);
    while let Some(message) = slot.try_receive().unwrap() {
        check(&message.data, &mut next);
    }
    let statistics = slot.statistics();
    assert_eq!(statistics.read, statistics.written);
    assert_eq!(statistics.read, next.values().sum::<u64>());
    println!("{killed} writers killed, {} messages read, each once and in order", statistics.read);
}

/// Kills as many members and writers as `MAILSLOT_KILLS` says: living members lose nothing that was written to them.
#[test]
#[cfg(target_os = "linux")]
fn killed_members_and_writers_cost_the_others_nothing() {
    let kills = std::env::var("MAILSLOT_KILLS").map_or(100, |kills| kills.parse().unwrap());
    let _watchdog = watchdog();
    let slot_name = name();
    let mut options = Mailslot::options();
    options.sharing(mailslot::Sharing::Each).capacity(64 << 10);
    let join = || options.create(&slot_name).unwrap();
    let members = [join(), join()];
    let mut read = [HashMap::new(), HashMap::new()];
    let survivor = Part::start(&format!("write {slot_name} 0"));
    let mut random = 54321_u64;
    let mut started = 0;
    let mut mortals: Vec<Part> = Vec::new();
    let (mut killed, mut until_next) = (0, 0_u64);
    let take = |read: &mut [HashMap<u64, u64>; 2]| {
        let mut taken = 0;
        for (member, read) in members.iter().zip(read) {
            for message in std::iter::from_fn(|| member.try_receive().unwrap()).take(256) {
                check(&message.data, read);
                taken += 1;
            }
        }
        if taken == 0 {
            std::thread::yield_now();
        }
        taken
    };
    while killed < kills {
        while mortals.len() < 5 {
            started += 1;
            // Two of five are members.
            let part =
                if started % 5 < 2 { format!("join {slot_name} 0") } else { format!("write {slot_name} {started}") };
            mortals.push(Part::start(&part));
        }
        until_next = until_next.saturating_sub(take(&mut read));
        if until_next == 0 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            until_next = (random >> 33) % 400;
            drop(mortals.swap_remove((random >> 50) as usize % mortals.len()));
            killed += 1;
        }
    }
    drop(mortals);
    // The writer that was never killed still continues.
    let before = read[0][&0];
    while read.iter().any(|read| read[&0] < before + 1000) {
        take(&mut read);
    }
    drop(survivor);
    while take(&mut read) > 0 {}
    for (writer, sent) in &read[0] {
        // One of the members may lack the message during whose write its writer was killed.
        assert!(sent.abs_diff(*read[1].get(writer).unwrap_or(&0)) <= 1, "writer {writer}");
    }
    assert!(read[1].keys().all(|writer| read[0].contains_key(writer) || read[1][writer] <= 1));
    drop(members);
    Mailslot::create(&slot_name).expect("the name is free");
}

/// Owns a slot until it is killed, and leaves a child that does nothing and whose id it reports.
#[cfg(target_os = "linux")]
fn own_and_fork(slot: &str) {
    let own = Mailslot::options().access(mailslot::Access::Everyone).create(slot).unwrap();
    // After this, the writer is accepted.
    own.receive().unwrap();
    let (runs, running) = rustix::pipe::pipe().unwrap();
    // SAFETY: the child only writes to a pipe and waits for a signal, which is allowed after a fork of a process with
    // threads.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let _ = rustix::io::write(&running, b"r");
        loop {
            // SAFETY: no arguments.
            unsafe { libc::pause() };
        }
    }
    // Until it runs, the child has not closed anything.
    assert_eq!(rustix::io::read(&runs, &mut [0; 1]), Ok(1));
    MailslotWriter::open(format!("{slot}-child")).unwrap().write(&child.to_le_bytes()).unwrap();
    loop {
        own.receive().unwrap();
    }
}

/// A child that does not read the slot, such as a worker process, does not keep the slot alive.
#[test]
#[cfg(target_os = "linux")]
fn slot_ends_with_its_owner_whatever_children_it_has() {
    let _watchdog = watchdog();
    let strangers = rustix::process::geteuid().is_root();
    let slot = name();
    let children = Mailslot::create(format!("{slot}-child")).unwrap();
    let owner = Part::start(&format!("fork {slot}"));
    while mailslot::status(&slot).is_err() {
        std::thread::yield_now();
    }
    // Without another user, a friend is used instead.
    let stranger = match strangers {
        true => Part::start_as(65534, &format!("write {slot} 1")),
        false => Part::start(&format!("write {slot} 1")),
    };
    let child = children.receive().unwrap().data;
    let child = rustix::process::Pid::from_raw(i32::from_le_bytes(child.try_into().unwrap())).unwrap();
    let friend = MailslotWriter::open(&slot).unwrap();
    drop(owner);
    let late = friend.write(b"late");
    let found = MailslotWriter::open(&slot).map(drop);
    let again = Mailslot::create(&slot).map(drop);
    // A writer of another user is not told either that its messages are written.
    stranger.finish();
    rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
    assert!(matches!(late, Err(Error::Closed)), "{late:?}");
    assert!(matches!(found, Err(Error::NotFound(_))), "{found:?}");
    assert!(again.is_ok(), "{again:?}");
}

#[test]
fn killed_owner_closes_its_writers_and_frees_the_name() {
    let _watchdog = watchdog();
    let slot_name = name();
    for _ in 0..50 {
        let owner = Part::start(&format!("own {slot_name} 0"));
        let writer = loop {
            match MailslotWriter::open(&slot_name) {
                Ok(writer) => break writer,
                Err(Error::NotFound(_)) => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        };
        for number in 0..1000 {
            writer.write_within(&message(1, number), Timeout::Forever).unwrap();
        }
        drop(owner);
        let late = writer.write(b"late");
        assert!(matches!(late, Err(Error::Closed)), "{late:?}");
        assert!(writer.is_closed());
        let again = Mailslot::create(&slot_name).expect("the name is free at once");
        assert!(matches!(writer.write(b"late"), Err(Error::Closed)), "the old writer stays with the old slot");
        assert!(again.try_receive().unwrap().is_none());
    }
}
