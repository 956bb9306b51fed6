//! A node of the legacy network with its sockets: sends its packets, and labels received ones with their interfaces.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsFd;
use std::time::Instant;

use super::batch::{self, PACKETS};
use super::interfaces::Attachment;
use super::poll::{Poll, Token};
use super::sockets::{At, Place, SocketId, Sockets};
use super::{drops, route};
use crate::capture::Sinks;
use crate::error::{Error, Result};
use crate::seed;
use mailslot_netbios::{Cast, Config, Event, Node, Received, Transmit};

/// Packets received from one socket before the others have their turn; a reader of their messages is woken once. The
/// last call may bring some two thousand more, for which the node's queue of events has room.
const TURN: usize = 256;

/// A node and its sockets.
pub(crate) struct Driver {
    pub(crate) node: Node,
    /// The slots that get copies of all packets.
    pub(crate) sinks: Sinks,
    pub(crate) counts: Counts,
    attached: Vec<Attachment>,
    last_id: u32,
    sockets: Sockets,
    incoming: batch::Incoming,
}

/// The counters of the driver.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Packets that the system refused to send.
    pub(crate) transmit_failed: u64,
    /// Packets longer than the node accepts.
    pub(crate) oversized: u64,
    /// Broadcasts received by interfaces that the node does not use, or whose subnet it receives by another interface.
    pub(crate) other_interface: u64,
}

/// The changes of attachments.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    pub(crate) new: Vec<Attachment>,
    pub(crate) gone: Vec<Attachment>,
    /// The names of interfaces that cannot be used fully, and why.
    pub(crate) failed: Vec<(String, Error)>,
}

impl Driver {
    /// A node that is not attached yet.
    pub(crate) fn new(config: &Config, at: At, now: Instant) -> Driver {
        Driver {
            node: node(config, now),
            sinks: Sinks::default(),
            counts: Counts::default(),
            attached: Vec::new(),
            last_id: 0,
            sockets: Sockets::new(at),
            incoming: batch::Incoming::new(),
        }
    }

    /// Replaces the node by another one. It is not attached yet, but sockets that it will need stay open.
    pub(crate) fn restart(&mut self, config: &Config, at: At, now: Instant) {
        self.attached.clear();
        self.sockets.move_to(at);
        self.node = node(config, now);
    }

    /// Attaches the node to the `wanted` segments, and detaches it from all others. A segment that cannot be used does
    /// not affect others.
    pub(crate) fn attach(&mut self, wanted: Vec<Attachment>, now: Instant) -> Attached {
        let (mut attached, mut result) = (Vec::new(), Attached::default());
        for mut named in wanted {
            match self.sockets.open(&named) {
                Err(error) => result.failed.push((named.name, error)),
                Ok(missing) => {
                    result.failed.extend(missing.into_iter().map(|error| (named.name.clone(), error)));
                    let before = self.attached.iter().find(|before| before.is_same(&named));
                    named.interface.id = before.map_or(self.last_id + 1, |before| before.interface.id);
                    if before.is_none() {
                        self.last_id += 1;
                        result.new.push(named.clone());
                    }
                    attached.push(named);
                }
            }
        }
        self.sockets.keep(&attached);
        let before = std::mem::replace(&mut self.attached, attached);
        let is_gone = |before: &Attachment| !self.attached.iter().any(|named| named.is_same(before));
        result.gone = before.into_iter().filter(is_gone).collect();
        self.node.set_interfaces(self.attached.iter().flat_map(Attachment::interfaces).collect(), now);
        result
    }

    /// Checks that a node at `at` could be attached to those of the wanted segments to which this one is attached, or,
    /// if it is attached to none of them, to at least one.
    ///
    /// # Errors
    ///
    /// As for [`Sockets::check`], for the first segment that could not be used.
    pub(crate) fn check(&self, at: At, wanted: &[Attachment]) -> Result<()> {
        let is_attached = |named: &&Attachment| self.attached.iter().any(|attached| attached.is_same(named));
        let (now, later): (Vec<_>, Vec<_>) = wanted.iter().partition(is_attached);
        now.iter().try_for_each(|named| self.sockets.check(at, named))?;
        let mut results = later.iter().map(|named| self.sockets.check(at, named));
        match results.next() {
            Some(Err(first)) if now.is_empty() && !results.any(|result| result.is_ok()) => Err(first),
            _ => Ok(()),
        }
    }

    /// The segments to which the node is attached.
    pub(crate) fn attached(&self) -> &[Attachment] {
        &self.attached
    }

    /// The name of the interface with this id of the protocol.
    pub(crate) fn interface_name(&self, id: u32) -> &str {
        let named = self.attached.iter().find(|named| named.interface.id == id);
        named.map_or("gone", |named| named.name.as_str())
    }

    /// How many packets the system dropped because they were not received in time, if the system reports it.
    pub(crate) fn dropped_unread(&self) -> Option<u64> {
        let inodes: Vec<u64> = self.sockets.all().filter_map(|socket| socket.inode()).collect();
        drops::at(&inodes)
    }

