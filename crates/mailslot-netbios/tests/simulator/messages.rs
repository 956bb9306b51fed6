//! Messages reach their receivers, once.

use mailslot_netbios::{Cast, Config, Event, SendError, Service, Target};
use mailslot_wire::datagram::{Body, Destination, Header, Packet};
use mailslot_wire::name::suffix;
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Name, NodeType};

use crate::network::{BAD, Conditions, Network, PERFECT};
use crate::seeds;

fn name(text: &str) -> Name {
    Name::new(text, suffix::WORKSTATION).expect("a valid name")
}

fn two_domains(seed: u64, conditions: Conditions) -> Network {
    let mut network = Network::new(seed, PERFECT);
    for number in 0..40 {
        network.add_plain(&format!("PC{number}"), if number < 30 { "PLANT" } else { "OFFICE" });
    }
    network.run_seconds(2);
    network.conditions = conditions;
    network
}

fn counts(network: &Network) -> Vec<usize> {
    (0..40).map(|host| network.messages(host).len()).collect()
}

#[test]
fn a_message_to_the_own_domain_reaches_every_member_once_the_sender_included() {
    seeds(10, |seed| {
        let mut network = two_domains(seed, PERFECT);
        network.send(3, Target::OwnDomain, b"news");
        network.run_seconds(2);
        assert_eq!(counts(&network), [[1; 30].as_slice(), &[0; 10]].concat());
        let message = network.messages(7)[0];
        assert_eq!((message.data.as_slice(), message.slot.as_slice()), (b"news".as_slice(), b"test".as_slice()));
        assert_eq!((message.source.clone(), message.destination.clone()), (name("PC3"), name("PLANT")));
    });
}

#[test]
fn a_message_to_another_domain_reaches_its_members_alone() {
    let mut network = two_domains(1, PERFECT);
    network.send(3, Target::Name(name("OFFICE")), b"news");
    network.run_seconds(2);
    assert_eq!(counts(&network), [[0; 30].as_slice(), &[1; 10]].concat());
}

#[test]
fn a_message_to_a_computer_reaches_it_alone() {
    let mut network = two_domains(1, PERFECT);
    network.send(3, Target::Name(name("PC8")), b"news");
    network.send(3, Target::Name(name("PC3")), b"to myself");
    network.run_seconds(2);
    let mut expected = [0; 40];
    (expected[8], expected[3]) = (1, 1);
    assert_eq!(counts(&network), expected);
}

#[test]
fn nobody_gets_a_message_twice_from_a_network_that_loses_repeats_and_reorders() {
    seeds(20, |seed| {
        let mut network = two_domains(seed, BAD);
        for round in 0..20u8 {
            network.send(3, Target::OwnDomain, &[round]);
            network.send(4, Target::OwnDomain, &[round]);
        }
        network.run_seconds(5);
        let mut all = 0;
        for host in (0..30).filter(|host| *host != 3 && *host != 4) {
            let mut got: Vec<_> = network.messages(host).iter().map(|m| (m.source.clone(), m.data.clone())).collect();
            all += got.len();
            got.sort();
            let number = got.len();
            got.dedup();
            assert_eq!(got.len(), number);
        }
        assert!(all > 28 * 40 * 8 / 10, "only {all} messages came through");
    });
}

#[test]
fn equal_messages_are_all_delivered() {
    let mut network = two_domains(1, PERFECT);
    for _ in 0..5 {
        network.send(3, Target::OwnDomain, b"door opened");
    }
    network.run_seconds(1);
    assert_eq!(network.messages(7).len(), 5);
}

#[test]
fn machines_on_two_subnets_send_to_both_and_get_each_message_once() {
    let mut network = Network::new(1, PERFECT);
    let config = |computer: &str| Config::new(computer, "PLANT").expect("valid names");
    let both = network.add(config("BOTH"), &[0, 1]);
    let other = network.add(config("OTHER"), &[0, 1]);
    let (left, right) = (network.add(config("LEFT"), &[0]), network.add(config("RIGHT"), &[1]));
    network.run_seconds(3);
    network.send(both, Target::OwnDomain, b"news");
    network.run_seconds(1);
    for host in [both, other, left, right] {
        assert_eq!(network.messages(host).len(), 1, "machine {host}");
    }
    assert_eq!(network.holders(&name("BOTH")), [both]);
}

#[test]
fn long_messages_travel_in_fragments_where_that_is_asked_for() {
    let mut network = Network::new(1, PERFECT);
    let mut config = Config::new("A", "PLANT").expect("valid names");
    config.max_datagram_length = Some(576);
    let sender = network.add(config, &[0]);
    let receiver = network.add_plain("B", "PLANT");
    network.run_seconds(2);
    network.conditions.delay = std::time::Duration::from_micros(50);
    let data = [7; 424];
    network.send(sender, Target::OwnDomain, &data);
    network.run_seconds(1);
    assert_eq!(network.messages(receiver)[0].data, data);
    assert_eq!(network.node(receiver).sizes().unfinished, [0, 0]);
}

