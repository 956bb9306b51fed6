//! The writing side of a ring, for the holder of its lock.

use super::layout::{ASLEEP, CLOSED, RUNG, SPARE, Stamp, Word, Writers, record_size};
use super::read::{self, Damaged};
use super::region::Region;
use crate::sync::AtomicU64;
use crate::sync::Ordering::{Acquire, Relaxed, Release};

/// The high-water mark does not follow backlogs below this many bytes exactly: doing so would fetch the reader's cache
/// line for nearly every message.
const HIGH_WATER_STEP: u64 = 4096;

/// The ring for the holder of its lock. Make one only while holding `header().writers.lock`, after recovery.
pub(crate) struct Locked<'a> {
    region: &'a Region,
    writers: &'a Writers,
}

/// Room for one record, reserved but not committed. Giving it up needs no call: the next reservation gets it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pos: u64,
    len: u32,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The last owner has closed the slot.
    Closed,
    /// The capacity is used up.
    Full,
    /// There is room, but not backed by memory yet: reserve this many bytes of the records and try again.
    Memory(u64),
}

impl Room {
    /// Position of the payload.
    pub(crate) fn payload(self) -> u64 {
        self.pos.wrapping_add(super::layout::RECORD_HEADER)
    }

    fn end(self) -> u64 {
        self.pos.wrapping_add(record_size(u64::from(self.len)))
    }
}

impl<'a> Locked<'a> {
    pub(crate) fn new(region: &'a Region) -> Locked<'a> {
        Locked { region, writers: &region.header().writers }
    }

    /// Whether the next record, with a payload of `len` bytes, lies in the mapped part of the records.
    pub(crate) fn reaches(&self, len: usize) -> bool {
        let (capacity, mapped) = (self.region.capacity(), self.region.mapped());
        let start = self.writers.tail.load(Relaxed) & (capacity - 1);
        mapped == capacity || start + record_size(len as u64) + SPARE <= mapped
    }

    /// Whether the payload of the next record, with `len` bytes, wraps around the end of the memory.
    pub(crate) fn goes_around(&self, len: usize) -> bool {
        let start = self.writers.tail.load(Relaxed) & (self.region.capacity() - 1);
        start + super::layout::RECORD_HEADER + len as u64 > self.region.capacity()
    }

    /// Finds room for a payload of `len` bytes, which the region [`reaches`](Locked::reaches). The caller has checked
    /// `len` against [`super::layout::largest_payload`].
    pub(crate) fn reserve(&self, len: u32) -> Result<Room, Refusal> {
        let writers = self.writers;
        if writers.state.load(Relaxed) & CLOSED != 0 {
            return Err(Refusal::Closed);
        }
        let room = Room { pos: writers.tail.load(Relaxed), len };
        self.check_capacity(room)?;
        self.check_memory(room)?;
        // The reader must find zero behind this record, whatever was there before. Sequenced before the release in
        // `commit`.
        self.region.word(room.end()).store(0, Relaxed);
        Ok(room)
    }

    /// Publishes the record whose payload the caller has copied to [`Room::payload`], and returns the position of its
    /// end.
    pub(crate) fn commit(&self, room: Room, stamp: Stamp) -> u64 {
        let word = |at: u64| self.region.word(room.pos.wrapping_add(at));
        word(8).store(stamp.pid_and_gid, Relaxed);
        let number = self.writers.written.load(Relaxed) as u32;
        word(16).store(u64::from(stamp.uid) | u64::from(number) << 32, Relaxed);
        // Release: pairs with the acquire in `read::head`, which then sees payload, stamp and the cleared word.
        word(0).store(Word { len: room.len, kind: stamp.kind }.encode(room.pos), Release);
        self.account(room.end(), room.len);
        room.end()
    }

    /// Counts a committed record that ends at `end`, and moves the writers' line past it.
    fn account(&self, end: u64, len: u32) {
        add(&self.writers.bytes_written, u64::from(len));
        add(&self.writers.written, 1);
        self.writers.tail.store(end, Release);
    }

    /// Like `account`, for a record whose writer died. `number` is the low half of the count of records before it: the
    /// writer may have counted the record already, and it must not count twice. (Only `bytes_written` can then be too
    /// high, by this one message, if the writer died between its store and the next.)
    pub(super) fn account_after_death(&self, end: u64, len: u32, number: u32) {
        if self.writers.written.load(Relaxed) as u32 == number {
            self.account(end, len);
        } else {
            self.writers.tail.store(end, Release);
        }
    }

    /// Takes the oldest record out unread, in a ring that [drops the oldest](super::layout::DROPS_OLDEST). False if
    /// there is none.
    pub(crate) fn drop_oldest(&self) -> Result<bool, Damaged> {
        let Some(oldest) = read::head(self.region)? else { return Ok(false) };
        self.writers.head_seen.store(oldest.drop_unread(), Relaxed);
        Ok(true)
    }

    pub(crate) fn count_refused_full(&self) {
        add(&self.region.header().refused.full, 1);
    }

    pub(crate) fn count_refused_too_large(&self) {
        add(&self.region.header().refused.too_large, 1);
    }

    /// Whether a reader must be woken. Wake it *before* committing: a writer that dies in between has then published
    /// nothing, and a reader that wakes too early passes through the lock before it sleeps again.
    pub(crate) fn reader_sleeps(&self) -> bool {
        self.writers.state.load(Relaxed) & ASLEEP != 0
    }

    /// Notes that the bell has been rung. Only afterwards: a note without a ring would be a lost wake-up.
    pub(crate) fn reader_woken(&self) {
        let state = self.writers.state.load(Relaxed);
        self.writers.state.store(state & !ASLEEP | RUNG, Relaxed);
    }

    /// Notes that the holder that died may have rung the bell, so that the next reader that goes to sleep drains it.
    pub(super) fn maybe_rung(&self) {
        let state = self.writers.state.load(Relaxed);
        self.writers.state.store(state | RUNG, Relaxed);
    }

    /// Notes that the only reader which had announced sleep is awake: it is the caller.
    pub(crate) fn reader_awake(&self) {
        let state = self.writers.state.load(Relaxed);
        self.writers.state.store(state & !ASLEEP, Relaxed);
    }

    /// Announces that a reader is about to sleep, unless there is something to read. Returns whether the bell holds old
    /// rings, which the caller drains before it releases the lock.
    pub(crate) fn announce_sleep(&self) -> Sleep {
        if self.region.word(self.region.header().reader.head.load(Relaxed)).load(Acquire) != 0 {
            return Sleep::MessageWaiting;
        }
        let state = self.writers.state.load(Relaxed);
        self.writers.state.store(state & !RUNG | ASLEEP, Relaxed);
        if state & RUNG != 0 { Sleep::DrainBell } else { Sleep::Quiet }
    }

    pub(crate) fn close(&self) {
        let state = self.writers.state.load(Relaxed);
        self.writers.state.store(state | CLOSED, Relaxed);
    }

    /// Bytes of records that are backed by memory.
    pub(crate) fn reserved(&self) -> u64 {
        self.writers.reserved.load(Relaxed).min(self.region.capacity())
    }

    pub(crate) fn set_reserved(&self, bytes: u64) {
        self.writers.reserved.store(bytes, Relaxed);
    }

    /// If nothing is queued, moves the next record to the beginning of the memory, which is warm in the cache. Only the
    /// reader may call this. Returns whether the ring is now empty at its beginning.
    pub(crate) fn rewind(&self) -> bool {
        let tail = self.writers.tail.load(Relaxed);
        // Acquire: another thread of the reader may have taken the last record out; its copy is done before the memory
        // is reused. Pairs with the release in `read::Head::consume`.
        if self.region.header().reader.head.load(Acquire) != tail {
            return false;
        }
        let past = tail & (self.region.capacity() - 1);
        let start = if past == 0 { tail } else { tail.wrapping_add(self.region.capacity() - past) };
        self.writers.rewinding.store(start.wrapping_add(1), Release);
        self.finish_rewind(start);
        true
    }

    /// The part of a rewind that may be repeated after the process that began it died.
    pub(super) fn finish_rewind(&self, start: u64) {
        self.region.word(start).store(0, Relaxed);
        self.writers.tail.store(start, Relaxed);
        self.writers.head_seen.store(start, Relaxed);
        // Release: another reader that sees the new head also sees the cleared word there.
        self.region.header().reader.head.store(start, Release);
        self.writers.rewinding.store(0, Release);
    }

    pub(super) fn rewind_under_way(&self) -> Option<u64> {
        self.writers.rewinding.load(Acquire).checked_sub(1)
    }

    pub(super) fn tail(&self) -> u64 {
        self.writers.tail.load(Relaxed)
    }

    pub(crate) fn region(&self) -> &'a Region {
        self.region
    }

