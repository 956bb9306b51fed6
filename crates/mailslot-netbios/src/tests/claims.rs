//! Claims, defence and loss of names.

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
}

#[test]
fn a_refused_name_is_claimed_again_after_ever_longer_times_until_nobody_objects() {
    let mut bench = Bench::new(NodeType::B);
    let id = bench.packet().id;
    bench.hear(OTHER, Cast::Unicast, &Packet::registration_response(id, claim(0, OWN), Rcode::Active));
    let refused = Event::NameRefused { name: pc(), interface: 1, by: RefusedBy::Node(OTHER) };
    assert_eq!(bench.events(), [refused]);
    for seconds in [10, 20, 40, 80, 160, 320, 640, 640, 640] {
        let before = bench.now;
        let (_, to, question) = bench.next().expect("a question");
        let (after, about) = (bench.now - before, Duration::from_secs(seconds));
        assert!((about / 2..=about * 3 / 2).contains(&after), "{after:?} instead of {about:?}");
        assert_eq!((*to.ip(), &question.body), (OTHER, &Body::QueryRequest { name: pc() }));
        let answer = Packet::query_response(question.id, question.flags, pc(), 0, vec![unique(OTHER)]);
        bench.hear(
            LAST,
            Cast::Unicast,
            &Packet::negative_query_response(question.id, question.flags, pc(), Rcode::Name),
        );
        bench.hear(OTHER, Cast::Unicast, &answer);
        assert_eq!(bench.events(), []);
    }
    // Then the other node does not answer. The third query is the last, and an ordinary claim follows.
    for _ in 0..3 {
        assert_eq!(*bench.next().expect("a question").1.ip(), OTHER);
    }
    assert_eq!(bench.packet().body, Packet::broadcast_registration(0, pc(), unique(OWN)).body);
    while bench.next().is_some() {}
    assert_eq!(bench.events(), [Event::NameHeld { name: pc(), interface: 1 }]);
}

#[test]
fn a_name_whose_holder_gives_it_up_is_claimed_within_seconds() {
    let mut bench = Bench::held();
    bench.hear(OTHER, Cast::Unicast, &Packet::conflict_demand(9, pc(), NameFlags::unique(NodeType::B)));
    let id = bench.packet().id;
    bench.hear(OTHER, Cast::Unicast, &Packet::registration_response(id, claim(0, OWN), Rcode::Active));
    bench.now += Duration::from_secs(4);
    let release = Packet::broadcast_release(3, pc(), unique(OTHER));
    for from in [LAST, SERVER] {
        bench.hear(from, Cast::Broadcast, &release);
    }
    let counters = bench.node.counters();
    assert_eq!((counters.dropped(DropReason::Demand), counters.dropped(DropReason::OtherSubnet)), (1, 1));
    let before = bench.node.poll_timeout();
    // So soon after the check, packets of other nodes cause no further one.
    bench.hear(OTHER, Cast::Broadcast, &release);
    assert_eq!(bench.node.poll_timeout(), before);
    let checked = bench.now - Duration::from_secs(4);
    let claimed = bench.node.poll_timeout().expect("it is claimed again");
    if claimed < checked + Duration::from_secs(10) {
        // Then that claim is refused, and the next one is far away.
        bench.now = claimed;
        bench.node.handle_timeout(claimed);
        let (_, again) = bench.sent().expect("a question");
        bench.hear(OTHER, Cast::Unicast, &Packet::query_response(again.id, again.flags, pc(), 0, vec![unique(OTHER)]));
    }
    bench.now = checked + Duration::from_secs(10);
    bench.hear(OTHER, Cast::Broadcast, &release);
    let again = bench.node.poll_timeout().expect("it is claimed again") - bench.now;
    assert!(again <= Duration::from_millis(1500), "{again:?}");
    while bench.next().is_some() {}
    assert_eq!(bench.node.names().next().map(|name| name.state), Some(NameState::Held));
}

#[test]
fn a_claim_of_a_lower_address_puts_a_claim_off_once_and_takes_nothing_away() {
    // Claim, demand and check, each in the middle.
    for (packets, is_check) in [(2, false), (4, false), (2, true)] {
        let mut bench = if is_check { Bench::held() } else { Bench::new(NodeType::B) };
        if is_check {
            bench.hear(OTHER, Cast::Unicast, &Packet::conflict_demand(9, pc(), NameFlags::unique(NodeType::B)));
        }
        for _ in 0..packets {
            bench.packet();
        }
        let at = bench.now;
        for _ in 0..5 {
            bench.hear(FIRST, Cast::Broadcast, &Packet::broadcast_registration(3, pc(), unique(FIRST)));
            assert_eq!(bench.sent(), None, "it says nothing meanwhile");
        }
        let (_, _, first) = bench.next().expect("its own claim");
        assert_eq!(bench.now - at, Duration::from_secs(1));
        assert!(first.flags.contains(Flags::RECURSION_DESIRED));
        while bench.next().is_some() {}
        assert_eq!(bench.node.names().next().map(|name| name.state), Some(NameState::Held));
        assert!(!bench.events().iter().any(|event| matches!(event, Event::NameInConflict { .. })));
        // Now it objects again.
        bench.hear(FIRST, Cast::Broadcast, &Packet::broadcast_registration(3, pc(), unique(FIRST)));
        assert_eq!(bench.sent().map(|(_, answer)| answer.body.rcode()), Some(Rcode::Active));
    }
}

