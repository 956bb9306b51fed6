//! What is known about names from earlier answers.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::Name;

use crate::context::Context;
use crate::counters::Drop;
use crate::event::{Outcome, Resolved};

/// How long an answer is believed at most; Windows's figure. Holders come and go without a word.
const TIME: Duration = Duration::from_secs(600);
/// How long it is believed that nobody holds a name.
const NEGATIVE_TIME: Duration = Duration::from_secs(10);

/// The holders of names, and names that nobody holds.
pub(super) struct Cache {
    names: HashMap<Name, Cached>,
    max: usize,
}

struct Cached {
    /// Nothing if nobody holds the name.
    resolved: Option<Resolved>,
    until: Instant,
}

impl Cache {
    pub(super) fn new(max: usize) -> Cache {
        Cache { names: HashMap::new(), max }
    }

    pub(super) fn get(&self, name: &Name, now: Instant) -> Option<Outcome<Resolved>> {
        let cached = self.names.get(name).filter(|cached| now < cached.until)?;
        Some(cached.resolved.clone().map_or(Outcome::NotFound, Outcome::Found))
    }

    /// Remembers what became of a query, if that says something about the name. `ttl` is in seconds, 0 for ever.
    pub(super) fn remember(&mut self, name: &Name, outcome: &Outcome<Resolved>, ttl: u32, context: &mut Context<'_>) {
        let (resolved, time) = match outcome {
            Outcome::Found(resolved) if ttl == 0 => (Some(resolved.clone()), TIME),
            Outcome::Found(resolved) => (Some(resolved.clone()), TIME.min(Duration::from_secs(ttl.into()))),
            Outcome::NotFound => (None, NEGATIVE_TIME),
            Outcome::NoServer | Outcome::Busy => return,
        };
        if self.names.len() >= self.max {
            self.names.retain(|_, cached| context.now < cached.until);
        }
        if self.names.len() >= self.max && !self.names.contains_key(name) {
            return context.outbox.counters.drop(Drop::CacheRoom);
        }
        self.names.insert(name.clone(), Cached { resolved, until: context.now + time });
    }

    /// The holder at `address` has the name no longer.
    pub(super) fn forget(&mut self, name: &Name, address: Ipv4Addr) {
        let of_holder = |cached: &Cached| {
            cached.resolved.as_ref().is_some_and(|found| found.holders.iter().any(|holder| holder.address == address))
        };
        if self.names.get(name).is_some_and(of_holder) {
            self.names.remove(name);
        }
    }

    pub(super) fn remove(&mut self, name: &Name) {
        self.names.remove(name);
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}
