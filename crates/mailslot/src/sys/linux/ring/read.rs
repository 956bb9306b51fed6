//! The reading side of a ring.

use super::layout::{Header, Kind, PREFACE_SIZE, RECORD_HEADER, Word, record_size};
use super::region::{LINE, Region};
use super::write::Stamp;
use crate::sync::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sync::fence;

/// The ring holds bytes that no correct writer puts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

/// The oldest committed record. One reader at a time may hold one (the slot's reader mutex, or the ring's lock).
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
        // Whoever looks without rest gets the line behind, where a short record ends, together with the one that it looks at.
        region.prefetch(pos.wrapping_add(LINE));
        return Ok(None);
    }
    // Nor has a position that is no multiple of 8 the tag of one that is.
    let Word { len, kind } = Word::decode(word, pos).ok_or(Damaged)?;
    let size = record_size(u64::from(len));
    if size > region.room() {
        return Err(Damaged);
    }
    let preface = if kind.is_prefaced() { preface_size(region, pos, len)? } else { 0 };
    Ok(Some(Head { region, pos, end: pos.wrapping_add(size), len, kind, preface }))
}

/// Bytes of the oldest committed message, for somebody who is not the reader: it may be taken out, and its memory used
/// again, at any moment.
pub(crate) fn size_of_next(region: &Region) -> Result<Option<usize>, Damaged> {
    loop {
        let before = region.header().reader.head.load(Acquire);
        let next = head(region).map(|head| head.map(|head| head.len()));
        // Only what was still there afterwards counts. Acquire: what was loaded above is not looked at later than this.
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

/// Whether there is a committed record, for readers that spin: one load of a line they share with nobody, and one of
/// the line that the next commit will change. The line behind that, where a short record ends, is asked for at the same
/// time, so that it travels together with the first and not after it.
pub(crate) fn message_waiting(region: &Region) -> bool {
    let head = region.header().reader.head.load(Relaxed);
    region.prefetch(head.wrapping_add(LINE));
    region.word(head).load(Relaxed) != 0
}

/// How far ahead of a record a reader asks for the lines of the next ones.
const AHEAD: u64 = 16 * LINE;

impl Head<'_> {
    /// Asks for the lines of the records behind this one, so that they travel at the same time and not one after the
    /// other; only as far as they are committed, because asking for more would take from the writer what it is writing to.
    /// `committed` is what an earlier call returned, or 0.
    pub(crate) fn ask_ahead(&self, committed: u64) -> u64 {
        let left = |committed: u64| committed.wrapping_sub(self.pos).cast_signed();
        let (from, committed) = if left(committed) > 0 {
            (self.pos.wrapping_add(AHEAD), committed)
        } else {
            // The writers' own line, which costs them as much as a look at what they write: once for all that is there.
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

    /// The encoded preface, if there is one.
    pub(crate) fn preface(&self) -> Option<Vec<u8>> {
        self.kind.is_prefaced().then(|| {
            let mut bytes = vec![0; self.preface as usize];
            self.region.copy_out(self.pos.wrapping_add(RECORD_HEADER), &mut bytes);
            bytes
        })
    }

    pub(crate) fn stamp(&self) -> Stamp {
        let word = |at: u64| self.region.word(self.pos.wrapping_add(at)).load(Relaxed);
        Stamp::of(self.kind, word(8), word(16))
    }

    /// Copies the message; `buffer` must be as long as it.
    pub(crate) fn copy_to(&self, buffer: &mut [u8]) {
        debug_assert_eq!(buffer.len(), self.len());
        self.region.copy_out(self.message(), buffer);
    }

    /// A copy of the message, if there is memory for one.
    #[cfg(not(loom))]
    pub(crate) fn to_vec(&self) -> Option<Vec<u8>> {
        self.region.copy_anew(self.message(), self.len())
    }

    /// The message where it lies, unless it goes around the end of the memory.
    ///
    /// # Safety
    ///
    /// Nobody consumes this record while the slice is in use: no process but this one reads the slot, and the caller
    /// holds its reader mutex.
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

    /// Records that were dropped unread, or never came, between the last one that was read and this one, if `missed` have not come in all.
    pub(crate) fn lost_before(&self, missed: u64) -> u64 {
        let header = self.region.header();
        let missed = missed.wrapping_sub(header.reader.missed.load(Relaxed));
        lost_before(self.number(), known(header)).wrapping_add(missed)
    }

    /// Notes, before the record is taken out, which ones were dropped.
    pub(crate) fn note_lost(&self, missed: u64) {
        let header = self.region.header();
        let reader = &header.reader;
        let lost = lost_before(self.number(), known(header));
        reader.dropped.store(reader.dropped.load(Relaxed).wrapping_add(lost), Relaxed);
        reader.missed.store(missed, Relaxed);
    }

    /// Takes the record out, unread, and returns the position of the next one.
    pub(super) fn drop_unread(self) -> u64 {
        // Release: as in `consume`.
        self.region.header().reader.head.store(self.end, Release);
        self.end
    }

    /// Takes the record out. Returns whether writers that wait for room should be told.
    #[inline(always)]
    pub(crate) fn consume(self) -> bool {
        let reader = &self.region.header().reader;
        reader.read.store(reader.read.load(Relaxed).wrapping_add(1), Relaxed);
        let bytes = reader.bytes_read.load(Relaxed);
        reader.bytes_read.store(bytes.wrapping_add(u64::from(self.len)), Relaxed);
        // Release: pairs with the acquire in `write::Locked::check_capacity`; our copy is done before the room is reused.
        reader.head.store(self.end, Release);
        // Looking for waiting writers costs a fence, so it is done once per eighth of the ring, and by readers that
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

/// Records dropped since the last one that was read, where `next` is the number of the next one, and so many are known to have been
/// read or dropped.
pub(crate) fn lost_before(next: u32, known: u64) -> u64 {
    // A reader of several processes that was killed may have counted a record that it left there.
    u64::try_from(next.wrapping_sub(known as u32).cast_signed()).unwrap_or(0)
}

/// Whether writers wait for room. The flag is cleared: whoever gets `true` wakes them.
pub(crate) fn writers_wait(region: &Region) -> bool {
    let waiting = &region.header().reader.writers_waiting;
    // Pairs with the fence in `wait_for_room`: either that writer sees our `head`, or we see its flag.
    fence(SeqCst);
    waiting.load(Relaxed) != 0 && waiting.swap(0, Relaxed) != 0
}

/// Announces that a writer is about to wait for room. It must look for room once more after this.
pub(crate) fn wait_for_room(region: &Region) {
    region.header().reader.writers_waiting.store(1, Relaxed);
    fence(SeqCst);
}
