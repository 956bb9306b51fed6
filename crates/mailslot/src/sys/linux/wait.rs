//! How a reader waits: it spins for a moment if that has paid off lately, then sleeps in the kernel.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime};

use super::clock;

/// The most turns that a reader spins: some tens of microseconds. (In a model each turn is one more point where other
/// threads can run, and all turns are alike.)
const MOST_SPINS: u32 = if cfg!(shuttle) { 16 } else { 1000 };
/// Turns of [`pause`].
const PAUSE: u32 = if cfg!(shuttle) { 2 } else { 128 };
/// Turns after which a spin lets others run: a microsecond or two.
const YIELD_AFTER: u32 = if cfg!(shuttle) { 2 } else { 32 };
/// A yield that takes more ticks than this, about a millisecond, has met a program that computes.
const LONG_YIELD: u64 = 64 * clock::MOMENT;
/// The most turns between two looks: a few microseconds.
const MOST_GAP: u32 = 256;
/// A wait that ends within this many looks was for the next message of a stream.
const STREAM: u32 = 2;
/// A sleep of at most this many ticks was not worth its system calls.
const SHORT_SLEEP: u64 = 2 * clock::MOMENT;
/// After this many waits without spinning, one spins again, as long as possible: only a long spin shows whether
/// messages now arrive soon enough, as a spinning reader sees them sooner than one that has to be woken.
const RETRY: u32 = 32;

/// How long readers of a slot spin before they sleep, adapted to recent waits.
pub(crate) struct Spinning {
    /// Turns that the next wait will spin.
    turns: AtomicU32,
    /// Turns before the first look and between two. In a stream of messages each look takes the memory that the writer
    /// is writing to away from it, so few looks that find several messages make both faster; otherwise every turn
    /// looks.
    gap: AtomicU32,
    /// Waits without spinning since spinning was last given up.
    waits: AtomicU32,
    /// Whether the slot has members: then other readers of it may run on the same processor.
    is_member: bool,
    /// Whether the next spin of a member lets others run.
    yields: AtomicBool,
}

impl Spinning {
    /// For the readers of a slot; `is_member` if it is one of several that get the same messages.
    pub(crate) fn new(is_member: bool) -> Spinning {
        Spinning {
            turns: AtomicU32::new(MOST_SPINS / 4),
            gap: AtomicU32::new(1),
            waits: AtomicU32::new(0),
            is_member,
            yields: AtomicBool::new(false),
        }
    }

    /// Whether the slot has members.
    pub(crate) fn is_of_member(&self) -> bool {
        self.is_member
    }

    /// Whether the last waits were for the next message of a stream.
    pub(crate) fn in_stream(&self) -> bool {
        self.gap.load(Ordering::Relaxed) > 1
    }

    /// Spins until `arrived` or until the turns are used up. Returns whether it arrived.
    pub(crate) fn spin(&self, arrived: impl Fn() -> bool) -> bool {
        let turns = self.turns.load(Ordering::Relaxed);
        if turns == 0 {
            if self.waits.fetch_add(1, Ordering::Relaxed) % RETRY == RETRY - 1 {
                self.turns.store(MOST_SPINS, Ordering::Relaxed);
            }
            return arrived();
        }
        let gap = self.gap.load(Ordering::Relaxed).min(turns / 4).max(1);
        let mut looks = 0;
        let mut until_look = gap;
        let yields = self.is_member && self.yields.load(Ordering::Relaxed);
        let mut goes_on = self.is_member;
        for turn in 0..turns {
            if turn == YIELD_AFTER && yields {
                goes_on = self.let_others_run();
            }
            until_look -= 1;
            if until_look == 0 {
                until_look = gap;
                if arrived() {
                    self.turns.store((turns * 2).min(MOST_SPINS), Ordering::Relaxed);
                    let next = if looks <= STREAM { (gap * 2).min(MOST_GAP) } else { (gap / 2).max(1) };
                    self.gap.store(next, Ordering::Relaxed);
                    self.yields.store(goes_on, Ordering::Relaxed);
                    return true;
                }
                looks += 1;
            }
            core::hint::spin_loop();
        }
        self.turns.store(if turns < MOST_SPINS / 16 { 0 } else { turns / 2 }, Ordering::Relaxed);
        self.gap.store(1, Ordering::Relaxed);
        self.yields.store(false, Ordering::Relaxed);
        false
    }

    /// Lets other members run that wait for this processor: a message comes to all of them, and as long as one that has
    /// it spins for the next one, messages pile up at the others, each in memory that has to be made first, until they
    /// get the processor a few milliseconds later. Returns whether to do this again at the next spin. Not if it took
    /// long: a program that computes keeps the processor until its time is up, where a message would have woken a
    /// sleeping reader at once. For the same reason a spin yields only if the one before was not in vain.
    #[cold]
    fn let_others_run(&self) -> bool {
        let since = clock::ticks();
        std::thread::yield_now();
        clock::ticks().wrapping_sub(since) < LONG_YIELD
    }

