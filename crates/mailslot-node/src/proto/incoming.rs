//! Datagrams on their way from other machines to the slots of this one.

use std::time::Instant;

use mailslot_wire::datagram::{Body, Destination, ErrorCode, Packet};
use mailslot_wire::smb::MailslotWrite;

use crate::proto::config::Registrar;
use crate::proto::context::Context;
use crate::proto::counters::Drop;
use crate::proto::duplicates::{Duplicates, Verdict};
use crate::proto::event::{Event, Message};
use crate::proto::limits::{Limiter, Limits};
use crate::proto::names::Names;
use crate::proto::network::Network;
use crate::proto::outgoing::header;
use crate::proto::packet::{Cast, Received};
use crate::proto::reassembly::{Reassembly, Whole};

/// What is kept of datagrams: unfinished ones, and which have come before.
pub(super) struct Incoming {
    reassembly: Reassembly,
    duplicates: Duplicates,
    messages: Limiter,
}

impl Incoming {
    pub(super) fn new(limits: &Limits, now: Instant) -> Incoming {
        Incoming {
            reassembly: Reassembly::new(limits),
            duplicates: Duplicates::new(limits.duplicate_sources, now),
            messages: Limiter::new(limits.messages_per_source, limits.messages, limits.rated_sources, now),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.reassembly.poll_timeout()
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        self.reassembly.handle_timeout(context.now, &mut context.outbox.counters);
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
        let whole = match packet.body {
            Body::Whole { kind, source, destination, data } => Whole { kind, source, destination, data: data.into() },
            Body::FirstFragment { kind, length, source, destination, data } => {
                // Some set MORE and send everything.
                if source.encoded_len() + destination.encoded_len() + data.len() < usize::from(length) {
                    let first = Whole { kind, source, destination, data: data.to_vec().into() };
                    self.reassembly.first(context.now, received.from, id, first)?;
                    return Ok(None);
                }
                Whole { kind, source, destination, data: data.into() }
            }
            Body::LaterFragment { offset, more, data, .. } => {
                match self.reassembly.later(received.from, id, offset, data, more)? {
                    Some(whole) => whole,
                    None => return Ok(None),
                }
            }
            _ => return Err(Drop::Distribution),
        };
        self.deliver(received, id, whole, names, context)
    }

    /// Senders in the duplicate filter, sources with a rate, unfinished datagrams, and their bytes.
    pub(super) fn len(&self) -> [usize; 4] {
        let (unfinished, bytes) = self.reassembly.len();
        [self.duplicates.len(), self.messages.len(), unfinished, bytes]
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
            || direct && names.held_anywhere(&destination).is_some();
        let answers = context.network.config.registrar == Registrar::Node;
        if !here && answers && direct && kind == Destination::Unique {
            return Ok(refusal(received, id, context.network));
        }
        if !here {
            return Err(Drop::NotHere);
        }
        let write = MailslotWrite::parse(&data).map_err(|_| Drop::NotMailslot)?;
        match self.duplicates.check(&source, id, context.now) {
            Verdict::New => {}
            Verdict::Duplicate => return Err(Drop::Duplicate),
            Verdict::Unknown => context.outbox.counters.drop(Drop::Unfiltered),
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
