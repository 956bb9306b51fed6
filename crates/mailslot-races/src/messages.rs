//! The ring in threads, under the engine's own lock.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU32};
use std::alloc::Layout;
use std::thread::yield_now;
use std::time::Duration;

use crate::at_once;
use crate::ring::layout::{HEADER_SIZE, Kind, Stamp};
use crate::ring::read::{head, message_waiting, wait_for_room, writers_wait};
use crate::ring::recover::recover;
use crate::ring::region::Region;
use crate::ring::write::{Locked, Refusal};
use crate::robust::{self, Taken};
use crate::sync::Ordering::{Acquire, Relaxed, Release};

/// So small that its memory is used again after a few messages.
const CAPACITY: u64 = 1024;
const WRITERS: u32 = 2;
const MESSAGES: u32 = 3000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A ring in memory of this process, for as long as that lives. Its positions go around the end of their numbers.
fn ring() -> &'static Region {
    let start = u64::MAX - 7 - 8 * 500;
    let layout = Layout::from_size_align((HEADER_SIZE + CAPACITY) as usize, 4096).expect("valid layout");
    // SAFETY: the layout is not empty.
    let base = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }).expect("memory");
    // SAFETY: aligned, zeroed memory of the right size, which is never freed.
    let region = Box::leak(Box::new(unsafe { Region::new(base, CAPACITY, CAPACITY) }));
    region.header().writers.reserved.store(CAPACITY, Relaxed);
    region.header().writers.tail.store(start, Relaxed);
    region.header().writers.head_seen.store(start, Relaxed);
    region.header().reader.head.store(start, Relaxed);
    region
}

/// Does something under the lock, as the engine takes it.
fn locked<R>(region: &Region, act: impl FnOnce(&Locked<'_>) -> R) -> R {
    let ring = Locked::new(region);
    let _guard = match robust::lock(&region.header().writers.lock, PATIENCE) {
        Ok(Taken::Clean(guard)) => guard,
        Ok(Taken::OwnerDied(guard)) => {
            recover(&ring).expect("no damage");
            guard
        }
        Err(refused) => panic!("{refused:?}"),
    };
    act(&ring)
}

fn size(number: u32) -> usize {
    (number as usize * 37) % 300
}

/// Commits a message. Returns false if there is no room.
fn append(ring: &Locked<'_>, region: &Region, writer: u32, number: u32) -> bool {
    let message = vec![writer as u8; size(number)];
    match ring.reserve(message.len() as u32) {
        Ok(room) => {
            region.copy_in(room.payload(), &message);
            ring.commit(room, Stamp::new(Kind::Friend, writer, number, 0));
            true
        }
        Err(Refusal::Full) => false,
        Err(refusal) => panic!("{refusal:?}"),
    }
}

fn write(region: &Region, writer: u32, number: u32) {
    while !locked(region, |ring| append(ring, region, writer, number)) {
        let freed = &region.header().space.freed;
        let seen = freed.load(Relaxed);
        wait_for_room(region);
        robust::sleep(freed, seen, Duration::from_millis(1));
    }
}

/// Takes a message out, and returns whose it is and which.
fn take(region: &Region) -> Option<(u32, u32)> {
    let Some(head) = head(region).expect("no damage") else {
        if writers_wait(region) {
            robust::wake(&region.header().space.freed, u32::MAX);
        }
        return None;
    };
    let stamp = head.stamp();
    let mut message = vec![0; head.len()];
    head.copy_to(&mut message);
    assert_eq!(message, vec![stamp.pid() as u8; size(stamp.uid)]);
    head.consume();
    Some((stamp.pid(), stamp.uid))
}

/// What both writers write.
fn write_all(region: &Region, writer: u32) {
    (0..MESSAGES).for_each(|number| write(region, writer, number));
}

pub(crate) fn one_reader() {
    let region = ring();
    let read = || {
        let mut next = [0; WRITERS as usize];
        for _ in 0..WRITERS * MESSAGES {
            while !message_waiting(region) {
                yield_now();
            }
            let (writer, number) = take(region).expect("it waits");
            assert_eq!(number, next[writer as usize - 1]);
            next[writer as usize - 1] += 1;
        }
    };
    at_once(&[&|| write_all(region, 1), &|| write_all(region, 2), &read]);
    assert_eq!(region.header().writers.written.load(Relaxed), u64::from(WRITERS * MESSAGES));
}

/// Whichever finds nothing starts over at the beginning of the memory, though the other may have taken the last message
/// out.
pub(crate) fn two_readers() {
    let region = ring();
    // Excludes readers as the engine's mutex does.
    let reader = AtomicBool::new(false);
    let taken = AtomicU32::new(0);
    let is_reader = || reader.compare_exchange(false, true, Acquire, Relaxed).is_ok();
    let read = || {
        while taken.load(Relaxed) < WRITERS * MESSAGES {
            if !is_reader() {
                yield_now();
                continue;
            }
            let found = take(region);
            reader.store(false, Release);
            if found.is_some() {
                taken.fetch_add(1, Relaxed);
                continue;
            }
            locked(region, |ring| {
                if is_reader() {
                    ring.rewind();
                    reader.store(false, Release);
                }
            });
        }
    };
    at_once(&[&|| write_all(region, 1), &|| write_all(region, 2), &read, &read]);
    assert_eq!(region.header().writers.written.load(Relaxed), u64::from(WRITERS * MESSAGES));
}
