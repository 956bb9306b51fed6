//! `mailslot hz`: the rate of messages, from the slot's counters.

use std::time::{Duration, Instant};

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Address, SlotStatus};
use serde::Serialize;

use crate::commands::completions;
use crate::escape::cell;
use crate::exit::{Failure, Result};
use crate::signals::Signals;
use crate::{args, output, sys};

/// Show the rate of messages into slots, without taking them
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Hz {
    /// The slots
    #[arg(required = true, value_name = "NAME", add = ArgValueCandidates::new(completions::slots))]
    names: Vec<String>,

    /// Time between two reports
    #[arg(short, long, value_name = "DURATION", default_value = "1s", value_parser = args::duration)]
    interval: Duration,

    /// End after this many reports
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Print one JSON object on a line for each report of a slot
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"The counters are read every 10 ms. That is the resolution of times between messages: several that arrive between two reads count as evenly spaced. σ is the standard deviation. Only the owner's user and the superuser may read the counters.

Examples:
  mailslot hz alerts
  mailslot hz --interval 10s --json alerts | jq .messages_per_second"#;

/// Time between two reads of the counters.
const LOOK: Duration = Duration::from_millis(10);

impl Hz {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let addresses: Vec<Address> =
            self.names.iter().map(|name| name.parse()).collect::<std::result::Result<_, _>>()?;
        let mut begun = Instant::now();
        let mut meters = Vec::with_capacity(addresses.len());
        for address in &addresses {
            meters.push(Meter::new(&look(address)?));
        }
        let mut left = self.count;
        while left != Some(0) {
            let end = begun.checked_add(self.interval).ok_or(Failure::Usage("the interval ends beyond all time"))?;
            loop {
                let now = Instant::now();
                let rest = end.saturating_duration_since(now);
                sys::sleep(&signals, Some(rest.min(LOOK)))?;
                signals.check()?;
                let now = Instant::now();
                for (meter, address) in meters.iter_mut().zip(&addresses) {
                    meter.look(now, &look(address)?);
                }
                if now >= end {
                    let reports: Vec<Report> = meters.iter_mut().map(|meter| meter.report(now - begun)).collect();
                    self.print(&reports)?;
                    begun = now;
                    break;
                }
            }
            left = left.map(|left| left - 1);
        }
        Ok(())
    }

    fn print(&self, reports: &[Report]) -> Result {
        if self.json {
            return reports.iter().try_for_each(output::print_json);
        }
        output::lines(reports.iter().map(Report::text))
    }
}

/// The values of a slot's counters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted {
    slot: String,
    written: u64,
    bytes: u64,
}

fn look(address: &Address) -> Result<Counted> {
    let SlotStatus { name, info, .. } = mailslot::status(address)?;
    let statistics = info.and_then(|info| info.statistics).ok_or_else(|| {
        Failure::io(format!("read the counters of slot {name}"), std::io::ErrorKind::PermissionDenied)
    })?;
    Ok(Counted { slot: name.to_string(), written: statistics.written, bytes: statistics.bytes_written })
}

/// Follows the counters of a slot.
struct Meter {
    seen: Counted,
    /// When a message was last seen to arrive.
    last: Option<Instant>,
    since: Since,
}

/// Messages since the last report.
#[derive(Default)]
struct Since {
    messages: u64,
    bytes: u64,
    intervals: Intervals,
}

/// Times between messages, in seconds.
#[derive(Default)]
struct Intervals {
    count: f64,
    mean: f64,
    /// Sum of the squares of their distances from the mean.
    squares: f64,
    min: f64,
    max: f64,
}

/// A report of a slot.
#[derive(Debug, PartialEq, Serialize)]
struct Report {
    slot: String,
    seconds: f64,
    messages: u64,
    bytes: u64,
    messages_per_second: f64,
    bytes_per_second: f64,
    /// `None` if no message came after another one.
    interval: Option<Spread>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Spread {
    min_seconds: f64,
    max_seconds: f64,
    deviation_seconds: f64,
}

impl Meter {
    fn new(seen: &Counted) -> Meter {
        Meter { seen: seen.clone(), last: None, since: Since::default() }
    }

    fn look(&mut self, now: Instant, seen: &Counted) {
        // Counters that went back are those of another slot of this name: it has counted everything since.
        let is_new = seen.written < self.seen.written || seen.bytes < self.seen.bytes;
        let (written, bytes) = if is_new { (0, 0) } else { (self.seen.written, self.seen.bytes) };
        let messages = seen.written - written;
        self.since.messages += messages;
        self.since.bytes += seen.bytes - bytes;
        if messages > 0 {
            if let Some(last) = self.last {
                let each = now.duration_since(last).as_secs_f64() / messages as f64;
                self.since.intervals.add(each, messages as f64);
            }
            self.last = Some(now);
        }
        self.seen.clone_from(seen);
    }

