//! The owner's side of a door, and the descriptor that tells when there is something to read.
//!
//! Whoever is told that there is nothing must be woken when there is. So before that is said, one of these holds:
//!
//! | what there may be | who wakes |
//! |---|---|
//! | a friend's message | the friend, by the bell: sleep was announced under the ring's lock |
//! | a stranger at the door, or a packet of one who is in | the kernel, by the poller |
//! | somebody who removes the slot's directory | nobody: the reader looks, every ten seconds if need be |
//! | the lock could not be had; a message is held; a connection cannot be watched, or is not let in for want of something | the poller's timer |

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

/// How often a reader looks by itself while something keeps it from being woken.
pub(crate) const LOOK_BY_ITSELF: Duration = Duration::from_millis(10);

/// The door as its owner has it.
pub(crate) struct Entrance {
    /// The listening socket; closed without waiting for what may lie there.
    door: ManuallyDrop<OwnedFd>,
    /// Rung by friends.
    bell: OwnedFd,
    connections: PerProcess<Mutex<Connections>>,
    access: Access,
    /// When the door was last looked at, in ticks.
    seen: AtomicU64,
    /// Whether it had something then.
    gave: AtomicBool,
    /// Bytes of memory for want of which a message was left then; 0 if none was.
    lacks: AtomicU64,
    /// Made when something needs one descriptor for everything: somebody who polls, or a connection.
    poller: PerProcess<OnceLock<Poller>>,
    /// Whether somebody polls: then every read that finds nothing asks to be woken.
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

    /// Lets strangers in and takes their messages into the ring. Returns whether there were any.
    pub(crate) fn take_in(&self, intake: &impl Intake, shared: bool) -> bool {
        self.seen.store(clock::ticks(), Ordering::Relaxed);
        let watching = self.own_poller().get();
        let mut connections = self.connections();
        let taken = connections.take_in(self.door.as_fd(), intake, shared, watching, || self.poller(intake).ok());
        self.gave.store(taken, Ordering::Relaxed);
        self.lacks.store(connections.lacks() as u64, Ordering::Relaxed);
        taken
    }

    /// Fails if the last look has left a message for want of memory. It is read once there is some.
    pub(crate) fn check_memory(&self) -> Result<()> {
        match self.lacks.load(Ordering::Relaxed) {
            0 => Ok(()),
            size => Err(Error::NotEnoughMemory { size: size as usize }),
        }
    }

    /// Lets nobody new come: who connects is told that there is nobody. Who has connected is still there to be let in.
    pub(crate) fn refuse(&self) {
        // It fails on what is no listening socket, and then nobody can connect anyway.
        let _ = shutdown(&*self.door, Shutdown::Read);
    }

    /// Whether something kept the last look at the door from taking everything in.
    pub(crate) fn is_behind(&self) -> bool {
        self.connections().is_behind()
    }

    /// Whether a look at the door is due: it takes a system call. A busy reader does not look more often.
    pub(crate) fn is_due(&self) -> bool {
        clock::ticks().wrapping_sub(self.seen.load(Ordering::Relaxed)) >= clock::MOMENT
    }

    /// Whether a reader that finds nothing must look at the door before it says so. It need not look again at once where
    /// hardly anybody may come and nobody has: there is no poller then.
    pub(crate) fn is_worth_a_look(&self) -> bool {
        // Only the owner's user and the superuser may come then, who seldom do.
        let quiet = self.access == Access::Owner;
        !quiet || self.own_poller().get().is_some() || self.is_due()
    }

    /// Whether a reader that finds the ring empty may say so without having looked at the door, and without anybody being woken
    /// by what comes next.
    pub(crate) fn may_say_nothing(&self) -> bool {
        !self.is_polled() && !self.is_worth_a_look()
    }

    /// Whether the last look found something, so that more may come soon.
    pub(crate) fn gave(&self) -> bool {
        self.gave.load(Ordering::Relaxed)
    }

    /// Sees to it that whoever polls is woken, before he is told that there is nothing. `announced` says whether friends
    /// will ring the bell.
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
            // The door would not let us sleep.
            _ if !watched => wait::sleep(&mut [PollFd::new(&self.bell, PollFlags::IN)], deadline, limit),
            _ => {
                let mut fds = [&self.bell, &*self.door].map(|fd| PollFd::new(fd, PollFlags::IN));
                wait::sleep(&mut fds, deadline, limit)
            }
        }
    }

    /// The poller, for somebody who polls from now on.
    pub(crate) fn poll(&self, intake: &impl Intake) -> Result<&Poller> {
        let poller = self.poller(intake)?;
        self.polled.store(true, Ordering::SeqCst);
        Ok(poller)
    }

    /// Makes what polls the descriptor ready at once.
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
        // Readers that sleep already do so without it, and would not hear what comes on connections.
        intake.wake_sleepers();
        Ok(poller)
    }

    /// Not a parent's, whose timer is the parent's as well.
    fn own_poller(&self) -> &OnceLock<Poller> {
        self.poller.get_or(OnceLock::new)
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        let own = self.connections.get_or(|| Mutex::new(Connections::new(self.access.clone())));
        // Nothing panics while it is held.
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        // SAFETY: `door` is not used after this.
        close_unread(unsafe { ManuallyDrop::take(&mut self.door) });
    }
}
