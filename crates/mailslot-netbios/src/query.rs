//! The state of one query: which node to ask next, and how often.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Holder, Packet};
use mailslot_wire::{Name, NodeType};

use crate::context::Context;
use crate::event::{QueryOutcome, RequestId, Resolved};
use crate::holders::{limited, means_all};
use crate::network::{Network, Reach};
use crate::packet::Service;
use crate::retry::{Due, Retry};

/// How long a server can make a query wait, and with it the programs that asked. A server needs no longer for a query.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// How long a query for a name that a neighbour claims meanwhile goes on: as long as nmbd, the slowest to claim, takes.
const MAX_CLAIM: Duration = Duration::from_secs(5);
/// How many addresses of one node are asked at most, and how often each.
const MAX_ASKED: usize = 8;
const ROUNDS: usize = 2;

/// A query for a name.
pub(super) struct Query {
    pub(super) name: Name,
    pub(super) askers: Vec<Asker>,
    pub(super) asked: Asked,
    /// The index of the server that is asked first; the others follow in turn.
    first_server: usize,
    pub(super) retry: Retry,
    /// This node as a member of the group: no answer of another node includes it.
    own: Vec<Holder>,
    /// A server's answer that the name is a group, without its members.
    group: Option<Resolved>,
}

/// Which nodes are being asked.
pub(super) enum Asked {
    /// All nodes, by broadcast; with the members of a group that have answered so far.
    All(Vec<Holder>),
    /// A server, by its index, and the server to which it has redirected the query.
    Server(usize, Option<Ipv4Addr>),
    /// A node with several reported addresses, at one after the other, to find the one at which it answers.
    Addresses(Addresses),
}

/// The reported addresses of a node.
pub(super) struct Addresses {
    /// The best first.
    pub(super) resolved: Resolved,
    /// How long the answer is valid, in seconds.
    pub(super) ttl: u32,
    /// How many requests were sent to all of them.
    count: usize,
}

/// The origin of a query.
#[derive(Clone, Copy)]
pub(super) enum Asker {
    /// The node's user: gets the outcome as an event.
    User(RequestId),
    /// A waiting message: gets the outcome by [`Resolver::take_found`](crate::resolver::Resolver::take_found).
    Message(RequestId),
}

/// The end of a query.
pub(super) struct End {
    pub(super) outcome: QueryOutcome,
    /// How long the outcome is valid, in seconds; 0 is for ever.
    pub(super) ttl: u32,
    /// Whether the first address is a guess: the holder has several reported addresses and answered at none.
    pub(super) is_guess: bool,
}

impl Query {
    /// A query of which nothing has been sent.
    pub(super) fn new(name: Name, asker: Asker, own: Vec<Holder>, first_server: usize, context: &Context<'_>) -> Query {
        let servers_first = context.network.has_servers_for(&name) && context.network.config.node_type != NodeType::M;
        let asked = if servers_first { Asked::Server(first_server, None) } else { Asked::All(Vec::new()) };
        let retry = Retry::broadcast(0, context.now);
        Query { name, askers: vec![asker], asked, first_server, retry, own, group: None }
    }

    /// Begins to ask the nodes in `asked`, with a new transaction.
    pub(super) fn start(&mut self, context: &mut Context<'_>) {
        let id = context.outbox.id();
        self.retry = match &self.asked {
            Asked::All(_) => Retry::broadcast(id, context.now),
            Asked::Server(..) => Retry::unicast(id, context.now),
            Asked::Addresses(addresses) => Retry::in_turn(id, context.now, addresses.number() * ROUNDS),
        };
        self.transmit(context);
    }

