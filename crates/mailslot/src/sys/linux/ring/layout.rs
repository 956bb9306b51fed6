//! The layout of the shared memory of a slot.

use crate::sync::{AtomicU32, AtomicU64};

/// First word of every ring, "mailslot" in ASCII.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"mailslot");
/// Incremented whenever the meaning of any byte of the ring changes.
pub(crate) const VERSION: u64 = 6;
/// The header takes 4 KiB, whatever the page size: the file is the same on every machine. With larger pages, the first
/// one holds records as well.
pub(crate) const HEADER_SIZE: u64 = 4096;
/// Bytes before the payload of each record: the commit word, then two words of origin.
pub(crate) const RECORD_HEADER: u64 = 24;
/// Bytes of the size that a preface begins with.
pub(crate) const PREFACE_SIZE: usize = 2;
/// Bytes of the longest preface: its size, flags, time, two numbers of a request and one of a reply, an address and two
/// names.
pub(crate) const LONGEST_PREFACE: usize = PREFACE_SIZE + 1 + 8 + 2 * 16 + 16 + 16 + 2 * (1 + 255);
/// Bytes of a ring that records cannot use: the cleared word behind the last record.
pub(crate) const SPARE: u64 = 8;

/// The header of a ring. Fields are grouped by their writer: a group never shares a cache line, nor a pair of lines
/// that the processor fetches together, with another one.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) fixed: Group<Fixed>,
    pub(crate) writers: Group<Writers>,
    pub(crate) refused: Group<Refused>,
    pub(crate) reader: Group<Reader>,
    pub(crate) space: Group<Space>,
}

/// One group of header fields on separate cache lines.
#[repr(C, align(128))]
pub(crate) struct Group<T>(pub(crate) T);

impl<T> core::ops::Deref for Group<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Set by the creator before anybody else can see the ring; only `read_timeout_nanos` and `locked_reads` change later.
#[repr(C)]
pub(crate) struct Fixed {
    pub(crate) magic: AtomicU64,
    pub(crate) version: AtomicU64,
    /// Bytes of records the ring holds, a power of two.
    pub(crate) capacity: AtomicU64,
    /// The largest payload in bytes; 0 is any that fits.
    pub(crate) max_message: AtomicU64,
    /// Inode number of the owner's pid namespace: thread ids in the lock are valid only inside it.
    pub(crate) pid_namespace: AtomicU64,
    /// Not zero if every read takes the lock: [`SHARED`] | [`DROPS_OLDEST`].
    pub(crate) locked_reads: AtomicU64,
    /// The slot's read timeout; all ones is forever.
    pub(crate) read_timeout_nanos: AtomicU64,
    /// Not zero if messages of other machines are accepted.
    pub(crate) network: AtomicU64,
    /// Not zero if each message has the time at which it was written.
    pub(crate) stamp: AtomicU64,
}

/// Fields that the holder of the lock reads and writes: exactly one cache line.
#[repr(C)]
pub(crate) struct Writers {
    /// The robust lock: 0, or the holder's thread id with the kernel's two flag bits.
    pub(crate) lock: AtomicU32,
    /// [`CLOSED`] | [`ASLEEP`] | [`RUNG`].
    pub(crate) state: AtomicU32,
    /// Position of the next record.
    pub(crate) tail: AtomicU64,
    /// A `head` that some writer has seen: saves fetching the reader's line while there is plenty of room.
    pub(crate) head_seen: AtomicU64,
    /// Bytes from the start of the records that are backed by memory.
    pub(crate) reserved: AtomicU64,
    /// Records committed, and their payload bytes.
    pub(crate) written: AtomicU64,
    pub(crate) bytes_written: AtomicU64,
    /// The target of a rewind in progress, plus one; 0 if there is none.
    pub(crate) rewinding: AtomicU64,
}

/// Counters that change rarely, also under the lock.
#[repr(C)]
pub(crate) struct Refused {
    pub(crate) full: AtomicU64,
    pub(crate) too_large: AtomicU64,
    /// The most bytes of records ever queued at once.
    pub(crate) high_water: AtomicU64,
}

/// Fields that the reader writes. Writers read them only when the ring seems full.
#[repr(C)]
pub(crate) struct Reader {
    /// Position of the oldest record not yet taken.
    pub(crate) head: AtomicU64,
    pub(crate) read: AtomicU64,
    pub(crate) bytes_read: AtomicU64,
    /// Not zero when writers wait for room. Set by them, cleared by the reader.
    pub(crate) writers_waiting: AtomicU64,
    /// Records that were dropped unread before the last one that was read. As every record has its number, the number
    /// of the next one shows how many were dropped since; no counter is needed that a writer's death could leave wrong.
    pub(crate) dropped: AtomicU64,
    /// The part of [`Space::missed`] that has been reported to the reader.
    pub(crate) missed: AtomicU64,
}

