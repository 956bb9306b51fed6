//! Mailslot writes to other machines.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_wire::Name;
use mailslot_wire::datagram::{Body, Destination, Header, Packet};
use mailslot_wire::smb::{MailslotWrite, max_data};

use crate::config::{Interface, NameKind};
use crate::context::Context;
use crate::counters::DropReason;
use crate::event::{Event, Message, QueryOutcome, RequestId, Resolved, SendError};
use crate::holders::means_all;
use crate::limits::Limits;
use crate::names::Names;
use crate::network::Network;
use crate::packet::Service;
use crate::query::Asker;
use crate::resolver::Resolver;

/// Suffix of the source name of messages that a bridge carries into a legacy network. It keeps bridges from carrying
/// them back.
pub const BRIDGE: u8 = 0x62;

/// How many unicast datagrams are remembered, to match errors to them.
const REMEMBERED: usize = 64;

/// The destination of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The computer of this name, or all members of the workgroup of this name: `\\NAME\mailslot\...`. A query finds
    /// out which.
    Name(Name),
    /// All members of the node's own workgroup or domain, this machine included: `\\*\mailslot\...`.
    OwnDomain,
    /// All members of the node's own workgroup or domain on the subnets of these interfaces, by broadcast, but not this
    /// machine, and from the computer's name with the suffix [`BRIDGE`]: for messages that a bridge carries.
    Carried(Vec<u32>),
    /// All members of this group on the node's subnets, by broadcast, without a query. For the names of the browser
    /// service, some of which cannot be queried.
    Group(Name),
    /// This name at this address, without a query: for answers.
    Node(Name, Ipv4Addr),
}

/// Messages that wait until their destination is found, and a record of those that were sent.
pub(super) struct Outgoing {
    next_id: u16,
    waiting: Vec<OutgoingMessage>,
    max_waiting: usize,
    /// DGM_ID, destination name and address of the last unicast datagrams.
    sent: VecDeque<(u16, Name, Ipv4Addr)>,
}

/// A message of the node's user, to be sent.
pub(super) struct OutgoingMessage {
    request: RequestId,
    target: Target,
    slot: Vec<u8>,
    data: Vec<u8>,
}

/// The destination of one packet of a message.
struct Receiver<'a> {
    kind: Destination,
    name: &'a Name,
    interface: &'a Interface,
    address: Ipv4Addr,
}

impl Outgoing {
    pub(super) fn new(limits: &Limits, first_id: u16) -> Outgoing {
        Outgoing {
            next_id: first_id,
            waiting: Vec::new(),
            max_waiting: limits.waiting_messages,
            sent: VecDeque::with_capacity(REMEMBERED),
        }
    }

    /// Sends a message, or queues it until its destination is found.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.3.1; MS-MAIL section 3.1.4.1.
    pub(super) fn send(
        &mut self,
        message: OutgoingMessage,
        names: &Names,
        resolver: &mut Resolver,
        context: &mut Context<'_>,
    ) {
        let own_group = |name: &Name| names.held_anywhere(name) == Some(NameKind::Group);
        let wanted = match &message.target {
            Target::Node(name, address) => {
                let (name, address) = (name.clone(), *address);
                let sent = self.send_unicast(&message, Destination::Unique, &name, address, context);
                let result = if sent { Ok(1) } else { Err(SendError::Unreachable(name)) };
                return context.outbox.event(Event::Sent { request: message.request, result });
            }
            Target::Group(name) => {
                let (name, here) = (name.clone(), own_group(name));
                return self.send_group(&message, &name, here, &context.network.interfaces, context);
            }
            Target::Carried(ids) => {
                let by = |interface: &&Interface| ids.contains(&interface.id);
                let interfaces: Vec<Interface> = context.network.interfaces.iter().filter(by).copied().collect();
                return self.send_group(&message, &context.network.config.workgroup, false, &interfaces, context);
            }
            Target::Name(name) if names.own_holders(name, context.network).is_some() => {
                deliver_here(&message, self.id(), name, context);
                return context.outbox.event(Event::Sent { request: message.request, result: Ok(1) });
            }
            Target::OwnDomain => context.network.config.workgroup.clone(),
            Target::Name(name) => name.clone(),
        };
        let here = wanted == context.network.config.workgroup || own_group(&wanted);
        if here && context.network.broadcasts() {
            return self.send_group(&message, &wanted, here, &context.network.interfaces, context);
        }
        if self.waiting.len() >= self.max_waiting {
            context.outbox.counters.drop(DropReason::Busy);
            return context.outbox.event(Event::Sent { request: message.request, result: Err(SendError::Busy) });
        }
        let request = message.request;
        self.waiting.push(message);
        resolver.resolve(Asker::Message(request), wanted, Vec::new(), context);
    }

    /// Handles the outcome of the query for a waiting message's destination.
    pub(super) fn destination_found(&mut self, request: RequestId, outcome: QueryOutcome, context: &mut Context<'_>) {
        let Some(index) = self.waiting.iter().position(|message| message.request == request) else { return };
        let message = self.waiting.swap_remove(index);
        let name = match &message.target {
            Target::OwnDomain | Target::Carried(_) => context.network.config.workgroup.clone(),
            Target::Name(name) | Target::Group(name) | Target::Node(name, _) => name.clone(),
        };
        let error = match outcome {
            QueryOutcome::Found(resolved) => return self.send_found(&message, &name, &resolved, context),
            QueryOutcome::NotFound => SendError::NotFound(name),
            QueryOutcome::NoServer => SendError::NoServer,
            QueryOutcome::Busy => SendError::Busy,
        };
        context.outbox.event(Event::Sent { request, result: Err(error) });
    }

