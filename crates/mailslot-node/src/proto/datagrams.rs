//! The datagram service: mailslot writes to other machines, and those that come from them.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::datagram::{Body, Destination, ErrorCode, Header, Packet};
use mailslot_wire::smb::{MailslotWrite, max_data};

use crate::proto::config::{Interface, NameKind, Registrar};
use crate::proto::counters::{Counters, Drop};
use crate::proto::duplicates::{Duplicates, Verdict};
use crate::proto::event::{Event, Message, Outcome, RequestId, Resolved, SendError};
use crate::proto::limits::{Limiter, Limits};
use crate::proto::names::Names;
use crate::proto::network::Network;
use crate::proto::node::{Cast, Received, Service, Target};
use crate::proto::outbox::Outbox;
use crate::proto::reassembly::{Reassembly, Whole};
use crate::proto::resolver::{Asker, Resolver};

/// How many unicast datagrams are remembered, to know which one an error is about.
const REMEMBERED: usize = 64;

/// What is on its way in or out.
pub(super) struct Datagrams {
    next_id: u16,
    waiting: Vec<Outgoing>,
    max_waiting: usize,
    /// DGM_ID, destination name and address of the last unicast datagrams.
    sent: VecDeque<(u16, Name, Ipv4Addr)>,
    reassembly: Reassembly,
    duplicates: Duplicates,
    messages: Limiter,
}

/// A message that a user wants sent.
pub(super) struct Outgoing {
    request: RequestId,
    target: Target,
    slot: Vec<u8>,
    data: Vec<u8>,
}

impl Datagrams {
    pub(super) fn new(limits: &Limits, first_id: u16, now: Instant) -> Datagrams {
        Datagrams {
            next_id: first_id,
            waiting: Vec::new(),
            max_waiting: limits.waiting_messages,
            sent: VecDeque::with_capacity(REMEMBERED),
            reassembly: Reassembly::new(limits),
            duplicates: Duplicates::new(limits.duplicate_sources, now),
            messages: Limiter::new(limits.messages_per_source, limits.messages, limits.rated_sources, now),
        }
    }

    /// Sends a message, or lets it wait until its destination is found.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.3.1; MS-MAIL section 3.1.4.1.
    pub(super) fn send(
        &mut self,
        now: Instant,
        outgoing: Outgoing,
        names: &Names,
        resolver: &mut Resolver,
        network: &Network,
        outbox: &mut Outbox,
    ) {
        let own_group = |name: &Name| names.held_anywhere(name) == Some(NameKind::Group);
        let wanted = match &outgoing.target {
            Target::Node(name, address) => {
                let (name, address) = (name.clone(), *address);
                let sent = self.send_unicast(&outgoing, Destination::Unique, &name, address, network, outbox);
                let result = if sent { Ok(1) } else { Err(SendError::Unreachable(name)) };
                return outbox.event(Event::Sent { request: outgoing.request, result });
            }
            Target::Group(name) => {
                let (name, here) = (name.clone(), own_group(name));
                return self.send_group(&outgoing, &name, here, network, outbox);
            }
            Target::Name(name) if names.own_holders(name, network).is_some() => {
                deliver_here(&outgoing, name, network, outbox);
                return outbox.event(Event::Sent { request: outgoing.request, result: Ok(1) });
            }
            Target::OwnDomain => network.config.workgroup.clone(),
            Target::Name(name) => name.clone(),
        };
        let here = wanted == network.config.workgroup || own_group(&wanted);
        if here && network.broadcasts() {
            return self.send_group(&outgoing, &wanted, here, network, outbox);
        }
        if self.waiting.len() >= self.max_waiting {
            outbox.counters.drop(Drop::Busy);
            return outbox.event(Event::Sent { request: outgoing.request, result: Err(SendError::Busy) });
        }
        let request = outgoing.request;
        self.waiting.push(outgoing);
        resolver.resolve(now, Asker::Message(request), wanted, network, outbox);
    }

    /// The destination of a message that waits has been found, or not.
    pub(super) fn destination_found(
        &mut self,
        request: RequestId,
        outcome: Outcome<Resolved>,
        network: &Network,
        outbox: &mut Outbox,
    ) {
        let Some(index) = self.waiting.iter().position(|outgoing| outgoing.request == request) else { return };
        let outgoing = self.waiting.swap_remove(index);
        let name = match &outgoing.target {
            Target::OwnDomain => network.config.workgroup.clone(),
            Target::Name(name) | Target::Group(name) | Target::Node(name, _) => name.clone(),
        };
        let error = match outcome {
            Outcome::Found(resolved) => return self.send_found(&outgoing, &name, &resolved, network, outbox),
            Outcome::NotFound => SendError::NotFound(name),
            Outcome::NoServer => SendError::NoServer,
            Outcome::Busy => SendError::Busy,
        };
        outbox.event(Event::Sent { request, result: Err(error) });
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.reassembly.poll_timeout()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, counters: &mut Counters) {
        self.reassembly.handle_timeout(now, counters);
    }

