//! The cost of writing and reading as the backlog grows.

use serde::{Deserialize, Serialize};

use super::{Bench, Role, Task, now, number, stamp};
use crate::Result;
use crate::peer::{Peer, Receiver, Sender, Shape, posix_mq};
use crate::process::{report, step};
use crate::report::Curve;
use crate::statistics::median;

/// Fill to a depth and empty again, a number of times.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    depth: usize,
    rounds: usize,
}

const SHAPE: Shape = Shape { size: 64, writers: 1, strangers: false, members: 0 };

pub(crate) fn measure(bench: &Bench) -> Result<Curve> {
    let mut curve = Curve::new("backlog", "Filling and emptying a backlog", "messages, 64 B", "ns per message");
    for peer in [Peer::Slot, Peer::Iceoryx, Peer::PosixMq, Peer::Datagram] {
        for &depth in bench.effort.depths.iter().filter(|&&depth| depth <= deepest(peer)) {
            let costs = (0..bench.effort.curve_repetitions).map(|_| costs(bench, peer, depth));
            match costs.collect::<Result<Vec<[f64; 2]>>>() {
                Ok(costs) => {
                    for (index, operation) in ["write", "read"].into_iter().enumerate() {
                        let values: Vec<f64> = costs.iter().map(|costs| costs[index]).collect();
                        curve.add(&format!("{}: {operation}", peer.name()), depth as f64, median(&values));
                    }
                }
                Err(error) => curve.skip(peer, depth, &error.to_string()),
            }
        }
    }
    Ok(curve)
}

/// How many messages fit into a peer without waiting.
fn deepest(peer: Peer) -> usize {
    match peer {
        Peer::PosixMq => posix_mq::depth(SHAPE.size),
        Peer::Iceoryx => 1000,
        Peer::Slot => usize::MAX,
        // The capacity of the send buffer, if the queue may be that long.
        _ => 100.min(crate::machine::datagram_queue_length()),
    }
}

fn costs(bench: &Bench, peer: Peer, depth: usize) -> Result<[f64; 2]> {
    let plan = Plan { depth, rounds: (2000 / depth).clamp(3, 50) };
    let place = bench.places.next();
    let mut reader = bench.reader(&place, peer, SHAPE, Role::BacklogReader(plan))?;
    reader.reached()?;
    let mut writer = bench.writer(&place, peer, SHAPE, Role::BacklogWriter(plan))?;
    writer.reached()?;
    for _ in 0..plan.rounds {
        writer.proceed()?;
        writer.reached()?;
        reader.proceed()?;
        reader.reached()?;
    }
    writer.proceed()?;
    reader.proceed()?;
    Ok([writer.finish()?, reader.finish()?])
}

impl Plan {
    pub(crate) fn read<R: Receiver>(&self, task: &Task) -> Result<()> {
        let mut receiver = R::create(&task.place, task.shape)?;
        step()?;
        let mut buffer = vec![0; task.shape.buffer()];
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let begin = now();
            for message in 0..self.depth {
                receiver.receive(&mut buffer)?;
                if number(&buffer) != Some(message as u64) {
                    return Err("message lost, damaged or out of order".into());
                }
            }
            rounds.push((now() - begin) as f64 / self.depth as f64);
            step()?;
        }
        report(&median(&rounds))
    }

    pub(crate) fn write<S: Sender>(&self, task: &Task) -> Result<()> {
        let mut sender = S::open(&task.place, task.shape)?;
        step()?;
        let mut buffer = vec![0x5a; task.shape.size];
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let begin = now();
            for message in 0..self.depth {
                stamp(&mut buffer, message as u64);
                sender.send(&buffer)?;
            }
            rounds.push((now() - begin) as f64 / self.depth as f64);
            step()?;
        }
        report(&median(&rounds))
    }
}
