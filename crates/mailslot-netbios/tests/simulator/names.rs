//! Unique names have one holder, whoever claims them and whatever the network does.

use std::net::Ipv4Addr;

use mailslot_netbios::{Cast, DropReason, Event, QueryOutcome, Service, Target};
use mailslot_wire::Name;
use mailslot_wire::name::suffix;
use mailslot_wire::name_service::{NameFlags, Packet};

use crate::network::{BAD, Network, PERFECT};
use crate::seeds;

fn name(text: &str) -> Name {
    Name::new(text, suffix::WORKSTATION).expect("a valid name")
}

#[test]
fn hundreds_of_nodes_on_three_subnets_hold_their_names() {
    let mut network = Network::new(1, PERFECT);
    for number in 0..240u8 {
        let config = mailslot_netbios::Config::new(&format!("PC{number}"), "PLANT").expect("valid names");
        network.add(config, &[number % 3]);
    }
    network.run_seconds(3);
    for number in 0..240 {
        assert_eq!(network.holders(&name(&format!("PC{number}"))), [number]);
    }
    assert_eq!(network.holders(&name("PLANT")).len(), 240);
}

#[test]
fn of_those_that_claim_a_name_at_once_exactly_one_gets_it() {
    seeds(60, |seed| {
        let mut network = Network::new(seed, BAD);
        for _ in 0..6 {
            network.add_plain("SAME", "PLANT");
        }
        network.run_seconds(4);
        assert_eq!(network.holders(&name("SAME")).len(), 1);
        assert_eq!(network.holders(&name("PLANT")).len(), 6);
    });
}

#[test]
fn a_later_claimant_is_refused_and_told_by_whom() {
    seeds(60, |seed| {
        let mut network = Network::new(seed, BAD);
        // The later one has the lower address, but the earlier claim wins.
        let late_place = network.add_plain("OTHER", "PLANT");
        let first = network.add_plain("SAME", "PLANT");
        network.run_seconds(4);
        network.turn_off(late_place);
        let late = network.add_plain("SAME", "PLANT");
        network.run_seconds(4);
        assert_eq!(network.holders(&name("SAME")), [first]);
        let refused = |event: &Event| matches!(event, Event::NameRefused { .. });
        assert!(network.events[late].iter().any(refused), "{:?}", network.events[late]);
    });
}

#[test]
fn two_holders_become_one_when_a_partition_heals_and_somebody_asks() {
    seeds(60, |seed| {
        let mut network = Network::new(seed, BAD);
        let (left, right, asker) =
            (network.add_plain("SAME", "PLANT"), network.add_plain("SAME", "PLANT"), network.add_plain("ASK", "PLANT"));
        network.sides.insert(right, 1);
        network.run_seconds(4);
        assert_eq!(network.holders(&name("SAME")), [left, right]);
        network.sides.clear();
        for _ in 0..12 {
            network.resolve(asker, &name("SAME"));
            // Longer than an answer, or the absence of one, is remembered.
            network.run_seconds(11);
            network.with(asker, |node, _| assert!(node.sizes().watches == 0));
            if network.holders(&name("SAME")).len() == 1 {
                return;
            }
            network.run_seconds(600);
        }
        panic!("both hold the name still");
    });
}

#[test]
fn two_holders_become_one_as_soon_as_one_of_them_says_something_after_a_sleep() {
    seeds(60, |seed| {
        let mut network = Network::new(seed, BAD);
        let (sleeper, other) = (network.add_plain("SAME", "PLANT"), network.add_plain("OTHER", "PLANT"));
        network.run_seconds(4);
        network.sides.insert(sleeper, 1);
        network.run_seconds(8 * 3600);
        let late = network.add_plain("SAME", "PLANT");
        network.run_seconds(4);
        assert_eq!(network.holders(&name("SAME")), [sleeper, late]);
        network.sides.clear();
        for _ in 0..12 {
            network.send(if seed % 2 == 0 { sleeper } else { late }, Target::OwnDomain, b"awake");
            network.run_seconds(11);
            if network.holders(&name("SAME")).len() == 1 {
                assert_eq!(network.holders(&name("OTHER")), [other]);
                return;
            }
        }
        panic!("both hold the name still");
    });
}

#[test]
fn hundreds_of_nodes_on_bad_networks_agree_about_names_after_a_partition() {
    const NODES: usize = 240;
    const CONTESTED: usize = 30;
    seeds(5, |seed| {
        let mut network = Network::new(seed, BAD);
        let computer = |number: usize| format!("PC{}", number % (NODES - CONTESTED));
        for number in 0..NODES {
            let config = mailslot_netbios::Config::new(&computer(number), "PLANT").expect("valid names");
            network.add(config, &[(number % 3) as u8]);
            // The last nodes have the names of the first ones, but are cut off from them.
            network.sides.insert(number, u8::from(number >= NODES / 2));
        }
        network.run_seconds(4);
        for number in CONTESTED..NODES - CONTESTED {
            assert_eq!(network.holders(&name(&computer(number))), [number]);
        }
        let contested: Vec<_> = (0..CONTESTED).map(|number| (60 + number % 3, name(&computer(number)))).collect();
        let disputed = |network: &Network| {
            contested.iter().filter(|(_, name)| network.holders(name).len() != 1).cloned().collect::<Vec<_>>()
        };
        assert_eq!(disputed(&network).len(), CONTESTED);
        network.sides.clear();
        for _ in 0..12 {
            for (asker, name) in disputed(&network) {
                network.with(asker, |node, now| node.resolve(now, name));
            }
            network.run_seconds(12);
            if disputed(&network).is_empty() {
                assert_eq!(network.holders(&name("PLANT")).len(), NODES);
                return;
            }
            // Longer than an answer is remembered.
            network.run_seconds(600);
        }
        panic!("two nodes hold each of {:?}", disputed(&network));
    });
}

