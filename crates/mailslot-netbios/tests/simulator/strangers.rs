//! Packets from senders that do not count change nothing: a node that receives them sends, reports and knows the same
//! as its twin that does not.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use mailslot_netbios::{
    Cast, Config, DropReason, Event, HeldName, Interface, NameState, Node, Received, Service, Target, Transmit,
};
use mailslot_wire::datagram::{Body, ErrorCode, Header, Packet as Datagram};
use mailslot_wire::name_service::{Claim, Entry, Holder, NameFlags, Packet, Rcode, Statistics};
use mailslot_wire::{Name, NodeType};
use proptest::prelude::*;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);
const OWN_TOO: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 5);
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 9, 9);

fn name(text: &str) -> Name {
    Name::new(text, 0).expect("a valid name")
}

/// The node's state when strangers begin to send.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Claiming,
    Demanding,
    Held,
    Checking,
    Conflict,
    Asking,
    Known,
}

const STAGES: [Stage; 7] =
    [Stage::Claiming, Stage::Demanding, Stage::Held, Stage::Checking, Stage::Conflict, Stage::Asking, Stage::Known];

/// One of the twins.
struct Twin {
    node: Node,
    now: Instant,
    sent: Vec<Transmit>,
    events: Vec<Event>,
}

impl Twin {
    fn new(start: Instant, node_type: NodeType) -> Twin {
        let mut config = Config::new("PC", "PLANT").expect("valid names");
        if node_type != NodeType::B {
            config = config.with_servers(vec![SERVER]);
        }
        config.node_type = node_type;
        let interface = |id: u8, address| Interface {
            id: id.into(),
            address,
            prefix: 24,
            broadcast: Some(Ipv4Addr::new(10, id, 0, 255)),
        };
        let node = Node::new(config, vec![interface(0, OWN), interface(1, OWN_TOO)], start, 7);
        let mut twin = Twin { node, now: start, sent: Vec::new(), events: Vec::new() };
        twin.drain();
        twin
    }

    fn at(start: Instant, node_type: NodeType, stage: Stage) -> Twin {
        let mut twin = Twin::new(start, node_type);
        let millis = match stage {
            Stage::Claiming => 100,
            Stage::Demanding => 800,
            _ => 2000,
        };
        twin.pass(Duration::from_millis(millis));
        if matches!(stage, Stage::Checking | Stage::Conflict) {
            twin.hear(NEIGHBOUR, Cast::Unicast, &Packet::conflict_demand(1, name("PC"), unique()));
            let check = twin.last_id();
            if stage == Stage::Conflict {
                twin.hear(
                    NEIGHBOUR,
                    Cast::Unicast,
                    &Packet::registration_response(check, claim("PC", OWN), Rcode::Active),
                );
            }
        }
        if matches!(stage, Stage::Asking | Stage::Known) {
            twin.node.resolve(twin.now, name("OTHER"));
            twin.drain();
            let query = Packet::broadcast_query(twin.last_id(), name("OTHER"));
            if stage == Stage::Known {
                let holders = vec![Holder { flags: unique(), address: NEIGHBOUR }];
                twin.hear(
                    NEIGHBOUR,
                    Cast::Unicast,
                    &Packet::query_response(query.id, query.flags, name("OTHER"), 0, holders),
                );
            }
        }
        twin
    }

    fn drain(&mut self) {
        self.sent.extend(std::iter::from_fn(|| self.node.poll_transmit()));
        self.events.extend(std::iter::from_fn(|| self.node.poll_event()));
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.node.handle_timeout(due);
            self.drain();
        }
        self.now = end;
    }

    fn hear(&mut self, from: Ipv4Addr, cast: Cast, packet: &Packet) {
        self.take(SocketAddrV4::new(from, 137), Service::Name, cast, &packet.encode());
    }

    fn take(&mut self, from: SocketAddrV4, service: Service, cast: Cast, bytes: &[u8]) {
        self.node.handle_packet(self.now, Received { interface: 0, from, service, cast }, bytes);
        self.drain();
    }

    /// The id of its last packet to the name service.
    fn last_id(&self) -> u16 {
        let last = self.sent.iter().rev().find(|sent| sent.service == Service::Name).expect("it has sent something");
        Packet::parse(&last.bytes).expect("nodes send what can be parsed").id
    }

    /// Its behaviour and state visible to others, except answers to `strangers`.
    fn seen(mut self, strangers: &[Ipv4Addr]) -> (Vec<HeldName>, usize, Vec<Transmit>, Vec<Event>) {
        // Shows whether its cache is still correct.
        self.node.resolve(self.now, name("OTHER"));
        self.drain();
        self.pass(Duration::from_secs(40));
        self.sent.retain(|sent| !strangers.contains(sent.to.ip()));
        let names = self.node.names().collect();
        (names, self.node.sizes().cached_names, self.sent, self.events)
    }
}

fn unique() -> NameFlags {
    NameFlags::unique(NodeType::B)
}

