//! Realistic machines: on two subnets and with private networks, with addresses that change, switched off and on again,
//! beside devices that give all datagrams one id and answer with unreachable addresses.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use mailslot_netbios::limits::Limits;
use mailslot_netbios::{Cast, Config, Event, NameState, SendError, Service, Target, Transmit};
use mailslot_wire::datagram::{Body, Destination, Header, Packet as Datagram};
use mailslot_wire::name_service::{self, Holder, NameFlags, Packet};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{Name, NodeType};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};

use crate::network::{Conditions, Host, Network, PRIVATE, Plug};
use crate::seeds;

const UNTIDY: Conditions = Conditions { loss: 5, copies: 20, delay: Duration::from_millis(30) };
/// Packets are duplicated and overtake each other, but none is lost.
const LOSSLESS: Conditions = Conditions { loss: 0, ..UNTIDY };
const MACHINES: usize = 7;

fn name(text: &str) -> Name {
    Name::new(text, 0).expect("a valid name")
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    (limits.queries, limits.waiting_messages, limits.rated_sources) = (12, 12, 8);
    (limits.cached_names, limits.holders) = (5, 4);
    limits
}

struct Pc {
    host: Host,
    name: Name,
    node_type: NodeType,
    plugs: Vec<Plug>,
}

impl Pc {
    fn is_on(&self, subnet: u8) -> bool {
        self.plugs.contains(&Plug::Subnet(subnet))
    }

    fn broadcasts_claims_on(&self, subnet: u8) -> bool {
        let leads_to_server =
            self.plugs.iter().find(|plug| **plug == Plug::Subnet(0) || !self.is_on(0) && **plug == Plug::Subnet(1));
        self.node_type != NodeType::H || leads_to_server != Some(&Plug::Subnet(subnet))
    }

    fn shares_a_subnet_with(&self, other: &Pc) -> bool {
        [0, 1].into_iter().any(|subnet| self.is_on(subnet) && other.is_on(subnet))
    }

    /// By broadcast or by the server.
    fn finds(&self, other: &Pc) -> bool {
        self.shares_a_subnet_with(other) || [self, other].iter().all(|pc| pc.node_type != NodeType::B)
    }
}

/// The machines of a run, and the messages sent.
struct Site {
    network: Network,
    random: StdRng,
    server: Ipv4Addr,
    pcs: Vec<Pc>,
    sent: u32,
}

impl Site {
    fn new(seed: u64) -> Site {
        let mut network = Network::new(seed, UNTIDY);
        let server = network.add_wins(0);
        let mut random = StdRng::seed_from_u64(seed);
        let mut pcs = Vec::new();
        for number in 0..MACHINES {
            let mut plugs = [[0].as_slice(), &[1], &[0, 1], &[1, 0], &[0, 0]]
                .choose(&mut random)
                .map(|subnets| subnets.iter().copied().map(Plug::Subnet).collect::<Vec<_>>())
                .unwrap_or_default();
            if random.random() {
                plugs.insert(random.random_range(0..=plugs.len()), Plug::Private);
            }
            let node_type = [NodeType::B, NodeType::M, NodeType::H][random.random_range(0..3)];
            let pc = Pc { host: 0, name: name(&format!("PC{number}")), node_type, plugs };
            pcs.push(switch_on(&mut network, server, pc));
            network.run(Duration::from_millis(random.random_range(0..3000)));
            // Some names are resolved too early.
            for _ in 0..3 {
                let early = name(&format!("PC{}", random.random_range(0..MACHINES)));
                let asker = pcs[random.random_range(0..pcs.len())].host;
                network.with(asker, |node, now| node.resolve(now, early));
            }
        }
        network.run_seconds(100);
        network.conditions = LOSSLESS;
        Site { network, random, server, pcs, sent: 0 }
    }

