//! Mailslots over the network: datagrams of another machine, through a node, to a reader of this one.
//!
//! The machines are network namespaces joined by a veth pair, the sender on one side and the receivers on the other. On
//! the processors of the benchmark the sender has one for itself, and with it all that the system does to bring a datagram
//! into the receiver's socket; receivers have the other one: the bare loop alone, node and reader together, nmbd and its
//! reader together.

mod lan;
pub(crate) mod latency;
pub(crate) mod loss;
mod nmbd;
mod packet;
pub(crate) mod rate;
mod receive;
mod send;
mod udp;

use std::net::{Ipv4Addr, SocketAddrV4};

use mailslot_netbios::limits::Rate;
use mailslot_node::config::Settings;
use mailslot_node::log::{self, Format};
use serde::{Deserialize, Serialize};

use self::lan::Lan;
use crate::Result;
use crate::place::Place;
use crate::process::{self, Child};
use crate::scenario::Bench;

/// What a child is to do, and where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    cpus: Vec<usize>,
    role: Role,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Role {
    Node,
    Receive(receive::Source),
    Send(send::Plan),
    Echo,
    ReceiveTimes(receive::Source),
    SendTimes(latency::Times),
}

/// Who takes datagrams and brings them to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    Node,
    /// A process that does nothing but `recvmmsg`.
    Bare,
    /// The same, and takes datagrams that the system has joined, as the node does.
    BareJoined,
    Nmbd,
}

/// The slot's name, and the port where bare sockets are; the others have that of the datagram service.
const SLOT: &str = "bench";
const BARE_PORT: u16 = 1138;
const DATAGRAM_PORT: u16 = 138;
const COMPUTER: &str = "BENCH";

impl Task {
    /// Does the task, in the child.
    pub(crate) fn run(self) -> Result<()> {
        process::settle(&self.cpus)?;
        match self.role {
            Role::Node => node(),
            Role::Receive(source) => source.receive(),
            Role::Send(plan) => plan.run(),
            Role::Echo => latency::echo(),
            Role::ReceiveTimes(source) => source.receive_times(),
            Role::SendTimes(times) => times.run(),
        }
    }
}

impl From<Receiver> for &'static str {
    fn from(receiver: Receiver) -> &'static str {
        match receiver {
            Receiver::Node => "mailslot",
            Receiver::Bare => "bare recvmmsg",
            Receiver::BareJoined => "bare recvmmsg with UDP GRO",
            Receiver::Nmbd => "nmbd",
        }
    }
}

/// What all measures here share in the parent: two machines, a node that runs on one of them, and nmbd if it is there.
struct Stage<'a> {
    bench: &'a Bench,
    lan: Lan,
    place: Place,
    node: Child,
}

impl<'a> Stage<'a> {
    fn build(bench: &'a Bench) -> Result<Stage<'a>> {
        let (lan, place) = (Lan::create()?, bench.places.next());
        let task = Task { cpus: bench.cpus.reader.clone(), role: Role::Node };
        let mut node = Child::start_in(&lan.receiver, &place, &task)?;
        node.reached()?;
        Ok(Stage { bench, lan, place, node })
    }

    /// Starts a child on the receivers' side.
    fn receiver(&self, role: Role) -> Result<Child> {
        Child::start_in(&self.lan.receiver, &self.place, &Task { cpus: self.bench.cpus.reader.clone(), role })
    }

    /// Starts a child on the sender's side.
    fn sender(&self, role: Role) -> Result<Child> {
        Child::start_in(&self.lan.sender, &self.place, &Task { cpus: self.bench.cpus.writer(), role })
    }
}

/// Why nothing here can be measured, if so.
fn missing() -> Option<&'static str> {
    (!rustix::process::geteuid().is_root()).then_some("needs root, to make network namespaces")
}

/// A node with its defaults, the same code as `mailslot node`, but for the limits on messages, which one saturating sender
/// reaches. It runs until it is killed.
fn node() -> Result<()> {
    let mut settings = Settings::default();
    (settings.computer, settings.workgroup) = (Some(COMPUTER.to_owned()), "BENCHES".to_owned());
    let plenty = Rate { per_second: 10_000_000, burst: 10_000_000 };
    (settings.limits.messages, settings.limits.messages_per_source) = (plenty, plenty);
    // The last of its names.
    let is_ready = |line: &str| line.contains("event=name_held name=BENCHES<1e>");
    log::init(Format::Text, move |line| {
        if is_ready(line) {
            // A parent that is gone takes this process with it.
            let _ = process::passed();
        }
    })?;
    Ok(mailslot_node::run(|| Ok(settings.clone()))?)
}

/// Nanoseconds that a process has run on a processor, in user space and in the kernel.
fn processor_time(process: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

fn at(address: Ipv4Addr, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(address, port)
}