    /// Whether this is the address of a socket from which packets are sent.
    pub(crate) fn sends_from(&self, address: SocketAddrV4) -> bool {
        self.sockets.all().any(|socket| socket.place.cast == Cast::Unicast && socket.address == address)
    }

    /// Makes `poll` wait for packets, too.
    pub(crate) fn wait_in<'a>(&'a self, poll: &mut Poll<'a>) {
        for socket in self.sockets.all() {
            poll.add(Token::Socket(socket.id), socket.as_fd());
        }
    }

    /// Waits for packets and the node's deadline only, and passes them to the node.
    pub(crate) fn wait(&mut self) -> Result<()> {
        let mut poll = Poll::new();
        self.wait_in(&mut poll);
        let ready = poll.wait(Instant::now(), self.node.poll_timeout())?;
        let now = Instant::now();
        for token in ready {
            if let Token::Socket(id) = token {
                self.receive(now, id);
            }
        }
        self.node.handle_timeout(now);
        Ok(())
    }

    /// Receives packets from a socket until it has no more or the turn is over.
    pub(crate) fn receive(&mut self, now: Instant, id: SocketId) {
        let Driver { node, sinks, counts, attached, sockets, incoming, .. } = self;
        let Some(socket) = sockets.get(id) else { return };
        let Place { ip, service, cast } = socket.place;
        let spoken_to = attached.iter().find(|named| named.has(ip));
        let mut taken = 0;
        while taken < TURN {
            let (number, may_be_more) = socket.receive(incoming, |from, link, bytes| {
                let by = if cast == Cast::Unicast { spoken_to } else { heard_by(attached, ip, link, *from.ip()) };
                match (by, bytes) {
                    (None, _) => counts.other_interface += 1,
                    (_, None) => counts.oversized += 1,
                    (Some(named), Some(bytes)) => {
                        let received = Received { interface: named.interface.id, from, service, cast };
                        // The node's own broadcasts were captured when they were sent.
                        let is_own = || from.port() == socket.address.port() && named.has(*from.ip());
                        if !sinks.is_empty() && !is_own() {
                            sinks.packet(&named.name, Some(cast.into()), [from, socket.address], bytes);
                        }
                        node.handle_packet(now, received, bytes);
                    }
                }
            });
            if !may_be_more {
                return;
            }
            taken += number;
        }
    }

    /// Sends all packets of the node.
    pub(crate) fn transmit(&mut self) {
        loop {
            let node = &mut self.node;
            let packets: Vec<Transmit> = std::iter::from_fn(|| node.poll_transmit()).take(PACKETS).collect();
            if packets.is_empty() {
                return;
            }
            self.transmit_these(&packets);
        }
    }

    /// Sends all packets of the node, and returns its next event.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.transmit();
        self.node.poll_event()
    }

    fn transmit_these(&mut self, packets: &[Transmit]) {
        let Driver { sinks, counts, attached, sockets, .. } = self;
        let find = |packet: &Transmit| attached.iter().find(|named| named.interface.id == packet.interface);
        // Only sent packets are captured, and only when they are sent one by one is it known which failed.
        let alone = !sinks.is_empty();
        let key = |packet: &Transmit| (packet.interface, packet.service, is_broadcast(find(packet), packet));
        for packets in packets.chunk_by(|a, b| !alone && key(a) == key(b)) {
            let first = &packets[0];
            let named = find(first);
            let socket = named.and_then(|named| sockets.sender(named.interface.address, first.service));
            // Routes lead to one interface for a subnet, and cannot distinguish interfaces with the same broadcast
            // address.
            let link = named.filter(|_| is_broadcast(named, first)).map(|named| named.link);
            let bytes = packets.iter().map(|packet| (packet.to, packet.bytes.as_slice()));
            let failed = socket.map_or(packets.len(), |socket| socket.send(link, bytes));
            counts.transmit_failed += failed as u64;
            if let (Some(named), Some(socket), true, 0) = (named, socket, alone, failed) {
                sinks.packet(&named.name, None, [socket.address, first.to], &first.bytes);
            }
        }
    }
}

fn node(config: &Config, now: Instant) -> Node {
    let mut node = Node::new(config.clone(), Vec::new(), now, seed());
    node.set_route(route::source);
    node
}

fn is_broadcast(named: Option<&Attachment>, packet: &Transmit) -> bool {
    named.is_some_and(|named| named.interface.broadcast == Some(*packet.to.ip()))
}

/// The attachment that received a broadcast to `ip`, by the interface with index `link` if the system reports it. If
/// one interface has several subnets, 255.255.255.255 means that of the sender.
fn heard_by(attached: &[Attachment], ip: Ipv4Addr, link: Option<u32>, from: Ipv4Addr) -> Option<&Attachment> {
    let by_link =
        |named: &&Attachment| link.is_none_or(|link| link == named.link) && named.interface.broadcast.is_some();
    let mut heard = attached.iter().filter(by_link);
    if !ip.is_broadcast() {
        return heard.find(|named| named.interface.broadcast == Some(ip));
    }
    let first = heard.next()?;
    Some(std::iter::once(first).chain(heard).find(|named| named.interface.contains(from)).unwrap_or(first))
}
