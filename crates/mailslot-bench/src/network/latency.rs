//! Time from before a datagram is sent until a sleeping reader has the message.

use std::net::{SocketAddrV4, UdpSocket};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lan::{RECEIVER, SENDER};
use super::packet;
use super::receive::{self, Source};
use super::{BARE_PORT, DATAGRAM_PORT, Role, Stage, at, missing};
use crate::Result;
use crate::process::{report, step};
use crate::report::{Better, Measure, Sample};
use crate::scenario::{Bench, END, now};
use crate::statistics::{median, quantile};

/// A sender of datagrams that contain the time of sending.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Times {
    to: SocketAddrV4,
    messages: u32,
    /// Whether each comes back, and the way there and back is measured.
    echo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Node,
    /// To a socket and back to the sender.
    Echo,
    /// To a socket.
    There,
}

impl From<Way> for &'static str {
    fn from(way: Way) -> &'static str {
        match way {
            Way::Node => "mailslot",
            Way::Echo => "UDP echo, there and back",
            Way::There => "UDP, one way",
        }
    }
}

pub(crate) fn measure(bench: &Bench) -> Result<Measure> {
    let title = "network: one-way latency to a reader that sleeps, 64 B";
    let mut measure = Measure::new("network_latency", title, "ns", Better::Lower);
    measure.note(
        "A message wakes two sleeping processes, the node and then its reader; so does a UDP echo, the echoing process \
         and then the sender. UDP one way wakes one. The sender waits 200 µs between datagrams.",
    );
    if let Some(reason) = missing() {
        measure.skip(reason);
        return Ok(measure);
    }
    let stage = Stage::build(bench)?;
    measure.interleave(&[Way::Node, Way::Echo, Way::There], bench.effort.repetitions, |way| times(&stage, way))?;
    measure.reach("≤ 1.5 × UDP echo", Way::Echo.into(), 1.5);
    Ok(measure)
}

fn times(stage: &Stage<'_>, way: Way) -> Result<Sample> {
    let (role, port) = match way {
        Way::Node => (Role::ReceiveTimes(Source::Slot), DATAGRAM_PORT),
        Way::Echo => (Role::Echo, BARE_PORT),
        Way::There => (Role::ReceiveTimes(Source::Socket), BARE_PORT),
    };
    let mut receiver = stage.receiver(role)?;
    receiver.reached()?;
    receiver.proceed()?;
    let times = Times { to: at(RECEIVER, port), messages: stage.bench.effort.wakes, echo: way == Way::Echo };
    let mut sender = stage.sender(Role::SendTimes(times))?;
    sender.reached()?;
    sender.proceed()?;
    let (there_and_back, there): (Vec<f64>, Vec<f64>) = (sender.finish()?, receiver.finish()?);
    let times = if way == Way::Echo { there_and_back } else { there };
    if times.len() < stage.bench.effort.wakes as usize {
        return Err(format!("{} of {} messages came", times.len(), stage.bench.effort.wakes).into());
    }
    Ok(vec![
        ("median".to_owned(), median(&times)),
        ("p99".to_owned(), quantile(&times, 0.99)),
        ("fastest 10 %".to_owned(), quantile(&times, 0.1)),
    ])
}

const PAUSE: Duration = Duration::from_micros(200);
/// How long an echo may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Times {
    pub(super) fn run(&self) -> Result<()> {
        let socket = UdpSocket::bind((SENDER, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(self.to)?;
        let mut datagram = packet::template(SENDER)?;
        let mut back = vec![0; datagram.len()];
        let mut times: Vec<f64> = Vec::new();
        step()?;
        // The last message is the same in each run: with the same id as well, a node would take it for a copy.
        let first = now();
        for number in 0..=self.messages {
            let begin = now();
            while now() - begin < PAUSE.as_nanos() as u64 {
                std::hint::spin_loop();
            }
            let sent = now();
            let word = if number == self.messages { END } else { sent };
            packet::number(&mut datagram, first.wrapping_add(number.into()), word);
            socket.send(&datagram)?;
            if self.echo && number < self.messages {
                socket.recv(&mut back)?;
                times.push((now() - sent) as f64);
            }
        }
        report(&times)
    }
}

/// Sends every datagram back.
pub(super) fn echo() -> Result<()> {
    let socket = receive::socket()?;
    let mut buffer = [0; 2048];
    step()?;
    loop {
        let (size, from) = socket.recv_from(&mut buffer)?;
        if packet::word(&buffer[..size]) == Some(END) {
            return report(&Vec::<f64>::new());
        }
        socket.send_to(&buffer[..size], from)?;
    }
}
