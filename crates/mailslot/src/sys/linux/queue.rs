//! A ring with its lock and its memory: the part that the owner and friends share.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::bell;
use super::clock;
use super::process;
use super::ring::layout::{self, DROPS_OLDEST, Header, SHARED, Stamp, Word};
use super::ring::read::{self, Damaged};
use super::ring::recover::recover;
use super::ring::region::Region;
use super::ring::write::{Locked, Refusal, Room, Sleep};
use super::robust::{self, Guard, Refused, Taken};
use super::shm::{KEEP, Mapping, NewRing};
use crate::error::{Error, Result};
use crate::message::{Info, Statistics};
use crate::options::Timeout;
use crate::sync::Ordering::Relaxed;

/// How long a writer waits for another one that is in the middle of a write. Writing takes microseconds, so a writer
/// that takes this long has been stopped.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a write that does not wait for room waits for another one that is in progress.
pub(crate) const PATIENCE_AT_ONCE: Duration = Duration::from_secs(1);
/// How long a network node waits for a stopped process that holds the lock: it has others to deliver to.
pub(crate) const NETWORK_PATIENCE: Duration = Duration::from_millis(50);

/// For this many ticks, a tenth of a second to a few, nobody waits for the lock of a tap after a wait for it has
/// failed.
const MISSED_LATELY: u64 = 10_000 * clock::MOMENT;

/// The ring's file in the slot's directory, and the flags with which it is opened.
pub(crate) const RING: &str = "ring";
pub(crate) const OPEN_RING: OFlags =
    OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A mapped ring and the values that this process relies on, copied once so that nobody can change them.
pub(crate) struct Queue {
    mapping: Mapping,
    max_message: usize,
}

/// The ring, locked and recovered.
pub(crate) struct LockedQueue<'a> {
    queue: &'a Queue,
    _guard: Guard<'a>,
}

impl Queue {
    /// Makes the ring of a new slot in `slot`.
    pub(crate) fn create(slot: BorrowedFd<'_>, ring: &NewRing) -> rustix::io::Result<Queue> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(slot, RING, flags, Mode::RUSR | Mode::WUSR)?;
        Mapping::create(fd.as_fd(), ring).map(Queue::new)
    }

    /// Opens the start of the ring in `file` if this process, of user `uid`, may map it.
    pub(crate) fn open(file: BorrowedFd<'_>, uid: u32) -> rustix::io::Result<Option<Queue>> {
        Ok(Mapping::open(file, uid, process::pid_namespace()?)?.map(Queue::new))
    }

    /// The whole ring, whose file is `file`.
    pub(crate) fn whole(&self, file: BorrowedFd<'_>) -> rustix::io::Result<Queue> {
        Ok(Queue { mapping: self.mapping.whole(file)?, max_message: self.max_message })
    }

    /// The error of `action` on the ring in `file`, which this process may not map: its version, if that differs, is
    /// the cause.
    pub(crate) fn foreign(file: BorrowedFd<'_>, action: String) -> Error {
        let field = |offset: usize| {
            let mut bytes = [0; 8];
            let offset = core::mem::offset_of!(Header, fixed) + offset;
            let whole = rustix::io::pread(file, &mut bytes, offset as u64) == Ok(8);
            whole.then(|| u64::from_ne_bytes(bytes))
        };
        let version = field(core::mem::offset_of!(layout::Fixed, version));
        match version.filter(|_| field(core::mem::offset_of!(layout::Fixed, magic)) == Some(layout::MAGIC)) {
            Some(found) if found != layout::VERSION => Error::other_version(action, found, layout::VERSION),
            _ => Error::io(action, rustix::io::Errno::NOTSUP),
        }
    }

    /// Opens a slot's ring file.
    pub(crate) fn open_file(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
        rustix::fs::openat(slot, RING, OPEN_RING, Mode::empty())
    }