fn claim(text: &str, address: Ipv4Addr) -> Claim {
    Claim { name: name(text), ttl: 5, holder: Holder { flags: unique(), address } }
}

/// A stranger's packet: its kind, its name, whether it has the node's id, and the stated holder of the name.
#[derive(Clone, Debug)]
struct Said {
    from: Ipv4Addr,
    port: u16,
    cast: Cast,
    kind: u8,
    about: &'static str,
    knows_id: bool,
    holder: Ipv4Addr,
    wait: u64,
}

const KINDS: u8 = 20;

impl Said {
    fn packet(&self, last_id: u16) -> (Service, Vec<u8>) {
        let id = if self.knows_id { last_id } else { last_id ^ 1 };
        let named = name(self.about);
        let claimed = claim(self.about, self.holder);
        let query = Packet::broadcast_query(id, named.clone());
        let packet = match self.kind {
            0 => Packet::broadcast_registration(id, named, claimed.holder),
            1 => Packet::broadcast_overwrite(id, named, claimed.holder),
            2 => Packet::refresh(id, claimed),
            3 => Packet::broadcast_release(id, named, claimed.holder),
            4 => Packet::server_registration(id, claimed),
            5 => Packet::server_multihomed_registration(id, claimed),
            6 => Packet::registration_response(id, claimed, Rcode::Active),
            7 => Packet::registration_response(id, claimed, Rcode::Conflict),
            8 => Packet::registration_response(id, claimed, Rcode::Success),
            9 => Packet::end_node_challenge(id, claimed),
            10 => Packet::release_response(id, claimed, Rcode::Success),
            11 => query,
            12 => Packet::node_status_request(id, named),
            13 => Packet::query_response(id, query.flags, named, 600, vec![claimed.holder]),
            14 => Packet::negative_query_response(id, query.flags, named, Rcode::Name),
            15 => Packet::redirect_query_response(id, named.clone(), 600, named, self.holder),
            16 => Packet::wack(&query, 600),
            17 => {
                let entries = vec![Entry { name: *named.as_bytes(), flags: unique() }];
                Packet::node_status_response(id, named, entries, Statistics::new([0; 6]))
            }
            18 => {
                let header = Header { node_type: NodeType::B, id, source: SocketAddrV4::new(self.from, 138) };
                let body = Body::Error { code: ErrorCode::DestinationNotPresent };
                return (Service::Datagram, Datagram { header, body }.encode());
            }
            _ => {
                let header = Header { node_type: NodeType::B, id, source: SocketAddrV4::new(self.from, 138) };
                return (
                    Service::Datagram,
                    Datagram { header, body: Body::QueryRequest { destination: named } }.encode(),
                );
            }
        };
        (Service::Name, packet.encode())
    }
}

/// Senders whose packets about this subnet do not count, on interface 0.
const STRANGERS: [Ipv4Addr; 12] = [
    Ipv4Addr::new(10, 66, 0, 5),
    Ipv4Addr::new(1, 2, 3, 4),
    Ipv4Addr::new(223, 255, 255, 254),
    // A neighbour on another interface.
    Ipv4Addr::new(10, 1, 0, 9),
    // Programs of this machine.
    OWN,
    OWN_TOO,
    Ipv4Addr::LOCALHOST,
    // Addresses of no machine.
    Ipv4Addr::UNSPECIFIED,
    Ipv4Addr::BROADCAST,
    Ipv4Addr::new(10, 0, 0, 255),
    Ipv4Addr::new(224, 0, 0, 1),
    Ipv4Addr::new(0, 1, 2, 3),
];

fn said(strangers: &'static [Ipv4Addr]) -> impl Strategy<Value = Said> {
    let holders = [OWN, NEIGHBOUR, Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(6, 6, 6, 6)];
    let from = prop::sample::select(strangers);
    let about = prop::sample::select(vec!["PC", "PC", "PLANT", "OTHER", "OTHER", "*"]);
    let holder = (any::<bool>(), prop::sample::select(holders.to_vec()));
    (from, any::<bool>(), any::<bool>(), 0..KINDS, about, any::<bool>(), holder, 0..300u64).prop_map(
        |(from, usual, broadcast, kind, about, knows_id, (itself, other), wait)| Said {
            from,
            // Packets from the node's own address and port are dropped as its own.
            port: if usual && from != OWN && from != OWN_TOO { 137 } else { 40_000 },
            cast: if broadcast { Cast::Broadcast } else { Cast::Unicast },
            kind,
            about,
            knows_id,
            holder: if itself { from } else { other },
            wait,
        },
    )
}

/// Both twins receive the same, and one of them receives `said` as well.
fn changes_nothing(node_type: NodeType, stage: Stage, said: &[Said]) {
    let start = Instant::now();
    let [mut alone, mut told] = [(); 2].map(|()| Twin::at(start, node_type, stage));
    let strangers: Vec<_> = said.iter().map(|said| said.from).collect();
    for said in said {
        let (service, bytes) = said.packet(told.last_id());
        let before = told.sent.len();
        told.take(SocketAddrV4::new(said.from, said.port), service, said.cast, &bytes);
        let answers = &told.sent[before..];
        let nobodys = said.from.is_unspecified() || said.from.is_broadcast() || said.from.is_multicast();
        assert!(answers.is_empty() || !nobodys, "{said:?} is answered: {answers:?}");
        for twin in [&mut alone, &mut told] {
            twin.pass(Duration::from_millis(said.wait));
        }
    }
    assert_eq!(told.seen(&strangers), alone.seen(&strangers), "{stage:?} {said:?}");
}

