//! The cost of one slot among many.
//!
//! All slots exist at the same time, in as few processes as the limit of open descriptors allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::{Bench, Role, Task, now, number, stamp};
use crate::Result;
use crate::peer::{Peer, Receiver, Sender, Shape};
use crate::process::{Child, report, step};
use crate::report::Curve;
use crate::statistics::median;

/// The number of slots, and of passes over all of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    slots: usize,
    /// A pass sends [`PER_PASS`] messages to each, then reads all of them.
    passes: usize,
}

const SHAPE: Shape = Shape { size: 64, writers: 1, strangers: false, members: 0 };
/// No more than any peer queues by default.
const PER_PASS: usize = 8;
/// The most descriptors that a slot takes in its owner.
const DESCRIPTORS: u64 = 4;

pub(crate) fn measure(bench: &Bench) -> Result<Curve> {
    let mut curve = Curve::new("slots", "One slot among many", "slots", "ns per operation");
    for peer in [Peer::Slot, Peer::Datagram] {
        for &slots in &bench.effort.slots {
            let repetitions = if slots > 1000 { 1 } else { bench.effort.curve_repetitions };
            let costs = (0..repetitions).map(|_| costs(bench, peer, slots)).collect::<Result<Vec<Costs>>>();
            match costs {
                Ok(costs) => {
                    for (index, operation) in ["create", "open", "write", "read"].into_iter().enumerate() {
                        let values: Vec<f64> = costs.iter().map(|costs| costs[index]).collect();
                        curve.add(&format!("{}: {operation}", peer.name()), slots as f64, median(&values));
                    }
                }
                Err(error) => curve.skip(peer, slots, &error.to_string()),
            }
        }
    }
    Ok(curve)
}

/// Nanoseconds of create, open, write and read.
type Costs = [f64; 4];

fn costs(bench: &Bench, peer: Peer, slots: usize) -> Result<Costs> {
    let pairs = slots.div_ceil((descriptor_limit() / DESCRIPTORS).max(1) as usize);
    let plan = Plan { slots: slots / pairs, passes: (2000 / (slots * PER_PASS)).clamp(2, 50) };
    let place = bench.places.next();
    let mut readers = Vec::new();
    for pair in 0..pairs {
        readers.push(bench.reader(&place.branch(pair), peer, SHAPE, Role::SlotsReader(plan))?);
        readers[pair].reached()?;
    }
    let mut writers = Vec::new();
    for pair in 0..pairs {
        writers.push(bench.writer(&place.branch(pair), peer, SHAPE, Role::SlotsWriter(plan))?);
        writers[pair].reached()?;
    }
    for _ in 0..plan.passes {
        for child in writers.iter_mut().chain(&mut readers) {
            child.proceed()?;
            child.reached()?;
        }
    }
    for child in writers.iter_mut().chain(&mut readers) {
        child.proceed()?;
    }
    let [open, write] = mean(writers)?;
    let [create, read] = mean(readers)?;
    Ok([create, open, write, read])
}

fn mean(children: Vec<Child>) -> Result<[f64; 2]> {
    let count = children.len() as f64;
    let mut sums = [0.0; 2];
    for child in children {
        let costs: [f64; 2] = child.finish()?;
        sums = [sums[0] + costs[0], sums[1] + costs[1]];
    }
    Ok(sums.map(|sum| sum / count))
}

impl Plan {
    pub(crate) fn read<R: Receiver>(&self, task: &Task) -> Result<()> {
        raise_descriptor_limit();
        let begin = now();
        let mut receivers = (0..self.slots)
            .map(|number| R::create(&task.place.branch(number), task.shape))
            .collect::<Result<Vec<R>>>()?;
        let create = (now() - begin) as f64 / self.slots as f64;
        step()?;
        let mut buffer = vec![0; task.shape.buffer()];
        let mut passes = Vec::new();
        for _ in 0..self.passes {
            let begin = now();
            for message in 0..PER_PASS {
                for receiver in &mut receivers {
                    receiver.receive(&mut buffer)?;
                    if number(&buffer) != Some(message as u64) {
                        return Err("message lost, damaged or out of order".into());
                    }
                }
            }
            passes.push((now() - begin) as f64 / (self.slots * PER_PASS) as f64);
            step()?;
        }
        report(&[create, median(&passes)])
    }

    pub(crate) fn write<S: Sender>(&self, task: &Task) -> Result<()> {
        raise_descriptor_limit();
        let begin = now();
        let mut senders = (0..self.slots)
            .map(|number| S::open(&task.place.branch(number), task.shape))
            .collect::<Result<Vec<S>>>()?;
        let open = (now() - begin) as f64 / self.slots as f64;
        step()?;
        let mut buffer = vec![0x5a; task.shape.size];
        let mut passes = Vec::new();
        for _ in 0..self.passes {
            let begin = now();
            for message in 0..PER_PASS {
                stamp(&mut buffer, message as u64);
                for sender in &mut senders {
                    sender.send(&buffer)?;
                }
            }
            passes.push((now() - begin) as f64 / (self.slots * PER_PASS) as f64);
            step()?;
        }
        report(&[open, median(&passes)])
    }
}

/// The limit that root sets.
const MANY: u64 = 1 << 17;

/// Raises this process's limit of descriptors as far as possible.
pub(crate) fn raise_descriptor_limit() {
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.map_or(MANY, |maximum| maximum.max(MANY));
    if setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) }).is_err() {
        // Without the privilege to raise the hard limit, up to that.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
    }
}

fn descriptor_limit() -> u64 {
    raise_descriptor_limit();
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