    fn new(mapping: Mapping) -> Queue {
        let largest = layout::largest_payload(mapping.region().capacity());
        let max_message = match mapping.header().fixed.max_message.load(Relaxed) {
            0 => largest,
            limit => limit.min(largest),
        };
        Queue { mapping, max_message: max_message as usize }
    }

    pub(crate) fn region(&self) -> &Region {
        self.mapping.region()
    }

    pub(crate) fn header(&self) -> &Header {
        self.mapping.header()
    }

    /// Bytes of the largest message.
    pub(crate) fn max_message(&self) -> usize {
        self.max_message
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.header().fixed.locked_reads.load(Relaxed) & SHARED != 0
    }

    /// Counts messages that could not be written to this ring of a tap.
    #[cold]
    pub(crate) fn count_missed(&self, count: u32) {
        let space = &self.header().space;
        space.missed.fetch_add(count.into(), Relaxed);
        space.missed_at.store(clock::ticks(), Relaxed);
    }

    /// Whether a message was missed a moment ago.
    pub(crate) fn missed_lately(&self) -> bool {
        let at = self.header().space.missed_at.load(Relaxed);
        at != 0 && clock::ticks().wrapping_sub(at) < MISSED_LATELY
    }

    /// Whether the ring accepts no more messages.
    pub(crate) fn is_closed(&self) -> bool {
        self.header().writers.state.load(Relaxed) & layout::CLOSED != 0
    }

    /// Makes every read take the lock, as other processes may read from now on.
    pub(crate) fn share(&self) {
        // Concurrent calls store the same value; the other bit never changes.
        let locked_reads = &self.header().fixed.locked_reads;
        locked_reads.store(locked_reads.load(Relaxed) | SHARED, Relaxed);
    }

    /// Whether reads take the lock.
    #[inline(always)]
    pub(crate) fn locks_reads(&self) -> bool {
        self.header().fixed.locked_reads.load(Relaxed) != 0
    }

    /// Whether the oldest messages are dropped to make room.
    pub(crate) fn drops_oldest(&self) -> bool {
        self.header().fixed.locked_reads.load(Relaxed) & DROPS_OLDEST != 0
    }

