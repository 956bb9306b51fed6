//! The owner's side of a door, and the descriptor that reports when there is something to read.
//!
//! A read that finds nothing must be followed by a wake-up once there is something. So before it returns, one of these
//! must hold:
//!
//! | what may arrive | who wakes the reader |
//! |---|---|
//! | a friend's message | the friend, through the bell: sleep was announced under the ring's lock |
//! | a stranger at the door, or a packet of an accepted one | the kernel, through the poller |
//! | removal of the slot's directory | nobody: the reader checks, at least every ten seconds |
//! | anything, while the lock is held by another, a message is held, or a connection cannot be watched or accepted | the poller's timer |

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::net::{Shutdown, shutdown};

use super::Intake;
use super::connections::{BELL_KEY, Connections, DOOR_KEY, close_unread};
use crate::error::{Error, Result};
use crate::options::Access;
use crate::sys::linux::clock;
use crate::sys::linux::fork::PerProcess;
use crate::sys::linux::wait::{self, LOOK_AT_PLACE, Poller};

/// How often a reader checks by itself while something keeps it from being woken.
pub(crate) const LOOK_BY_ITSELF: Duration = Duration::from_millis(10);

/// The owner's side of the door.
pub(crate) struct Entrance {
    /// The listening socket; closed without blocking on unread packets in it.
    door: ManuallyDrop<OwnedFd>,
    /// Rung by friends.
    bell: OwnedFd,
    connections: PerProcess<Mutex<Connections>>,
    access: Access,
    /// When the door was last checked, in ticks.
    seen: AtomicU64,
    /// Whether it brought messages then.
    gave: AtomicBool,
    /// Bytes of memory whose lack made that check leave a message; 0 if none was left.
    lacks: AtomicU64,
    /// Made when one descriptor is needed for everything: for a program that polls, or for a connection.
    poller: PerProcess<OnceLock<Poller>>,
    /// Whether the program polls: then every read that finds nothing asks to be woken. Set before the program's first
    /// look, and read by other threads after they have added a message; as with `Reading::sleepers`, one of the two
    /// sees the other because of `SeqCst`.
    polled: AtomicBool,
}

impl Entrance {
    pub(crate) fn new(door: OwnedFd, bell: OwnedFd, access: Access) -> Entrance {
        Entrance {
            door: ManuallyDrop::new(door),
            bell,
            connections: PerProcess::new(),
            access,
            seen: AtomicU64::new(0),
            gave: AtomicBool::new(false),
            lacks: AtomicU64::new(0),
            poller: PerProcess::new(),
            polled: AtomicBool::new(false),
        }
    }

