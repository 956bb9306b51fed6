//! How the owner reads: it looks, spins, tidies up, and sleeps.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::clock;
use super::fork::PerProcess;
use super::intake::RingIntake;
use super::preface;
use super::queue::{LockedQueue, Queue};
use super::ring::read::{self, Damaged, Head};
use super::wait::Spinning;
use crate::error::{Error, Result};
use crate::message::{Envelope, Message, Origin};
use crate::options::Timeout;
use crate::sync::Ordering::Relaxed;

/// Messages read before the door is checked again, so that busy friends do not shut strangers out.
const DOOR_EVERY: u64 = 64;
/// Memory is given back at most this often, in ticks: a tenth of a second to a few tenths.
const SHRINK_EVERY: u64 = 10_000 * clock::MOMENT;
/// After this many bytes of records without a pause the reader starts over at the beginning of the memory when
/// possible. Writers that come and go map only that ([`START`](super::shm)).
const REWIND_AFTER: u64 = 12 << 10;
/// The same in a stream, where the memory that was read longest ago is the best to write to: it is no longer in the
/// reader's cache, so the writer need not fetch it from there.
const REWIND_STREAM_AFTER: u64 = 4 << 20;
/// The same for a member, whose writer writes to the memory of all members in turn: together it should fit into a
/// cache.
const REWIND_MEMBER_AFTER: u64 = 128 << 10;

/// The state that the readers of one process share.
pub(crate) struct Reading {
    /// Held by the reader, which alone moves the ring's head; for a slot that is shared between processes, only with
    /// the ring's lock.
    reader: PerProcess<Mutex<()>>,
    /// The number of readers that sleep. A reader counts itself and then looks for messages; who takes in messages adds
    /// them and then looks for sleepers. So that one of the two sees the other, these accesses have one order for all
    /// (`SeqCst`).
    pub(crate) sleepers: AtomicU32,
    /// When memory was last given back, in ticks.
    shrunk: AtomicU64,
    pub(crate) spinning: Spinning,
    /// Records before this position are known to be committed.
    committed: AtomicU64,
    /// Whether reads end instead of waiting. Set before the bell is rung, with the ring's lock or, where that cannot be
    /// had, without it: so readers see it before they sleep, or the bell wakes them. For the latter it needs `SeqCst`.
    pub(crate) aborted: AtomicBool,
}

/// The next message of a slot. Dropping it leaves the message there.
pub(crate) struct Next<'a> {
    head: Head<'a>,
    intake: RingIntake<'a>,
    reader: MutexGuard<'a, ()>,
    /// Held while the message is in use if others may take it out meanwhile: other processes that read the slot, or
    /// writers that need its room.
    locked: Option<Locked<'a>>,
}

/// The lock of a ring whose messages others may take out.
struct Locked<'a> {
    _locked: LockedQueue<'a>,
    /// How many messages had been missed when the next one was found; that message reports them. Messages missed while
    /// it is in use, which needs no lock, are reported with the one after.
    missed: u64,
}

impl<'a> Locked<'a> {
    fn new(locked: LockedQueue<'a>, queue: &Queue) -> Locked<'a> {
        Locked { _locked: locked, missed: queue.header().space.missed.load(Relaxed) }
    }
}

impl Reading {
    /// For the readers of a slot; `is_member` as in [`Spinning::new`].
    pub(crate) fn new(is_member: bool) -> Reading {
        let reader = PerProcess::new();
        reader.get_or(Mutex::default);
        Reading {
            reader,
            sleepers: AtomicU32::new(0),
            shrunk: AtomicU64::new(0),
            spinning: Spinning::new(is_member),
            committed: AtomicU64::new(0),
            aborted: AtomicBool::new(false),
        }
    }

    pub(crate) fn reader(&self) -> MutexGuard<'_, ()> {
        // A panic while a message is in use leaves the message where it was: nothing needs repair.
        self.reader_mutex().lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader_mutex(&self) -> &Mutex<()> {
        self.reader.get_or(Mutex::default)
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::SeqCst)
    }

