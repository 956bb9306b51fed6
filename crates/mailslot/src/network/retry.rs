//! Reading a slot again that could not be read.

use std::time::{Duration, Instant};

use crate::error::Error;

/// The first pause after a read that has failed, and the longest.
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// How long after a cause was told it is news again.
const NEWS: Duration = Duration::from_secs(60);

/// When a node reads a slot of its own again, and what it tells of that. What keeps a read from succeeding, such as a full file
/// system, is somebody else's doing and passes: it must not end the node, and not keep it busy either.
#[derive(Debug, Default)]
pub struct Retry {
    pause: Option<Duration>,
    told: Option<(String, Instant)>,
}

/// What to do about a read that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failed {
    /// How long to leave the slot alone.
    pub pause: Duration,
    /// Whether this is to be told: the same cause is so once a minute.
    pub is_news: bool,
}

impl Retry {
    /// A read has failed. Each further failure makes the pause twice as long, from 10 ms up to a second.
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

    /// A read has succeeded: the next failure is the first again.
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
