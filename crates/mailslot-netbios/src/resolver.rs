//! Finding who holds a name: by broadcast, by asking name servers, or both.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Body, Holder, NameFlags, Packet};
use mailslot_wire::{Name, NodeType};

use crate::cache::Cache;
use crate::config::Interface;
use crate::context::Context;
use crate::counters::Drop;
use crate::event::{Event, Outcome, RequestId, Resolved};
use crate::limits::Limits;
use crate::network::Network;
use crate::outbox::Outbox;
use crate::packet::Service;
use crate::query::{Asked, Asker, Query};

/// How long after the first answer another holder is looked out for (CONFLICT_TIMER).
const CONFLICT_TIMER: Duration = Duration::from_secs(1);

/// The queries under way, and what is known from earlier ones.
pub(super) struct Resolver {
    queries: Vec<Query>,
    watches: Vec<Watch>,
    cache: Cache,
    found: Vec<(RequestId, Outcome<Resolved>)>,
    max_queries: usize,
    max_holders: usize,
}

/// Looks out for a second holder of a unique name (RFC 1002 section 5.1.1).
struct Watch {
    id: u16,
    name: Name,
    interface: u32,
    first: Ipv4Addr,
    until: Instant,
}

impl Resolver {
    pub(super) fn new(limits: &Limits) -> Resolver {
        Resolver {
            queries: Vec::new(),
            watches: Vec::new(),
            cache: Cache::new(limits.cached_names),
            found: Vec::new(),
            max_queries: limits.queries,
            max_holders: limits.holders,
        }
    }

    /// Answers from what is known, or begins to ask.
    pub(super) fn resolve(&mut self, asker: Asker, name: Name, context: &mut Context<'_>) {
        if let Some(outcome) = self.cache.get(&name, context.now) {
            return self.tell(asker, &name, outcome, context.outbox);
        }
        if self.queries.iter().map(|query| query.askers.len()).sum::<usize>() >= self.max_queries {
            context.outbox.counters.drop(Drop::Busy);
            return self.tell(asker, &name, Outcome::Busy, context.outbox);
        }
        if let Some(query) = self.queries.iter_mut().find(|query| query.name == name) {
            return query.askers.push(asker);
        }
        let mut query = Query::new(name, asker, context);
        query.start(context);
        self.queries.push(query);
    }

    /// What has been found for messages.
    pub(super) fn take_found(&mut self) -> Vec<(RequestId, Outcome<Resolved>)> {
        std::mem::take(&mut self.found)
    }

    /// The holder at `address` has the name no longer.
    pub(super) fn forget(&mut self, name: &Name, address: Ipv4Addr) {
        self.cache.forget(name, address);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.queries.iter().map(|query| query.retry.due).chain(self.watches.iter().map(|watch| watch.until)).min()
    }

    /// Queries, watches and cached names.
    pub(super) fn len(&self) -> (usize, usize, usize) {
        (self.queries.len(), self.watches.len(), self.cache.len())
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        self.watches.retain(|watch| context.now < watch.until);
        let mut index = 0;
        while let Some(query) = self.queries.get_mut(index) {
            match query.handle_timeout(context) {
                Some(outcome) => self.finish(index, outcome, 0, context),
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
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
        context: &mut Context<'_>,
    ) -> Result<(), Drop> {
        let of_packet = |id: u16, name: &Name| id == packet.id && packet.body.name().is_none_or(|given| given == name);
        let Some(index) = self.queries.iter().position(|query| of_packet(query.retry.id, &query.name)) else {
            return self.handle_late(interface, from, packet, context);
        };
        let Some(query) = self.queries.get_mut(index) else { return Err(Drop::Unasked) };
        match query.server(context.network) {
            Some(server) if server != from => return Err(Drop::WrongSource),
            Some(_) => {}
            None => context.network.check_neighbour(interface, from)?,
        }
        match (packet.body, &mut query.asked) {
            (Body::QueryResponse { holders, .. }, _) if holders.is_empty() => return Err(Drop::Malformed),
            (Body::QueryResponse { holders, ttl, .. }, Asked::Server(..)) => {
                let resolved = self.resolved(holders, Some(from));
                self.finish(index, Outcome::Found(resolved), ttl, context);
            }
            (Body::QueryResponse { holders, .. }, Asked::All(members))
                if holders.iter().any(|holder| holder.flags.is_group()) =>
            {
                // All members may answer: those that do before the time is over make the list.
                let new = holders.iter().filter(|holder| !members.contains(holder)).copied().collect::<Vec<_>>();
                members.extend(new.into_iter().take(self.max_holders.saturating_sub(members.len())));
            }
            (Body::QueryResponse { name, holders, ttl }, Asked::All(_)) => {
                let resolved = self.resolved(holders, None);
                self.finish(index, Outcome::Found(resolved), ttl, context);
                // Every node is a holder of `*`.
                if self.watches.len() < self.max_queries && !name.is_wildcard() {
                    let until = context.now + CONFLICT_TIMER;
                    self.watches.push(Watch { id: packet.id, name, interface: interface.id, first: from, until });
                }
            }
            (Body::NegativeQueryResponse { .. }, Asked::Server(..)) => {
                if context.network.config.node_type == NodeType::H {
                    query.asked = Asked::All(Vec::new());
                    query.start(context);
                } else {
                    self.finish(index, Outcome::NotFound, 0, context);
                }
            }
            // One step: servers that send us in a circle would do so for ever.
            (Body::RedirectQueryResponse { address, .. }, Asked::Server(_, other @ None)) => {
                *other = Some(address);
                query.start(context);
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
        query.wait(seconds, now);
        Ok(())
    }

    /// An answer after the first one. Another holder of a unique name on the same segment is told so: RFC 1002 section
    /// 5.1.1. On another segment it may be the same node, which has several addresses.
    fn handle_late(
        &mut self,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
        context: &mut Context<'_>,
    ) -> Result<(), Drop> {
        let Body::QueryResponse { name, .. } = packet.body else { return Err(Drop::Unasked) };
        let watch =
            self.watches.iter().find(|watch| watch.id == packet.id && watch.name == name && context.now < watch.until);
        let watch = watch.ok_or(Drop::Unasked)?;
        context.network.check_neighbour(interface, from)?;
        if watch.first == from || watch.interface != interface.id {
            return Ok(());
        }
        let flags = NameFlags::unique(context.network.config.node_type);
        let demand = Packet::conflict_demand(packet.id, name.clone(), flags).encode();
        context.outbox.send(interface.id, context.network.at(from, Service::Name), Service::Name, demand);
        self.cache.remove(&name);
        context.outbox.event(Event::ConflictSeen { name, holders: [watch.first, from] });
        Ok(())
    }

    fn resolved(&self, mut holders: Vec<Holder>, server: Option<Ipv4Addr>) -> Resolved {
        holders.truncate(self.max_holders);
        Resolved { holders, server }
    }

    /// Ends the query, remembers the outcome and tells everybody who asked.
    fn finish(&mut self, index: usize, outcome: Outcome<Resolved>, ttl: u32, context: &mut Context<'_>) {
        let query = self.queries.swap_remove(index);
        self.cache.remember(&query.name, &outcome, ttl, context);
        for asker in query.askers {
            self.tell(asker, &query.name, outcome.clone(), context.outbox);
        }
    }

    fn tell(&mut self, asker: Asker, name: &Name, outcome: Outcome<Resolved>, outbox: &mut Outbox) {
        match asker {
            Asker::Message(request) => self.found.push((request, outcome)),
            Asker::User(request) => outbox.event(Event::Resolved { request, name: name.clone(), outcome }),
        }
    }
}