    /// A few changes of addresses, and of machines that are switched off and on again. Returns the machines that have
    /// changed, and the subnets on which that could be received.
    fn disturb(&mut self) -> Vec<(usize, u8)> {
        let mut changed = Vec::new();
        for _ in 0..2 {
            let index = self.random.random_range(0..self.pcs.len());
            let pc = &mut self.pcs[index];
            let subnets: Vec<_> = [0, 1].into_iter().filter(|subnet| pc.is_on(*subnet)).collect();
            let subnet = *subnets.choose(&mut self.random).expect("each is on a subnet");
            if self.random.random() {
                self.network.change_address(pc.host, subnet);
                changed.push((index, subnet));
            } else {
                self.network.turn_off(pc.host);
                let again = Pc { name: pc.name.clone(), plugs: pc.plugs.clone(), ..*pc };
                *pc = switch_on(&mut self.network, self.server, again);
                changed.extend(subnets.into_iter().map(|subnet| (index, subnet)));
            }
        }
        changed
    }

    /// Each of these pairs of sender and receiver exchanges a message, and each sender writes to the workgroup. Checks
    /// that every message reaches its receivers, once, and no other machine.
    fn exchange(&mut self, pairs: &[(usize, usize)]) {
        let mut expected: Vec<Vec<Vec<u8>>> = vec![Vec::new(); self.pcs.len()];
        for pc in &self.pcs {
            self.network.events[pc.host].clear();
        }
        let mut failing = vec![0; self.pcs.len()];
        for &(from, to) in pairs {
            // Equal messages in succession are not copies.
            for _ in 0..self.random.random_range(1..=2) {
                let text = format!("{} to {to}", self.pcs[from].name).into_bytes();
                self.network.send(self.pcs[from].host, Target::Name(self.pcs[to].name.clone()), &text);
                if from == to || self.pcs[from].finds(&self.pcs[to]) {
                    expected[to].push(text);
                } else {
                    failing[from] += 1;
                }
            }
            self.network.run(Duration::from_millis(self.random.random_range(0..200)));
        }
        for from in 0..self.pcs.len() {
            self.sent += 1;
            let text = format!("news {}", self.sent).into_bytes();
            self.network.send(self.pcs[from].host, Target::OwnDomain, &text);
            for (to, expected) in expected.iter_mut().enumerate() {
                if from == to || self.pcs[from].shares_a_subnet_with(&self.pcs[to]) {
                    expected.push(text.clone());
                }
            }
            self.network.run(Duration::from_millis(self.random.random_range(0..200)));
        }
        self.network.run_seconds(20);
        self.check();
        for (index, pc) in self.pcs.iter().enumerate() {
            let mut got: Vec<_> = self.network.messages(pc.host).iter().map(|message| message.data.clone()).collect();
            got.sort();
            expected[index].sort();
            let lines = |texts: &[Vec<u8>]| {
                texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect::<Vec<_>>()
            };
            assert_eq!(
                lines(&got),
                lines(&expected[index]),
                "{} with {:?} of type {:?}",
                pc.name,
                pc.plugs,
                pc.node_type
            );
            let events = &self.network.events[pc.host];
            let not_found = |event: &&Event| matches!(event, Event::Sent { result: Err(SendError::NotFound(_)), .. });
            assert_eq!(events.iter().filter(not_found).count(), failing[index], "{events:?}");
        }
    }

