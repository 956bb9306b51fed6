//! The streams that a receiver follows, in a bounded table.

use core::ops::RangeInclusive;
use std::collections::HashMap;
use std::time::Duration;

use ring::aead::LessSafeKey;

use crate::crypto::{KeyId, SessionId};
use crate::destination::Id;
use crate::envelope::Kind;
use crate::error::Refused;
use crate::limits::Limits;
use crate::time::Time;
use crate::window::{Gap, Window};

/// Identifies a stream, which has a separate sequence of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StreamId {
    pub(crate) session: SessionId,
    pub(crate) kind: Kind,
    pub(crate) to: Id,
}

/// The key derived for a stream; `None` in open domains.
pub(crate) type StreamKey = Option<(KeyId, LessSafeKey)>;

/// The streams that are followed.
#[derive(Debug)]
pub(crate) struct Streams {
    table: HashMap<StreamId, Stream>,
    limit: usize,
    /// Messages older than this are refused in any case, so a stream without newer ones can be removed.
    lifetime: Duration,
    /// The newest time of all removed streams. New streams must begin after it, so that no message of a removed stream
    /// is accepted again, however the clock is set.
    forgotten: Time,
    swept: Time,
}

#[derive(Debug)]
struct Stream {
    key: StreamKey,
    window: Window,
    newest: Time,
}

impl Streams {
    pub(crate) fn new(limits: &Limits, start: Time) -> Streams {
        Streams {
            table: HashMap::new(),
            limit: limits.streams,
            lifetime: limits.tolerance.saturating_mul(2),
            forgotten: Time::from_millis(0),
            swept: start,
        }
    }

    /// The stream's key, if it is this one.
    pub(crate) fn key(&self, id: &StreamId, key: KeyId) -> Option<&LessSafeKey> {
        let stream = self.table.get(id)?;
        stream.key.as_ref().filter(|(known, _)| *known == key).map(|(_, key)| key)
    }

    /// Accepts messages whose sender and time are authenticated, unless their numbers were seen before. `key` replaces
    /// the stream's key if it is `Some`.
    pub(crate) fn accept(
        &mut self,
        id: StreamId,
        numbers: RangeInclusive<u64>,
        time: Time,
        now: Time,
        key: StreamKey,
    ) -> Result<Gap, Refused> {
        if let Some(stream) = self.table.get_mut(&id) {
            let gap = stream.window.accept(numbers)?;
            stream.newest = stream.newest.max(time);
            if key.is_some() {
                stream.key = key;
            }
            return Ok(gap);
        }
        if self.forgotten > Time::from_millis(0) && time <= self.forgotten {
            return Err(Refused::TooOld);
        }
        self.make_room(now)?;
        self.table.insert(id, Stream { key, window: Window::new(numbers), newest: time });
        Ok(Gap::Opens(0))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    fn make_room(&mut self, now: Time) -> Result<(), Refused> {
        let full = self.table.len() >= self.limit;
        // A sweep visits every stream and takes long. When the table is full, it must not happen for each refused
        // message.
        let pause = if full { SWEEP_PAUSE.min(self.lifetime) } else { self.lifetime };
        if now.abs_diff(self.swept) >= pause {
            self.sweep(now);
        }
        if self.table.len() >= self.limit { Err(Refused::StreamsFull) } else { Ok(()) }
    }

    fn sweep(&mut self, now: Time) {
        self.swept = now;
        let (lifetime, forgotten) = (self.lifetime, &mut self.forgotten);
        self.table.retain(|_, stream| {
            let keep = stream.newest + lifetime >= now;
            if !keep {
                *forgotten = stream.newest.max(*forgotten);
            }
            keep
        });
        if self.table.len() < self.table.capacity() / 4 {
            self.table.shrink_to_fit();
        }
    }
}

/// The least time between two sweeps of a full table.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Domain;

    const START: Time = Time::from_millis(1_000_000_000);

    fn id(session: u8) -> StreamId {
        let address: mailslot::Address = "alerts".parse().expect("valid");
        let to = Domain::open("PLANT").and_then(|domain| domain.broadcast(address.slot())).expect("valid");
        StreamId { session: SessionId::new([session; 16]), kind: Kind::Message, to: to.id() }
    }

    fn streams() -> Streams {
        let limits = Limits { tolerance: Duration::from_secs(60), streams: 2, ..Limits::default() };
        Streams::new(&limits, START)
    }

    #[test]
    fn full_table_refuses_new_streams_until_old_ones_have_ended() {
        let mut streams = streams();
        let mut accept = |session, sequence, after| {
            let now = START + Duration::from_secs(after);
            streams.accept(id(session), sequence..=sequence, now, now, None)
        };
        assert_eq!(accept(1, 1, 0), Ok(Gap::Opens(0)));
        assert_eq!(accept(2, 1, 100), Ok(Gap::Opens(0)));
        assert_eq!(accept(3, 1, 120), Err(Refused::StreamsFull));
        assert_eq!(accept(1, 1, 120), Err(Refused::Replayed), "the old ones are still followed");
        assert_eq!(accept(3, 1, 122), Ok(Gap::Opens(0)), "the first has been silent for twice the tolerance");
        assert_eq!(accept(2, 3, 122), Ok(Gap::Opens(1)));
        assert_eq!(accept(4, 1, 122), Err(Refused::StreamsFull));
        assert_eq!(streams.len(), 2);
    }

    #[test]
    fn forgotten_streams_do_not_begin_again_even_if_the_clock_goes_back() {
        let mut streams = streams();
        let (early, late) = (START + Duration::from_secs(10), START + Duration::from_secs(1000));
        assert!(streams.accept(id(1), 1..=1, early, early, None).is_ok());
        assert!(streams.accept(id(2), 1..=1, late, late, None).is_ok());
        assert_eq!(streams.len(), 1);
        assert_eq!(streams.accept(id(1), 1..=1, early, early, None), Err(Refused::TooOld));
    }
}
