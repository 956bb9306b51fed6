//! Modern domains beside bare Zenoh and NATS: from a process on one machine to processes on others, all on this one.
//!
//! Every machine has separate slots and a node. The nodes have sessions with each other over TCP on the loopback
//! interface, as do the bare sessions.

mod cpu;
mod crowd;
mod machines;
mod meter;
mod nats;
mod results;
mod run;
mod slot;
mod task;
mod zenoh;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::results::{Curves, Goal};
use self::run::{Load, Run, run};
pub(crate) use self::task::{CHILD, Task};
use crate::machine::{self, Usage};
use crate::{Result, broker, plot};

/// The carrier of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Peer {
    /// A sealed domain: slot, node, Zenoh, node, slot.
    Sealed,
    /// The same with a domain whose computers sign what they send.
    Identities,
    /// The same with a domain that is open.
    Open,
    /// A slot of the same machine, without any network: the cost of the two ends.
    Local,
    /// A publisher and a subscriber with a callback, each with a session.
    Zenoh,
    /// A publisher, and a subscriber whose thread waits for messages.
    ZenohReader,
    /// The same with the settings that nodes give their sessions: access control, and a limit for sizes.
    ZenohSettings,
    /// A publishing and a subscribing client, and the server between them.
    Nats,
}

impl Peer {
    const ALL: [Peer; 8] = [
        Peer::Sealed,
        Peer::Identities,
        Peer::Open,
        Peer::Local,
        Peer::Zenoh,
        Peer::ZenohReader,
        Peer::ZenohSettings,
        Peer::Nats,
    ];

    fn name(self) -> &'static str {
        match self {
            Peer::Sealed => "mailslot, sealed",
            Peer::Identities => "mailslot, identities",
            Peer::Open => "mailslot, open",
            Peer::Local => "mailslot, one machine",
            Peer::Zenoh => "zenoh",
            Peer::ZenohReader => "zenoh, a waiting reader",
            Peer::ZenohSettings => "zenoh, a node's settings",
            Peer::Nats => "NATS",
        }
    }
}

/// The amounts of a run.
struct Effort {
    repetitions: usize,
    warm_up: Duration,
    time: Duration,
    /// Messages whose latency is measured.
    messages: u64,
    sizes: &'static [usize],
    latency_sizes: &'static [usize],
    receivers: &'static [usize],
    presences: &'static [usize],
}

const FULL: Effort = Effort {
    repetitions: 5,
    warm_up: Duration::from_millis(100),
    time: Duration::from_millis(300),
    messages: 500,
    sizes: &[64, 1 << 10, 16 << 10],
    latency_sizes: &[64, 1 << 10, 16 << 10],
    receivers: &[1, 2, 4, 8, 16, 32],
    presences: &[1000, 3000, 10_000],
};

const QUICK: Effort = Effort {
    repetitions: 1,
    warm_up: Duration::from_millis(5),
    time: Duration::from_millis(20),
    messages: 10,
    sizes: &[64],
    latency_sizes: &[64],
    receivers: &[1, 2],
    presences: &[10],
};

type Part = fn(&Effort) -> Result<Curves>;

/// The parts, which can be run separately.
const PARTS: [(&str, Part); 3] =
    [("domain_throughput", throughput), ("domain_latency", latency), ("domain_fan_out", fan_out)];

/// Measures the parts whose names contain `only`, and writes the results of each to `out`.
pub(crate) fn measure(quick: bool, only: &str, out: &Path) -> Result<()> {
    fs::create_dir_all(out)?;
    let effort = if quick { QUICK } else { FULL };
    for (name, part) in PARTS.iter().filter(|(name, _)| name.contains(only)) {
        let usage = Usage::now();
        let machine = machine::describe(&crate::process::Cpus::default());
        let mut curves = part(&effort)?;
        curves.disturb(usage.others_since());
        print!("{}", curves.table());
        let results = json!({ "machine": machine, "quick": quick, "versions": versions(), "results": curves.json() });
        fs::write(out.join(format!("{name}.json")), serde_json::to_string_pretty(&results)? + "\n")?;
        for curve in curves.curves() {
            fs::write(out.join(format!("{}.svg", curve.id)), plot::curve(curve))?;
        }
    }
    if PRESENCES.contains(only) {
        presences(&effort, quick, out)?;
    }
    println!("results in {}", out.display());
    Ok(())
}

