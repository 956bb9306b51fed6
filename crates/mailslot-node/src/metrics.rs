//! The node's counters outside of the protocols.

use std::collections::BTreeMap;

use mailslot::Outcome;

use crate::io::driver::Driver;

/// Counters of messages to and from local programs.
#[derive(Default)]
pub(crate) struct Metrics {
    delivered: u64,
    no_slot: u64,
    full: u64,
    too_large: u64,
    refused: u64,
    /// Messages that arrived through a modern domain as well.
    pub(crate) bridge_copies: u64,
    pub(crate) outgoing: u64,
    pub(crate) outgoing_malformed: u64,
    pub(crate) outgoing_refused: u64,
    /// Packets of this node that nmbd has passed back.
    pub(crate) own_returned: u64,
    /// Packets of interfaces that the settings exclude, passed on by nmbd.
    pub(crate) unwanted_interface: u64,
}

impl Metrics {
    pub(crate) fn count(&mut self, outcome: Outcome, messages: usize) {
        *match outcome {
            Outcome::Delivered => &mut self.delivered,
            Outcome::NoSlot => &mut self.no_slot,
            Outcome::Full => &mut self.full,
            Outcome::TooLarge => &mut self.too_large,
            _ => &mut self.refused,
        } += messages as u64;
    }

    /// All counters by their labels, with those of the node and its sockets, and the packets that the system dropped,
    /// if it reports them; it counts joined packets as one.
    pub(crate) fn all(&self, driver: &Driver) -> BTreeMap<String, u64> {
        let (protocol, io, unread) = (driver.node.counters(), driver.counts, driver.dropped_unread());
        let own = [
            ("delivered", self.delivered),
            ("undelivered_no_slot", self.no_slot),
            ("undelivered_full", self.full),
            ("undelivered_too_large", self.too_large),
            ("undelivered_refused", self.refused),
            ("undelivered_bridge_copy", self.bridge_copies),
            ("outgoing", self.outgoing),
            ("outgoing_malformed", self.outgoing_malformed),
            ("outgoing_refused", self.outgoing_refused),
            ("transmit_failed", io.transmit_failed),
            ("own_returned", self.own_returned),
            ("unwanted_interface", self.unwanted_interface),
            ("dropped_oversized", io.oversized),
            ("dropped_other_interface", io.other_interface),
            ("packets_received", protocol.packets_received),
            ("packets_sent", protocol.packets_sent),
            ("messages_received", protocol.messages_received),
            ("messages_sent", protocol.messages_sent),
        ];
        let drops = protocol.drops().map(|(reason, count)| (format!("dropped_{}", reason.label()), count));
        let unread = unread.map(|count| ("dropped_unread", count));
        own.into_iter().chain(unread).map(|(label, count)| (label.to_owned(), count)).chain(drops).collect()
    }
}
