//! What this machine counts in a domain, besides what its opener counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// A process of this machine has written to the domain's slot.
    Outgoing,
    /// What the process wrote is not a message for this domain.
    OutgoingMalformed,
    /// A message could not be sent.
    OutgoingRefused,
    /// A message of another machine has been written to its slot.
    Delivered,
    /// A message was dropped: there is no such slot, or the slot is not open to the network.
    UndeliveredNoSlot,
    /// A message was dropped: the slot is full.
    UndeliveredFull,
    /// A message was dropped: the slot refused it for another reason.
    UndeliveredRefused,
    /// A message was dropped: it is larger than the slot takes.
    UndeliveredTooLarge,
    /// This machine has begun a write that waits for receipts.
    Confirmed,
    /// This machine has answered a write of another machine.
    ReceiptsSent,
    /// A computer has answered a write of this machine.
    ReceiptsReceived,
    /// An answer was not a receipt, or was one too many.
    ReceiptsRefused,
    /// A presence could not be opened.
    PresenceRefused,
    /// A presence was dropped: there are too many.
    PresenceFull,
    /// A presence was in a group that does not follow from its name, as those of earlier versions.
    PresenceUngrouped,
    /// A computer is not remembered: there are too many.
    ComputerFull,
}

const ALL: [(Counted, &str); 16] = [
    (Counted::Outgoing, "outgoing"),
    (Counted::OutgoingMalformed, "outgoing_malformed"),
    (Counted::OutgoingRefused, "outgoing_refused"),
    (Counted::Delivered, "delivered"),
    (Counted::UndeliveredNoSlot, "undelivered_no_slot"),
    (Counted::UndeliveredFull, "undelivered_full"),
    (Counted::UndeliveredRefused, "undelivered_refused"),
    (Counted::UndeliveredTooLarge, "undelivered_too_large"),
    (Counted::Confirmed, "confirmed"),
    (Counted::ReceiptsSent, "receipts_sent"),
    (Counted::ReceiptsReceived, "receipts_received"),
    (Counted::ReceiptsRefused, "receipts_refused"),
    (Counted::PresenceRefused, "presence_refused"),
    (Counted::PresenceFull, "presence_full"),
    (Counted::PresenceUngrouped, "presence_ungrouped"),
    (Counted::ComputerFull, "computer_full"),
];

/// One number for each.
#[derive(Debug, Default)]
pub(crate) struct Counters([AtomicU64; ALL.len()]);

impl Counters {
    pub(crate) fn count(&self, what: Counted) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// All counters with their labels.
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, u64)> {
        ALL.iter().map(|(what, label)| ((*label).to_owned(), self.0[*what as usize].load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_what_was_counted() {
        let counters = Counters::default();
        counters.count(Counted::PresenceFull);
        let counted: Vec<_> = counters.all().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("presence_full".to_owned(), 1)]);
        assert!(ALL.iter().enumerate().all(|(index, (what, _))| *what as usize == index));
    }
}