    /// The next message if there is one in the ring. `patience` limits the wait for the lock of a slot whose reads take
    /// it.
    pub(crate) fn look<'a>(&'a self, intake: RingIntake<'a>, patience: Duration) -> Result<Option<Next<'a>>> {
        let reader = self.reader();
        let queue = intake.queue();
        let locked = if queue.locks_reads() { Some(Locked::new(queue.lock(patience)?, queue)) } else { None };
        let head = read::head(queue.region()).map_err(|Damaged| Error::Damaged)?;
        Ok(head.map(|head| self.found(Next { head, intake, reader, locked }, self.spinning.in_stream())))
    }

    /// Like `look`, for a slot that is not shared, in the process that made this; `None` on any error, which
    /// [`look`](Reading::look) returns.
    #[inline(always)]
    pub(crate) fn look_alone<'a>(&'a self, intake: RingIntake<'a>) -> Option<Next<'a>> {
        self.look_alone_in(intake, self.spinning.in_stream())
    }

    /// Like `look_alone`, for a reader that can wait as long as `timeout` says. In a stream it does not look after the
    /// last record known to be committed: there it would find the writer in the middle of the next message.
    #[inline(always)]
    pub(crate) fn glance<'a>(&'a self, intake: RingIntake<'a>, timeout: impl Fn() -> Timeout) -> Option<Next<'a>> {
        let in_stream = self.spinning.in_stream();
        let none = || {
            let head = intake.queue().header().reader.head.load(Relaxed);
            timeout() != Timeout::Zero && head == self.committed.load(Ordering::Relaxed)
        };
        if in_stream && none() { None } else { self.look_alone_in(intake, in_stream) }
    }

    #[inline(always)]
    fn look_alone_in<'a>(&'a self, intake: RingIntake<'a>, in_stream: bool) -> Option<Next<'a>> {
        let reader = self.reader.get()?.lock().unwrap_or_else(PoisonError::into_inner);
        if intake.queue().locks_reads() {
            return None;
        }
        let head = read::head(intake.queue().region()).ok()??;
        Some(self.found(Next { head, intake, reader, locked: None }, in_stream))
    }

