//! Drops for each limit show in the counter that names the limit.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use mailslot_netbios::limits::Limits;
use mailslot_netbios::{Cast, Config, DropReason, Interface, Node, Received, Service, Target};
use mailslot_wire::datagram::{Body, Destination, Header, Packet as Datagram};
use mailslot_wire::name_service::{Holder, NameFlags, Packet};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Name, NodeType};

fn name(text: &str) -> Name {
    Name::new(text, 0).expect("a valid name")
}

fn near(number: u8) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, number), 137)
}

/// What limits have dropped of honest machines' traffic within a moment.
fn dropped(limits: Limits) -> Vec<DropReason> {
    let mut now = Instant::now();
    let interface = Interface {
        id: 0,
        address: Ipv4Addr::new(10, 0, 0, 1),
        prefix: 24,
        broadcast: Some(Ipv4Addr::new(10, 0, 0, 255)),
    };
    let mut config = Config::new("PC", "PLANT").expect("valid names");
    config.limits = limits;
    let mut node = Node::new(config, vec![interface], now, 1);
    while let Some(due) = node.poll_timeout() {
        now = due;
        node.handle_timeout(now);
        while node.poll_transmit().is_some() {}
    }
    let hear = |node: &mut Node, from, service, bytes: &[u8]| {
        node.handle_packet(now, Received { interface: 0, from, service, cast: Cast::Unicast }, bytes);
    };
    for number in 0..4 {
        // Each query is answered by a node with three addresses.
        let wanted = name(&format!("OTHER{number}"));
        node.resolve(now, wanted.clone());
        let query = std::iter::from_fn(|| node.poll_transmit()).last().expect("a query");
        let query = Packet::parse(&query.bytes).expect("nodes send what can be parsed");
        let holder = |host| Holder { flags: NameFlags::unique(NodeType::B), address: *near(host).ip() };
        let answer =
            Packet::query_response(query.id, query.flags, wanted, 300, vec![holder(9), holder(10), holder(11)]);
        hear(&mut node, near(9), Service::Name, &answer.encode());
        while node.poll_event().is_some() {}
    }
    for number in 0..4 {
        node.resolve(now, name(&format!("LATER{number}")));
        node.send_mailslot(now, Target::Name(name(&format!("LATER{number}"))), b"a", b"b").expect("it is short");
    }
    let far = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 137);
    for from in [near(9), near(10), near(12), far] {
        for _ in 0..4 {
            hear(&mut node, from, Service::Name, &Packet::node_query(1, name("PC")).encode());
        }
    }
    let write = MailslotWrite::new(b"test", &[7; 400]).expect("short").encode(Style::Windows);
    for id in 0..2 {
        for host in [9, 10, 12] {
            let from = SocketAddrV4::new(*near(host).ip(), 138);
            let (source, destination) = (name("OTHER"), name("PC"));
            let body = Body::Whole { kind: Destination::Unique, source, destination, data: &write };
            let whole = Datagram { header: Header { node_type: NodeType::B, id, source: from }, body };
            hear(&mut node, from, Service::Datagram, &whole.encode());
            let fragments = whole.fragments(400).expect("it can be sent");
            hear(&mut node, from, Service::Datagram, &fragments[0].encode());
        }
    }
    let drops = node.counters().drops();
    drops.filter(|(reason, number)| *number > 0 && !reason.limits().is_empty()).map(|(reason, _)| reason).collect()
}

#[test]
fn each_limit_that_bites_is_counted_where_it_is_named() {
    let limits = |text: &str| toml::from_str::<Limits>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(dropped(limits("")), []);
    for reason in DropReason::ALL {
        for limit in reason.limits() {
            // Some limits take effect only after others: the reserve after the budget, and the shared budget when the
            // table is full.
            let (number, rate) = match *limit {
                "answers" => (1, "answers-reserved = { per-second = 1, burst = 1 }\n"),
                "answers-reserved" => (1, "answers = { per-second = 1, burst = 1 }\n"),
                "rated-sources" if *reason == DropReason::AnswerRate => {
                    (1, "answers-per-source = { per-second = 1, burst = 4 }\n")
                }
                "rated-sources" => (1, "messages-per-source = { per-second = 1, burst = 4 }\n"),
                "unfinished-bytes" => (400, ""),
                _ => (1, ""),
            };
            let one = format!("{rate}{limit} = {number}");
            let tight = toml::from_str(&one)
                .ok()
                .unwrap_or_else(|| limits(&format!("{rate}{limit} = {{ per-second = {number}, burst = {number} }}")));
            assert_eq!(dropped(tight), [*reason], "{limit}");
        }
    }
}