    fn check(&self) {
        for pc in &self.pcs {
            let node = self.network.node(pc.host);
            for held in node.names() {
                assert_eq!(held.state, NameState::Held, "{held:?} of {:?}, type {:?}", pc.plugs, pc.node_type);
            }
            let quarrel = |event: &&Event| {
                matches!(event, Event::ConflictSeen { .. } | Event::NameInConflict { .. } | Event::NameRefused { .. })
            };
            assert_eq!(self.network.events[pc.host].iter().find(quarrel), None);
            if pc.node_type != NodeType::B {
                let leads = node.interfaces().iter().find(|interface| {
                    let [ten, subnet, ..] = interface.address.octets();
                    ten == 10 && (subnet == 0 || !pc.is_on(0))
                });
                // A registration of an address that is gone may overtake the next one; askers then detect the wrong
                // address.
                let known = self.network.known_to(self.server, &pc.name);
                let found = leads.is_some_and(|interface| known.contains(&interface.address));
                assert!(found && known.len() <= 2, "{known:?} for {} with {:?}", pc.name, pc.plugs);
            }
            let (sizes, limits) = (node.sizes(), limits());
            assert!(sizes.cached_names <= limits.cached_names && sizes.queries <= limits.queries, "{sizes:?}");
            assert!(sizes.watches <= limits.queries && sizes.waiting_messages <= limits.waiting_messages, "{sizes:?}");
            assert!(sizes.message_sources <= limits.rated_sources, "{sizes:?}");
            assert!(sizes.answer_sources.iter().all(|sources| *sources <= limits.rated_sources), "{sizes:?}");
        }
    }
}

fn switch_on(network: &mut Network, server: Ipv4Addr, pc: Pc) -> Pc {
    let text = String::from_utf8_lossy(pc.name.text()).into_owned();
    let mut config = Config::new(&text, "PLANT").expect("valid names");
    if pc.node_type != NodeType::B {
        config = config.with_servers(vec![server]);
    }
    config.node_type = pc.node_type;
    config.limits = limits();
    Pc { host: network.add_at(config, &pc.plugs), ..pc }
}

#[test]
fn each_message_reaches_whom_it_is_for_once_whatever_machines_and_addresses_do() {
    seeds(200, |seed| {
        let mut site = Site::new(seed);
        let all: Vec<_> = (0..MACHINES).flat_map(|from| (0..MACHINES).map(move |to| (from, to))).collect();
        // Not all at once: too many queries at once are refused.
        let mut pairs = all.clone();
        pairs.shuffle(&mut site.random);
        site.exchange(&pairs);
        let changed = site.disturb();
        site.network.run_seconds(15);
        // Nodes that could receive the change know it at once. An H node informs only its server.
        let hears = |site: &Site, from: usize, to: usize| {
            let mut of = changed.iter().filter(|(changed, _)| *changed == to);
            of.all(|(_, subnet)| site.pcs[from].is_on(*subnet) && site.pcs[to].broadcasts_claims_on(*subnet))
        };
        let pairs: Vec<_> = all.iter().copied().filter(|(from, to)| hears(&site, *from, *to)).collect();
        site.exchange(&pairs);
        // The others find out when their cache expires.
        site.network.run_seconds(601);
        site.exchange(&all);
    });
}

/// A datagram of such a device: all have the id 0.
fn notice(from: Ipv4Addr, to: SocketAddrV4, text: &[u8]) -> Transmit {
    let write = MailslotWrite::new(b"test", text).expect("short").encode(Style::Samba);
    let header = Header { node_type: NodeType::B, id: 0, source: SocketAddrV4::new(from, 138) };
    let body =
        Body::Whole { kind: Destination::Group, source: name("SCANNER"), destination: name("PLANT"), data: &write };
    Transmit { interface: 0, to, service: Service::Datagram, bytes: Datagram { header, body }.encode() }
}

