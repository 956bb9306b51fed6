//! Completion routines of timers: due in the thread that set the timer, when it expires.

use core::cell::RefCell;
use core::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::Weak;
use std::time::SystemTime;

use super::{Due, current};
use crate::abi::{FileTime, TimerRoutine};
use crate::clock;
use crate::sync_object::SyncObject;

/// A timer that this thread has set with a routine. Keeps the times as well, because other threads may set the object
/// again.
pub(crate) struct Timed {
    pub(crate) timer: Weak<SyncObject>,
    /// The number of the timer's setting. This entry ends when the timer is set again or stopped.
    pub(crate) setting: u32,
    /// Nanoseconds of the monotonic clock.
    pub(crate) due: i64,
    /// 0 if it is signalled once.
    pub(crate) period_millis: u32,
    pub(crate) routine: TimerRoutine,
    pub(crate) argument: *mut c_void,
}

thread_local! {
    static TIMED: ManuallyDrop<RefCell<Vec<Timed>>> = const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Adds the routine of a timer that this thread has just set.
pub(crate) fn add(timed: Timed) {
    crate::threads::notice_end();
    TIMED.with(|all| all.borrow_mut().push(timed));
}

/// Drops all timers of the thread, which ends.
pub(super) fn forget_all() {
    TIMED.with(|all| all.take());
}

/// Queues the routines of expired timers. Returns the next due time.
pub(crate) fn pass_time() -> Option<i64> {
    TIMED.with(|all| {
        let mut all = all.borrow_mut();
        if all.is_empty() {
            return None;
        }
        let now = clock::monotonic();
        all.retain_mut(|timed| timed.pass_time(now));
        all.iter().map(|timed| timed.due).min()
    })
}

impl Timed {
    /// Returns whether it stays.
    fn pass_time(&mut self, now: i64) -> bool {
        let timer = self.timer.upgrade();
        if timer.is_none_or(|timer| timer.setting() != self.setting) {
            return false;
        }
        if now < self.due {
            return true;
        }
        let time = FileTime::from(SystemTime::now());
        let (routine, argument) = (self.routine, self.argument);
        current().due().push_back(Due::Timer { routine, argument, time });
        let period = i64::from(self.period_millis) * 1_000_000;
        if period > 0 {
            self.due += ((now - self.due) / period + 1) * period;
        }
        period > 0
    }
}
