//! Small scenarios of the ring protocol; the crate's page says how far loom goes through each.
//!
//! The lock is modelled by the same word that the real one uses: taken by compare-and-swap, and, when a thread "is
//! killed", marked as the kernel marks it. A killed thread is one that stops between two steps of a write.

use loom::sync::Arc;
use loom::thread;

use crate::ring::layout::{Fixed, Group, Header, Kind, Reader, Refused, Space, Stamp, Writers};
use crate::ring::read::{self, head};
use crate::ring::recover::recover;
use crate::ring::region::Region;
use crate::ring::write::{Locked, Refusal, Sleep};
use crate::sync::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{AtomicU32, AtomicU64};

const OWNER_DIED: u32 = 0x4000_0000;
const CAPACITY: u64 = 128;
const STAMP: Stamp = Stamp::new(Kind::Friend, 1, 2, 3);

fn ring() -> Arc<Region> {
    ring_of(CAPACITY)
}

fn ring_of(capacity: u64) -> Arc<Region> {
    let zero = || AtomicU64::new(0);
    let header = Header {
        fixed: Group(Fixed {
            magic: zero(),
            version: zero(),
            capacity: AtomicU64::new(capacity),
            max_message: zero(),
            pid_namespace: zero(),
            locked_reads: zero(),
            read_timeout_nanos: zero(),
            network: zero(),
            stamp: zero(),
        }),
        writers: Group(Writers {
            lock: AtomicU32::new(0),
            state: AtomicU32::new(0),
            tail: zero(),
            head_seen: zero(),
            reserved: AtomicU64::new(capacity),
            written: zero(),
            bytes_written: zero(),
            rewinding: zero(),
        }),
        refused: Group(Refused { full: zero(), too_large: zero(), high_water: zero() }),
        reader: Group(Reader {
            head: zero(),
            read: zero(),
            bytes_read: zero(),
            writers_waiting: zero(),
            dropped: zero(),
            missed: zero(),
        }),
        space: Group(Space { freed: AtomicU32::new(0), missed: zero(), missed_at: zero() }),
    };
    Arc::new(Region::modelled(header, capacity))
}

/// Takes the lock as `robust` does, recovering if its holder died.
fn lock(region: &Region) -> Locked<'_> {
    let word = &region.header().writers.lock;
    loop {
        let seen = word.load(Relaxed);
        if seen & !OWNER_DIED == 0 && word.compare_exchange(seen, 1, Acquire, Relaxed).is_ok() {
            let ring = Locked::new(region);
            if seen == OWNER_DIED {
                recover(&ring).expect("no damage");
            }
            return ring;
        }
        thread::yield_now();
    }
}

fn unlock(region: &Region) {
    region.header().writers.lock.swap(0, Release);
}

/// Does what the kernel does with the lock of a thread that died.
fn die(region: &Region) {
    region.header().writers.lock.swap(OWNER_DIED, Release);
}

fn write(region: &Region, message: u64) -> Result<(), Refusal> {
    let ring = lock(region);
    let result = ring.reserve(8).map(|room| {
        region.copy_in(room.payload(), &message.to_le_bytes());
        ring.commit(room, STAMP);
    });
    unlock(region);
    result
}

/// A write that is killed after `steps` of its steps. Returns whether the message had been committed.
fn write_and_die(region: &Region, message: u64, steps: u32) -> bool {
    let ring = lock(region);
    if steps >= 1 {
        let room = ring.reserve(8).expect("room");
        region.copy_in(room.payload(), &message.to_le_bytes()[..if steps == 1 { 3 } else { 8 }]);
        if steps >= 3 {
            let writers = &region.header().writers;
            let before =
                (writers.tail.load(Relaxed), writers.written.load(Relaxed), writers.bytes_written.load(Relaxed));
            ring.commit(room, STAMP);
            if steps == 3 {
                // Killed right behind the commit, before the accounting.
                writers.tail.store(before.0, Relaxed);
                writers.written.store(before.1, Relaxed);
                writers.bytes_written.store(before.2, Relaxed);
            } else if steps == 4 {
                // Killed in the accounting, when the record was counted and the tail not yet moved.
                writers.tail.store(before.0, Relaxed);
            }
        }
    }
    die(region);
    steps >= 3
}

fn take(region: &Region) -> Option<u64> {
    let head = head(region).expect("no damage")?;
    assert_eq!((head.len(), head.stamp()), (8, STAMP));
    let mut bytes = [0; 8];
    head.copy_to(&mut bytes);
    head.consume();
    Some(u64::from_le_bytes(bytes))
}

pub(crate) fn model(scenario: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    // Threads that wait for the lock take turns at it.
    builder.max_branches = 100_000;
    builder.check(scenario);
}

#[test]
fn two_writers_and_a_reader_lose_and_damage_nothing() {
    model(|| {
        let region = ring();
        let writers = [10, 20].map(|message| {
            let region = region.clone();
            thread::spawn(move || write(&region, message).expect("room"))
        });
        // Reads while they write, then takes what is left.
        let mut read: Vec<u64> = [take(&region), take(&region)].into_iter().flatten().collect();
        for writer in writers {
            writer.join().expect("writer");
        }
        read.extend(core::iter::from_fn(|| take(&region)));
        read.sort_unstable();
        assert_eq!(read, [10, 20]);
        assert_eq!(region.header().writers.written.load(Relaxed), 2);
    });
}

