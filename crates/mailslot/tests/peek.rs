//! `mailslot::peek`: reading the messages of a slot without being its reader.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Part, is_root, name, part, watchdog};
use mailslot::{Access, Error, Mailslot, MailslotOptions, MailslotWriter, Network, NetworkOrigin, Timeout};

/// The user and group "nobody" of Debian.
const NOBODY: u32 = 65534;

#[test]
fn plays_its_part() {
    let Some(part) = part() else { return };
    match part.split_once(' ').unwrap() {
        ("peek", slot) => {
            MailslotWriter::open(slot).unwrap().write(b"from elsewhere").unwrap();
            let error = std::io::Error::from(mailslot::peek(slot, 1).unwrap_err());
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
        }
        ("own", slot) => {
            let slot = Mailslot::create(slot).unwrap();
            MailslotWriter::open(slot.name().as_str()).unwrap().write(b"of nobody").unwrap();
            let end = Mailslot::create(format!("{}-end", slot.name().as_str())).unwrap();
            end.receive().unwrap();
        }
        part => panic!("{part:?}"),
    }
}

/// A source of pseudo-random numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Whatever was written and read before, even around the end of the memory: peeking returns the slot's messages, which
/// stay.
#[test]
fn what_is_seen_is_what_is_read_next() {
    let _watchdog = watchdog();
    let mut numbers = Numbers(1);
    for capacity in [4096, 16 << 10] {
        let slot = MailslotOptions::new().capacity(capacity).network(Network::Allowed).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
        let mut waiting = VecDeque::new();
        for step in 0..4000_u32 {
            if numbers.below(2) == 0 {
                let most = [8, 200, 3000][numbers.below(3) as usize];
                let size = numbers.below(most) as usize;
                let data: Vec<u8> = step.to_le_bytes().into_iter().cycle().take(size).collect();
                let written = if numbers.below(4) == 0 {
                    writer.write_from(&NetworkOrigin::new("x".repeat(size % 256)), &data)
                } else {
                    writer.write(&data)
                };
                match written {
                    Ok(()) => waiting.push_back(data),
                    Err(Error::Full { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            } else if let Some(expected) = waiting.pop_front() {
                assert_eq!(slot.receive().unwrap().data, expected);
            }
            let max = numbers.below(5) as usize;
            let seen = mailslot::peek(slot.name(), max).unwrap();
            let data: Vec<_> = seen.iter().map(|message| &message.data).collect();
            assert_eq!(data, waiting.iter().take(max).collect::<Vec<_>>(), "{step}");
            assert_eq!(seen.first(), slot.peek().unwrap().as_ref().filter(|_| max > 0), "{step}");
        }
    }
}

/// While one thread writes and one reads, each peek returns whole, consecutive messages.
#[test]
fn a_look_while_others_write_and_read_has_whole_messages_in_their_order() {
    const MESSAGES: u64 = 40_000;
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for number in 0..MESSAGES {
                let words = 1 + number as usize % 90;
                writer.write_within(&number.to_le_bytes().repeat(words), Timeout::Forever).unwrap();
            }
        });
        threads.spawn(|| {
            for number in 0..MESSAGES {
                assert_eq!(slot.receive().unwrap().data[..8], number.to_le_bytes());
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut first = 0;
        while !done.load(Ordering::Relaxed) {
            let seen = mailslot::peek(slot.name(), 50).unwrap();
            for (index, message) in seen.iter().enumerate() {
                let number = u64::from_le_bytes(message.data[..8].try_into().unwrap());
                if index == 0 {
                    assert!(number >= first, "{number} after {first}");
                    first = number;
                }
                assert_eq!(number, first + index as u64);
                assert_eq!(message.data, number.to_le_bytes().repeat(1 + number as usize % 90));
            }
        }
    });
}

#[test]
fn other_users_may_not_look_and_the_superuser_may() {
    let _watchdog = watchdog();
    if !is_root("other_users_may_not_look_and_the_superuser_may") {
        return;
    }
    let slot = MailslotOptions::new().access(Access::Everyone).create(name()).unwrap();
    Part::start_as(NOBODY, &format!("peek {}", slot.name())).finish();
    // The message of another user waits outside until the reader accepts it.
    assert_eq!(slot.info().unwrap().count, 1);
    assert_eq!(mailslot::peek(slot.name(), 8).unwrap(), [slot.receive().unwrap()]);

    let theirs = name();
    let owner = Part::start_as(NOBODY, &format!("own {theirs}"));
    let end = MailslotWriter::wait_open(format!("{theirs}-end"), Timeout::Forever);
    assert_eq!(mailslot::peek(&theirs, 8).unwrap()[0].data, b"of nobody");
    // The superuser may write to every slot.
    end.unwrap().write(b"").unwrap();
    owner.finish();
}

#[test]
fn names_that_cannot_be_looked_into_are_errors() {
    assert!(matches!(mailslot::peek(name(), 1), Err(Error::NotFound(_))));
    assert!(matches!(mailslot::peek(r"\\SRV1\mailslot\x", 1), Err(Error::InvalidName { .. })));
}
