//! `mailslot bench`: how fast slots are on this machine, beside Unix datagram sockets.

use std::io;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};
use serde::Serialize;

use super::peer::{self, Spin};
use crate::exit::{Failure, Result};
use crate::process::Process;
use crate::progress::Progress;
use crate::table::{Align, Table};
use crate::{args, output, sys};

/// Measure slots between two processes, beside Unix datagram sockets
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Bench {
    /// How long to measure in all: 300ms to 10m
    #[arg(short, long, value_name = "DURATION", default_value = "3s", value_parser = duration)]
    duration: Duration,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"One process writes and this one reads; every message is written, read and checked. One-way, both sleep when they have to wait. Round trips use two slots (or a socket pair), and both sides spin.

Not on Windows, where there is nothing to compare with.

Examples:
  mailslot bench
  mailslot bench --duration 10s --json"#;

/// Sizes of one-way messages; 424 bytes is what fits into one datagram of the classic network protocol.
const ONE_WAY_SIZES: [usize; 2] = [64, 424];
const ROUND_TRIP_SIZE: usize = 64;
/// Two ways of one-way messages for each size, and two of round trips.
const MEASUREMENTS: u32 = 6;

#[derive(Serialize)]
struct Report {
    one_way: Vec<OneWay>,
    round_trip: RoundTrip,
    processors: Option<usize>,
    optimized: bool,
}

#[derive(Serialize)]
struct OneWay {
    size: usize,
    mailslot_per_second: f64,
    unix_datagram_per_second: f64,
    ratio: f64,
}

#[derive(Serialize)]
struct RoundTrip {
    size: usize,
    mailslot: Latency,
    unix_datagram: Latency,
    /// Of the medians.
    ratio: f64,
}

#[derive(Serialize)]
struct Latency {
    median_ns: u64,
    p99_ns: u64,
}

impl Bench {
    pub fn run(self) -> Result {
        // First, to fail at once where there is nothing to compare with.
        sys::datagram_pair().map_err(socket_failure)?;
        let budget = self.duration / MEASUREMENTS;
        let progress = Progress::start("measuring", self.duration);
        let report = Report {
            one_way: ONE_WAY_SIZES.into_iter().map(|size| one_way(size, budget)).collect::<Result<_>>()?,
            round_trip: round_trip(budget)?,
            processors: thread::available_parallelism().ok().map(|processors| processors.get()),
            optimized: !cfg!(debug_assertions),
        };
        drop(progress);
        if self.json { output::print_json(&report) } else { output::lines(text(&report)) }
    }
}

/// Messages per second through a slot from another process to this one.
pub fn slot_rate(size: usize, budget: Duration) -> Result<f64> {
    let name = unique_name("flood");
    let slot = Mailslot::create(&name)?;
    let _writer = Process::start(&["peer", "flood-slot", &name, &size.to_string()], |_| {})?;
    let silence = Timeout::After(peer::SILENCE);
    rate(size, budget, |buffer| Ok(slot.read_within(buffer, silence)?))
}

fn socket_rate(size: usize, budget: Duration) -> Result<f64> {
    let (socket, theirs) = sys::datagram_pair().map_err(socket_failure)?;
    socket.set_read_timeout(Some(peer::SILENCE)).map_err(socket_failure)?;
    let _writer = Process::start(&["peer", "flood-socket", &size.to_string()], |command| {
        command.stdin(theirs);
    })?;
    rate(size, budget, |buffer| socket.recv(buffer).map_err(socket_failure))
}

/// Reads for as long as `budget`, and returns messages per second.
fn rate(size: usize, budget: Duration, mut read: impl FnMut(&mut [u8]) -> Result<usize>) -> Result<f64> {
    let mut buffer = vec![0; size];
    let mut number = 0;
    let mut next = || {
        let read = read(&mut buffer)?;
        if read != size || !peer::is_stamped(&buffer, number) {
            return Err(Failure::Unexpected(format!("message {number} of {size} bytes arrived damaged")));
        }
        number += 1;
        Ok(())
    };
    // Not measured: the first message waits for the other process to start, and finds cold caches.
    next()?;
    let mut run = |time: Duration| {
        let begin = Instant::now();
        let mut count = 0.0;
        loop {
            for _ in 0..BETWEEN_CLOCKS {
                next()?;
            }
            count += f64::from(BETWEEN_CLOCKS);
            let elapsed = begin.elapsed();
            if elapsed >= time {
                return Ok(count / elapsed.as_secs_f64());
            }
        }
    };
    run(budget / WARM_UP)?;
    run(budget - budget / WARM_UP)
}

const BETWEEN_CLOCKS: u32 = 64;
/// The part of the time that is not measured: one of this many.
const WARM_UP: u32 = 5;

fn slot_latency(size: usize, budget: Duration) -> Result<Latency> {
    let (ours, theirs) = (unique_name("ping"), unique_name("pong"));
    let slot = Mailslot::create(&ours)?;
    let _echo = Process::start(&["peer", "echo-slot", &theirs, &ours, &size.to_string()], |_| {})?;
    let ready = slot.receive_within(Timeout::After(peer::SILENCE))?;
    if ready.data != peer::READY {
        return Err(Failure::Unexpected("the other process did not start".into()));
    }
    let writer = MailslotWriter::open(&theirs)?;
    latency(size, budget, |message, spin| {
        writer.write(message)?;
        loop {
            match slot.read_within(message, Timeout::Zero) {
                Ok(read) => return Ok(read),
                Err(Error::TimedOut) => spin.turn()?,
                Err(error) => return Err(error.into()),
            }
        }
    })
}

fn socket_latency(size: usize, budget: Duration) -> Result<Latency> {
    let (socket, theirs) = sys::datagram_pair().map_err(socket_failure)?;
    socket.set_nonblocking(true).map_err(socket_failure)?;
    let _echo = Process::start(&["peer", "echo-socket", &size.to_string()], |command| {
        command.stdin(theirs);
    })?;
    latency(size, budget, |message, spin| {
        socket.send(message).map_err(socket_failure)?;
        loop {
            match socket.recv(message) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => spin.turn()?,
                Err(error) => return Err(socket_failure(error)),
            }
        }
    })
}

