//! The reading side of a ring.

use super::layout::{Header, Kind, LONGEST_PREFACE, PREFACE_SIZE, RECORD_HEADER, Stamp, Word, record_size};
use super::region::{LINE, Region};
use crate::sync::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sync::fence;

/// The ring holds bytes that no correct writer puts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

/// The oldest committed record. Only one reader at a time may hold one (under the slot's reader mutex, or the ring's
/// lock).
pub(crate) struct Head<'a> {
    region: &'a Region,
    pos: u64,
    /// Position behind the record.
    end: u64,
    len: u32,
    kind: Kind,
    /// Bytes of the payload before the message.
    preface: u32,
}

/// The oldest committed record, if there is one.
#[inline(always)]
pub(crate) fn head(region: &Region) -> Result<Option<Head<'_>>, Damaged> {
    let pos = region.header().reader.head.load(Acquire);
    // Acquire: pairs with the release in `write::Locked::commit`.
    let word = region.word(pos).load(Acquire);
    if word == 0 {
        // A reader that polls without pause fetches the next line, where a short record ends, together with the polled
        // one.
        region.prefetch(pos.wrapping_add(LINE));
        return Ok(None);
    }
    // A position that is no multiple of 8 never has a matching tag either.
    let Word { len, kind } = Word::decode(word, pos).ok_or(Damaged)?;
    let size = record_size(u64::from(len));
    if size > region.room() {
        return Err(Damaged);
    }
    let preface = if kind.is_prefaced() { preface_size(region, pos, len)? } else { 0 };
    Ok(Some(Head { region, pos, end: pos.wrapping_add(size), len, kind, preface }))
}

/// Bytes of the oldest committed message, for callers other than the reader: it may be taken out, and its memory
/// reused, at any moment.
pub(crate) fn size_of_next(region: &Region) -> Result<Option<usize>, Damaged> {
    loop {
        let before = region.header().reader.head.load(Acquire);
        let next = head(region).map(|head| head.map(|head| head.len()));
        // Only a message that was still there afterwards counts. Acquire: the loads above are not made later than this.
        fence(Acquire);
        if region.header().reader.head.load(Relaxed) == before {
            return next;
        }
    }
}

/// Bytes of the preface in the record at `pos`.
#[cold]
fn preface_size(region: &Region, pos: u64, len: u32) -> Result<u32, Damaged> {
    let mut size = [0; PREFACE_SIZE];
    if (len as usize) < size.len() {
        return Err(Damaged);
    }
    region.copy_out(pos.wrapping_add(RECORD_HEADER), &mut size);
    let size = u32::from(u16::from_le_bytes(size));
    if (PREFACE_SIZE as u32..=len).contains(&size) { Ok(size) } else { Err(Damaged) }
}

/// Whether there is a committed record, for readers that spin: one load of a line that nobody else uses, and one of the
/// line that the next commit will change. The line behind that, where a short record ends, is prefetched at the same
/// time, so that both are fetched together.
pub(crate) fn message_waiting(region: &Region) -> bool {
    let head = region.header().reader.head.load(Relaxed);
    region.prefetch(head.wrapping_add(LINE));
    region.word(head).load(Relaxed) != 0
}

/// How far ahead of a record a reader prefetches the lines of the next ones.
const AHEAD: u64 = 16 * LINE;

