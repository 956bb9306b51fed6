//! The rules of RFC 1002 and MS-NBTE, one by one, packet by packet.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Body, Claim, Flags, Holder, NameFlags, Packet, Rcode};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Name, NodeType, datagram};

use super::*;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const LAST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 10);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 9, 9);

/// A node with one unique name, PC<00>, and what it has sent.
struct Bench {
    node: Node,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(node_type: NodeType) -> Bench {
        let mut config = Config::new("PC", "PLANT").expect("valid names");
        config.names.truncate(1);
        if node_type != NodeType::B {
            config = config.with_servers(vec![SERVER]);
        }
        config.node_type = node_type;
        Bench::with(config)
    }

    fn with(config: Config) -> Bench {
        let now = Instant::now();
        let interface = Interface { id: 1, address: OWN, prefix: 24, broadcast: Ipv4Addr::new(10, 0, 0, 255) };
        Bench { node: Node::new(config, vec![interface], now, 7), start: now, now }
    }

    /// A B node that holds its name and has nothing more to do.
    fn held() -> Bench {
        let mut bench = Bench::new(NodeType::B);
        while bench.next().is_some() {}
        bench.events();
        bench
    }

    fn sent(&mut self) -> Option<(SocketAddrV4, Packet)> {
        let transmit = self.node.poll_transmit()?;
        Some((transmit.to, Packet::parse(&transmit.bytes).expect("nodes send what can be parsed")))
    }

    /// The next packet, and when it goes: milliseconds since the beginning.
    fn next(&mut self) -> Option<(u128, SocketAddrV4, Packet)> {
        loop {
            if let Some((to, packet)) = self.sent() {
                return Some(((self.now - self.start).as_millis(), to, packet));
            }
            self.now = self.node.poll_timeout()?;
            self.node.handle_timeout(self.now);
        }
    }

    fn packet(&mut self) -> Packet {
        self.next().expect("the node sends something").2
    }

    fn hear(&mut self, from: Ipv4Addr, cast: Cast, packet: &Packet) {
        let from = SocketAddrV4::new(from, 137);
        let received = Received { interface: 1, from, service: Service::Name, cast };
        self.node.handle_packet(self.now, received, &packet.encode());
    }

    /// Hears a message to the slot `x` of the one computer `destination`.
    fn hear_message(&mut self, destination: &Name) {
        let write = MailslotWrite::new(b"x", b"data").expect("a short write").encode(Style::Windows);
        let from = SocketAddrV4::new(OTHER, 138);
        let header = datagram::Header { node_type: NodeType::B, id: 1, source: from };
        let source = Name::new("OTHER", 0).expect("a valid name");
        let kind = datagram::Destination::Unique;
        let body = datagram::Body::Whole { kind, source, destination: destination.clone(), data: &write };
        let received = Received { interface: 1, from, service: Service::Datagram, cast: Cast::Unicast };
        self.node.handle_packet(self.now, received, &datagram::Packet { header, body }.encode());
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.node.poll_event()).collect()
    }
}

fn pc() -> Name {
    Name::new("PC", 0).expect("a valid name")
}

fn unique(address: Ipv4Addr) -> Holder {
    Holder { flags: NameFlags::unique(NodeType::B), address }
}

fn claim(ttl: u32, address: Ipv4Addr) -> Claim {
    Claim { name: pc(), ttl, holder: unique(address) }
}

#[test]
fn a_b_node_claims_three_times_a_quarter_second_apart_and_then_demands() {
    let mut bench = Bench::new(NodeType::B);
    let mut times = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let (at, to, packet) = bench.next().expect("three claims and a demand");
        assert_eq!(to, "10.0.0.255:137".parse().expect("an address"));
        times.push((at, packet.flags.contains(Flags::RECURSION_DESIRED)));
        ids.push(packet.id);
    }
    assert_eq!(times, [(0, true), (250, true), (500, true), (750, false)]);
    assert_eq!((ids[0], ids[1]), (ids[1], ids[2]));
    assert_eq!(bench.events(), [Event::NameHeld { name: pc(), interface: 1 }]);
    assert_eq!(bench.next(), None);
}

