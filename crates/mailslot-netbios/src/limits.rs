//! How much a node keeps, and how much it answers.
//!
//! **Answers.** No answer is longer than what it answers, but for those which have no shorter form that peers understand:
//!
//! | to | bytes | answer | bytes |
//! |---|---|---|---|
//! | a name query | 50 | the name is here | 62, and 6 for each further address of this node, to unicast |
//! | | | it is not: to unicast, from nodes with name servers | 56 |
//! | a node status request | 50 | the node's names | 103 and 18 for each name, at most 548 |
//! | a claim or refresh of a name | 68 | an objection | 62 |
//! | a datagram to this node alone | 83 and more | there is no such name here | 11 |
//!
//! All lengths are those of UDP payloads without a scope, which lengthens both sides alike. Nothing else is answered, no
//! broadcast gets a negative answer, and what strangers can make the node ask by broadcast (is this name mine still?) it
//! asks once in ten seconds.
//!
//! Answers come out of a budget, one unit for each 64 bytes that are begun, per source and in total, so that a forged source
//! address cannot make the node a loud one: it sends 64 KB a second elsewhere, and 768 KB on its own subnets. What strangers
//! elsewhere use up is not missing on the node's subnets. Node status, and queries for `*`, which take no knowledge to ask, are
//! answered on the node's own subnets only.
//!
//! **Messages.** The node keeps none; what the slots behind it take is theirs. The budget bounds how much of the
//! machine's time one sender can take.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Bounds of tables, in entries, and rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Limits {
    /// Packets waiting to be sent.
    pub transmits: usize,
    /// Events waiting to be taken.
    pub events: usize,
    /// Queries and node status requests under way.
    pub queries: usize,
    /// Names whose holders, or absence, are remembered.
    pub cached_names: usize,
    /// Holders remembered of one name.
    pub holders: usize,
    /// Messages waiting for their destination to be found.
    pub waiting_messages: usize,
    /// Unfinished datagrams of own subnets; as many again of all others.
    pub unfinished: usize,
    /// Unfinished datagrams of one source address.
    pub unfinished_per_source: usize,
    /// Bytes of all unfinished datagrams of own subnets; as many again of all others.
    pub unfinished_bytes: usize,
    /// Datagrams that are remembered, to know their copies: 32,768 at most, whatever is set.
    pub remembered_datagrams: usize,
    /// Sources with a budget of their own; those beyond share one.
    pub rated_sources: usize,
    /// Answers to one source, in units of 64 bytes.
    pub answers_per_source: Rate,
    /// Answers to own subnets and name servers, in units of 64 bytes.
    pub answers: Rate,
    /// Answers beyond those, to such of them as have been quiet: one unit a second to each, 10 at once.
    pub answers_reserved: Rate,
    /// Answers to all others.
    pub answers_elsewhere: Rate,
    /// Messages of one source.
    pub messages_per_source: Rate,
    /// Messages in total.
    pub messages: Rate,
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// Times per second, in the long run.
    pub per_second: u32,
    /// Times at once, after a quiet while.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            transmits: 4096,
            events: 4096,
            queries: 256,
            cached_names: 1024,
            holders: 64,
            waiting_messages: 256,
            unfinished: 256,
            unfinished_per_source: 4,
            unfinished_bytes: 512 * 1024,
            remembered_datagrams: 16_384,
            rated_sources: 8192,
            answers_per_source: Rate { per_second: 50, burst: 100 },
            answers: Rate { per_second: 2_000, burst: 2_000 },
            answers_reserved: Rate { per_second: 10_000, burst: 10_000 },
            answers_elsewhere: Rate { per_second: 1_000, burst: 1_000 },
            messages_per_source: Rate { per_second: 500_000, burst: 500_000 },
            messages: Rate { per_second: 2_000_000, burst: 2_000_000 },
        }
    }
}

/// Token buckets: one for each source and one for all. A node limits with them what it does for packets; an embedding may
/// limit with them what it does for users or computers.
///
/// ```
/// # use std::time::Instant;
/// use mailslot_netbios::limits::{Limiter, Rate};
///
/// let total = Rate { per_second: 10, burst: 10 };
/// let mut limiter = Limiter::new(Rate { per_second: 1, burst: 2 }, total, 100, Instant::now());
/// let taken = [(); 3].map(|()| limiter.take(total, "SRV1", Instant::now()));
/// assert_eq!(taken, [true, true, false]);
/// ```
pub struct Limiter<S = Ipv4Addr> {
    sources: HashMap<S, Bucket>,
    /// What sources share that find no room in `sources`.
    others: Bucket,
    total: Bucket,
    per_source: Rate,
    max_sources: usize,
    swept: Instant,
}

