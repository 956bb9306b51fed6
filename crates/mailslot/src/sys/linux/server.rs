//! The reading end of a local slot.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clock;
use super::door::{Entrance, LOOK_BY_ITSELF};
use super::inward::{Inward, READERS_PATIENCE};
use super::ownership::{Owned, Ownership};
use super::private;
use super::queue::{PATIENCE, Queue, encode_timeout};
use super::reading::{Next, Reading};
use super::ring::read;
use super::wait;
use crate::error::{Error, Result};
use crate::message::{Info, Statistics};
use crate::name::SlotName;
use crate::options::{MailslotOptions, Timeout};
use crate::sync::Ordering::Relaxed;

/// How long a sleeping reader waits before it gives memory back that it could not yet.
const SHRINK_LATER: Duration = Duration::from_millis(200);

/// A slot that this process owns.
pub(crate) struct Server {
    name: SlotName,
    pub(super) ownership: Ownership,
    pub(super) queue: Queue,
    pub(super) reading: Reading,
    pub(super) entrance: Entrance,
}

impl Server {
    pub(crate) fn create(name: SlotName, options: &MailslotOptions) -> Result<Server> {
        Owned::create(name, options).map(Server::new)
    }

    pub(crate) fn inherit(inheritance: &str) -> Result<Server> {
        Owned::inherit(inheritance).map(Server::new)
    }

    pub(crate) fn from_handles(handles: [OwnedFd; 3]) -> Result<Server> {
        Owned::from_handles(handles).map(Server::new)
    }

    fn new(Owned { name, ownership, queue, entrance }: Owned) -> Server {
        Server { name, ownership, queue, reading: Reading::new(), entrance }
    }

    pub(crate) fn name(&self) -> &SlotName {
        &self.name
    }

