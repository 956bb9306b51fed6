//! Queries for names, and messages to their holders.

use super::*;

#[test]
fn nodes_that_answer_for_the_wildcard_are_in_no_conflict() {
    let mut bench = Bench::held();
    bench.node.resolve(bench.now, Name::wildcard());
    let query = bench.packet();
    for holder in [OTHER, LAST] {
        let answer = Packet::query_response(query.id, query.flags, Name::wildcard(), 0, vec![unique(holder)]);
        bench.hear(holder, Cast::Unicast, &answer);
    }
    assert_eq!((bench.sent(), bench.events().len()), (None, 1));
}

/// `holders` are the addresses in the answer of the second holder to a unicast query.
fn second_answer(holders: &[Ipv4Addr]) -> (Bench, Option<(SocketAddrV4, Packet)>) {
    let mut bench = Bench::held();
    let wanted = pc().with_suffix(3);
    bench.node.resolve(bench.now, wanted.clone());
    let query = bench.packet();
    for holder in [OTHER, LAST] {
        let answer = Packet::query_response(query.id, query.flags, wanted.clone(), 0, vec![unique(holder)]);
        bench.hear(holder, Cast::Unicast, &answer);
    }
    let (to, question) = bench.sent().expect("a question");
    assert_eq!((*to.ip(), &question.body), (LAST, &Body::QueryRequest { name: wanted.clone() }));
    let holders = holders.iter().copied().map(unique).collect();
    let answer = Packet::query_response(question.id, question.flags, wanted, 0, holders);
    bench.hear(OTHER, Cast::Unicast, &answer);
    assert_eq!(bench.sent(), None, "another node has not been asked");
    bench.hear(LAST, Cast::Unicast, &answer);
    let demand = bench.sent();
    (bench, demand)
}

#[test]
fn the_second_of_two_holders_gets_a_conflict_demand_and_the_answer_is_forgotten() {
    let (mut bench, demand) = second_answer(&[LAST]);
    let (to, demand) = demand.expect("a demand");
    assert_eq!((to, demand.body.rcode()), (SocketAddrV4::new(LAST, 137), Rcode::Conflict));
    assert_eq!(bench.events().len(), 2);
    assert_eq!(bench.node.sizes().cached_names, 0);
}

#[test]
fn a_node_that_answers_from_two_addresses_of_a_subnet_is_in_no_conflict() {
    let (mut bench, demand) = second_answer(&[LAST, OTHER]);
    assert_eq!(
        (demand, bench.events().len(), bench.node.sizes()),
        (None, 1, Sizes { cached_names: 1, ..Sizes::default() })
    );
}

/// Makes a server answer with these addresses. Returns where the message is sent, and which nodes are asked before.
/// `answer` is a node's answer to a query: whether it has the name, or `None`.
fn sent_to(
    node_type: NodeType,
    addresses: &[Ipv4Addr],
    answer: impl Fn(Ipv4Addr) -> Option<bool>,
) -> (Option<Ipv4Addr>, Vec<Ipv4Addr>) {
    let mut bench = Bench::new(node_type);
    bench.node.set_route(|to| (to.octets()[0] != 172).then_some(OWN));
    let registration = bench.packet();
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(registration.id, claim(0, OWN), Rcode::Success));
    let wanted = pc().with_suffix(3);
    bench.node.send_mailslot(bench.now, Target::Name(wanted.clone()), b"a", b"b").expect("it can be sent");
    let query = bench.packet();
    let holders = addresses.iter().copied().map(unique).collect();
    bench.hear(SERVER, Cast::Unicast, &Packet::query_response(query.id, query.flags, wanted.clone(), 0, holders));
    let mut asked = Vec::new();
    for _ in 0..100 {
        while let Some(transmit) = bench.node.poll_transmit() {
            let to = *transmit.to.ip();
            if transmit.service == Service::Datagram {
                return (Some(to), asked);
            }
            let packet = Packet::parse(&transmit.bytes).expect("nodes send what can be parsed");
            if to == Ipv4Addr::new(10, 0, 0, 255) || packet.body.name() != Some(&wanted) {
                continue;
            }
            asked.push(to);
            let answer = match answer(to) {
                Some(true) => Packet::query_response(packet.id, packet.flags, wanted.clone(), 0, vec![unique(to)]),
                Some(false) => Packet::negative_query_response(packet.id, packet.flags, wanted.clone(), Rcode::Name),
                None => continue,
            };
            bench.hear(to, Cast::Unicast, &answer);
        }
        if bench.events().iter().any(|event| matches!(event, Event::Sent { .. })) {
            return (None, asked);
        }
        bench.now = bench.node.poll_timeout().expect("the message has an end");
        bench.node.handle_timeout(bench.now);
    }
    panic!("the message is never sent");
}