    /// Takes a datagram in. Returns what is to be answered, if anything.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.3.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        received: Received,
        packet: Packet<'_>,
        names: &Names,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<Option<Packet<'static>>, Drop> {
        if !self.messages.take(network.config.limits.messages, *received.from.ip(), now) {
            return Err(Drop::MessageRate);
        }
        let id = packet.header.id;
        let (kind, source, destination, data) = match packet.body {
            Body::Whole { kind, source, destination, data } => (kind, source, destination, data),
            // Some set MORE and send everything.
            Body::FirstFragment { kind, length, source, destination, data } => {
                if source.encoded_len() + destination.encoded_len() + data.len() < usize::from(length) {
                    let whole = Whole { kind, source, destination, data: data.to_vec() };
                    self.reassembly.first(now, received.from, id, whole)?;
                    return Ok(None);
                }
                (kind, source, destination, data)
            }
            Body::LaterFragment { offset, more, data, .. } => {
                let Some(whole) = self.reassembly.later(received.from, id, offset, data, more)? else {
                    return Ok(None);
                };
                let Whole { kind, source, destination, data } = whole;
                let datagram = Incoming { now, received, id, kind, source, destination, data: &data };
                return self.deliver(datagram, names, network, outbox);
            }
            _ => return Err(Drop::Distribution),
        };
        let datagram = Incoming { now, received, id, kind, source, destination, data };
        self.deliver(datagram, names, network, outbox)
    }

    /// The receiver of a datagram does not have the name. Which name, and which node?
    pub(super) fn handle_error(&mut self, from: SocketAddrV4, id: u16) -> Option<(Name, Ipv4Addr)> {
        let index = self.sent.iter().position(|(sent, _, address)| *sent == id && address == from.ip())?;
        self.sent.remove(index).map(|(_, name, address)| (name, address))
    }

    /// Messages that wait, senders in the duplicate filter, sources with a rate, unfinished datagrams, and their bytes.
    pub(super) fn len(&self) -> [usize; 5] {
        let (unfinished, bytes) = self.reassembly.len();
        [self.waiting.len(), self.duplicates.len(), self.messages.len(), unfinished, bytes]
    }

    fn deliver(
        &mut self,
        datagram: Incoming<'_>,
        names: &Names,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<Option<Packet<'static>>, Drop> {
        let Incoming { now, received, id, kind, source, destination, data } = datagram;
        if destination.scope() != network.config.computer.scope() {
            return Err(Drop::Scope);
        }
        let direct = received.cast == Cast::Unicast;
        // As in Samba, any of the node's names will do for any type, and a name of another interface for what was sent
        // to an address of this machine.
        let here = destination.is_wildcard()
            || names.held(&destination, received.interface).is_some()
            || direct && names.held_anywhere(&destination).is_some();
        let answers = network.config.registrar == Registrar::Node;
        if !here && answers && direct && kind == Destination::Unique {
            return Ok(refusal(received, id, network));
        }
        if !here {
            return Err(Drop::NotHere);
        }
        let write = MailslotWrite::parse(data).map_err(|_| Drop::NotMailslot)?;
        match self.duplicates.check(&source, id, now) {
            Verdict::New => {}
            Verdict::Duplicate => return Err(Drop::Duplicate),
            Verdict::Unknown => outbox.counters.drop(Drop::Unfiltered),
        }
        outbox.event(Event::Message(Message {
            slot: write.slot().as_bytes().to_vec(),
            data: write.data().to_vec(),
            source,
            address: received.from,
            destination,
            interface: Some(received.interface),
        }));
        Ok(None)
    }

    fn send_found(
        &mut self,
        outgoing: &Outgoing,
        name: &Name,
        resolved: &Resolved,
        network: &Network,
        outbox: &mut Outbox,
    ) {
        let is_group = resolved.holders.iter().any(|holder| holder.flags.is_group());
        let means_broadcast = |address: &Ipv4Addr| address.is_broadcast() || address.is_unspecified();
        let listed: Vec<_> =
            resolved.holders.iter().map(|holder| holder.address).filter(|a| !means_broadcast(a)).collect();
        let here = *name == network.config.workgroup;
        if is_group && network.broadcasts() && (resolved.server.is_none() || listed.is_empty()) {
            return self.send_group(outgoing, name, here, network, outbox);
        }
        let (kind, addresses) = match (is_group, listed.as_slice()) {
            (true, all) => (Destination::Group, all),
            // A node with several addresses is one node.
            (false, all) => (Destination::Unique, all.get(..1).unwrap_or_default()),
        };
        let own = |address: &Ipv4Addr| network.interfaces.iter().any(|interface| interface.address == *address);
        let mut sent = 0;
        for address in addresses.iter().filter(|address| !own(address)) {
            sent += usize::from(self.send_unicast(outgoing, kind, name, *address, network, outbox));
        }
        if here && !addresses.is_empty() {
            deliver_here(outgoing, name, network, outbox);
            sent += 1;
        }
        let result = if sent > 0 { Ok(sent) } else { Err(SendError::Unreachable(name.clone())) };
        outbox.event(Event::Sent { request: outgoing.request, result });
    }

    /// One packet on each interface, all with one id, so that a machine attached to several takes it once.
    fn send_group(&mut self, outgoing: &Outgoing, name: &Name, here: bool, network: &Network, outbox: &mut Outbox) {
        let interfaces: &[Interface] = if network.broadcasts() { &network.interfaces } else { &[] };
        let kind = if name.is_wildcard() { Destination::Broadcast } else { Destination::Group };
        let id = self.id();
        for interface in interfaces {
            let to = Receiver { kind, name, interface, address: interface.broadcast };
            outgoing.transmit(id, &to, network, outbox);
        }
        if here && !interfaces.is_empty() {
            deliver_here(outgoing, name, network, outbox);
        }
        let sent = interfaces.len() + usize::from(here);
        let result = if interfaces.is_empty() { Err(SendError::Unreachable(name.clone())) } else { Ok(sent) };
        outbox.event(Event::Sent { request: outgoing.request, result });
    }

    fn send_unicast(
        &mut self,
        outgoing: &Outgoing,
        kind: Destination,
        name: &Name,
        address: Ipv4Addr,
        network: &Network,
        outbox: &mut Outbox,
    ) -> bool {
        let Some(interface) = network.towards(address) else { return false };
        let id = self.id();
        outgoing.transmit(id, &Receiver { kind, name, interface, address }, network, outbox);
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back((id, name.clone(), address));
        true
    }

    fn id(&mut self) -> u16 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }
}

