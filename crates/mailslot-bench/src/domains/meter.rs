//! The form of messages, and the counts of a receiver.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::run::Load;
use crate::scenario::now;

/// The number in messages that only test that the way is open.
pub(crate) const HELLO: u64 = u64::MAX;

/// Bytes of number and time, with which a message begins.
pub(crate) const LEAST: usize = 16;

/// Puts number and time into a message.
pub(crate) fn stamp(message: &mut [u8], number: u64) {
    if let Some((first, rest)) = message.split_first_chunk_mut::<8>()
        && let Some(second) = rest.first_chunk_mut::<8>()
    {
        *first = number.to_ne_bytes();
        *second = now().to_ne_bytes();
    }
}

fn read(message: &[u8]) -> Option<(u64, u64)> {
    let (number, rest) = message.split_first_chunk::<8>()?;
    Some((u64::from_ne_bytes(*number), u64::from_ne_bytes(*rest.first_chunk::<8>()?)))
}

/// The counts of a receiver.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) messages: u64,
    pub(crate) nanoseconds: u64,
    /// Numbers between the first and the last one that are missing.
    pub(crate) lost: u64,
    /// Nanoseconds from before each write; of paced messages only.
    pub(crate) latencies: Vec<u64>,
}

/// Counts the messages of a run.
pub(crate) struct Meter {
    load: Load,
    size: usize,
    /// When counting begins, and when it ends if a message has arrived by then; `None` before the first message.
    window: Option<(u64, u64)>,
    first: Option<u64>,
    last: u64,
    seen: Seen,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    Hello,
    More,
    /// The run is over for this receiver.
    Done,
}

impl Meter {
    pub(crate) fn new(load: Load, size: usize) -> Meter {
        Meter { load, size, window: None, first: None, last: 0, seen: Seen::default() }
    }

    /// Takes a message. One that is too short, out of order or of another size is not of this run.
    pub(crate) fn take(&mut self, message: &[u8]) -> Took {
        let Some((number, sent)) = read(message).filter(|_| message.len() == self.size) else { return Took::More };
        if number == HELLO {
            return Took::Hello;
        }
        let now = now();
        match self.load {
            Load::Flood { warm_up, time } => self.count(number, now, warm_up, time),
            Load::Paced { messages } => {
                self.seen.latencies.push(now.saturating_sub(sent));
                self.seen.messages += 1;
                if number + 1 >= messages { Took::Done } else { Took::More }
            }
            Load::Presences { .. } => Took::More,
        }
    }

    fn count(&mut self, number: u64, now: u64, warm_up: Duration, time: Duration) -> Took {
        let begin = now + warm_up.as_nanos() as u64;
        let (begin, end) = *self.window.get_or_insert((begin, begin + time.as_nanos() as u64));
        if now < begin {
            return Took::More;
        }
        if now >= end && self.seen.messages > 0 {
            self.seen.nanoseconds = end - begin;
            return Took::Done;
        }
        let first = *self.first.get_or_insert(number);
        self.last = self.last.max(number);
        self.seen.messages += 1;
        self.seen.lost = (self.last - first + 1).saturating_sub(self.seen.messages);
        if now < end {
            return Took::More;
        }
        // On a busy machine the receiver may not have run during a short window: that is a low rate, not 0.
        self.seen.nanoseconds = now - begin;
        Took::Done
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_come_is_lost() {
        let load = Load::Flood { warm_up: Duration::ZERO, time: Duration::from_secs(60) };
        let mut meter = Meter::new(load, LEAST);
        let mut message = [0; LEAST];
        for number in [HELLO, 5, 6, 9] {
            stamp(&mut message, number);
            let took = meter.take(&message);
            assert_eq!(took, if number == HELLO { Took::Hello } else { Took::More });
        }
        assert_eq!((meter.seen().messages, meter.seen().lost), (3, 2));
    }
}
