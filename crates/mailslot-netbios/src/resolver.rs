//! Finding who holds a name: by broadcast, by asking name servers, or both.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::Name;
use mailslot_wire::name_service::{Body, Claim, Holder, NameFlags, Packet};

use crate::cache::Cache;
use crate::config::Interface;
use crate::context::Context;
use crate::counters::Drop;
use crate::event::{Event, Outcome, RequestId, Resolved};
use crate::holders::{believed, limited};
use crate::limits::Limits;
use crate::network::Network;
use crate::outbox::Outbox;
use crate::packet::Service;
use crate::query::{Asked, Asker, End, Query};
use crate::stage::is_failure;

/// How long after the first answer another holder is looked out for (CONFLICT_TIMER).
const CONFLICT_TIMER: Duration = Duration::from_secs(1);
/// How long the first server is not asked first after it was silent.
const SERVER_TIME: Duration = Duration::from_secs(5 * 60);

/// The queries under way, and what is known from earlier ones.
pub(super) struct Resolver {
    queries: Vec<Query>,
    watches: Vec<Watch>,
    cache: Cache,
    found: Vec<(RequestId, Outcome<Resolved>)>,
    /// The server that has answered last where the first one was silent, and until when it is asked first.
    answering: Option<(usize, Instant)>,
    max_queries: usize,
    max_holders: usize,
}

/// Looks out for a second holder of a unique name (RFC 1002 section 5.1.1).
struct Watch {
    id: u16,
    name: Name,
    interface: u32,
    first: Ipv4Addr,
    /// Another address that has answered, and the question to it alone whether that is another node.
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

    /// Answers from what is known, or begins to ask.
    /// `own` is this node as a member of the group that has the name.
    pub(super) fn resolve(&mut self, asker: Asker, name: Name, own: Vec<Holder>, context: &mut Context<'_>) {
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
        let first_server = self.answering.filter(|(_, until)| context.now < *until).map_or(0, |(index, _)| index);
        let mut query = Query::new(name, asker, own, first_server, context);
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

    /// A neighbour claims the name, or says that it has it. Anybody there can say so, so that this makes nothing known; but what
    /// it contradicts is not believed any longer, and who has the name answers for it when it is asked for.
    pub(super) fn claimed(&mut self, claim: &Claim, now: Instant) {
        self.cache.claimed(claim, now);
        self.queries.iter_mut().filter(|query| query.name == claim.name).for_each(|query| query.claimed(now));
    }

    /// The node is on other networks than before: what was known was about those.
    pub(super) fn forget_all(&mut self) {
        self.cache.clear();
        self.answering = None;
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
    ) -> Result<(), Drop> {
        let of_packet = |id: u16, name: &Name| id == packet.id && packet.body.name().is_none_or(|given| given == name);
        let Some(index) = self.queries.iter().position(|query| of_packet(query.retry.id, &query.name)) else {
            return self.handle_late(interface, from, packet, context);
        };
        let Some(query) = self.queries.get_mut(index) else { return Err(Drop::Unasked) };
        match &query.asked {
            Asked::Server(..) if query.server(context.network) != Some(from) => return Err(Drop::WrongSource),
            Asked::Addresses(addresses) if !addresses.contains(from) => return Err(Drop::WrongSource),
            // A silent one costs each query seconds.
            Asked::Server(index, None) if *index != query.first_server() => {
                self.answering = Some((*index, context.now + SERVER_TIME));
            }
            Asked::Server(..) | Asked::Addresses(_) => {}
            Asked::All(_) => context.network.check_neighbour(interface, from)?,
        }
        let end = match (packet.body, &mut query.asked) {
            (Body::QueryResponse { holders, .. }, _) if holders.is_empty() => return Err(Drop::Malformed),
            (Body::QueryResponse { name, holders, ttl }, asked) => {
                let holders = believed(holders, context);
                let is_group = holders.iter().any(|holder| holder.flags.is_group());
                match asked {
                    Asked::Addresses(_) => query.answered(from, true, context),
                    Asked::All(_) if holders.is_empty() => return Err(Drop::ImpossibleHolder),
                    Asked::All(members) if is_group => {
                        // All members may answer: those that do before the time is over make the list.
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
                        context.outbox.counters.drop(Drop::ImpossibleHolder);
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
                                        self.found.push((request, Outcome::Found(resolved.clone())));
                                    }
                                }
                            }
                            return Ok(());
                        }
                        Some(End { outcome: Outcome::Found(resolved), ttl, is_guess: false })
                    }
                    Asked::Server(..) => query.found(Resolved { holders, server: Some(from) }, ttl, from, context),
                }
            }
            (Body::NegativeQueryResponse { rcode, .. }, Asked::Server(..)) if is_failure(rcode) => {
                query.silence(context)
            }
            (Body::NegativeQueryResponse { .. }, Asked::Server(..)) => query.absent(context),
            (Body::NegativeQueryResponse { .. }, Asked::Addresses(_)) => query.answered(from, false, context),
            // One step: servers that send us in a circle would do so for ever.
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
    ) -> Result<(), Drop> {
        let query = self.queries.iter_mut().find(|query| query.retry.id == id).ok_or(Drop::Unasked)?;
        if query.server(network) != Some(from) {
            return Err(Drop::WrongSource);
        }
        query.wait(seconds, now);
        Ok(())
    }

    /// An answer after the first one, from another address of the segment. Is that another holder of a unique name? The one at
    /// that address alone is asked, and tells all its addresses; what has another address only is told that the name is not its
    /// (RFC 1002 section 5.1.1). On another segment it may be the same node in any case.
    fn handle_late(
        &mut self,
        interface: &Interface,
        from: Ipv4Addr,
        packet: Packet,
        context: &mut Context<'_>,
    ) -> Result<(), Drop> {
        let Body::QueryResponse { name, holders, .. } = packet.body else { return Err(Drop::Unasked) };
        let of_watch = |watch: &Watch| {
            let is_asked = watch.second.is_some_and(|(_, id)| id == packet.id);
            (watch.id == packet.id || is_asked) && watch.name == name && context.now < watch.until
        };
        let index = self.watches.iter().position(of_watch).ok_or(Drop::Unasked)?;
        let watch = self.watches.get_mut(index).ok_or(Drop::Unasked)?;
        context.network.check_neighbour(interface, from)?;
        match watch.second {
            Some((second, id)) if id == packet.id && second == from => {}
            Some((_, id)) if id == packet.id => return Err(Drop::WrongSource),
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

    /// Ends the query, remembers the outcome and tells everybody who asked.
    fn finish(&mut self, index: usize, end: End, context: &mut Context<'_>) {
        let mut query = self.queries.swap_remove(index);
        let end = query.complete(end);
        self.cache.remember(&query.name, &end, context);
        for asker in query.askers {
            self.tell(asker, &query.name, end.outcome.clone(), context.outbox);
        }
    }

    fn tell(&mut self, asker: Asker, name: &Name, outcome: Outcome<Resolved>, outbox: &mut Outbox) {
        match asker {
            Asker::Message(request) => self.found.push((request, outcome)),
            Asker::User(request) => outbox.event(Event::Resolved { request, name: name.clone(), outcome }),
        }
    }
}
