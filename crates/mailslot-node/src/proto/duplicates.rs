//! Telling a datagram that has come before from a new one.
//!
//! A datagram comes twice when the sender or this machine is attached to a segment twice, or the network makes copies.
//! It is known by the name of its sender and its DGM_ID, which the copies share, whatever address they come from. Its
//! content says nothing: who writes "door opened" twice means it.
//!
//! An id is remembered for a while, and only until 128 later ones of the same sender: fast senders come back to the
//! same id in less than the while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mailslot_wire::Name;

/// How long after a datagram a copy of it may come.
const WINDOW: Duration = Duration::from_secs(1);
/// How often senders that have fallen silent are forgotten, at most.
const SWEEP: Duration = Duration::from_secs(1);
/// Ids remembered of one sender.
const IDS: u16 = 128;

/// The ids that have come lately, by sender.
pub(super) struct Duplicates {
    senders: HashMap<Name, Sender>,
    max: usize,
    epoch: Instant,
    swept: Instant,
}

struct Sender {
    /// Each id has its place at id modulo [`IDS`].
    ids: Box<[Seen]>,
    last: Instant,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    id: u16,
    /// Milliseconds since `epoch`, and one; 0 is never.
    at: u32,
}

/// What is known about a datagram.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    New,
    Duplicate,
    /// There is no room to remember the sender.
    Unknown,
}

impl Duplicates {
    pub(super) fn new(max: usize, now: Instant) -> Duplicates {
        Duplicates { senders: HashMap::new(), max, epoch: now, swept: now }
    }

    /// Has this one come before? It has from now on.
    pub(super) fn check(&mut self, source: &Name, id: u16, now: Instant) -> Verdict {
        let millis = |time: Instant| {
            u32::try_from(time.saturating_duration_since(self.epoch).as_millis() & 0x7FFF_FFFF).unwrap_or(0)
        };
        let at = millis(now) + 1;
        let Some(sender) = self.senders.get_mut(source) else { return self.add(source, id, at, now) };
        sender.last = now;
        let Some(seen) = sender.ids.get_mut(usize::from(id % IDS)) else { return Verdict::Unknown };
        let window = u32::try_from(WINDOW.as_millis()).unwrap_or(u32::MAX);
        if seen.at != 0 && seen.id == id && at.wrapping_sub(seen.at) < window {
            return Verdict::Duplicate;
        }
        *seen = Seen { id, at };
        Verdict::New
    }

    pub(super) fn len(&self) -> usize {
        self.senders.len()
    }

    fn add(&mut self, source: &Name, id: u16, at: u32, now: Instant) -> Verdict {
        if self.senders.len() >= self.max && now >= self.swept + SWEEP {
            self.swept = now;
            self.senders.retain(|_, sender| now < sender.last + WINDOW);
        }
        if self.senders.len() >= self.max {
            return Verdict::Unknown;
        }
        let mut ids = vec![Seen::default(); usize::from(IDS)].into_boxed_slice();
        if let Some(seen) = ids.get_mut(usize::from(id % IDS)) {
            *seen = Seen { id, at };
        }
        self.senders.insert(source.clone(), Sender { ids, last: now });
        Verdict::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text, 0).expect("valid")
    }

    #[test]
    fn the_same_id_of_the_same_sender_is_a_duplicate_for_a_second() {
        let start = Instant::now();
        let mut duplicates = Duplicates::new(4, start);
        let a = name("A");
        assert_eq!(duplicates.check(&a, 7, start), Verdict::New);
        assert_eq!(duplicates.check(&name("B"), 7, start), Verdict::New);
        assert_eq!(duplicates.check(&a, 7, start + Duration::from_millis(999)), Verdict::Duplicate);
        assert_eq!(duplicates.check(&a, 8, start + Duration::from_millis(999)), Verdict::New);
        assert_eq!(duplicates.check(&a, 7, start + Duration::from_millis(1000)), Verdict::New);
    }

    #[test]
    fn a_fast_sender_may_come_back_to_an_id_at_once() {
        let start = Instant::now();
        let mut duplicates = Duplicates::new(4, start);
        for id in (0..=u16::MAX).chain(0..=u16::MAX) {
            assert_eq!(duplicates.check(&name("A"), id, start), Verdict::New);
        }
        assert_eq!(duplicates.check(&name("A"), u16::MAX - 100, start), Verdict::Duplicate);
    }

    #[test]
    fn senders_beyond_the_table_are_unknown_until_others_fall_silent() {
        let start = Instant::now();
        let mut duplicates = Duplicates::new(2, start);
        assert_eq!(duplicates.check(&name("A"), 1, start), Verdict::New);
        assert_eq!(duplicates.check(&name("B"), 1, start), Verdict::New);
        assert_eq!(duplicates.check(&name("C"), 1, start), Verdict::Unknown);
        assert_eq!(duplicates.check(&name("C"), 1, start + WINDOW), Verdict::New);
        assert_eq!(duplicates.len(), 1);
    }
}