impl Head<'_> {
    /// Prefetches the lines of the records behind this one, so that they are fetched in parallel; only committed ones,
    /// because fetching more would take lines from the writer that it is writing to. `committed` is the result of an
    /// earlier call, or 0.
    pub(crate) fn ask_ahead(&self, committed: u64) -> u64 {
        let left = |committed: u64| committed.wrapping_sub(self.pos).cast_signed();
        let (from, committed) = if left(committed) > 0 {
            (self.pos.wrapping_add(AHEAD), committed)
        } else {
            // Reading the writers' line costs them as much as reading a line that they write to: once for all records
            // that are there.
            (self.pos.wrapping_add(LINE), self.region.header().writers.tail.load(Relaxed))
        };
        let end = self.end.wrapping_add(AHEAD);
        let end = if left(committed) < end.wrapping_sub(self.pos).cast_signed() { committed } else { end };
        let mut at = from;
        while end.wrapping_sub(at).cast_signed() > 0 {
            self.region.prefetch(at);
            at = at.wrapping_add(LINE);
        }
        committed
    }

    /// Bytes of the message.
    pub(crate) fn len(&self) -> usize {
        (self.len - self.preface) as usize
    }

    /// The encoded preface, if there is one; of one that is too long to be one, only the beginning.
    pub(crate) fn preface(&self) -> Option<Vec<u8>> {
        self.kind.is_prefaced().then(|| {
            let mut bytes = vec![0; (self.preface as usize).min(LONGEST_PREFACE + 1)];
            self.region.copy_out(self.pos.wrapping_add(RECORD_HEADER), &mut bytes);
            bytes
        })
    }

    pub(crate) fn stamp(&self) -> Stamp {
        let word = |at: u64| self.region.word(self.pos.wrapping_add(at)).load(Relaxed);
        Stamp::of(self.kind, word(8), word(16))
    }

    /// Copies the message; `buffer` must have its length.
    pub(crate) fn copy_to(&self, buffer: &mut [u8]) {
        debug_assert_eq!(buffer.len(), self.len());
        self.region.copy_out(self.message(), buffer);
    }

    /// A copy of the message, if there is memory for one.
    #[cfg(not(loom))]
    pub(crate) fn to_vec(&self) -> Option<Vec<u8>> {
        self.region.copy_anew(self.message(), self.len())
    }

    /// The message in place, unless it wraps around the end of the memory.
    ///
    /// # Safety
    ///
    /// Nothing consumes this record while the slice is in use: no process except this one reads the slot, and the
    /// caller holds its reader mutex.
    #[cfg(not(loom))]
    pub(crate) unsafe fn slice(&self) -> Option<&[u8]> {
        // SAFETY: passed on to the caller.
        unsafe { self.region.slice(self.message(), self.len()) }
    }

    /// Position of the message.
    fn message(&self) -> u64 {
        self.pos.wrapping_add(RECORD_HEADER + u64::from(self.preface))
    }

    /// The low half of the number of records that were committed before this one.
    fn number(&self) -> u32 {
        (self.region.word(self.pos.wrapping_add(16)).load(Relaxed) >> 32) as u32
    }

    /// Records lost between the last one that was read and this one, dropped unread or missed; `missed` have been
    /// missed in all.
    pub(crate) fn lost_before(&self, missed: u64) -> u64 {
        let header = self.region.header();
        let missed = missed.wrapping_sub(header.reader.missed.load(Relaxed));
        lost_before(self.number(), known(header)).wrapping_add(missed)
    }

    /// Notes the loss, before this record is taken out.
    pub(crate) fn note_lost(&self, missed: u64) {
        let header = self.region.header();
        let reader = &header.reader;
        let lost = lost_before(self.number(), known(header));
        reader.dropped.store(reader.dropped.load(Relaxed).wrapping_add(lost), Relaxed);
        reader.missed.store(missed, Relaxed);
    }

    /// Takes the record out unread, and returns the position of the next one.
    pub(super) fn drop_unread(self) -> u64 {
        // Release: as in `consume`.
        self.region.header().reader.head.store(self.end, Release);
        self.end
    }

    /// Takes the record out. Returns whether to wake writers that wait for room.
    #[inline(always)]
    pub(crate) fn consume(self) -> bool {
        let reader = &self.region.header().reader;
        reader.read.store(reader.read.load(Relaxed).wrapping_add(1), Relaxed);
        let bytes = reader.bytes_read.load(Relaxed);
        reader.bytes_read.store(bytes.wrapping_add(u64::from(self.len)), Relaxed);
        // Release: pairs with the acquire in `write::Locked::check_capacity`; our copy is done before the room is
        // reused.
        reader.head.store(self.end, Release);
        // Checking for waiting writers costs a fence, so it is done once per eighth of the ring, and by readers that
        // find it empty.
        let granule = self.region.capacity() / 8;
        (self.pos ^ self.end) >= granule && writers_wait(self.region)
    }
}

/// All records that were dropped unread, for the holder of the lock.
pub(crate) fn dropped(region: &Region) -> u64 {
    let header = region.header();
    let next = match head(region) {
        Ok(Some(head)) => head.number(),
        _ => header.writers.written.load(Relaxed) as u32,
    };
    header.reader.dropped.load(Relaxed).wrapping_add(lost_before(next, known(header)))
}

fn known(header: &Header) -> u64 {
    header.reader.read.load(Relaxed).wrapping_add(header.reader.dropped.load(Relaxed))
}

/// Records dropped since the last one that was read, if `next` is the number of the next one and `known` are known to
/// have been read or dropped.
pub(crate) fn lost_before(next: u32, known: u64) -> u64 {
    // In a shared slot, a reader that was killed may have counted a record that it left there.
    u64::try_from(next.wrapping_sub(known as u32).cast_signed()).unwrap_or(0)
}

/// Whether writers wait for room. Clears the flag: the caller that gets `true` wakes them.
pub(crate) fn writers_wait(region: &Region) -> bool {
    let waiting = &region.header().reader.writers_waiting;
    // Pairs with the fence in `wait_for_room`: either that writer sees our `head`, or we see its flag.
    fence(SeqCst);
    waiting.load(Relaxed) != 0 && waiting.swap(0, Relaxed) != 0
}

/// Announces that a writer is about to wait for room. It must check for room once more after this.
pub(crate) fn wait_for_room(region: &Region) {
    region.header().reader.writers_waiting.store(1, Relaxed);
    fence(SeqCst);
}
