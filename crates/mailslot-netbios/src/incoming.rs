//! Datagrams from other machines for the slots of this one.

use std::hash::{Hash, Hasher};
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::datagram::{Body, Destination, ErrorCode, Packet};
use mailslot_wire::smb::MailslotWrite;

use crate::config::Registrar;
use crate::context::Context;
use crate::counters::DropReason;
use crate::duplicates::Duplicates;
use crate::event::{Event, Message};
use crate::keyed::Keyed;
use crate::limits::{Limiter, Limits};
use crate::names::Names;
use crate::network::Network;
use crate::outgoing::header;
use crate::packet::{Cast, Received};
use crate::reassembly::{Reassembly, Whole};

/// Unfinished datagrams, the record of received ones, and the rates of their sources.
pub(super) struct Incoming {
    /// From the node's own subnets and name servers.
    near: Reassembly,
    /// From elsewhere.
    far: Reassembly,
    duplicates: Duplicates,
    messages: Limiter,
}

impl Incoming {
    pub(super) fn new(limits: &Limits, key: Keyed, now: Instant) -> Incoming {
        Incoming {
            near: Reassembly::new(limits),
            far: Reassembly::new(limits),
            duplicates: Duplicates::new(limits.remembered_datagrams, key),
            messages: Limiter::new(limits.messages_per_source, limits.messages, limits.rated_sources, now),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.near.poll_timeout().into_iter().chain(self.far.poll_timeout()).min()
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        for reassembly in [&mut self.near, &mut self.far] {
            reassembly.handle_timeout(context.now, &mut context.outbox.counters);
        }
    }

    /// Handles a datagram. Returns the answer, if there is one.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.3.
    pub(super) fn handle(
        &mut self,
        received: Received,
        packet: Packet<'_>,
        names: &Names,
        context: &mut Context<'_>,
    ) -> Result<Option<Packet<'static>>, DropReason> {
        if !self.messages.take(context.network.config.limits.messages, *received.from.ip(), context.now) {
            return Err(DropReason::MessageRate);
        }
        let id = packet.header.id;
        let reassembly = if context.network.is_near(received) { &mut self.near } else { &mut self.far };
        let counters = &mut context.outbox.counters;
        let whole = match packet.body {
            Body::Whole { kind, source, destination, data } => Whole { kind, source, destination, data: data.into() },
            Body::FirstFragment { kind, length, source, destination, data } => {
                // Some senders set MORE although the datagram is complete.
                if source.encoded_len() + destination.encoded_len() + data.len() < usize::from(length) {
                    let first = Whole { kind, source, destination, data: data.to_vec().into() };
                    reassembly.first(context.now, received, id, first, counters)?;
                    return Ok(None);
                }
                Whole { kind, source, destination, data: data.into() }
            }
            Body::LaterFragment { offset, more, data, .. } => {
                match reassembly.later(received, id, offset, data, more, counters)? {
                    Some(whole) => whole,
                    None => return Ok(None),
                }
            }
            _ => return Err(DropReason::Distribution),
        };
        self.deliver(received, id, whole, names, context)
    }

    /// How many datagrams are remembered, and how many sources have a rate.
    pub(super) fn len(&self) -> [usize; 2] {
        [self.duplicates.len(), self.messages.len()]
    }

    /// Number and bytes of unfinished datagrams, near and far.
    pub(super) fn unfinished(&self) -> [(usize, usize); 2] {
        [self.near.len(), self.far.len()]
    }

