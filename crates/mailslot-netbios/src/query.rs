//! One name that is being looked for: whom to ask next, and how often.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Holder, Packet};
use mailslot_wire::{Name, NodeType};

use crate::context::Context;
use crate::event::{Outcome, RequestId, Resolved};
use crate::network::Network;
use crate::packet::Service;
use crate::retry::{Due, Retry};

/// How long a server can have an asker wait, which programs do as well: nothing that it has to do for a query lasts.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// A name that is being looked for.
pub(super) struct Query {
    pub(super) name: Name,
    pub(super) askers: Vec<Asker>,
    pub(super) asked: Asked,
    pub(super) retry: Retry,
}

/// Who is being asked.
pub(super) enum Asked {
    /// Everybody; the members of a group that have answered so far.
    All(Vec<Holder>),
    /// A server, by its index, and the one that it has sent us on to.
    Server(usize, Option<Ipv4Addr>),
}

/// Who wants to know.
#[derive(Clone, Copy)]
pub(super) enum Asker {
    /// The node's user: told by an event.
    User(RequestId),
    /// A message that waits: told by [`Resolver::take_found`](crate::resolver::Resolver::take_found).
    Message(RequestId),
}

impl Query {
    /// Not asked yet.
    pub(super) fn new(name: Name, asker: Asker, context: &Context<'_>) -> Query {
        let servers_first = context.network.has_servers() && context.network.config.node_type != NodeType::M;
        let asked = if servers_first { Asked::Server(0, None) } else { Asked::All(Vec::new()) };
        Query { name, askers: vec![asker], asked, retry: Retry::broadcast(0, context.now) }
    }

    /// Begins to ask them, with a new transaction.
    pub(super) fn start(&mut self, context: &mut Context<'_>) {
        let id = context.outbox.id();
        self.retry = match self.asked {
            Asked::All(_) => Retry::broadcast(id, context.now),
            Asked::Server(..) => Retry::unicast(id, context.now),
        };
        self.transmit(context);
    }

    fn transmit(&self, context: &mut Context<'_>) {
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
            Asked::All(_) => None,
            Asked::Server(index, other) => other.or(network.config.servers.get(index).copied()),
        }
    }

    /// The server that is being asked wants `seconds` more.
    pub(super) fn wait(&mut self, seconds: u32, now: Instant) {
        self.retry.wait(seconds, MAX_WAIT, now);
    }

    /// Returns how the query ends, if it ends now.
    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) -> Option<Outcome<Resolved>> {
        let due = self.retry.poll(context.now);
        match (due, &mut self.asked) {
            (Due::NotYet, _) => None,
            (_, Asked::All(members)) if !members.is_empty() => {
                Some(Outcome::Found(Resolved { holders: std::mem::take(members), server: None }))
            }
            (Due::Again, _) => {
                self.transmit(context);
                None
            }
            (Due::Silence, _) => self.silence(context),
        }
    }

    fn silence(&mut self, context: &mut Context<'_>) -> Option<Outcome<Resolved>> {
        let servers = context.network.config.servers.len();
        let node_type = context.network.config.node_type;
        self.asked = match self.asked {
            Asked::All(_) if node_type == NodeType::M && context.network.has_servers() => Asked::Server(0, None),
            Asked::All(_) => return Some(Outcome::NotFound),
            Asked::Server(index, _) if index + 1 < servers => Asked::Server(index + 1, None),
            Asked::Server(..) if node_type == NodeType::H => Asked::All(Vec::new()),
            Asked::Server(..) => return Some(Outcome::NoServer),
        };
        self.start(context);
        None
    }
}
