//! How long to wait.

use std::time::{Duration, Instant};

/// How long to wait. Every function that waits takes this or a [`Duration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Timeout {
    /// Not at all.
    Zero,
    /// This long.
    After(Duration),
    /// Without limit.
    #[default]
    Forever,
}

impl From<Duration> for Timeout {
    fn from(duration: Duration) -> Timeout {
        Timeout::After(duration)
    }
}

impl Timeout {
    /// The end of a wait that begins now; `None` if it never ends, or ends after the latest time that can be
    /// represented.
    pub(crate) fn deadline(self) -> Option<Instant> {
        match self {
            Timeout::Zero => Some(Instant::now()),
            Timeout::After(time) => Instant::now().checked_add(time),
            Timeout::Forever => None,
        }
    }

    /// The rest of this timeout until `deadline`, which must be the one made from it.
    pub(crate) fn left(self, deadline: Option<Instant>) -> Timeout {
        match (self, deadline) {
            (Timeout::After(_), Some(end)) => Timeout::After(end.saturating_duration_since(Instant::now())),
            (timeout, _) => timeout,
        }
    }

    /// As a duration; `Forever` is the longest one.
    pub(crate) fn to_duration(self) -> Duration {
        match self {
            Timeout::Zero => Duration::ZERO,
            Timeout::After(time) => time,
            Timeout::Forever => Duration::MAX,
        }
    }

    /// From milliseconds as Win32 has them: `0xFFFF_FFFF` (`MAILSLOT_WAIT_FOREVER`) is for ever.
    pub fn from_win32_millis(millis: u32) -> Timeout {
        match millis {
            0 => Timeout::Zero,
            u32::MAX => Timeout::Forever,
            millis => Timeout::After(Duration::from_millis(millis.into())),
        }
    }

    /// In milliseconds as Win32 has them, rounded up; times above 49.7 days become the longest one below for ever.
    pub fn to_win32_millis(self) -> u32 {
        match self {
            Timeout::Zero => 0,
            Timeout::Forever => u32::MAX,
            Timeout::After(time) => {
                let millis = time.as_nanos().div_ceil(1_000_000);
                u32::try_from(millis).map_or(u32::MAX - 1, |millis| millis.min(u32::MAX - 1))
            }
        }
    }
}
