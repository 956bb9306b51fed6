//! The start time of a receiver, by clocks that may be set while it runs.

use std::time::Duration;

use crate::time::Time;

/// A message that was sealed before the start of a receiver may have been delivered before, so it is refused.
///
/// There are two values of the start time, and the later one counts. The first is the start by the clock as it is now.
/// It becomes later when a clock that was behind is corrected, so that nothing sealed before the start is accepted. The
/// second is the value believed before. Setting the clock back, by mistake or on purpose, does not change it: messages
/// recorded at the earlier time are refused, although they are fresh by the clock. It changes only when another
/// member's clock agrees with this one. A receipt proves this: it matches one request of this session, and contains the
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    believed: Time,
    by_clock: Time,
    /// The value of `by_clock` when another member last agreed, or at the start.
    confirmed: Time,
}

/// By how much a clock may drift without having been set.
const DRIFT: Duration = Duration::from_secs(1);

impl Start {
    pub(crate) fn at(time: Time) -> Start {
        Start { believed: time, by_clock: time, confirmed: time }
    }

    /// The time before which everything is refused.
    pub(crate) fn time(self) -> Time {
        self.believed.max(self.by_clock)
    }

    /// Sets the start by the clock as it is now.
    pub(crate) fn by_clock(&mut self, start: Time) {
        self.by_clock = start;
    }

    /// Another member's clock shows `theirs`, which agrees with `now`. By that clock the start may have been later.
    pub(crate) fn confirm(&mut self, theirs: Time, now: Time) {
        let ahead = if theirs > now { theirs.abs_diff(now) } else { Duration::ZERO };
        self.believed = self.by_clock + ahead;
        self.confirmed = self.by_clock;
    }

    /// Whether the clock was set since the last agreement.
    pub(crate) fn is_in_doubt(self) -> bool {
        self.confirmed.abs_diff(self.by_clock) > DRIFT
    }
}