    fn report(&mut self, time: Duration) -> Report {
        let Since { messages, bytes, intervals } = std::mem::take(&mut self.since);
        let seconds = time.as_secs_f64();
        let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        Report {
            slot: self.seen.slot.clone(),
            seconds,
            messages,
            bytes,
            messages_per_second: per_second(messages),
            bytes_per_second: per_second(bytes),
            interval: intervals.spread(),
        }
    }
}

impl Intervals {
    /// Adds `count` times, each of `each`.
    fn add(&mut self, each: f64, count: f64) {
        (self.min, self.max) = if self.count == 0.0 { (each, each) } else { (self.min.min(each), self.max.max(each)) };
        // Welford's algorithm, which loses no precision by subtracting large numbers.
        self.count += count;
        let distance = each - self.mean;
        self.mean += distance * count / self.count;
        self.squares += count * distance * (each - self.mean);
    }

    fn spread(&self) -> Option<Spread> {
        let deviation = (self.squares / self.count).max(0.0).sqrt();
        let spread = Spread { min_seconds: self.min, max_seconds: self.max, deviation_seconds: deviation };
        (self.count > 0.0).then_some(spread)
    }
}

impl Report {
    fn text(&self) -> String {
        let rate = |value: f64| if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        let (messages, bytes) = (rate(self.messages_per_second), rate(self.bytes_per_second));
        let intervals = match &self.interval {
            None => String::new(),
            Some(Spread { min_seconds, max_seconds, deviation_seconds }) => {
                let [min, max, deviation] =
                    [min_seconds, max_seconds, deviation_seconds].map(|time| milliseconds(*time));
                format!("; interval {min} to {max} ms, σ {deviation} ms")
            }
        };
        format!("{}: {messages} messages/s, {bytes} bytes/s{intervals}", cell(&self.slot))
    }
}

fn milliseconds(seconds: f64) -> String {
    let milliseconds = seconds * 1e3;
    if milliseconds < 100.0 { format!("{milliseconds:.3}") } else { format!("{milliseconds:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(written: u64, bytes: u64) -> Counted {
        Counted { slot: "alerts".to_owned(), written, bytes }
    }

    /// What a meter reports for these reads: each has milliseconds from the beginning, and the counters.
    fn report(looks: &[(u64, u64, u64)]) -> Report {
        let begun = Instant::now();
        let mut meter = Meter::new(&counted(looks[0].1, looks[0].2));
        for (at, written, bytes) in &looks[1..] {
            meter.look(begun + Duration::from_millis(*at), &counted(*written, *bytes));
        }
        meter.report(Duration::from_millis(looks.last().expect("looks").0))
    }

    #[test]
    fn rates_are_what_came_by_the_time() {
        let report = report(&[(0, 1000, 5000), (10, 1000, 5000), (20, 1004, 5008), (500, 1005, 5010)]);
        assert_eq!((report.messages, report.bytes), (5, 10));
        assert_eq!((report.messages_per_second, report.bytes_per_second), (10.0, 20.0));
    }

    #[test]
    fn intervals_are_those_between_messages_that_were_seen_to_come() {
        // The first message has none before it; then one after 20 ms, and two in 60 ms, which is 30 ms each.
        let spread =
            report(&[(0, 7, 0), (100, 8, 0), (110, 8, 0), (120, 9, 0), (180, 11, 0)]).interval.expect("intervals");
        assert!((spread.min_seconds - 0.02).abs() < 1e-9 && (spread.max_seconds - 0.03).abs() < 1e-9, "{spread:?}");
        // The deviation of 20, 30 and 30.
        assert!((spread.deviation_seconds - 0.004_714_045).abs() < 1e-6, "{spread:?}");
        assert_eq!(report(&[(0, 7, 0), (100, 8, 0), (200, 8, 0)]).interval, None);
    }

    #[test]
    fn a_slot_that_was_made_anew_counts_from_zero() {
        let report = report(&[(0, 1000, 5000), (10, 1002, 5020), (20, 3, 30), (1000, 4, 40)]);
        assert_eq!((report.messages, report.bytes), (6, 60));
    }

    #[test]
    fn a_name_stays_in_its_line() {
        crate::hostile::stays_in_its_cells(|name| {
            let mut report = report(&[(0, 0, 0), (10, 1, 300)]);
            report.slot = name.to_owned();
            vec![report.text()]
        });
    }

    #[test]
    fn a_report_is_one_line() {
        let text = report(&[(0, 0, 0), (10, 1, 300), (20, 2, 600), (1000, 2, 600)]).text();
        assert_eq!(text, "alerts: 2.0 messages/s, 600 bytes/s; interval 10.000 to 10.000 ms, σ 0.000 ms");
    }
}