#[test]
fn room_is_reused_only_after_it_was_read() {
    model(|| {
        // Large enough that the reader takes out two records before it looks for waiting writers: the fence of that
        // look would hide a missing order of the stores of `head`.
        let region = ring_of(512);
        for message in 1..=15 {
            write(&region, message).expect("room");
        }
        assert_eq!(write(&region, 16), Err(Refusal::Full));
        let writer = {
            let region = region.clone();
            thread::spawn(move || {
                // The second of them lies where the first of all lay.
                for message in 16..=17 {
                    while write(&region, message) == Err(Refusal::Full) {
                        thread::yield_now();
                    }
                }
            })
        };
        assert_eq!((take(&region), take(&region)), (Some(1), Some(2)));
        writer.join().expect("writer");
        for message in 3..=17 {
            assert_eq!(take(&region), Some(message));
        }
        assert_eq!(take(&region), None);
    });
}

#[test]
fn killed_writer_leaves_a_whole_message_or_none() {
    for steps in 0..=5 {
        model(move || {
            let region = ring();
            let killed = {
                let region = region.clone();
                thread::spawn(move || write_and_die(&region, 10, steps))
            };
            let other = {
                let region = region.clone();
                thread::spawn(move || write(&region, 20).expect("room"))
            };
            let early = take(&region);
            other.join().expect("writer");
            let committed = killed.join().expect("killed writer");
            // The next lock holder accounts for what the dead one left.
            lock(&region);
            unlock(&region);
            let mut read: Vec<u64> = early.into_iter().collect();
            read.extend(core::iter::from_fn(|| take(&region)));
            read.sort_unstable();
            assert_eq!(read, if committed { vec![10, 20] } else { vec![20] });
            assert_eq!(region.header().writers.written.load(Relaxed), read.len() as u64);
        });
    }
}

#[test]
fn reader_that_announced_its_sleep_is_woken() {
    model(|| {
        let region = ring();
        // The bell: a writer's ring makes the sleeper look again.
        let bell = Arc::new(AtomicU32::new(0));
        let writer = {
            let (region, bell) = (region.clone(), bell.clone());
            thread::spawn(move || {
                let ring = lock(&region);
                if ring.reader_sleeps() {
                    bell.store(1, Release);
                    ring.reader_woken();
                }
                let room = ring.reserve(8).expect("room");
                region.copy_in(room.payload(), &10_u64.to_le_bytes());
                ring.commit(room, STAMP);
                unlock(&region);
            })
        };
        loop {
            let ring = lock(&region);
            let sleep = ring.announce_sleep();
            unlock(&region);
            if sleep == Sleep::MessageWaiting {
                break;
            }
            if sleep == Sleep::DrainBell {
                bell.store(0, Release);
            }
            while bell.load(Acquire) == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(take(&region), Some(10));
        writer.join().expect("writer");
    });
}

#[test]
fn starting_over_loses_no_message() {
    model(|| {
        let region = ring();
        write(&region, 1).expect("room");
        assert_eq!(take(&region), Some(1));
        let writer = {
            let region = region.clone();
            thread::spawn(move || write(&region, 2).expect("room"))
        };
        lock(&region).rewind();
        unlock(&region);
        let early = take(&region);
        writer.join().expect("writer");
        assert_eq!(early.or_else(|| take(&region)), Some(2));
    });
}

#[test]
fn ring_that_starts_over_never_looks_damaged() {
    model(|| {
        let region = ring();
        write(&region, 1).expect("room");
        assert_eq!(take(&region), Some(1));
        let other = {
            let region = region.clone();
            thread::spawn(move || head(&region).map(|head| head.map(|head| head.len())))
        };
        lock(&region).rewind();
        unlock(&region);
        // It returns what was read a moment ago, or finds nothing.
        assert!(other.join().expect("it ends").is_ok());
    });
}

#[test]
fn whoever_asks_what_is_next_is_told_the_truth_though_the_memory_is_used_again() {
    model(|| {
        let region = ring();
        write(&region, 1).expect("room");
        // Not the reader: a writer that asks how full the slot is.
        let asking = {
            let region = region.clone();
            thread::spawn(move || read::size_of_next(&region))
        };
        assert_eq!(take(&region), Some(1));
        lock(&region).rewind();
        unlock(&region);
        write(&region, 2).expect("room");
        assert!(matches!(asking.join().expect("it ends"), Ok(None | Some(8))));
    });
}

#[test]
fn writer_waiting_for_room_is_told() {
    model(|| {
        let region = ring();
        for message in 1..=3 {
            write(&region, message).expect("room");
        }
        let reader = {
            let region = region.clone();
            thread::spawn(move || {
                let mut told = false;
                for _ in 0..3 {
                    told |= head(&region).expect("no damage").expect("a message").consume();
                }
                // A reader that finds nothing looks once more.
                told | read::writers_wait(&region)
            })
        };
        read::wait_for_room(&region);
        let room_seen = region.header().reader.head.load(Relaxed) != 0;
        let told = reader.join().expect("reader");
        assert!(room_seen || told, "the writer sleeps and is not woken");
    });
}
