//! When to claim a name again that another node has: that node may be gone by then, or may have lied.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::event::RefusedBy;

/// The least time between two checks or claims that packets of other nodes cause.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// About how long after the first refusal a name is claimed again; after each further refusal twice as long.
const RECLAIM: Duration = Duration::from_secs(10);
/// How often the time doubles: up to 640 s, about as long as an answer about the other node may be cached.
const RECLAIM_DOUBLINGS: u32 = 6;
/// About how long after its holder's release a name is claimed; random, as other nodes may claim it too.
const AFTER_RELEASE: Duration = Duration::from_secs(1);

/// What is known about other holders of the name.
#[derive(Default)]
pub(super) struct Reclaim {
    /// When a packet of another node last caused a check or claim.
    checked_at: Option<Instant>,
    /// How often the name has been refused since the node last held it.
    refusals: u32,
    /// The node that has it instead, unless a server refused the name.
    holder: Option<Ipv4Addr>,
}

impl Reclaim {
    /// The node to ask before a claim, as a claim is a broadcast to all nodes.
    pub(super) fn holder(&self) -> Option<Ipv4Addr> {
        self.holder
    }

    /// Whether a packet of another node may cause a check or claim now. If so, it counts as done.
    pub(super) fn may_ask(&mut self, now: Instant) -> bool {
        let may = self.checked_at.is_none_or(|at| at + CHECK_INTERVAL <= now);
        if may {
            self.checked_at = Some(now);
        }
        may
    }

    /// The name is refused. Returns when to claim it again.
    pub(super) fn refused(&mut self, by: RefusedBy, context: &mut Context<'_>) -> Instant {
        let time = RECLAIM * (1 << self.refusals.min(RECLAIM_DOUBLINGS));
        self.refusals += 1;
        self.holder = if let RefusedBy::Node(holder) = by { Some(holder) } else { None };
        context.now + context.outbox.about(time)
    }

    /// The holder has released the name. Returns when to claim it.
    pub(super) fn released(&mut self, context: &mut Context<'_>) -> Instant {
        (self.refusals, self.holder) = (0, None);
        context.now + context.outbox.about(AFTER_RELEASE)
    }

    /// The node holds the name.
    pub(super) fn held(&mut self) {
        self.refusals = 0;
    }
}
