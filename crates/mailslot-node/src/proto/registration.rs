//! One name of this node on one interface: from the claim to the release.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Claim, Packet, Rcode};
use mailslot_wire::{Name, NodeType};

use crate::proto::config::{Interface, NameKind, Registrar};
use crate::proto::event::{Event, RefusedBy};
use crate::proto::network::Network;
use crate::proto::node::{NameState, Service};
use crate::proto::outbox::Outbox;
use crate::proto::retry::{Due, Retry};

/// How long a name is to be kept by a server, and by those who ask for it: what Windows says, in seconds.
pub(super) const TTL: u32 = 300_000;
/// When a server is asked again after none answered (MS-NBTE).
const SERVER_RETRY: Duration = Duration::from_secs(15);
/// The least time between refreshes (MS-NBTE).
const MIN_REFRESH: Duration = Duration::from_secs(5 * 60);
/// The most: a server that has lost its data learns the name again, as from nmbd.
const MAX_REFRESH: Duration = Duration::from_secs(20 * 60);
/// The least time between two checks that strangers make the node do.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// A name on one interface.
pub(super) struct Registration {
    pub(super) name: Name,
    pub(super) kind: NameKind,
    pub(super) interface: Interface,
    pub(super) state: NameState,
    pending: Option<Pending>,
    /// When to speak to the server again.
    refresh_at: Option<Instant>,
    /// Which server has the name, or is being asked.
    server: usize,
    /// Does a server have the name?
    registered: bool,
    checked_at: Option<Instant>,
}

struct Pending {
    stage: Stage,
    retry: Retry,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Broadcast claim. A negative response ends it, silence wins.
    Claim,
    /// The overwrite demand has gone out; who missed the claims may object still.
    Demand,
    /// Broadcast claim of a name that is held, because somebody says that another node has it too.
    Check,
    Register,
    /// The server leaves it to us to ask the presumed owner.
    Challenge(Ipv4Addr),
    Overwrite,
    Refresh,
    ReleaseBroadcast,
    ReleaseAtServer,
}