    pub(crate) fn door(&self) -> BorrowedFd<'_> {
        self.door.as_fd()
    }

    pub(crate) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn is_polled(&self) -> bool {
        self.polled.load(Ordering::SeqCst)
    }

    /// Accepts strangers and takes their messages into the ring. Returns whether there were any.
    pub(crate) fn take_in(&self, intake: &impl Intake, shared: bool) -> bool {
        self.seen.store(clock::ticks(), Ordering::Relaxed);
        let watching = self.own_poller().get();
        let mut connections = self.connections();
        let taken = connections.take_in(self.door.as_fd(), intake, shared, watching, || self.poller(intake).ok());
        self.gave.store(taken, Ordering::Relaxed);
        self.lacks.store(connections.lacks() as u64, Ordering::Relaxed);
        taken
    }

    /// Fails if the last check has left a message for lack of memory. The message is read once there is memory.
    pub(crate) fn check_memory(&self) -> Result<()> {
        match self.lacks.load(Ordering::Relaxed) {
            0 => Ok(()),
            size => Err(Error::NotEnoughMemory { size: size as usize }),
        }
    }

    /// Accepts no new connections: they are refused. Those that are already made can still be accepted.
    pub(crate) fn refuse(&self) {
        // This fails only on a socket that is not listening, to which nobody can connect anyway.
        let _ = shutdown(&*self.door, Shutdown::Read);
    }

    /// Whether something kept the last check of the door from taking everything in.
    pub(crate) fn is_behind(&self) -> bool {
        self.connections().is_behind()
    }

    /// Whether a check of the door is due: it takes a system call, so a busy reader does not check more often.
    pub(crate) fn is_due(&self) -> bool {
        clock::ticks().wrapping_sub(self.seen.load(Ordering::Relaxed)) >= clock::MOMENT
    }

    /// Whether a reader that finds nothing must check the door before it returns. It need not check again at once if
    /// hardly anybody may connect and nobody has: there is no poller then.
    pub(crate) fn is_worth_a_look(&self) -> bool {
        // Then only the owner's user and the superuser may connect, who seldom do.
        let quiet = self.access == Access::Owner;
        !quiet || self.own_poller().get().is_some() || self.is_due()
    }

    /// Whether a reader that finds the ring empty may return without having checked the door, and without being woken
    /// by the next message.
    pub(crate) fn may_say_nothing(&self) -> bool {
        !self.is_polled() && !self.is_worth_a_look()
    }

    /// Whether the last check brought messages, so that more may arrive soon.
    pub(crate) fn gave(&self) -> bool {
        self.gave.load(Ordering::Relaxed)
    }

    /// Makes sure that a polling program is woken by the next message, before a read reports that there is nothing.
    /// `announced` means that friends will ring the bell.
    pub(crate) fn watch(&self, announced: bool) {
        let Some(poller) = self.own_poller().get() else { return };
        let watched = self.connections().watch_all(Some(poller));
        if announced && watched {
            poller.clear_timer();
        } else {
            poller.set_timer(LOOK_BY_ITSELF);
        }
    }

    /// Sleeps until there may be something to read, at most until `deadline`, or for `limit`.
    pub(crate) fn sleep(&self, deadline: Option<Instant>, limit: Option<Duration>) -> rustix::io::Result<()> {
        let poller = self.own_poller().get();
        let watched = self.connections().watch_all(poller);
        let limit = if watched {
            Some(limit.map_or(LOOK_AT_PLACE, |limit| limit.min(LOOK_AT_PLACE)))
        } else {
            Some(LOOK_BY_ITSELF)
        };
        match poller {
            Some(poller) if watched => {
                poller.clear_timer();
                wait::sleep(&mut [poller.poll_fd()], deadline, limit)
            }
            // Polling the door would return at once.
            _ if !watched => wait::sleep(&mut [PollFd::new(&self.bell, PollFlags::IN)], deadline, limit),
            _ => {
                let mut fds = [&self.bell, &*self.door].map(|fd| PollFd::new(fd, PollFlags::IN));
                wait::sleep(&mut fds, deadline, limit)
            }
        }
    }

    /// The poller, for a program that polls from now on.
    pub(crate) fn poll(&self, intake: &impl Intake) -> Result<&Poller> {
        let poller = self.poller(intake)?;
        self.polled.store(true, Ordering::SeqCst);
        Ok(poller)
    }

    /// Makes the polled descriptor ready at once.
    pub(crate) fn wake_poller(&self) {
        if let Some(poller) = self.own_poller().get() {
            poller.set_timer(Duration::ZERO);
        }
    }

    fn poller(&self, intake: &impl Intake) -> Result<&Poller> {
        if let Some(poller) = self.own_poller().get() {
            return Ok(poller);
        }
        let failed = |error| Error::io("watch a slot", error);
        let poller = Poller::new().map_err(failed)?;
        poller.add(self.bell.as_fd(), BELL_KEY).map_err(failed)?;
        poller.add(self.door.as_fd(), DOOR_KEY).map_err(failed)?;
        let poller = self.own_poller().get_or_init(|| poller);
        // Readers that already sleep do so without the poller, and would miss messages on connections.
        intake.wake_sleepers();
        Ok(poller)
    }

    /// The poller of this process: a parent's shares its timer with the parent.
    fn own_poller(&self) -> &OnceLock<Poller> {
        self.poller.get_or(OnceLock::new)
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        let own = self.connections.get_or(|| Mutex::new(Connections::new(self.access.clone())));
        // Nothing panics while it is locked.
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        // SAFETY: `door` is not used after this.
        close_unread(unsafe { ManuallyDrop::take(&mut self.door) });
    }
}
