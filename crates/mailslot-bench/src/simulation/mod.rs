//! Nodes on one segment, in virtual time: time and cost of names by the number of nodes.
//!
//! The network is the one of the tests of `mailslot-node`, and the nodes run the node's protocol code. A run follows
//! from its seed, so the results are the same on every machine.

// The tests need more of it than this does.
#[allow(dead_code)]
#[path = "../../../mailslot-netbios/tests/simulator/network.rs"]
mod network;
#[allow(dead_code)]
#[path = "../../../mailslot-netbios/tests/simulator/wins.rs"]
mod wins;

use std::time::{Duration, Instant};

use mailslot_netbios::{Event, NameState, QueryOutcome, Target};
use mailslot_wire::Name;

use self::network::{BAD, Conditions, Network, PERFECT};
use crate::Result;
use crate::report::Curve;
use crate::scenario::Bench;

/// All machines are switched on within this time.
const SWITCHED_ON: Duration = Duration::from_secs(1);
/// The resolution of times.
const STEP: Duration = Duration::from_millis(1);
/// The longest time that anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);
const SEED: u64 = 1;

/// A kind of segment.
struct Case {
    title: &'static str,
    conditions: Conditions,
    /// Whether one of every ten machines claims another one's name.
    contended: bool,
}

const CASES: [Case; 3] = [
    Case { title: "good network", conditions: PERFECT, contended: false },
    Case { title: "contended names", conditions: PERFECT, contended: true },
    Case { title: "bad network", conditions: BAD, contended: false },
];

/// The results of a run.
struct Outcomes {
    claimed: Cost,
    found: Cost,
    /// Nodes that did not find a name, because packets were lost at every try.
    missed: usize,
}

/// The cost of a phase.
struct Cost {
    milliseconds: f64,
    packets: u64,
    bytes: u64,
}

/// Time, packets and bytes until all machines hold their names, and then until each has looked for another machine's
/// name; and how many did not find it.
pub(crate) fn measure(bench: &Bench) -> Result<[Curve; 4]> {
    let curve = |id, title, y| Curve::new(id, title, "nodes on one segment", y);
    let mut missed = curve("network_names_missed", "Names not found at the first attempt", "nodes");
    let mut curves = [
        curve("network_names_time", "Time until all names are held or found", "ms"),
        curve("network_names_packets", "Packets for all names to be held or found", "packets on the wire"),
        curve("network_names_bytes", "Bytes for all names to be held or found", "bytes on the wire"),
    ];
    for &nodes in &bench.effort.nodes {
        for case in &CASES {
            let outcomes = case.run(nodes)?;
            missed.add(case.title, nodes as f64, outcomes.missed as f64);
            for (what, cost) in [("held", outcomes.claimed), ("found", outcomes.found)] {
                let series = format!("{what}: {}", case.title);
                let values = [cost.milliseconds, cost.packets as f64, cost.bytes as f64];
                for (curve, value) in curves.iter_mut().zip(values) {
                    curve.add(&series, nodes as f64, value);
                }
            }
        }
    }
    let [time, packets, bytes] = curves;
    Ok([time, packets, bytes, missed])
}

impl Case {
    fn run(&self, nodes: usize) -> Result<Outcomes> {
        let mut network = Network::new(SEED, self.conditions);
        let begin = Meter::start(&network);
        for number in 0..nodes {
            network.add_plain(&self.computer(number), "PLANT");
            network.run(SWITCHED_ON / nodes as u32);
        }
        let is_settled = |network: &Network| {
            (0..nodes).all(|host| network.node(host).names().all(|name| name.state != NameState::Claiming))
        };
        let claimed = begin.until(&mut network, is_settled)?;
        self.check(&network, nodes)?;

        let begin = Meter::start(&network);
        for host in 0..nodes {
            let name = Name::new(&self.computer((host + 1) % nodes), 0)?;
            network.with(host, |node, now| node.resolve(now, name));
        }
        let answers = |network: &Network| {
            let is_answer = |event: &&Event| matches!(event, Event::Resolved { .. });
            network.events.iter().filter(|events| events.iter().any(|event| is_answer(&event))).count()
        };
        let found = begin.until(&mut network, |network| answers(network) == nodes)?;
        let is_found = |event: &Event| matches!(event, Event::Resolved { outcome: QueryOutcome::Found(_), .. });
        let missed = network.events.iter().filter(|events| !events.iter().any(is_found)).count();
        if self.conditions.loss == 0 && missed > 0 {
            return Err(format!("{}: {missed} of {nodes} nodes do not find a name", self.title).into());
        }

        network.send(0, Target::OwnDomain, b"news");
        network.run(Duration::from_secs(1));
        let reached = (0..nodes).filter(|host| network.messages(*host).len() == 1).count();
        if self.conditions.loss == 0 && reached != nodes {
            return Err(format!("{}: a message reached {reached} of {nodes} nodes once", self.title).into());
        }
        Ok(Outcomes { claimed, found, missed })
    }

    fn computer(&self, number: usize) -> String {
        let number = if self.contended && number % 10 == 9 { number - 1 } else { number };
        format!("PC{number}")
    }

    /// Each computer's name has one holder.
    fn check(&self, network: &Network, nodes: usize) -> Result<()> {
        for number in 0..nodes {
            let name = Name::new(&self.computer(number), 0)?;
            let holders = network.holders(&name).len();
            if holders != 1 {
                return Err(format!("{}: {name} has {holders} holders among {nodes} nodes", self.title).into());
            }
        }
        Ok(())
    }
}

/// The state of a network at one moment.
struct Meter {
    now: Instant,
    packets: u64,
    bytes: u64,
}

impl Meter {
    fn start(network: &Network) -> Meter {
        Meter { now: network.now, packets: network.packets, bytes: network.bytes }
    }

    /// Advances time until `done`.
    fn until(&self, network: &mut Network, done: impl Fn(&Network) -> bool) -> Result<Cost> {
        while !done(network) {
            if network.now > self.now + PATIENCE {
                return Err("the simulated nodes do not come to an end".into());
            }
            network.run(STEP);
        }
        Ok(Cost {
            milliseconds: (network.now - self.now).as_secs_f64() * 1e3,
            packets: network.packets - self.packets,
            bytes: network.bytes - self.bytes,
        })
    }
}
