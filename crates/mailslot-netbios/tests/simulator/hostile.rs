//! Whatever it receives, a node does not panic, keeps its bounds, and sends less than it receives.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use mailslot_netbios::limits::{Limits, Rate};
use mailslot_netbios::{Cast, Config, Interface, Node, Received, Service};
use mailslot_wire::Name;
use mailslot_wire::datagram::{Body, Destination, Header, Packet as Datagram};
use mailslot_wire::name_service::{self, Claim, Holder, NameFlags, Packet, Rcode};
use mailslot_wire::{NodeType, smb};
use proptest::prelude::*;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

fn tight() -> Limits {
    let mut limits = Limits::default();
    limits.transmits = 50;
    limits.events = 20;
    limits.queries = 4;
    limits.cached_names = 3;
    limits.holders = 2;
    limits.waiting_messages = 2;
    limits.unfinished = 3;
    limits.unfinished_per_source = 2;
    limits.unfinished_bytes = 300;
    limits.remembered_datagrams = 3;
    limits.rated_sources = 3;
    limits.answers_per_source = Rate { per_second: 5, burst: 5 };
    limits.answers = Rate { per_second: 20, burst: 20 };
    limits.answers_reserved = Rate { per_second: 30, burst: 30 };
    limits.answers_elsewhere = Rate { per_second: 7, burst: 7 };
    limits
}

fn node(now: Instant, node_type: NodeType, limits: Limits) -> Node {
    let mut config = Config::new("PC", "PLANT").expect("valid names").with_servers(vec![Ipv4Addr::new(10, 0, 0, 2)]);
    config.node_type = node_type;
    config.limits = limits;
    let interface = Interface { id: 0, address: ADDRESS, prefix: 24, broadcast: Some(Ipv4Addr::new(10, 0, 0, 255)) };
    Node::new(config, vec![interface], now, 1)
}

/// Packets of all kinds, about names that the node holds, may be querying, or does not know; half of them damaged.
fn packet() -> impl Strategy<Value = (Service, Vec<u8>)> {
    let valid = (0..16u8, 0..6u16, 0..5u8, any::<[u8; 4]>()).prop_map(|(kind, id, who, address)| {
        let name = Name::new(["PC", "PLANT", "OTHER", "X", "*"][usize::from(who)], 0).expect("a valid name");
        let holder = Holder { flags: NameFlags::from_bits(u16::from(address[0]) << 8), address: address.into() };
        let claim = Claim { name: name.clone(), ttl: u32::from(address[1]), holder };
        let flags = Packet::broadcast_query(id, name.clone()).flags;
        let datagram = |data: &[u8], body: fn(Name, Name, &[u8]) -> Body<'_>| {
            let source = Name::new(&format!("S{}", address[3] % 8), 0).expect("a valid name");
            let header = Header { node_type: NodeType::B, id, source: SocketAddrV4::new(ADDRESS, 138) };
            (Service::Datagram, Datagram { header, body: body(source, name.clone(), data) }.encode())
        };
        let write = smb::MailslotWrite::new(b"a", &address).expect("short").encode(smb::Style::Samba);
        let service = |packet: Packet| (Service::Name, packet.encode());
        match kind {
            0 => service(Packet::broadcast_query(id, name)),
            1 => service(Packet::node_status_request(id, name)),
            2 => service(Packet::broadcast_registration(id, name, holder)),
            3 => service(Packet::broadcast_release(id, name, holder)),
            4 => service(Packet::query_response(id, flags, name, 5, vec![holder; 5])),
            5 => service(Packet::registration_response(id, claim, Rcode::from_bits(address[2]))),
            6 => service(Packet::end_node_challenge(id, claim)),
            7 => service(Packet::conflict_demand(id, name, holder.flags)),
            8 => service(Packet::redirect_query_response(id, name.clone(), 1, name, address.into())),
            9 => service(Packet::wack(&Packet::broadcast_query(id, name), u32::from_be_bytes(address))),
            10 => datagram(&write, |source, destination, data| Body::Whole {
                kind: Destination::Unique,
                source,
                destination,
                data,
            }),
            11 => datagram(&write, |source, destination, data| Body::FirstFragment {
                kind: Destination::Group,
                length: 400,
                source,
                destination,
                data,
            }),
            12 => datagram(&write, |_, _, data| Body::LaterFragment {
                kind: Destination::Group,
                length: 400,
                offset: 155,
                more: true,
                data,
            }),
            13 => service(Packet::node_query(id, name)),
            14 => service(Packet::refresh(id, claim)),
            _ => datagram(&[], |_, destination, _| Body::QueryRequest { destination }),
        }
    });
    (valid, any::<bool>(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        |((service, mut bytes), damaged, index, byte, short)| {
            if damaged {
                let place = index.index(bytes.len());
                bytes[place] = byte;
                if short {
                    bytes.truncate(place);
                }
            }
            (service, bytes)
        },
    )
}

