//! Messages per second that reach a reader when more are sent than it can receive.

use super::lan::{NMBD, RECEIVER};
use super::nmbd::Nmbd;
use super::receive::{Received, Source};
use super::send::{Pace, Plan};
use super::{BARE_PORT, DATAGRAM_PORT, Receiver, Role, Stage, at, missing, processor_time};
use crate::Result;
use crate::report::{Better, Measure};
use crate::scenario::Bench;

/// From a sender that sends each datagram separately, as a sender of different datagrams must.
pub(crate) fn single(bench: &Bench) -> Result<Measure> {
    let title = "network: datagrams of another machine to a reader, 64 B";
    let mut measure = Measure::new("network_rate", title, "messages/s", Better::Higher);
    measure.note(
        "The sender has a processor of its own and sends as fast as it can with sendmmsg; counted is what readers get, \
         from the first message to the last. bare recvmmsg: one process that does nothing else. nmbd: through \
         `unexpected`.",
    );
    floods(bench, measure, Pace::Single, &[Receiver::Node, Receiver::Bare, Receiver::Nmbd])
}

/// From a sender that is never the bottleneck.
pub(crate) fn joined(bench: &Bench) -> Result<Measure> {
    let title = "network: the same, with a sender that costs next to nothing";
    let mut measure = Measure::new("network_flood", title, "messages/s", Better::Higher);
    measure.note(
        "64 datagrams are sent in one piece, which the system takes apart at the receiver's socket, unless the \
         receiver does that itself (UDP GRO), as mailslot's node does. All that is sent beyond what receivers take is \
         lost.",
    );
    floods(bench, measure, Pace::Joined, &[Receiver::Node, Receiver::Bare, Receiver::BareJoined, Receiver::Nmbd])
}

fn floods(bench: &Bench, mut measure: Measure, pace: Pace, receivers: &[Receiver]) -> Result<Measure> {
    if let Some(reason) = missing() {
        measure.skip(reason);
        return Ok(measure);
    }
    let stage = Stage::build(bench)?;
    let nmbd = Nmbd::start(&stage.lan.nmbd, &bench.cpus.reader, &stage.place.path("nmbd"));
    let time = bench.effort.network_time;
    measure.interleave(receivers, bench.effort.repetitions, |receiver| {
        let (source, to, between) = match (receiver, &nmbd) {
            (Receiver::Node, _) => (Source::Slot, at(RECEIVER, DATAGRAM_PORT), Some(stage.node.id())),
            (Receiver::Bare, _) => (Source::Socket, at(RECEIVER, BARE_PORT), None),
            (Receiver::BareJoined, _) => (Source::SocketJoined, at(RECEIVER, BARE_PORT), None),
            (Receiver::Nmbd, Ok(nmbd)) => (Source::Nmbd(nmbd.socket.clone()), at(NMBD, DATAGRAM_PORT), Some(nmbd.id())),
            (Receiver::Nmbd, Err(error)) => return Err(error.to_string().into()),
        };
        let used = || between.map_or(Ok(0), processor_time);
        let before = used()?;
        let (received, sent) = run(&stage, source, Plan { to, time, pace })?;
        let processor = used()? - before + received.processor;
        Ok(vec![
            ("median".to_owned(), received.rate()),
            ("sent".to_owned(), sent as f64 / time.as_secs_f64()),
            ("processor ns".to_owned(), processor as f64 / received.messages as f64),
        ])
    })?;
    measure.reach("≥ 0.8 × bare recvmmsg", Receiver::Bare.into(), 0.8);
    measure.reach("≥ 5 × nmbd", Receiver::Nmbd.into(), 5.0);
    Ok(measure)
}

/// Runs a sender and a reader. Returns the reader's counts and the number of datagrams sent.
pub(super) fn run(stage: &Stage<'_>, source: Source, plan: Plan) -> Result<(Received, u64)> {
    let mut receiver = stage.receiver(Role::Receive(source))?;
    receiver.reached()?;
    let mut sender = stage.sender(Role::Send(plan))?;
    sender.reached()?;
    receiver.proceed()?;
    sender.proceed()?;
    let sent: u64 = sender.finish()?;
    let received: Received = receiver.finish()?;
    if received.messages == 0 {
        return Err("no message came".into());
    }
    Ok((received, sent))
}
