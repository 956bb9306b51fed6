//! Sleeps until an object shared with other processes may have changed.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec};
use rustix::process::{Pid, PidfdFlags};

use super::waitable::Waitable;
use crate::code::Result;

/// The time between checks of a mutex whose holder's process cannot be watched, such as one in another container.
const UNTOLD: Duration = Duration::from_millis(20);
const MAYBE_TOLD: Duration = Duration::from_secs(1);

/// The descriptors of one wait for shared objects.
pub(super) struct Poller {
    epoll: OwnedFd,
    /// Written when an object of this process has changed.
    wake: Arc<OwnedFd>,
    /// The living processes that hold mutexes; `None` for one that cannot be watched.
    holders: HashMap<u32, Option<OwnedFd>>,
}

impl Poller {
    /// Starts watching: from now on no change of these objects is missed.
    pub(super) fn new(objects: &[Waitable<'_>]) -> Result<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        add(&epoll, &wake, 0, EventFlags::IN | EventFlags::ET)?;
        for bell in objects.iter().filter_map(Waitable::bell) {
            match add(&epoll, bell, 0, EventFlags::IN | EventFlags::ET) {
                // Two handles to one object.
                Err(rustix::io::Errno::EXIST) => {}
                added => added?,
            }
        }
        Ok(Poller { epoll, wake: Arc::new(wake), holders: HashMap::new() })
    }

    pub(super) fn wake(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.wake)
    }

    /// Watches the processes that hold mutexes. Returns whether any is new: then check the objects again. If such a
    /// process still holds one after it was watched, the watch is of that process, and not of a later one with its id.
    pub(super) fn watch(&mut self, holders: &[u32]) -> bool {
        let mut new = false;
        self.holders.retain(|holder, _| holders.contains(holder));
        for holder in holders {
            self.holders.entry(*holder).or_insert_with(|| {
                new = true;
                let pid = Pid::from_raw(*holder as i32)?;
                let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
                add(&self.epoll, &process, u64::from(*holder), EventFlags::IN).ok().map(|()| process)
            });
        }
        new
    }

    /// Sleeps until something may have changed, at most `time`.
    pub(super) fn sleep(&mut self, time: Option<Duration>) {
        let limit = match self.holders.values().any(Option::is_none) {
            true => Some(UNTOLD),
            false => (!self.holders.is_empty()).then_some(MAYBE_TOLD),
        };
        let time = time.into_iter().chain(limit).min();
        let time = time.map(|time| Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ });
        let mut fds = [rustix::event::PollFd::new(&self.epoll, rustix::event::PollFlags::IN)];
        // After an interruption, everything is checked again, which is always correct.
        let _ = rustix::event::poll(&mut fds, time.as_ref());
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 8];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let count = epoll::wait(&self.epoll, &mut events[..], Some(&at_once)).unwrap_or(0);
        for event in &events[..count] {
            // The process has ended. Another one may get its id.
            self.holders.remove(&(event.data.u64() as u32));
        }
    }
}

fn add(epoll: &OwnedFd, fd: impl AsFd, data: u64, flags: EventFlags) -> rustix::io::Result<()> {
    epoll::add(epoll, fd, EventData::new_u64(data), flags)
}