    fn check_capacity(&self, room: Room) -> Result<(), Refusal> {
        let used = |head: u64| room.end().wrapping_sub(head);
        let limit = self.region.room();
        let at_most = used(self.writers.head_seen.load(Relaxed));
        if at_most <= HIGH_WATER_STEP && at_most <= limit {
            return Ok(());
        }
        let high_water = &self.region.header().refused.high_water;
        let watched = high_water.load(Relaxed).max(HIGH_WATER_STEP);
        if at_most > watched.min(limit) {
            // Acquire: pairs with the release in `read::Head::consume`; the reader is done with everything before
            // `head`.
            let head = self.region.header().reader.head.load(Acquire);
            self.writers.head_seen.store(head, Relaxed);
            if used(head) > limit {
                return Err(Refusal::Full);
            }
            if used(head) > watched {
                high_water.store(used(head), Relaxed);
            }
        }
        Ok(())
    }

    fn check_memory(&self, room: Room) -> Result<(), Refusal> {
        let capacity = self.region.capacity();
        let reserved = self.writers.reserved.load(Relaxed);
        let end = (room.pos & (capacity - 1)) + record_size(u64::from(room.len)) + SPARE;
        if end > reserved && reserved < capacity {
            return Err(Refusal::Memory(end.min(capacity)));
        }
        Ok(())
    }
}

/// The result of [`Locked::announce_sleep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// There is something to read: do not sleep.
    MessageWaiting,
    /// Sleep, after draining old rings from the bell.
    DrainBell,
    /// Sleep.
    Quiet,
}

/// Adds without an atomic read-modify-write: the lock excludes other writers.
fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
}
