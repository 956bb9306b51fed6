//! Finding names, and sending to what was found.

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
            // "By broadcast", says the server: that is not for P nodes.
            1 => (vec![], Err(SendError::Unreachable(group))),
            _ => (vec![OTHER, LAST], Ok(2)),
        };
        assert_eq!((sent, bench.events()), (expected, vec![Event::Sent { request, result }]));
    }
}
