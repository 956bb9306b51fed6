//! One name of this node on one interface, from the claim to the release.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Claim, Packet, Rcode};
use mailslot_wire::{Name, NodeType};

use crate::config::{Interface, NameKind, Registrar};
use crate::context::Context;
use crate::counters::DropReason;
use crate::event::{Event, RefusedBy};
use crate::network::Network;
use crate::outbox::Outbox;
use crate::packet::Service;
use crate::reclaim::Reclaim;
use crate::retry::{Due, Retry};
use crate::stage::{Receiver, Stage, is_failure};
use crate::state::NameState;

/// How long after no server answered the first is asked again (MS-NBTE).
const SERVER_RETRY: Duration = Duration::from_secs(15);
/// The least time between refreshes (MS-NBTE).
const MIN_REFRESH: Duration = Duration::from_secs(5 * 60);
/// The most time between refreshes: a server that has lost its data then learns the name again. The value is nmbd's.
const MAX_REFRESH: Duration = Duration::from_secs(20 * 60);
/// How long a claim is postponed, once, for that of a node with a lower address: until that claim has been decided.
const PUT_OFF: Duration = Duration::from_secs(1);
/// How long servers can make the node wait for a decision, by WACKs.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A name on one interface.
pub(super) struct Registration {
    pub(super) name: Name,
    pub(super) kind: NameKind,
    pub(super) interface: Interface,
    pub(super) state: NameState,
    pending: Option<Pending>,
    /// When to act on the name again: if it is held, to refresh or register it at a server; otherwise to claim it.
    next_at: Option<Instant>,
    /// The servers that the interface leads to.
    servers: Vec<Ipv4Addr>,
    /// The index of the server that has the name, or is being asked.
    server: usize,
    /// Whether a server has the name.
    registered: bool,
    reclaim: Reclaim,
}

struct Pending {
    stage: Stage,
    retry: Retry,
    is_put_off: bool,
}

impl Registration {
    /// Begins to claim a name.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1; MS-NBTE for H nodes.
    pub(super) fn claim(
        name: Name,
        kind: NameKind,
        interface: Interface,
        servers: &[Ipv4Addr],
        context: &mut Context<'_>,
    ) -> Registration {
        let state = NameState::Claiming;
        let mut registration = Registration {
            kind,
            interface,
            state,
            pending: None,
            next_at: None,
            servers: context.network.servers_for(&name, servers),
            name,
            server: 0,
            registered: false,
            reclaim: Reclaim::default(),
        };
        if context.network.config.registrar == Registrar::OtherService {
            registration.held(context.outbox);
        } else {
            registration.begin(context);
        }
        registration
    }

