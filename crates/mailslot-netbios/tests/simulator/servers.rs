//! Names and messages through name servers, across subnets.

use std::net::Ipv4Addr;

use mailslot_netbios::{Config, Outcome, Target};
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
            let Outcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("{node_type:?}: not found") };
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
    let Outcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("not found") };
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
            let Outcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("not found") };
            assert_eq!(found.server, Some(primary));
            let lost = network.host_at(primary);
            network.turn_off(lost);
            // No longer than until the next refresh, and until what was found before is forgotten.
            network.run_seconds(21 * 60);
            assert_eq!((network.holders(&name("NEAR")), network.holders(&name("FAR"))), (vec![near], vec![far]));
            let Outcome::Found(found) = network.resolve(far, &name("NEAR")) else { panic!("not found") };
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
    assert!(matches!(network.resolve(other, &name("H")), Outcome::Found(_)));
    assert_eq!(network.resolve(p, &name("H")), Outcome::NoServer);
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
    assert_eq!(network.resolve(far, &name("NEAR")), Outcome::NotFound);
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
    assert_eq!(network.resolve(far, &name("NEAR")), Outcome::NotFound);
    network.run_seconds(20 * 60);
    assert!(matches!(network.resolve(far, &name("NEAR")), Outcome::Found(_)));
    assert_eq!(network.holders(&name("NEAR")), [near]);
}
