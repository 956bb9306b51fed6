//! The cost of a writer that opens, writes one message and closes.

use serde::{Deserialize, Serialize};

use super::{Bench, END, Role, Task, now, stamp};
use crate::Result;
use crate::peer::{Peer, Sender, Shape};
use crate::process::{report, step};
use crate::report::{Better, Measure, Sample};
use crate::statistics::{median, quantile};

/// A process that opens, writes and closes repeatedly.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reopen {
    times: u32,
}

const SHAPE: Shape = Shape { size: 64, writers: 1, strangers: false, members: 0 };

pub(crate) fn measure(bench: &Bench) -> Result<Measure> {
    let mut measure =
        Measure::new("open_write_close", "open, write and close by a new writer, 64 B", "ns", Better::Lower);
    measure.note(
        "One process opens, writes one message and closes, again and again, while a reader on another processor reads. \
         For seqpacket that is connect, send and close, and the reader accepts, receives and closes.",
    );
    let peers = [Peer::Slot, Peer::SeqpacketOnce, Peer::Datagram];
    measure.interleave(&peers, bench.effort.repetitions, |peer| reopen(bench, peer))?;
    measure.reach("≤ 1.5 × Unix seqpacket", Peer::SeqpacketOnce.name(), 1.5);
    Ok(measure)
}

fn reopen(bench: &Bench, peer: Peer) -> Result<Sample> {
    let place = bench.places.next();
    let mut reader = bench.reader(&place, peer, SHAPE, Role::Drain)?;
    reader.reached()?;
    reader.proceed()?;
    reader.reached()?;
    let mut writer = bench.writer(&place, peer, SHAPE, Role::Reopen(Reopen { times: bench.effort.openings }))?;
    writer.reached()?;
    reader.proceed()?;
    writer.proceed()?;
    let times: Vec<f64> = writer.finish()?;
    reader.finish::<serde_json::Value>()?;
    Ok(vec![
        ("median".to_owned(), median(&times)),
        ("p99".to_owned(), quantile(&times, 0.99)),
        ("fastest 10 %".to_owned(), quantile(&times, 0.1)),
    ])
}

impl Reopen {
    pub(crate) fn run<S: Sender>(&self, task: &Task) -> Result<()> {
        step()?;
        let mut message = vec![0x5a; task.shape.size];
        let mut times = Vec::new();
        for number in (0..u64::from(self.times)).chain([END]) {
            stamp(&mut message, number);
            let begin = now();
            let mut sender = S::open(&task.place, task.shape)?;
            sender.send(&message)?;
            drop(sender);
            times.push((now() - begin) as f64);
        }
        report(&times)
    }
}