fn random() -> impl Strategy<Value = (Service, Vec<u8>)> {
    (any::<bool>(), prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(name, bytes)| (if name { Service::Name } else { Service::Datagram }, bytes))
}

fn assert_within_bounds(node: &Node) {
    let (sizes, limits) = (node.sizes(), tight());
    assert!(sizes.queries <= limits.queries && sizes.status_queries <= limits.queries, "{sizes:?}");
    assert!(sizes.watches <= limits.queries && sizes.cached_names <= limits.cached_names, "{sizes:?}");
    assert!(sizes.waiting_messages <= limits.waiting_messages, "{sizes:?}");
    assert!(sizes.remembered_datagrams <= limits.remembered_datagrams, "{sizes:?}");
    assert!(sizes.message_sources <= limits.rated_sources, "{sizes:?}");
    assert!(sizes.answer_sources.iter().all(|number| *number <= limits.rated_sources), "{sizes:?}");
    assert!(sizes.unfinished.iter().all(|number| *number <= limits.unfinished), "{sizes:?}");
    assert!(sizes.unfinished_bytes.iter().all(|bytes| *bytes <= limits.unfinished_bytes), "{sizes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_packets_make_a_node_panic_or_outgrow_its_bounds(
        packets in prop::collection::vec(
            (prop_oneof![4 => packet(), 1 => random()], 2..12u8, any::<bool>(), 0..800u64, 0..5u8), 1..80),
        node_type in prop_oneof![Just(NodeType::B), Just(NodeType::P), Just(NodeType::M), Just(NodeType::H)],
    ) {
        let mut now = Instant::now();
        let mut node = node(now, node_type, tight());
        for ((service, mut bytes), host, broadcast, wait, request) in packets {
            let other = Name::new("OTHER", 0).expect("a valid name");
            let sent: Vec<_> = std::iter::from_fn(|| node.poll_transmit()).collect();
            if request == 0 {
                node.resolve(now, other.clone());
            } else if request == 1 {
                let _ = node.send_mailslot(now, mailslot_netbios::Target::Name(other), b"a", b"b");
            } else if request == 2 {
                node.node_status(now, Ipv4Addr::new(10, 0, 0, 2));
            } else if let Some(sent) = sent.first().filter(|_| service == Service::Name && bytes.len() > 1) {
                // An answer with the id of a real request gets further.
                bytes[..2].copy_from_slice(&sent.bytes[..2]);
            }
            let from = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), 137);
            let cast = if broadcast { Cast::Broadcast } else { Cast::Unicast };
            node.handle_packet(now, Received { interface: 0, from, service, cast }, &bytes);
            assert_within_bounds(&node);
            if wait < 300 {
                node.poll_event();
            }
            now += Duration::from_millis(wait);
            node.handle_timeout(now);
            assert_within_bounds(&node);
            let ahead = node.poll_timeout().is_none_or(|due| due > now);
            prop_assert!(
                ahead,
                "a deadline stays in the past: {:?} {:?} {:?}",
                node.poll_timeout().map(|due| now - due),
                node.sizes(),
                node.names().collect::<Vec<_>>()
            );
        }
    }
}

