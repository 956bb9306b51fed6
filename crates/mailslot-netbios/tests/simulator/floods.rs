//! Floods of packets with forged sources, and how many honest packets get through.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use mailslot_netbios::{Cast, Config, DropReason, Event, Interface, Node, Received, Service};
use mailslot_wire::datagram::{Body, Destination, Header, Packet as Datagram};
use mailslot_wire::name_service::Packet;
use mailslot_wire::{Name, NodeType, smb};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const HONEST: Ipv4Addr = Ipv4Addr::new(10, 0, 3, 7);

/// The forged sources.
#[derive(Clone, Copy, Debug)]
enum From {
    /// This many addresses of the node's subnet, which is a /16.
    Subnet(u16),
    Elsewhere,
}

/// A node, a flood at `rate` packets a second, and a microsecond clock.
struct Flood {
    node: Node,
    now: Instant,
    rate: u32,
    from: From,
    random: StdRng,
    make: fn(&mut StdRng) -> (Service, Vec<u8>),
    owed: f64,
    answers: Vec<(SocketAddrV4, Vec<u8>)>,
    events: Vec<Event>,
}

fn name(text: &str) -> Name {
    Name::new(text, 0).expect("a valid name")
}

impl Flood {
    fn new(rate: u32, from: From, make: fn(&mut StdRng) -> (Service, Vec<u8>)) -> Flood {
        let mut now = Instant::now();
        let interface = Interface {
            id: 0,
            address: Ipv4Addr::new(10, 0, 0, 1),
            prefix: 16,
            broadcast: Some(Ipv4Addr::new(10, 0, 255, 255)),
        };
        let mut node = Node::new(Config::new("PC", "PLANT").expect("valid names"), vec![interface], now, 1);
        while let Some(due) = node.poll_timeout() {
            now = due;
            node.handle_timeout(now);
            while node.poll_transmit().is_some() {}
        }
        let random = StdRng::seed_from_u64(u64::from(rate));
        Flood { node, now, rate, from, random, make, owed: 0.0, answers: Vec::new(), events: Vec::new() }
    }

    /// Lets time pass in steps of a millisecond, while the flood continues.
    fn pass(&mut self, millis: u32) {
        for _ in 0..millis {
            self.now += Duration::from_millis(1);
            self.node.handle_timeout(self.now);
            self.owed += f64::from(self.rate) / 1000.0;
            while self.owed >= 1.0 {
                self.owed -= 1.0;
                let from = match self.from {
                    From::Subnet(number) => {
                        let [high, low] = (1000 + self.random.random_range(0..number)).to_be_bytes();
                        Ipv4Addr::new(10, 0, high, low)
                    }
                    From::Elsewhere => Ipv4Addr::from(self.random.random_range(0x1600_0000..0x5000_0000_u32)),
                };
                let (service, bytes) = (self.make)(&mut self.random);
                self.take(SocketAddrV4::new(from, 137), service, &bytes);
            }
        }
    }

    fn take(&mut self, from: SocketAddrV4, service: Service, bytes: &[u8]) {
        self.node.handle_packet(self.now, Received { interface: 0, from, service, cast: Cast::Unicast }, bytes);
        self.answers.extend(std::iter::from_fn(|| self.node.poll_transmit()).map(|sent| (sent.to, sent.bytes)));
        self.events.extend(std::iter::from_fn(|| self.node.poll_event()));
    }

    /// How many are answered of 50 honest requests, one each 40 ms from as many machines.
    fn answered(mut self, request: &[u8]) -> usize {
        // Longer than the burst of the budget lasts.
        self.pass(1500);
        let mut answered = 0;
        for number in 0..50 {
            self.pass(40);
            self.answers.clear();
            let from = SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, number), 137);
            self.take(from, Service::Name, request);
            answered += self.answers.iter().filter(|(to, _)| *to == from).count();
        }
        answered
    }

    /// How many arrive of 50 honest messages in two fragments, `gap` milliseconds apart.
    fn arrived(mut self, gap: u32) -> usize {
        self.pass(100);
        for id in 0..50 {
            self.pass(20);
            for (number, fragment) in fragments(id, 400).into_iter().enumerate() {
                self.pass(if number == 0 { 0 } else { gap });
                self.take(SocketAddrV4::new(HONEST, 138), Service::Datagram, &fragment);
            }
        }
        let sizes = self.node.sizes();
        assert!(sizes.unfinished.iter().all(|number| *number <= 256), "{sizes:?}");
        self.events.iter().filter(|event| matches!(event, Event::Message(_))).count()
    }
}

