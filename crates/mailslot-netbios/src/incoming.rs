//! Datagrams on their way from other machines to the slots of this one.

use std::time::Instant;

use mailslot_wire::datagram::{Body, Destination, ErrorCode, Packet};
use mailslot_wire::smb::MailslotWrite;

use crate::config::Registrar;
use crate::context::Context;
use crate::counters::Drop;
use crate::duplicates::Duplicates;
use crate::event::{Event, Message};
use crate::keyed::Keyed;
use crate::limits::{Limiter, Limits};
use crate::names::Names;
use crate::network::Network;
use crate::outgoing::header;
use crate::packet::{Cast, Received};
use crate::reassembly::{Reassembly, Whole};

/// What is kept of datagrams: unfinished ones, and which have come before.
pub(super) struct Incoming {
    /// What comes from own subnets and name servers.
    near: Reassembly,
    /// What comes from elsewhere.
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

    /// Takes a datagram in. Returns what is to be answered, if anything.
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
    ) -> Result<Option<Packet<'static>>, Drop> {
        if !self.messages.take(context.network.config.limits.messages, *received.from.ip(), context.now) {
            return Err(Drop::MessageRate);
        }
        let id = packet.header.id;
        let reassembly = if context.network.is_near(received) { &mut self.near } else { &mut self.far };
        let counters = &mut context.outbox.counters;
        let whole = match packet.body {
            Body::Whole { kind, source, destination, data } => Whole { kind, source, destination, data: data.into() },
            Body::FirstFragment { kind, length, source, destination, data } => {
                // Some set MORE and send everything.
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
            _ => return Err(Drop::Distribution),
        };
        self.deliver(received, id, whole, names, context)
    }

    /// Remembered datagrams, and sources with a rate.
    pub(super) fn len(&self) -> [usize; 2] {
        [self.duplicates.len(), self.messages.len()]
    }

    /// Unfinished datagrams and their bytes, near and far.
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
    ) -> Result<Option<Packet<'static>>, Drop> {
        let Whole { kind, source, destination, data } = whole;
        if destination.scope() != context.network.config.computer.scope() {
            return Err(Drop::Scope);
        }
        let direct = received.cast == Cast::Unicast;
        // As in Samba, any of the node's names will do for any type, and a name of another interface for what was sent
        // to an address of this machine.
        let here = destination.is_wildcard()
            || names.held(&destination, received.interface).is_some()
            || direct && names.held_anywhere(&destination).is_some()
            || !direct && context.network.config.overheard.iter().any(|name| name.is_spelled(&destination));
        let answers = context.network.config.registrar == Registrar::Node;
        if !here && answers && direct && kind == Destination::Unique {
            return Ok(refusal(received, id, context.network));
        }
        if !here {
            return Err(Drop::NotHere);
        }
        let write = MailslotWrite::parse(&data).map_err(|_| Drop::NotMailslot)?;
        let is_near = context.network.is_near(received);
        if !self.duplicates.is_new((id, &source, &destination, &data), is_near, context.now) {
            return Err(Drop::Duplicate);
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

/// "There is no such name here", to the sender of a datagram for this machine alone (RFC 1002 section 4.4.3).
fn refusal(received: Received, id: u16, network: &Network) -> Option<Packet<'static>> {
    let interface = network.interface(received.interface)?;
    let body = Body::Error { code: ErrorCode::DestinationNotPresent };
    Some(Packet { header: header(id, interface, network), body })
}
