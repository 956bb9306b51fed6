//! The node's names: claimed, defended, refreshed and released, and what is answered about them.
//!
//! One [`Registration`] for each name and interface, so the table has as many entries as the configuration says and no
//! packet makes it grow.

use std::net::Ipv4Addr;
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::name_service::{Body, Claim, Entry, Flags, Holder, NameFlags, Packet, Rcode, Statistics};

use crate::proto::config::{Interface, NameKind};
use crate::proto::counters::Drop;
use crate::proto::event::Event;
use crate::proto::network::Network;
use crate::proto::node::{Cast, HeldName, NameState, Received};
use crate::proto::outbox::Outbox;
use crate::proto::registration::{Registration, TTL};

/// Bytes of a node status response without name and entries, IP and UDP headers included.
const STATUS_FIXED: usize = 28 + 12 + 10 + 1 + 46;
const STATUS_ENTRY: usize = 18;
/// The most addresses of this node in one answer: as many as name servers keep of a name (MS-NBTE).
const MAX_HOLDERS: usize = 25;

/// All names on all interfaces.
pub(super) struct Names {
    registrations: Vec<Registration>,
    releasing: bool,
    released: bool,
}

impl Names {
    pub(super) fn new() -> Names {
        Names { registrations: Vec::new(), releasing: false, released: false }
    }

    pub(super) fn interfaces_changed(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        self.registrations.retain(|registration| network.interfaces.contains(&registration.interface));
        if self.releasing {
            return self.tell_released(outbox);
        }
        for interface in &network.interfaces {
            if self.registrations.iter().any(|registration| registration.interface == *interface) {
                continue;
            }
            for registered in &network.config.names {
                let (name, kind) = (registered.name.clone(), registered.kind);
                self.registrations.push(Registration::claim(name, kind, *interface, now, network, outbox));
            }
        }
    }

