//! Recognises copies of datagrams that were received before.
//!
//! A datagram arrives twice when the sender or this machine is attached to a segment twice, or when the network makes
//! copies. The copies agree in everything except addresses: the sender's name and DGM_ID, the destination, and the
//! content. Name and id alone do not identify a copy: any sender can forge them, and some senders give all datagrams
//! one id. Nor does the content alone: a program that writes "door opened" twice means it. If a sender gives all
//! datagrams one id, equal ones within a second are taken for copies.
//!
//! A datagram from near is not taken for a copy of one from elsewhere: otherwise a forger that knows the content could
//! suppress the real datagram by sending it first, under another address. The reverse is a copy: a relay, or a second
//! address of the sender, may repeat from elsewhere what came from near.
//!
//! A datagram is remembered for a second, and for at most 32,768 later ones: a fast sender of equal messages, which
//! reuses an id after 65,536 of them, is not taken to repeat itself.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem;
use std::time::{Duration, Instant};

use crate::keyed::Keyed;

/// How long after a datagram a copy of it is recognised.
const WINDOW: Duration = Duration::from_secs(1);

/// Hashes of the latest datagrams: at most `max`, and at least half of that once so many have arrived.
pub(super) struct Duplicates {
    key: Keyed,
    latest: Seen,
    /// Those before `latest`.
    earlier: Seen,
    max: usize,
    /// When the first datagram arrived, from which [`Last`] counts.
    start: Option<Instant>,
}

type Seen = HashMap<u64, Last, BuildHasherDefault<AsItIs>>;

/// When a datagram was last delivered, and whether it came from near. Small, because looking for one among thousands is
/// as fast as they fit into the processor's cache.
#[derive(Clone, Copy)]
struct Last {
    /// Milliseconds since the first one, which begin anew after 49 days.
    millis: u32,
    is_near: bool,
}

impl Duplicates {
    /// Remembers at most `max` datagrams, and never more than 32,768.
    pub(super) fn new(max: usize, key: Keyed) -> Duplicates {
        Duplicates { key, latest: Seen::default(), earlier: Seen::default(), max: max.min(MAX_IDS), start: None }
    }

    /// Whether this datagram is new. From now on it is not.
    pub(super) fn is_new(&mut self, datagram: impl Hash, is_near: bool, now: Instant) -> bool {
        let hash = self.key.hash(datagram);
        let seen = self.latest.get(&hash).or_else(|| self.earlier.get(&hash));
        let since = now.saturating_duration_since(*self.start.get_or_insert(now));
        let millis = since.as_millis() as u32;
        let passed = |last: &Last| Duration::from_millis(millis.wrapping_sub(last.millis).into());
        let is_copy = |last: &Last| passed(last) < WINDOW && (last.is_near || !is_near);
        if seen.is_some_and(is_copy) {
            return false;
        }
        if self.latest.len() >= (self.max / 2).max(1) {
            self.earlier.clear();
            mem::swap(&mut self.latest, &mut self.earlier);
        }
        self.latest.insert(hash, Last { millis, is_near });
        true
    }

    pub(super) fn len(&self) -> usize {
        self.latest.len() + self.earlier.len()
    }
}

/// Half of all ids: see the module's documentation.
const MAX_IDS: usize = 1 << 15;

/// The hasher of the maps, whose keys are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not called: the keys are `u64`.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash << 8 ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicates(max: usize) -> Duplicates {
        Duplicates::new(max, Keyed::new([1, 2]))
    }

    #[test]
    fn only_what_is_equal_in_all_is_a_copy_and_for_a_second() {
        let start = Instant::now();
        let mut duplicates = duplicates(100);
        let millis = Duration::from_millis;
        assert!(duplicates.is_new(("A", 7, "text"), true, start));
        for other in [("B", 7, "text"), ("A", 8, "text"), ("A", 7, "other")] {
            assert!(duplicates.is_new(other, true, start + millis(1)), "{other:?}");
        }
        assert!(!duplicates.is_new(("A", 7, "text"), true, start + millis(999)));
        assert!(duplicates.is_new(("A", 7, "text"), true, start + millis(1000)));
    }

    #[test]
    fn what_comes_from_elsewhere_is_a_copy_of_what_came_from_near_and_not_the_reverse() {
        let start = Instant::now();
        let delivered = |comes: &[bool]| {
            let mut duplicates = duplicates(100);
            comes.iter().filter(|is_near| duplicates.is_new("text", **is_near, start)).count()
        };
        for (comes, number) in
            [(vec![true, true, false, true, false], 1), (vec![false, false], 1), (vec![false, true, false, true], 2)]
        {
            assert_eq!(delivered(&comes), number, "{comes:?}");
        }
    }

    #[test]
    fn a_fast_sender_of_equal_messages_may_come_back_to_an_id_at_once() {
        let start = Instant::now();
        let mut duplicates = duplicates(usize::MAX);
        for id in (0..=u16::MAX).chain(0..=u16::MAX) {
            assert!(duplicates.is_new(("A", id), true, start));
        }
        assert!(!duplicates.is_new(("A", u16::MAX - 100), true, start));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_latest_half_stays() {
        for max in [1, 2, 3, 100] {
            let start = Instant::now();
            let mut duplicates = duplicates(max);
            for number in 0..1000 {
                assert!(duplicates.is_new(number, true, start));
                assert!(duplicates.len() <= max.max(2), "{} of {max}", duplicates.len());
                let half = i32::try_from(max / 2).unwrap_or(0).max(1);
                assert!((0..half.min(number + 1)).all(|back| !duplicates.is_new(number - back, true, start)));
            }
        }
    }
}