/// A futex that counts how often waiting writers were woken, and messages missed by a tap.
#[repr(C)]
pub(crate) struct Space {
    pub(crate) freed: AtomicU32,
    /// Messages that writers could not write to a tap, as its lock was not free or memory was short, and the time of
    /// the last one, in ticks.
    pub(crate) missed: AtomicU64,
    pub(crate) missed_at: AtomicU64,
}

/// More than one process may read.
pub(crate) const SHARED: u64 = 1;
/// Writers take the oldest records out when there is no room: then they move `head` as well, under the lock.
pub(crate) const DROPS_OLDEST: u64 = 2;

/// The last owner has closed the slot.
pub(crate) const CLOSED: u32 = 1;
/// A reader sleeps, or wants to be woken for the next message: ring before committing.
pub(crate) const ASLEEP: u32 = 2;
/// The bell holds at least one ring that no reader has drained yet.
pub(crate) const RUNG: u32 = 4;

/// The commit word of a record:
///
/// ```text
///  63          40 39   32 31            0
/// +--------------+-------+---------------+
/// | tag of place | kind  | payload bytes |
/// +--------------+-------+---------------+
/// ```
///
/// Zero means "not committed". The tag depends on the record's position, so that a misplaced word is detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) len: u32,
    pub(crate) kind: Kind,
}

/// How a message came into the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Written by a friend, which recorded the origin itself.
    Friend = 1,
    /// Accepted through the door; the kernel attested the origin.
    Attested = 2,
    /// Like `Friend`, with a payload that begins with a preface. The preface begins with its size in bytes, these two
    /// included, as a little-endian u16; the message follows it.
    FriendPrefaced = 3,
    /// Like `Attested`, with a preface.
    AttestedPrefaced = 4,
}

impl Kind {
    pub(crate) fn is_prefaced(self) -> bool {
        matches!(self, Kind::FriendPrefaced | Kind::AttestedPrefaced)
    }

    pub(crate) fn is_attested(self) -> bool {
        matches!(self, Kind::Attested | Kind::AttestedPrefaced)
    }

    /// The same kind with a preface.
    pub(crate) fn prefaced(self) -> Kind {
        if self.is_attested() { Kind::AttestedPrefaced } else { Kind::FriendPrefaced }
    }
}

impl Word {
    pub(crate) fn encode(self, pos: u64) -> u64 {
        u64::from(self.len) | (self.kind as u64) << 32 | tag(pos)
    }

    /// `None` if this is not a word that was committed at `pos`.
    pub(crate) fn decode(word: u64, pos: u64) -> Option<Word> {
        // The right tag cancels out; any other leaves more than a kind.
        let word = word ^ tag(pos);
        let kind = match word >> 32 {
            1 => Kind::Friend,
            2 => Kind::Attested,
            3 => Kind::FriendPrefaced,
            4 => Kind::AttestedPrefaced,
            _ => return None,
        };
        Some(Word { len: word as u32, kind })
    }
}

/// The writer of a message, as its record stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) kind: Kind,
    pub(crate) uid: u32,
    /// The process in the low half and the group in the high half: one word, as in the record.
    pub(super) pid_and_gid: u64,
}

impl Stamp {
    pub(crate) const fn new(kind: Kind, pid: u32, uid: u32, gid: u32) -> Stamp {
        Stamp { kind, uid, pid_and_gid: pid as u64 | (gid as u64) << 32 }
    }

    /// The same stamp for a record with a preface.
    pub(crate) fn prefaced(self) -> Stamp {
        Stamp { kind: self.kind.prefaced(), ..self }
    }

    /// The stamp of a record with these second and third words.
    pub(crate) fn of(kind: Kind, second: u64, third: u64) -> Stamp {
        Stamp { kind, uid: third as u32, pid_and_gid: second }
    }

    pub(crate) fn pid(self) -> u32 {
        self.pid_and_gid as u32
    }

    pub(crate) fn gid(self) -> u32 {
        (self.pid_and_gid >> 32) as u32
    }
}

/// The tag of a position, at its place in the word.
fn tag(pos: u64) -> u64 {
    pos.wrapping_mul(0x9E37_79B9_7F4A_7C15) & !0 << 40
}

/// Bytes that a record with this payload takes.
pub(crate) const fn record_size(len: u64) -> u64 {
    (RECORD_HEADER + len + 7) & !7
}

/// The largest payload that fits an empty ring of this capacity.
pub(crate) fn largest_payload(capacity: u64) -> u64 {
    (capacity - SPARE - RECORD_HEADER).min(u64::from(u32::MAX))
}
