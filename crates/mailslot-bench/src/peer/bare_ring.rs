//! The minimal queue of whole messages: records laid out like a mailslot's, for one writer and one reader that never
//! falls behind.
//!
//! No lock, no limit, no sleep and no protection against death. With `LOCKED`, each end takes and releases an
//! uncontended lock, as a mailslot's ends do: the writer for each message, the reader for each poll.

use std::sync::atomic::{AtomicU64, Ordering};

use super::shared::Words;
use super::{Shape, WORD};
use crate::Result;
use crate::place::Place;

/// Words of the ring: as many as stay in the cache for a mailslot.
const RING: usize = (12 << 10) / WORD;
/// Words of a record before the message: the one that is polled, and two in which a mailslot records the writer.
const HEADER: usize = 3;
/// Words of a cache line.
const LINE: usize = 64 / WORD;

/// The position of an end.
struct End {
    ring: Words,
    at: usize,
    /// Words of a record.
    record: usize,
    lock: AtomicU64,
}

impl End {
    fn new(place: &Place, shape: Shape) -> Result<End> {
        let record = HEADER + shape.size.div_ceil(WORD);
        Ok(End { ring: Words::map(place, "ring", RING)?, at: 0, record, lock: AtomicU64::new(0) })
    }

    /// The position of the next record: the beginning of the ring if the one after it would not fit.
    fn next(&self) -> usize {
        let next = self.at + self.record;
        if next + self.record + 1 > RING { 0 } else { next }
    }

    #[inline]
    fn lock<const LOCKED: bool>(&self) {
        if LOCKED {
            let _free = self.lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        }
    }

    #[inline]
    fn unlock<const LOCKED: bool>(&self) {
        if LOCKED {
            self.lock.swap(0, Ordering::Release);
        }
    }
}

/// The reading end.
pub(crate) struct Receiver<const LOCKED: bool>(End);

/// The writing end.
pub(crate) struct Sender<const LOCKED: bool>(End);

impl<const LOCKED: bool> super::Receiver for Receiver<LOCKED> {
    fn create(place: &Place, shape: Shape) -> Result<Self> {
        Ok(Receiver(End::new(place, shape)?))
    }

    #[inline]
    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let Receiver(end) = self;
        end.lock::<LOCKED>();
        let size = end.ring[end.at].load(Ordering::Acquire) as usize;
        if size > 0 {
            for (word, bytes) in end.ring[end.at + HEADER..].iter().zip(buffer[..size].chunks_mut(WORD)) {
                bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes()[..bytes.len()]);
            }
            end.at = end.next();
        }
        end.unlock::<LOCKED>();
        Ok((size > 0).then_some(size))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(size) = self.try_receive(buffer)? {
                return Ok(size);
            }
        }
    }
}

impl<const LOCKED: bool> super::Sender for Sender<LOCKED> {
    fn open(place: &Place, shape: Shape) -> Result<Self> {
        Ok(Sender(End::new(place, shape)?))
    }

    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        let Sender(end) = self;
        end.lock::<LOCKED>();
        let (at, next) = (end.at, end.next());
        end.ring[next].store(0, Ordering::Relaxed);
        // The polled line is written last, as in a mailslot, because each poll takes it to the reader.
        let near = (LINE - (at + HEADER) % LINE).min(message.len() / WORD);
        let put = |first: usize, bytes: &[u8]| {
            for (place, bytes) in end.ring[at + HEADER + first..].iter().zip(bytes.chunks(WORD)) {
                let mut word = [0; WORD];
                word[..bytes.len()].copy_from_slice(bytes);
                place.store(u64::from_ne_bytes(word), Ordering::Relaxed);
            }
        };
        put(near, &message[near * WORD..]);
        put(0, &message[..near * WORD]);
        end.ring[at].store(message.len() as u64, Ordering::Release);
        end.at = next;
        end.unlock::<LOCKED>();
        Ok(())
    }
}