    /// Sets the servers to which the interface leads. If they have changed, the name is registered, claimed or released
    /// again with the new ones.
    pub(super) fn set_servers(&mut self, servers: &[Ipv4Addr], context: &mut Context<'_>) {
        let servers = context.network.servers_for(&self.name, servers);
        if self.servers == servers || context.network.config.registrar == Registrar::OtherService {
            return;
        }
        (self.servers, self.server, self.registered) = (servers, 0, false);
        let asks_server = self.pending.take_if(|pending| pending.stage.is_for_server()).is_some();
        match self.state {
            NameState::Held if self.pending.is_none() => {
                self.next_at = (!self.servers.is_empty()).then_some(context.now)
            }
            NameState::Claiming if asks_server => self.begin(context),
            NameState::Released if asks_server => self.start(Stage::ReleaseBroadcast, context),
            _ => {}
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pending.as_ref().map(|pending| pending.retry.due).or(self.next_at)
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    pub(super) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        if let Some(pending) = &mut self.pending {
            match pending.retry.poll(context.now) {
                Due::NotYet => {}
                Due::Again => self.transmit(context),
                Due::Silence => self.silence(context),
            }
        }
        // A check may have lasted beyond the time of the refresh.
        if self.pending.is_none() && self.next_at.is_some_and(|at| at <= context.now) {
            self.next_at = None;
            match self.state {
                NameState::Held if self.registered && self.server == 0 => self.start(Stage::Refresh, context),
                // Return to the first server as soon as it answers again: other nodes ask it first, too.
                NameState::Held => {
                    self.server = 0;
                    self.start(Stage::Register, context);
                }
                _ => match self.reclaim.holder() {
                    Some(holder) => self.start(Stage::Ask(holder), context),
                    None => self.begin(context),
                },
            }
        }
    }

    /// Another node claims the name by broadcast. Returns whether this node objects.
    ///
    /// Of two nodes that claim at the same time, or that both check whether they may keep the name, the one with the
    /// lower address goes first; RFC 1002 would let both have it. The higher one does not object, and postpones its own
    /// claim once; then the lower one objects if it has the name. A claim alone takes no name away: any node can make
    /// one.
    pub(super) fn contend(&mut self, claimant: Ipv4Addr, now: Instant) -> bool {
        let claims = |stage| matches!(stage, Stage::Claim | Stage::Demand | Stage::Check);
        let Some(pending) = self.pending.as_mut().filter(|pending| claims(pending.stage)) else {
            return self.state == NameState::Held;
        };
        if claimant > self.interface.address {
            return true;
        }
        if !pending.is_put_off {
            let stage = if pending.stage == Stage::Claim { Stage::Claim } else { Stage::Check };
            // The id stays, so that objections to claims already sent count.
            let retry = Retry::broadcast_later(pending.retry.id, now + PUT_OFF);
            *pending = Pending { stage, retry, is_put_off: true };
        }
        false
    }

    /// Whether this transaction waits for an answer.
    pub(super) fn awaits(&self, id: u16) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.retry.id == id)
    }

    /// A response to a registration, refresh or release of this name, in the transaction that waits for it.
    pub(super) fn handle_response(
        &mut self,
        interface: &Interface,
        from: Ipv4Addr,
        packet: &Packet,
        claim: &Claim,
        context: &mut Context<'_>,
    ) -> Result<(), DropReason> {
        let rcode = packet.body.rcode();
        let Some(stage) = self.pending.as_ref().map(|pending| pending.stage) else { return Err(DropReason::Unasked) };
        match stage {
            Stage::Claim | Stage::Demand | Stage::Check => {
                if *interface != self.interface {
                    return Err(DropReason::WrongSource);
                }
                context.network.check_neighbour(interface, from)?;
                // RFC 1002 section 5.1.1: only objections count.
                if rcode != Rcode::Success {
                    self.lose(RefusedBy::Node(from), context);
                }
            }
            Stage::ReleaseBroadcast => {}
            Stage::Ask(_) | Stage::Challenge(_) => return Err(DropReason::WrongSource),
            _ if Some(&from) != self.servers.get(self.server) => return Err(DropReason::WrongSource),
            Stage::ReleaseAtServer => self.released_at_server(rcode, context),
            Stage::Register | Stage::Replace if packet.is_end_node_challenge() => {
                self.start(Stage::Challenge(claim.holder.address), context);
            }
            Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh if rcode == Rcode::Success => {
                self.registered(claim.ttl, context.now, context.outbox);
            }
            Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh if is_failure(rcode) => {
                self.next_server(context);
            }
            // The server knows the name with another address, which this node may have had before. It verifies that
            // address when a name is registered, but not when one is refreshed.
            Stage::Refresh => self.start(Stage::Register, context),
            // nmbd adds an address if the other address answers, and transfers the name if it does not.
            Stage::Register if self.is_multihomed(context.network) => self.start(Stage::Replace, context),
            Stage::Register | Stage::Replace | Stage::Overwrite => self.lose(RefusedBy::Server(from, rcode), context),
        }
        Ok(())
    }

    /// The presumed holder's answer, in the transaction that waits for it. Returns `false` if it comes from another
    /// address.
    pub(super) fn handle_challenge_response(&mut self, from: Ipv4Addr, owned: bool, context: &mut Context<'_>) -> bool {
        let stage = self.pending.as_ref().map(|pending| pending.stage);
        if stage != Some(Stage::Challenge(from)) && stage != Some(Stage::Ask(from)) {
            return false;
        }
        if owned {
            self.lose(RefusedBy::Node(from), context);
        } else if stage == Some(Stage::Ask(from)) {
            self.begin(context);
        } else {
            self.start(Stage::Overwrite, context);
        }
        true
    }

    /// The server needs more time, in the transaction that waits for it. Returns `false` if the WACK comes from another
    /// address.
    pub(super) fn handle_wack(&mut self, now: Instant, from: Ipv4Addr, seconds: u32) -> bool {
        let Some(pending) = &mut self.pending else { return false };
        if pending.stage.is_for_server() && self.servers.get(self.server) == Some(&from) {
            pending.retry.wait(seconds, MAX_WAIT, now);
            return true;
        }
        false
    }

    /// Another node disputes the name. One forged packet must not suffice to lose it (CVE-2000-0673), so the node
    /// claims the name again, and loses it if another holder objects.
    pub(super) fn check(&mut self, context: &mut Context<'_>) -> bool {
        let is_ours = context.network.config.registrar == Registrar::Node;
        let can_be_asked = self.state == NameState::Held && is_ours && self.pending.is_none();
        if !can_be_asked || !self.reclaim.may_ask(context.now) {
            return false;
        }
        let at_server = !context.network.broadcasts() && !self.servers.is_empty();
        let stage = if at_server { Stage::Refresh } else { Stage::Check };
        self.start(stage, context);
        true
    }

    /// Another node has released the name. If this node wants it, it claims it soon.
    pub(super) fn may_be_free(&mut self, context: &mut Context<'_>) -> bool {
        let is_others = matches!(self.state, NameState::Refused | NameState::Conflict) && self.pending.is_none();
        if !is_others || !self.reclaim.may_ask(context.now) {
            return false;
        }
        self.next_at = Some(self.reclaim.released(context));
        true
    }

    /// Releases the name.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 5.1; MS-NBTE section 3.1.7 for H nodes.
    pub(super) fn release(&mut self, context: &mut Context<'_>) {
        let held = self.state == NameState::Held;
        self.state = NameState::Released;
        self.pending = None;
        self.next_at = None;
        if held && context.network.config.registrar == Registrar::Node {
            let stage = if self.registered { Stage::ReleaseAtServer } else { Stage::ReleaseBroadcast };
            self.start(stage, context);
        }
    }

    /// The interface is gone, and with it its address. The name is released at the server, by way of another interface:
    /// the server would otherwise continue to report the address. No answer is awaited.
    pub(super) fn gone(mut self, context: &mut Context<'_>) {
        let may_have_it = self.registered || self.pending.as_ref().is_some_and(|pending| pending.stage.is_for_server());
        if may_have_it && !context.network.is_own_address(self.interface.address) {
            self.start(Stage::ReleaseAtServer, context);
        }
    }

    /// Whether the server may know further addresses of this node for the name.
    fn is_multihomed(&self, network: &Network) -> bool {
        network.interfaces.len() > 1 && self.kind == NameKind::Unique
    }

    /// Begins to claim the name.
    fn begin(&mut self, context: &mut Context<'_>) {
        let broadcasts = matches!(context.network.config.node_type, NodeType::B | NodeType::M);
        let by_broadcast = broadcasts || self.servers.is_empty();
        self.start(if by_broadcast { Stage::Claim } else { Stage::Register }, context);
    }

    fn start(&mut self, stage: Stage, context: &mut Context<'_>) {
        let retry = stage.retry(context.outbox.id(), context.now);
        self.pending = Some(Pending { stage, retry, is_put_off: false });
        self.transmit(context);
    }

    fn transmit(&self, context: &mut Context<'_>) {
        let Some(Pending { stage, retry, .. }) = &self.pending else { return };
        let Some(receiver) = stage.receiver(self.servers.get(self.server).copied()) else { return };
        let holder = context.network.holder(self.kind, &self.interface);
        let is_multihomed = self.is_multihomed(context.network);
        let packet = stage.packet(retry.id, self.name.clone(), holder, is_multihomed).encode();
        match receiver {
            Receiver::Subnet => context.broadcast(&self.interface, Service::Name, packet),
            // By the interface that leads there, even if the packet is about another address of the node.
            Receiver::Node(address) => context.unicast(address, Service::Name, packet),
        }
    }

    fn silence(&mut self, context: &mut Context<'_>) {
        let Some(Pending { stage, .. }) = self.pending.take() else { return };
        match stage {
            Stage::Claim => {
                self.held(context.outbox);
                if !self.servers.is_empty() {
                    // After the demand, an M node registers the name at the servers. Until they answer, it holds the
                    // name on its subnet, as nmbd does; by RFC 1002 it would not hold it.
                    let is_m = context.network.config.node_type == NodeType::M;
                    self.next_at = Some(if is_m { context.now } else { context.now + SERVER_RETRY });
                }
                self.start(Stage::Demand, context);
            }
            Stage::Demand | Stage::Check | Stage::ReleaseBroadcast => {}
            Stage::Ask(_) => self.begin(context),
            Stage::Challenge(_) => self.start(Stage::Overwrite, context),
            Stage::ReleaseAtServer => self.released_at_server(Rcode::Server, context),
            Stage::Register | Stage::Replace | Stage::Overwrite | Stage::Refresh => self.next_server(context),
        }
    }

    fn next_server(&mut self, context: &mut Context<'_>) {
        self.pending = None;
        self.registered = false;
        self.server += 1;
        if self.server < self.servers.len() {
            return self.start(Stage::Register, context);
        }
        self.server = 0;
        if self.state != NameState::Held && context.network.config.node_type == NodeType::H {
            return self.start(Stage::Claim, context);
        }
        self.next_at = Some(context.now + SERVER_RETRY);
        if self.state == NameState::Claiming {
            self.tell_refused(RefusedBy::Silence, context.outbox);
        }
    }

    fn registered(&mut self, ttl: u32, now: Instant, outbox: &mut Outbox) {
        self.pending = None;
        self.registered = true;
        // TTL 0 is for ever, but a refresh still informs a server that has lost its data.
        let half = if ttl == 0 { MAX_REFRESH } else { Duration::from_secs(ttl.into()) / 2 };
        self.next_at = Some(now + half.clamp(MIN_REFRESH, MAX_REFRESH));
        self.held(outbox);
    }

    fn released_at_server(&mut self, rcode: Rcode, context: &mut Context<'_>) {
        self.pending = None;
        let released = rcode == Rcode::Success;
        match context.network.config.node_type {
            NodeType::M if released => self.start(Stage::ReleaseBroadcast, context),
            NodeType::H if !released => self.start(Stage::ReleaseBroadcast, context),
            _ => {}
        }
    }

    fn held(&mut self, outbox: &mut Outbox) {
        self.reclaim.held();
        if self.state != NameState::Held {
            self.state = NameState::Held;
            outbox.event(Event::NameHeld { name: self.name.clone(), interface: self.interface.id });
        }
    }

    /// Another node has the name. This one claims it again later.
    fn lose(&mut self, by: RefusedBy, context: &mut Context<'_>) {
        self.pending = None;
        self.registered = false;
        self.next_at = Some(self.reclaim.refused(by, context));
        match self.state {
            NameState::Held => {
                self.state = NameState::Conflict;
                let (name, interface) = (self.name.clone(), self.interface.id);
                context.outbox.event(Event::NameInConflict { name, interface, by });
            }
            NameState::Claiming => {
                self.state = NameState::Refused;
                self.tell_refused(by, context.outbox);
            }
            _ => {}
        }
    }

    fn tell_refused(&self, by: RefusedBy, outbox: &mut Outbox) {
        outbox.event(Event::NameRefused { name: self.name.clone(), interface: self.interface.id, by });
    }
}
