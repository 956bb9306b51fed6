//! Half of a round trip between two processes that poll continuously.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bench, END, Role, Task, now, number, stamp};
use crate::Result;
use crate::peer::{Peer, Receiver, Sender, Shape};
use crate::process::{report, report_and_stay, step};
use crate::report::{Better, Measure, Sample};
use crate::statistics::{median, quantile};

/// The process that starts each round trip and measures it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ping {
    /// How long each of the two parts runs.
    time: Duration,
}

const PEERS: [Peer; 9] = [
    Peer::CacheLine,
    Peer::BareRing,
    Peer::BareRingLocked,
    Peer::Slot,
    Peer::Iceoryx,
    Peer::Datagram,
    Peer::Seqpacket,
    Peer::PosixMq,
    Peer::Pipe,
];
const SHAPE: Shape = Shape { size: 64, writers: 1, strangers: false, members: 0 };

pub(crate) fn measure(bench: &Bench) -> Result<Measure> {
    let mut measure = Measure::new("latency_spinning", "one-way latency, 64 B, reader spinning", "ns", Better::Lower);
    measure.note(
        "Half the round trip through two channels, polled without rest. Median and fastest tenth of the means of 8 \
         round trips each; p99 of single round trips, the clock's own time included. The cache line carries 8 B.",
    );
    measure.interleave(&PEERS, bench.effort.repetitions, |peer| round_trips(bench, peer))?;
    measure.reach("≤ 1.5 × cache line", Peer::CacheLine.name(), 1.5);
    measure.reach("≤ 0.5 × iceoryx2", Peer::Iceoryx.name(), 0.5);
    Ok(measure)
}

fn round_trips(bench: &Bench, peer: Peer) -> Result<Sample> {
    let place = bench.places.next();
    let mut pong = bench.reader(&place, peer, SHAPE, Role::Pong)?;
    let mut ping = bench.writer(&place, peer, SHAPE, Role::Ping(Ping { time: bench.effort.time / 2 }))?;
    for _ in ["created", "opened"] {
        pong.reached()?;
        ping.reached()?;
        pong.proceed()?;
        ping.proceed()?;
    }
    let sample = ping.result()?;
    pong.finish::<u64>()?;
    ping.proceed()?;
    ping.end()?;
    Ok(sample)
}

/// Round trips whose mean is one sample.
const GROUP: u64 = 8;
const WARM_UP: u64 = 1000;
const MAX_SAMPLES: usize = 200_000;

impl Ping {
    pub(crate) fn run<R: Receiver, S: Sender>(&self, task: &Task) -> Result<()> {
        let mut receiver = R::create(&task.place.branch("b"), task.shape)?;
        step()?;
        let mut sender = S::open(&task.place.branch("a"), task.shape)?;
        step()?;
        receiver.connected()?;

        let mut message = vec![0x5a; task.shape.size];
        let mut buffer = vec![0; task.shape.buffer()];
        let mut next = 0;
        let mut trip = || -> Result<()> {
            stamp(&mut message, next);
            sender.send(&message)?;
            spin(&mut receiver, &mut buffer)?;
            if number(&buffer) != Some(next) {
                return Err("another message came back".into());
            }
            next += 1;
            Ok(())
        };
        for _ in 0..WARM_UP {
            trip()?;
        }
        let groups = self.sample(GROUP, &mut trip)?;
        let singles = self.sample(1, &mut trip)?;

        stamp(&mut message, END);
        sender.send(&message)?;
        report_and_stay(&vec![
            ("median".to_owned(), median(&groups)),
            ("p99".to_owned(), quantile(&singles, 0.99)),
            ("fastest 10 %".to_owned(), quantile(&groups, 0.1)),
        ])
    }

    /// Nanoseconds per direction, each the mean of `group` round trips.
    fn sample(&self, group: u64, trip: &mut impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
        let mut samples = Vec::with_capacity(MAX_SAMPLES);
        let start = now();
        let mut last = start;
        while samples.len() < MAX_SAMPLES && (last - start < self.time.as_nanos() as u64 || samples.is_empty()) {
            for _ in 0..group {
                trip()?;
            }
            let this = now();
            samples.push((this - last) as f64 / (2 * group) as f64);
            last = this;
        }
        Ok(samples)
    }
}

/// Sends everything back.
pub(crate) fn pong<R: Receiver, S: Sender>(task: &Task) -> Result<()> {
    let mut receiver = R::create(&task.place.branch("a"), task.shape)?;
    step()?;
    let mut sender = S::open(&task.place.branch("b"), task.shape)?;
    step()?;
    receiver.connected()?;

    let mut buffer = vec![0; task.shape.buffer()];
    let mut trips: u64 = 0;
    loop {
        let size = spin(&mut receiver, &mut buffer)?;
        if number(&buffer) == Some(END) {
            return report(&trips);
        }
        sender.send(&buffer[..size])?;
        trips += 1;
    }
}

fn spin<R: Receiver>(receiver: &mut R, buffer: &mut [u8]) -> Result<usize> {
    loop {
        if let Some(size) = receiver.try_receive(buffer)? {
            return Ok(size);
        }
    }
}
