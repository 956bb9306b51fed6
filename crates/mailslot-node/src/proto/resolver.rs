//! Finding who holds a name: by broadcast, by asking name servers, or both.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Body, Holder, NameFlags, Packet};
use mailslot_wire::{Name, NodeType};

use crate::proto::config::Interface;
use crate::proto::counters::Drop;
use crate::proto::event::{Event, Outcome, RequestId, Resolved};
use crate::proto::limits::Limits;
use crate::proto::network::Network;
use crate::proto::node::Service;
use crate::proto::outbox::Outbox;
use crate::proto::retry::{Due, Retry};

/// How long after the first answer another holder is looked out for (CONFLICT_TIMER).
const CONFLICT_TIMER: Duration = Duration::from_secs(1);
/// How long an answer is believed at most; Windows's figure. Holders come and go without a word.
const CACHE_TIME: Duration = Duration::from_secs(600);
/// How long it is believed that nobody holds a name.
const NEGATIVE_CACHE_TIME: Duration = Duration::from_secs(10);

/// The queries under way, and what is known from earlier ones.
pub(super) struct Resolver {
    queries: Vec<Query>,
    watches: Vec<Watch>,
    cache: HashMap<Name, Cached>,
    found: Vec<(RequestId, Outcome<Resolved>)>,
    max_queries: usize,
    max_cached: usize,
    max_holders: usize,
}

/// Who wants to know.
#[derive(Clone, Copy)]
pub(super) enum Asker {
    /// The node's user: told by an event.
    User(RequestId),
    /// A message that waits: told by [`Resolver::take_found`].
    Message(RequestId),
}

struct Query {
    name: Name,
    askers: Vec<Asker>,
    stage: Stage,
    retry: Retry,
}

enum Stage {
    /// The members of a group that have answered so far.
    Broadcast(Vec<Holder>),
    /// The index of the server, and the one that it has sent us on to.
    Server(usize, Option<Ipv4Addr>),
}

/// Looks out for a second holder of a unique name (RFC 1002 section 5.1.1).
struct Watch {
    id: u16,
    name: Name,
    interface: u32,
    first: Ipv4Addr,
    until: Instant,
}

struct Cached {
    /// Nothing if nobody holds the name.
    resolved: Option<Resolved>,
    until: Instant,
}

impl Resolver {
    pub(super) fn new(limits: &Limits) -> Resolver {
        Resolver {
            queries: Vec::new(),
            watches: Vec::new(),
            cache: HashMap::new(),
            found: Vec::new(),
            max_queries: limits.queries,
            max_cached: limits.cached_names,
            max_holders: limits.holders,
        }
    }

    /// Answers from what is known, or begins to ask.
    pub(super) fn resolve(&mut self, now: Instant, asker: Asker, name: Name, network: &Network, outbox: &mut Outbox) {
        if let Some(cached) = self.cache.get(&name).filter(|cached| now < cached.until) {
            let outcome = cached.resolved.clone().map_or(Outcome::NotFound, Outcome::Found);
            return self.tell(asker, &name, outcome, outbox);
        }
        if self.queries.iter().map(|query| query.askers.len()).sum::<usize>() >= self.max_queries {
            outbox.counters.drop(Drop::Busy);
            return self.tell(asker, &name, Outcome::Busy, outbox);
        }
        if let Some(query) = self.queries.iter_mut().find(|query| query.name == name) {
            return query.askers.push(asker);
        }
        let asks_servers_first = network.has_servers() && network.config.node_type != NodeType::M;
        let stage = if asks_servers_first { Stage::Server(0, None) } else { Stage::Broadcast(Vec::new()) };
        let retry = Retry::broadcast(0, now);
        let mut query = Query { name, askers: vec![asker], stage, retry };
        query.start(now, network, outbox);
        self.queries.push(query);
    }

    /// What has been found for messages.
    pub(super) fn take_found(&mut self) -> Vec<(RequestId, Outcome<Resolved>)> {
        std::mem::take(&mut self.found)
    }

