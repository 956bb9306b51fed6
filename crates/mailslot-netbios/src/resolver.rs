//! Finds the holders of names, by broadcast, from name servers, or both.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::Name;
use mailslot_wire::name_service::{Body, Claim, Holder, NameFlags, Packet};

use crate::cache::Cache;
use crate::config::Interface;
use crate::context::Context;
use crate::counters::DropReason;
use crate::event::{Event, QueryOutcome, RequestId, Resolved};
use crate::holders::{believed, limited};
use crate::limits::Limits;
use crate::network::Network;
use crate::outbox::Outbox;
use crate::packet::Service;
use crate::query::{Asked, Asker, End, Query};
use crate::stage::is_failure;

/// How long after the first answer a second holder is detected (CONFLICT_TIMER).
const CONFLICT_TIMER: Duration = Duration::from_secs(1);
/// How long another server is asked first after the first one did not answer.
const SERVER_TIME: Duration = Duration::from_secs(5 * 60);

/// The queries in progress, and what is known from earlier ones.
pub(super) struct Resolver {
    queries: Vec<Query>,
    watches: Vec<Watch>,
    cache: Cache,
    found: Vec<(RequestId, QueryOutcome)>,
    /// The server that last answered when the first one did not, and until when it is asked first.
    answering: Option<(usize, Instant)>,
    max_queries: usize,
    max_holders: usize,
}

/// Detects a second holder of a unique name (RFC 1002 section 5.1.1).
struct Watch {
    id: u16,
    name: Name,
    interface: u32,
    first: Ipv4Addr,
    /// Another address that has answered, and the id of the unicast query that finds out whether it is another node.
    second: Option<(Ipv4Addr, u16)>,
    until: Instant,
}

impl Resolver {
    pub(super) fn new(limits: &Limits) -> Resolver {
        Resolver {
            queries: Vec::new(),
            watches: Vec::new(),
            cache: Cache::new(limits.cached_names),
            found: Vec::new(),
            answering: None,
            max_queries: limits.queries,
            max_holders: limits.holders,
        }
    }

    /// Answers from the cache, or begins a query. `own` is this node as a member of the group that has the name.
    pub(super) fn resolve(&mut self, asker: Asker, name: Name, own: Vec<Holder>, context: &mut Context<'_>) {
        if let Some(outcome) = self.cache.get(&name, context.now) {
            return self.tell(asker, &name, outcome, context.outbox);
        }
        if self.queries.iter().map(|query| query.askers.len()).sum::<usize>() >= self.max_queries {
            context.outbox.counters.drop(DropReason::Busy);
            return self.tell(asker, &name, QueryOutcome::Busy, context.outbox);
        }
        if let Some(query) = self.queries.iter_mut().find(|query| query.name == name) {
            return query.askers.push(asker);
        }
        let first_server = self.answering.filter(|(_, until)| context.now < *until).map_or(0, |(index, _)| index);
        let mut query = Query::new(name, asker, own, first_server, context);
        query.start(context);
        self.queries.push(query);
    }

    /// The outcomes of queries for messages.
    pub(super) fn take_found(&mut self) -> Vec<(RequestId, QueryOutcome)> {
        std::mem::take(&mut self.found)
    }

    /// The holder at `address` no longer has the name.
    pub(super) fn forget(&mut self, name: &Name, address: Ipv4Addr) {
        self.cache.forget(name, address);
    }

    /// A neighbour claims the name, or refreshes it. Any neighbour can send this, so it adds nothing to the cache. It
    /// only removes an entry that it contradicts; the holder answers when the name is next asked for.
    pub(super) fn claimed(&mut self, claim: &Claim, now: Instant) {
        self.cache.claimed(claim, now);
        self.queries.iter_mut().filter(|query| query.name == claim.name).for_each(|query| query.claimed(now));
    }

    /// The node's networks have changed, and the cache was about the former ones.
    pub(super) fn forget_all(&mut self) {
        self.cache.clear();
        self.answering = None;
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.queries.iter().map(|query| query.retry.due).chain(self.watches.iter().map(|watch| watch.until)).min()
    }

