//! When a read is over that has found no message.

use std::time::{Duration, Instant};

use crate::options::Timeout;

/// The end of a read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deadline {
    /// When the slot's own read timeout says so: the system sees to it.
    OfSlot,
    /// At this time; never, if that is beyond all times.
    At(Option<Instant>),
}

impl Deadline {
    /// None is the slot's own read timeout.
    pub(super) fn after(timeout: Option<Timeout>) -> Deadline {
        match timeout {
            None => Deadline::OfSlot,
            Some(timeout) => Deadline::At(timeout.deadline()),
        }
    }

    /// Whether this time has come.
    pub(super) fn is_over(self) -> bool {
        self.left() == Timeout::Zero
    }

    /// Whether a read has to go on that the system has ended for want of messages.
    pub(super) fn outlasts_slot(self) -> bool {
        matches!(self, Deadline::At(_)) && !self.is_over()
    }

    /// What is left to wait.
    pub(super) fn left(self) -> Timeout {
        match self {
            Deadline::OfSlot | Deadline::At(None) => Timeout::Forever,
            Deadline::At(Some(end)) => match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Timeout::Zero,
                left => Timeout::After(left),
            },
        }
    }
}