/// Measures `exchange`, which sends a message and waits for its return, for as long as `budget`.
fn latency(
    size: usize,
    budget: Duration,
    mut exchange: impl FnMut(&mut [u8], &mut Spin) -> Result<usize>,
) -> Result<Latency> {
    let mut message = vec![0; size];
    let mut spin = Spin::new();
    let mut number = 0;
    let mut next = || {
        peer::stamp(&mut message, number);
        spin.reset();
        let begin = Instant::now();
        let read = exchange(&mut message, &mut spin)?;
        let time = begin.elapsed();
        if read != size || !peer::is_stamped(&message, number) {
            return Err(Failure::Unexpected(format!("round trip {number} returned another message")));
        }
        number += 1;
        Ok(time)
    };
    next()?;
    let mut run = |time: Duration| {
        let begin = Instant::now();
        // Three significant digits, without an upper limit.
        let mut samples = Histogram::<u64>::new(3).map_err(|error| Failure::Unexpected(error.to_string()))?;
        while begin.elapsed() < time {
            let time = u64::try_from(next()?.as_nanos()).unwrap_or(u64::MAX);
            samples.record(time).map_err(|error| Failure::Unexpected(error.to_string()))?;
        }
        Ok::<_, Failure>(samples)
    };
    run(budget / WARM_UP)?;
    let samples = run(budget - budget / WARM_UP)?;
    Ok(Latency { median_ns: samples.value_at_quantile(0.5), p99_ns: samples.value_at_quantile(0.99) })
}

fn one_way(size: usize, budget: Duration) -> Result<OneWay> {
    let mailslot_per_second = slot_rate(size, budget)?;
    let unix_datagram_per_second = socket_rate(size, budget)?;
    let ratio = mailslot_per_second / unix_datagram_per_second;
    Ok(OneWay { size, mailslot_per_second, unix_datagram_per_second, ratio })
}

fn round_trip(budget: Duration) -> Result<RoundTrip> {
    let mailslot = slot_latency(ROUND_TRIP_SIZE, budget)?;
    let unix_datagram = socket_latency(ROUND_TRIP_SIZE, budget)?;
    let ratio = unix_datagram.median_ns as f64 / mailslot.median_ns.max(1) as f64;
    Ok(RoundTrip { size: ROUND_TRIP_SIZE, mailslot, unix_datagram, ratio })
}

fn text(report: &Report) -> Vec<String> {
    let columns = [("", Align::Left), ("mailslot", Align::Right), ("Unix datagram", Align::Right), ("", Align::Right)];
    let mut table = Table::with_head(columns);
    for one_way in &report.one_way {
        table.row([
            format!("{} B one-way, messages/s", one_way.size),
            count(one_way.mailslot_per_second),
            count(one_way.unix_datagram_per_second),
            format!("{:.1} x more", one_way.ratio),
        ]);
    }
    let RoundTrip { size, mailslot, unix_datagram, ratio } = &report.round_trip;
    let round_trip = |what: &str, of: fn(&Latency) -> u64, ratio: String| {
        [format!("{size} B round trip, {what}"), nanos(of(mailslot)), nanos(of(unix_datagram)), ratio]
    };
    table.row(round_trip("median", |latency| latency.median_ns, format!("{ratio:.1} x faster")));
    table.row(round_trip("99 %", |latency| latency.p99_ns, String::new()));
    let mut lines = table.lines();
    if report.processors == Some(1) {
        lines.push("There is only one processor: the two processes had to take turns.".to_owned());
    }
    if !report.optimized {
        lines.push("This build is not optimized: measure with one made with --release.".to_owned());
    }
    lines
}

/// A large count, abbreviated.
pub fn count(count: f64) -> String {
    match count {
        1e6.. => format!("{:.2} M", count / 1e6),
        1e3.. => format!("{:.1} k", count / 1e3),
        _ => format!("{count:.0}"),
    }
}

fn nanos(nanos: u64) -> String {
    match nanos {
        0..10_000 => format!("{nanos} ns"),
        10_000..10_000_000 => format!("{:.1} us", nanos as f64 / 1e3),
        _ => format!("{:.1} ms", nanos as f64 / 1e6),
    }
}

fn unique_name(role: &str) -> String {
    format!("bench-{role}-{}", process::id())
}

fn duration(text: &str) -> core::result::Result<Duration, String> {
    let range = Duration::from_millis(300)..=Duration::from_secs(600);
    args::duration(text)
        .and_then(|time| if range.contains(&time) { Ok(time) } else { Err("write a time from 300ms to 10m".into()) })
}

fn socket_failure(source: io::Error) -> Failure {
    Failure::io("use a Unix datagram socket", source)
}
