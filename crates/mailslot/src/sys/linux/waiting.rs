//! How a read waits for the next message: it spins for a moment, sleeps, and looks a last time before it reports that
//! there is none.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clock;
use super::door::LOOK_BY_ITSELF;
use super::intake::READERS_PATIENCE;
use super::reading::Next;
use super::ring::read;
use super::server::Server;
use super::wait;
use crate::error::{Error, Result};
use crate::options::Timeout;

/// How long a sleeping reader waits before it gives back memory that it could not give back yet.
const SHRINK_LATER: Duration = Duration::from_millis(200);

/// One wait of a reader that has found nothing.
pub(super) struct Wait<'a> {
    server: &'a Server,
    timeout: Timeout,
    /// Whether something has arrived meanwhile.
    pub(super) arrived: bool,
}

impl<'a> Wait<'a> {
    /// Tidies up the ring, which the caller has found empty if this process alone reads it, and spins for a moment if
    /// there is time.
    pub(super) fn begin(server: &'a Server, timeout: Timeout) -> Result<Wait<'a>> {
        server.check_process()?;
        if timeout == Timeout::Zero && !server.locks_reads() && server.entrance.may_say_nothing() {
            // A shorter return lets a reader that polls without pause see a message sooner.
            return Err(Error::TimedOut);
        }
        server.reading.rest(&server.queue)?;
        let mut wait = Wait { server, timeout, arrived: false };
        wait.arrived = timeout != Timeout::Zero && wait.arrives_soon();
        Ok(wait)
    }

    /// The next message.
    pub(super) fn for_next(mut self) -> Result<Next<'a>> {
        let (server, timeout) = (self.server, self.timeout);
        let mut patience = READERS_PATIENCE;
        if server.locks_reads() && self.is_there() {
            if let Some(next) = self.look(patience)? {
                return Ok(next);
            }
            patience = Duration::ZERO;
        }
        if timeout == Timeout::Zero {
            return self.last_look(patience)?.ok_or(Error::TimedOut);
        }
        let deadline = timeout.deadline();
        loop {
            if !self.arrived {
                self.sleep(deadline)?;
            }
            // Waits for the lock only briefly: `abort_reads` cannot wake a reader that waits for the lock.
            let left = deadline.map_or(READERS_PATIENCE, |end| end.saturating_duration_since(Instant::now()));
            if let Some(next) = self.look(left.min(READERS_PATIENCE))? {
                return Ok(next);
            }
            if server.reading.is_aborted() {
                return Err(Error::Closed);
            }
            server.entrance.check_memory()?;
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return self.last_look(READERS_PATIENCE)?.ok_or(Error::TimedOut);
            }
            self.arrived = self.arrives_soon();
        }
    }

    /// The next message; `None` also if another process holds the lock of a slot whose reads take it for longer than
    /// `patience`. It continues once it is scheduled, or the lock passes on when it dies: until then this waits as for
    /// a message.
    fn look(&self, patience: Duration) -> Result<Option<Next<'a>>> {
        match self.server.look(patience) {
            Err(Error::Stalled(_)) => Ok(None),
            seen => seen,
        }
    }

    fn is_there(&self) -> bool {
        read::message_waiting(self.server.queue.region())
    }

    fn arrives_soon(&self) -> bool {
        self.door_goes_on() || self.server.reading.spinning.spin(|| self.is_there())
    }

    /// The last steps of a read before it reports that there is nothing: accepts strangers, and makes sure that the
    /// next message wakes programs that poll the descriptor. `patience` limits the wait for the lock.
    fn last_look(&self, patience: Duration) -> Result<Option<Next<'a>>> {
        let server = self.server;
        let worth_a_look = server.entrance.is_worth_a_look();
        if worth_a_look {
            server.intake().take_in();
        }
        let polled = server.entrance.is_polled();
        let mut announced = false;
        if polled && !self.is_there_after_waking() {
            announced = match server.queue.lock(patience) {
                Ok(locked) => locked.announce_sleep(server.entrance.bell()),
                Err(Error::Stalled(_)) => false,
                Err(error) => return Err(error),
            };
            server.entrance.watch(announced);
        }
        let seen = match if self.is_there() { server.look(patience) } else { Ok(None) } {
            // Then nothing was seen.
            Err(Error::Stalled(_)) => {
                announced = false;
                None
            }
            seen => seen?,
        };
        if seen.is_none() {
            if polled && !announced {
                // Another reader may have taken the message and not returned: then nobody has asked to be woken for the
                // next one.
                server.entrance.watch(false);
            }
            server.check_place()?;
            server.entrance.check_memory()?;
        }
        Ok(seen)
    }

    /// Sleeps until there may be a message.
    fn sleep(&self, deadline: Option<Instant>) -> Result<()> {
        self.server.check_place()?;
        // Counted before the announcement, so that a process that sees the announcement under the lock sees the count
        // as well.
        self.server.reading.sleepers.fetch_add(1, Ordering::SeqCst);
        let slept = self.sleep_announced(deadline);
        self.server.reading.sleepers.fetch_sub(1, Ordering::SeqCst);
        // The message that woke us is there or about to be; only if it is not is it worth checking the door.
        if slept? && !self.is_there_after_waking() {
            self.server.intake().take_in();
        }
        Ok(())
    }

    /// Whether there is a message. A writer that rings the bell holds the lock and commits a moment later; if the
    /// system runs the reader instead, on the same processor, neither continues until the writer gets it back.
    fn is_there_after_waking(&self) -> bool {
        if !self.is_there() && self.server.queue.is_locked() {
            std::thread::yield_now();
        }
        self.is_there()
    }

    /// Announces sleep and sleeps. Returns false if there was a reason not to.
    fn sleep_announced(&self, deadline: Option<Instant>) -> Result<bool> {
        let mut limit = None;
        let free = match self.server.queue.lock(Duration::ZERO) {
            // The holder of the lock is likely to commit a message in a moment. Queueing for the lock would cost more
            // than that: the holder would have to wake us with a system call.
            Err(Error::Stalled(_)) if wait::pause(|| self.is_there()) => return Ok(false),
            Err(Error::Stalled(_)) => self.server.queue.lock(READERS_PATIENCE),
            free => free,
        };
        match free {
            Ok(locked) => {
                if !locked.announce_sleep(self.server.entrance.bell()) {
                    return Ok(false);
                }
                if self.server.reading.tidy(&locked) {
                    limit = Some(SHRINK_LATER);
                }
            }
            Err(Error::Stalled(_)) => limit = Some(LOOK_BY_ITSELF),
            Err(error) => return Err(error),
        }
        // The process that ended the tapped slot may have rung before the announcement, which has drained that ring.
        if self.server.reading.is_aborted() || self.server.queue.is_closed() {
            return Ok(false);
        }
        if read::writers_wait(self.server.queue.region()) {
            self.server.queue.wake_writers();
        }
        let since = clock::ticks();
        let slept = self.server.entrance.sleep(deadline, limit);
        self.server.reading.spinning.slept(clock::ticks().wrapping_sub(since));
        slept
            .map_err(|error| Error::io(format!("wait for messages of slot {}", self.server.name()), error))
            .map(|()| true)
    }

    /// For a reader that has read everything from its last check of the door: if that check brought messages, more may
    /// follow, so pause briefly and check again, as sleeping would cost both sides more. Returns whether there were
    /// any.
    fn door_goes_on(&self) -> bool {
        if !self.server.entrance.gave() {
            return false;
        }
        wait::pause(|| self.is_there());
        self.server.intake().take_in()
    }
}
