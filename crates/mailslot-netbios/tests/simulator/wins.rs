//! A name server as nodes see it: unique names with one or several addresses, groups, and challenges of owners as in
//! nmbd (MS-NBTE section 3.2).

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use mailslot_netbios::{Service, Transmit};
use mailslot_wire::name_service::{Body, Claim, Holder, Packet, Rcode};
use mailslot_wire::{Name, NodeType};

const CHALLENGE: Duration = Duration::from_millis(800);

#[derive(Default)]
pub struct Wins {
    entries: HashMap<Name, Vec<Holder>>,
    challenges: Vec<Challenge>,
    packets: Vec<Transmit>,
    next_id: u16,
}

/// A challenge of an owner, on behalf of a claimant.
struct Challenge {
    id: u16,
    owner: Ipv4Addr,
    claimant: SocketAddrV4,
    request: u16,
    claim: Claim,
    /// Whether an address is to be added.
    adds: bool,
    left: u8,
    due: Instant,
}

impl Wins {
    pub fn handle_packet(&mut self, now: Instant, from: SocketAddrV4, bytes: &[u8]) {
        let packet = Packet::parse(bytes).expect("nodes send packets that are well formed");
        match packet.body.clone() {
            Body::RegistrationRequest(claim) => self.register(now, from, &packet, claim, false),
            Body::MultihomedRegistrationRequest(claim) => self.register(now, from, &packet, claim, true),
            Body::RefreshRequest { claim, .. } => self.refresh(now, from, &packet, claim),
            Body::ReleaseRequest(claim) => {
                if let Some(entry) = self.entries.get_mut(&claim.name) {
                    entry.retain(|holder| holder.address != claim.holder.address);
                }
                self.entries.retain(|_, entry| !entry.is_empty());
                self.send(from, &Packet::release_response(packet.id, claim, Rcode::Success));
            }
            Body::QueryRequest { name } => self.query(from, &packet, name),
            Body::QueryResponse { .. } => self.challenged(from, packet.id, true),
            Body::NegativeQueryResponse { .. } => self.challenged(from, packet.id, false),
            _ => {}
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        let due: Vec<_> = self.challenges.iter().filter(|c| c.due <= now).map(|c| (c.id, c.owner)).collect();
        for (id, owner) in due {
            let Some(challenge) = self.challenges.iter_mut().find(|challenge| challenge.id == id) else { continue };
            if challenge.left == 0 {
                self.challenged(SocketAddrV4::new(owner, 137), id, false);
            } else {
                challenge.left -= 1;
                challenge.due = now + CHALLENGE;
                let query = Packet::node_query(id, challenge.claim.name.clone());
                self.send(SocketAddrV4::new(owner, 137), &query);
            }
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.challenges.iter().map(|challenge| challenge.due).min()
    }

    pub fn take_packets(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.packets)
    }

    /// The stored addresses of the name.
    pub fn addresses(&self, name: &Name) -> Vec<Ipv4Addr> {
        self.entries.get(name).into_iter().flatten().map(|holder| holder.address).collect()
    }

    fn refresh(&mut self, now: Instant, from: SocketAddrV4, packet: &Packet, claim: Claim) {
        match self.entries.get(&claim.name) {
            Some(entry) if !entry.iter().any(|holder| same(holder, &claim.holder)) => {
                self.send(from, &Packet::registration_response(packet.id, claim, Rcode::Refused));
            }
            Some(_) => self.grant(from, packet.id, claim),
            None => self.register(now, from, packet, claim, false),
        }
    }

    fn register(&mut self, now: Instant, from: SocketAddrV4, packet: &Packet, claim: Claim, adds: bool) {
        let Some(entry) = self.entries.get(&claim.name) else {
            self.entries.insert(claim.name.clone(), vec![claim.holder]);
            return self.grant(from, packet.id, claim);
        };
        let is_group = entry.iter().any(|holder| holder.flags.is_group());
        let knows = entry.iter().any(|holder| same(holder, &claim.holder));
        let owner = match entry.first() {
            _ if is_group && !claim.holder.flags.is_group() => {
                return self.send(from, &Packet::registration_response(packet.id, claim, Rcode::Refused));
            }
            Some(owner) if !is_group && !(knows && (adds || entry.len() == 1)) => owner.address,
            _ => return self.grant(from, packet.id, claim),
        };
        self.send(from, &Packet::wack(packet, 4));
        if self.challenges.iter().any(|challenge| challenge.request == packet.id && challenge.claimant == from) {
            return;
        }
        self.next_id += 1;
        let id = self.next_id;
        self.send(SocketAddrV4::new(owner, 137), &Packet::node_query(id, claim.name.clone()));
        let (request, due) = (packet.id, now + CHALLENGE);
        self.challenges.push(Challenge { id, owner, claimant: from, request, claim, adds, left: 2, due });
    }

    fn challenged(&mut self, from: SocketAddrV4, id: u16, has_it: bool) {
        let of_packet = |challenge: &Challenge| challenge.id == id && challenge.owner == *from.ip();
        let Some(index) = self.challenges.iter().position(of_packet) else { return };
        let Challenge { claimant, owner, request, claim, adds, .. } = self.challenges.swap_remove(index);
        // Another node may have got the name meanwhile.
        if self.entries.get(&claim.name).and_then(|entry| entry.first()).is_some_and(|first| first.address != owner) {
            return;
        }
        if has_it != adds {
            return self.send(claimant, &Packet::registration_response(request, claim, Rcode::Refused));
        }
        let kept = self.entries.remove(&claim.name).filter(|_| adds).unwrap_or_default();
        let others = kept.into_iter().filter(|holder| holder.address != claim.holder.address);
        self.entries.insert(claim.name.clone(), others.chain([claim.holder]).collect());
        self.grant(claimant, request, claim);
    }

    fn grant(&mut self, to: SocketAddrV4, id: u16, claim: Claim) {
        self.send(to, &Packet::registration_response(id, Claim { ttl: 3600, ..claim }, Rcode::Success));
    }

    fn query(&mut self, from: SocketAddrV4, packet: &Packet, name: Name) {
        let answer = match self.entries.get(&name) {
            Some(entry) if entry.iter().any(|holder| holder.flags.is_group()) => {
                let holders = entry.iter().take(1).map(|entry| Holder { address: Ipv4Addr::BROADCAST, ..*entry });
                Packet::query_response(packet.id, packet.flags, name, 0, holders.collect())
            }
            Some(entry) => Packet::query_response(packet.id, packet.flags, name, 0, entry.clone()),
            None => Packet::negative_query_response(packet.id, packet.flags, name, Rcode::Name),
        };
        assert_ne!(packet.flags.bits() & 0x0100, 0, "only nodes are asked without recursion, not {:?}", NodeType::P);
        self.send(from, &answer);
    }

    fn send(&mut self, to: SocketAddrV4, packet: &Packet) {
        self.packets.push(Transmit { interface: 0, to, service: Service::Name, bytes: packet.encode() });
    }
}

/// The addresses of groups are not compared.
fn same(holder: &Holder, claimed: &Holder) -> bool {
    holder.flags.is_group() || holder.address == claimed.address
}