    /// The holder at `address` has the name no longer.
    pub(super) fn forget(&mut self, name: &Name, address: Ipv4Addr) {
        let of_holder = |cached: &Cached| {
            cached.resolved.as_ref().is_some_and(|found| found.holders.iter().any(|holder| holder.address == address))
        };
        if self.cache.get(name).is_some_and(of_holder) {
            self.cache.remove(name);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.queries.iter().map(|query| query.retry.due).chain(self.watches.iter().map(|watch| watch.until)).min()
    }

    /// Queries, watches and cached names.
    pub(super) fn len(&self) -> (usize, usize, usize) {
        (self.queries.len(), self.watches.len(), self.cache.len())
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        self.watches.retain(|watch| now < watch.until);
        let mut index = 0;
        while let Some(query) = self.queries.get_mut(index) {
            match query.handle_timeout(now, network, outbox) {
                Some(outcome) => self.finish(index, outcome, CACHE_TIME, now, outbox),
                None => index += 1,
            }
        }
    }

    /// A response to a query.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1; MS-NBTE for H nodes.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<(), Drop> {
        let of_packet = |id: u16, name: &Name| id == packet.id && packet.body.name().is_none_or(|given| given == name);
        let Some(index) = self.queries.iter().position(|query| of_packet(query.retry.id, &query.name)) else {
            return self.handle_late(now, interface, from, packet, network, outbox);
        };
        let Some(query) = self.queries.get_mut(index) else { return Err(Drop::Unasked) };
        if query.server(network).is_some_and(|server| server != from) {
            return Err(Drop::WrongSource);
        }
        match (packet.body, &mut query.stage) {
            (Body::QueryResponse { holders, .. }, _) if holders.is_empty() => return Err(Drop::Malformed),
            (Body::QueryResponse { holders, ttl, .. }, Stage::Server(..)) => {
                let resolved = self.resolved(holders, Some(from));
                self.finish(index, Outcome::Found(resolved), cache_time(ttl), now, outbox);
            }
            (Body::QueryResponse { holders, .. }, Stage::Broadcast(members))
                if holders.iter().any(|holder| holder.flags.is_group()) =>
            {
                // All members may answer: those that do before the time is over make the list.
                let new = holders.iter().filter(|holder| !members.contains(holder)).copied().collect::<Vec<_>>();
                members.extend(new.into_iter().take(self.max_holders.saturating_sub(members.len())));
            }
            (Body::QueryResponse { name, holders, ttl }, Stage::Broadcast(_)) => {
                let resolved = self.resolved(holders, None);
                self.finish(index, Outcome::Found(resolved), cache_time(ttl), now, outbox);
                if self.watches.len() < self.max_queries {
                    let until = now + CONFLICT_TIMER;
                    self.watches.push(Watch { id: packet.id, name, interface: interface.id, first: from, until });
                }
            }
            (Body::NegativeQueryResponse { .. }, Stage::Server(..)) => {
                if network.config.node_type == NodeType::H {
                    query.stage = Stage::Broadcast(Vec::new());
                    query.start(now, network, outbox);
                } else {
                    self.finish(index, Outcome::NotFound, NEGATIVE_CACHE_TIME, now, outbox);
                }
            }
            // One step: servers that send us in a circle would do so for ever.
            (Body::RedirectQueryResponse { address, .. }, Stage::Server(_, other @ None)) => {
                *other = Some(address);
                query.start(now, network, outbox);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn handle_wack(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        id: u16,
        seconds: u32,
        network: &Network,
    ) -> Result<(), Drop> {
        let query = self.queries.iter_mut().find(|query| query.retry.id == id).ok_or(Drop::Unasked)?;
        if query.server(network) != Some(from) {
            return Err(Drop::WrongSource);
        }
        query.retry.wait(seconds, now);
        Ok(())
    }

    /// An answer after the first one. Another holder of a unique name on the same segment is told so: RFC 1002 section
    /// 5.1.1. On another segment it may be the same node, which has several addresses.
    fn handle_late(
        &mut self,
        now: Instant,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<(), Drop> {
        let Body::QueryResponse { name, .. } = packet.body else { return Err(Drop::Unasked) };
        let watch = self.watches.iter().find(|watch| watch.id == packet.id && watch.name == name && now < watch.until);
        let watch = watch.ok_or(Drop::Unasked)?;
        if watch.first == from || watch.interface != interface.id {
            return Ok(());
        }
        let flags = NameFlags::unique(network.config.node_type);
        let demand = Packet::conflict_demand(packet.id, name.clone(), flags).encode();
        outbox.send(interface.id, network.at(from, Service::Name), Service::Name, demand);
        self.cache.remove(&name);
        outbox.event(Event::ConflictSeen { name, holders: [watch.first, from] });
        Ok(())
    }

    fn resolved(&self, mut holders: Vec<Holder>, server: Option<Ipv4Addr>) -> Resolved {
        holders.truncate(self.max_holders);
        Resolved { holders, server }
    }

    /// Ends the query, remembers the outcome and tells everybody who asked.
    fn finish(&mut self, index: usize, outcome: Outcome<Resolved>, keep: Duration, now: Instant, outbox: &mut Outbox) {
        let query = self.queries.swap_remove(index);
        match &outcome {
            Outcome::Found(resolved) => self.remember(&query.name, Some(resolved.clone()), now + keep, now, outbox),
            Outcome::NotFound => self.remember(&query.name, None, now + NEGATIVE_CACHE_TIME, now, outbox),
            Outcome::NoServer | Outcome::Busy => {}
        }
        for asker in query.askers {
            self.tell(asker, &query.name, outcome.clone(), outbox);
        }
    }

    fn remember(&mut self, name: &Name, resolved: Option<Resolved>, until: Instant, now: Instant, outbox: &mut Outbox) {
        if self.cache.len() >= self.max_cached {
            self.cache.retain(|_, cached| now < cached.until);
        }
        if self.cache.len() >= self.max_cached && !self.cache.contains_key(name) {
            return outbox.counters.drop(Drop::CacheRoom);
        }
        self.cache.insert(name.clone(), Cached { resolved, until });
    }

    fn tell(&mut self, asker: Asker, name: &Name, outcome: Outcome<Resolved>, outbox: &mut Outbox) {
        match asker {
            Asker::Message(request) => self.found.push((request, outcome)),
            Asker::User(request) => outbox.event(Event::Resolved { request, name: name.clone(), outcome }),
        }
    }
}

impl Query {
    /// Begins the present stage, with a new transaction.
    fn start(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        let id = outbox.id();
        self.retry = match self.stage {
            Stage::Broadcast(_) => Retry::broadcast(id, now),
            Stage::Server(..) => Retry::unicast(id, now),
        };
        self.transmit(network, outbox);
    }

    fn transmit(&self, network: &Network, outbox: &mut Outbox) {
        if let Some(server) = self.server(network) {
            let packet = Packet::server_query(self.retry.id, self.name.clone());
            return outbox.unicast(network, server, Service::Name, packet.encode());
        }
        let packet = Packet::broadcast_query(self.retry.id, self.name.clone()).encode();
        for interface in &network.interfaces {
            outbox.broadcast(network, interface, Service::Name, packet.clone());
        }
    }

    /// The server that is being asked.
    fn server(&self, network: &Network) -> Option<Ipv4Addr> {
        match self.stage {
            Stage::Broadcast(_) => None,
            Stage::Server(index, other) => other.or(network.config.servers.get(index).copied()),
        }
    }

    /// Returns how the query ends, if it ends now.
    fn handle_timeout(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) -> Option<Outcome<Resolved>> {
        let due = self.retry.poll(now);
        match (due, &mut self.stage) {
            (Due::NotYet, _) => None,
            (_, Stage::Broadcast(members)) if !members.is_empty() => {
                Some(Outcome::Found(Resolved { holders: std::mem::take(members), server: None }))
            }
            (Due::Again, _) => {
                self.transmit(network, outbox);
                None
            }
            (Due::Silence, _) => self.silence(now, network, outbox),
        }
    }

    fn silence(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) -> Option<Outcome<Resolved>> {
        let servers = network.config.servers.len();
        let node_type = network.config.node_type;
        self.stage = match self.stage {
            Stage::Broadcast(_) if node_type == NodeType::M && network.has_servers() => Stage::Server(0, None),
            Stage::Broadcast(_) => return Some(Outcome::NotFound),
            Stage::Server(index, _) if index + 1 < servers => Stage::Server(index + 1, None),
            Stage::Server(..) if node_type == NodeType::H => Stage::Broadcast(Vec::new()),
            Stage::Server(..) => return Some(Outcome::NoServer),
        };
        self.start(now, network, outbox);
        None
    }
}

/// For how long an answer with this TTL, 0 being for ever, is believed.
fn cache_time(ttl: u32) -> Duration {
    if ttl == 0 { CACHE_TIME } else { CACHE_TIME.min(Duration::from_secs(ttl.into())) }
}
