//! Slots that several processes read: each member gets every message, in order, and does not affect the others.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::VecDeque;

use common::{Part, name, watchdog};
use mailslot::{
    Access, Error, Mailslot, MailslotOptions, MailslotWriter, Network, NetworkOrigin, Origin, Sharing, Taps, Timeout,
    WhenFull,
};

fn member(slot: &str) -> Mailslot {
    each().create(slot).unwrap()
}

fn each() -> MailslotOptions {
    let mut options = Mailslot::options();
    options.sharing(Sharing::Each);
    options
}

fn all(slot: &Mailslot) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| slot.try_receive().unwrap()).map(|message| message.data).collect()
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [part, slot] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    match part {
        "join" => match each().create(slot) {
            Err(Error::NotOwner(name)) => assert_eq!(name.as_str(), slot),
            other => panic!("{other:?}"),
        },
        "write" => {
            let writer = MailslotWriter::open(slot).unwrap();
            for number in 0..200_u32 {
                writer.write_within(&number.to_le_bytes(), Timeout::Forever).unwrap();
            }
            writer.write_within(&[7; 100_000], Timeout::Forever).unwrap();
        }
        "pass" => {
            let told = Mailslot::options().access(Access::Everyone).create(format!("{slot}-pass")).unwrap();
            let writer = MailslotWriter::open(slot).unwrap();
            for message in told.iter() {
                let message = message.unwrap();
                writer.write(&message.data).unwrap();
                message.reply(b"").unwrap();
            }
        }
        "refused" => assert!(matches!(MailslotWriter::open(slot), Err(Error::NotAllowed(_)))),
        "own" => {
            let own = member(slot);
            loop {
                own.receive().unwrap();
            }
        }
        _ => panic!("{part}"),
    }
}

/// The expected contents of a member, by the rules alone.
struct Model {
    slot: Mailslot,
    room: usize,
    unread: VecDeque<Vec<u8>>,
}

impl Model {
    /// A record takes its bytes, rounded up to a multiple of 8, plus 24.
    fn fits(&self, message: &[u8]) -> bool {
        let record = |len: usize| 24 + len.next_multiple_of(8);
        self.unread.iter().map(|message| record(message.len())).sum::<usize>() + record(message.len()) <= self.room
    }
}

/// Members join and leave, read and do not read, with writers that were opened at any time before.
#[test]
fn every_member_gets_what_it_has_room_for_and_the_error_tells_how_many_did() {
    let _watchdog = watchdog();
    for seed in 0..12_u64 {
        let slot_name = name();
        let mut state = seed;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut members: Vec<Model> = Vec::new();
        let mut writers = Vec::new();
        for step in 0..250_u64 {
            match random(16) {
                0..=1 if members.len() < 6 => {
                    let capacity = 4096 << random(3);
                    let slot = each().capacity(capacity).create(&slot_name).unwrap();
                    if members.is_empty() {
                        writers.clear();
                    }
                    members.push(Model { slot, room: capacity as usize - 8, unread: VecDeque::new() });
                    let full = Mailslot::create(&slot_name);
                    assert!(matches!(full, Err(Error::AlreadyExists(_))), "{full:?}");
                }
                2 if !members.is_empty() => {
                    let gone = random(members.len() as u64) as usize;
                    members.swap_remove(gone);
                    let closed = writers.iter().filter(|writer: &&MailslotWriter| writer.is_closed()).count();
                    assert_eq!(closed, if members.is_empty() { writers.len() } else { 0 }, "seed {seed} step {step}");
                }
                3 if !members.is_empty() => writers.push(MailslotWriter::open(&slot_name).unwrap()),
                4..=7 if !members.is_empty() => {
                    let reader = random(members.len() as u64) as usize;
                    for _ in 0..random(20) {
                        let read = members[reader].slot.try_receive().unwrap().map(|message| message.data);
                        assert_eq!(read, members[reader].unread.pop_front(), "seed {seed} step {step}");
                    }
                }
                _ if !writers.is_empty() => {
                    let mut message = vec![step as u8; 8 + random(600) as usize];
                    message[..8].copy_from_slice(&step.to_le_bytes());
                    let writer = &writers[random(writers.len() as u64) as usize];
                    let written = writer.write(&message);
                    let mut delivered = 0;
                    for member in &mut members {
                        if member.fits(&message) {
                            delivered += 1;
                            member.unread.push_back(message.clone());
                        }
                    }
                    match written {
                        Ok(()) => assert!(delivered == members.len() && delivered > 0, "seed {seed} step {step}"),
                        Err(Error::Closed) => assert!(members.is_empty(), "seed {seed} step {step}"),
                        Err(Error::Full { .. }) => assert!(delivered == 0, "seed {seed} step {step}"),
                        Err(Error::Partial { delivered: said, members: of, source }) => {
                            assert_eq!((said, of), (delivered, members.len()), "seed {seed} step {step}");
                            assert!(said > 0 && said < of && matches!(*source, Error::Full { .. }));
                        }
                        Err(error) => panic!("seed {seed} step {step}: {error}"),
                    }
                }
                _ => {}
            }
        }
        for member in members {
            assert_eq!(all(&member.slot), Vec::from(member.unread), "seed {seed}");
        }
        assert!(Mailslot::create(&slot_name).is_ok(), "the last member's end frees the name");
    }
}