#[test]
fn all_that_a_device_says_that_gives_everything_one_id_is_heard_once() {
    seeds(200, |seed| {
        let mut site = Site::new(seed);
        let (device, address) = site.network.add_other(0, Box::new(|_| Vec::new()));
        let everybody = SocketAddrV4::new(Ipv4Addr::new(10, 0, 255, 255), 138);
        for pc in &site.pcs {
            site.network.events[pc.host].clear();
        }
        let texts: Vec<_> = (0..6u8).map(|number| vec![number]).collect();
        for text in &texts {
            site.network.transmit(device, notice(address, everybody, text));
            // To some machines, also by unicast.
            for pc in site.pcs.iter().filter(|_| text[0] % 2 == 0) {
                let node = site.network.node(pc.host);
                let near = node.interfaces().iter().find(|interface| interface.contains(address));
                if let Some(to) = near.map(|interface| SocketAddrV4::new(interface.address, 138)) {
                    site.network.transmit(device, notice(address, to, text));
                }
            }
            site.network.run(Duration::from_millis(site.random.random_range(0..100)));
        }
        site.network.run_seconds(1);
        for pc in &site.pcs {
            let mut got: Vec<_> = site.network.messages(pc.host).iter().map(|message| message.data.clone()).collect();
            got.sort();
            assert_eq!(got, if pc.is_on(0) { texts.clone() } else { Vec::new() }, "{} with {:?}", pc.name, pc.plugs);
        }
    });
}

/// Answers queries for NAS with these addresses, and records the senders of datagrams.
fn nas(network: &mut Network, subnet: u8, junk: Vec<Ipv4Addr>, heard: &Rc<RefCell<Vec<Ipv4Addr>>>) -> (Host, Ipv4Addr) {
    let own = Rc::new(RefCell::new(Ipv4Addr::UNSPECIFIED));
    let (known, heard) = (Rc::clone(&own), Rc::clone(heard));
    let (host, address) = network.add_other(
        subnet,
        Box::new(move |packet| {
            if packet.service == Service::Datagram {
                if packet.cast == Cast::Unicast {
                    heard.borrow_mut().push(*packet.from.ip());
                }
                return Vec::new();
            }
            let Ok(request) = Packet::parse(packet.bytes) else { return Vec::new() };
            if request.body != (name_service::Body::QueryRequest { name: name("NAS") }) {
                return Vec::new();
            }
            let holder = |address| Holder { flags: NameFlags::unique(NodeType::B), address };
            let holders = junk.iter().copied().chain([*known.borrow()]).map(holder).collect();
            let answer = Packet::query_response(request.id, request.flags, name("NAS"), 300, holders);
            vec![Transmit { interface: 0, to: packet.from, service: Service::Name, bytes: answer.encode() }]
        }),
    );
    *own.borrow_mut() = address;
    (host, address)
}

#[test]
fn a_machine_that_answers_with_addresses_that_lead_nowhere_gets_its_messages_and_nobody_else() {
    seeds(200, |seed| {
        let mut site = Site::new(seed);
        let subnet = site.random.random_range(0..2);
        let other = site.network.node(site.pcs[0].host).interfaces()[0].address;
        let mut junk = vec![
            PRIVATE,
            Ipv4Addr::new(172, 17, 0, 2),
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::LOCALHOST,
            Ipv4Addr::BROADCAST,
            Ipv4Addr::new(10, subnet, 255, 255),
            Ipv4Addr::new(224, 0, 0, 1),
            Ipv4Addr::new(192, 168, 56, 1),
            // Another machine, which does not have the name.
            other,
        ];
        junk.shuffle(&mut site.random);
        let heard = Rc::new(RefCell::new(Vec::new()));
        nas(&mut site.network, subnet, junk, &heard);
        let near: Vec<_> = (0..MACHINES).filter(|index| site.pcs[*index].is_on(subnet)).collect();
        for pc in &site.pcs {
            site.network.events[pc.host].clear();
        }
        for index in &near {
            site.network.send(site.pcs[*index].host, Target::Name(name("NAS")), b"save");
            site.network.run_seconds(1);
        }
        site.network.run_seconds(20);
        let mut from: Vec<_> = heard.borrow().clone();
        from.sort();
        from.dedup();
        assert_eq!(from.len(), near.len(), "{from:?} of {near:?}");
        for pc in &site.pcs {
            assert!(site.network.messages(pc.host).is_empty(), "{} was sent what is for NAS", pc.name);
        }
        site.check();
    });
}
