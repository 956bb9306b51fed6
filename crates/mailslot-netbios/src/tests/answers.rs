//! Answers to requests.

use super::*;

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
    assert_eq!((bench.sent(), bench.node.counters().dropped(DropReason::Remote)), (None, 1));
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
        broadcast: Some(Ipv4Addr::new(10, 0, id - 1, 255)),
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
    assert_eq!((bench.sent(), bench.node.counters().dropped(DropReason::NotServed)), (None, 1));
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
    assert_eq!(bench.node.counters().dropped(DropReason::Broadcast), 1);
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
    assert_eq!((messages, bench.node.counters().dropped(DropReason::NotHere)), (1, 1));
    bench.node.release_all(bench.now);
    assert_eq!(bench.events(), [Event::Released]);
    assert_eq!(bench.next(), None);
}

#[test]
fn what_a_bridge_carries_has_a_source_of_its_own_and_stays_off_this_machine() {
    let mut bench = Bench::held();
    for (interfaces, packets) in [(vec![1], 1), (vec![7], 0), (vec![], 0)] {
        bench.node.send_mailslot(bench.now, Target::Carried(interfaces), b"a", b"b").expect("short");
        let sent: Vec<_> = std::iter::from_fn(|| bench.node.poll_transmit()).collect();
        assert_eq!(sent.len(), packets);
        for transmit in sent {
            let packet = mailslot_wire::datagram::Packet::parse(&transmit.bytes).expect("a datagram");
            let mailslot_wire::datagram::Body::Whole { source, .. } = packet.body else { panic!("{packet:?}") };
            assert_eq!(source, pc().with_suffix(BRIDGE));
        }
        let events = bench.events();
        assert!(!events.iter().any(|event| matches!(event, Event::Message(_))), "{events:?}");
    }
}

#[test]
fn whose_a_name_is_that_is_being_claimed_is_not_told() {
    let mut bench = Bench::new(NodeType::P);
    let registration = bench.packet();
    let query = Packet::node_query(3, pc());
    bench.hear(SERVER, Cast::Unicast, &query);
    assert_eq!(bench.sent(), None);
    bench.hear(SERVER, Cast::Unicast, &Packet::node_query(4, pc().with_suffix(3)));
    assert_eq!(bench.sent().map(|(_, answer)| answer.body.rcode()), Some(Rcode::Name));
    bench.hear(SERVER, Cast::Unicast, &Packet::registration_response(registration.id, claim(0, OWN), Rcode::Success));
    bench.hear(SERVER, Cast::Unicast, &query);
    let (_, answer) = bench.sent().expect("an answer");
    assert!(matches!(answer.body, Body::QueryResponse { .. }));
}

#[test]
fn a_node_that_browses_overhears_what_master_browsers_are_told_and_does_not_answer_for_them() {
    let masters = Name::msbrowse();
    let [plant, other] = ["PLANT", "OTHER"].map(|text| Name::new(text, 0).expect("a valid name"));
    for scope in ["", "corp"] {
        let scope = DnsName::new(scope).expect("a valid scope");
        let scoped = |name: &Name| name.clone().with_scope(scope.clone()).expect("short");
        let config = Config::new("PC", "PLANT").and_then(Config::with_browser).expect("valid names");
        let mut bench = Bench::with(config.with_scope(&scope).expect("short"));
        while bench.next().is_some() {}
        bench.events();
        for (name, cast, is_heard) in [
            (plant.clone().with_suffix(0x1D), Cast::Broadcast, true),
            (plant.clone().with_suffix(0x1E), Cast::Broadcast, true),
            (masters.clone(), Cast::Broadcast, true),
            (other.clone().with_suffix(0x1D), Cast::Broadcast, false),
            (plant.clone().with_suffix(0x1B), Cast::Broadcast, false),
            // A unicast message is accepted only for names that this machine holds.
            (plant.clone().with_suffix(0x1D), Cast::Unicast, false),
        ] {
            bench.hear_datagram(&scoped(&name), cast);
            let heard = bench.events().iter().any(|event| matches!(event, Event::Message(_)));
            assert_eq!(heard, is_heard, "{name}");
        }
        while bench.node.poll_transmit().is_some() {}
        for name in [plant.clone().with_suffix(0x1D), masters.clone()] {
            bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_query(3, scoped(&name)));
            bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_registration(4, scoped(&name), unique(OTHER)));
            assert_eq!(bench.sent(), None, "{name}");
            assert!(bench.node.names().all(|held| held.name != scoped(&name)));
        }
    }
}

/// As in nmbd. But the answer has the query's spelling, which every asker recognises; nmbd answers with its own
/// spelling.
#[test]
fn names_are_known_in_any_spelling() {
    let mut config = Config::new("Pc-1", "Plant").expect("valid names");
    config.names.push(RegisteredName::unique(Name::from_bytes(*b"B\x99RO z          ")));
    let names: Vec<_> = config.names.iter().map(|registered| (registered.name.clone(), registered.kind)).collect();
    let mut bench = Bench::with(config);
    while bench.next().is_some() {}
    bench.events();
    for (name, kind) in names {
        for mask in [0_u16, 1, 2, 0x15, 0x2a, 0x7fff] {
            let mut bytes = *name.as_bytes();
            for (place, byte) in bytes[..15].iter_mut().enumerate() {
                *byte = if mask >> place & 1 == 1 { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() };
            }
            let spelled = Name::from_bytes(bytes);
            for cast in [Cast::Broadcast, Cast::Unicast] {
                bench.hear(OTHER, cast, &Packet::broadcast_query(3, spelled.clone()));
                let (_, answer) = bench.sent().unwrap_or_else(|| panic!("{spelled:?} is not answered"));
                assert_eq!(answer.body.name(), Some(&spelled), "who asks knows the answer by the name");
                bench.hear_datagram(&spelled, cast);
                assert!(matches!(bench.events()[..], [Event::Message(_)]), "{spelled:?}");
                // Otherwise the same id and data would be a copy.
                bench.now += Duration::from_secs(60);
            }
            bench.hear(OTHER, Cast::Unicast, &Packet::node_status_request(4, spelled.clone()));
            assert!(bench.sent().is_some(), "{spelled:?} has no status");
            let claim = Packet::broadcast_registration(5, spelled.clone(), unique(OTHER));
            bench.hear(OTHER, Cast::Broadcast, &claim);
            let objection = bench.sent().map(|(_, answer)| answer.body.rcode());
            assert_eq!(objection, Some(Rcode::Active), "{spelled:?} {kind:?}");
            // The suffix, and characters that are not letters, have one spelling.
            for place in [1, 15] {
                let mut other = bytes;
                other[place] ^= 0x80;
                bench.hear(OTHER, Cast::Broadcast, &Packet::broadcast_query(6, Name::from_bytes(other)));
                assert_eq!(bench.sent(), None);
            }
        }
    }
}
