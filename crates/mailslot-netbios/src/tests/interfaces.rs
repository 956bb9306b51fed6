//! The choice of the sending interface, and interfaces without broadcasts.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;

fn interface(id: u32, address: [u8; 4], prefix: u8) -> Interface {
    let address = Ipv4Addr::from(address);
    let hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
    let broadcast = (prefix < 31).then(|| Ipv4Addr::from(u32::from(address) | hosts));
    Interface { id, address, prefix, broadcast }
}

fn config(node_type: NodeType) -> Config {
    let mut config = Config::new("PC", "PLANT").expect("valid names");
    config.names.truncate(1);
    if node_type != NodeType::B {
        config = config.with_servers(vec![SERVER]);
    }
    config.node_type = node_type;
    config
}

/// A node on these interfaces; `route` is its address that leads to other subnets.
fn bench(node_type: NodeType, interfaces: &[Interface], route: Option<Ipv4Addr>) -> Bench {
    let now = Instant::now();
    let mut node = Node::new(config(node_type), Vec::new(), now, 7);
    node.set_route(move |_| route);
    node.set_interfaces(interfaces.to_vec(), now);
    Bench { node, start: now, now }
}

fn registered(packet: &Packet) -> Option<&Claim> {
    match &packet.body {
        Body::RegistrationRequest(claim) | Body::MultihomedRegistrationRequest(claim) => Some(claim),
        _ => None,
    }
}

/// All packets until nothing is due within a minute, each with its interface and destination. Servers grant all
/// requests.
fn exchange(bench: &mut Bench) -> Vec<(u32, Ipv4Addr, Packet)> {
    let (mut all, end) = (Vec::new(), bench.now + Duration::from_secs(60));
    loop {
        while let Some(transmit) = bench.node.poll_transmit() {
            let packet = Packet::parse(&transmit.bytes).expect("nodes send what can be parsed");
            if let (SERVER, Some(claim)) = (*transmit.to.ip(), registered(&packet)) {
                let granted = Packet::registration_response(packet.id, claim.clone(), Rcode::Success);
                let from = SocketAddrV4::new(SERVER, 137);
                let received =
                    Received { interface: transmit.interface, from, service: Service::Name, cast: Cast::Unicast };
                bench.node.handle_packet(bench.now, received, &granted.encode());
            }
            all.push((transmit.interface, *transmit.to.ip(), packet));
        }
        match bench.node.poll_timeout().filter(|due| *due <= end) {
            Some(due) => bench.now = due,
            None => return all,
        }
        bench.node.handle_timeout(bench.now);
    }
}

/// The interface by which a message to `address` is sent, and the source address in the datagram.
fn leaves(bench: &mut Bench, address: Ipv4Addr) -> Option<(u32, Ipv4Addr)> {
    while bench.node.poll_transmit().is_some() {}
    let target = Target::Node(pc().with_suffix(3), address);
    bench.node.send_mailslot(bench.now, target, b"x", b"data").expect("a short message");
    let transmit = bench.node.poll_transmit()?;
    let packet = datagram::Packet::parse(&transmit.bytes).expect("nodes send what can be parsed");
    Some((transmit.interface, *packet.header.source.ip()))
}

#[test]
fn a_node_without_broadcasts_has_its_names_and_answers_whoever_asks_it() {
    for (prefix, neighbour) in [(32, None), (31, Some(Ipv4Addr::new(10, 0, 0, 4)))] {
        for (node_type, asks_server) in
            [(NodeType::B, false), (NodeType::P, true), (NodeType::H, true), (NodeType::M, true)]
        {
            let mut bench = bench(node_type, &[interface(1, OWN.octets(), prefix)], Some(OWN));
            let sent = exchange(&mut bench);
            assert_eq!(sent.iter().any(|(_, to, _)| *to == SERVER), asks_server, "{node_type:?}");
            assert!(sent.iter().all(|(_, to, _)| *to == SERVER), "{node_type:?}: {sent:?}");
            assert!(bench.node.names().all(|name| name.state == NameState::Held), "{node_type:?}");
            for asker in [Some(Ipv4Addr::new(192, 0, 2, 1)), neighbour].into_iter().flatten() {
                bench.hear(asker, Cast::Unicast, &Packet::node_query(3, pc()));
                let (to, answer) = bench.sent().expect("an answer");
                let holders = vec![Holder { flags: NameFlags::unique(node_type), address: OWN }];
                assert_eq!((*to.ip(), answer.body), (asker, Body::QueryResponse { name: pc(), ttl: 300_000, holders }));
            }
            let request =
                bench.node.send_mailslot(bench.now, Target::OwnDomain, b"x", b"data").expect("a short message");
            let unheard = Err(SendError::Unreachable(Name::new("PLANT", 0).expect("a valid name")));
            if node_type != NodeType::P {
                assert!(bench.events().contains(&Event::Sent { request, result: unheard }), "{node_type:?}");
            }
            bench.node.release_all(bench.now);
            assert!(exchange(&mut bench).iter().all(|(_, to, _)| *to == SERVER), "{node_type:?}");
            assert!(bench.events().contains(&Event::Released), "{node_type:?}");
        }
    }
}

