//! The simulated network: subnets with their broadcasts, and routes between them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::{Duration, Instant};

use mailslot_netbios::{
    Cast, Config, Event, Interface, Message, NameState, Node, QueryOutcome, Received, Service, Target, Transmit,
};
use mailslot_wire::Name;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::wins::Wins;

/// The conditions of the network, applied to each copy of a packet separately.
#[derive(Clone, Copy)]
pub struct Conditions {
    /// Of a hundred packets, how many are lost.
    pub loss: u32,
    /// Of a hundred packets, how many are duplicated.
    pub copies: u32,
    /// The longest delay of a packet; packets overtake each other.
    pub delay: Duration,
}

pub const PERFECT: Conditions = Conditions { loss: 0, copies: 0, delay: Duration::from_millis(1) };
pub const BAD: Conditions = Conditions { loss: 10, copies: 15, delay: Duration::from_millis(40) };

/// Bytes of an IP and a UDP header.
const IP_UDP: u64 = 28;

/// The number of a machine.
pub type Host = usize;

pub struct Network {
    pub now: Instant,
    pub conditions: Conditions,
    /// Machines on different sides are cut off from each other.
    pub sides: HashMap<Host, u8>,
    /// The events of each machine's node, oldest first.
    pub events: Vec<Vec<Event>>,
    /// All packets sent, delivered or not, and their bytes with IP and UDP headers.
    pub packets: u64,
    pub bytes: u64,
    machines: Vec<Machine>,
    places: BTreeMap<Ipv4Addr, (Host, u32)>,
    addresses: HashMap<(Host, u32), Ipv4Addr>,
    subnets: HashMap<u8, Vec<(Host, u32)>>,
    /// How many addresses of each subnet are assigned.
    given: HashMap<u8, usize>,
    queue: BinaryHeap<Reverse<(Instant, u64, Delivery)>>,
    deadlines: BinaryHeap<Reverse<(Instant, Host)>>,
    sequence: u64,
    random: StdRng,
}

enum Machine {
    Node(Box<Node>),
    Wins(Wins),
    Other(Behaviour),
    Off,
}

/// The behaviour of a machine that is not a node: what it sends, from its only address, when it receives a packet.
pub type Behaviour = Box<dyn FnMut(&Heard<'_>) -> Vec<Transmit>>;

/// A packet that a machine has received.
pub struct Heard<'a> {
    pub from: SocketAddrV4,
    pub service: Service,
    pub cast: Cast,
    pub bytes: &'a [u8],
}

/// The network of an interface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Plug {
    /// The subnet 10.N.0.0/16.
    Subnet(u8),
    /// A private network, in which all machines have the same address, like docker0.
    Private,
}

/// The address of machines in their private networks.
pub const PRIVATE: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Delivery {
    host: Host,
    interface: u32,
    from: SocketAddrV4,
    is_name_service: bool,
    is_broadcast: bool,
    bytes: Rc<[u8]>,
}