#[test]
fn equal_long_messages_in_fragments_arrive_as_often_as_they_were_sent_however_often_packets_come() {
    seeds(60, |seed| {
        let mut network = Network::new(seed, PERFECT);
        let mut config = |computer: &str, subnets: &[u8]| {
            let mut config = Config::new(computer, "PLANT").expect("valid names");
            config.max_datagram_length = Some(300);
            network.add(config, subnets)
        };
        let (sender, both, left) = (config("SENDER", &[0, 1]), config("BOTH", &[0, 1]), config("LEFT", &[0]));
        network.run_seconds(3);
        // Fragments are accepted only in order, so no packet may overtake another.
        network.conditions = Conditions { loss: 0, copies: 40, delay: std::time::Duration::from_micros(50) };
        let texts = [[7; 424], [7; 424], [8; 424], [7; 424]];
        for text in &texts {
            network.send(sender, Target::OwnDomain, text);
            network.send(sender, Target::Name(name("BOTH")), text);
            network.run_seconds(seed % 2);
        }
        network.run_seconds(3);
        for (host, times) in [(sender, 1), (both, 2), (left, 1)] {
            let mut got: Vec<_> = network.messages(host).iter().map(|message| message.data[0]).collect();
            got.sort();
            let mut expected: Vec<_> = texts.iter().flat_map(|text| vec![text[0]; times]).collect();
            expected.sort();
            assert_eq!(got, expected, "machine {host}");
        }
        assert_eq!(network.node(both).sizes().unfinished, [0, 0]);
    });
}

#[test]
fn a_message_to_nobody_fails_and_one_that_is_too_long_is_not_taken() {
    let mut network = two_domains(1, PERFECT);
    network.send(3, Target::Name(name("NOBODY")), b"news");
    network.run_seconds(2);
    let failed = |event: &Event| matches!(event, Event::Sent { result: Err(SendError::NotFound(_)), .. });
    assert!(network.events[3].iter().any(failed));
    let result = network.with(3, |node, now| node.send_mailslot(now, Target::OwnDomain, b"test", &[0; 425]));
    assert_eq!(result, Err(SendError::TooLong { size: 425, limit: 424 }));
}

#[test]
fn a_node_without_the_name_says_so_to_the_sender_alone() {
    let mut network = two_domains(1, PERFECT);
    let address = "10.0.0.9".parse().expect("an address");
    network.send(3, Target::Node(name("GONE"), address), b"news");
    network.run_seconds(1);
    let told = Event::Undeliverable { destination: name("GONE"), address };
    assert!(network.events[3].contains(&told));
    assert_eq!(counts(&network), [0; 40]);
}

/// Sends one packet as from `from`.
fn inject(network: &mut Network, to: usize, from: &str, source: &str, id: u16, text: &[u8]) {
    let write = MailslotWrite::new(b"test", text).expect("short").encode(Style::Windows);
    let header = Header { node_type: NodeType::B, id, source: from.parse().expect("an address with a port") };
    let (source, destination) = (name(source), name("PLANT"));
    let body = Body::Whole { kind: Destination::Group, source, destination, data: &write };
    network.inject(to, from, Service::Datagram, Cast::Broadcast, &Packet { header, body }.encode());
}

#[test]
fn who_does_not_know_what_a_message_says_cannot_pass_it_off_as_a_copy() {
    for forger in ["10.66.0.5:138", "10.0.0.99:138", "10.0.0.4:138"] {
        let mut network = two_domains(1, PERFECT);
        for id in 0..200 {
            inject(&mut network, 7, forger, "PC3", id, b"forged");
            inject(&mut network, 7, "10.0.0.4:138", "PC3", id, b"honest");
        }
        let honest = network.messages(7).iter().filter(|message| message.data == b"honest").count();
        assert_eq!(honest, 200, "{forger}");
    }
}

#[test]
fn who_does_know_it_cannot_do_so_from_another_subnet() {
    let mut network = two_domains(1, PERFECT);
    inject(&mut network, 7, "10.66.0.5:138", "PC3", 1, b"honest");
    inject(&mut network, 7, "10.0.0.4:138", "PC3", 1, b"honest");
    let from: Vec<_> = network.messages(7).iter().map(|message| message.address.ip().octets()).collect();
    assert_eq!(from, [[10, 66, 0, 5], [10, 0, 0, 4]]);
}

#[test]
fn different_messages_of_a_sender_that_gives_all_of_them_one_id_are_delivered() {
    let mut network = two_domains(1, PERFECT);
    for text in [b"a", b"b", b"a", b"c"] {
        inject(&mut network, 7, "10.0.0.4:138", "PC3", 1, text);
    }
    let got: Vec<_> = network.messages(7).iter().map(|message| message.data[0]).collect();
    assert_eq!(got, *b"abc", "what is equal in all is a copy, for a second");
    network.run_seconds(1);
    inject(&mut network, 7, "10.0.0.4:138", "PC3", 1, b"a");
    assert_eq!(network.messages(7).len(), 4);
}
