//! The loss at half the rate that a bare loop receives.

use super::lan::RECEIVER;
use super::rate::run;
use super::receive::Source;
use super::send::{Pace, Plan};
use super::{BARE_PORT, DATAGRAM_PORT, Receiver, Stage, at, missing};
use crate::Result;
use crate::report::{Better, Measure};
use crate::scenario::Bench;

pub(crate) fn measure(bench: &Bench) -> Result<Measure> {
    let title = "network: lost at half the rate of a bare recvmmsg loop, 64 B";
    let mut measure = Measure::new("network_loss", title, "messages", Better::Lower);
    measure.note("The rate is measured just before, with a flood. Evenly sent, 16 datagrams at a time.");
    if let Some(reason) = missing() {
        measure.skip(reason);
        return Ok(measure);
    }
    let stage = Stage::build(bench)?;
    let flood = Plan { to: at(RECEIVER, BARE_PORT), time: bench.effort.network_time, pace: Pace::Single };
    let half = run(&stage, Source::Socket, flood)?.0.rate() / 2.0;
    measure.interleave(&[Receiver::Node, Receiver::Bare], 1, |receiver| {
        let (source, port) = match receiver {
            Receiver::Node => (Source::Slot, DATAGRAM_PORT),
            _ => (Source::Socket, BARE_PORT),
        };
        let plan = Plan { to: at(RECEIVER, port), time: bench.effort.loss_time, pace: Pace::Rate(half) };
        let (received, sent) = run(&stage, source, plan)?;
        Ok(vec![
            ("lost".to_owned(), (sent - received.messages) as f64),
            ("received".to_owned(), received.messages as f64),
            ("per second".to_owned(), received.rate()),
        ])
    })?;
    measure.reach_value("none", 0.0);
    Ok(measure)
}
