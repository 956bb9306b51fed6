//! Messages on their way from the network to the slots of this machine.

use std::net::IpAddr;

use mailslot::NetworkOrigin;
use mailslot_wire::Name;

use super::Machine;
use crate::proto::{Event, Message, NameKind};

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
        let Some(Message { slot, source, destination, address, .. }) = messages.first() else { return };
        let unique =
            |name: &Name| self.config.names.iter().any(|own| own.kind == NameKind::Unique && own.name == *name);
        let text = |name: &Name| String::from_utf8_lossy(name.text()).into_owned();
        let origin = NetworkOrigin {
            computer: text(source),
            domain: (!unique(destination)).then(|| text(destination)),
            address: IpAddr::V4(*address.ip()),
            authenticated: false,
        };
        let data: Vec<&[u8]> = messages.iter().map(|message| message.data.as_slice()).collect();
        self.slots.deliver(slot, &origin, &data, |outcome, number| self.metrics.count(outcome, number));
    }
}

/// Are these from one sender and for one slot?
fn is_alike(one: &Message, other: &Message) -> bool {
    one.slot == other.slot
        && one.source == other.source
        && one.destination == other.destination
        && one.address.ip() == other.address.ip()
}