    /// Records that a reader slept for `ticks` ticks: if that was short, spinning would have been better.
    pub(crate) fn slept(&self, ticks: u64) {
        if ticks < SHORT_SLEEP {
            self.turns.fetch_max(MOST_SPINS / 4, Ordering::Relaxed);
        }
    }
}

/// Spins for a microsecond or two, or until `arrived`. Returns whether it arrived.
pub(crate) fn pause(arrived: impl Fn() -> bool) -> bool {
    (0..PAUSE).any(|_| {
        core::hint::spin_loop();
        arrived()
    })
}

/// Waits until one of `fds` is readable or `deadline` has passed; at most `limit` if there is one. Does not report
/// interruptions and timeouts: the caller looks again in any case.
pub(crate) fn sleep(
    fds: &mut [PollFd<'_>],
    deadline: Option<Instant>,
    limit: Option<Duration>,
) -> rustix::io::Result<()> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let time = match (left, limit) {
        (Some(left), Some(limit)) => Some(left.min(limit)),
        (left, limit) => left.or(limit),
    };
    let time = time.map(|time| Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ });
    match poll(fds, time.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

/// One descriptor for everything that can wake a reader.
pub(crate) struct Poller {
    epoll: OwnedFd,
    /// Makes the descriptor ready by itself: now and then to check the slot's place, and sooner if nothing else may.
    timer: OwnedFd,
    /// When it expires, in nanoseconds since this was made, or a moment earlier.
    due: AtomicU64,
    made: Instant,
}

/// How long a reader sleeps at most before it checks that its slot is still at its place: removal does not wake the
/// reader.
pub(crate) const LOOK_AT_PLACE: Duration = Duration::from_secs(10);

/// The timer's key, different from those of all other descriptors.
const TIMER_KEY: u64 = u64::MAX;

impl Poller {
    pub(crate) fn new() -> rustix::io::Result<Poller> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        let poller = Poller { epoll, timer, due: AtomicU64::new(0), made: Instant::now() };
        poller.add(poller.timer.as_fd(), TIMER_KEY)?;
        poller.set_timer(LOOK_AT_PLACE);
        Ok(poller)
    }

    /// Makes the descriptor ready after `time`, and then every [`LOOK_AT_PLACE`].
    pub(crate) fn set_timer(&self, time: Duration) {
        let spec = |time: Duration| Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ };
        let set = Itimerspec { it_interval: spec(LOOK_AT_PLACE), it_value: spec(time.max(Duration::from_nanos(1))) };
        // Stored before the timer is set, so that the timer never expires earlier.
        self.due.store(self.now() + time.as_nanos() as u64, Ordering::SeqCst);
        // Cannot fail for a timer and such times.
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &set);
    }

    /// Clears the readiness that the expired timer has caused. A running timer continues: another reader may rely on
    /// it.
    pub(crate) fn clear_timer(&self) {
        let (due, now) = (self.due.load(Ordering::SeqCst), self.now());
        if now < due || rustix::io::read(&self.timer, &mut [0; 8]).is_err() {
            return;
        }
        let every = LOOK_AT_PLACE.as_nanos() as u64;
        let next = due + ((now - due) / every + 1) * every;
        // Fails if another thread has set it meanwhile.
        let _ = self.due.compare_exchange(due, next, Ordering::SeqCst, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.made.elapsed().as_nanos() as u64
    }

    /// Watches `fd` under the number `key`.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, key: u64) -> rustix::io::Result<()> {
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(key), epoll::EventFlags::IN)
    }

    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        // Can only fail for a descriptor that is not watched.
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// Appends the keys of descriptors that are readable now. Returns whether there may be more of them.
    pub(crate) fn ready(&self, keys: &mut Vec<u64>) -> rustix::io::Result<bool> {
        let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 64];
        let count = epoll::wait(&self.epoll, &mut events[..], Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        keys.extend(events.iter().take(count).map(|event| event.data.u64()));
        Ok(count == events.len())
    }

    pub(crate) fn poll_fd(&self) -> PollFd<'_> {
        PollFd::from_borrowed_fd(self.epoll.as_fd(), PollFlags::IN)
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_lets_others_run_after_a_spin_that_was_not_in_vain() {
        for is_member in [false, true] {
            let spinning = Spinning::new(is_member);
            for arrives in [true, false, true, true, false, false] {
                assert_eq!(spinning.spin(|| arrives), arrives);
                assert_eq!(spinning.yields.load(Ordering::Relaxed), is_member && arrives);
            }
        }
    }
}
