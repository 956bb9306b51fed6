//! Messages on their way from the network to the slots of this machine.

use super::Machine;
use crate::proto::{Event, Message};
use crate::routing;

impl<L: FnMut(&str)> Machine<L> {
    /// Delivers the messages that the node has for slots, up to the next thing of another kind, which it returns. What
    /// comes from one sender for one slot is written in one go, so that a reader is woken once.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        let mut messages: Vec<Message> = Vec::new();
        loop {
            let event = self.node.poll_event();
            if let Some(Event::Message(message)) = event {
                if messages.first().is_some_and(|first| !is_alike(first, &message)) {
                    self.deliver(&messages);
                    messages.clear();
                }
                messages.push(message);
                continue;
            }
            self.deliver(&messages);
            return event;
        }
    }

    fn deliver(&mut self, messages: &[Message]) {
        let Some(first) = messages.first() else { return };
        let origin = routing::origin(first, &self.config);
        let data: Vec<&[u8]> = messages.iter().map(|message| message.data.as_slice()).collect();
        self.slots.deliver(&first.slot, &origin, &data, |outcome, number| self.metrics.count(outcome, number));
    }
}

/// Are these from one sender and for one slot?
fn is_alike(one: &Message, other: &Message) -> bool {
    one.slot == other.slot
        && one.source == other.source
        && one.destination == other.destination
        && one.address.ip() == other.address.ip()
}
