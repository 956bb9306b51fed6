//! A machine's node, which combines the state machines.

use std::net::Ipv4Addr;
use std::time::Instant;

use mailslot_wire::name_service::{Body, Packet};
use mailslot_wire::{Name, datagram};

use crate::answer_budget::AnswerBudget;
use crate::config::{Config, Interface, Registrar};
use crate::context::Context;
use crate::counters::{Counters, DropReason};
use crate::event::{Event, QueryOutcome, RequestId, Resolved, SendError};
use crate::incoming::Incoming;
use crate::names::Names;
use crate::network::Network;
use crate::outbox::Outbox;
use crate::outgoing::{Outgoing, OutgoingMessage, Target};
use crate::packet::{Cast, Received, Service, Transmit};
use crate::query::Asker;
use crate::resolver::Resolver;
use crate::state::{HeldName, Sizes};
use crate::status::StatusQueries;

/// A machine's presence on the network. See the [crate](super) for how to drive it.
pub struct Node {
    network: Network,
    names: Names,
    resolver: Resolver,
    status_queries: StatusQueries,
    outgoing: Outgoing,
    incoming: Incoming,
    answers: AnswerBudget,
    outbox: Outbox,
}

impl Node {
    /// A node that begins to claim its names on these interfaces. `seed` should be random: it determines the
    /// transaction ids, and the hash keys of tables that packets from other nodes fill.
    pub fn new(config: Config, interfaces: Vec<Interface>, now: Instant, seed: u64) -> Node {
        let limits = &config.limits;
        let mut outbox = Outbox::new(limits, seed);
        let mut node = Node {
            names: Names::new(),
            resolver: Resolver::new(limits),
            status_queries: StatusQueries::new(limits.queries),
            outgoing: Outgoing::new(limits, outbox.id()),
            incoming: Incoming::new(limits, outbox.key(), now),
            answers: AnswerBudget::new(limits, outbox.key(), now),
            outbox,
            network: Network::new(config),
        };
        node.set_interfaces(interfaces, now);
        node
    }

    /// Sets the interfaces, and evaluates the routes of [`Node::set_route`] again: call it also when a route to a name
    /// server has changed. The node claims its names on new interfaces, and no longer has them on interfaces that are
    /// gone. An interface whose address has changed is a new one. The cache of other nodes' names is cleared.
    pub fn set_interfaces(&mut self, interfaces: Vec<Interface>, now: Instant) {
        self.network.set_interfaces(interfaces);
        self.resolver.forget_all();
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        self.names.interfaces_changed(context);
    }