struct Receiver<'a> {
    kind: Destination,
    name: &'a Name,
    interface: &'a Interface,
    address: Ipv4Addr,
}

struct Incoming<'a> {
    now: Instant,
    received: Received,
    id: u16,
    kind: Destination,
    source: Name,
    destination: Name,
    data: &'a [u8],
}

impl Outgoing {
    /// A message that can be sent: the slot has a name, and the data are not longer than receivers take.
    pub(super) fn new(request: RequestId, target: Target, slot: &[u8], data: &[u8]) -> Result<Outgoing, SendError> {
        let limit = max_data(slot.len());
        if slot.is_empty() || slot.contains(&0) {
            return Err(SendError::SlotName);
        }
        if data.len() > limit {
            return Err(SendError::TooLong { size: data.len(), limit });
        }
        Ok(Outgoing { request, target, slot: slot.to_vec(), data: data.to_vec() })
    }

    fn transmit(&self, id: u16, to: &Receiver<'_>, network: &Network, outbox: &mut Outbox) {
        let Receiver { kind, name, interface, address } = *to;
        let Ok(write) = MailslotWrite::new(&self.slot, &self.data) else { return };
        let write = write.encode(network.config.style);
        let source = network.config.computer.clone();
        let body = Body::Whole { kind, source, destination: name.clone(), data: &write };
        let packet = Packet { header: header(id, interface, network), body };
        let limit = network.config.max_datagram_length.unwrap_or(usize::MAX);
        let Ok(packets) = packet.fragments(limit) else { return };
        let to = network.at(address, Service::Datagram);
        for packet in packets {
            outbox.send(interface.id, to, Service::Datagram, packet.encode());
        }
        outbox.counters.messages_sent += 1;
    }
}

fn header(id: u16, interface: &Interface, network: &Network) -> Header {
    let source = network.at(interface.address, Service::Datagram);
    Header { node_type: network.config.node_type, id, source }
}

/// "There is no such name here", to the sender of a datagram for this machine alone (RFC 1002 section 4.4.3).
fn refusal(received: Received, id: u16, network: &Network) -> Option<Packet<'static>> {
    let interface = network.interface(received.interface)?;
    let body = Body::Error { code: ErrorCode::DestinationNotPresent };
    Some(Packet { header: header(id, interface, network), body })
}

/// A network does not bring a machine its own messages, or brings them once for each interface: the node does it.
fn deliver_here(outgoing: &Outgoing, destination: &Name, network: &Network, outbox: &mut Outbox) {
    let address = network.interfaces.first().map_or(Ipv4Addr::LOCALHOST, |interface| interface.address);
    outbox.event(Event::Message(Message {
        slot: outgoing.slot.clone(),
        data: outgoing.data.clone(),
        source: network.config.computer.clone(),
        address: network.at(address, Service::Datagram),
        destination: destination.clone(),
        interface: None,
    }));
}