    /// Locks the ring, and recovers it if the last holder of the lock died.
    #[inline(always)]
    pub(crate) fn lock(&self, patience: Duration) -> Result<LockedQueue<'_>> {
        debug_assert!(self.is_whole(), "what a dead holder left may lie anywhere");
        match self.take_lock(patience)? {
            Taken::Clean(guard) => Ok(self.locked(guard)),
            Taken::OwnerDied(guard) => {
                let locked = self.locked(guard);
                locked.recover()?;
                Ok(locked)
            }
        }
    }

    /// Locks the ring for a record of `len` bytes; `Ok(None)` if that needs the whole ring and this is only its start.
    #[inline(always)]
    pub(crate) fn lock_for(&self, len: usize, patience: Duration) -> Result<Option<LockedQueue<'_>>> {
        if self.is_whole() {
            return self.lock(patience).map(Some);
        }
        match self.take_lock(patience)? {
            Taken::Clean(guard) => Ok(Some(self.locked(guard)).filter(|locked| locked.ring().reaches(len))),
            Taken::OwnerDied(guard) => {
                guard.pass_on();
                Ok(None)
            }
        }
    }

    /// Whether the lock is held, as it is by a writer that is about to append a message.
    pub(crate) fn is_locked(&self) -> bool {
        robust::is_held(&self.header().writers.lock)
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.region().mapped() == self.region().capacity()
    }

    #[inline(always)]
    fn take_lock(&self, patience: Duration) -> Result<Taken<'_>> {
        robust::lock(&self.header().writers.lock, patience).map_err(|refused| match refused {
            Refused::Held => Error::Stalled(patience),
            Refused::Nested => Error::Nested,
        })
    }

    #[inline(always)]
    fn locked<'a>(&'a self, guard: Guard<'a>) -> LockedQueue<'a> {
        LockedQueue { queue: self, _guard: guard }
    }

    /// Wakes writers that wait for room; called if the ring reports that there are some.
    pub(crate) fn wake_writers(&self) {
        let freed = &self.header().space.freed;
        freed.fetch_add(1, Relaxed);
        robust::wake(freed, u32::MAX);
    }

    /// Whether everything before position `end` has been taken out.
    pub(crate) fn was_read(&self, end: u64) -> bool {
        self.header().reader.head.load(Relaxed).wrapping_sub(end) as i64 >= 0
    }

    /// Bytes of records for which there seems to be room, read without the lock.
    pub(crate) fn room_left(&self) -> u64 {
        if self.drops_oldest() {
            return u64::MAX;
        }
        let header = self.header();
        let used = header.writers.tail.load(Relaxed).wrapping_sub(header.reader.head.load(Relaxed));
        // The reader may be past a record that its writer committed but, being killed, did not count.
        self.region().room().saturating_sub(used.cast_signed().max(0).cast_unsigned())
    }

    /// Waits for room, at most `time`. Returns whether there may be some, so that it is worth trying again.
    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> bool {
        let freed = &self.header().space.freed;
        let seen = freed.load(Relaxed);
        read::wait_for_room(self.region());
        let is_there = || {
            let writers = &self.header().writers;
            let head = self.header().reader.head.load(Relaxed);
            let end = writers.tail.load(Relaxed).wrapping_add(layout::record_size(size as u64));
            let used = end.wrapping_sub(head);
            used <= self.region().room() || writers.state.load(Relaxed) & layout::CLOSED != 0
        };
        if is_there() {
            return true;
        }
        robust::sleep(freed, seen, time);
        is_there()
    }

    /// Whether messages of other machines are accepted.
    pub(crate) fn network(&self) -> bool {
        self.header().fixed.network.load(Relaxed) != 0
    }

    /// Whether each message has the time at which it was written.
    pub(crate) fn stamp(&self) -> bool {
        self.header().fixed.stamp.load(Relaxed) != 0
    }

    pub(crate) fn read_timeout(&self) -> Timeout {
        decode_timeout(self.header().fixed.read_timeout_nanos.load(Relaxed))
    }

    pub(crate) fn info(&self) -> Result<Info> {
        let header = self.header();
        let next = read::size_of_next(self.region()).map_err(|Damaged| Error::Damaged)?;
        let statistics = self.statistics();
        let missed = header.space.missed.load(Relaxed);
        Ok(Info {
            max_message_size: header.fixed.max_message.load(Relaxed) as u32,
            next_size: next,
            count: waiting(next.is_some(), &statistics, missed),
            read_timeout: self.read_timeout(),
            reader_waits: header.writers.state.load(Relaxed) & layout::ASLEEP != 0,
            capacity: self.region().capacity(),
            statistics: Some(statistics),
        })
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let mut statistics = statistics(self.header());
        if self.drops_oldest() {
            let missed = self.header().space.missed.load(Relaxed);
            statistics.lost = read::dropped(self.region()).wrapping_add(missed);
        }
        statistics
    }
}