const BEYOND: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// No route leads there.
const NOWHERE: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 9);

#[test]
fn of_several_addresses_the_reachable_ones_are_asked_first_and_the_one_that_answers_gets_the_message() {
    let all = [NOWHERE, BEYOND, OTHER];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let addresses = order.map(|index| all[index]);
        for holder in [OTHER, BEYOND] {
            let (to, asked) = sent_to(NodeType::P, &addresses, |to| (to == holder).then_some(true));
            let expected = if holder == OTHER { vec![OTHER] } else { vec![OTHER, BEYOND] };
            assert_eq!((to, asked), (Some(holder), expected), "{addresses:?}");
        }
        // No node answers: the holder may not answer unicast queries.
        let (to, asked) = sent_to(NodeType::P, &addresses, |_| None);
        let twice = vec![OTHER, BEYOND, NOWHERE, OTHER, BEYOND, NOWHERE];
        assert_eq!((to, asked), (Some(OTHER), twice), "{addresses:?}");
        // Nodes that answer that they do not have the name are not asked again.
        let (to, asked) = sent_to(NodeType::P, &[BEYOND, OTHER], |to| (to == OTHER).then_some(false));
        assert_eq!((to, asked), (Some(BEYOND), vec![OTHER]));
    }
}

#[test]
fn a_node_with_one_address_is_sent_to_without_a_question() {
    for address in [OTHER, BEYOND, NOWHERE] {
        assert_eq!(sent_to(NodeType::P, &[address], |_| None), (Some(address), vec![]));
    }
}

/// Addresses that no node can have, as seen from 10.0.0.5/24.
const IMPOSSIBLE: [Ipv4Addr; 9] = [
    Ipv4Addr::UNSPECIFIED,
    Ipv4Addr::new(0, 1, 2, 3),
    Ipv4Addr::LOCALHOST,
    Ipv4Addr::new(127, 8, 9, 10),
    Ipv4Addr::new(224, 0, 0, 1),
    Ipv4Addr::new(239, 255, 255, 255),
    Ipv4Addr::BROADCAST,
    Ipv4Addr::new(10, 0, 0, 255),
    OWN,
];

#[test]
fn addresses_that_no_node_can_have_are_not_believed() {
    for impossible in IMPOSSIBLE {
        for node_type in [NodeType::P, NodeType::H] {
            assert_eq!(sent_to(node_type, &[impossible], |_| None), (None, vec![]), "{impossible}");
            assert_eq!(sent_to(node_type, &[impossible, LAST], |_| None), (Some(LAST), vec![]), "{impossible}");
        }
        // After an answer to a broadcast, others may follow.
        let mut bench = Bench::held();
        let wanted = pc().with_suffix(3);
        bench.node.resolve(bench.now, wanted.clone());
        let query = bench.packet();
        let answer = |holders| Packet::query_response(query.id, query.flags, wanted.clone(), 0, holders);
        bench.hear(OTHER, Cast::Unicast, &answer(vec![unique(impossible)]));
        assert_eq!((bench.events(), bench.node.counters().dropped(DropReason::ImpossibleHolder)), (vec![], 1));
        bench.hear(LAST, Cast::Unicast, &answer(vec![unique(impossible), unique(LAST)]));
        let holders = vec![unique(LAST)];
        let outcome = QueryOutcome::Found(Resolved { holders, server: None });
        assert!(matches!(&bench.events()[..], [Event::Resolved { outcome: found, .. }] if *found == outcome));
    }
}

#[test]
fn what_neighbours_say_they_have_is_asked_for_again_at_once() {
    let wanted = pc().with_suffix(3);
    let said = [
        Packet::broadcast_registration(1, wanted.clone(), unique(LAST)),
        Packet::broadcast_overwrite(2, wanted.clone(), unique(LAST)),
        Packet::refresh(3, Claim { name: wanted.clone(), ..claim(5, LAST) }),
    ];
    for packet in said {
        for known in [None, Some(OTHER)] {
            let mut bench = Bench::held();
            bench.node.resolve(bench.now, wanted.clone());
            let query = bench.packet();
            if let Some(holder) = known {
                let answer = Packet::query_response(query.id, query.flags, wanted.clone(), 0, vec![unique(holder)]);
                bench.hear(holder, Cast::Unicast, &answer);
            }
            while bench.next().is_some() {}
            assert_eq!((bench.events().len(), bench.node.sizes().cached_names), (1, 1));
            // From another subnet it is ignored.
            bench.hear(SERVER, Cast::Broadcast, &packet);
            assert_eq!(bench.node.sizes().cached_names, 1);
            bench.hear(LAST, Cast::Broadcast, &packet);
            assert_eq!(bench.node.sizes().cached_names, 0, "{packet:?}");
            bench.node.resolve(bench.now, wanted.clone());
            assert!(bench.sent().is_some(), "{packet:?}");
        }
    }
}

