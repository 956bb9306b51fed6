//! One run: starts all processes, lets them begin together, and collects their counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machines::Machines;
use super::meter::{LEAST, Seen};
use super::task::{CHILD, Role, Task};
use super::{Peer, cpu};
use crate::Result;
use crate::broker::Broker;
use crate::place::free_port;
use crate::process::Child;
use crate::scenario::now;
use crate::statistics::quantile;

/// The messages of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Load {
    /// As many as possible: receivers ignore those of the warm-up, and count for a time.
    Flood { warm_up: Duration, time: Duration },
    /// This many messages, one after the other.
    Paced { messages: u64 },
    /// This many presences, and no messages.
    Presences { count: usize },
}

pub(crate) struct Run {
    pub(crate) peer: Peer,
    pub(crate) size: usize,
    pub(crate) receivers: usize,
    pub(crate) load: Load,
}

/// The results of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// Deliveries per second of all receivers, or the median latency in microseconds.
    pub(crate) value: f64,
    /// The part of the messages that was lost; for paced ones, the 99th percentile of latency in microseconds.
    pub(crate) lost: f64,
    pub(crate) p99: f64,
    /// Microseconds of processor time for each delivery, by process.
    pub(crate) cpu: Vec<(&'static str, f64)>,
    /// Bytes of memory of a receiving node, or 0.
    pub(crate) node_memory: u64,
}

pub(crate) fn run(run: &Run) -> Result<Outcome> {
    let machines = Machines::create()?;
    let is_slot = matches!(run.peer, Peer::Sealed | Peer::Identities | Peer::Open);
    let plan = Task {
        peer: run.peer,
        role: Role::Sender,
        size: run.size.max(LEAST),
        load: run.load,
        port: free_port()?,
        domain: if is_slot { machines.domain(run.peer)? } else { Default::default() },
        computer: String::new(),
    };
    let start = |role: Role, computer: &str| -> Result<Child> {
        let task = Task { role, computer: computer.to_owned(), ..plan.clone() };
        Child::start_as(CHILD, &task, &machines.slots(computer)?)
    };
    let server = match run.peer {
        Peer::Nats => Some(Broker::nats(plan.port, &machines.path().join("nats.conf"))?),
        _ => None,
    };
    let mut nodes = Vec::new();
    let mut node = |role: Role, computer: &str| -> Result<()> {
        if is_slot {
            let mut node = start(role, computer)?;
            node.reached()?;
            node.proceed()?;
            nodes.push(node);
        }
        Ok(())
    };
    node(Role::SendingNode, "SENDER")?;
    // The listening one first: a session that does not find it tries again only after a second.
    let mut sender = start(Role::Sender, "SENDER")?;
    let mut receivers = Vec::new();
    for number in 0..run.receivers {
        let computer = format!("R{number}");
        node(Role::ReceivingNode, &computer)?;
        let computer = if run.peer == Peer::Local { "SENDER" } else { &computer };
        receivers.push(start(Role::Receiver, computer)?);
    }
    for receiver in &mut receivers {
        receiver.reached()?;
    }
    sender.reached()?;
    let ids = |children: &[Child]| -> Vec<u32> { children.iter().map(Child::id).collect() };
    let groups = [
        ("sender", vec![sender.id()]),
        ("nodes", ids(&nodes)),
        ("server", server.iter().map(Broker::id).collect()),
        ("receivers", ids(&receivers)),
    ];
    let used = || groups.each_ref().map(|(_, ids)| ids.iter().map(|&id| cpu::seconds(id)).sum::<f64>());
    for receiver in &mut receivers {
        receiver.proceed()?;
    }
    let (before, begin) = (used(), now());
    sender.proceed()?;
    let mut seen: Vec<Seen> = Vec::new();
    for receiver in &mut receivers {
        seen.push(receiver.result()?);
    }
    let (after, elapsed) = (used(), (now() - begin) as f64 / 1e9);
    let mut outcome = outcome(run, &seen);
    // The rate of a flood is assumed for its whole time.
    let deliveries = match run.load {
        Load::Flood { .. } => outcome.value * elapsed,
        Load::Paced { messages } => messages as f64 * run.receivers as f64,
        Load::Presences { .. } => 1.0,
    };
    outcome.cpu = groups
        .iter()
        .zip(before.iter().zip(after))
        .map(|((name, _), (before, after))| (*name, (after - before) * 1e6 / deliveries))
        .collect();
    outcome.cpu.retain(|(_, time)| *time > 0.0);
    outcome.node_memory = nodes.get(1).map_or(0, |node| cpu::memory(node.id()));
    Ok(outcome)
}

fn outcome(run: &Run, seen: &[Seen]) -> Outcome {
    let sum = |of: fn(&Seen) -> f64| seen.iter().map(of).sum::<f64>();
    match run.load {
        Load::Flood { .. } => {
            let (messages, lost) = (sum(|seen| seen.messages as f64), sum(|seen| seen.lost as f64));
            let value = sum(|seen| seen.messages as f64 * 1e9 / seen.nanoseconds.max(1) as f64);
            Outcome { value, lost: lost / (messages + lost).max(1.0), ..Outcome::default() }
        }
        Load::Paced { messages } => {
            let all: Vec<f64> = seen.iter().flat_map(|seen| &seen.latencies).map(|&time| time as f64 / 1e3).collect();
            let sent = messages as f64 * seen.len() as f64;
            Outcome {
                value: quantile(&all, 0.5),
                p99: quantile(&all, 0.99),
                lost: 1.0 - all.len() as f64 / sent,
                ..Outcome::default()
            }
        }
        Load::Presences { .. } => Outcome::default(),
    }
}