impl<'a> LockedQueue<'a> {
    #[inline(always)]
    fn ring(&self) -> Locked<'a> {
        Locked::new(self.queue.region())
    }

    #[cold]
    fn recover(&self) -> Result<()> {
        recover(&self.ring()).map_err(|Damaged| Error::Damaged)
    }

    /// Appends one message of `len` bytes, which `fill` puts into its room, and returns the position where its record
    /// ends.
    ///
    /// `file` opens the ring's file, for reserving memory; `bell` opens the bell, for waking sleeping readers, or
    /// returns `None` if the only reader is the caller.
    #[inline(always)]
    pub(crate) fn append<'b, F: AsFd>(
        &self,
        stamp: impl FnOnce() -> Stamp,
        len: usize,
        bell: impl FnOnce() -> Result<Option<BorrowedFd<'b>>>,
        file: impl Fn() -> rustix::io::Result<F>,
        fill: impl FnOnce(&Region, Room),
    ) -> Result<u64> {
        if len > self.queue.max_message {
            return Err(too_large(self.ring(), len, self.queue.max_message));
        }
        self.append_record(stamp, len, bell, file, fill)
    }

    /// Appends a message behind its encoded preface.
    pub(crate) fn append_prefaced<'b, F: AsFd>(
        &self,
        stamp: Stamp,
        preface: &[u8],
        message: &[u8],
        bell: impl FnOnce() -> Result<Option<BorrowedFd<'b>>>,
        file: impl Fn() -> rustix::io::Result<F>,
    ) -> Result<u64> {
        let largest = layout::largest_payload(self.queue.region().capacity()) as usize;
        let limit = self.queue.max_message.min(largest.saturating_sub(preface.len()));
        if message.len() > limit {
            return Err(too_large(self.ring(), message.len(), limit));
        }
        self.append_record(
            || stamp.prefaced(),
            preface.len() + message.len(),
            bell,
            file,
            |region, room| {
                region.copy_in(room.payload(), preface);
                region.copy_in(room.payload().wrapping_add(preface.len() as u64), message);
            },
        )
    }

    /// Appends one record, whose size was checked.
    #[inline(always)]
    fn append_record<'b, F: AsFd>(
        &self,
        stamp: impl FnOnce() -> Stamp,
        len: usize,
        bell: impl FnOnce() -> Result<Option<BorrowedFd<'b>>>,
        file: impl Fn() -> rustix::io::Result<F>,
        fill: impl FnOnce(&Region, Room),
    ) -> Result<u64> {
        let room = match self.ring().reserve(len as u32) {
            Ok(room) => room,
            Err(refusal) => make_room(self.queue, self.ring(), len, refusal, file)?,
        };
        self.wake_reader(bell)?;
        fill(self.queue.region(), room);
        Ok(self.ring().commit(room, stamp()))
    }

    /// Whether the next record, with a payload of `len` bytes, wraps around the end of the memory.
    pub(crate) fn goes_around(&self, len: usize) -> bool {
        self.ring().goes_around(len)
    }

    /// Wakes a sleeping reader.
    #[inline(always)]
    pub(crate) fn wake_reader<'b>(&self, bell: impl FnOnce() -> Result<Option<BorrowedFd<'b>>>) -> Result<()> {
        if self.ring().reader_sleeps() { wake_sleeper(self.ring(), bell) } else { Ok(()) }
    }

    /// Rings whether a reader sleeps or not, for one that polls and has something to read.
    pub(crate) fn ring_bell(&self, bell: BorrowedFd<'_>) -> Result<()> {
        ring_bell(self.ring(), bell)
    }

    /// Announces that a reader is about to sleep. Returns false if there is something to read.
    pub(crate) fn announce_sleep(&self, bell: BorrowedFd<'_>) -> bool {
        match self.ring().announce_sleep() {
            Sleep::MessageWaiting => return false,
            Sleep::DrainBell => bell::drain(bell),
            Sleep::Quiet => {}
        }
        true
    }

    /// For a reader that finds the ring empty: starts over at the beginning of its memory. Returns whether there is
    /// memory that a backlog needed, which [`shrink`](LockedQueue::shrink) may then give back.
    pub(crate) fn rewind(&self) -> bool {
        self.ring().rewind() && self.ring().reserved() > KEEP
    }

    /// Gives memory back, right after a [`rewind`](LockedQueue::rewind) under the same lock.
    pub(crate) fn shrink(&self) {
        let reserved = self.ring().reserved();
        // Recorded before it is done: if this process dies in between, the next writer reserves memory that is already
        // there. The other way round, it would use memory that is not, and be killed.
        self.ring().set_reserved(KEEP);
        if !self.queue.mapping.shrink(reserved, KEEP) {
            self.ring().set_reserved(reserved);
        }
    }

    pub(crate) fn close(&self) {
        self.ring().close();
    }
}