#[test]
fn a_name_that_is_being_claimed_is_looked_for_until_it_is_held() {
    // Claims like nmbd's, a second apart, and then the name is held.
    let mut bench = Bench::held();
    let wanted = pc().with_suffix(3);
    bench.node.resolve(bench.now, wanted.clone());
    for _ in 0..4 {
        bench.hear(LAST, Cast::Broadcast, &Packet::broadcast_registration(1, wanted.clone(), unique(LAST)));
        let next = bench.now + Duration::from_millis(700);
        while let Some(due) = bench.node.poll_timeout().filter(|due| *due <= next) {
            bench.now = due;
            bench.node.handle_timeout(due);
        }
        bench.now = next;
    }
    assert_eq!(bench.events(), [], "it is looked for still");
    while bench.next().is_some() {}
    assert!(matches!(bench.events()[..], [Event::Resolved { outcome: QueryOutcome::NotFound, .. }]));
    assert_eq!(bench.node.sizes().cached_names, 0, "it may be there any moment");
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
    assert!(matches!(bench.events()[..], [Event::Resolved { outcome: QueryOutcome::NotFound, .. }]));
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
fn a_p_node_sends_to_each_member_of_a_group_that_its_server_lists() {
    use mailslot_wire::datagram::Destination;
    for members in [vec![OTHER, OWN, LAST], vec![Ipv4Addr::BROADCAST]] {
        let mut bench = Bench::new(NodeType::P);
        while bench.node.poll_transmit().is_some() {}
        let group = Name::new("PLANT", 0x1C).expect("a valid name");
        let sent = bench.node.send_mailslot(bench.now, Target::Name(group.clone()), b"a", b"b");
        let request = sent.expect("it can be sent");
        let query = bench.packet();
        let holder = |address: &Ipv4Addr| Holder { flags: NameFlags::group(NodeType::P), address: *address };
        let holders = members.iter().map(holder).collect();
        bench.hear(SERVER, Cast::Unicast, &Packet::query_response(query.id, query.flags, group.clone(), 0, holders));
        let mut sent = Vec::new();
        while let Some(transmit) = bench.node.poll_transmit() {
            let packet = datagram::Packet::parse(&transmit.bytes).expect("nodes send what can be parsed");
            let datagram::Body::Whole { kind, destination, .. } = packet.body else { panic!("{packet:?}") };
            assert_eq!((kind, destination), (Destination::Group, group.clone()));
            sent.push(*transmit.to.ip());
        }
        let (expected, result) = match members.len() {
            // The server's answer means a broadcast, which P nodes do not send.
            1 => (vec![], Err(SendError::Unreachable(group))),
            _ => (vec![OTHER, LAST], Ok(2)),
        };
        assert_eq!((sent, bench.events()), (expected, vec![Event::Sent { request, result }]));
    }
}

fn member(address: Ipv4Addr) -> Holder {
    Holder { flags: NameFlags::group(NodeType::B), address }
}

/// The members of a group that a user gets when the server answers `told` and these neighbours answer, and whether the
/// neighbours were asked. Checks that a message to the group does not wait for them.
fn members(node_type: NodeType, told: Ipv4Addr, neighbours: &[Ipv4Addr]) -> (Vec<Ipv4Addr>, bool) {
    let mut bench = Bench::new(node_type);
    let registration = bench.packet();
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(registration.id, claim(0, OWN), Rcode::Success));
    let group = Name::new("OTHERS", 0).expect("a valid name");
    bench.node.resolve(bench.now, group.clone());
    bench.node.send_mailslot(bench.now, Target::Name(group.clone()), b"a", b"b").expect("it can be sent");
    let query = bench.packet();
    bench.hear(
        SERVER,
        Cast::Unicast,
        &Packet::query_response(query.id, query.flags, group.clone(), 0, vec![member(told)]),
    );
    let mut sent = false;
    let mut answered = false;
    loop {
        while let Some(transmit) = bench.node.poll_transmit() {
            if transmit.service == Service::Datagram {
                sent = true;
                continue;
            }
            let packet = Packet::parse(&transmit.bytes).expect("nodes send what can be parsed");
            if packet.body.name() == Some(&group) && !answered {
                answered = true;
                for neighbour in neighbours {
                    let answer =
                        Packet::query_response(packet.id, packet.flags, group.clone(), 0, vec![member(*neighbour)]);
                    bench.hear(*neighbour, Cast::Unicast, &answer);
                }
            }
        }
        assert!(sent || !answered, "the message waits for those who are asked");
        for event in bench.events() {
            if let Event::Resolved { outcome: QueryOutcome::Found(resolved), .. } = event {
                return (resolved.holders.iter().map(|holder| holder.address).collect(), answered);
            }
        }
        bench.now = bench.node.poll_timeout().expect("the query has an end");
        bench.node.handle_timeout(bench.now);
    }
}