    fn transmit(&mut self, context: &mut Context<'_>) {
        if let Asked::Addresses(addresses) = &mut self.asked {
            if let Some(address) = addresses.next() {
                let packet = Packet::node_query(self.retry.id, self.name.clone());
                context.unicast(address, Service::Name, packet.encode());
            }
            return;
        }
        if let Some(server) = self.server(context.network) {
            let packet = Packet::server_query(self.retry.id, self.name.clone());
            return context.unicast(server, Service::Name, packet.encode());
        }
        let packet = Packet::broadcast_query(self.retry.id, self.name.clone()).encode();
        for interface in &context.network.interfaces {
            context.broadcast(interface, Service::Name, packet.clone());
        }
    }

    /// The server that is being asked.
    pub(super) fn server(&self, network: &Network) -> Option<Ipv4Addr> {
        match self.asked {
            Asked::All(_) | Asked::Addresses(_) => None,
            Asked::Server(index, other) => other.or(network.config.servers.get(index).copied()),
        }
    }

    /// The index of the server that is asked first.
    pub(super) fn first_server(&self) -> usize {
        self.first_server
    }

    /// The server that is being asked needs `seconds` more.
    pub(super) fn wait(&mut self, seconds: u32, now: Instant) {
        self.retry.wait(seconds, MAX_WAIT, now);
    }

    /// A neighbour claims the name: wait longer, since it answers as soon as it holds the name.
    pub(super) fn claimed(&mut self, now: Instant) {
        if matches!(self.asked, Asked::All(_)) {
            self.retry.renew(MAX_CLAIM, now);
        }
    }

    /// An answer at `from` reports these addresses of the holder, at least one. Returns the end of the query, if it
    /// ends now.
    pub(super) fn found(
        &mut self,
        mut resolved: Resolved,
        ttl: u32,
        from: Ipv4Addr,
        context: &mut Context<'_>,
    ) -> Option<End> {
        order(&mut resolved.holders, from, context.network);
        resolved.holders = limited(resolved.holders, context.network.config.limits.holders, context);
        let is_sure = resolved.holders.first().is_some_and(|first| first.address == from);
        if is_sure || resolved.holders.len() == 1 {
            return Some(End { outcome: QueryOutcome::Found(resolved), ttl, is_guess: false });
        }
        self.asked = Asked::Addresses(Addresses { resolved, ttl, count: 0 });
        self.start(context);
        None
    }

    /// The node at `from`, one of the addresses being asked, has answered whether it holds the name. Returns the end of
    /// the query, if it ends now.
    pub(super) fn answered(&mut self, from: Ipv4Addr, has_it: bool, context: &mut Context<'_>) -> Option<End> {
        let Asked::Addresses(Addresses { resolved, ttl, .. }) = &mut self.asked else { return None };
        let ttl = *ttl;
        if has_it {
            order(&mut resolved.holders, from, context.network);
            return Some(End { outcome: QueryOutcome::Found(resolved.clone()), ttl, is_guess: false });
        }
        resolved.holders.retain(|holder| holder.address != from);
        match resolved.holders.len() {
            0 if resolved.server.is_some() => self.absent(context),
            0 => Some(QueryOutcome::NotFound.into()),
            1 => Some(End { outcome: QueryOutcome::Found(resolved.clone()), ttl, is_guess: false }),
            _ => {
                self.transmit(context);
                None
            }
        }
    }

    /// The server answered that this is a group. If it named no members and the node's user asked, asks the members on
    /// the node's subnets. Returns whether it does; messages to the group need not wait for their answers.
    pub(super) fn ask_members(&mut self, resolved: &Resolved, context: &mut Context<'_>) -> bool {
        let is_told = resolved.holders.iter().any(|holder| !means_all(holder.address));
        let is_wanted = self.askers.iter().any(|asker| matches!(asker, Asker::User(_)));
        // An M node has broadcast before it asked the server.
        if is_told || !is_wanted || context.network.config.node_type != NodeType::H {
            return false;
        }
        self.group = Some(resolved.clone());
        self.asked = Asked::All(Vec::new());
        self.start(context);
        true
    }