    /// Sets the source of routes. For an address outside the node's subnets, `route` returns the address of the node
    /// from which the system would send, or `None` if there is no route. Packets are sent from that interface's
    /// address, names are registered at the servers to which it leads, and of several addresses of a node those with a
    /// route are tried first. Without this, the first interface is used. Set it before the interfaces, and then call
    /// [`Node::set_interfaces`].
    ///
    /// ```
    /// # use std::{net::Ipv4Addr, time::Instant};
    /// # use mailslot_netbios::{Config, Interface, Node};
    /// # let own = Ipv4Addr::new(192, 0, 2, 7);
    /// # let interface = Interface { id: 2, address: own, prefix: 24, broadcast: Some("192.0.2.255".parse()?) };
    /// # let now = Instant::now();
    /// let mut node = Node::new(Config::new("SRV1", "PLANT")?, Vec::new(), now, 1);
    /// // A default route by way of the subnet of 192.0.2.7, and none to 10.0.0.0/8.
    /// node.set_route(move |to| (to.octets()[0] != 10).then_some(own));
    /// node.set_interfaces(vec![interface], now);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_route(&mut self, route: impl Fn(Ipv4Addr) -> Option<Ipv4Addr> + Send + 'static) {
        self.network.set_route(Box::new(route));
    }

    /// The interfaces, one for each id.
    pub fn interfaces(&self) -> &[Interface] {
        &self.network.interfaces
    }

    /// Handles a received packet. This never fails: packets that are dropped are counted.
    pub fn handle_packet(&mut self, now: Instant, received: Received, bytes: &[u8]) {
        self.outbox.counters.packets_received += 1;
        if let Err(reason) = self.handle(now, received, bytes) {
            self.outbox.counters.drop(reason);
        }
    }

    /// Does what is due at `now`. Early or repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        self.names.handle_timeout(context);
        self.resolver.handle_timeout(context);
        self.status_queries.handle_timeout(context);
        self.incoming.handle_timeout(context);
        self.send_what_waited(now);
    }

    /// When to call [`Node::handle_timeout`] next; `None` if only packets and requests can cause anything.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.names.poll_timeout(),
            self.resolver.poll_timeout(),
            self.status_queries.poll_timeout(),
            self.incoming.poll_timeout(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The next packet to send. Call this until it returns `None`: the queue is bounded, and a full one loses packets.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.take_transmit()
    }

    /// The next event. Call this until it returns `None`: the queue is bounded, and a full one loses events.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.take_event()
    }

    /// Finds the holders of a name. [`Event::Resolved`] reports them, at once if they are known.
    pub fn resolve(&mut self, now: Instant, name: Name) -> RequestId {
        let request = self.outbox.request();
        if let Some(holders) = self.names.own_holders(&name, &self.network) {
            let outcome = QueryOutcome::Found(Resolved { holders, server: None });
            self.outbox.event(Event::Resolved { request, name, outcome });
        } else {
            let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
            let own = self.names.own_memberships(&name, context.network);
            self.resolver.resolve(Asker::User(request), name, own, context);
        }
        request
    }

    /// Asks the node at this address for its names. [`Event::NodeStatus`] reports them.
    pub fn node_status(&mut self, now: Instant, address: Ipv4Addr) -> RequestId {
        let request = self.outbox.request();
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        self.status_queries.ask(request, address, context);
        request
    }

    /// Sends a message to a mailslot of other machines, and to that of this machine if `target` includes it.
    /// [`Event::Sent`] reports that it was sent, at once unless a name must be found first. `slot` is without
    /// `\MAILSLOT\`, in the network's code page.
    ///
    /// # Errors
    ///
    /// - [`SendError::SlotName`] if `slot` is empty or contains a zero byte
    /// - [`SendError::TooLong`] if `data` has more bytes than [`max_data`](mailslot_wire::smb::max_data)
    /// - [`SendError::NoSourceName`] if another node has the computer's name
    ///
    /// [`Event::Sent`] reports the others.
    pub fn send_mailslot(
        &mut self,
        now: Instant,
        target: Target,
        slot: &[u8],
        data: &[u8],
    ) -> Result<RequestId, SendError> {
        if self.names.is_lost(&self.network.config.computer) {
            return Err(SendError::NoSourceName);
        }
        let request = self.outbox.request();
        let message = OutgoingMessage::new(request, target, slot, data)?;
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        self.outgoing.send(message, &self.names, &mut self.resolver, context);
        self.send_what_waited(now);
        Ok(request)
    }

    /// Releases all names; [`Event::Released`] reports the end. The node then neither answers for them nor receives
    /// messages for them.
    pub fn release_all(&mut self, now: Instant) {
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        self.names.release_all(context);
    }

    /// The node's names, one entry for each name and interface.
    pub fn names(&self) -> impl Iterator<Item = HeldName> {
        self.names.iter()
    }

    /// The node's counters.
    pub fn counters(&self) -> &Counters {
        &self.outbox.counters
    }

    /// The current sizes of the node's tables.
    pub fn sizes(&self) -> Sizes {
        let (queries, watches, cached_names) = self.resolver.len();
        let [remembered_datagrams, message_sources] = self.incoming.len();
        let unfinished = self.incoming.unfinished();
        Sizes {
            queries,
            watches,
            cached_names,
            status_queries: self.status_queries.len(),
            waiting_messages: self.outgoing.len(),
            remembered_datagrams,
            message_sources,
            answer_sources: self.answers.len(),
            unfinished: unfinished.map(|(number, _)| number),
            unfinished_bytes: unfinished.map(|(_, bytes)| bytes),
        }
    }

    fn handle(&mut self, now: Instant, received: Received, bytes: &[u8]) -> Result<(), DropReason> {
        let interface = *self.network.interface(received.interface).ok_or(DropReason::UnknownInterface)?;
        if self.network.is_own(received.from, received.service) {
            return Err(DropReason::Own);
        }
        if !self.network.is_of_a_node(*received.from.ip()) {
            return Err(DropReason::ImpossibleSource);
        }
        if received.cast == Cast::Broadcast && !self.network.broadcasts() {
            return Err(DropReason::Broadcast);
        }
        match received.service {
            Service::Name => self.handle_name_packet(now, &interface, received, bytes),
            Service::Datagram => self.handle_datagram(now, received, bytes),
        }
    }

    fn handle_name_packet(
        &mut self,
        now: Instant,
        interface: &Interface,
        received: Received,
        bytes: &[u8],
    ) -> Result<(), DropReason> {
        let packet = Packet::parse(bytes).map_err(|_| DropReason::Malformed)?;
        if let Body::RegistrationRequest(claim) | Body::RefreshRequest { claim, .. } = &packet.body
            && self.network.check_neighbour(interface, *received.from.ip()).is_ok()
        {
            self.resolver.claimed(claim, now);
        }
        if packet.body.is_response() {
            return self.handle_response(now, interface, *received.from.ip(), packet);
        }
        if self.network.config.registrar == Registrar::OtherService {
            return Err(DropReason::NotServed);
        }
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        let answer = self.names.answer(interface, received, &packet, context)?;
        if let Body::ReleaseRequest(claim) = &packet.body {
            self.resolver.forget(&claim.name, claim.holder.address);
        }
        match answer {
            Some(answer) => self.answer(now, received, answer.encode()),
            None => Ok(()),
        }
    }

    fn handle_response(
        &mut self,
        now: Instant,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
    ) -> Result<(), DropReason> {
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        match &packet.body {
            Body::NodeStatusResponse { .. } => self.status_queries.handle(from, packet, context.outbox),
            Body::QueryResponse { .. } | Body::NegativeQueryResponse { .. } | Body::RedirectQueryResponse { .. } => {
                let of_challenge = self.names.handle_query_response(from, &packet, context);
                let result = of_challenge.or_else(|_| self.resolver.handle(interface, from, packet, context));
                self.send_what_waited(now);
                result
            }
            Body::Wack { ttl, .. } => {
                let of_name = self.names.handle_wack(now, from, packet.id, *ttl);
                of_name.or_else(|_| self.resolver.handle_wack(now, from, packet.id, *ttl, context.network))
            }
            Body::RegistrationResponse { .. } | Body::ReleaseResponse { .. } => {
                self.names.handle_response(interface, from, &packet, context)
            }
            _ => Err(DropReason::Malformed),
        }
    }

    fn handle_datagram(&mut self, now: Instant, received: Received, bytes: &[u8]) -> Result<(), DropReason> {
        let packet = datagram::Packet::parse(bytes).map_err(|_| DropReason::Malformed)?;
        if let datagram::Body::Error { .. } = packet.body {
            let (name, address) =
                self.outgoing.handle_error(received.from, packet.header.id).ok_or(DropReason::Unasked)?;
            self.resolver.forget(&name, address);
            self.outbox.event(Event::Undeliverable { destination: name, address });
            return Ok(());
        }
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        if let datagram::Body::Whole { source, .. } | datagram::Body::FirstFragment { source, .. } = &packet.body {
            self.names.spoken_in(source, received, context);
        }
        match self.incoming.handle(received, packet, &self.names, context)? {
            Some(refusal) => self.answer(now, received, refusal.encode()).and(Err(DropReason::NotHere)),
            None => Ok(()),
        }
    }

    /// Answers, if the budget allows it.
    fn answer(&mut self, now: Instant, received: Received, answer: Vec<u8>) -> Result<(), DropReason> {
        let (limits, is_near) = (&self.network.config.limits, self.network.is_near(received));
        if !self.answers.take(limits, *received.from.ip(), is_near, answer.len(), now) {
            return Err(DropReason::AnswerRate);
        }
        self.outbox.send(received.interface, received.from, received.service, answer);
        Ok(())
    }

    fn send_what_waited(&mut self, now: Instant) {
        let context = &mut Context { now, network: &self.network, outbox: &mut self.outbox };
        for (request, outcome) in self.resolver.take_found() {
            self.outgoing.destination_found(request, outcome, context);
        }
    }
}
