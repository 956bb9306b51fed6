//! The wall clock, which may be set while this machine takes part, compared with one that cannot be set.

use std::sync::Mutex;
use std::time::Duration;

use mailslot_domain::Time;

use crate::lock::lock;
use crate::sys::running;

/// What a clock may drift between two looks without having been set.
const DRIFT: Duration = Duration::from_secs(1);

/// When this machine began to take part.
pub(crate) struct Clock {
    began: Duration,
    /// When that was by the wall clock, in milliseconds, as of the last look.
    last: Mutex<Option<i64>>,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { began: running(), last: Mutex::default() }
    }

    /// Returns when this machine began to take part, given that it is `now`; and by how many milliseconds the clock was
    /// set since the last look, if it was.
    pub(crate) fn look(&self, now: Time) -> (Time, Option<i64>) {
        self.looked(now, running())
    }

    fn looked(&self, now: Time, running: Duration) -> (Time, Option<i64>) {
        let passed = running.saturating_sub(self.began).as_millis();
        let start = i64::try_from(now.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_sub(i64::try_from(passed).unwrap_or(i64::MAX));
        let set = lock(&self.last).replace(start).map(|last| start.saturating_sub(last));
        (
            Time::from_millis(u64::try_from(start).unwrap_or_default()),
            set.filter(|set| Duration::from_millis(set.unsigned_abs()) > DRIFT),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_changes_the_start_and_one_that_goes_does_not() {
        let clock = Clock { began: Duration::from_secs(100), last: Mutex::default() };
        for (now, running, start, set) in [
            (1_000_000, 100, 1_000_000, None),
            (1_010_000, 110, 1_000_000, None),
            (1_020_400, 120, 1_000_400, None),
            (8_230_400, 130, 8_200_400, Some(7_200_000)),
            (1_040_000, 140, 1_000_000, Some(-7_200_400)),
            // By this clock the machine began before the epoch.
            (7, 150, 0, Some(-1_049_993)),
        ] {
            let looked = clock.looked(Time::from_millis(now), Duration::from_secs(running));
            assert_eq!(looked, (Time::from_millis(start), set));
        }
    }
}
