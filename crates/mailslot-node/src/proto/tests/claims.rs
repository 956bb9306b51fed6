//! Claiming names, keeping and losing them.

use super::*;

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
