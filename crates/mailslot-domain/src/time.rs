//! Points in time, as in messages.

use core::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in milliseconds since the Unix epoch: of a message, or of the caller's clock.
///
/// `Display` writes it in the form of RFC 3339, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The time `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Time {
        Time(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Parses a time in the form of RFC 3339, in UTC: `2026-11-25T00:00:00Z`. `None` if it is none.
    pub fn parse(text: &str) -> Option<Time> {
        humantime::parse_rfc3339(text).ok().map(Time::from)
    }

    /// The time `duration` earlier, but not before the epoch.
    pub(crate) fn before(self, duration: Duration) -> Time {
        Time(self.0.saturating_sub(millis(duration)))
    }

    pub(crate) fn abs_diff(self, other: Time) -> Duration {
        Duration::from_millis(self.0.abs_diff(other.0))
    }
}

impl core::ops::Add<Duration> for Time {
    type Output = Time;

    fn add(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(millis(duration)))
    }
}

/// Times before the epoch become the epoch.
impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Time {
        Time(time.duration_since(UNIX_EPOCH).map_or(0, millis))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.min(LAST);
        write!(f, "{}", humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis)))
    }
}

/// Milliseconds of a duration.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The end of the year 9999, after which RFC 3339 has no times.
const LAST: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let text = "2026-11-25T00:00:00Z";
        let time = Time::parse(text).expect("valid");
        assert_eq!((time.as_millis(), time.to_string()), (1_795_564_800_000, text.to_owned()));
        assert_eq!(Time::from_millis(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
        for wrong in ["", "2026-11-25", "2026-11-25T00:00:00", "2026-11-25T00:00:00+01:00", "tomorrow"] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }
}
