//! One machine's node: the state machines together.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use mailslot_wire::name_service::{Body, Packet};
use mailslot_wire::{Name, datagram};

use crate::proto::config::{Config, Interface, NameKind};
use crate::proto::counters::{Counters, Drop};
use crate::proto::datagrams::{Datagrams, Outgoing};
use crate::proto::event::{Event, Outcome, RequestId, Resolved, SendError};
use crate::proto::limits::Limiter;
use crate::proto::names::Names;
use crate::proto::network::Network;
use crate::proto::outbox::Outbox;
use crate::proto::resolver::{Asker, Resolver};
use crate::proto::status::StatusQueries;

/// A machine's presence on the network. See the [module](super) for how it is driven.
pub struct Node {
    network: Network,
    names: Names,
    resolver: Resolver,
    status_queries: StatusQueries,
    datagrams: Datagrams,
    answers: Limiter,
    outbox: Outbox,
}

/// Which of the two services a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// UDP port 137.
    Name,
    /// UDP port 138.
    Datagram,
}

/// What a packet was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cast {
    /// This machine's address.
    Unicast,
    /// A broadcast address.
    Broadcast,
}

/// How a packet came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// [`Interface::id`].
    pub interface: u32,
    /// The UDP source.
    pub from: SocketAddrV4,
    /// The service whose port it came to.
    pub service: Service,
    /// What it was sent to.
    pub cast: Cast,
}

/// A packet to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// [`Interface::id`]: send from this interface's address. A broadcast must leave by it.
    pub interface: u32,
    /// The UDP destination.
    pub to: SocketAddrV4,
    /// The service whose port it must come from.
    pub service: Service,
    /// The UDP payload.
    pub bytes: Vec<u8>,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The computer of this name, or all members of the domain: `\\NAME\mailslot\...`. The network is asked which.
    Name(Name),
    /// All members of the node's own workgroup or domain, this machine included: `\\*\mailslot\...`.
    OwnDomain,
    /// All members of the node's own workgroup or domain on the subnets of these interfaces, by broadcast, but not this
    /// machine, and from the computer's name with the suffix [`BRIDGE`](super::BRIDGE): what a bridge carries.
    Carried(Vec<u32>),
    /// All members of this group on the node's subnets, by broadcast, without asking. For the names of the browser
    /// service, some of which cannot be asked for.
    Group(Name),
    /// This name at this address, without asking: answers.
    Node(Name, Ipv4Addr),
}

/// A name of the node and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldName {
    /// The name.
    pub name: Name,
    /// Unique or group.
    pub kind: NameKind,
    /// [`Interface::id`].
    pub interface: u32,
    /// How it stands there.
    pub state: NameState,
}

/// How a name stands on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameState {
    /// Nobody has objected so far.
    Claiming,
    /// It is the node's.
    Held,
    /// It was never the node's: another one has it.
    Refused,
    /// It was the node's, and then another one was found to have it.
    Conflict,
    /// The node is giving it up, or has done so.
    Released,
}

/// How many entries the tables hold that packets and requests can make grow; [`Limits`](super::limits::Limits) bounds
/// each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Names being looked for.
    pub queries: usize,
    /// Names looked out for a second holder of; bounded like `queries`.
    pub watches: usize,
    /// Names in the cache.
    pub cached_names: usize,
    /// Node status requests under way; bounded like `queries`.
    pub status_queries: usize,
    /// Messages waiting for their destination to be found.
    pub waiting_messages: usize,
    /// Senders whose datagrams are checked for having come before.
    pub duplicate_sources: usize,
    /// Sources with a budget of messages.
    pub message_sources: usize,
    /// Sources with a budget of answers.
    pub answer_sources: usize,
    /// Unfinished datagrams.
    pub unfinished: usize,
    /// Bytes of them.
    pub unfinished_bytes: usize,
}

impl Node {
    /// A node that begins to claim its names on these interfaces. `seed` should be random: transaction ids come from it.
    pub fn new(config: Config, interfaces: Vec<Interface>, now: Instant, seed: u64) -> Node {
        let limits = &config.limits;
        let mut outbox = Outbox::new(limits, seed);
        let mut node = Node {
            names: Names::new(),
            resolver: Resolver::new(limits),
            status_queries: StatusQueries::new(limits.queries),
            datagrams: Datagrams::new(limits, outbox.id(), now),
            answers: Limiter::new(limits.answers_per_source, limits.answers, limits.rated_sources, now),
            outbox,
            network: Network { config, interfaces: Vec::new() },
        };
        node.set_interfaces(interfaces, now);
        node
    }

