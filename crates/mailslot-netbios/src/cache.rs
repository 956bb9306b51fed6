//! A cache of the answers to earlier queries.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::Name;
use mailslot_wire::name_service::Claim;

use crate::context::Context;
use crate::counters::DropReason;
use crate::event::{QueryOutcome, Resolved};
use crate::query::End;

/// How long an answer is believed at most, as in Windows. Holders may appear and disappear without notice.
const TIME: Duration = Duration::from_secs(600);
/// The same for a node with several addresses: one of them may stop working while the others still work.
const TIME_OF_SEVERAL: Duration = Duration::from_secs(60);
/// How long it is believed that nobody holds a name, or that a node is at an address at which it has not answered.
const GUESS_TIME: Duration = Duration::from_secs(10);
/// How long a claim may take until the name is held and queries for it are answered: as long as nmbd takes.
const CLAIM_TIME: Duration = Duration::from_secs(5);
/// How many claims are remembered for that time.
const CLAIMS: usize = 64;

/// The holders of names, and names that nobody holds.
pub(super) struct Cache {
    names: HashMap<Name, Cached>,
    max: usize,
    /// Names that are being claimed: that nobody holds them is not cached.
    claims: VecDeque<(Name, Instant)>,
}

struct Cached {
    /// `None` if nobody holds the name.
    resolved: Option<Resolved>,
    until: Instant,
}

impl Cache {
    pub(super) fn new(max: usize) -> Cache {
        Cache { names: HashMap::new(), max, claims: VecDeque::new() }
    }

    pub(super) fn get(&self, name: &Name, now: Instant) -> Option<QueryOutcome> {
        let cached = self.names.get(name).filter(|cached| now < cached.until)?;
        Some(cached.resolved.clone().map_or(QueryOutcome::NotFound, QueryOutcome::Found))
    }

    /// Caches the outcome of a query, if it says something about the name.
    pub(super) fn remember(&mut self, name: &Name, end: &End, context: &mut Context<'_>) {
        let (resolved, most) = match &end.outcome {
            QueryOutcome::Found(resolved) if end.is_guess => (Some(resolved.clone()), GUESS_TIME),
            QueryOutcome::Found(resolved) if resolved.holders.len() > 1 => (Some(resolved.clone()), TIME_OF_SEVERAL),
            QueryOutcome::Found(resolved) => (Some(resolved.clone()), TIME),
            QueryOutcome::NotFound if self.is_claimed(name, context.now) => return,
            QueryOutcome::NotFound => (None, GUESS_TIME),
            QueryOutcome::NoServer | QueryOutcome::Busy => return,
        };
        let time = if end.ttl == 0 { most } else { most.min(Duration::from_secs(end.ttl.into())) };
        if self.names.len() >= self.max {
            self.names.retain(|_, cached| context.now < cached.until);
        }
        if self.names.len() >= self.max && !self.names.contains_key(name) {
            return context.outbox.counters.drop(DropReason::CacheRoom);
        }
        self.names.insert(name.clone(), Cached { resolved, until: context.now + time });
    }

    /// The holder at `address` no longer has the name.
    pub(super) fn forget(&mut self, name: &Name, address: Ipv4Addr) {
        let of_holder = |cached: &Cached| {
            cached.resolved.as_ref().is_some_and(|found| found.holders.iter().any(|holder| holder.address == address))
        };
        if self.names.get(name).is_some_and(of_holder) {
            self.names.remove(name);
        }
    }

    /// A node claims or refreshes a name. A cached answer that contradicts this may be out of date and is removed.
    pub(super) fn claimed(&mut self, claim: &Claim, now: Instant) {
        let same = |cached: &Cached| {
            cached.resolved.as_ref().is_some_and(|found| {
                let holder = found.holders.iter().find(|holder| holder.address == claim.holder.address);
                holder.is_some_and(|holder| holder.flags.is_group() == claim.holder.flags.is_group())
            })
        };
        if self.names.get(&claim.name).is_some_and(|cached| !same(cached)) {
            self.names.remove(&claim.name);
        }
        self.claims.retain(|(name, until)| now < *until && *name != claim.name);
        if self.claims.len() == CLAIMS {
            self.claims.pop_front();
        }
        self.claims.push_back((claim.name.clone(), now + CLAIM_TIME));
    }

    pub(super) fn remove(&mut self, name: &Name) {
        self.names.remove(name);
    }

    pub(super) fn clear(&mut self) {
        self.names.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    fn is_claimed(&self, name: &Name, now: Instant) -> bool {
        self.claims.iter().any(|(claimed, until)| claimed == name && now < *until)
    }
}