#[test]
fn one_owner_and_members_exclude_each_other() {
    let slot = name();
    let one = Mailslot::create(&slot).unwrap();
    assert!(matches!(each().create(&slot), Err(Error::AlreadyExists(_))));
    drop(one);
    let members = [member(&slot), member(&slot)];
    for member in members {
        assert!(matches!(Mailslot::create(&slot), Err(Error::AlreadyExists(_))));
        drop(member);
    }
    Mailslot::create(&slot).unwrap();
}

#[test]
fn writers_stay_with_a_slot_as_long_as_one_member_lives() {
    let slot = name();
    let mut last = member(&slot);
    let writer = MailslotWriter::open(&slot).unwrap();
    for number in 0..10_u8 {
        let next = member(&slot);
        drop(std::mem::replace(&mut last, next));
        writer.write(&[number]).unwrap();
        assert_eq!(all(&last), [[number]]);
    }
    drop(last);
    let later = member(&slot);
    assert!(matches!(writer.write(b"late"), Err(Error::Closed)), "a slot made later is another one");
    assert!(writer.is_closed());
    assert!(all(&later).is_empty());
}

#[test]
fn a_write_that_waits_reaches_each_member_once() {
    let _watchdog = watchdog();
    let slot = name();
    let (quick, slow) = (member(&slot), each().capacity(4096).create(&slot).unwrap());
    let writer = MailslotWriter::open(&slot).unwrap();
    let writing = std::thread::spawn(move || {
        for number in 0..300_u64 {
            writer.write_within(&[number.to_le_bytes(), [0; 8], [1; 8]].concat(), Timeout::Forever).unwrap();
        }
        let batch: Vec<_> = (300..600_u64).map(|number| [number.to_le_bytes(), [0; 8], [1; 8]].concat()).collect();
        assert_eq!(writer.write_batch_within(&batch, Timeout::Forever).unwrap(), 300);
        for number in 600..900_u64 {
            let fill = |bytes: &mut [u8]| {
                bytes.fill(1);
                bytes[..8].copy_from_slice(&number.to_le_bytes());
            };
            writer.write_in_place_within(24, Timeout::Forever, fill).unwrap();
        }
    });
    for number in 0..900_u64 {
        // One after the other: until both have read, the write waits for the member that lacks the message.
        assert_eq!(slow.receive().unwrap().data[..8], number.to_le_bytes());
        assert_eq!(quick.receive().unwrap().data[..8], number.to_le_bytes());
    }
    writing.join().unwrap();
    assert_eq!((all(&quick).len(), all(&slow).len()), (0, 0));
}

#[test]
fn a_write_that_is_given_up_tells_who_has_the_message() {
    let slot = name();
    let members = [member(&slot), each().capacity(4096).create(&slot).unwrap(), member(&slot)];
    let writer = MailslotWriter::open(&slot).unwrap();
    writer.write(&[0; 4000]).unwrap();
    for timeout in [Timeout::Zero, Timeout::After(std::time::Duration::from_millis(5))] {
        let Err(error) = writer.write_within(&[1; 100], timeout) else { panic!("a member is full") };
        let Error::Partial { delivered: 2, members: 3, source } = &error else { panic!("{error:?}") };
        match timeout {
            Timeout::Zero => assert!(matches!(**source, Error::Full { .. })),
            _ => assert!(matches!(**source, Error::TimedOut)),
        }
        assert_eq!(error.win32_code(), source.win32_code());
    }
    assert_eq!(members.map(|member| all(&member).len()), [3, 1, 3]);
}

#[test]
fn what_one_member_never_takes_no_member_gets() {
    let slot = name();
    let members = [member(&slot), each().max_message_size(10).create(&slot).unwrap()];
    let writer = MailslotWriter::open(&slot).unwrap();
    assert_eq!(writer.max_message_size(), 10);
    assert!(matches!(writer.write(&[0; 11]), Err(Error::TooLarge { size: 11, limit: 10 })));
    assert!(matches!(writer.write_in_place(11, |_| ()), Err(Error::TooLarge { size: 11, limit: 10 })));
    writer.write(&[0; 10]).unwrap();
    assert_eq!(members.map(|member| all(&member).len()), [1, 1]);
}

