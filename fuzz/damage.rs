//! A slot whose shared memory is overwritten while it is used. Errors are allowed, and so are wrong messages; a crash,
//! a hang, or a message that is larger than the slot is not.
//!
//! Shared by the fuzz target `ring` and the test that replays its seeds.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mailslot::{Mailslot, MailslotWriter, Timeout};

const CAPACITY: u64 = 8192;
const HEADER: u64 = 4096;
/// The part of the header that is in use.
const FIELDS: u64 = 700;
/// The lock is left alone: one that names a living thread is waited for, five seconds each time.
const LOCK: std::ops::Range<u64> = 128..132;

/// Takes the input four bytes at a time: two of a place, one that is put there or is the size of a message, and one
/// that says what to do.
pub fn damage(input: &[u8]) {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name = format!("damage-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let slot = Mailslot::options()
        .capacity(CAPACITY)
        .read_timeout(Timeout::Zero)
        .create(name)
        .expect("a slot of a new name can be created");
    let writer = MailslotWriter::open(slot.name().as_str()).expect("the slot has just been created");
    let memory = ring(&slot);
    for step in input.chunks_exact(4) {
        let place = u64::from(u16::from_le_bytes([step[0], step[1]]));
        let value = step[2];
        match step[3] % 8 {
            0..=2 if LOCK.contains(&(place % FIELDS)) => {}
            0..=2 => poke(&memory, place % FIELDS, value),
            3 => poke(&memory, HEADER + place % CAPACITY, value),
            // Errors are what is expected here; that each call comes back is the property.
            4 => drop(writer.write(&vec![value; usize::from(value) * 8])),
            5 => take(&slot, Timeout::Zero),
            6 => take(&slot, Timeout::After(Duration::from_millis(1))),
            _ => {
                let _ = slot.peek();
                let _ = slot.info();
                let _ = slot.statistics();
                let seen = mailslot::peek(slot.name(), 4).unwrap_or_default();
                assert!(seen.iter().all(|message| message.data.len() as u64 <= CAPACITY));
            }
        }
    }
    take(&slot, Timeout::Zero);
}

fn take(slot: &Mailslot, timeout: Timeout) {
    if let Ok(message) = slot.receive_within(timeout) {
        assert!(message.data.len() as u64 <= CAPACITY, "a message of {} bytes", message.data.len());
    }
}

fn poke(memory: &File, place: u64, value: u8) {
    memory.write_all_at(&[value], place).expect("the ring can be written to");
}

/// The ring file of a slot.
fn ring(slot: &Mailslot) -> File {
    let ring = directory(slot.name().folded()).join("ring");
    OpenOptions::new().read(true).write(true).open(ring).expect("the slot lives")
}

/// The directory of a slot, which is where the library looks for it. The name is in upper case.
pub fn directory(folded: &str) -> PathBuf {
    let mut directories = mailslot::slot_directories().expect("the root can be read").into_iter();
    directories.find_map(|slots| Some(slots.join(folded)).filter(|slot| slot.exists())).expect("the slot lives")
}