fn fragments(id: u16, size: usize) -> Vec<Vec<u8>> {
    let write = smb::MailslotWrite::new(b"test", &vec![7; size]).expect("short").encode(smb::Style::Windows);
    let (source, destination) = (name("HONEST"), name("PC"));
    let body = Body::Whole { kind: Destination::Unique, source, destination, data: &write };
    let header = Header { node_type: NodeType::B, id, source: SocketAddrV4::new(HONEST, 138) };
    let fragments = Datagram { header, body }.fragments(576).expect("it can be sent");
    fragments.iter().map(Datagram::encode).collect()
}

fn forged_fragment(random: &mut StdRng) -> (Service, Vec<u8>) {
    (Service::Datagram, fragments(random.random(), 424).swap_remove(0))
}

fn forged_query(random: &mut StdRng) -> (Service, Vec<u8>) {
    (Service::Name, Packet::node_query(random.random(), name("PC")).encode())
}

fn forged_status_request(random: &mut StdRng) -> (Service, Vec<u8>) {
    (Service::Name, Packet::node_status_request(random.random(), name("PC")).encode())
}

#[test]
fn fragments_from_elsewhere_keep_none_of_a_neighbour_away() {
    for rate in [200, 50_000] {
        assert_eq!(Flood::new(rate, From::Elsewhere, forged_fragment).arrived(10), 50, "{rate}");
    }
}

/// 256 unfinished datagrams are kept, so at 10,000 forged ones a second the rest of one may arrive 25 ms after its
/// beginning.
#[test]
fn forged_fragments_of_neighbours_must_be_faster_than_an_honest_sender() {
    for (rate, number, gap) in [(200, 4000, 100), (2000, 4000, 100), (10_000, 60_000, 20), (50_000, 60_000, 4)] {
        assert_eq!(Flood::new(rate, From::Subnet(number), forged_fragment).arrived(gap), 50, "{rate}");
    }
    // The test can fail.
    assert_eq!(Flood::new(50_000, From::Subnet(60_000), forged_fragment).arrived(20), 0);
}

#[test]
fn one_source_that_floods_with_fragments_keeps_none_of_another_one_away() {
    assert_eq!(Flood::new(50_000, From::Subnet(1), forged_fragment).arrived(50), 50);
}

#[test]
fn queries_from_elsewhere_leave_no_neighbour_without_an_answer() {
    let request = Packet::node_query(1, name("PC")).encode();
    assert_eq!(Flood::new(50_000, From::Elsewhere, forged_query).answered(&request), 50);
}

#[test]
fn queries_of_forged_neighbours_leave_quiet_ones_their_answers() {
    let request = Packet::node_query(1, name("PC")).encode();
    let status = Packet::node_status_request(1, name("PC")).encode();
    for (rate, number) in [(3000, 2000), (10_000, 200), (10_000, 2000), (50_000, 250), (50_000, 2000)] {
        for request in [&request, &status] {
            let answered = Flood::new(rate, From::Subnet(number), forged_query).answered(request);
            assert_eq!(answered, 50, "{rate} {number}");
        }
    }
    for (rate, number) in [(10_000, 2000), (50_000, 250)] {
        let answered = Flood::new(rate, From::Subnet(number), forged_status_request).answered(&request);
        assert_eq!(answered, 50, "{rate} {number}");
    }
    // More forged sources than have entries, possible only on subnets larger than a /19: all are answered up to the sum
    // of budget and reserve; beyond that, little distinguishes honest sources.
    let answered = Flood::new(10_000, From::Subnet(60_000), forged_query).answered(&request);
    assert_eq!(answered, 50);
}

#[test]
fn a_flood_makes_the_node_send_no_more_than_its_budget() {
    for from in [From::Subnet(60_000), From::Elsewhere] {
        let mut flood = Flood::new(100_000, from, forged_query);
        flood.pass(1000);
        flood.answers.clear();
        flood.pass(1000);
        let most = if matches!(from, From::Elsewhere) { 1000 } else { 12_000 };
        assert!((most * 8 / 10..=most + 50).contains(&flood.answers.len()), "{from:?}: {}", flood.answers.len());
        assert!(flood.node.counters().dropped(DropReason::AnswerRate) > 100_000);
    }
}
