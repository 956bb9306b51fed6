//! Messages per second from writers that write as fast as they can to a reader that does nothing else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bench, END, Role, Task, now, number, stamp};
use crate::Result;
use crate::broker::Broker;
use crate::peer::{Peer, Receiver, Sender, Shape};
use crate::process::{Child, become_user, report, report_and_stay, step};
use crate::report::{Better, Measure};

/// A process that writes for a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flood {
    /// Its number among the writers.
    writer: usize,
    time: Duration,
    /// The user that it becomes first.
    user: Option<u32>,
}

/// The counts of a reader.
#[derive(Debug, Serialize, Deserialize)]
struct Drained {
    messages: u64,
    end: u64,
}

const ALL: [Peer; 7] =
    [Peer::Slot, Peer::SlotBatch, Peer::Iceoryx, Peer::Datagram, Peer::Seqpacket, Peer::PosixMq, Peer::Pipe];
const NOTE: &str = "The reader blocks, into one buffer (iceoryx2 spins); writers wait when there is no room; each \
                    message is numbered and checked. The reader has a processor of its own; the writers share the \
                    others.";

/// One writer, messages of `size` bytes. The target is `factor` times the rate of the best of the kernel's queues.
pub(crate) fn one_writer(bench: &Bench, id: &'static str, size: usize, factor: f64) -> Result<Measure> {
    let title = format!("throughput, one writer, {size} B");
    let mut measure = Measure::new(id, &title, "messages/s", Better::Higher);
    measure.note(NOTE);
    let shape = Shape { size, writers: 1, strangers: false, members: 0 };
    measure.interleave(&ALL, bench.effort.repetitions, |peer| {
        Ok(vec![("median".to_owned(), rate(bench, peer, shape, None, bench.effort.time)?)])
    })?;
    let best = measure.best(&[Peer::Datagram.name(), Peer::PosixMq.name()]);
    measure.reach(&format!("≥ {factor} × the faster of Unix datagram and POSIX mq"), best, factor);
    Ok(measure)
}

/// Eight writers.
pub(crate) fn eight_writers(bench: &Bench) -> Result<Measure> {
    let title = "throughput, eight writers, 64 B";
    let mut measure = Measure::new("throughput_8_writers", title, "messages/s", Better::Higher);
    measure.note(NOTE);
    let shape = Shape { size: 64, writers: 8, strangers: false, members: 0 };
    measure.interleave(&ALL, bench.effort.repetitions, |peer| {
        Ok(vec![("median".to_owned(), rate(bench, peer, shape, None, bench.effort.time)?)])
    })?;
    measure.reach("≥ 8 × Unix datagram", Peer::Datagram.name(), 8.0);
    Ok(measure)
}

/// A user without privileges.
const STRANGER: u32 = 65534;

/// A writer of another user.
pub(crate) fn stranger(bench: &Bench) -> Result<Measure> {
    let title = "throughput, a writer of another user, 64 B";
    let mut measure = Measure::new("throughput_stranger", title, "messages/s", Better::Higher);
    measure.note(NOTE);
    if !rustix::process::geteuid().is_root() {
        measure.skip("needs root, to start a writer as another user");
        return Ok(measure);
    }
    let shape = Shape { size: 64, writers: 1, strangers: true, members: 0 };
    measure.interleave(&[Peer::Slot, Peer::Seqpacket, Peer::Datagram], bench.effort.repetitions, |peer| {
        Ok(vec![("median".to_owned(), rate(bench, peer, shape, Some(STRANGER), bench.effort.time)?)])
    })?;
    measure.reach("≥ 0.9 × Unix seqpacket", Peer::Seqpacket.name(), 0.9);
    Ok(measure)
}

/// Messages per second.
pub(crate) fn rate(bench: &Bench, peer: Peer, shape: Shape, user: Option<u32>, time: Duration) -> Result<f64> {
    let place = bench.places.next();
    let mut reader = bench.reader(&place, peer, shape, Role::Drain)?;
    reader.reached()?;
    let mut writers = Vec::new();
    for writer in 0..shape.writers {
        let role = Role::Flood(Flood { writer, time, user });
        let cpus = bench.cpus.writers.clone();
        writers.push(Child::start(&Task { place: place.clone(), peer, shape, cpus, role })?);
    }
    for writer in &mut writers {
        writer.reached()?;
    }
    reader.proceed()?;
    reader.reached()?;
    reader.proceed()?;
    for writer in &mut writers {
        writer.proceed()?;
    }
    let mut start = u64::MAX;
    for writer in &mut writers {
        start = start.min(writer.result()?);
    }
    let drained: Drained = reader.finish()?;
    for writer in &mut writers {
        writer.proceed()?;
    }
    for writer in writers {
        writer.end()?;
    }
    Ok(drained.messages as f64 * 1e9 / (drained.end - start) as f64)
}

