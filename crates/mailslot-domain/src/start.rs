//! When a receiver started, by clocks that may be set while it runs.

use std::time::Duration;

use crate::time::Time;

/// What was sealed before the start of a receiver may have been delivered before, so it is not let in.
///
/// There are two accounts of that time, and the later one counts. One is that of the clock as it is now: it becomes later when a
/// clock that was behind is set right, and so nothing slips in that was sealed before the start. The other one is what was
/// believed before. Whoever sets the clock back, by mistake or on purpose, does not move it: what was recorded in that
/// earlier time is not let in, though the clock says that it is fresh. It moves only when another member's clock agrees with this
/// one, which a receipt proves: it fits one request of this session, and has the time in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    believed: Time,
    by_clock: Time,
    /// What `by_clock` was when another member agreed, or at the start.
    confirmed: Time,
}

/// By how much a clock may move without anybody having set it.
const DRIFT: Duration = Duration::from_secs(1);

impl Start {
    pub(crate) fn at(time: Time) -> Start {
        Start { believed: time, by_clock: time, confirmed: time }
    }

    /// The time before which nothing is let in.
    pub(crate) fn time(self) -> Time {
        self.believed.max(self.by_clock)
    }

    /// By the clock as it is now, the start was then.
    pub(crate) fn by_clock(&mut self, start: Time) {
        self.by_clock = start;
    }

    /// Another member's clock says `theirs` and this one `now`, which is close enough. By theirs the start may have been later.
    pub(crate) fn confirm(&mut self, theirs: Time, now: Time) {
        let ahead = if theirs > now { theirs.abs_diff(now) } else { Duration::ZERO };
        self.believed = self.by_clock + ahead;
        self.confirmed = self.by_clock;
    }

    /// Whether the clock was set since.
    pub(crate) fn is_in_doubt(self) -> bool {
        self.confirmed.abs_diff(self.by_clock) > DRIFT
    }
}