/// Whether `only` selects a part of this module.
pub(crate) fn has(only: &str) -> bool {
    PARTS.iter().any(|(name, _)| name.contains(only)) || PRESENCES.contains(only)
}

/// The part without a curve.
const PRESENCES: &str = "domain_presences";

/// The cost to a node of many computers.
fn presences(effort: &Effort, quick: bool, out: &Path) -> Result<()> {
    let mut all = Vec::new();
    for &count in effort.presences {
        let measured = crowd::measure(count)?;
        println!("{measured}");
        all.push(measured);
    }
    let machine = machine::describe(&crate::process::Cpus::default());
    let results = json!({ "machine": machine, "quick": quick, "versions": versions(), "results": all });
    Ok(fs::write(out.join(format!("{PRESENCES}.json")), serde_json::to_string_pretty(&results)? + "\n")?)
}

fn versions() -> serde_json::Value {
    json!({ "zenoh": "1.10.2", "servers": broker::versions().into_iter().collect::<BTreeMap<_, _>>() })
}

/// Messages per second from a process that writes as fast as it can.
fn throughput(effort: &Effort) -> Result<Curves> {
    let mut curves = Curves::new(
        "domain_throughput",
        "From process to process across the network",
        "bytes of a message",
        "messages/s",
    );
    for &size in effort.sizes {
        for _ in 0..effort.repetitions {
            for peer in Peer::ALL {
                let load = Load::Flood { warm_up: effort.warm_up, time: effort.time };
                curves.add(peer, size, &run(&Run { peer, size, receivers: 1, load }));
            }
        }
    }
    curves.reach(Goal { text: "≥ 0.8 × zenoh", own: Peer::Sealed, other: Peer::Zenoh, limit: 0.8 });
    curves.reach(Goal { text: "≥ 0.8 × sealed", own: Peer::Identities, other: Peer::Sealed, limit: 0.8 });
    Ok(curves)
}

/// Time from before a write until a sleeping reader has the message, at one message a millisecond.
fn latency(effort: &Effort) -> Result<Curves> {
    let mut curves = Curves::new("domain_latency", "One-way latency across the network", "bytes of a message", "µs");
    for &size in effort.latency_sizes {
        for _ in 0..effort.repetitions {
            for peer in Peer::ALL {
                let load = Load::Paced { messages: effort.messages };
                curves.add(peer, size, &run(&Run { peer, size, receivers: 1, load }));
            }
        }
    }
    curves.reach(Goal { text: "≤ 1.3 × zenoh", own: Peer::Sealed, other: Peer::Zenoh, limit: 1.3 });
    curves.reach(Goal {
        text: "≤ 1.3 × zenoh, a waiting reader",
        own: Peer::Sealed,
        other: Peer::ZenohReader,
        limit: 1.3,
    });
    Ok(curves)
}

/// Deliveries per second, all receivers together.
fn fan_out(effort: &Effort) -> Result<Curves> {
    let mut curves = Curves::new(
        "domain_fan_out",
        "One to many, 64 B, each receiver a machine of its own",
        "receivers",
        "deliveries/s",
    );
    for &receivers in effort.receivers {
        for peer in [Peer::Sealed, Peer::Zenoh, Peer::Nats] {
            let load = Load::Flood { warm_up: effort.warm_up, time: effort.time };
            curves.add(peer, receivers, &run(&Run { peer, size: 64, receivers, load }));
        }
    }
    Ok(curves)
}