/// How much longer than its request an answer may be; see `limits`.
fn allowed(service: Service, request: &[u8]) -> usize {
    if service == Service::Datagram {
        return 0;
    }
    match Packet::parse(request).map(|packet| packet.body) {
        Ok(name_service::Body::QueryRequest { .. }) => 12,
        Ok(name_service::Body::NodeStatusRequest { .. }) => 548 - request.len(),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_is_longer_than_it_must_be(
        (service, bytes) in prop_oneof![8 => packet(), 1 => random()],
        host in 2..12u8,
        broadcast in any::<bool>(),
        node_type in prop_oneof![Just(NodeType::B), Just(NodeType::P), Just(NodeType::M), Just(NodeType::H)],
    ) {
        let mut now = Instant::now();
        let mut node = node(now, node_type, tight());
        // The server does not answer: after this time an H node holds its names.
        for _ in 0..40 {
            now = node.poll_timeout().unwrap_or(now);
            node.handle_timeout(now);
            while node.poll_transmit().is_some() {}
        }
        let from = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), 137);
        let cast = if broadcast { Cast::Broadcast } else { Cast::Unicast };
        node.handle_packet(now, Received { interface: 0, from, service, cast }, &bytes);
        let mut answers = std::iter::from_fn(|| node.poll_transmit()).filter(|sent| sent.to == from);
        if let Some(answer) = answers.next() {
            let limit = bytes.len() + allowed(service, &bytes);
            prop_assert!(answer.bytes.len() <= limit, "{} bytes to {}: {answer:?}", answer.bytes.len(), bytes.len());
        }
        prop_assert_eq!(answers.next(), None, "a packet has one answer at most");
    }
}

/// A node that holds its names, and the time then.
fn settled_node(limits: Limits) -> (Node, Instant) {
    let mut now = Instant::now();
    let mut node = node(now, NodeType::B, limits);
    while let Some(due) = node.poll_timeout() {
        now = due;
        node.handle_timeout(now);
        while node.poll_transmit().is_some() {}
    }
    (node, now)
}

#[test]
fn a_flood_of_requests_is_answered_by_budget() {
    let requests = [
        // Three units each: 20 and the 30 of the reserve are for 6 and 10.
        (Packet::node_status_request(1, Name::wildcard()).encode(), [10, 0, 0], 16),
        // One unit each.
        (Packet::node_query(1, Name::new("PC", 0).expect("a valid name")).encode(), [10, 0, 0], 50),
        (Packet::node_query(1, Name::new("PC", 0).expect("a valid name")).encode(), [10, 7, 0], 7),
    ];
    for (request, [a, b, c], expected) in requests {
        let mut limits = tight();
        limits.rated_sources = 4096;
        let (mut node, now) = settled_node(limits);
        let mut answers = 0;
        for number in 0..10_000u32 {
            let from = SocketAddrV4::new(Ipv4Addr::new(a, b, c, 2 + (number % 200) as u8), 137);
            let received = Received { interface: 0, from, service: Service::Name, cast: Cast::Unicast };
            node.handle_packet(now, received, &request);
            while node.poll_transmit().is_some() {
                answers += 1;
            }
        }
        assert_eq!(answers, expected);
        assert_eq!(node.counters().dropped(mailslot_netbios::DropReason::AnswerRate), 10_000 - expected);
    }
}

#[test]
fn responses_and_errors_are_never_answered() {
    let (mut node, now) = settled_node(tight());
    let name = Name::new("PC", 0).expect("a valid name");
    let holder = Holder { flags: NameFlags::unique(NodeType::B), address: Ipv4Addr::new(10, 0, 0, 9) };
    let flags = Packet::node_query(1, name.clone()).flags;
    let error = mailslot_wire::datagram::ErrorCode::DestinationNotPresent;
    let header = Header { node_type: NodeType::B, id: 1, source: SocketAddrV4::new(ADDRESS, 138) };
    let packets = [
        (Service::Name, Packet::query_response(1, flags, name.clone(), 0, vec![holder]).encode()),
        (Service::Name, Packet::negative_query_response(1, flags, name, Rcode::Name).encode()),
        (Service::Datagram, Datagram { header, body: Body::Error { code: error } }.encode()),
    ];
    for (service, bytes) in packets {
        let from = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 9), 137);
        node.handle_packet(now, Received { interface: 0, from, service, cast: Cast::Unicast }, &bytes);
        assert_eq!(node.poll_transmit(), None);
    }
    assert_eq!(node.counters().dropped(mailslot_netbios::DropReason::Unasked), 3);
}