#[test]
fn members_that_a_server_does_not_tell_are_asked_for_themselves() {
    for all in [Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED] {
        assert_eq!(members(NodeType::H, all, &[OTHER, LAST]), (vec![OTHER, LAST], true));
        // The group exists all the same.
        assert_eq!(members(NodeType::H, all, &[]), (vec![all], true));
        assert_eq!(members(NodeType::P, all, &[OTHER]), (vec![all], false));
    }
    assert_eq!(members(NodeType::H, BEYOND, &[OTHER]), (vec![BEYOND], false));
}

#[test]
fn a_node_is_a_member_of_its_own_groups() {
    for neighbours in [&[][..], &[OTHER], &[OTHER, LAST]] {
        let mut bench = Bench::with(Config::new("PC", "PLANT").expect("valid names"));
        while bench.next().is_some() {}
        bench.events();
        let group = Name::new("PLANT", 0).expect("a valid name");
        bench.node.resolve(bench.now, group.clone());
        let query = bench.packet();
        for neighbour in neighbours {
            let answer = Packet::query_response(query.id, query.flags, group.clone(), 0, vec![member(*neighbour)]);
            bench.hear(*neighbour, Cast::Unicast, &answer);
        }
        while bench.next().is_some() {}
        let [Event::Resolved { outcome: QueryOutcome::Found(resolved), .. }] = &bench.events()[..] else {
            panic!("no members")
        };
        let found: Vec<Ipv4Addr> = resolved.holders.iter().map(|holder| holder.address).collect();
        assert_eq!(found, [neighbours, &[OWN]].concat());
    }
}

#[test]
fn a_server_that_is_silent_costs_one_query_and_not_each() {
    let servers = [9, 10, 11].map(|number| Ipv4Addr::new(10, 9, 9, number));
    for node_type in [NodeType::P, NodeType::H, NodeType::M] {
        let mut config = Config::new("PC", "PLANT").expect("valid names").with_servers(servers.to_vec());
        config.names.clear();
        config.node_type = node_type;
        let mut bench = Bench::with(config);
        // The servers that a query asks until one of `answering` is asked, how long that takes, and how it ends.
        let asked = |bench: &mut Bench, suffix: u8, answering: &[Ipv4Addr]| {
            let (wanted, begun) = (pc().with_suffix(suffix), bench.now);
            bench.node.resolve(bench.now, wanted.clone());
            let mut asked = Vec::new();
            while let Some((_, to, query)) = bench.next() {
                let to = *to.ip();
                if servers.contains(&to) && asked.last() != Some(&to) {
                    asked.push(to);
                }
                if answering.contains(&to) {
                    let holders = vec![unique(OTHER)];
                    bench.hear(to, Cast::Unicast, &Packet::query_response(query.id, query.flags, wanted, 0, holders));
                    break;
                }
            }
            (asked, bench.now - begun, bench.events().len())
        };
        let [first, second, third] = servers;
        let (order, took, ended) = asked(&mut bench, 1, &[third]);
        assert_eq!((order, ended), (vec![first, second, third], 1), "{node_type:?}");
        assert!(took >= Duration::from_secs(9));
        let (order, took, _) = asked(&mut bench, 2, &[third]);
        assert_eq!(order, [third]);
        assert!(took < Duration::from_secs(1));
        // All others follow in turn, once.
        let (order, _, ended) = asked(&mut bench, 3, &[]);
        assert_eq!((order, ended), (vec![third, first, second], 1));
        let (order, _, _) = asked(&mut bench, 4, &[first, second]);
        assert_eq!(order, [third, first]);
        assert_eq!(asked(&mut bench, 5, &[first]).0, [first]);
        asked(&mut bench, 6, &[second]);
        assert_eq!(asked(&mut bench, 7, &[second]).0, [second]);
        bench.now += Duration::from_secs(301);
        bench.node.handle_timeout(bench.now);
        assert_eq!(asked(&mut bench, 8, &[first, second]).0, [first], "it may be there again");
    }
}
