//! Time from before a message is written until a sleeping reader has it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bench, END, Role, Task, now, number, stamp};
use crate::Result;
use crate::peer::{Peer, Receiver, Sender, Shape};
use crate::process::{report, report_and_stay, step};
use crate::report::{Better, Measure, Sample};
use crate::statistics::{median, quantile};

/// The process that writes once the reader sleeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waker {
    messages: u32,
    /// The reader's process.
    reader: u32,
}

const PEERS: [Peer; 6] = [Peer::Slot, Peer::Datagram, Peer::Seqpacket, Peer::PosixMq, Peer::Pipe, Peer::IceoryxEvent];
const SHAPE: Shape = Shape { size: 64, writers: 1, strangers: false, members: 0 };

pub(crate) fn measure(bench: &Bench) -> Result<Measure> {
    let mut measure = Measure::new("latency_asleep", "one-way latency, 64 B, reader asleep", "ns", Better::Lower);
    measure.note(
        "Blocking reads. The writer, awake on its own processor, waits 200 µs and until /proc shows that the reader \
         sleeps; the time at which it then begins to write travels in the message.",
    );
    measure.interleave(&PEERS, bench.effort.repetitions, |peer| wakes(bench, peer))?;
    measure.reach("≤ 1.1 × Unix datagram", Peer::Datagram.name(), 1.1);
    Ok(measure)
}

fn wakes(bench: &Bench, peer: Peer) -> Result<Sample> {
    let place = bench.places.next();
    let mut sleeper = bench.reader(&place, peer, SHAPE, Role::Sleeper)?;
    sleeper.reached()?;
    let waker = Waker { messages: bench.effort.wakes, reader: sleeper.id() };
    let mut waker = bench.writer(&place, peer, SHAPE, Role::Waker(waker))?;
    waker.reached()?;
    sleeper.proceed()?;
    waker.proceed()?;
    waker.result::<u32>()?;
    let times: Vec<f64> = sleeper.finish()?;
    waker.proceed()?;
    waker.end()?;
    Ok(vec![
        ("median".to_owned(), median(&times)),
        ("p99".to_owned(), quantile(&times, 0.99)),
        ("fastest 10 %".to_owned(), quantile(&times, 0.1)),
    ])
}

/// Reads, and compares each message's time with the current time.
pub(crate) fn sleeper<R: Receiver>(task: &Task) -> Result<()> {
    let mut receiver = R::create(&task.place, task.shape)?;
    step()?;
    receiver.connected()?;
    let mut buffer = vec![0; task.shape.buffer()];
    let mut times = Vec::new();
    loop {
        receiver.receive(&mut buffer)?;
        let received = now();
        match number(&buffer).ok_or("message without a time")? {
            END => return report(&times),
            sent => times.push(received.saturating_sub(sent) as f64),
        }
    }
}

const PAUSE: Duration = Duration::from_micros(200);
/// After this time a reader that does not sleep counts as awake, and the message is written anyway. On a busy machine
/// readers wait long for a processor before they can fall asleep.
const MAX_PAUSE: Duration = Duration::from_secs(1);

impl Waker {
    pub(crate) fn run<S: Sender>(&self, task: &Task) -> Result<()> {
        let mut sender = S::open(&task.place, task.shape)?;
        let state = File::open(format!("/proc/{}/stat", self.reader))?;
        step()?;
        let mut message = vec![0x5a; task.shape.size];
        let mut awake: u32 = 0;
        for _ in 0..self.messages {
            let begin = now();
            while now() - begin < PAUSE.as_nanos() as u64 {}
            while !sleeps(&state)? {
                if now() - begin > MAX_PAUSE.as_nanos() as u64 {
                    awake += 1;
                    if awake > self.messages / 10 {
                        return Err("the reader does not sleep".into());
                    }
                    break;
                }
            }
            stamp(&mut message, now());
            sender.send(&message)?;
        }
        stamp(&mut message, END);
        sender.send(&message)?;
        sender.flush()?;
        report_and_stay(&awake)
    }
}

/// Whether the process behind an open `/proc/PID/stat` sleeps.
fn sleeps(state: &File) -> Result<bool> {
    let mut text = [0; 128];
    let size = state.read_at(&mut text, 0)?;
    // The state follows the name, which is in parentheses and may contain parentheses.
    let after_name = text[..size].iter().rposition(|&byte| byte == b')').ok_or("no process state")?;
    Ok(text.get(after_name + 2) == Some(&b'S'))
}