    /// The end of the query, completed with what is known from elsewhere: a server's answer about the group, and this
    /// node's membership.
    pub(super) fn complete(&mut self, mut end: End) -> End {
        if let (QueryOutcome::NotFound, Some(group)) = (&end.outcome, self.group.take()) {
            end.outcome = QueryOutcome::Found(group);
        }
        let own = std::mem::take(&mut self.own);
        match &mut end.outcome {
            QueryOutcome::NotFound if !own.is_empty() => {
                end.outcome = QueryOutcome::Found(Resolved { holders: own, server: None });
            }
            QueryOutcome::Found(Resolved { holders, .. }) if holders.iter().all(|holder| holder.flags.is_group()) => {
                let new: Vec<_> = own.into_iter().filter(|holder| !holders.contains(holder)).collect();
                holders.extend(new);
            }
            _ => {}
        }
        end
    }

    /// The server does not know the name, or no possible holder of it. Returns the end of the query, if it ends now.
    pub(super) fn absent(&mut self, context: &mut Context<'_>) -> Option<End> {
        if context.network.config.node_type != NodeType::H {
            return Some(QueryOutcome::NotFound.into());
        }
        self.asked = Asked::All(Vec::new());
        self.start(context);
        None
    }

    /// Returns the end of the query, if it ends now.
    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) -> Option<End> {
        let due = self.retry.poll(context.now);
        match (due, &mut self.asked) {
            (Due::NotYet, _) => None,
            (_, Asked::All(members)) if !members.is_empty() => {
                let resolved = Resolved { holders: std::mem::take(members), server: None };
                Some(QueryOutcome::Found(resolved).into())
            }
            (Due::Again, _) => {
                self.transmit(context);
                None
            }
            (Due::Silence, Asked::Addresses(Addresses { resolved, ttl, .. })) => {
                Some(End { outcome: QueryOutcome::Found(resolved.clone()), ttl: *ttl, is_guess: true })
            }
            (Due::Silence, _) => self.silence(context),
        }
    }

    /// No node that was asked answers. Returns the end of the query, if it ends now.
    pub(super) fn silence(&mut self, context: &mut Context<'_>) -> Option<End> {
        let servers = context.network.config.servers.len();
        let node_type = context.network.config.node_type;
        self.asked = match self.asked {
            Asked::All(_) if node_type == NodeType::M && context.network.has_servers_for(&self.name) => {
                Asked::Server(self.first_server, None)
            }
            Asked::All(_) | Asked::Addresses(_) => return Some(QueryOutcome::NotFound.into()),
            Asked::Server(index, _) if (index + 1) % servers.max(1) != self.first_server => {
                Asked::Server((index + 1) % servers.max(1), None)
            }
            Asked::Server(..) if node_type == NodeType::H => Asked::All(Vec::new()),
            Asked::Server(..) => return Some(QueryOutcome::NoServer.into()),
        };
        self.start(context);
        None
    }
}

impl Addresses {
    /// Whether `address` is one of those that are asked.
    pub(super) fn contains(&self, address: Ipv4Addr) -> bool {
        self.resolved.holders.iter().take(MAX_ASKED).any(|holder| holder.address == address)
    }

    fn number(&self) -> usize {
        self.resolved.holders.len().min(MAX_ASKED)
    }

    /// The address to ask now.
    fn next(&mut self) -> Option<Ipv4Addr> {
        let index = self.count.checked_rem(self.number())?;
        self.count += 1;
        self.resolved.holders.get(index).map(|holder| holder.address)
    }
}

impl From<QueryOutcome> for End {
    fn from(outcome: QueryOutcome) -> End {
        End { outcome, ttl: 0, is_guess: false }
    }
}

/// Sorts the addresses of a node: first the one from which it has answered, then those on this node's subnets, then
/// those reached through a router. Equals stay in the order of the answer.
fn order(holders: &mut [Holder], from: Ipv4Addr, network: &Network) {
    holders.sort_by_cached_key(|holder| {
        (holder.address != from, if holder.address == from { Reach::Subnet } else { network.reach(holder.address) })
    });
}
