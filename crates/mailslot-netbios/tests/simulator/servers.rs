//! Names and messages through name servers, across subnets.

use std::net::Ipv4Addr;

use mailslot_netbios::{Config, QueryOutcome, RegisteredName, Target};
use mailslot_wire::name::suffix;
use mailslot_wire::{Name, NodeType};

use crate::network::{BAD, Host, Network, PERFECT};
use crate::seeds;

fn name(text: &str) -> Name {
    Name::new(text, suffix::WORKSTATION).expect("a valid name")
}

fn add(network: &mut Network, computer: &str, node_type: NodeType, servers: &[Ipv4Addr], subnet: u8) -> Host {
    let mut config = Config::new(computer, "PLANT").expect("valid names").with_servers(servers.to_vec());
    config.node_type = node_type;
    network.add(config, &[subnet])
}

#[test]
fn nodes_of_all_types_with_a_server_find_each_other_across_subnets() {
    for node_type in [NodeType::P, NodeType::M, NodeType::H] {
        seeds(10, |seed| {
            let mut network = Network::new(seed, BAD);
            let server = network.add_wins(0);
            let near = add(&mut network, "NEAR", node_type, &[server], 0);
            let far = add(&mut network, "FAR", node_type, &[server], 1);
            network.run_seconds(40);
            assert_eq!((network.holders(&name("NEAR")), network.holders(&name("FAR"))), (vec![near], vec![far]));
            let QueryOutcome::Found(found) = network.resolve(far, &name("NEAR")) else {
                panic!("{node_type:?}: not found")
            };
            assert_eq!(found.holders[0].address, Ipv4Addr::new(10, 0, 0, 2));
            network.conditions = PERFECT;
            network.send(far, Target::Name(name("NEAR")), b"news");
            network.run_seconds(1);
            assert_eq!(network.messages(near).len(), 1);
        });
    }
}

#[test]
fn a_server_refuses_a_name_whose_owner_answers_and_gives_away_that_of_a_dead_one() {
    for node_type in [NodeType::P, NodeType::H] {
        seeds(10, |seed| {
            let mut network = Network::new(seed, PERFECT);
            let server = network.add_wins(0);
            let first = add(&mut network, "SAME", node_type, &[server], 0);
            network.run_seconds(2);
            let second = add(&mut network, "SAME", node_type, &[server], 1);
            network.run_seconds(10);
            assert_eq!(network.holders(&name("SAME")), [first]);
            network.turn_off(second);
            network.turn_off(first);
            let third = add(&mut network, "SAME", node_type, &[server], 1);
            network.run_seconds(20);
            assert_eq!(network.holders(&name("SAME")), [third]);
        });
    }
}

#[test]
fn the_secondary_server_serves_when_the_primary_is_silent() {
    let mut network = Network::new(1, PERFECT);
    let (primary, secondary) = (network.add_wins(0), network.add_wins(1));
    let dead = network.host_at(primary);
    network.turn_off(dead);
    let servers = [primary, secondary];
    let near = add(&mut network, "NEAR", NodeType::P, &servers, 0);
    let far = add(&mut network, "FAR", NodeType::P, &servers, 1);
    network.run_seconds(20);
    assert_eq!((network.holders(&name("NEAR")), network.holders(&name("FAR"))), (vec![near], vec![far]));
    let QueryOutcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("not found") };
    assert_eq!(found.server, Some(secondary));
}

#[test]
fn names_move_to_the_secondary_server_when_the_primary_is_lost() {
    for node_type in [NodeType::P, NodeType::M, NodeType::H] {
        seeds(5, |seed| {
            let mut network = Network::new(seed, BAD);
            let (primary, secondary) = (network.add_wins(0), network.add_wins(1));
            let servers = [primary, secondary];
            let near = add(&mut network, "NEAR", node_type, &servers, 0);
            let far = add(&mut network, "FAR", node_type, &servers, 1);
            network.run_seconds(40);
            let QueryOutcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("not found") };
            assert_eq!(found.server, Some(primary));
            let lost = network.host_at(primary);
            network.turn_off(lost);
            // At most until the next refresh, and until the caches expire.
            network.run_seconds(21 * 60);
            assert_eq!((network.holders(&name("NEAR")), network.holders(&name("FAR"))), (vec![near], vec![far]));
            let QueryOutcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("not found") };
            assert_eq!(found.server, Some(secondary));
        });
    }
}

#[test]
fn without_any_server_an_h_node_broadcasts_and_a_p_node_has_no_name() {
    let mut network = Network::new(1, PERFECT);
    let server = network.add_wins(0);
    let dead = network.host_at(server);
    network.turn_off(dead);
    let h = add(&mut network, "H", NodeType::H, &[server], 0);
    let p = add(&mut network, "P", NodeType::P, &[server], 0);
    let other = add(&mut network, "OTHER", NodeType::H, &[server], 0);
    network.run_seconds(20);
    assert_eq!((network.holders(&name("H")), network.holders(&name("P"))), (vec![h], vec![]));
    assert!(matches!(network.resolve(other, &name("H")), QueryOutcome::Found(_)));
    assert_eq!(network.resolve(p, &name("H")), QueryOutcome::NoServer);
}