    #[inline(always)]
    fn found<'a>(&self, next: Next<'a>, in_stream: bool) -> Next<'a> {
        if in_stream {
            let committed = next.head.ask_ahead(self.committed.load(Ordering::Relaxed));
            self.committed.store(committed, Ordering::Relaxed);
        }
        next
    }

    /// For a reader that has caught up without sleeping: returns to the warm beginning of the memory now and then.
    pub(crate) fn rest(&self, queue: &Queue) -> Result<()> {
        let head = queue.header().reader.head.load(Relaxed) & (queue.region().capacity() - 1);
        let after = match (self.spinning.in_stream(), self.spinning.is_of_member()) {
            (false, _) => REWIND_AFTER,
            (true, false) => REWIND_STREAM_AFTER,
            (true, true) => REWIND_MEMBER_AFTER,
        };
        if head < after || queue.locks_reads() {
            return Ok(());
        }
        let _kept = match queue.lock(Duration::ZERO) {
            Ok(locked) => self.tidy(&locked),
            Err(Error::Stalled(_)) => false,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// Uses the time when the ring is empty. Returns whether it has memory to give back, but gave some only lately:
    /// taking and giving memory costs more than the messages in it, so a backlog that grows and shrinks all the time
    /// keeps its memory.
    pub(crate) fn tidy(&self, locked: &LockedQueue<'_>) -> bool {
        // Another thread may be using the head. Never waits for it: it may want the ring's lock.
        let _reader = match self.reader_mutex().try_lock() {
            Err(TryLockError::WouldBlock) => return false,
            reader => reader,
        };
        if !locked.rewind() {
            return false;
        }
        let now = clock::ticks();
        let lately = now.wrapping_sub(self.shrunk.load(Ordering::Relaxed)) < SHRINK_EVERY;
        if !lately {
            self.shrunk.store(now, Ordering::Relaxed);
            locked.shrink();
        }
        lately
    }
}

impl Next<'_> {
    /// Bytes of the message.
    pub(crate) fn len(&self) -> usize {
        self.head.len()
    }

    /// Copies the message; `buffer` must have its length.
    pub(crate) fn copy_to(&self, buffer: &mut [u8]) {
        self.head.copy_to(buffer);
    }

    pub(crate) fn origin(&self) -> Origin {
        self.envelope().origin
    }

    pub(crate) fn envelope(&self) -> Envelope {
        let lost_before = self.locked.as_ref().map_or(0, |locked| self.head.lost_before(locked.missed));
        Envelope { lost_before, ..preface::envelope(self.head.preface().as_deref(), self.head.stamp()) }
    }

    pub(crate) fn to_message(&self) -> Result<Message> {
        let data = self.head.to_vec().ok_or_else(|| self.no_memory())?;
        Ok(self.envelope().around(data))
    }

    /// The bytes, in place if that is possible; `None` if there is no memory for a copy.
    pub(crate) fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        if self.locked.is_none() {
            // SAFETY: this process is the only reader, and the reader mutex is held as long as `self` exists.
            if let Some(bytes) = unsafe { self.head.slice() } {
                return Some(Cow::Borrowed(bytes));
            }
        }
        self.head.to_vec().map(Cow::Owned)
    }

    /// The error if there is no memory for a copy.
    #[cold]
    pub(crate) fn no_memory(&self) -> Error {
        Error::NotEnoughMemory { size: self.len() }
    }

    /// Copies the message to the start of `buffer` if it fits, takes it out, and returns its size.
    #[inline(always)]
    pub(crate) fn read(self, buffer: &mut [u8]) -> Result<usize> {
        let size = self.len();
        let Some(room) = buffer.get_mut(..size) else {
            return Err(Error::BufferTooSmall { size, buffer: buffer.len() });
        };
        self.copy_to(room);
        self.take();
        Ok(size)
    }

    /// Takes the message out.
    #[inline(always)]
    pub(crate) fn take(self) {
        let Next { head, intake, reader, locked } = self;
        let wake = match locked {
            None => head.consume(),
            Some(locked) => take_locked(head, locked),
        };
        if wake {
            intake.queue().wake_writers();
        }
        let read = intake.queue().header().reader.read.load(Relaxed);
        drop(reader);
        if read.is_multiple_of(DOOR_EVERY) {
            intake.take_in_if_due();
        }
    }
}

/// Takes a message out of a ring that others may take it out of as well, and unlocks the ring.
#[cold]
fn take_locked<'a>(head: Head<'a>, locked: Locked<'a>) -> bool {
    head.note_lost(locked.missed);
    let wake = head.consume();
    drop(locked);
    wake
}

#[cfg(test)]
mod tests {
    use super::super::client::Client;
    use super::super::server::Server;
    use crate::options::{MailslotOptions, Taps, Timeout};
    use mailslot_names::SlotName;

    #[test]
    fn what_a_tap_misses_while_a_message_is_looked_at_is_told_with_the_next_one() {
        let name: SlotName = format!("test-missed-{}", std::process::id()).parse().expect("a name");
        let mut options = MailslotOptions::new();
        options.taps(Taps::Allowed);
        let _slot = Server::create(name.clone(), &options).expect("the name is free");
        let tap = Server::tap(name.clone(), &options).expect("it may be tapped");
        let writer = Client::open(&name).expect("it lives");
        for missed in 0..4 {
            for told in [0, missed] {
                writer.write(b"message", Timeout::Zero).expect("there is room");
                let next = tap.try_next().expect("nobody has the lock").expect("it was written");
                (told..missed).for_each(|_| tap.queue.count_missed(1));
                assert_eq!(next.envelope().lost_before, told);
                next.take();
            }
        }
    }
}
