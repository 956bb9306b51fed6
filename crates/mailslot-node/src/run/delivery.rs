//! Delivers messages of the network to the slots of this machine.

use std::mem;
use std::time::Instant;

use super::shared::Shared;
use crate::io::driver::Driver;
use crate::io::slots::Slots;
use crate::routing;
use mailslot_netbios::{Event, Message};

/// How many messages the memory that is kept for delivery can hold.
const USUAL: usize = 256;

/// The slots to which messages are delivered.
#[derive(Default)]
pub(super) struct Delivery {
    slots: Slots,
    /// Empty between calls: the memory for messages that are delivered together.
    room: Vec<Received>,
}

/// A message, which is its content where it is written to a slot.
struct Received(Message);

impl AsRef<[u8]> for Received {
    fn as_ref(&self) -> &[u8] {
        &self.0.data
    }
}

impl Delivery {
    /// Delivers the node's messages for slots up to the next event of another kind, which it returns. Consecutive
    /// messages of one sender for one slot are written together, so that a reader is woken once.
    pub(super) fn next_event(&mut self, now: Instant, driver: &mut Driver, shared: &mut Shared) -> Option<Event> {
        let mut messages = mem::take(&mut self.room);
        loop {
            let event = driver.node.poll_event();
            if let Some(Event::Message(message)) = event {
                if messages.first().is_some_and(|Received(first)| !is_alike(first, &message)) {
                    self.deliver(now, &mut messages, shared);
                }
                messages.push(Received(message));
                continue;
            }
            self.deliver(now, &mut messages, shared);
            messages.shrink_to(USUAL);
            self.room = messages;
            return event;
        }
    }

    /// Closes slots that are gone.
    pub(super) fn forget_closed(&mut self) {
        self.slots.forget_closed();
    }

    /// Delivers messages that are alike, and leaves none of them.
    fn deliver(&mut self, now: Instant, messages: &mut Vec<Received>, shared: &mut Shared) {
        let Some(Received(first)) = messages.first() else { return };
        let Shared { modern, config, metrics, .. } = shared;
        let origin = routing::origin(&first.source, *first.address.ip(), &first.destination, config);
        let all = messages.len();
        messages.retain(|Received(message)| modern.take_legacy(now, message, &origin));
        metrics.bridge_copies += (all - messages.len()) as u64;
        if let Some(Received(first)) = messages.first() {
            self.slots.deliver(&first.slot, &origin, messages, |outcome, number| metrics.count(outcome, number));
        }
        messages.clear();
    }
}

/// Whether both are from one sender, to one name, and for one slot.
fn is_alike(one: &Message, other: &Message) -> bool {
    one.slot == other.slot
        && one.source == other.source
        && one.destination == other.destination
        && one.address.ip() == other.address.ip()
}
