//! Repeats a request until it is answered or the tries are used up.

use std::time::{Duration, Instant};

/// How long to wait after a broadcast (BCAST_REQ_RETRY_TIMEOUT).
pub(super) const BROADCAST_TIMEOUT: Duration = Duration::from_millis(250);
/// How long to wait for an answer of one node. RFC 1002 has 5 s (UCAST_REQ_RETRY_TIMEOUT); Windows waits 1.5 s, and a
/// server that needs longer sends a WACK (MS-NBTE).
pub(super) const UNICAST_TIMEOUT: Duration = Duration::from_millis(1500);
/// How often a request is sent (BCAST_REQ_RETRY_COUNT, UCAST_REQ_RETRY_COUNT).
const COUNT: usize = 3;

/// A request that has been sent at least once.
#[derive(Clone, Debug)]
pub(super) struct Retry {
    /// NAME_TRN_ID, the same each time.
    pub(super) id: u16,
    /// When to send again, or to give up.
    pub(super) due: Instant,
    interval: Duration,
    left: usize,
    /// When it was, or is to be, first sent.
    begun: Instant,
}

/// The next step of a request.
pub(super) enum Due {
    /// The request is not due.
    NotYet,
    /// Send it again.
    Again,
    /// There was no answer.
    Silence,
}

impl Retry {
    pub(super) fn broadcast(id: u16, now: Instant) -> Retry {
        Retry { id, due: now + BROADCAST_TIMEOUT, interval: BROADCAST_TIMEOUT, left: COUNT - 1, begun: now }
    }

    /// Like `broadcast`, but first sent at `at`.
    pub(super) fn broadcast_later(id: u16, at: Instant) -> Retry {
        Retry { due: at, left: COUNT, ..Retry::broadcast(id, at) }
    }

    /// One broadcast, not repeated.
    pub(super) fn once(id: u16, now: Instant) -> Retry {
        Retry { left: 0, ..Retry::broadcast(id, now) }
    }

    pub(super) fn unicast(id: u16, now: Instant) -> Retry {
        Retry { id, due: now + UNICAST_TIMEOUT, interval: UNICAST_TIMEOUT, left: COUNT - 1, begun: now }
    }

    /// `number` requests to different addresses in turn.
    pub(super) fn in_turn(id: u16, now: Instant, number: usize) -> Retry {
        Retry { left: number.saturating_sub(1), ..Retry::broadcast(id, now) }
    }

    pub(super) fn poll(&mut self, now: Instant) -> Due {
        if now < self.due {
            return Due::NotYet;
        }
        let Some(left) = self.left.checked_sub(1) else { return Due::Silence };
        self.left = left;
        self.due = now + self.interval;
        Due::Again
    }

    /// Restarts the tries, unless the request has already lasted `most`.
    pub(super) fn renew(&mut self, most: Duration, now: Instant) {
        if now < self.begun + most {
            self.left = COUNT;
            self.due = now + self.interval;
        }
    }

    /// The server asks to wait for `seconds` more, 0 being unknown; the request is not repeated (RFC 1002 section
    /// 4.2.16). The seconds come from the network, so no number of WACKs makes a request last longer than `most`.
    pub(super) fn wait(&mut self, seconds: u32, most: Duration, now: Instant) {
        let wait = Duration::from_secs(seconds.into()).max(self.interval);
        self.left = 0;
        self.due = now + wait.min((self.begun + most).saturating_duration_since(now));
    }
}
