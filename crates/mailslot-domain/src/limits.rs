//! Limits, and counters of accepted and refused messages.

use std::time::Duration;

use crate::error::Refused;

/// Bounds of a [`Sealer`](crate::Sealer) and of an [`Opener`](crate::Opener).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// By how much a sender's clock may differ from this one, the time in transit included.
    pub tolerance: Duration,
    /// The most streams at once: one for each destination of each session of a sender. A stream takes about 1 KiB.
    pub streams: usize,
    /// Bytes of the largest message.
    pub max_message_size: usize,
}

/// A minute, 65,536 streams, 1 MiB.
impl Default for Limits {
    fn default() -> Limits {
        Limits { tolerance: Duration::from_secs(60), streams: 65_536, max_message_size: 1 << 20 }
    }
}

/// The counters of an [`Opener`](crate::Opener).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counters {
    /// Accepted messages, receipts and replies.
    pub opened: u64,
    /// Messages that were sent but have not arrived, according to the gaps in their numbers. Decreases when one arrives
    /// late.
    pub lost: u64,
    refused: [u64; Refused::ALL.len()],
}

impl Counters {
    /// How much was refused for this reason.
    pub fn refused(&self, reason: Refused) -> u64 {
        self.refused[reason as usize]
    }

    pub(crate) fn count(&mut self, reason: Refused) {
        self.refused[reason as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_counter_of_its_own() {
        let mut counters = Counters::default();
        for (n, reason) in (1..).zip(Refused::ALL) {
            (0..n).for_each(|_| counters.count(reason));
        }
        for (n, reason) in (1..).zip(Refused::ALL) {
            assert_eq!(counters.refused(reason), n, "{}", reason.name());
        }
    }
}