#[test]
fn only_an_objection_ends_a_broadcast_claim() {
    let mut bench = Bench::new(NodeType::B);
    let id = bench.packet().id;
    bench.hear(OTHER, Cast::Unicast, &Packet::registration_response(id, claim(0, OWN), Rcode::Success));
    bench.hear(OTHER, Cast::Unicast, &Packet::end_node_challenge(id, claim(0, OTHER)));
    assert_eq!(bench.events(), []);
    bench.hear(OTHER, Cast::Unicast, &Packet::registration_response(id, claim(0, OWN), Rcode::Active));
    let by = RefusedBy::Node(OTHER);
    assert_eq!(bench.events(), [Event::NameRefused { name: pc(), interface: 1, by }]);
    assert_eq!(bench.next(), None);
}

#[test]
fn a_holder_objects_to_claims_of_its_unique_name_unique_or_group() {
    for flags in [NameFlags::unique(NodeType::B), NameFlags::group(NodeType::B)] {
        let mut bench = Bench::held();
        let holder = Holder { flags, address: OTHER };
        bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_registration(3, pc(), holder));
        let (to, answer) = bench.sent().expect("an objection");
        assert_eq!((*to.ip(), answer.id, answer.body.rcode()), (OTHER, 3, Rcode::Active));
    }
}

#[test]
fn members_of_a_group_object_to_unique_claims_alone() {
    let mut config = Config::new("PC", "PLANT").expect("valid names");
    config.names = vec![RegisteredName::group(pc())];
    let mut bench = Bench::with(config);
    while bench.next().is_some() {}
    let group = Holder { flags: NameFlags::group(NodeType::B), address: OTHER };
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_registration(3, pc(), group));
    assert_eq!(bench.sent(), None);
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_registration(4, pc(), unique(OTHER)));
    assert_eq!(bench.sent().map(|(_, answer)| answer.body.rcode()), Some(Rcode::Active));
}

#[test]
fn queries_are_answered_for_held_names_and_by_silence_for_others() {
    let mut bench = Bench::held();
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_query(3, pc()));
    let (_, answer) = bench.sent().expect("an answer");
    assert_eq!(answer.body, Body::QueryResponse { name: pc(), ttl: 300_000, holders: vec![unique(OWN)] });
    assert_eq!(answer.flags, Flags::AUTHORITATIVE | Flags::RECURSION_DESIRED);
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_query(3, pc().with_suffix(3)));
    assert_eq!(bench.sent(), None);
}

#[test]
fn queries_for_the_wildcard_are_answered_on_the_own_subnet() {
    let mut bench = Bench::held();
    for (cast, suffix) in [(Cast::Broadcast, 0), (Cast::Unicast, 0), (Cast::Unicast, 0x20)] {
        let name = Name::wildcard().with_suffix(suffix);
        bench.hear(OTHER, cast, &Packet::broadcast_query(3, name.clone()));
        let (_, answer) = bench.sent().expect("an answer");
        assert_eq!(answer.body, Body::QueryResponse { name, ttl: 300_000, holders: vec![unique(OWN)] });
    }
    bench.hear(SERVER, Cast::Unicast, &Packet::node_query(3, Name::wildcard()));
    assert_eq!((bench.sent(), bench.node.counters().dropped(Drop::Remote)), (None, 1));
}