    /// How many queries, watches and cached names there are.
    pub(super) fn len(&self) -> (usize, usize, usize) {
        (self.queries.len(), self.watches.len(), self.cache.len())
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        self.watches.retain(|watch| context.now < watch.until);
        let mut index = 0;
        while let Some(query) = self.queries.get_mut(index) {
            match query.handle_timeout(context) {
                Some(end) => self.finish(index, end, context),
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
    ) -> Result<(), DropReason> {
        let of_packet = |id: u16, name: &Name| id == packet.id && packet.body.name().is_none_or(|given| given == name);
        let Some(index) = self.queries.iter().position(|query| of_packet(query.retry.id, &query.name)) else {
            return self.handle_late(interface, from, packet, context);
        };
        let Some(query) = self.queries.get_mut(index) else { return Err(DropReason::Unasked) };
        match &query.asked {
            Asked::Server(..) if query.server(context.network) != Some(from) => return Err(DropReason::WrongSource),
            Asked::Addresses(addresses) if !addresses.contains(from) => return Err(DropReason::WrongSource),
            // A server that does not answer costs each query seconds.
            Asked::Server(index, None) if *index != query.first_server() => {
                self.answering = Some((*index, context.now + SERVER_TIME));
            }
            Asked::Server(..) | Asked::Addresses(_) => {}
            Asked::All(_) => context.network.check_neighbour(interface, from)?,
        }
        let end = match (packet.body, &mut query.asked) {
            (Body::QueryResponse { holders, .. }, _) if holders.is_empty() => return Err(DropReason::Malformed),
            (Body::QueryResponse { name, holders, ttl }, asked) => {
                let holders = believed(holders, context);
                let is_group = holders.iter().any(|holder| holder.flags.is_group());
                match asked {
                    Asked::Addresses(_) => query.answered(from, true, context),
                    Asked::All(_) if holders.is_empty() => return Err(DropReason::ImpossibleHolder),
                    Asked::All(members) if is_group => {
                        // All members may answer; those that do in time make the list.
                        let new: Vec<_> = holders.into_iter().filter(|holder| !members.contains(holder)).collect();
                        let room = self.max_holders.saturating_sub(members.len());
                        members.extend(limited(new, room, context));
                        None
                    }
                    Asked::All(_) => {
                        // Every node is a holder of `*`.
                        if self.watches.len() < self.max_queries && !name.is_wildcard() {
                            let (id, until) = (packet.id, context.now + CONFLICT_TIMER);
                            let (interface, first) = (interface.id, from);
                            self.watches.push(Watch { id, name, interface, first, second: None, until });
                        }
                        query.found(Resolved { holders, server: None }, ttl, from, context)
                    }
                    Asked::Server(..) if holders.is_empty() => {
                        context.outbox.counters.drop(DropReason::ImpossibleHolder);
                        query.absent(context)
                    }
                    Asked::Server(..) if is_group => {
                        let holders = limited(holders, self.max_holders, context);
                        let resolved = Resolved { holders, server: Some(from) };
                        if query.ask_members(&resolved, context) {
                            for asker in std::mem::take(&mut query.askers) {
                                match asker {
                                    Asker::User(_) => query.askers.push(asker),
                                    Asker::Message(request) => {
                                        self.found.push((request, QueryOutcome::Found(resolved.clone())));
                                    }
                                }
                            }
                            return Ok(());
                        }
                        Some(End { outcome: QueryOutcome::Found(resolved), ttl, is_guess: false })
                    }
                    Asked::Server(..) => query.found(Resolved { holders, server: Some(from) }, ttl, from, context),
                }
            }
            (Body::NegativeQueryResponse { rcode, .. }, Asked::Server(..)) if is_failure(rcode) => {
                query.silence(context)
            }
            (Body::NegativeQueryResponse { .. }, Asked::Server(..)) => query.absent(context),
            (Body::NegativeQueryResponse { .. }, Asked::Addresses(_)) => query.answered(from, false, context),
            // Only one redirection is followed: servers may redirect in a circle.
            (Body::RedirectQueryResponse { address, .. }, Asked::Server(_, other @ None)) => {
                *other = Some(address);
                query.start(context);
                None
            }
            _ => None,
        };
        if let Some(end) = end {
            self.finish(index, end, context);
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
    ) -> Result<(), DropReason> {
        let query = self.queries.iter_mut().find(|query| query.retry.id == id).ok_or(DropReason::Unasked)?;
        if query.server(network) != Some(from) {
            return Err(DropReason::WrongSource);
        }
        query.wait(seconds, now);
        Ok(())
    }

    /// An answer after the first one, from another address of the segment, which may be a second holder of a unique
    /// name. A unicast query to that address asks for all addresses of the node. If the first address is not among
    /// them, the node is sent a name conflict demand (RFC 1002 section 5.1.1). Answers on other segments are ignored:
    /// they may always be of the same node.
    fn handle_late(
        &mut self,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
        context: &mut Context<'_>,
    ) -> Result<(), DropReason> {
        let Body::QueryResponse { name, holders, .. } = packet.body else { return Err(DropReason::Unasked) };
        let of_watch = |watch: &Watch| {
            let is_asked = watch.second.is_some_and(|(_, id)| id == packet.id);
            (watch.id == packet.id || is_asked) && watch.name == name && context.now < watch.until
        };
        let index = self.watches.iter().position(of_watch).ok_or(DropReason::Unasked)?;
        let watch = self.watches.get_mut(index).ok_or(DropReason::Unasked)?;
        context.network.check_neighbour(interface, from)?;
        match watch.second {
            Some((second, id)) if id == packet.id && second == from => {}
            Some((_, id)) if id == packet.id => return Err(DropReason::WrongSource),
            None if watch.first != from && watch.interface == interface.id => {
                let id = context.outbox.id();
                (watch.second, watch.until) = (Some((from, id)), context.now + CONFLICT_TIMER);
                context.unicast(from, Service::Name, Packet::node_query(id, name).encode());
                return Ok(());
            }
            _ => return Ok(()),
        }
        let first = watch.first;
        self.watches.swap_remove(index);
        if holders.iter().any(|holder| holder.address == first) {
            return Ok(());
        }
        let flags = NameFlags::unique(context.network.config.node_type);
        let demand = Packet::conflict_demand(packet.id, name.clone(), flags).encode();
        context.outbox.send(interface.id, context.network.at(from, Service::Name), Service::Name, demand);
        self.cache.remove(&name);
        context.outbox.event(Event::ConflictSeen { name, holders: [first, from] });
        Ok(())
    }

    /// Ends the query, caches the outcome and reports it to all askers.
    fn finish(&mut self, index: usize, end: End, context: &mut Context<'_>) {
        let mut query = self.queries.swap_remove(index);
        let end = query.complete(end);
        self.cache.remember(&query.name, &end, context);
        for asker in query.askers {
            self.tell(asker, &query.name, end.outcome.clone(), context.outbox);
        }
    }

    fn tell(&mut self, asker: Asker, name: &Name, outcome: QueryOutcome, outbox: &mut Outbox) {
        match asker {
            Asker::Message(request) => self.found.push((request, outcome)),
            Asker::User(request) => outbox.event(Event::Resolved { request, name: name.clone(), outcome }),
        }
    }
}