#[test]
fn an_m_node_has_its_name_on_its_subnet_while_its_server_is_silent_and_asks_on() {
    let mut bench = Bench::new(NodeType::M);
    let mut registrations = 0;
    while registrations < 8 {
        let (at, to, _) = bench.next().expect("it goes on");
        registrations += usize::from(*to.ip() == SERVER);
        assert!(at < 750 || bench.node.names().all(|name| name.state == NameState::Held));
    }
    assert_eq!(bench.events(), [Event::NameHeld { name: pc(), interface: 1 }]);
    let (_, _, request) = bench.next().expect("one more");
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(request.id, claim(0, OWN), Rcode::Active));
    let by = RefusedBy::Server(SERVER, Rcode::Active);
    assert_eq!(bench.events(), [Event::NameInConflict { name: pc(), interface: 1, by }]);
}

#[test]
fn no_number_of_wacks_makes_a_request_last() {
    let mut bench = Bench::new(NodeType::P);
    let registration = bench.packet();
    bench.node.resolve(bench.now, pc().with_suffix(3));
    let query = bench.packet();
    let start = bench.now;
    let mut found_at = None;
    for _ in 0..200 {
        for request in [&registration, &query] {
            bench.hear(SERVER, Cast::Unicast, &Packet::wack(request, u32::MAX));
        }
        bench.now += Duration::from_secs(1);
        bench.node.handle_timeout(bench.now);
        for event in bench.events() {
            match event {
                Event::Resolved { .. } => found_at = Some(bench.now - start),
                Event::NameRefused { .. } => {
                    assert_eq!(found_at, Some(Duration::from_secs(10)));
                    assert_eq!(bench.now - start, Duration::from_secs(60));
                    return;
                }
                _ => {}
            }
        }
    }
    panic!("the registration never ends");
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
    // The server knows another address. When asked to register this one, it finds out which is right.
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(refresh.id, claim(1200, OWN), Rcode::Refused));
    assert_eq!(bench.events(), []);
    let registration = bench.packet();
    assert!(matches!(registration.body, Body::RegistrationRequest(_)));
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(registration.id, claim(1200, OWN), Rcode::Active));
    let by = RefusedBy::Server(SERVER, Rcode::Active);
    assert_eq!(bench.events(), [Event::NameInConflict { name: pc(), interface: 1, by }]);
}

/// Answers of a server that could not handle the request.
const FAILURES: [Rcode; 3] = [Rcode::Format, Rcode::Server, Rcode::Unsupported];

#[test]
fn a_server_that_fails_takes_no_name_away_and_the_next_one_is_asked() {
    let second = Ipv4Addr::new(10, 9, 9, 10);
    for failure in FAILURES {
        let mut config = Config::new("PC", "PLANT").expect("valid names").with_servers(vec![SERVER, second]);
        config.names.truncate(1);
        config.node_type = NodeType::P;
        let mut bench = Bench::with(config);
        let registration = bench.packet();
        bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(registration.id, claim(0, OWN), failure));
        let (to, registration) = bench.sent().expect("another registration");
        assert_eq!((*to.ip(), bench.events()), (second, vec![]));
        bench.hear(
            second,
            Cast::Unicast,
            &Packet::registration_response(registration.id, claim(0, OWN), Rcode::Success),
        );
        assert_eq!(bench.events(), [Event::NameHeld { name: pc(), interface: 1 }]);
        // Later, both fail.
        for server in [SERVER, second] {
            let (_, to, request) = bench.next().expect("the name is registered again");
            assert_eq!(*to.ip(), server);
            bench.hear(server, Cast::Unicast, &Packet::registration_response(request.id, claim(0, OWN), failure));
        }
        assert_eq!(bench.events(), []);
        assert!(bench.node.names().all(|name| name.state == NameState::Held));
        let query = {
            bench.node.resolve(bench.now, pc().with_suffix(3));
            bench.packet()
        };
        let failed = Packet::negative_query_response(query.id, query.flags, pc().with_suffix(3), failure);
        bench.hear(SERVER, Cast::Unicast, &failed);
        assert_eq!(bench.sent().map(|(to, _)| *to.ip()), Some(second));
    }
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
    // Three registrations without an answer, three claims, the demand.
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
    // The end of the check, after the time for the registration.
    bench.now += Duration::from_millis(250);
    bench.node.handle_timeout(bench.now);
    let (to, _) = bench.sent().expect("a registration");
    assert_eq!(*to.ip(), SERVER);
}
