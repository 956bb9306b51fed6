//! The rules of RFC 1002 and MS-NBTE, one by one, packet by packet.

mod answers;
mod claims;
mod configuration;
mod finding;
mod interfaces;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use mailslot_wire::name_service::{Body, Claim, Flags, Holder, NameFlags, Packet, Rcode};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{DnsName, Name, NodeType, datagram};

use super::*;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);
/// Lower than the node's own.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const LAST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 10);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 9, 9);

/// A node with one unique name, PC<00>, and the time.
struct Bench {
    node: Node,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(node_type: NodeType) -> Bench {
        let mut config = Config::new("PC", "PLANT").expect("valid names");
        config.names.truncate(1);
        if node_type != NodeType::B {
            config = config.with_servers(vec![SERVER]);
        }
        config.node_type = node_type;
        Bench::with(config)
    }

    fn with(config: Config) -> Bench {
        let now = Instant::now();
        let interface = Interface { id: 1, address: OWN, prefix: 24, broadcast: Some(Ipv4Addr::new(10, 0, 0, 255)) };
        Bench { node: Node::new(config, vec![interface], now, 7), start: now, now }
    }

    /// A B node that holds its name and has nothing more to do.
    fn held() -> Bench {
        let mut bench = Bench::new(NodeType::B);
        while bench.next().is_some() {}
        bench.events();
        bench
    }

    fn sent(&mut self) -> Option<(SocketAddrV4, Packet)> {
        let transmit = self.node.poll_transmit()?;
        Some((transmit.to, Packet::parse(&transmit.bytes).expect("nodes send what can be parsed")))
    }

    /// The next packet, and when it is sent: milliseconds since the beginning.
    fn next(&mut self) -> Option<(u128, SocketAddrV4, Packet)> {
        loop {
            if let Some((to, packet)) = self.sent() {
                return Some(((self.now - self.start).as_millis(), to, packet));
            }
            self.now = self.node.poll_timeout()?;
            self.node.handle_timeout(self.now);
        }
    }

    fn packet(&mut self) -> Packet {
        self.next().expect("the node sends something").2
    }

    fn hear(&mut self, from: Ipv4Addr, cast: Cast, packet: &Packet) {
        let from = SocketAddrV4::new(from, 137);
        let received = Received { interface: 1, from, service: Service::Name, cast };
        self.node.handle_packet(self.now, received, &packet.encode());
    }

    /// Receives a message to the slot `x` of the computer `destination`.
    fn hear_message(&mut self, destination: &Name) {
        self.hear_datagram(destination, Cast::Unicast);
    }

    /// Receives a message to the slot `x` of the holders of the name `destination`.
    fn hear_datagram(&mut self, destination: &Name, cast: Cast) {
        let write = MailslotWrite::new(b"x", b"data").expect("a short write").encode(Style::Windows);
        let from = SocketAddrV4::new(OTHER, 138);
        let header = datagram::Header { node_type: NodeType::B, id: 1, source: from };
        let source = Name::new("OTHER", 0).expect("a valid name");
        let kind = match cast {
            Cast::Unicast => datagram::Destination::Unique,
            Cast::Broadcast => datagram::Destination::Group,
        };
        let body = datagram::Body::Whole { kind, source, destination: destination.clone(), data: &write };
        let received = Received { interface: 1, from, service: Service::Datagram, cast };
        self.node.handle_packet(self.now, received, &datagram::Packet { header, body }.encode());
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.node.poll_event()).collect()
    }
}

fn pc() -> Name {
    Name::new("PC", 0).expect("a valid name")
}

fn unique(address: Ipv4Addr) -> Holder {
    Holder { flags: NameFlags::unique(NodeType::B), address }
}

fn claim(ttl: u32, address: Ipv4Addr) -> Claim {
    Claim { name: pc(), ttl, holder: unique(address) }
}
