//! The limits of a node: how much it keeps, and how much it answers.
//!
//! **Answers.** No answer is longer than its request, except those that have no shorter form that peers understand:
//!
//! | to | bytes | answer | bytes |
//! |---|---|---|---|
//! | a name query | 50 | positive | 62, and to a unicast query 6 for each further address of this node |
//! | | | negative: only to a unicast query, from nodes with name servers | 56 |
//! | a node status request | 50 | the node's names | 103 and 18 for each name, at most 548 |
//! | a claim or refresh of a name | 68 | an objection | 62 |
//! | a unicast datagram | 83 and more | the name is not present | 11 |
//!
//! All lengths are those of UDP payloads without a scope, which lengthens both sides equally. Nothing else is answered,
//! and no broadcast gets a negative answer. Other nodes can make the node check one of its names by broadcast, but at
//! most once in ten seconds.
//!
//! Answers are taken from budgets per source and in total, one unit for each 64 bytes or part of them. Forged source
//! addresses therefore cannot make the node flood others: it sends at most 64 KB a second elsewhere, and 768 KB on its
//! own subnets. Sources elsewhere cannot use up the budget of the node's subnets. Node status requests and queries for
//! `*`, which need no knowledge of a name, are answered only on the node's own subnets.
//!
//! **Messages.** The node keeps no received messages; the slots bound their own memory. The budget bounds the processor
//! time that one sender can use.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Bounds of tables, in entries unless stated otherwise, and rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Limits {
    /// Packets waiting to be sent.
    pub transmits: usize,
    /// Events waiting for [`Node::poll_event`](crate::Node::poll_event).
    pub events: usize,
    /// Queries in progress; as many node status requests in addition.
    pub queries: usize,
    /// Names whose holders, or absence, are remembered.
    pub cached_names: usize,
    /// Holders remembered of one name.
    pub holders: usize,
    /// Messages waiting for their destination to be found.
    pub waiting_messages: usize,
    /// Unfinished datagrams from the node's own subnets and name servers; as many in addition from elsewhere.
    pub unfinished: usize,
    /// Unfinished datagrams of one source address.
    pub unfinished_per_source: usize,
    /// Bytes of all unfinished datagrams from the node's own subnets and name servers; as many in addition from
    /// elsewhere.
    pub unfinished_bytes: usize,
    /// Datagrams that are remembered, to recognise copies: at most 32,768, whatever is set.
    pub remembered_datagrams: usize,
    /// Sources with a separate budget; sources beyond the limit share.
    pub rated_sources: usize,
    /// Answers to one source, in units of 64 bytes.
    pub answers_per_source: Rate,
    /// Answers to the node's own subnets and name servers, in units of 64 bytes.
    pub answers: Rate,
    /// Answers beyond `answers`, to sources there that have been quiet: one unit a second to each, 10 at once.
    pub answers_reserved: Rate,
    /// Answers to all other sources, in units of 64 bytes.
    pub answers_elsewhere: Rate,
    /// Messages of one source.
    pub messages_per_source: Rate,
    /// Messages in total.
    pub messages: Rate,
}

/// A rate, of a token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// Units per second, in the long run.
    pub per_second: u32,
    /// Units at once, after a quiet period.
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

/// Token buckets: one for each source and one in total. A node limits the work for packets with them; an embedding
/// program may limit the work for users or computers.
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
    /// Shared by sources that find no room in `sources`.
    others: Bucket,
    total: Bucket,
    per_source: Rate,
    max_sources: usize,
    swept: Instant,
}

/// What is left of a rate.
#[derive(Clone)]
pub(crate) struct Bucket {
    /// In billionths of a unit.
    left: u64,
    filled: Instant,
}

/// The least time between two removals of full buckets.
const SWEEP: Duration = Duration::from_secs(1);
const WHOLE: u64 = 1_000_000_000;

impl<S: Eq + Hash> Limiter<S> {
    /// Full buckets. When `max_sources` sources have buckets that are not full again, all further sources share one
    /// bucket.
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

    /// Takes one unit from the source's bucket and from the total. Returns `false` if one of them has none left: the
    /// caller must then not act.
    pub fn take(&mut self, total: Rate, source: S, now: Instant) -> bool {
        self.take_units(total, source, 1, now)
    }

    /// Takes `units` units from the source's bucket and from the total. Returns `false` if one of them has too few
    /// left.
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

    /// Removes full buckets: a new bucket would be the same.
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

    /// Takes `units` units if they are left. If the burst is smaller, a full bucket suffices.
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
