//! The budgets that bound what the node answers, and which sources have precedence when they run short.
//!
//! Neighbours are the nodes on the node's own subnets and its name servers. They have a separate budget, which packets
//! from elsewhere cannot use up, whatever their address. Within it, each source has a share. A source that has been
//! quiet also has a small share of a reserve, which is used only when the budget is used up. A flood from few sources
//! spends only their shares. A flood that forges many sources spends the budget, and then one unit a second of the
//! reserve for each source.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::keyed::Keyed;
use crate::limits::{Bucket, Limiter, Limits, Rate};

/// Bytes of answer in one unit: the answer to a query costs one unit.
const UNIT: usize = 64;
/// A source's share of the reserve: one node status or some names at once, and then a name each second.
const QUIET: Rate = Rate { per_second: 1, burst: 10 };

/// What may still be answered, for each source and in total.
pub(super) struct AnswerBudget {
    neighbours: HashMap<Ipv4Addr, Neighbour>,
    max_neighbours: usize,
    swept: Instant,
    /// For neighbours that find no room in `neighbours`: the keyed hash of the address gives each its place, which it
    /// shares with some others. No sender can choose which.
    places: Box<[Neighbour]>,
    key: Keyed,
    total: Bucket,
    reserve: Bucket,
    others: Limiter,
}

#[derive(Clone)]
struct Neighbour {
    share: Bucket,
    quiet: Bucket,
}

impl AnswerBudget {
    pub(super) fn new(limits: &Limits, key: Keyed, now: Instant) -> AnswerBudget {
        let full = |rate| Bucket::full(rate, now);
        let neighbour = Neighbour { share: full(limits.answers_per_source), quiet: full(QUIET) };
        AnswerBudget {
            neighbours: HashMap::new(),
            max_neighbours: limits.rated_sources,
            swept: now,
            places: vec![neighbour; limits.rated_sources.max(1)].into_boxed_slice(),
            key,
            total: full(limits.answers),
            reserve: full(limits.answers_reserved),
            others: Limiter::new(limits.answers_per_source, limits.answers_elsewhere, limits.rated_sources, now),
        }
    }

    /// Takes the cost of an answer of `size` bytes from the budgets. Returns whether the answer may be sent.
    pub(super) fn take(
        &mut self,
        limits: &Limits,
        source: Ipv4Addr,
        is_neighbour: bool,
        size: usize,
        now: Instant,
    ) -> bool {
        let units = u32::try_from(size.div_ceil(UNIT)).unwrap_or(u32::MAX);
        if !is_neighbour {
            return self.others.take_units(limits.answers_elsewhere, source, units, now);
        }
        self.make_room(limits, source, now);
        let has_room = self.neighbours.len() < self.max_neighbours || self.neighbours.contains_key(&source);
        let neighbour = if has_room {
            let new =
                || Neighbour { share: Bucket::full(limits.answers_per_source, now), quiet: Bucket::full(QUIET, now) };
            self.neighbours.entry(source).or_insert_with(new)
        } else {
            let place = usize::try_from(self.key.hash(source) % self.places.len() as u64).unwrap_or_default();
            let Some(neighbour) = self.places.get_mut(place) else { return false };
            neighbour
        };
        neighbour.share.take(limits.answers_per_source, units, now)
            && (self.total.take(limits.answers, units, now)
                || neighbour.quiet.take(QUIET, units, now) && self.reserve.take(limits.answers_reserved, units, now))
    }

    /// How many neighbours, and how many sources elsewhere, have an entry.
    pub(super) fn len(&self) -> [usize; 2] {
        [self.neighbours.len(), self.others.len()]
    }

    /// If there is no room for `source`, removes neighbours whose shares are full again: a new entry would be the same.
    fn make_room(&mut self, limits: &Limits, source: Ipv4Addr, now: Instant) {
        let is_full = self.neighbours.len() >= self.max_neighbours;
        if !is_full || now < self.swept + SWEEP || self.neighbours.contains_key(&source) {
            return;
        }
        self.swept = now;
        self.neighbours.retain(|_, neighbour| {
            let is_full =
                neighbour.share.is_full(limits.answers_per_source, now) && neighbour.quiet.is_full(QUIET, now);
            !is_full
        });
    }
}

/// The least time between two removals of neighbours.
const SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let rate = |per_second| Rate { per_second, burst: per_second };
        Limits {
            answers_per_source: rate(50),
            answers: rate(20),
            answers_reserved: rate(100),
            answers_elsewhere: rate(10),
            rated_sources: 1024,
            ..Limits::default()
        }
    }

    fn taken(budget: &mut AnswerBudget, source: [u8; 4], is_neighbour: bool, size: usize, now: Instant) -> usize {
        let limits = limits();
        (0..200).filter(|_| budget.take(&limits, source.into(), is_neighbour, size, now)).count()
    }

    #[test]
    fn neighbours_have_a_budget_and_a_reserve_and_others_have_their_own() {
        let now = Instant::now();
        let mut budget = AnswerBudget::new(&limits(), Keyed::new([1, 2]), now);
        assert_eq!(taken(&mut budget, [198, 51, 100, 1], false, 62, now), 10);
        assert_eq!(taken(&mut budget, [192, 0, 2, 1], true, 62, now), 30);
        for quiet in 2..7 {
            assert_eq!(taken(&mut budget, [192, 0, 2, quiet], true, 62, now), 10);
        }
        // The budget is full again, and so is one unit of each source's share of the reserve, half of which is left.
        let later = now + Duration::from_secs(1);
        assert_eq!(taken(&mut budget, [192, 0, 2, 1], true, 62, later), 21);
        assert_eq!(taken(&mut budget, [198, 51, 100, 2], false, 62, later), 10);
    }

    #[test]
    fn who_finds_no_room_shares_a_place_until_quiet_ones_are_forgotten() {
        let now = Instant::now();
        let limits = Limits { rated_sources: 2, ..limits() };
        let mut budget = AnswerBudget::new(&limits, Keyed::new([1, 2]), now);
        for number in 0..20 {
            budget.take(&limits, [192, 0, 2, number].into(), true, 62, now);
            assert!(budget.len()[0] <= 2);
        }
        assert!(budget.take(&limits, [192, 0, 2, 20].into(), true, 62, now), "the reserve has some for each place");
        let later = now + Duration::from_secs(2);
        assert!(budget.take(&limits, [192, 0, 2, 21].into(), true, 62, later));
        assert_eq!(budget.len(), [1, 0]);
    }

    #[test]
    fn long_answers_cost_more_and_the_longest_one_is_within_what_the_quiet_have() {
        let now = Instant::now();
        let mut budget = AnswerBudget::new(&limits(), Keyed::new([1, 2]), now);
        assert_eq!(taken(&mut budget, [192, 0, 2, 1], true, 65, now), 10 + 5);
        assert_eq!(taken(&mut budget, [192, 0, 2, 2], true, 548, now), 1);
    }
}