    /// Whether other processes may read the slot, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.queue.is_shared()
    }

    pub(crate) fn read_timeout(&self) -> Timeout {
        self.queue.read_timeout()
    }

    pub(crate) fn set_read_timeout(&self, timeout: Timeout) {
        self.queue.header().fixed.read_timeout.store(encode_timeout(timeout), Relaxed);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        // Whoever holds the lock next counts what a killed writer committed but did not count; so that is done first. If
        // the lock cannot be had, the numbers are as good as they are.
        drop(self.queue.lock(READERS_PATIENCE));
        self.queue.statistics()
    }

    pub(crate) fn info(&self) -> Result<Info> {
        self.check_process()?;
        self.inward().take_in();
        self.queue.info()
    }

    /// Waits for a message as long as `timeout`, or else the slot's read timeout, says, and reads it if it fits.
    pub(crate) fn read(&self, buffer: &mut [u8], timeout: Option<Timeout>) -> Result<usize> {
        let next = self.next(timeout.unwrap_or_else(|| self.read_timeout()))?;
        let size = next.len();
        let too_small = Error::BufferTooSmall { size, buffer: buffer.len() };
        next.copy_to(buffer.get_mut(..size).ok_or(too_small)?);
        next.take();
        Ok(size)
    }

    /// The next message, for which this waits as long as `timeout` says.
    #[inline(always)]
    pub(crate) fn next(&self, timeout: Timeout) -> Result<Next<'_>> {
        self.check_process()?;
        // A glance that takes no lock, so that polling an empty slot costs next to nothing.
        if !self.reading.expects_none(&self.queue, timeout)
            && read::message_waiting(self.queue.region())
            && let Some(next) = self.look(patience(timeout))?
        {
            return Ok(next);
        }
        self.wait_for_next(timeout)
    }

    /// The next message if there is one in the ring already.
    pub(crate) fn try_next(&self) -> Result<Option<Next<'_>>> {
        self.look(READERS_PATIENCE)
    }

    fn wait_for_next(&self, timeout: Timeout) -> Result<Next<'_>> {
        self.reading.rest(&self.queue)?;
        let deadline = match timeout {
            Timeout::Zero => return self.last_look()?.ok_or(Error::TimedOut),
            Timeout::After(time) => Instant::now().checked_add(time),
            Timeout::Forever => None,
        };
        loop {
            let arrived = || read::message_waiting(self.queue.region());
            if !self.door_goes_on(arrived) && !self.reading.spinning.spin(arrived) {
                self.sleep(deadline)?;
            }
            let left = deadline.map_or(PATIENCE, |end| end.saturating_duration_since(Instant::now()));
            if let Some(next) = self.look(left.clamp(READERS_PATIENCE, PATIENCE))? {
                return Ok(next);
            }
            if self.reading.is_aborted() {
                return Err(Error::Closed);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return self.last_look()?.ok_or(Error::TimedOut);
            }
        }
    }

    /// Ends reads that wait, and those that will.
    pub(crate) fn abort_reads(&self) {
        self.reading.aborted.store(true, Ordering::SeqCst);
        // Readers that slept before are woken; those that announce sleep after this see the flag.
        let rung = self.queue.lock(READERS_PATIENCE).and_then(|session| session.ring_bell(self.entrance.bell()));
        if rung.is_err() {
            // Whoever has the lock may never ring. A ring without a note is heard until somebody drains it, which nobody who
            // would be kept awake by it does any more.
            let _ = super::bell::ring(self.entrance.bell());
        }
        self.entrance.wake_poller();
    }

    /// Whether [`abort_reads`](Server::abort_reads) was called.
    #[cfg(feature = "tokio")]
    pub(crate) fn is_aborted(&self) -> bool {
        self.reading.is_aborted()
    }

    pub(crate) fn inheritance(&self) -> String {
        self.descriptors().map(|fd| fd.as_raw_fd().to_string()).join(",")
    }

    pub(crate) fn handles(&self) -> [BorrowedFd<'_>; 3] {
        // No read that does without the lock is under way when this is set.
        let _reader = self.reading.reader();
        self.queue.header().fixed.shared.store(1, Relaxed);
        self.descriptors().into_iter().for_each(private::release);
        self.descriptors()
    }

    /// Life, door and bell: what keeps the slot alive, and writers in the belief that it is.
    fn descriptors(&self) -> [BorrowedFd<'_>; 3] {
        [self.ownership.life(), self.entrance.door(), self.entrance.bell()]
    }

    #[inline(always)]
    fn look(&self, patience: Duration) -> Result<Option<Next<'_>>> {
        self.reading.look(self.inward(), patience)
    }

    /// What a read does before it says that there is nothing: lets strangers in, and sees to it that whoever polls the
    /// descriptor is woken by the next message.
    fn last_look(&self) -> Result<Option<Next<'_>>> {
        let worth_a_look = self.entrance.is_worth_a_look();
        if worth_a_look {
            self.inward().take_in();
        }
        let polled = self.entrance.is_polled();
        if !worth_a_look && !polled {
            return self.ownership.check_place(&self.name).map(|()| None);
        }
        if polled && !self.is_there_after_waking() {
            let announced = match self.queue.lock(READERS_PATIENCE) {
                Ok(session) => session.announce_sleep(self.entrance.bell()),
                Err(Error::Stalled(_)) => false,
                Err(error) => return Err(error),
            };
            self.entrance.watch(announced);
        }
        match self.look(READERS_PATIENCE) {
            // Somebody has the lock of a slot that is shared: then nothing was seen, and the timer is set.
            Err(Error::Stalled(_)) => {
                self.entrance.watch(false);
                Ok(None)
            }
            Ok(None) => self.ownership.check_place(&self.name).map(|()| None),
            seen => seen,
        }
    }

    /// Sleeps until there may be a message.
    fn sleep(&self, deadline: Option<Instant>) -> Result<()> {
        self.ownership.check_place(&self.name)?;
        // Before the announcement, so that whoever finds that under the lock finds this as well.
        self.reading.sleepers.fetch_add(1, Ordering::SeqCst);
        let slept = self.sleep_announced(deadline);
        self.reading.sleepers.fetch_sub(1, Ordering::SeqCst);
        // The message that woke us is there or about to be; only if it is not is it worth looking at the door.
        if slept? && !self.is_there_after_waking() {
            self.inward().take_in();
        }
        Ok(())
    }

    /// Whether there is a message. Whoever rings the bell holds the lock and commits a moment later; if the system runs the
    /// reader in its place, on the same processor, neither gets on before it has that back.
    fn is_there_after_waking(&self) -> bool {
        let arrived = || read::message_waiting(self.queue.region());
        if !arrived() && self.queue.is_locked() {
            std::thread::yield_now();
        }
        arrived()
    }

    /// Announces sleep and sleeps. Returns false if there was a reason not to.
    fn sleep_announced(&self, deadline: Option<Instant>) -> Result<bool> {
        let mut limit = None;
        let free = match self.queue.lock(Duration::ZERO) {
            // Whoever holds the lock is likely to commit a message in a moment. Queueing for it would cost more than that:
            // the holder would have to wake us with a system call.
            Err(Error::Stalled(_)) if wait::pause(|| read::message_waiting(self.queue.region())) => return Ok(false),
            Err(Error::Stalled(_)) => self.queue.lock(READERS_PATIENCE),
            free => free,
        };
        match free {
            Ok(session) => {
                if !session.announce_sleep(self.entrance.bell()) {
                    return Ok(false);
                }
                if self.reading.tidy(&session) {
                    limit = Some(SHRINK_LATER);
                }
            }
            Err(Error::Stalled(_)) => limit = Some(LOOK_BY_ITSELF),
            Err(error) => return Err(error),
        }
        if self.reading.is_aborted() {
            return Ok(false);
        }
        if read::writers_wait(self.queue.region()) {
            self.queue.wake_writers();
        }
        let since = clock::ticks();
        let slept = self.entrance.sleep(deadline, limit);
        self.reading.spinning.slept(clock::ticks().wrapping_sub(since));
        slept.map_err(|error| Error::io(format!("wait for messages of slot {}", self.name), error)).map(|()| true)
    }

    /// For a reader that has read what the door gave last: where that was something, more may come soon, and sleeping
    /// would cost both sides more than the moment that it takes to become worth a system call. Returns whether it came.
    fn door_goes_on(&self, arrived: impl Fn() -> bool) -> bool {
        if !self.entrance.gave() {
            return false;
        }
        wait::pause(arrived);
        self.inward().take_in()
    }

    #[inline(always)]
    fn inward(&self) -> Inward<'_> {
        Inward(self)
    }

    /// The descriptor that whoever polls from now on is woken by.
    pub(crate) fn poll_fd(&self) -> Result<BorrowedFd<'_>> {
        let poller = self.entrance.poll(&self.inward())?;
        let announced = self.queue.lock(READERS_PATIENCE).is_ok_and(|session| {
            let bell = self.entrance.bell();
            session.announce_sleep(bell) || session.ring_bell(bell).is_ok()
        });
        self.entrance.watch(announced);
        Ok(poller.as_fd())
    }

    fn check_process(&self) -> Result<()> {
        if !self.ownership.is_this_process() && !self.is_shared() {
            return Err(Error::NotInherited);
        }
        Ok(())
    }
}

/// How long a read may wait for the lock of a slot that is shared between processes.
fn patience(timeout: Timeout) -> Duration {
    match timeout {
        Timeout::Zero => READERS_PATIENCE,
        Timeout::After(time) => time.clamp(READERS_PATIENCE, PATIENCE),
        Timeout::Forever => PATIENCE,
    }
}

/// Makes the descriptor; see [`crate::Mailslot`]'s `AsFd` for what happens when there is none left.
impl AsFd for Server {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // A regular file is always ready for `poll`, and refused by `epoll`.
        self.poll_fd().unwrap_or_else(|_| self.ownership.ring())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let shared = self.is_shared();
        self.descriptors().into_iter().for_each(private::release);
        let Server { ownership, queue, .. } = self;
        ownership.end(shared, || {
            if let Ok(session) = queue.lock(READERS_PATIENCE) {
                session.close();
            }
            queue.wake_writers();
        });
    }
}
