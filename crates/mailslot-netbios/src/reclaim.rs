//! When a name that another node has is claimed again: that node may be gone by then, or have lied.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::event::RefusedBy;

/// The least time between two checks, or claims, that strangers make the node do.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// About when a name that another node has is claimed again; each time it is refused, after twice as long.
const RECLAIM: Duration = Duration::from_secs(10);
/// How often the time doubles: up to 640 s, which is as long as an answer about the other node may be remembered.
const RECLAIM_DOUBLINGS: u32 = 6;
/// About how long after its holder has given a name up it is claimed: others may want it, too.
const AFTER_RELEASE: Duration = Duration::from_secs(1);

/// What is known of others that have the name.
#[derive(Default)]
pub(super) struct Reclaim {
    /// When what strangers said has made the node ask.
    checked_at: Option<Instant>,
    /// How often the name has been refused since the node had it.
    refusals: u32,
    /// Who has it instead, if it is not a server that says so.
    holder: Option<Ipv4Addr>,
}

impl Reclaim {
    /// Whom to ask first, because a claim would trouble everybody.
    pub(super) fn holder(&self) -> Option<Ipv4Addr> {
        self.holder
    }

    /// May what strangers say make the node claim the name now? If so, it counts as done.
    pub(super) fn may_ask(&mut self, now: Instant) -> bool {
        let may = self.checked_at.is_none_or(|at| at + CHECK_INTERVAL <= now);
        if may {
            self.checked_at = Some(now);
        }
        may
    }

    /// The name is refused. When is it to be claimed again?
    pub(super) fn refused(&mut self, by: RefusedBy, context: &mut Context<'_>) -> Instant {
        let time = RECLAIM * (1 << self.refusals.min(RECLAIM_DOUBLINGS));
        self.refusals += 1;
        self.holder = if let RefusedBy::Node(holder) = by { Some(holder) } else { None };
        context.now + context.outbox.about(time)
    }

    /// Its holder has given the name up. When is it to be claimed?
    pub(super) fn released(&mut self, context: &mut Context<'_>) -> Instant {
        (self.refusals, self.holder) = (0, None);
        context.now + context.outbox.about(AFTER_RELEASE)
    }

    /// The name is the node's.
    pub(super) fn held(&mut self) {
        self.refusals = 0;
    }
}