#[test]
fn names_released_at_the_server_are_gone() {
    let mut network = Network::new(1, PERFECT);
    let server = network.add_wins(0);
    let near = add(&mut network, "NEAR", NodeType::H, &[server], 0);
    let far = add(&mut network, "FAR", NodeType::H, &[server], 1);
    network.run_seconds(3);
    network.with(near, |node, now| node.release_all(now));
    network.run_seconds(3);
    assert_eq!(network.resolve(far, &name("NEAR")), QueryOutcome::NotFound);
}

#[test]
fn a_restarted_server_learns_the_names_again() {
    let mut network = Network::new(1, PERFECT);
    let server = network.add_wins(0);
    let near = add(&mut network, "NEAR", NodeType::P, &[server], 0);
    network.run_seconds(3);
    network.restart_wins(server);
    let far = add(&mut network, "FAR", NodeType::P, &[server], 1);
    network.run_seconds(3);
    assert_eq!(network.resolve(far, &name("NEAR")), QueryOutcome::NotFound);
    network.run_seconds(20 * 60);
    assert!(matches!(network.resolve(far, &name("NEAR")), QueryOutcome::Found(_)));
    assert_eq!(network.holders(&name("NEAR")), [near]);
}

#[test]
fn names_come_back_to_the_primary_server_when_it_is_there_again() {
    for node_type in [NodeType::P, NodeType::M, NodeType::H] {
        let mut network = Network::new(1, PERFECT);
        let (primary, secondary) = (network.add_wins(0), network.add_wins(1));
        network.cut_off(primary, true);
        let near = add(&mut network, "NEAR", node_type, &[primary, secondary], 0);
        network.run_seconds(20);
        assert_eq!(network.known_to(secondary, &name("NEAR")).len(), 1);
        network.cut_off(primary, false);
        assert!(network.known_to(primary, &name("NEAR")).is_empty());
        network.run_seconds(21 * 60);
        assert_eq!(network.known_to(primary, &name("NEAR")).len(), 1, "{node_type:?}");
        assert_eq!(network.holders(&name("NEAR")), [near]);
    }
}

#[test]
fn a_name_is_kept_while_the_primary_server_stays_away() {
    let mut network = Network::new(1, PERFECT);
    let (primary, secondary) = (network.add_wins(0), network.add_wins(1));
    network.cut_off(primary, true);
    let near = add(&mut network, "NEAR", NodeType::P, &[primary, secondary], 0);
    network.run_seconds(20);
    for _ in 0..100 {
        network.run_seconds(60);
        assert_eq!(network.holders(&name("NEAR")), [near]);
    }
    assert_eq!(network.known_to(secondary, &name("NEAR")).len(), 1);
}

#[test]
fn names_of_one_subnet_are_claimed_and_found_there_and_no_server_hears_of_them() {
    let master = name("PLANT").with_suffix(suffix::MASTER_BROWSER);
    for node_type in [NodeType::M, NodeType::H] {
        seeds(10, |seed| {
            let mut network = Network::new(seed, PERFECT);
            let server = network.add_wins(0);
            let mut masters = Vec::new();
            for (computer, subnet) in [("A", 0), ("B", 0), ("C", 1)] {
                let mut config = Config::new(computer, "PLANT").expect("valid names").with_servers(vec![server]);
                config.node_type = node_type;
                config.register(RegisteredName::unique(master.clone())).expect("it is new");
                config.register(RegisteredName::group(Name::msbrowse())).expect("it is new");
                masters.push(network.add(config, &[subnet]));
            }
            let asker = add(&mut network, "ASK", node_type, &[server], 1);
            network.run_seconds(10);
            let holders = network.holders(&master);
            assert_eq!(holders.len(), 2, "one on each subnet: {holders:?}");
            assert!(holders.contains(&masters[2]));
            let QueryOutcome::Found(found) = network.resolve(asker, &master) else {
                panic!("{node_type:?}: not found")
            };
            assert_eq!((found.server, found.holders[0].address.octets()[1]), (None, 1));
            assert_eq!(network.holders(&Name::msbrowse()).len(), 3);
            for local in [&master, &Name::msbrowse()] {
                assert!(network.known_to(server, local).is_empty(), "{local}");
            }
        });
    }
}

#[test]
fn the_address_of_an_interface_that_is_gone_is_known_to_the_server_no_longer() {
    let mut network = Network::new(1, PERFECT);
    let server = network.add_wins(0);
    let mut config = Config::new("BOTH", "PLANT").expect("valid names").with_servers(vec![server]);
    config.node_type = NodeType::P;
    let both = network.add(config, &[0, 1]);
    network.run_seconds(5);
    assert_eq!(network.known_to(server, &name("BOTH")), [Ipv4Addr::new(10, 0, 0, 2)]);
    network.change_address(both, 0);
    network.run_seconds(10);
    assert_eq!(network.known_to(server, &name("BOTH")), [Ipv4Addr::new(10, 0, 0, 3)]);
    assert_eq!(network.holders(&name("BOTH")), [both]);
}