#[test]
fn who_asks_a_node_alone_gets_all_its_addresses_the_nearest_first() {
    let mut config = Config::new("PC", "PLANT").expect("valid names");
    config.names.truncate(1);
    let mut bench = Bench::with(config);
    let interface = |id: u8| Interface {
        id: id.into(),
        address: Ipv4Addr::new(10, 0, id - 1, 5),
        prefix: 24,
        broadcast: Ipv4Addr::new(10, 0, id - 1, 255),
    };
    bench.node.set_interfaces((1..=3).map(interface).collect(), bench.now);
    while bench.next().is_some() {}
    let mut addresses = |number: u8, cast, query: Packet| -> Vec<u8> {
        let from = SocketAddrV4::new(Ipv4Addr::new(10, 0, number - 1, 9), 137);
        let received = Received { interface: number.into(), from, service: Service::Name, cast };
        bench.node.handle_packet(bench.now, received, &query.encode());
        match bench.sent().map(|(_, answer)| answer.body) {
            Some(Body::QueryResponse { holders, .. }) => holders.iter().map(|it| it.address.octets()[2]).collect(),
            _ => Vec::new(),
        }
    };
    assert_eq!(addresses(2, Cast::Broadcast, Packet::broadcast_query(3, pc())), [1]);
    assert_eq!(addresses(2, Cast::Unicast, Packet::node_query(4, pc())), [1, 0, 2]);
    assert_eq!(addresses(3, Cast::Unicast, Packet::node_query(5, pc())), [2, 0, 1]);
}

#[test]
fn a_holder_objects_to_the_refresh_of_another_node() {
    let mut bench = Bench::held();
    bench.hear(OTHER, Cast::Unicast, &Packet::refresh(3, claim(5, OTHER)));
    let (_, answer) = bench.sent().expect("an objection");
    assert_eq!((answer.id, answer.body.rcode()), (3, Rcode::Active));
    let other = Claim { name: pc().with_suffix(3), ..claim(5, OTHER) };
    bench.hear(OTHER, Cast::Unicast, &Packet::refresh(4, other));
    assert_eq!((bench.sent(), bench.node.counters().dropped(Drop::NotServed)), (None, 1));
}

#[test]
fn a_conflict_demand_makes_a_holder_check_and_lose_to_one_who_objects() {
    let mut bench = Bench::held();
    bench.hear(OTHER, Cast::Unicast, &Packet::conflict_demand(9, pc(), NameFlags::unique(NodeType::B)));
    let id = bench.packet().id;
    bench.hear(LAST, Cast::Unicast, &Packet::registration_response(id, claim(0, OWN), Rcode::Active));
    let by = RefusedBy::Node(LAST);
    assert_eq!(bench.events(), [Event::NameInConflict { name: pc(), interface: 1, by }]);
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_query(3, pc()));
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_registration(3, pc(), unique(OTHER)));
    assert_eq!(bench.sent(), None);
    let sent = bench.node.send_mailslot(bench.now, Target::OwnDomain, b"a", b"b");
    assert_eq!(sent, Err(SendError::NoSourceName));
}

#[test]
fn a_p_node_registers_waits_as_a_wack_says_and_refreshes_at_half_the_ttl() {
    let mut bench = Bench::new(NodeType::P);
    let (_, to, request) = bench.next().expect("a registration");
    assert_eq!(*to.ip(), SERVER);
    bench.hear(SERVER, Cast::Unicast, &Packet::wack(&request, 10));
    assert_eq!(bench.node.poll_timeout(), Some(bench.now + Duration::from_secs(10)));
    bench.now += Duration::from_secs(9);
    bench.hear(OTHER, Cast::Unicast, &Packet::registration_response(request.id, claim(1200, OWN), Rcode::Success));
    assert_eq!(bench.events(), [], "another node is not the server");
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(request.id, claim(1200, OWN), Rcode::Success));
    assert_eq!(bench.events(), [Event::NameHeld { name: pc(), interface: 1 }]);
    let (at, _, refresh) = bench.next().expect("a refresh");
    assert_eq!(at, 9_000 + 600_000);
    assert!(matches!(refresh.body, Body::RefreshRequest { .. }));
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(refresh.id, claim(1200, OWN), Rcode::Active));
    let by = RefusedBy::Server(SERVER, Rcode::Active);
    assert_eq!(bench.events(), [Event::NameInConflict { name: pc(), interface: 1, by }]);
}

