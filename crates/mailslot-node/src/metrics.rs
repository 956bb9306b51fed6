//! What the node counts outside of the protocols.

use std::collections::BTreeMap;

use crate::io::slots::Undelivered;
use crate::proto::Counters;

/// Counters of the two ways through the node's slots.
#[derive(Default)]
pub(crate) struct Metrics {
    delivered: u64,
    no_slot: u64,
    not_allowed: u64,
    full: u64,
    too_large: u64,
    failed: u64,
    /// What came through a modern domain as well.
    pub(crate) bridge_copies: u64,
    pub(crate) outgoing: u64,
    pub(crate) outgoing_malformed: u64,
    pub(crate) outgoing_refused: u64,
    pub(crate) transmit_failed: u64,
}

impl Metrics {
    pub(crate) fn count(&mut self, delivery: Result<(), Undelivered>) {
        *match delivery {
            Ok(()) => &mut self.delivered,
            Err(Undelivered::NoSlot) => &mut self.no_slot,
            Err(Undelivered::NotAllowed) => &mut self.not_allowed,
            Err(Undelivered::Full) => &mut self.full,
            Err(Undelivered::TooLarge) => &mut self.too_large,
            Err(Undelivered::Failed) => &mut self.failed,
        } += 1;
    }

    /// All counters by their labels, with those of the protocols.
    pub(crate) fn all(&self, protocol: &Counters) -> BTreeMap<String, u64> {
        let own = [
            ("delivered", self.delivered),
            ("undelivered_no_slot", self.no_slot),
            ("undelivered_not_allowed", self.not_allowed),
            ("undelivered_full", self.full),
            ("undelivered_too_large", self.too_large),
            ("undelivered_failed", self.failed),
            ("undelivered_bridge_copy", self.bridge_copies),
            ("outgoing", self.outgoing),
            ("outgoing_malformed", self.outgoing_malformed),
            ("outgoing_refused", self.outgoing_refused),
            ("transmit_failed", self.transmit_failed),
            ("packets_received", protocol.packets_received),
            ("packets_sent", protocol.packets_sent),
            ("messages_received", protocol.messages_received),
            ("messages_sent", protocol.messages_sent),
        ];
        let drops = protocol.drops().map(|(reason, count)| (format!("dropped_{}", reason.label()), count));
        own.into_iter().map(|(label, count)| (label.to_owned(), count)).chain(drops).collect()
    }
}