fn stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(STAGES.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_strangers_say_changes_anything(
        stage in stage(),
        said in prop::collection::vec(said(&STRANGERS), 1..8),
    ) {
        changes_nothing(NodeType::B, stage, &said);
    }
}

/// The server may send demands, and may answer requests to it.
#[test]
fn a_server_has_no_say_in_what_is_asked_of_neighbours() {
    for stage in STAGES {
        for kind in (0..KINDS).filter(|kind| ![7, 16].contains(kind)) {
            for about in ["PC", "PLANT", "OTHER"] {
                for cast in [Cast::Unicast, Cast::Broadcast] {
                    let said =
                        Said { from: SERVER, port: 137, cast, kind, about, knows_id: true, holder: SERVER, wait: 50 };
                    // An M node has the same stages of broadcasts, but has asked its server, too.
                    if !matches!(stage, Stage::Held | Stage::Demanding) {
                        let twin = Twin::at(Instant::now(), NodeType::M, stage);
                        let asked = twin.sent.last().is_some_and(|sent| *sent.to.ip() == SERVER);
                        if !asked {
                            changes_nothing(NodeType::M, stage, std::slice::from_ref(&said));
                        }
                    }
                }
            }
        }
    }
}

/// The opposite: shows that the twins above do not agree only because they ignore everything.
#[test]
fn neighbours_have_their_say() {
    let start = Instant::now();
    let state = |twin: &Twin| twin.node.names().find(|held| held.name == name("PC")).map(|held| held.state);
    for stage in [Stage::Claiming, Stage::Demanding, Stage::Checking] {
        let mut twin = Twin::at(start, NodeType::B, stage);
        // From the first interface, whose requests are sent before those of the second.
        let to_subnet = |sent: &&Transmit| {
            *sent.to.ip() == Ipv4Addr::new(10, 0, 0, 255)
                && Packet::parse(&sent.bytes).is_ok_and(|packet| packet.body.name() == Some(&name("PC")))
        };
        let sent = twin.sent.iter().rfind(to_subnet).expect("it has claimed its name");
        let id = Packet::parse(&sent.bytes).expect("nodes send what can be parsed").id;
        twin.hear(NEIGHBOUR, Cast::Unicast, &Packet::registration_response(id, claim("PC", OWN), Rcode::Active));
        let lost = if stage == Stage::Claiming { NameState::Refused } else { NameState::Conflict };
        assert_eq!(state(&twin), Some(lost), "{stage:?}");
        twin.pass(Duration::from_secs(22));
        assert_eq!(state(&twin), Some(NameState::Held), "it is taken back from who objects no more");
    }
    let mut known = Twin::at(start, NodeType::B, Stage::Known);
    assert_eq!(known.node.sizes().cached_names, 1);
    known.hear(
        NEIGHBOUR,
        Cast::Broadcast,
        &Packet::broadcast_release(1, name("OTHER"), claim("OTHER", NEIGHBOUR).holder),
    );
    assert_eq!(known.node.sizes().cached_names, 0);
}

#[test]
fn two_packets_from_another_subnet_take_no_name_away() {
    let stranger = Ipv4Addr::new(10, 0, 66, 5);
    let mut twin = Twin::at(Instant::now(), NodeType::B, Stage::Held);
    twin.hear(stranger, Cast::Unicast, &Packet::conflict_demand(1, name("PC"), unique()));
    let lower = claim("PC", Ipv4Addr::new(1, 2, 3, 4));
    twin.hear(stranger, Cast::Unicast, &Packet::broadcast_registration(2, name("PC"), lower.holder));
    twin.pass(Duration::from_secs(2));
    assert!(twin.node.names().all(|held| held.state == NameState::Held));
    assert_eq!(twin.node.counters().dropped(DropReason::OtherSubnet), 2);
    twin.node.send_mailslot(twin.now, Target::OwnDomain, b"a", b"b").expect("it has its name");
}

#[test]
fn two_packets_of_a_neighbour_with_a_lower_address_take_none_away_either() {
    let lower = Ipv4Addr::new(10, 0, 0, 1);
    let mut twin = Twin::at(Instant::now(), NodeType::B, Stage::Held);
    twin.hear(lower, Cast::Unicast, &Packet::conflict_demand(1, name("PC"), unique()));
    for _ in 0..20 {
        twin.hear(lower, Cast::Broadcast, &Packet::broadcast_registration(2, name("PC"), claim("PC", lower).holder));
        twin.pass(Duration::from_millis(200));
        assert!(twin.node.names().all(|held| held.state == NameState::Held));
    }
}