    pub(super) fn release_all(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        if !self.releasing {
            self.releasing = true;
            for registration in &mut self.registrations {
                registration.release(now, network, outbox);
            }
            self.tell_released(outbox);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.registrations.iter().filter_map(Registration::poll_timeout).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        for registration in &mut self.registrations {
            registration.handle_timeout(now, network, outbox);
        }
        self.tell_released(outbox);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = HeldName> {
        self.registrations.iter().map(|registration| HeldName {
            name: registration.name.clone(),
            kind: registration.kind,
            interface: registration.interface.id,
            state: registration.state,
        })
    }

    /// How the node holds the name on that interface, if it does.
    pub(super) fn held(&self, name: &Name, interface: u32) -> Option<NameKind> {
        self.find(name, interface).filter(|found| found.state == NameState::Held).map(|found| found.kind)
    }

    /// Is the name one of the node's on any interface?
    pub(super) fn held_anywhere(&self, name: &Name) -> Option<NameKind> {
        self.of(name).find(|found| found.state == NameState::Held).map(|found| found.kind)
    }

    /// Has the node tried to have the name, and can it be had on no interface?
    pub(super) fn is_lost(&self, name: &Name) -> bool {
        let usable = |found: &Registration| matches!(found.state, NameState::Claiming | NameState::Held);
        self.of(name).next().is_some() && !self.of(name).any(usable)
    }

    /// The node itself as the holder of a unique name.
    pub(super) fn own_holders(&self, name: &Name, network: &Network) -> Option<Vec<Holder>> {
        let own = |found: &&Registration| found.state == NameState::Held && found.kind == NameKind::Unique;
        let holders: Vec<_> =
            self.of(name).filter(own).map(|found| network.holder(found.kind, &found.interface)).collect();
        if holders.is_empty() { None } else { Some(holders) }
    }

    /// What is to be said to a request, if anything.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1.1.5; MS-NBTE.
    pub(super) fn answer(
        &mut self,
        interface: &Interface,
        received: Received,
        packet: &Packet,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<Option<Packet>, Drop> {
        match &packet.body {
            Body::RegistrationRequest(_) if !network.broadcasts() => Err(Drop::NotServed),
            Body::RegistrationRequest(claim) => {
                Ok(self.object(*received.from.ip(), interface, packet.id, claim, outbox))
            }
            // To a name server, says RFC 1002; a holder who hears that another node means to have the name says so.
            Body::RefreshRequest { claim, .. } if self.held(&claim.name, interface.id).is_some() => {
                Ok(self.object(*received.from.ip(), interface, packet.id, claim, outbox))
            }
            // A stranger can say that a name is no longer ours; we know better (CVE-2000-0673).
            Body::ReleaseRequest(claim) if self.find(&claim.name, interface.id).is_some() => Err(Drop::Demand),
            Body::ReleaseRequest(_) if received.cast == Cast::Broadcast => Ok(None),
            Body::QueryRequest { name } | Body::NodeStatusRequest { name }
                if name.is_wildcard() && !network.is_local(*received.from.ip()) =>
            {
                Err(Drop::Remote)
            }
            Body::QueryRequest { name } => Ok(self.answer_query(name, interface, received.cast, packet, network)),
            Body::NodeStatusRequest { .. } if !network.is_local(*received.from.ip()) => Err(Drop::Remote),
            Body::NodeStatusRequest { name } => Ok(self.answer_status(name, interface, packet.id, network)),
            _ => Err(Drop::NotServed),
        }
    }

    /// A response to a registration, refresh or release.
    pub(super) fn handle_response(
        &mut self,
        now: Instant,
        interface: &Interface,
        from: Ipv4Addr,
        packet: &Packet,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<(), Drop> {
        let (Body::RegistrationResponse { claim, rcode } | Body::ReleaseResponse { claim, rcode }) = &packet.body
        else {
            return Err(Drop::Unasked);
        };
        let is_registration = matches!(packet.body, Body::RegistrationResponse { .. });
        if let Some(found) = self.registrations.iter_mut().find(|r| r.awaits(packet.id) && r.name == claim.name) {
            let taken = found.handle_response(now, from, packet, claim, network, outbox);
            self.tell_released(outbox);
            return if taken { Ok(()) } else { Err(Drop::WrongSource) };
        }
        if !is_registration || *rcode != Rcode::Conflict {
            return Err(Drop::Unasked);
        }
        let mut of_name =
            self.registrations.iter_mut().filter(|r| r.name == claim.name && r.interface.id == interface.id);
        let found = of_name.next().ok_or(Drop::Unasked)?;
        if found.check(now, network, outbox) { Ok(()) } else { Err(Drop::Demand) }
    }

    /// A response to a query of a presumed owner.
    pub(super) fn handle_query_response(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        packet: &Packet,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Result<(), Drop> {
        let owned = matches!(packet.body, Body::QueryResponse { .. });
        let name = packet.body.name();
        let waiting = self.registrations.iter_mut().find(|r| r.awaits(packet.id) && name.is_none_or(|n| *n == r.name));
        let taken = waiting.is_some_and(|found| found.handle_challenge_response(now, from, owned, network, outbox));
        if taken { Ok(()) } else { Err(Drop::Unasked) }
    }

    pub(super) fn handle_wack(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        id: u16,
        seconds: u32,
        network: &Network,
    ) -> Result<(), Drop> {
        let waiting = self.registrations.iter_mut().find(|registration| registration.awaits(id));
        let taken = waiting.is_some_and(|found| found.handle_wack(now, from, seconds, network));
        if taken { Ok(()) } else { Err(Drop::Unasked) }
    }

    fn object(
        &mut self,
        claimant: Ipv4Addr,
        interface: &Interface,
        id: u16,
        claim: &Claim,
        outbox: &mut Outbox,
    ) -> Option<Packet> {
        let mut own = self.registrations.iter_mut();
        let own = own.find(|r| r.name == claim.name && r.interface.id == interface.id)?;
        // Groups have any number of members.
        if claim.holder.flags.is_group() && own.kind == NameKind::Group {
            return None;
        }
        let objects = own.contend(claimant, outbox);
        objects.then(|| Packet::registration_response(id, claim.clone(), Rcode::Active))
    }

    fn answer_query(
        &self,
        name: &Name,
        interface: &Interface,
        cast: Cast,
        request: &Packet,
        network: &Network,
    ) -> Option<Packet> {
        let holders = self.holders(name, interface, cast, network);
        if !holders.is_empty() {
            return Some(Packet::query_response(request.id, request.flags, name.clone(), TTL, holders));
        }
        // With RD set, a name server is meant: nmbd too then says nothing.
        let negative =
            cast == Cast::Unicast && network.has_servers() && !request.flags.contains(Flags::RECURSION_DESIRED);
        negative.then(|| Packet::negative_query_response(request.id, request.flags, name.clone(), Rcode::Name))
    }

    /// The node's addresses as the holder of a name. Who asks by broadcast can reach the one on the same subnet. Who asks
    /// this node alone, such as a server that challenges it, gets all of them, that one first: they are of one node. As
    /// from nmbd, every node is a holder of `*`.
    fn holders(&self, name: &Name, interface: &Interface, cast: Cast, network: &Network) -> Vec<Holder> {
        if name.is_wildcard() && name.scope() == network.config.computer.scope() {
            return vec![network.holder(NameKind::Unique, interface)];
        }
        let mut own: Vec<_> = self.of(name).filter(|own| own.state == NameState::Held).collect();
        own.sort_by_key(|own| own.interface.id != interface.id);
        own.truncate(if cast == Cast::Broadcast { 1 } else { MAX_HOLDERS });
        match own.first() {
            Some(first) if first.interface.id == interface.id => {
                own.iter().map(|own| network.holder(own.kind, &own.interface)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer_status(&self, name: &Name, interface: &Interface, id: u16, network: &Network) -> Option<Packet> {
        let own = |registration: &&Registration| {
            registration.interface == *interface && matches!(registration.state, NameState::Held | NameState::Conflict)
        };
        let scope = network.config.computer.scope();
        let asked = |own: &Registration| own.name.text() == name.text() && own.name.scope() == name.scope();
        let everybody = name.is_wildcard() && name.scope() == scope;
        if !everybody && !self.registrations.iter().filter(own).any(asked) {
            return None;
        }
        let room = mailslot_wire::datagram::MAX_DATAGRAM_LENGTH - STATUS_FIXED;
        let room = room.saturating_sub(name.encoded_len()) / STATUS_ENTRY;
        let entries: Vec<_> = self.registrations.iter().filter(own).map(|own| entry(own, network)).collect();
        let cut = entries.len() > room;
        let entries = entries.into_iter().take(room).collect();
        let statistics = Statistics::new(network.config.unit_id);
        let mut packet = Packet::node_status_response(id, name.clone(), entries, statistics);
        if cut {
            packet.flags = packet.flags | Flags::TRUNCATED;
        }
        Some(packet)
    }

    fn find(&self, name: &Name, interface: u32) -> Option<&Registration> {
        self.of(name).find(|registration| registration.interface.id == interface)
    }

    fn of(&self, name: &Name) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().filter(move |registration| registration.name == *name)
    }

    fn tell_released(&mut self, outbox: &mut Outbox) {
        if self.releasing && !self.released && !self.registrations.iter().any(Registration::is_pending) {
            self.released = true;
            outbox.event(Event::Released);
        }
    }
}

fn entry(registration: &Registration, network: &Network) -> Entry {
    let flags = network.holder(registration.kind, &registration.interface).flags | NameFlags::ACTIVE;
    let flags = if registration.state == NameState::Conflict { flags | NameFlags::CONFLICT } else { flags };
    Entry { name: *registration.name.as_bytes(), flags }
}