    /// The receiver of a datagram does not have the name. Returns the name and the receiver's address, if the datagram
    /// is remembered.
    pub(super) fn handle_error(&mut self, from: SocketAddrV4, id: u16) -> Option<(Name, Ipv4Addr)> {
        let index = self.sent.iter().position(|(sent, _, address)| *sent == id && address == from.ip())?;
        self.sent.remove(index).map(|(_, name, address)| (name, address))
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn send_found(&mut self, message: &OutgoingMessage, name: &Name, resolved: &Resolved, context: &mut Context<'_>) {
        let is_group = resolved.holders.iter().any(|holder| holder.flags.is_group());
        let listed: Vec<_> = resolved.holders.iter().map(|holder| holder.address).filter(|a| !means_all(*a)).collect();
        let here = *name == context.network.config.workgroup;
        if is_group && context.network.broadcasts() && (resolved.server.is_none() || listed.is_empty()) {
            return self.send_group(message, name, here, &context.network.interfaces, context);
        }
        let (kind, addresses) = match (is_group, listed.as_slice()) {
            (true, all) => (Destination::Group, all),
            // The addresses of a unique name belong to one node, which is reached best at the first one.
            (false, all) => (Destination::Unique, all.get(..1).unwrap_or_default()),
        };
        let mut sent = 0;
        for address in addresses.iter().filter(|address| !context.network.is_own_address(**address)) {
            sent += usize::from(self.send_unicast(message, kind, name, *address, context));
        }
        if here && !addresses.is_empty() {
            deliver_here(message, self.id(), name, context);
            sent += 1;
        }
        let result = if sent > 0 { Ok(sent) } else { Err(SendError::Unreachable(name.clone())) };
        context.outbox.event(Event::Sent { request: message.request, result });
    }

    /// Sends one packet on each interface, all with one id, so that a machine attached to several delivers the message
    /// once.
    fn send_group(
        &mut self,
        message: &OutgoingMessage,
        name: &Name,
        here: bool,
        interfaces: &[Interface],
        context: &mut Context<'_>,
    ) {
        let by = |interface| context.network.broadcast_by(interface).map(|everybody| (interface, everybody));
        let receivers: Vec<(&Interface, Ipv4Addr)> = interfaces.iter().filter_map(by).collect();
        let kind = if name.is_wildcard() { Destination::Broadcast } else { Destination::Group };
        let id = self.id();
        for (interface, address) in &receivers {
            message.transmit(id, &Receiver { kind, name, interface, address: *address }, context);
        }
        if here && !receivers.is_empty() {
            deliver_here(message, id, name, context);
        }
        let sent = receivers.len() + usize::from(here);
        let result = if receivers.is_empty() { Err(SendError::Unreachable(name.clone())) } else { Ok(sent) };
        context.outbox.event(Event::Sent { request: message.request, result });
    }

    fn send_unicast(
        &mut self,
        message: &OutgoingMessage,
        kind: Destination,
        name: &Name,
        address: Ipv4Addr,
        context: &mut Context<'_>,
    ) -> bool {
        let Some(interface) = context.network.towards(address) else { return false };
        let id = self.id();
        message.transmit(id, &Receiver { kind, name, interface, address }, context);
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

impl OutgoingMessage {
    /// A message that can be sent: the slot has a valid name, and the data are not longer than receivers accept.
    pub(super) fn new(
        request: RequestId,
        target: Target,
        slot: &[u8],
        data: &[u8],
    ) -> Result<OutgoingMessage, SendError> {
        let limit = max_data(slot.len());
        if slot.is_empty() || slot.contains(&0) {
            return Err(SendError::SlotName);
        }
        if data.len() > limit {
            return Err(SendError::TooLong { size: data.len(), limit });
        }
        Ok(OutgoingMessage { request, target, slot: slot.to_vec(), data: data.to_vec() })
    }

    fn transmit(&self, id: u16, to: &Receiver<'_>, context: &mut Context<'_>) {
        let Receiver { kind, name, interface, address } = *to;
        let Ok(write) = MailslotWrite::new(&self.slot, &self.data) else { return };
        let write = write.encode(context.network.config.style);
        let computer = context.network.config.computer.clone();
        let carried = matches!(self.target, Target::Carried(_));
        let source = if carried { computer.with_suffix(BRIDGE) } else { computer };
        let body = Body::Whole { kind, source, destination: name.clone(), data: &write };
        let packet = Packet { header: header(id, interface, context.network), body };
        let limit = context.network.config.max_datagram_length.unwrap_or(usize::MAX);
        let Ok(packets) = packet.fragments(limit) else { return };
        let to = context.network.at(address, Service::Datagram);
        for packet in packets {
            context.outbox.send(interface.id, to, Service::Datagram, packet.encode());
        }
        context.outbox.counters.messages_sent += 1;
    }
}

/// The header of a datagram of this node.
pub(super) fn header(id: u16, interface: &Interface, network: &Network) -> Header {
    let source = network.at(interface.address, Service::Datagram);
    Header { node_type: network.config.node_type, id, source }
}

/// Delivers a message of this machine to its own slot. The network would not deliver it, or would once for each
/// interface.
fn deliver_here(message: &OutgoingMessage, datagram_id: u16, destination: &Name, context: &mut Context<'_>) {
    let address = context.network.interfaces.first().map_or(Ipv4Addr::LOCALHOST, |interface| interface.address);
    context.outbox.event(Event::Message(Message {
        slot: message.slot.clone(),
        data: message.data.clone(),
        source: context.network.config.computer.clone(),
        address: context.network.at(address, Service::Datagram),
        destination: destination.clone(),
        datagram_id,
        interface: None,
    }));
}