#[test]
fn several_addresses_of_one_interface_claim_names_once_and_are_all_the_nodes_own() {
    let all = [interface(1, [10, 0, 0, 5], 24), interface(1, [10, 0, 0, 100], 24), interface(1, [10, 0, 0, 101], 32)];
    let mut bench = bench(NodeType::B, &all, None);
    let sent = exchange(&mut bench);
    assert_eq!(sent.len(), 4, "three claims and a demand: {sent:?}");
    assert_eq!((bench.node.names().count(), bench.node.interfaces()), (1, &all[..1]));
    for own in all.map(|own| own.address) {
        bench.hear(own, Cast::Broadcast, &Packet::broadcast_query(3, pc()));
        assert_eq!(bench.sent(), None, "{own}");
    }
    assert_eq!(bench.node.counters().dropped(DropReason::Own), 3);
}

#[test]
fn a_name_is_registered_from_where_the_way_leads_and_again_when_that_changes() {
    let all = [interface(1, [172, 17, 0, 1], 16), interface(2, [10, 0, 0, 5], 24), interface(3, [10, 8, 0, 2], 32)];
    for node_type in [NodeType::P, NodeType::M, NodeType::H] {
        let now = Instant::now();
        let mut bench = Bench { node: Node::new(config(node_type), Vec::new(), now, 7), start: now, now };
        let way = Arc::new(Mutex::new(all[1].address));
        let told = Arc::clone(&way);
        bench.node.set_route(move |_| Some(*told.lock().expect("no thread panics")));
        for by in [1, 2, 0, 1] {
            *way.lock().expect("no thread panics") = all[by].address;
            bench.node.set_interfaces(all.to_vec(), bench.now);
            let asked: Vec<_> = exchange(&mut bench).into_iter().filter(|(_, to, _)| *to == SERVER).collect();
            assert!(!asked.is_empty(), "{node_type:?} by {by}");
            for (id, _, packet) in asked {
                let claim = registered(&packet).expect("nothing else is asked of it");
                assert_eq!((id, claim.holder.address), (all[by].id, all[by].address), "{node_type:?} by {by}");
            }
            let held = |name: &HeldName| name.state == NameState::Held;
            assert_eq!(bench.node.names().filter(held).count(), all.len(), "{node_type:?} by {by}");
            let again = bench.now + Duration::from_secs(30);
            bench.node.set_interfaces(all.to_vec(), again);
            assert!(exchange(&mut bench).is_empty(), "{node_type:?}: nothing has changed");
        }
    }
}

fn addresses() -> impl Strategy<Value = Vec<Interface>> {
    let address = (0..3u8, 0..3u8, 0..4u8).prop_map(|(b, c, d)| [10, b, c, d + 1]);
    let one = (1..4u32, address, prop_oneof![Just(8u8), Just(16), Just(24), Just(30), Just(31), Just(32)]);
    prop::collection::vec(one.prop_map(|(id, address, prefix)| interface(id, address, prefix)), 1..6)
}

proptest! {
    #[test]
    fn packets_leave_by_the_smallest_subnet_then_by_route_then_by_the_first(
        all in addresses(), to in (10..12u8, 0..3u8, 0..3u8, 0..6u8), way in prop::option::of(0..6usize),
    ) {
        let to = Ipv4Addr::new(to.0, to.1, to.2, to.3);
        let route = way.and_then(|way| all.get(way)).map(|by| by.address);
        let mut bench = bench(NodeType::B, &all, route);
        let smallest = all.iter().filter(|it| it.contains(to)).map(|it| it.prefix).max();
        let by_subnet = all.iter().find(|it| Some(it.prefix) == smallest && it.contains(to)).map(|it| it.id);
        let by_route = route.and_then(|route| all.iter().find(|it| it.address == route)).map(|it| it.id);
        let (id, source) = leaves(&mut bench, to).expect("there is an interface");
        // Among equals, the addresses for which names are registered come first.
        if let Some(by) = by_subnet {
            let equal = all.iter().any(|it| it.id == id && Some(it.prefix) == smallest && it.contains(to));
            prop_assert!(equal, "by {id}, not {by}");
        } else {
            prop_assert!(
                by_route.is_none_or(|by| by == id || all.iter().filter(|it| Some(it.address) == route).count() > 1)
            );
            prop_assert!(by_route.is_some() || id == all[0].id);
        }
        let first = all.iter().find(|it| it.id == id).expect("one of them");
        prop_assert_eq!(source, first.address);
    }
}
