//! Mailslots over the network: datagrams from another machine, through a node, to a reader on this one.
//!
//! The machines are network namespaces joined by a veth pair, the sender on one side and the receivers on the other. Of
//! the benchmark's processors, one is for the sender and for the system's work up to the receiver's socket. The other
//! is for the receivers: the bare loop alone, node and reader together, or nmbd and its reader together.

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
use mailslot_node::config;
use mailslot_node::log::{self, Format};
use serde::{Deserialize, Serialize};

use self::lan::Lan;
use crate::Result;
use crate::place::Place;
use crate::process::{self, Child};
use crate::scenario::Bench;

/// The task of a child, and its place.
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

/// The receiver of datagrams, which delivers them to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    Node,
    /// A process that only calls `recvmmsg`.
    Bare,
    /// The same with datagrams that the system has joined, as the node receives them.
    BareJoined,
    Nmbd,
}

/// The slot's name, and the port of bare sockets; the others use that of the datagram service.
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

/// Shared by all measures here, in the parent: two machines, a node on one of them, and nmbd if it is installed.
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

/// Why nothing here can be measured, or `None` if it can.
fn missing() -> Option<&'static str> {
    (!rustix::process::geteuid().is_root()).then_some("needs root, to make network namespaces")
}

/// A node with the defaults and the code of `mailslot node`, except for the limits on messages, which one saturating
/// sender would reach. Runs until it is killed.
fn node() -> Result<()> {
    let mut settings = config::Settings::default();
    (settings.computer, settings.workgroup) = (Some(COMPUTER.to_owned()), "BENCHES".to_owned());
    let plenty = Rate { per_second: 10_000_000, burst: 10_000_000 };
    (settings.limits.messages, settings.limits.messages_per_source) = (plenty, plenty);
    // The last of its names to be held.
    let is_ready = |line: &str| line.contains("event=name_held name=BENCHES<1e>");
    log::init(Format::Text, move |line| {
        if is_ready(line) {
            // If the parent is gone, this process is killed.
            let _ = process::passed();
        }
    })?;
    Ok(mailslot_node::run(|| Ok(settings.clone()))?)
}

/// Nanoseconds of processor time of a process, in user space and in the kernel.
fn processor_time(process: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

fn at(address: Ipv4Addr, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(address, port)
}