    /// The interfaces are now these. The names are claimed on new ones, and no longer the node's on those that are gone.
    /// An interface whose address has changed is a new one.
    pub fn set_interfaces(&mut self, interfaces: Vec<Interface>, now: Instant) {
        self.network.interfaces = interfaces;
        self.names.interfaces_changed(now, &self.network, &mut self.outbox);
    }

    /// The interfaces.
    pub fn interfaces(&self) -> &[Interface] {
        &self.network.interfaces
    }

    /// Takes a packet in. Whatever it is, this does not fail: what is of no use is counted.
    pub fn handle_packet(&mut self, now: Instant, received: Received, bytes: &[u8]) {
        self.outbox.counters.packets_received += 1;
        let dropped = match received.service {
            Service::Name => self.handle_name_packet(now, received, bytes),
            Service::Datagram => self.handle_datagram(now, received, bytes),
        };
        if let Err(reason) = dropped {
            self.outbox.counters.drop(reason);
        }
    }

    /// Does what is due at `now`. Earlier or repeated calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.names.handle_timeout(now, &self.network, &mut self.outbox);
        self.resolver.handle_timeout(now, &self.network, &mut self.outbox);
        self.status_queries.handle_timeout(now, &self.network, &mut self.outbox);
        self.datagrams.handle_timeout(now, &mut self.outbox.counters);
        self.send_what_waited();
    }

    /// When to call [`Node::handle_timeout`] next; `None` if only packets and requests can bring something new.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.names.poll_timeout(),
            self.resolver.poll_timeout(),
            self.status_queries.poll_timeout(),
            self.datagrams.poll_timeout(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The next packet to send. Call until there is none: the queue is bounded, and a full one loses packets.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.take_transmit()
    }

    /// The next thing that has happened. Call until there is none: the queue is bounded, and a full one loses events.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.take_event()
    }

    /// Who holds this name? [`Event::Resolved`] tells, at once if it is known.
    pub fn resolve(&mut self, now: Instant, name: Name) -> RequestId {
        let request = self.outbox.request();
        if let Some(holders) = self.names.own_holders(&name, &self.network) {
            let outcome = Outcome::Found(Resolved { holders, server: None });
            self.outbox.event(Event::Resolved { request, name, outcome });
        } else {
            self.resolver.resolve(now, Asker::User(request), name, &self.network, &mut self.outbox);
        }
        request
    }

    /// Which names does the node at this address have? [`Event::NodeStatus`] tells.
    pub fn node_status(&mut self, now: Instant, address: Ipv4Addr) -> RequestId {
        let request = self.outbox.request();
        self.status_queries.ask(now, request, address, &self.network, &mut self.outbox);
        request
    }

    /// Sends a message to a mailslot of other machines, and to that of this machine if `target` includes it.
    /// [`Event::Sent`] tells when it has gone, at once unless a name must be found first. `slot` is without
    /// `\MAILSLOT\`, in the network's code page.
    ///
    /// # Errors
    ///
    /// - [`SendError::SlotName`] if `slot` is empty or has a zero byte in it
    /// - [`SendError::TooLong`] if `data` has more bytes than [`max_data`](mailslot_wire::smb::max_data)
    /// - [`SendError::NoSourceName`] if another node has the computer's name
    ///
    /// The others come with [`Event::Sent`].
    pub fn send_mailslot(
        &mut self,
        now: Instant,
        target: Target,
        slot: &[u8],
        data: &[u8],
    ) -> Result<RequestId, SendError> {
        let source = &self.network.config.computer;
        if self.names.is_lost(source) {
            return Err(SendError::NoSourceName);
        }
        let request = self.outbox.request();
        let outgoing = Outgoing::new(request, target, slot, data)?;
        self.datagrams.send(now, outgoing, &self.names, &mut self.resolver, &self.network, &mut self.outbox);
        self.send_what_waited();
        Ok(request)
    }

    /// Gives all names up; [`Event::Released`] tells when that is done. Until the node is dropped it neither answers for
    /// them nor receives anything.
    pub fn release_all(&mut self, now: Instant) {
        self.names.release_all(now, &self.network, &mut self.outbox);
    }

    /// The node's names, one entry for each name and interface.
    pub fn names(&self) -> impl Iterator<Item = HeldName> {
        self.names.iter()
    }

    /// What the node has counted.
    pub fn counters(&self) -> &Counters {
        &self.outbox.counters
    }

    /// How full the node's tables are.
    pub fn sizes(&self) -> Sizes {
        let (queries, watches, cached_names) = self.resolver.len();
        let [waiting_messages, duplicate_sources, message_sources, unfinished, unfinished_bytes] = self.datagrams.len();
        Sizes {
            queries,
            watches,
            cached_names,
            status_queries: self.status_queries.len(),
            waiting_messages,
            duplicate_sources,
            message_sources,
            answer_sources: self.answers.len(),
            unfinished,
            unfinished_bytes,
        }
    }

    fn handle_name_packet(&mut self, now: Instant, received: Received, bytes: &[u8]) -> Result<(), Drop> {
        let interface = *self.network.interface(received.interface).ok_or(Drop::UnknownInterface)?;
        let from = *received.from.ip();
        if self.network.is_own(received.from, received.service) {
            return Err(Drop::Own);
        }
        if received.cast == Cast::Broadcast && !self.network.broadcasts() {
            return Err(Drop::Broadcast);
        }
        let packet = Packet::parse(bytes).map_err(|_| Drop::Malformed)?;
        if packet.body.is_response() {
            return self.handle_response(now, &interface, from, packet);
        }
        let answer = self.names.answer(&interface, received, &packet, &self.network, &mut self.outbox)?;
        if let Body::ReleaseRequest(claim) = &packet.body {
            self.resolver.forget(&claim.name, claim.holder.address);
        }
        let Some(answer) = answer else { return Ok(()) };
        if !self.answers.take(self.network.config.limits.answers, from, now) {
            return Err(Drop::AnswerRate);
        }
        self.outbox.send(interface.id, received.from, Service::Name, answer.encode());
        Ok(())
    }

    fn handle_response(
        &mut self,
        now: Instant,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
    ) -> Result<(), Drop> {
        match &packet.body {
            Body::NodeStatusResponse { .. } => self.status_queries.handle(from, packet, &mut self.outbox),
            Body::QueryResponse { .. } | Body::NegativeQueryResponse { .. } | Body::RedirectQueryResponse { .. } => {
                let of_challenge =
                    self.names.handle_query_response(now, from, &packet, &self.network, &mut self.outbox);
                let result = of_challenge
                    .or_else(|_| self.resolver.handle(now, interface, from, packet, &self.network, &mut self.outbox));
                self.send_what_waited();
                result
            }
            Body::Wack { ttl, .. } => {
                let ttl = *ttl;
                self.names
                    .handle_wack(now, from, packet.id, ttl, &self.network)
                    .or_else(|_| self.resolver.handle_wack(now, from, packet.id, ttl, &self.network))
            }
            Body::RegistrationResponse { .. } | Body::ReleaseResponse { .. } => {
                self.names.handle_response(now, interface, from, &packet, &self.network, &mut self.outbox)
            }
            _ => Err(Drop::Malformed),
        }
    }

    fn handle_datagram(&mut self, now: Instant, received: Received, bytes: &[u8]) -> Result<(), Drop> {
        let interface = *self.network.interface(received.interface).ok_or(Drop::UnknownInterface)?;
        let from = *received.from.ip();
        if self.network.is_own(received.from, received.service) {
            return Err(Drop::Own);
        }
        if received.cast == Cast::Broadcast && !self.network.broadcasts() {
            return Err(Drop::Broadcast);
        }
        let packet = datagram::Packet::parse(bytes).map_err(|_| Drop::Malformed)?;
        if let datagram::Body::Error { .. } = packet.body {
            let (name, address) = self.datagrams.handle_error(received.from, packet.header.id).ok_or(Drop::Unasked)?;
            self.resolver.forget(&name, address);
            self.outbox.event(Event::Undeliverable { destination: name, address });
            return Ok(());
        }
        let refusal = self.datagrams.handle(now, received, packet, &self.names, &self.network, &mut self.outbox)?;
        let Some(refusal) = refusal else { return Ok(()) };
        if !self.answers.take(self.network.config.limits.answers, from, now) {
            return Err(Drop::AnswerRate);
        }
        self.outbox.send(interface.id, received.from, Service::Datagram, refusal.encode());
        Err(Drop::NotHere)
    }

    fn send_what_waited(&mut self) {
        for (request, outcome) in self.resolver.take_found() {
            self.datagrams.destination_found(request, outcome, &self.network, &mut self.outbox);
        }
    }
}