impl Network {
    pub fn new(seed: u64, conditions: Conditions) -> Network {
        Network {
            now: Instant::now(),
            conditions,
            sides: HashMap::new(),
            events: Vec::new(),
            packets: 0,
            bytes: 0,
            machines: Vec::new(),
            places: BTreeMap::new(),
            addresses: HashMap::new(),
            subnets: HashMap::new(),
            given: HashMap::new(),
            queue: BinaryHeap::new(),
            deadlines: BinaryHeap::new(),
            sequence: 0,
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// A node with one interface on each of `subnets`: 10.SUBNET.0.N, with N counting up per subnet.
    pub fn add(&mut self, config: Config, subnets: &[u8]) -> Host {
        self.add_at(config, &subnets.iter().copied().map(Plug::Subnet).collect::<Vec<_>>())
    }

    /// A node with one interface on each plug. Beyond its subnets, it sends from the first of them.
    pub fn add_at(&mut self, config: Config, plugs: &[Plug]) -> Host {
        let host = self.machines.len();
        let interfaces: Vec<_> = (0..).zip(plugs).map(|(id, plug)| self.plug(host, id, *plug)).collect();
        let node = Node::new(config, Vec::new(), self.now, self.random.random());
        self.machines.push(Machine::Node(Box::new(node)));
        self.events.push(Vec::new());
        self.set_interfaces(host, interfaces);
        host
    }

    /// A machine on one subnet that is not a node.
    pub fn add_other(&mut self, subnet: u8, behaviour: Behaviour) -> (Host, Ipv4Addr) {
        let host = self.machines.len();
        let address = self.plug(host, 0, Plug::Subnet(subnet)).address;
        self.machines.push(Machine::Other(behaviour));
        self.events.push(Vec::new());
        (host, address)
    }

    /// Changes the address of the node's interface on the subnet.
    pub fn change_address(&mut self, host: Host, subnet: u8) {
        let mut interfaces = self.node(host).interfaces().to_vec();
        let on_subnet = |interface: &&mut Interface| interface.address.octets()[..2] == [10, subnet];
        let changed = interfaces.iter_mut().find(on_subnet).expect("it is on that subnet");
        self.places.remove(&changed.address);
        self.subnets.entry(subnet).or_default().retain(|at| *at != (host, changed.id));
        *changed = self.plug(host, changed.id, Plug::Subnet(subnet));
        self.set_interfaces(host, interfaces);
    }

    fn set_interfaces(&mut self, host: Host, interfaces: Vec<Interface>) {
        let first = interfaces.iter().map(|interface| interface.address).find(|address| *address != PRIVATE);
        self.with(host, |node, now| {
            node.set_route(move |to| first.filter(|_| to.octets()[0] == 10));
            node.set_interfaces(interfaces, now);
        });
    }

    /// A B node on subnet 0.
    pub fn add_plain(&mut self, computer: &str, workgroup: &str) -> Host {
        self.add(Config::new(computer, workgroup).expect("valid names"), &[0])
    }

    pub fn add_wins(&mut self, subnet: u8) -> Ipv4Addr {
        let host = self.machines.len();
        let interface = self.plug(host, 0, Plug::Subnet(subnet));
        self.machines.push(Machine::Wins(Wins::default()));
        self.events.push(Vec::new());
        interface.address
    }

    /// Turns the machine off; it releases nothing.
    pub fn turn_off(&mut self, host: Host) {
        self.machines[host] = Machine::Off;
    }

    /// Restarts the name server, which loses all its data.
    pub fn restart_wins(&mut self, address: Ipv4Addr) {
        let host = self.host_at(address);
        self.machines[host] = Machine::Wins(Wins::default());
    }

    /// Cuts the machine at `address` off from all others, or ends that. It keeps its state.
    pub fn cut_off(&mut self, address: Ipv4Addr, is_so: bool) {
        let host = self.host_at(address);
        if is_so {
            self.sides.insert(host, u8::MAX)
        } else {
            self.sides.remove(&host)
        };
    }

    /// The addresses of the name according to the name server at `address`.
    pub fn known_to(&self, address: Ipv4Addr, name: &Name) -> Vec<Ipv4Addr> {
        let Machine::Wins(wins) = &self.machines[self.host_at(address)] else { panic!("{address} is no name server") };
        wins.addresses(name)
    }

    pub fn host_at(&self, address: Ipv4Addr) -> Host {
        self.places[&address].0
    }

    /// Runs `call` on the node, and handles its packets and events.
    pub fn with<T>(&mut self, host: Host, call: impl FnOnce(&mut Node, Instant) -> T) -> T {
        let now = self.now;
        let Machine::Node(node) = &mut self.machines[host] else { panic!("machine {host} is no node") };
        let result = call(node, now);
        self.drain(host);
        result
    }

    pub fn node(&self, host: Host) -> &Node {
        let Machine::Node(node) = &self.machines[host] else { panic!("machine {host} is no node") };
        node
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let packet = self.queue.peek().map(|Reverse((at, ..))| *at);
            let deadline = self.deadlines.peek().map(|Reverse((at, _))| *at);
            let Some(next) = packet.into_iter().chain(deadline).min().filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            if packet == Some(next) {
                let Some(Reverse((_, _, delivery))) = self.queue.pop() else { break };
                self.deliver(delivery);
            } else if let Some(Reverse((at, host))) = self.deadlines.pop() {
                self.wake(host, at);
            }
        }
        self.now = end;
    }

    pub fn run_seconds(&mut self, seconds: u64) {
        self.run(Duration::from_secs(seconds));
    }

    /// The machines that hold the name on any interface.
    pub fn holders(&self, name: &Name) -> Vec<Host> {
        let holds = |node: &Node| node.names().any(|held| held.name == *name && held.state == NameState::Held);
        let nodes = self.machines.iter().enumerate();
        nodes
            .filter(|(_, machine)| matches!(machine, Machine::Node(node) if holds(node)))
            .map(|(host, _)| host)
            .collect()
    }

    /// The messages that the machine's slots have received.
    pub fn messages(&self, host: Host) -> Vec<&Message> {
        self.events[host]
            .iter()
            .filter_map(|event| if let Event::Message(m) = event { Some(m) } else { None })
            .collect()
    }

    pub fn send(&mut self, host: Host, target: Target, data: &[u8]) {
        self.with(host, |node, now| node.send_mailslot(now, target, b"test", data)).expect("the message can be sent");
    }

    /// Resolves a name and waits for the outcome.
    pub fn resolve(&mut self, host: Host, name: &Name) -> QueryOutcome {
        let request = self.with(host, |node, now| node.resolve(now, name.clone()));
        for _ in 0..60 {
            for event in &self.events[host] {
                if let Event::Resolved { request: r, outcome, .. } = event
                    && *r == request
                {
                    return outcome.clone();
                }
            }
            self.run_seconds(1);
        }
        panic!("the query for {name} never ends");
    }

    /// Delivers a packet as if from a machine that is not a node.
    pub fn inject(&mut self, host: Host, from: &str, service: Service, cast: Cast, bytes: &[u8]) {
        let from = from.parse().expect("an address with a port");
        self.with(host, |node, now| node.handle_packet(now, Received { interface: 0, from, service, cast }, bytes));
    }

    fn plug(&mut self, host: Host, id: u32, plug: Plug) -> Interface {
        let Plug::Subnet(subnet) = plug else {
            self.addresses.insert((host, id), PRIVATE);
            return Interface { id, address: PRIVATE, prefix: 16, broadcast: Some(Ipv4Addr::new(172, 17, 255, 255)) };
        };
        self.subnets.entry(subnet).or_default().push((host, id));
        let given = self.given.entry(subnet).or_default();
        let number = *given;
        *given += 1;
        let block = u8::try_from(number / 254).expect("a subnet has at most 64,770 machines");
        assert_ne!(block, 255, "a subnet has at most 64,770 machines");
        let address = Ipv4Addr::new(10, subnet, block, (number % 254) as u8 + 1);
        self.places.insert(address, (host, id));
        self.addresses.insert((host, id), address);
        Interface { id, address, prefix: 16, broadcast: Some(Ipv4Addr::new(10, subnet, 255, 255)) }
    }

    fn wake(&mut self, host: Host, at: Instant) {
        let due = match &mut self.machines[host] {
            Machine::Node(node) if node.poll_timeout().is_some_and(|due| due <= at) => {
                node.handle_timeout(at);
                true
            }
            Machine::Wins(wins) => {
                wins.handle_timeout(at);
                true
            }
            _ => false,
        };
        if due {
            self.drain(host);
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        let Delivery { host, interface, from, is_name_service, is_broadcast, bytes } = delivery;
        let service = if is_name_service { Service::Name } else { Service::Datagram };
        let cast = if is_broadcast { Cast::Broadcast } else { Cast::Unicast };
        match &mut self.machines[host] {
            Machine::Node(node) => node.handle_packet(self.now, Received { interface, from, service, cast }, &bytes),
            Machine::Wins(wins) if !is_broadcast && is_name_service => wins.handle_packet(self.now, from, &bytes),
            Machine::Other(behaviour) => {
                for answer in behaviour(&Heard { from, service, cast, bytes: &bytes }) {
                    self.transmit(host, answer);
                }
                return;
            }
            _ => return,
        }
        self.drain(host);
    }

    fn drain(&mut self, host: Host) {
        let (packets, deadline) = match &mut self.machines[host] {
            Machine::Node(node) => {
                self.events[host].extend(std::iter::from_fn(|| node.poll_event()));
                (std::iter::from_fn(|| node.poll_transmit()).collect(), node.poll_timeout())
            }
            Machine::Wins(wins) => (wins.take_packets(), wins.poll_timeout()),
            Machine::Other(_) | Machine::Off => return,
        };
        self.deadlines.extend(deadline.map(|at| Reverse((at, host))));
        for packet in packets {
            self.transmit(host, packet);
        }
    }

    /// Sends a packet from the machine.
    pub fn transmit(&mut self, host: Host, packet: Transmit) {
        let Some(&source) = self.addresses.get(&(host, packet.interface)) else {
            panic!("machine {host} has no interface {}", packet.interface)
        };
        let port = if packet.service == Service::Name { 137 } else { 138 };
        let from = SocketAddrV4::new(source, port);
        self.packets += 1;
        self.bytes += IP_UDP + packet.bytes.len() as u64;
        let [_, subnet, end @ ..] = packet.to.ip().octets();
        let delivery = |host, interface, is_broadcast| Delivery {
            host,
            interface,
            from,
            is_name_service: packet.service == Service::Name,
            is_broadcast,
            bytes: packet.bytes.as_slice().into(),
        };
        if end == [255, 255] && packet.to.ip().octets()[0] == 10 {
            assert_eq!(source.octets()[1], subnet, "a broadcast leaves by the interface of its subnet");
            let all = delivery(host, packet.interface, true);
            for (receiver, interface) in self.subnets[&subnet].clone() {
                self.carry(host, Delivery { host: receiver, interface, ..all.clone() });
            }
        } else if let Some(&(receiver, interface)) = self.places.get(packet.to.ip()) {
            self.carry(host, delivery(receiver, interface, false));
        }
    }

    fn carry(&mut self, sender: Host, delivery: Delivery) {
        let Conditions { loss, copies, delay } = self.conditions;
        if self.sides.get(&sender) != self.sides.get(&delivery.host) || self.random.random_range(0..100) < loss {
            return;
        }
        let number = if self.random.random_range(0..100) < copies { 2 } else { 1 };
        for _ in 0..number {
            let takes = Duration::from_micros(self.random.random_range(50..=delay.as_micros() as u64));
            self.sequence += 1;
            self.queue.push(Reverse((self.now + takes, self.sequence, delivery.clone())));
        }
    }
}
