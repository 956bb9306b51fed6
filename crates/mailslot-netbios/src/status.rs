//! Asks other nodes for their names.

use std::net::Ipv4Addr;
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::name_service::{Body, Packet};

use crate::context::Context;
use crate::counters::DropReason;
use crate::event::{Event, NodeStatus, RequestId};
use crate::outbox::Outbox;
use crate::packet::Service;
use crate::retry::{Due, Retry};

/// The node status requests in progress.
pub(super) struct StatusQueries {
    queries: Vec<StatusQuery>,
    max: usize,
}

struct StatusQuery {
    request: RequestId,
    address: Ipv4Addr,
    retry: Retry,
}

impl StatusQueries {
    pub(super) fn new(max: usize) -> StatusQueries {
        StatusQueries { queries: Vec::new(), max }
    }

    pub(super) fn ask(&mut self, request: RequestId, address: Ipv4Addr, context: &mut Context<'_>) {
        if self.queries.len() == self.max {
            context.outbox.counters.drop(DropReason::Busy);
            return context.outbox.event(Event::NodeStatus { request, address, status: None });
        }
        let query = StatusQuery { request, address, retry: Retry::unicast(context.outbox.id(), context.now) };
        query.transmit(context);
        self.queries.push(query);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.queries.iter().map(|query| query.retry.due).min()
    }

    pub(super) fn len(&self) -> usize {
        self.queries.len()
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        self.queries.retain_mut(|query| match query.retry.poll(context.now) {
            Due::NotYet => true,
            Due::Again => {
                query.transmit(context);
                true
            }
            Due::Silence => {
                context.outbox.event(Event::NodeStatus {
                    request: query.request,
                    address: query.address,
                    status: None,
                });
                false
            }
        });
    }

    pub(super) fn handle(&mut self, from: Ipv4Addr, packet: Packet, outbox: &mut Outbox) -> Result<(), DropReason> {
        let index = self.queries.iter().position(|query| query.retry.id == packet.id).ok_or(DropReason::Unasked)?;
        if self.queries.get(index).is_none_or(|query| query.address != from) {
            return Err(DropReason::WrongSource);
        }
        let Body::NodeStatusResponse { entries, statistics, .. } = packet.body else { return Err(DropReason::Unasked) };
        let query = self.queries.swap_remove(index);
        let status = Some(NodeStatus { entries, statistics });
        outbox.event(Event::NodeStatus { request: query.request, address: from, status });
        Ok(())
    }
}

impl StatusQuery {
    fn transmit(&self, context: &mut Context<'_>) {
        let name = context.network.in_scope(Name::wildcard());
        let packet = Packet::node_status_request(self.retry.id, name);
        context.unicast(self.address, Service::Name, packet.encode());
    }
}
