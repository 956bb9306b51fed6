//! The reading end of a local slot.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::door::Entrance;
use super::intake::{READERS_PATIENCE, Rest, RingIntake};
use super::ownership::{Owned, Ownership};
use super::private;
use super::queue::{Queue, encode_timeout};
use super::reading::{Next, Reading};
use super::waiting::Wait;
use crate::error::{Error, Result};
use crate::message::{Info, Message, Statistics};
use crate::options::{MailslotOptions, Timeout};
use crate::sync::Ordering::Relaxed;
use mailslot_names::SlotName;

/// How many checks in a row of the door of a slot that closes may fail for lack of memory, a descriptor or the lock.
/// After that it closes nevertheless.
const LOOKS_IN_VAIN: u32 = 100;
/// How long a slot that closes waits for a writer that holds the lock.
const CLOSING_PATIENCE: Duration = Duration::from_secs(1);

/// A slot that this process owns.
pub(crate) struct Server {
    name: SlotName,
    pub(super) ownership: Ownership,
    pub(super) queue: Queue,
    pub(super) reading: Reading,
    /// Ended together with the life.
    pub(super) entrance: ManuallyDrop<Entrance>,
}

impl Server {
    pub(crate) fn create(name: SlotName, options: &MailslotOptions) -> Result<Server> {
        Owned::create(name, options).map(Server::new)
    }

    pub(crate) fn tap(name: SlotName, options: &MailslotOptions) -> Result<Server> {
        Owned::tap(name, options).map(Server::new)
    }

    pub(crate) fn inherit(inheritance: &str) -> Result<Server> {
        Owned::inherit(inheritance).map(Server::new)
    }

    pub(crate) fn from_handles(handles: [OwnedFd; 3]) -> Result<Server> {
        Owned::from_handles(handles).map(Server::new)
    }

    fn new(Owned { name, ownership, queue, entrance }: Owned) -> Server {
        Server { name, ownership, queue, reading: Reading::new(), entrance: ManuallyDrop::new(entrance) }
    }

    pub(crate) fn name(&self) -> &SlotName {
        &self.name
    }

