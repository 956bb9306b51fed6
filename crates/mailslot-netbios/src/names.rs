//! The node's names: claims, defends, refreshes and releases them, and answers requests about them.
//!
//! There is one [`Registration`] for each name and interface, so the configuration determines the size of the table and
//! no packet makes it grow.

use std::net::Ipv4Addr;
use std::time::Instant;

use mailslot_wire::Name;
use mailslot_wire::name_service::{Body, Claim, Entry, Flags, Holder, NameFlags, Packet, Rcode, Statistics};

use crate::config::{Interface, NameKind};
use crate::context::Context;
use crate::counters::DropReason;
use crate::event::Event;
use crate::network::{Network, Place};
use crate::outbox::Outbox;
use crate::packet::{Cast, Received};
use crate::registration::Registration;
use crate::stage::TTL;
use crate::state::{HeldName, NameState};

/// Bytes of a node status response without name and entries, IP and UDP headers included.
const STATUS_FIXED: usize = 28 + 12 + 10 + 1 + 46;
const STATUS_ENTRY: usize = 18;
/// The most addresses of this node in one answer: as many as name servers keep for a name (MS-NBTE).
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

    pub(super) fn interfaces_changed(&mut self, context: &mut Context<'_>) {
        let is_gone = |registration: &mut Registration| !context.network.interfaces.contains(&registration.interface);
        let gone: Vec<_> = self.registrations.extract_if(.., is_gone).collect();
        gone.into_iter().for_each(|registration| registration.gone(context));
        if self.releasing {
            return self.tell_released(context.outbox);
        }
        for interface in &context.network.interfaces {
            let servers = context.network.servers_by(interface);
            let mut known = self.registrations.iter_mut().filter(|known| known.interface == *interface).peekable();
            if known.peek().is_some() {
                known.for_each(|registration| registration.set_servers(&servers, context));
                continue;
            }
            for registered in &context.network.config.names {
                let (name, kind) = (registered.name.clone(), registered.kind);
                self.registrations.push(Registration::claim(name, kind, *interface, &servers, context));
            }
        }
    }

    pub(super) fn release_all(&mut self, context: &mut Context<'_>) {
        if !self.releasing {
            self.releasing = true;
            for registration in &mut self.registrations {
                registration.release(context);
            }
            self.tell_released(context.outbox);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.registrations.iter().filter_map(Registration::poll_timeout).min()
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        for registration in &mut self.registrations {
            registration.handle_timeout(context);
        }
        self.tell_released(context.outbox);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = HeldName> {
        self.registrations.iter().map(|registration| HeldName {
            name: registration.name.clone(),
            kind: registration.kind,
            interface: registration.interface.id,
            state: registration.state,
        })
    }

    /// The kind of the name, if the node holds it on that interface.
    pub(super) fn held(&self, name: &Name, interface: u32) -> Option<NameKind> {
        self.find(name, interface).filter(|found| found.state == NameState::Held).map(|found| found.kind)
    }

    /// The kind of the name, if the node holds it on any interface.
    pub(super) fn held_anywhere(&self, name: &Name) -> Option<NameKind> {
        self.of(name).find(|found| found.state == NameState::Held).map(|found| found.kind)
    }

    /// Whether the node has claimed the name and neither holds it nor still claims it on any interface.
    pub(super) fn is_lost(&self, name: &Name) -> bool {
        let usable = |found: &Registration| matches!(found.state, NameState::Claiming | NameState::Held);
        self.of(name).next().is_some() && !self.of(name).any(usable)
    }

    /// The node itself as the holder of a unique name.
    pub(super) fn own_holders(&self, name: &Name, network: &Network) -> Option<Vec<Holder>> {
        let holders = self.own(name, NameKind::Unique, network);
        if holders.is_empty() { None } else { Some(holders) }
    }

    /// This node as a member of the group that has the name.
    pub(super) fn own_memberships(&self, name: &Name, network: &Network) -> Vec<Holder> {
        self.own(name, NameKind::Group, network)
    }

    fn own(&self, name: &Name, kind: NameKind, network: &Network) -> Vec<Holder> {
        let own = |found: &&Registration| found.state == NameState::Held && found.kind == kind;
        self.of(name).filter(own).map(|found| network.holder(found.kind, &found.interface)).collect()
    }

    /// The answer to a request, if there is one.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1.1.5; MS-NBTE.
    pub(super) fn answer(
        &mut self,
        interface: &Interface,
        received: Received,
        packet: &Packet,
        context: &mut Context<'_>,
    ) -> Result<Option<Packet>, DropReason> {
        let from = *received.from.ip();
        let place = context.network.place(interface, from);
        match &packet.body {
            Body::RegistrationRequest(_) if !context.network.broadcasts() => Err(DropReason::NotServed),
            Body::RegistrationRequest(claim) => self.object(from, interface, packet.id, claim, context),
            // RFC 1002 has refreshes sent to name servers only. A holder that receives one of another node objects all
            // the same.
            Body::RefreshRequest { claim, .. } if self.held(&claim.name, interface.id).is_some() => {
                self.object(from, interface, packet.id, claim, context)
            }
            Body::ReleaseRequest(claim) => {
                self.released_by(from, interface, received.cast, claim, context).map(|()| None)
            }
            Body::QueryRequest { name } | Body::NodeStatusRequest { name }
                if name.is_wildcard() && !context.network.is_local(from) =>
            {
                Err(DropReason::Remote)
            }
            // Otherwise all nodes of the subnet would answer to a distant, possibly forged address.
            Body::QueryRequest { .. }
                if received.cast == Cast::Broadcast && matches!(place, Place::Server | Place::Elsewhere) =>
            {
                Err(DropReason::OtherSubnet)
            }
            Body::QueryRequest { name } => {
                Ok(self.answer_query(name, interface, received.cast, packet, context.network))
            }
            Body::NodeStatusRequest { .. } if !context.network.is_local(from) => Err(DropReason::Remote),
            Body::NodeStatusRequest { name } => Ok(self.answer_status(name, interface, packet.id, context.network)),
            _ => Err(DropReason::NotServed),
        }
    }

    /// A response to a registration, refresh or release.
    pub(super) fn handle_response(
        &mut self,
        interface: &Interface,
        from: Ipv4Addr,
        packet: &Packet,
        context: &mut Context<'_>,
    ) -> Result<(), DropReason> {
        let (Body::RegistrationResponse { claim, rcode } | Body::ReleaseResponse { claim, rcode }) = &packet.body
        else {
            return Err(DropReason::Unasked);
        };
        let is_registration = matches!(packet.body, Body::RegistrationResponse { .. });
        if let Some(found) = self.registrations.iter_mut().find(|r| r.awaits(packet.id) && r.name == claim.name) {
            let result = found.handle_response(interface, from, packet, claim, context);
            self.tell_released(context.outbox);
            return result;
        }
        if !is_registration || *rcode != Rcode::Conflict {
            return Err(DropReason::Unasked);
        }
        let found = self.find_mut(&claim.name, interface.id).ok_or(DropReason::Unasked)?;
        if context.network.place(interface, from) != Place::Server {
            context.network.check_neighbour(interface, from)?;
        }
        if found.check(context) { Ok(()) } else { Err(DropReason::Demand) }
    }

    /// A neighbour has sent a message in this name. If it is a unique name of this node, the node checks who has it.
    /// Both may hold it after this machine has slept, or if they were in different networks: neither then receives the
    /// other's claims.
    pub(super) fn spoken_in(&mut self, name: &Name, received: Received, context: &mut Context<'_>) {
        let Some(own) = self.find_mut(name, received.interface).filter(|own| own.kind == NameKind::Unique) else {
            return;
        };
        if context.network.check_neighbour(&own.interface, *received.from.ip()).is_ok() {
            own.check(context);
        }
    }

    /// A response to a query to a presumed holder.
    pub(super) fn handle_query_response(
        &mut self,
        from: Ipv4Addr,
        packet: &Packet,
        context: &mut Context<'_>,
    ) -> Result<(), DropReason> {
        let owned = matches!(packet.body, Body::QueryResponse { .. });
        let name = packet.body.name();
        let waiting = self.registrations.iter_mut().find(|r| r.awaits(packet.id) && name.is_none_or(|n| *n == r.name));
        let taken = waiting.is_some_and(|found| found.handle_challenge_response(from, owned, context));
        if taken { Ok(()) } else { Err(DropReason::Unasked) }
    }

    pub(super) fn handle_wack(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        id: u16,
        seconds: u32,
    ) -> Result<(), DropReason> {
        let waiting = self.registrations.iter_mut().find(|registration| registration.awaits(id));
        let taken = waiting.is_some_and(|found| found.handle_wack(now, from, seconds));
        if taken { Ok(()) } else { Err(DropReason::Unasked) }
    }

    fn object(
        &mut self,
        claimant: Ipv4Addr,
        interface: &Interface,
        id: u16,
        claim: &Claim,
        context: &mut Context<'_>,
    ) -> Result<Option<Packet>, DropReason> {
        context.network.check_neighbour(interface, claimant)?;
        let Some(own) = self.find_mut(&claim.name, interface.id) else { return Ok(None) };
        // Groups may have any number of members.
        if claim.holder.flags.is_group() && own.kind == NameKind::Group {
            return Ok(None);
        }
        let objects = own.contend(claimant, context.now);
        Ok(objects.then(|| Packet::registration_response(id, claim.clone(), Rcode::Active)))
    }

    /// A node releases a name. A release counts only from the address that it releases, and never affects a name that
    /// this node holds (CVE-2000-0673).
    fn released_by(
        &mut self,
        from: Ipv4Addr,
        interface: &Interface,
        cast: Cast,
        claim: &Claim,
        context: &mut Context<'_>,
    ) -> Result<(), DropReason> {
        context.network.check_neighbour(interface, from)?;
        if claim.holder.address != from {
            return Err(DropReason::Demand);
        }
        match self.find_mut(&claim.name, interface.id) {
            Some(own) => {
                if own.may_be_free(context) {
                    Ok(())
                } else {
                    Err(DropReason::Demand)
                }
            }
            None if cast == Cast::Broadcast => Ok(()),
            None => Err(DropReason::NotServed),
        }
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
        // With RD set, the query is meant for a name server: like nmbd, the node then does not answer. Nor does it
        // while it claims the name: the holder is not known yet, and the server that asks may just have granted the
        // name to this node.
        let is_server_meant = request.flags.contains(Flags::RECURSION_DESIRED);
        let is_open = self.of(name).any(|own| own.state == NameState::Claiming);
        let negative = cast == Cast::Unicast && network.has_servers() && !is_server_meant && !is_open;
        negative.then(|| Packet::negative_query_response(request.id, request.flags, name.clone(), Rcode::Name))
    }

    /// The node's addresses as the holder of a name. A broadcast query is answered with the address on its subnet,
    /// which the asker can reach. A unicast query, such as a server's challenge, is answered with all addresses, that
    /// one first: they belong to one node. As in nmbd, every node is a holder of `*`.
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
        let asked = |own: &Registration| own.name.text_is_spelled(name);
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

    fn find_mut(&mut self, name: &Name, interface: u32) -> Option<&mut Registration> {
        self.registrations.iter_mut().find(|own| own.name.is_spelled(name) && own.interface.id == interface)
    }

    fn find(&self, name: &Name, interface: u32) -> Option<&Registration> {
        self.of(name).find(|registration| registration.interface.id == interface)
    }

    fn of(&self, name: &Name) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().filter(move |registration| registration.name.is_spelled(name))
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