#[test]
fn network_messages_reach_the_members_that_let_them_in() {
    let slot = name();
    let open = || each().network(Network::Allowed).create(&slot).unwrap();
    let (first, closed, second) = (open(), member(&slot), open());
    let origin = NetworkOrigin::new("SRV2");
    let writer = MailslotWriter::open(&slot).unwrap();
    assert_eq!(writer.write_batch_from(&origin, &[b"one", b"two"]).unwrap(), 2);
    for slot in [first, second] {
        for data in [b"one", b"two"] {
            let message = slot.try_receive().unwrap().unwrap();
            assert_eq!((message.data.as_slice(), message.origin), (&data[..], Origin::from(origin.clone())));
        }
    }
    assert_eq!(closed.try_receive().unwrap(), None);
    assert!(matches!(writer.write_from(&origin, b"x"), Err(Error::NotAllowed(_))));
}

#[test]
fn other_users_write_to_all_members_that_let_them_and_are_none() {
    if !common::is_root("other_users_write_to_all_members_that_let_them_and_are_none") {
        return;
    }
    let _watchdog = watchdog();
    let slot = name();
    let open = || each().access(Access::Everyone).create(&slot).unwrap();
    let (first, own) = (open(), member(&slot));
    Part::start_as(65534, &format!("join {slot}")).finish();
    let second = open();
    let stranger = Part::start_as(65534, &format!("write {slot}"));
    for slot in [&first, &second] {
        for number in 0..200_u32 {
            let message = slot.receive().unwrap();
            assert_eq!(message.data, number.to_le_bytes());
            assert!(matches!(message.origin, Origin::Local { uid: 65534, attested: true, .. }));
        }
        assert_eq!(slot.receive().unwrap().data, [7; 100_000]);
    }
    stranger.finish();
    assert_eq!(own.try_receive().unwrap(), None);
    drop((first, second));
    Part::start_as(65534, &format!("refused {slot}")).finish();
}

#[test]
fn a_stranger_reaches_each_member_that_is_there_when_it_writes() {
    if !common::is_root("a_stranger_reaches_each_member_that_is_there_when_it_writes") {
        return;
    }
    let _watchdog = watchdog();
    let slot = name();
    let open = || each().access(Access::Everyone).create(&slot).unwrap();
    let mut members = VecDeque::from([open()]);
    let stranger = Part::start_as(65534, &format!("pass {slot}"));
    let told = MailslotWriter::wait_open(format!("{slot}-pass"), Timeout::Forever).unwrap();
    for number in 0..60_u32 {
        // Wait until the write has ended: a member that joins before that may get the message as well.
        told.request(&number.to_le_bytes(), Timeout::Forever).unwrap();
        for member in &members {
            assert_eq!(member.receive().unwrap().data, number.to_le_bytes());
        }
        match number % 5 {
            0..3 => members.push_back(open()),
            _ => drop(members.pop_front()),
        }
    }
    drop(stranger);
}

/// A message with the number of its writer and its own.
fn numbered(writer: u8, number: u32, size: usize) -> Vec<u8> {
    let mut message = vec![writer; 8 + size];
    message[4..8].copy_from_slice(&number.to_le_bytes());
    message
}

/// Checks what a reader that joins at any time sees of two writers.
#[derive(Default)]
struct Seen {
    next: [Option<u32>; 2],
    missing: u64,
    lost: u64,
}

impl Seen {
    fn see(&mut self, message: &mailslot::Message) {
        let (writer, number) =
            (usize::from(message.data[0]), u32::from_le_bytes(message.data[4..8].try_into().unwrap()));
        assert!(message.data[8..].iter().all(|byte| usize::from(*byte) == writer), "half a message");
        let next = self.next[writer].replace(number + 1);
        assert!(next.is_none_or(|next| next <= number), "{number} instead of {next:?}");
        // Nothing shows messages lost before the first one that is seen.
        self.missing += next.map_or(0, |next| u64::from(number - next));
        self.lost += message.lost_before;
        assert!(self.missing <= self.lost, "not all of what is missing was told");
    }
}