    fn deliver(
        &mut self,
        received: Received,
        id: u16,
        whole: Whole<'_>,
        names: &Names,
        context: &mut Context<'_>,
    ) -> Result<Option<Packet<'static>>, DropReason> {
        let Whole { kind, source, destination, data } = whole;
        if destination.scope() != context.network.config.computer.scope() {
            return Err(DropReason::Scope);
        }
        let direct = received.cast == Cast::Unicast;
        // As in Samba, the destination may be any of the node's names, unique or group, whatever the datagram's type.
        // For unicast datagrams it may be a name on another interface.
        let here = destination.is_wildcard()
            || names.held(&destination, received.interface).is_some()
            || direct && names.held_anywhere(&destination).is_some()
            || !direct && context.network.config.overheard.iter().any(|name| name.is_spelled(&destination));
        let answers = context.network.config.registrar == Registrar::Node;
        if !here && answers && direct && kind == Destination::Unique {
            return Ok(refusal(received, id, context.network));
        }
        if !here {
            return Err(DropReason::NotHere);
        }
        let write = MailslotWrite::parse(&data).map_err(|_| DropReason::NotMailslot)?;
        let is_near = context.network.is_near(received);
        let said = Said { id, source: &source, destination: &destination, data: &data };
        if !self.duplicates.is_new(said, is_near, context.now) {
            return Err(DropReason::Duplicate);
        }
        context.outbox.event(Event::Message(Message {
            slot: write.slot().as_bytes().to_vec(),
            data: write.data().to_vec(),
            source,
            address: received.from,
            destination,
            datagram_id: id,
            interface: Some(received.interface),
        }));
        Ok(None)
    }
}

/// The parts in which copies of a datagram agree.
struct Said<'a> {
    id: u16,
    source: &'a Name,
    destination: &'a Name,
    data: &'a [u8],
}

/// Hashing is much of the cost of a datagram, so it feeds as few pieces as possible, of whole words except the last.
/// Different datagrams never feed the same bytes, because the lengths precede the parts of variable length.
impl Hash for Said<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Said { id, source, destination, data } = self;
        // A scope has at most 255 bytes, and data at most some thousands.
        let scopes = [source.scope(), destination.scope()];
        let [first, second] = scopes.map(|scope| scope.encoded_len() as u64);
        state.write(source.as_bytes());
        state.write(destination.as_bytes());
        state.write_u64(u64::from(*id) << 48 | first << 40 | second << 32 | data.len() as u64);
        state.write(data);
        scopes.into_iter().filter(|scope| !scope.is_empty()).for_each(|scope| scope.hash(state));
    }
}

/// The error DESTINATION NAME NOT PRESENT, for the sender of a unicast datagram (RFC 1002 section 4.4.3).
fn refusal(received: Received, id: u16, network: &Network) -> Option<Packet<'static>> {
    let interface = network.interface(received.interface)?;
    let body = Body::Error { code: ErrorCode::DestinationNotPresent };
    Some(Packet { header: header(id, interface, network), body })
}

#[cfg(test)]
mod tests {
    use mailslot_wire::DnsName;

    use super::*;

    /// Keeps the bytes that it is fed.
    #[derive(Default)]
    struct Fed(Vec<u8>);

    impl Hasher for Fed {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    #[test]
    fn datagrams_give_the_same_bytes_to_the_hash_if_they_say_the_same_and_only_then() {
        let scoped = |name: &str, scope: &str| {
            Name::new(name, 0).and_then(|name| name.with_scope(DnsName::new(scope)?)).expect("a short name")
        };
        let names =
            [("A", ""), ("B", ""), ("A", "x"), ("A", "X"), ("A", "x.y"), ("A", "xy")].map(|(n, s)| scoped(n, s));
        let texts: [&[u8]; 6] = [b"", b"\0", b"x", b"\x01x", b"\x01x\0", b"\x01x\0\x01x\0"];
        let mut all = Vec::new();
        for (source, destination) in names.iter().flat_map(|one| names.iter().map(move |other| (one, other))) {
            for (id, data) in [0, 1, 256].into_iter().flat_map(|id| texts.map(|data| (id, data))) {
                let mut fed = Fed::default();
                Said { id, source, destination, data }.hash(&mut fed);
                all.push(((id, source, destination, data), fed.0));
            }
        }
        for (one, fed) in &all {
            assert!(all.iter().all(|(other, others)| (one == other) == (fed == others)), "{one:?}");
        }
    }
}