/// What is left of a rate.
#[derive(Clone)]
pub(crate) struct Bucket {
    /// Billionths of units that are left.
    left: u64,
    filled: Instant,
}

/// How often buckets of quiet sources are thrown away, at most.
const SWEEP: Duration = Duration::from_secs(1);
const WHOLE: u64 = 1_000_000_000;

impl<S: Eq + Hash> Limiter<S> {
    /// Full buckets. Beyond `max_sources` sources that are not full again, all others share one bucket.
    pub fn new(per_source: Rate, total: Rate, max_sources: usize, now: Instant) -> Limiter<S> {
        Limiter {
            sources: HashMap::new(),
            others: Bucket::full(per_source, now),
            total: Bucket::full(total, now),
            per_source,
            max_sources,
            swept: now,
        }
    }

    /// Takes one unit, if source and total allow it. Otherwise `false`, and it must not be done.
    pub fn take(&mut self, total: Rate, source: S, now: Instant) -> bool {
        self.take_units(total, source, 1, now)
    }

    /// Takes so many units, if source and total allow it.
    pub(crate) fn take_units(&mut self, total: Rate, source: S, units: u32, now: Instant) -> bool {
        let rate = self.per_source;
        if let Some(bucket) = self.sources.get_mut(&source) {
            return bucket.take(rate, units, now) && self.total.take(total, units, now);
        }
        self.make_room(now);
        let bucket = if self.sources.len() < self.max_sources {
            self.sources.entry(source).or_insert_with(|| Bucket::full(rate, now))
        } else {
            &mut self.others
        };
        bucket.take(rate, units, now) && self.total.take(total, units, now)
    }

    pub(crate) fn len(&self) -> usize {
        self.sources.len()
    }

    /// A bucket that is full again says nothing about its source.
    fn make_room(&mut self, now: Instant) {
        if self.sources.len() < self.max_sources || now < self.swept + SWEEP {
            return;
        }
        self.swept = now;
        let rate = self.per_source;
        self.sources.retain(|_, bucket| !bucket.is_full(rate, now));
    }
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Instant) -> Bucket {
        Bucket { left: rate.capacity(), filled: now }
    }

    /// Takes so many units if they are left; of a rate that never has so many, all that it has at once.
    pub(crate) fn take(&mut self, rate: Rate, units: u32, now: Instant) -> bool {
        self.fill(rate, now);
        let Some(left) = self.left.checked_sub(u64::from(units.min(rate.burst)) * WHOLE) else { return false };
        self.left = left;
        true
    }

    pub(crate) fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.left >= rate.capacity()
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        if now <= self.filled {
            return;
        }
        let passed = now.saturating_duration_since(self.filled);
        let nanos = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        self.left = nanos.saturating_mul(rate.per_second.into()).saturating_add(self.left).min(rate.capacity());
        self.filled = now;
    }
}

impl Rate {
    fn capacity(self) -> u64 {
        u64::from(self.burst) * WHOLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
    const PLENTY: Rate = Rate { per_second: 1000, burst: 1000 };

    fn taken(limiter: &mut Limiter, total: Rate, source: Ipv4Addr, now: Instant) -> usize {
        (0..100).filter(|_| limiter.take(total, source, now)).count()
    }

    #[test]
    fn a_source_gets_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut limiter = Limiter::new(Rate { per_second: 10, burst: 5 }, PLENTY, 8, start);
        assert_eq!(taken(&mut limiter, PLENTY, A, start), 5);
        assert_eq!(taken(&mut limiter, PLENTY, B, start), 5);
        assert_eq!(taken(&mut limiter, PLENTY, A, start + Duration::from_millis(250)), 2);
        assert_eq!(taken(&mut limiter, PLENTY, A, start + Duration::from_millis(300)), 1);
    }

    #[test]
    fn all_sources_together_get_no_more_than_the_total() {
        let start = Instant::now();
        let total = Rate { per_second: 1, burst: 7 };
        let mut limiter = Limiter::new(Rate { per_second: 5, burst: 5 }, total, 8, start);
        assert_eq!(taken(&mut limiter, total, A, start) + taken(&mut limiter, total, B, start), 7);
    }

    #[test]
    fn sources_beyond_the_table_share_one_bucket() {
        let start = Instant::now();
        let mut limiter = Limiter::new(Rate { per_second: 5, burst: 5 }, PLENTY, 8, start);
        let all: usize = (0..200).map(|n| taken(&mut limiter, PLENTY, Ipv4Addr::new(10, 0, 0, n), start)).sum();
        assert_eq!((all, limiter.len()), (9 * 5, 8));
        let later = start + Duration::from_secs(2);
        assert_eq!(taken(&mut limiter, PLENTY, Ipv4Addr::new(10, 0, 0, 100), later), 5);
        assert_eq!(limiter.len(), 1);
    }
}