/// Readers of every kind join, leave and are killed while two writers write messages and batches.
#[test]
fn nobody_misses_anything_of_what_is_written_while_he_is_there() {
    const MESSAGES: u32 = 3000;
    let _watchdog = watchdog();
    for seed in 0..3_u64 {
        let slot = &name();
        let random = |state: &mut u64, below: u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*state >> 33) % below
        };
        let join = |capacity, when_full| {
            each().taps(Taps::Allowed).capacity(capacity).when_full(when_full).create(slot).unwrap()
        };
        let stays = join(8192, WhenFull::Refuse);
        let done = std::sync::atomic::AtomicU32::new(0);
        let is_done = || done.load(std::sync::atomic::Ordering::Relaxed) == 2;
        std::thread::scope(|scope| {
            for writer in 0..2_u8 {
                let (done, mut state) = (&done, seed * 7 + u64::from(writer));
                scope.spawn(move || {
                    let to = MailslotWriter::open(slot).unwrap();
                    let mut number = 0;
                    while number < MESSAGES {
                        let count = (1 + random(&mut state, 30) as u32).min(MESSAGES - number);
                        let batch: Vec<_> = (number..number + count)
                            .map(|number| numbered(writer, number, random(&mut state, 300) as usize))
                            .collect();
                        if random(&mut state, 3) == 0 {
                            batch.iter().for_each(|message| to.write_within(message, Timeout::Forever).unwrap());
                        } else {
                            assert_eq!(to.write_batch_within(&batch, Timeout::Forever).unwrap(), batch.len());
                        }
                        number += count;
                    }
                    done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                });
            }
            for guest in 0..2_u64 {
                scope.spawn(move || {
                    let mut state = seed * 31 + guest;
                    while !is_done() {
                        let capacity = 4096 << random(&mut state, 3);
                        let reader = match random(&mut state, 3) {
                            0 => join(capacity, WhenFull::Refuse),
                            1 => join(capacity, WhenFull::DropOldest),
                            _ => Mailslot::options().capacity(capacity).tap(slot).unwrap(),
                        };
                        let mut seen = Seen::default();
                        let mut left = random(&mut state, 300);
                        while left > 0 && !is_done() {
                            if let Some(message) = reader.try_receive().unwrap() {
                                seen.see(&message);
                                left -= 1;
                            } else {
                                std::thread::yield_now();
                            }
                        }
                    }
                });
            }
            scope.spawn(move || {
                let mut state = seed;
                while !is_done() {
                    // It is killed before it joins, while it reads, or while it is written to.
                    let _killed = Part::start(&format!("own {slot}"));
                    (0..random(&mut state, 20_000)).take_while(|_| !is_done()).for_each(|_| std::thread::yield_now());
                }
            });
            let mut seen = Seen::default();
            (0..2 * MESSAGES).for_each(|_| seen.see(&stays.receive().unwrap()));
            assert_eq!((seen.next, seen.missing), ([Some(MESSAGES); 2], 0));
        });
        assert!(stays.try_receive().unwrap().is_none());
    }
}

/// As soon as with a slot that has one owner: every member that a writer checks has ended.
#[test]
fn nothing_is_accepted_when_all_members_are_killed() {
    let _watchdog = watchdog();
    for (number, is_batch) in [(1, false), (1, true), (2, false), (2, true), (5, false), (5, true)] {
        let slot = name();
        let members: Vec<_> = (0..number).map(|_| Part::start(&format!("own {slot}"))).collect();
        let writer = MailslotWriter::wait_open(&slot, Timeout::Forever).unwrap();
        assert_eq!(writer.wait_for_receivers(number, Timeout::Forever).unwrap(), number);
        (0..3).for_each(|_| writer.write(b"before").unwrap());
        drop(members);
        // A member that was checked a moment ago counts as alive.
        std::thread::sleep(std::time::Duration::from_millis(1));
        let late = if is_batch { writer.write_batch(&["one", "two"]).map(drop) } else { writer.write(b"late") };
        assert!(matches!(late, Err(Error::Closed)), "{late:?}");
    }
}

#[test]
fn a_member_that_is_killed_is_missed_by_nobody() {
    let _watchdog = watchdog();
    let slot = name();
    let first = member(&slot);
    let writer = MailslotWriter::open(&slot).unwrap();
    for number in 0..20_u32 {
        let killed = Part::start(&format!("own {slot}"));
        while MailslotWriter::open(&slot).unwrap().wait_for_receivers(2, Timeout::Zero).unwrap() < 2 {
            std::thread::yield_now();
        }
        writer.write(&number.to_le_bytes()).unwrap();
        drop(killed);
        writer.write(&number.to_le_bytes()).unwrap();
        assert_eq!(all(&first), [number.to_le_bytes(); 2]);
    }
    drop(first);
    assert!(writer.is_closed());
    Mailslot::create(&slot).unwrap();
}