// Rare parts of a write are separate functions. They take the ring and not the `LockedQueue`, which then need not lie
// in memory.

/// Makes room after a refusal, if that is possible.
#[cold]
fn make_room<F: AsFd>(
    queue: &Queue,
    ring: Locked<'_>,
    len: usize,
    mut refusal: Refusal,
    file: impl Fn() -> rustix::io::Result<F>,
) -> Result<Room> {
    loop {
        match refusal {
            Refusal::Closed => return Err(Error::Closed),
            Refusal::Full if queue.drops_oldest() => {
                if !ring.drop_oldest().map_err(|Damaged| Error::Damaged)? {
                    return Err(Error::Damaged);
                }
            }
            Refusal::Full => {
                ring.count_refused_full();
                return Err(Error::Full { capacity: Some(ring.region().capacity()) });
            }
            Refusal::Memory(needed) => grow(queue, &ring, needed, &file)?,
        }
        match ring.reserve(len as u32) {
            Ok(room) => return Ok(room),
            Err(again) => refusal = again,
        }
    }
}

#[cold]
fn too_large(ring: Locked<'_>, size: usize, limit: usize) -> Error {
    ring.count_refused_too_large();
    Error::TooLarge { size, limit }
}

#[cold]
fn wake_sleeper<'b>(ring: Locked<'_>, bell: impl FnOnce() -> Result<Option<BorrowedFd<'b>>>) -> Result<()> {
    match bell()? {
        Some(bell) => ring_bell(ring, bell),
        None => {
            ring.reader_awake();
            Ok(())
        }
    }
}

fn ring_bell(ring: Locked<'_>, bell: BorrowedFd<'_>) -> Result<()> {
    bell::ring(bell).map_err(|error| match error {
        rustix::io::Errno::NOMEM | rustix::io::Errno::NOBUFS => Error::OutOfMemory,
        error => Error::io("wake the reader of a slot", error),
    })?;
    ring.reader_woken();
    Ok(())
}

fn grow<F: AsFd>(
    queue: &Queue,
    ring: &Locked<'_>,
    needed: u64,
    file: impl Fn() -> rustix::io::Result<F>,
) -> Result<()> {
    let reserved = ring.reserved();
    let grown = match file() {
        Ok(file) => queue.mapping.grow(file.as_fd(), reserved, needed),
        // No descriptor is left for the file, or it is no longer at its place: that does not keep accepted messages
        // out.
        Err(error) => queue.mapping.grow_in_place(reserved, needed).and_then(|grown| grown.ok_or(error)),
    };
    ring.set_reserved(grown.map_err(|error| match error {
        rustix::io::Errno::NOSPC | rustix::io::Errno::NOMEM | rustix::io::Errno::DQUOT => Error::OutOfMemory,
        error => Error::io("reserve memory for a slot", error),
    })?);
    Ok(())
}