/// Messages per second of one writer, each of which several readers get.
pub(crate) fn rate_to_all(bench: &Bench, peer: Peer, shape: Shape, time: Duration) -> Result<f64> {
    let place = bench.places.next();
    let _broker = match peer {
        Peer::Nats | Peer::NatsBatch => Some(Broker::nats(place.choose_port()?, &place.path("conf"))?),
        Peer::Mosquitto | Peer::MosquittoBatch => Some(Broker::mosquitto(&place.path("mqtt"), &place.path("conf"))?),
        _ => None,
    };
    let mut readers = Vec::new();
    for number in 0..shape.members {
        let own = if peer == Peer::DatagramEach { place.branch(number) } else { place.clone() };
        readers.push(bench.reader(&own, peer, shape, Role::Drain)?);
        readers[number].reached()?;
    }
    let mut writer = bench.writer(&place, peer, shape, Role::Flood(Flood { writer: 0, time, user: None }))?;
    writer.reached()?;
    for reader in &mut readers {
        reader.proceed()?;
        reader.reached()?;
    }
    for reader in &mut readers {
        reader.proceed()?;
    }
    writer.proceed()?;
    let start: u64 = writer.result()?;
    let drained = readers.into_iter().map(Child::finish::<Drained>).collect::<Result<Vec<_>>>()?;
    writer.proceed()?;
    writer.end()?;
    let messages = drained.iter().map(|drained| drained.messages).min().unwrap_or(0);
    if drained.iter().any(|drained| drained.messages != messages) {
        return Err("two readers got different messages".into());
    }
    let end = drained.iter().map(|drained| drained.end).max().unwrap_or(start);
    Ok(messages as f64 * 1e9 / (end - start) as f64)
}

/// Writers number their messages from their index shifted by this.
const WRITER_SHIFT: u32 = 48;

/// Reads until each writer has sent its end.
pub(crate) fn drain<R: Receiver>(task: &Task) -> Result<()> {
    let shape = task.shape;
    let mut receiver = R::create(&task.place, shape)?;
    step()?;
    receiver.connected()?;
    step()?;
    let mut buffer = vec![0; shape.buffer()];
    let mut expected = vec![0; shape.writers];
    let mut writers = shape.writers;
    let mut messages = 0;
    while writers > 0 {
        let size = receiver.receive(&mut buffer)?;
        match number(&buffer[..size]) {
            Some(END) => writers -= 1,
            Some(number) => {
                let next =
                    expected.get_mut((number >> WRITER_SHIFT) as usize).ok_or("message from an unknown writer")?;
                if size != shape.size || number & ((1 << WRITER_SHIFT) - 1) != *next {
                    let number = number & ((1 << WRITER_SHIFT) - 1);
                    return Err(format!("message {number} of {size} bytes arrived instead of message {next}").into());
                }
                *next += 1;
                messages += 1;
            }
            None => messages += 1,
        }
    }
    report(&Drained { messages, end: now() })
}

impl Flood {
    pub(crate) fn run<S: Sender>(&self, task: &Task) -> Result<()> {
        if let Some(user) = self.user {
            become_user(user)?;
        }
        let size = task.shape.size;
        let mut sender = S::open(&task.place, task.shape)?;
        step()?;
        let mut message = vec![0x5a; size];
        let mut next = (self.writer as u64) << WRITER_SHIFT;
        // Messages between two reads of the clock.
        let turn = if size <= 4096 { 64 } else { 1 };
        let start = now();
        while now() - start < self.time.as_nanos() as u64 {
            for _ in 0..turn {
                stamp(&mut message, next);
                sender.send(&message)?;
                next += 1;
            }
        }
        let mut end = vec![0; task.shape.buffer()];
        stamp(&mut end, END);
        sender.send(&end)?;
        sender.flush()?;
        // Stays, because not every peer keeps messages after the sender has ended.
        report_and_stay(&start)
    }
}