    /// Whether other processes may read the slot, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.queue.is_shared()
    }

    /// Whether a message that is in use keeps writers out.
    pub(crate) fn locks_reads(&self) -> bool {
        self.queue.locks_reads()
    }

    pub(crate) fn read_timeout(&self) -> Timeout {
        self.queue.read_timeout()
    }

    pub(crate) fn set_read_timeout(&self, timeout: Timeout) {
        self.queue.header().fixed.read_timeout_nanos.store(encode_timeout(timeout), Relaxed);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        // The next holder of the lock counts a message that a killed writer committed but did not count, so take the
        // lock first. If it is not free, the numbers may lack that message.
        let _locked = self.queue.lock(READERS_PATIENCE);
        self.queue.statistics()
    }

    pub(crate) fn info(&self) -> Result<Info> {
        self.check_process()?;
        self.intake().take_in();
        self.queue.info()
    }

    /// Waits for a message as long as `timeout`, or by default the slot's read timeout, says, and reads it if it fits.
    pub(crate) fn read(&self, buffer: &mut [u8], timeout: Option<Timeout>) -> Result<usize> {
        let timeout = || timeout.unwrap_or_else(|| self.read_timeout());
        match self.reading.glance(self.intake(), timeout) {
            Some(next) => next.read(buffer),
            None => self.wait_and_read(buffer, timeout()),
        }
    }

    #[cold]
    fn wait_and_read(&self, buffer: &mut [u8], timeout: Timeout) -> Result<usize> {
        let wait = Wait::begin(self, timeout)?;
        // A message for which both sides are polling takes the short path.
        if wait.arrived
            && let Some(next) = self.reading.look_alone(self.intake())
        {
            return next.read(buffer);
        }
        wait.for_next()?.read(buffer)
    }

    /// The next message, for which this waits as long as `timeout` says.
    pub(crate) fn next(&self, timeout: Timeout) -> Result<Next<'_>> {
        match self.reading.glance(self.intake(), || timeout) {
            Some(next) => Ok(next),
            None => Wait::begin(self, timeout)?.for_next(),
        }
    }

    /// The next message if there is one in the ring already.
    pub(crate) fn try_next(&self) -> Result<Option<Next<'_>>> {
        self.look(READERS_PATIENCE)
    }

    /// Ends reads that wait, and all later ones that would wait.
    pub(crate) fn abort_reads(&self) {
        self.reading.aborted.store(true, Ordering::SeqCst);
        // Wakes readers that already sleep; those that announce sleep after this see the flag.
        let rung = self.queue.lock(READERS_PATIENCE).and_then(|locked| locked.ring_bell(self.entrance.bell()));
        if rung.is_err() {
            // The holder of the lock may never ring. An unrecorded ring wakes readers until it is drained, and no
            // reader that it would keep awake drains it any more.
            let _ = super::bell::ring(self.entrance.bell());
        }
        self.entrance.wake_poller();
    }

    /// Closes the slot and passes on every accepted message, unless other processes own it, too.
    pub(crate) fn close(self, mut take: impl FnMut(Message)) -> Result<()> {
        self.check_process()?;
        if self.is_shared() {
            return Ok(());
        }
        self.entrance.refuse();
        if let Ok(locked) = self.queue.lock(CLOSING_PATIENCE) {
            locked.close();
        }
        self.queue.wake_writers();
        while let Some(next) = self.look(CLOSING_PATIENCE)? {
            let message = next.to_message()?;
            next.take();
            take(message);
        }
        // Nothing more goes into the ring, so the messages of strangers bypass it.
        let rest = Rest::new(self.intake(), take);
        let mut in_vain = 0;
        while in_vain < LOOKS_IN_VAIN {
            if self.entrance.take_in(&rest, true) {
                in_vain = 0;
            } else if self.entrance.is_behind() {
                in_vain += 1;
            } else {
                break;
            }
        }
        // A message that cannot be passed on is lost, and that must be reported.
        self.entrance.check_memory()
    }

    /// Whether [`abort_reads`](Server::abort_reads) was called.
    #[cfg(feature = "tokio")]
    pub(crate) fn is_aborted(&self) -> bool {
        self.reading.is_aborted()
    }

    pub(crate) fn inheritance(&self) -> String {
        self.descriptors().map(|fd| fd.as_raw_fd().to_string()).join(",")
    }

    /// Lets other processes read the slot, too.
    pub(crate) fn share(&self) {
        // No read without the lock is in progress when this is set.
        let _reader = self.reading.reader();
        self.queue.share();
        self.descriptors().into_iter().for_each(private::release);
    }

    /// Life, door and bell: they keep the slot alive for its writers.
    pub(crate) fn descriptors(&self) -> [BorrowedFd<'_>; 3] {
        [self.ownership.life(), self.entrance.door(), self.entrance.bell()]
    }

    pub(super) fn look(&self, patience: Duration) -> Result<Option<Next<'_>>> {
        self.reading.look(self.intake(), patience)
    }

    #[inline(always)]
    pub(super) fn intake(&self) -> RingIntake<'_> {
        RingIntake(self)
    }

    /// The descriptor that wakes programs that poll it from now on.
    pub(crate) fn poll_fd(&self) -> Result<BorrowedFd<'_>> {
        let poller = self.entrance.poll(&self.intake())?;
        let announced = self.queue.lock(READERS_PATIENCE).is_ok_and(|locked| {
            let bell = self.entrance.bell();
            locked.announce_sleep(bell) || locked.ring_bell(bell).is_ok()
        });
        self.entrance.watch(announced);
        // Watching may just have cleared the readiness that `abort_reads`, in another thread, or the end of the tapped
        // slot had caused. Both set their flag first.
        if self.reading.is_aborted() || self.queue.is_closed() {
            self.entrance.wake_poller();
        }
        Ok(poller.as_fd())
    }

    /// Fails if no message can arrive any more: the slot's directory was removed, or this is a tap of a slot that has
    /// ended.
    pub(super) fn check_place(&self) -> Result<()> {
        if self.queue.is_closed() {
            return Err(Error::Closed);
        }
        match self.ownership.check_place(self.name()) {
            // Messages that were sent before the end come first.
            Err(Error::Closed) if self.intake().take_in() => Ok(()),
            checked => checked,
        }
    }

    #[inline(always)]
    pub(super) fn check_process(&self) -> Result<()> {
        if !self.ownership.is_this_process() && !self.is_shared() {
            return Err(Error::NotInherited);
        }
        Ok(())
    }
}

/// Makes the descriptor; see [`crate::Mailslot`]'s `AsFd` for the case that there is none left.
impl AsFd for Server {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll_fd().unwrap_or_else(|_| self.ownership.always_ready())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let shared = self.is_shared();
        self.descriptors().into_iter().for_each(private::release);
        let Server { ownership, queue, entrance, .. } = self;
        let close = || {
            if let Ok(locked) = queue.lock(READERS_PATIENCE) {
                locked.close();
            }
            queue.wake_writers();
        };
        // SAFETY: `entrance` is not used after this.
        ownership.end(shared, close, || unsafe { ManuallyDrop::drop(entrance) });
    }
}