/// The contents of a slot of this user (or, for the superuser, of any user), without mapping its ring.
pub(crate) fn info(slot: BorrowedFd<'_>) -> Option<Info> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(slot, RING, flags, Mode::empty()).ok()?;
    let word = |offset: u64| {
        let mut bytes = [0; 8];
        let whole = rustix::io::pread(&file, &mut bytes, offset) == Ok(8);
        whole.then(|| u64::from_ne_bytes(bytes))
    };
    let half = |offset: usize| {
        let mut bytes = [0; 4];
        let whole = rustix::io::pread(&file, &mut bytes, offset as u64) == Ok(4);
        whole.then(|| u32::from_ne_bytes(bytes))
    };
    macro_rules! field {
        ($group:ident . $field:ident: $type:ty) => {
            word((core::mem::offset_of!(Header, $group) + core::mem::offset_of!($type, $field)) as u64)?
        };
    }
    if field!(fixed.magic: layout::Fixed) != layout::MAGIC || field!(fixed.version: layout::Fixed) != layout::VERSION {
        return None;
    }
    let mut missed = 0;
    let mut statistics = Statistics {
        lost: 0,
        written: field!(writers.written: layout::Writers),
        bytes_written: field!(writers.bytes_written: layout::Writers),
        read: field!(reader.read: layout::Reader),
        bytes_read: field!(reader.bytes_read: layout::Reader),
        refused_full: field!(refused.full: layout::Refused),
        refused_too_large: field!(refused.too_large: layout::Refused),
        high_water: field!(refused.high_water: layout::Refused),
    };
    let capacity = field!(fixed.capacity: layout::Fixed);
    let head = field!(reader.head: layout::Reader);
    let next = word(layout::HEADER_SIZE + (head & capacity.checked_sub(1)?))?;
    if field!(fixed.locked_reads: layout::Fixed) & DROPS_OLDEST != 0 {
        let number = match next {
            0 => statistics.written as u32,
            _ => (word(layout::HEADER_SIZE + (head.wrapping_add(16) & (capacity - 1)))? >> 32) as u32,
        };
        let dropped = field!(reader.dropped: layout::Reader);
        let since = read::lost_before(number, statistics.read.wrapping_add(dropped));
        missed = field!(space.missed: layout::Space);
        statistics.lost = dropped.wrapping_add(since).wrapping_add(missed);
    }
    let next_size = match Word::decode(next, head) {
        Some(Word { len, kind }) if kind.is_prefaced() => {
            let payload = word(layout::HEADER_SIZE + (head.wrapping_add(layout::RECORD_HEADER) & (capacity - 1)))?;
            len.checked_sub(u32::from(payload.to_le() as u16)).map(|len| len as usize)
        }
        next => next.map(|next| next.len as usize),
    };
    Some(Info {
        max_message_size: field!(fixed.max_message: layout::Fixed) as u32,
        capacity,
        count: waiting(next_size.is_some(), &statistics, missed),
        next_size,
        read_timeout: decode_timeout(field!(fixed.read_timeout_nanos: layout::Fixed)),
        reader_waits: half(core::mem::offset_of!(Header, writers) + core::mem::offset_of!(layout::Writers, state))?
            & layout::ASLEEP
            != 0,
        statistics: Some(statistics),
    })
}

/// The number of messages waiting. Writers count after they commit, so one message may be `visible` that is not counted
/// yet. If none was visible, later ones do not count: a program that sees a count of one relies on the size returned
/// with it.
fn waiting(visible: bool, statistics: &Statistics, missed: u64) -> u64 {
    // Missed messages were never written here.
    let gone = statistics.read.saturating_add(statistics.lost.saturating_sub(missed));
    if visible { statistics.written.saturating_sub(gone).max(1) } else { 0 }
}

fn statistics(header: &Header) -> Statistics {
    Statistics {
        written: header.writers.written.load(Relaxed),
        read: header.reader.read.load(Relaxed),
        bytes_written: header.writers.bytes_written.load(Relaxed),
        bytes_read: header.reader.bytes_read.load(Relaxed),
        refused_full: header.refused.full.load(Relaxed),
        refused_too_large: header.refused.too_large.load(Relaxed),
        high_water: header.refused.high_water.load(Relaxed),
        lost: 0,
    }
}

/// A timeout as encoded in the ring.
pub(crate) fn encode_timeout(timeout: Timeout) -> u64 {
    match timeout {
        Timeout::Zero => 0,
        Timeout::Forever => u64::MAX,
        Timeout::After(time) => u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1).min(u64::MAX - 1),
    }
}

fn decode_timeout(nanos: u64) -> Timeout {
    match nanos {
        0 => Timeout::Zero,
        u64::MAX => Timeout::Forever,
        nanos => Timeout::After(Duration::from_nanos(nanos)),
    }
}