#[test]
fn a_server_that_leaves_the_challenge_to_the_claimant_gets_a_demand_if_the_owner_is_gone() {
    for owned in [true, false] {
        let mut bench = Bench::new(NodeType::P);
        let id = bench.packet().id;
        bench.hear(SERVER, Cast::Unicast, &Packet::end_node_challenge(id, claim(0, OTHER)));
        let (_, to, query) = bench.next().expect("a challenge");
        assert_eq!((*to.ip(), &query.body), (OTHER, &Body::QueryRequest { name: pc() }));
        let answer = if owned {
            Packet::query_response(query.id, query.flags, pc(), 0, vec![unique(OTHER)])
        } else {
            Packet::negative_query_response(query.id, query.flags, pc(), Rcode::Name)
        };
        bench.hear(OTHER, Cast::Unicast, &answer);
        let by = RefusedBy::Node(OTHER);
        let refused = Event::NameRefused { name: pc(), interface: 1, by };
        assert_eq!(bench.events(), if owned { vec![refused] } else { vec![] });
        if !owned {
            let (to, demand) = bench.sent().expect("a demand");
            assert_eq!((*to.ip(), demand.flags), (SERVER, Flags::NONE));
        }
    }
}

#[test]
fn the_second_of_two_holders_gets_a_conflict_demand_and_the_answer_is_forgotten() {
    let mut bench = Bench::held();
    let wanted = pc().with_suffix(3);
    bench.node.resolve(bench.now, wanted.clone());
    let query = bench.packet();
    for holder in [OTHER, LAST] {
        let answer = Packet::query_response(query.id, query.flags, wanted.clone(), 0, vec![unique(holder)]);
        bench.hear(holder, Cast::Unicast, &answer);
    }
    let (to, demand) = bench.sent().expect("a demand");
    assert_eq!((to, demand.body.rcode()), (SocketAddrV4::new(LAST, 137), Rcode::Conflict));
    assert_eq!(bench.events().len(), 2);
    assert_eq!(bench.node.sizes().cached_names, 0);
}

#[test]
fn answers_and_their_absence_are_remembered_for_a_while() {
    let mut bench = Bench::held();
    let wanted = pc().with_suffix(3);
    bench.node.resolve(bench.now, wanted.clone());
    for _ in 0..3 {
        bench.packet();
    }
    assert_eq!(bench.next(), None);
    assert!(matches!(bench.events()[..], [Event::Resolved { outcome: Outcome::NotFound, .. }]));
    bench.node.resolve(bench.now, wanted.clone());
    assert_eq!((bench.sent(), bench.events().len()), (None, 1));
    bench.now += Duration::from_secs(10);
    bench.node.resolve(bench.now, wanted.clone());
    let query = bench.packet();
    bench.hear(
        OTHER,
        Cast::Unicast,
        &Packet::query_response(query.id, query.flags, wanted.clone(), 60, vec![unique(OTHER)]),
    );
    bench.now += Duration::from_secs(59);
    bench.node.resolve(bench.now, wanted.clone());
    assert_eq!((bench.sent(), bench.events().len()), (None, 2));
    bench.now += Duration::from_secs(1);
    bench.node.resolve(bench.now, wanted);
    assert!(bench.sent().is_some());
}

#[test]
fn a_server_may_send_an_asker_on_once() {
    let mut bench = Bench::new(NodeType::P);
    while bench.node.poll_transmit().is_some() {}
    let wanted = pc().with_suffix(3);
    bench.node.resolve(bench.now, wanted.clone());
    let query = bench.packet();
    bench.hear(SERVER, Cast::Unicast, &Packet::redirect_query_response(query.id, wanted.clone(), 0, pc(), OTHER));
    let (to, query) = bench.sent().expect("the same query elsewhere");
    assert_eq!(*to.ip(), OTHER);
    bench.hear(OTHER, Cast::Unicast, &Packet::redirect_query_response(query.id, wanted, 0, pc(), LAST));
    assert_eq!(bench.sent(), None);
}