impl Registration {
    /// A name that is being claimed from now on.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1; MS-NBTE for H nodes.
    pub(super) fn claim(
        name: Name,
        kind: NameKind,
        interface: Interface,
        now: Instant,
        network: &Network,
        outbox: &mut Outbox,
    ) -> Registration {
        let state = NameState::Claiming;
        let mut registration = Registration {
            name,
            kind,
            interface,
            state,
            pending: None,
            refresh_at: None,
            server: 0,
            registered: false,
            checked_at: None,
        };
        if network.config.registrar == Registrar::OtherService {
            registration.held(outbox);
        } else if !network.has_servers() || matches!(network.config.node_type, NodeType::B | NodeType::M) {
            registration.start(Stage::Claim, now, network, outbox);
        } else {
            registration.start(Stage::Register, now, network, outbox);
        }
        registration
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pending.as_ref().map(|pending| pending.retry.due).or(self.refresh_at)
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        if let Some(pending) = &mut self.pending {
            match pending.retry.poll(now) {
                Due::NotYet => {}
                Due::Again => self.transmit(network, outbox),
                Due::Silence => self.silence(now, network, outbox),
            }
        }
        // A check may have taken until after the time of the refresh.
        if self.pending.is_none() && self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            let stage = if self.registered { Stage::Refresh } else { Stage::Register };
            self.start(stage, now, network, outbox);
        }
    }

    /// Another node claims the name by broadcast. Is this node to object?
    ///
    /// Of two that claim at the same time, or both check whether they may keep the name, the lower address goes first:
    /// RFC 1002 lets both have it.
    pub(super) fn contend(&mut self, claimant: Ipv4Addr, outbox: &mut Outbox) -> bool {
        let undecided = self.in_stage(|stage| matches!(stage, Stage::Claim | Stage::Demand | Stage::Check));
        match self.state {
            NameState::Held | NameState::Claiming if undecided && claimant < self.interface.address => {
                self.lose(RefusedBy::Node(claimant), outbox);
                false
            }
            NameState::Held => true,
            NameState::Claiming => undecided,
            _ => false,
        }
    }

    /// Is this the transaction that waits for an answer?
    pub(super) fn awaits(&self, id: u16) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.retry.id == id)
    }

    /// A response to a registration, refresh or release of this name, in the transaction that waits for it. `false` if
    /// it comes from somewhere else.
    pub(super) fn handle_response(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        packet: &Packet,
        claim: &Claim,
        network: &Network,
        outbox: &mut Outbox,
    ) -> bool {
        let rcode = packet.body.rcode();
        let Some(stage) = self.pending.as_ref().map(|pending| pending.stage) else { return false };
        match stage {
            // RFC 1002 section 5.1.1: only an objection counts.
            Stage::Claim | Stage::Demand | Stage::Check => {
                if rcode != Rcode::Success {
                    self.lose(RefusedBy::Node(from), outbox);
                }
            }
            Stage::ReleaseBroadcast => {}
            Stage::Challenge(_) => return false,
            _ if Some(&from) != network.config.servers.get(self.server) => return false,
            Stage::ReleaseAtServer => self.released_at_server(rcode, now, network, outbox),
            Stage::Register if packet.is_end_node_challenge() => {
                self.start(Stage::Challenge(claim.holder.address), now, network, outbox);
            }
            Stage::Register | Stage::Overwrite | Stage::Refresh => {
                if rcode == Rcode::Success {
                    self.registered(claim.ttl, now, outbox);
                } else {
                    self.lose(RefusedBy::Server(from, rcode), outbox);
                }
            }
        }
        true
    }

    /// The presumed owner's answer, in the transaction that waits for it. `false` if it comes from somewhere else.
    pub(super) fn handle_challenge_response(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        owned: bool,
        network: &Network,
        outbox: &mut Outbox,
    ) -> bool {
        if !self.in_stage(|stage| stage == Stage::Challenge(from)) {
            return false;
        }
        if owned {
            self.lose(RefusedBy::Node(from), outbox);
        } else {
            self.start(Stage::Overwrite, now, network, outbox);
        }
        true
    }

    /// The server wants time, in the transaction that waits for it. `false` if it comes from somewhere else.
    pub(super) fn handle_wack(&mut self, now: Instant, from: Ipv4Addr, seconds: u32, network: &Network) -> bool {
        let Some(pending) = &mut self.pending else { return false };
        let of_server =
            matches!(pending.stage, Stage::Register | Stage::Overwrite | Stage::Refresh | Stage::ReleaseAtServer);
        if of_server && network.config.servers.get(self.server) == Some(&from) {
            pending.retry.wait(seconds, now);
            return true;
        }
        false
    }

    /// Somebody demands that this node gives the name up. One forged packet must not be enough (CVE-2000-0673): claim it
    /// again, and lose it if another holder objects.
    pub(super) fn check(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) -> bool {
        let lately = self.checked_at.is_some_and(|at| now < at + CHECK_INTERVAL);
        if self.state != NameState::Held || self.pending.is_some() || lately {
            return false;
        }
        self.checked_at = Some(now);
        let stage = if network.broadcasts() { Stage::Check } else { Stage::Refresh };
        self.start(stage, now, network, outbox);
        true
    }

    /// Gives the name up.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1; MS-NBTE section 3.1.7 for H nodes.
    pub(super) fn release(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        let held = self.state == NameState::Held;
        self.state = NameState::Released;
        self.pending = None;
        self.refresh_at = None;
        if held && network.config.registrar == Registrar::Node {
            let stage = if self.registered { Stage::ReleaseAtServer } else { Stage::ReleaseBroadcast };
            self.start(stage, now, network, outbox);
        }
    }

    fn in_stage(&self, test: impl Fn(Stage) -> bool) -> bool {
        self.pending.as_ref().is_some_and(|pending| test(pending.stage))
    }

    fn start(&mut self, stage: Stage, now: Instant, network: &Network, outbox: &mut Outbox) {
        let id = outbox.id();
        let retry = match stage {
            Stage::Claim | Stage::Check | Stage::ReleaseBroadcast => Retry::broadcast(id, now),
            Stage::Demand => Retry::once(id, now),
            _ => Retry::unicast(id, now),
        };
        self.pending = Some(Pending { stage, retry });
        self.transmit(network, outbox);
    }

    fn transmit(&self, network: &Network, outbox: &mut Outbox) {
        let Some(Pending { stage, retry }) = &self.pending else { return };
        let (id, name) = (retry.id, self.name.clone());
        let holder = network.holder(self.kind, &self.interface);
        let claim = Claim { name: name.clone(), ttl: TTL, holder };
        let several = network.interfaces.len() > 1 && self.kind == NameKind::Unique;
        let packet = match stage {
            Stage::Claim | Stage::Check => Packet::broadcast_registration(id, name, holder),
            Stage::Demand => Packet::broadcast_overwrite(id, name, holder),
            Stage::ReleaseBroadcast => Packet::broadcast_release(id, name, holder),
            Stage::Register if several => Packet::server_multihomed_registration(id, claim),
            Stage::Register => Packet::server_registration(id, claim),
            Stage::Challenge(_) => Packet::node_query(id, name),
            Stage::Overwrite => Packet::server_overwrite(id, claim),
            Stage::Refresh => Packet::refresh(id, claim),
            Stage::ReleaseAtServer => Packet::server_release(id, name, holder),
        };
        let address = match stage {
            Stage::Claim | Stage::Demand | Stage::Check | Stage::ReleaseBroadcast => self.interface.broadcast,
            Stage::Challenge(owner) => *owner,
            _ => match network.config.servers.get(self.server) {
                Some(server) => *server,
                None => return,
            },
        };
        let to = network.at(address, Service::Name);
        outbox.send(self.interface.id, to, Service::Name, packet.encode());
    }

    fn silence(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        let Some(Pending { stage, .. }) = self.pending.take() else { return };
        match stage {
            Stage::Claim => {
                if network.config.node_type == NodeType::M && network.has_servers() {
                    return self.start(Stage::Register, now, network, outbox);
                }
                self.held(outbox);
                if network.has_servers() {
                    self.refresh_at = Some(now + SERVER_RETRY);
                }
                self.start(Stage::Demand, now, network, outbox);
            }
            Stage::Demand | Stage::Check | Stage::ReleaseBroadcast => {}
            Stage::Challenge(_) => self.start(Stage::Overwrite, now, network, outbox),
            Stage::ReleaseAtServer => self.released_at_server(Rcode::Server, now, network, outbox),
            Stage::Register | Stage::Overwrite | Stage::Refresh => self.next_server(now, network, outbox),
        }
    }

    fn next_server(&mut self, now: Instant, network: &Network, outbox: &mut Outbox) {
        self.registered = false;
        self.server += 1;
        if self.server < network.config.servers.len() {
            return self.start(Stage::Register, now, network, outbox);
        }
        self.server = 0;
        if self.state == NameState::Claiming && network.config.node_type == NodeType::H {
            return self.start(Stage::Claim, now, network, outbox);
        }
        self.refresh_at = Some(now + SERVER_RETRY);
        if self.state == NameState::Claiming {
            self.tell_refused(RefusedBy::Silence, outbox);
        }
    }

    fn registered(&mut self, ttl: u32, now: Instant, outbox: &mut Outbox) {
        self.pending = None;
        self.registered = true;
        // TTL 0 is for ever; a refresh all the same tells a server that has forgotten.
        let half = if ttl == 0 { MAX_REFRESH } else { Duration::from_secs(ttl.into()) / 2 };
        self.refresh_at = Some(now + half.clamp(MIN_REFRESH, MAX_REFRESH));
        self.held(outbox);
    }

    fn released_at_server(&mut self, rcode: Rcode, now: Instant, network: &Network, outbox: &mut Outbox) {
        self.pending = None;
        let released = rcode == Rcode::Success;
        match network.config.node_type {
            NodeType::M if released => self.start(Stage::ReleaseBroadcast, now, network, outbox),
            NodeType::H if !released => self.start(Stage::ReleaseBroadcast, now, network, outbox),
            _ => {}
        }
    }

    fn held(&mut self, outbox: &mut Outbox) {
        if self.state != NameState::Held {
            self.state = NameState::Held;
            outbox.event(Event::NameHeld { name: self.name.clone(), interface: self.interface.id });
        }
    }

    fn lose(&mut self, by: RefusedBy, outbox: &mut Outbox) {
        self.pending = None;
        self.refresh_at = None;
        if self.state != NameState::Held {
            self.state = NameState::Refused;
            return self.tell_refused(by, outbox);
        }
        self.state = NameState::Conflict;
        outbox.event(Event::NameInConflict { name: self.name.clone(), interface: self.interface.id, by });
    }

    fn tell_refused(&self, by: RefusedBy, outbox: &mut Outbox) {
        outbox.event(Event::NameRefused { name: self.name.clone(), interface: self.interface.id, by });
    }
}
