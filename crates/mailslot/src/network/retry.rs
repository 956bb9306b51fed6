//! Retrying failed reads of a slot.

use std::time::{Duration, Instant};

use crate::error::Error;

/// The pause after the first failed read, and the longest pause.
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// How long the same cause is not reported again.
const NEWS: Duration = Duration::from_secs(60);

/// When a node reads one of its slots again after a failure, and when it reports the failure. A failed read, for
/// example because of a full file system, has an outside cause that passes, so it must neither end the node nor keep it
/// busy.
#[derive(Debug, Default)]
pub struct Retry {
    pause: Option<Duration>,
    told: Option<(String, Instant)>,
}

/// How to handle a failed read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failed {
    /// How long to pause before the next read.
    pub pause: Duration,
    /// Whether to report this failure: the same cause is reported once a minute.
    pub is_news: bool,
}

impl Retry {
    /// Call after a failed read. Each further failure doubles the pause, from 10 ms up to a second.
    pub fn failed(&mut self, now: Instant, cause: &Error) -> Failed {
        let pause = self.pause.map_or(FIRST, |pause| (pause * 2).min(LONGEST));
        self.pause = Some(pause);
        let cause = cause.to_string();
        let is_news = self.told.as_ref().is_none_or(|(told, at)| *told != cause || *at + NEWS <= now);
        if is_news {
            self.told = Some((cause, now));
        }
        Failed { pause, is_news }
    }

    /// Call after a successful read: the pause of the next failure is the first again.
    pub fn worked(&mut self) {
        self.pause = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_start_anew_when_a_read_has_succeeded() {
        let (mut retry, now) = (Retry::default(), Instant::now());
        let mut pauses = |times| -> Vec<u128> {
            (0..times).map(|_| retry.failed(now, &Error::OutOfMemory).pause.as_millis()).collect()
        };
        assert_eq!(pauses(9), [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        retry.worked();
        assert_eq!(retry.failed(now, &Error::OutOfMemory).pause, FIRST);
    }

    #[test]
    fn a_cause_is_told_once_a_minute_however_often_it_comes_and_goes() {
        let (mut retry, now) = (Retry::default(), Instant::now());
        let mut news = |after, cause| {
            retry.worked();
            retry.failed(now + Duration::from_secs(after), cause).is_news
        };
        assert!(news(0, &Error::OutOfMemory));
        assert!((0..60).all(|second| !news(second, &Error::OutOfMemory)));
        assert!(news(60, &Error::OutOfMemory) && news(61, &Error::Damaged) && !news(62, &Error::Damaged));
    }
}