#[test]
fn a_long_list_of_names_is_cut_at_576_bytes_and_marked() {
    let mut config = Config::new("PC", "PLANT").expect("valid names");
    config.names = (0..60).map(|suffix| RegisteredName::unique(pc().with_suffix(suffix))).collect();
    let mut bench = Bench::with(config);
    while bench.next().is_some() {}
    bench.hear(OTHER, Cast::Unicast, &Packet::node_status_request(3, Name::wildcard()));
    let (_, answer) = bench.sent().expect("an answer");
    let length = answer.encode().len() + 28;
    assert!((576 - 18..=576).contains(&length), "{length} bytes");
    assert!(answer.flags.contains(Flags::TRUNCATED));
}

#[test]
fn a_p_node_heeds_no_broadcasts() {
    let mut bench = Bench::new(NodeType::P);
    let id = bench.packet().id;
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(id, claim(0, OWN), Rcode::Success));
    bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_query(3, pc()));
    assert_eq!(bench.sent(), None);
    assert_eq!(bench.node.counters().dropped(Drop::Broadcast), 1);
}

#[test]
fn after_each_timeout_the_next_deadline_lies_ahead() {
    for node_type in [NodeType::B, NodeType::P, NodeType::M, NodeType::H] {
        let mut bench = Bench::new(node_type);
        for step in 0..2000 {
            bench.node.resolve(bench.now, pc().with_suffix(3));
            bench.now += Duration::from_millis(step * 7 % 400);
            bench.node.handle_timeout(bench.now);
            while bench.node.poll_transmit().is_some() {}
            let ahead = bench.node.poll_timeout().is_none_or(|due| due > bench.now);
            assert!(
                ahead,
                "{node_type:?} {step} {:?} {:?}",
                bench.node.sizes(),
                bench.node.names().collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn a_registration_that_falls_due_during_a_check_follows_it() {
    let mut bench = Bench::new(NodeType::H);
    // Three registrations that nobody answers, three claims, the demand.
    for _ in 0..7 {
        bench.packet();
    }
    bench.now += Duration::from_millis(250);
    bench.node.handle_timeout(bench.now);
    bench.now = bench.node.poll_timeout().expect("the server is asked again") - Duration::from_millis(100);
    bench.hear(OTHER, Cast::Unicast, &Packet::conflict_demand(9, pc(), NameFlags::unique(NodeType::B)));
    for _ in 0..3 {
        bench.packet();
    }
    // The end of the check, by which the time for the registration has passed.
    bench.now += Duration::from_millis(250);
    bench.node.handle_timeout(bench.now);
    let (to, _) = bench.sent().expect("a registration");
    assert_eq!(*to.ip(), SERVER);
}

#[test]
fn names_of_another_service_are_taken_for_held_and_never_spoken_of() {
    let mut config = Config::new("PC", "PLANT").expect("valid names");
    config.registrar = Registrar::OtherService;
    let mut bench = Bench::with(config);
    assert!(bench.node.names().all(|name| name.state == NameState::Held));
    assert_eq!(bench.next(), None);
    for name in ["PC", "NOBODY"] {
        bench.hear_message(&Name::new(name, 0).expect("a valid name"));
    }
    let messages = bench.events().into_iter().filter(|event| matches!(event, Event::Message(_))).count();
    assert_eq!((messages, bench.node.counters().dropped(Drop::NotHere)), (1, 1));
    bench.node.release_all(bench.now);
    assert_eq!(bench.events(), [Event::Released]);
    assert_eq!(bench.next(), None);
}