#[test]
fn a_released_name_is_found_no_longer_and_free_for_others() {
    seeds(20, |seed| {
        let mut network = Network::new(seed, PERFECT);
        let (first, asker) = (network.add_plain("SAME", "PLANT"), network.add_plain("ASK", "PLANT"));
        network.run_seconds(2);
        assert!(matches!(network.resolve(asker, &name("SAME")), QueryOutcome::Found(_)));
        network.with(first, |node, now| node.release_all(now));
        network.run_seconds(2);
        assert_eq!(network.events[first].last(), Some(&Event::Released));
        assert_eq!(network.resolve(asker, &name("SAME")), QueryOutcome::NotFound);
        let second = network.add_plain("SAME", "PLANT");
        network.run_seconds(2);
        assert_eq!(network.holders(&name("SAME")), [second]);
    });
}

#[test]
fn the_members_of_a_group_are_all_found() {
    let mut network = Network::new(1, PERFECT);
    for number in 0..5 {
        network.add_plain(&format!("PC{number}"), "PLANT");
    }
    let asker = network.add_plain("ASK", "OFFICE");
    network.run_seconds(2);
    let QueryOutcome::Found(found) = network.resolve(asker, &name("PLANT")) else { panic!("nobody answered") };
    let mut addresses: Vec<_> = found.holders.iter().map(|holder| holder.address).collect();
    addresses.sort();
    assert_eq!(addresses, (1..=5).map(|n| Ipv4Addr::new(10, 0, 0, n)).collect::<Vec<_>>());
    assert!(found.holders.iter().all(|holder| holder.flags.is_group()));
}

#[test]
fn a_forged_conflict_demand_or_release_takes_no_name_away() {
    let mut network = Network::new(1, PERFECT);
    let node = network.add_plain("PC", "PLANT");
    network.run_seconds(2);
    let demand = Packet::conflict_demand(7, name("PC"), NameFlags::unique(mailslot_wire::NodeType::B)).encode();
    network.inject(node, "10.0.0.99:137", Service::Name, Cast::Unicast, &demand);
    let holder = mailslot_wire::name_service::Holder {
        flags: NameFlags::unique(mailslot_wire::NodeType::B),
        address: Ipv4Addr::new(10, 0, 0, 1),
    };
    let release = Packet::server_release(8, name("PC"), holder).encode();
    network.inject(node, "10.0.0.99:137", Service::Name, Cast::Unicast, &release);
    network.run_seconds(2);
    assert_eq!(network.holders(&name("PC")), [node]);
    assert_eq!(network.node(node).counters().dropped(DropReason::Demand), 1);
}

#[test]
fn a_node_tells_its_names_to_its_subnet_alone() {
    let mut network = Network::new(1, PERFECT);
    let (node, near) = (network.add_plain("PC", "PLANT"), network.add_plain("NEAR", "PLANT"));
    let far = network.add(mailslot_netbios::Config::new("FAR", "PLANT").expect("valid names"), &[1]);
    network.run_seconds(2);
    for asker in [near, far] {
        network.with(asker, |node, now| node.node_status(now, Ipv4Addr::new(10, 0, 0, 1)));
    }
    network.run_seconds(10);
    let status = |host: usize| {
        network.events[host].iter().find_map(|event| match event {
            Event::NodeStatus { status, .. } => Some(status.clone()),
            _ => None,
        })
    };
    let names = status(near).expect("the request ends").expect("an answer").entries;
    let names: Vec<_> = names.iter().map(|entry| entry.name().to_string()).collect();
    assert_eq!(names, ["PC<00>", "PC<20>", "PLANT<00>"]);
    assert_eq!(status(far), Some(None));
    assert_eq!(network.node(node).counters().dropped(DropReason::Remote), 3);
}

#[test]
fn the_loser_of_a_name_takes_it_back_when_the_winner_is_gone() {
    seeds(20, |seed| {
        let mut network = Network::new(seed, BAD);
        let both = [network.add_plain("SAME", "PLANT"), network.add_plain("SAME", "PLANT")];
        let asker = network.add_plain("ASK", "PLANT");
        network.sides.insert(both[1], 1);
        network.run_seconds(4);
        network.sides.clear();
        while network.holders(&name("SAME")).len() == 2 {
            network.resolve(asker, &name("SAME"));
            network.run_seconds(660);
        }
        // The winner keeps the name, however often the loser tries.
        let winner = network.holders(&name("SAME"));
        network.run_seconds(4 * 3600);
        assert_eq!(network.holders(&name("SAME")), winner);
        network.turn_off(winner[0]);
        network.run_seconds(1000);
        let loser = both.into_iter().filter(|host| *host != winner[0]).collect::<Vec<_>>();
        assert_eq!(network.holders(&name("SAME")), loser);
    });
}

#[test]
fn it_does_so_within_seconds_if_the_winner_gives_the_name_up() {
    let mut network = Network::new(1, PERFECT);
    let first = network.add_plain("SAME", "PLANT");
    network.run_seconds(4);
    let second = network.add_plain("SAME", "PLANT");
    network.run_seconds(3600);
    assert_eq!(network.holders(&name("SAME")), [first]);
    network.with(first, |node, now| node.release_all(now));
    network.run_seconds(4);
    assert_eq!(network.holders(&name("SAME")), [second]);
}
