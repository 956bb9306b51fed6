//! `mailslot replay`: writes recorded messages to slots, in their original time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Error, MailslotWriter, Timeout};

use crate::commands::completions;
use crate::exit::{self, Failure, Result};
use crate::recording::{Ended, Reader, Record};
use crate::signals::Signals;
use crate::sys;

/// Write the messages of a file to slots, in their original time
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Replay {
    /// A file of `mailslot record`, or lines of `mailslot listen --json`
    file: PathBuf,

    /// How fast: 1 for the original speed, 2.5, 0.1, or max
    #[arg(short, long, value_name = "FACTOR", default_value = "1", value_parser = speed)]
    speed: Speed,

    /// Write all of them to this slot [default: each to its original slot]
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completions::slots))]
    to: Option<String>,
}

const AFTER_HELP: &str = r#"The time of each message is relative to the first one, so delays do not add up: after a delay, late messages follow at once. If a slot is full, the command waits for room. A file that ends within a message, as after a loss of power, is replayed up to there; that is reported, but is not a failure. The origin of the messages is this command: the original senders are in the file only.

Examples:
  mailslot replay alerts.ndjson
  mailslot replay --speed max --to test alerts.pcapng"#;

/// The factor on the original speed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speed {
    Times(f64),
    Max,
}

fn speed(text: &str) -> std::result::Result<Speed, String> {
    match text.parse() {
        _ if text == "max" => Ok(Speed::Max),
        Ok(factor) if f64::is_finite(factor) && factor > 0.0 => Ok(Speed::Times(factor)),
        _ => Err("write a number above 0, such as 1 or 2.5, or max".to_owned()),
    }
}

/// The time to wait for a full slot before checking for signals.
const TURN: Duration = Duration::from_millis(100);

impl Replay {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let action = format!("replay {}", self.file.display());
        let failed = |source| Failure::io(&action, source);
        let mut reader = Reader::open(&self.file).map_err(failed)?;
        let mut replayed = Replayed { to: self.to.as_deref(), writers: HashMap::new(), sent: 0 };
        let mut schedule = None;
        while let Some(record) = reader.next().map_err(failed)? {
            let schedule = schedule.get_or_insert_with(|| Schedule::begin(record.time, self.speed));
            wait_until(schedule.at(record.time), &signals)?;
            replayed.write(&record, &signals)?;
        }
        exit::note(format_args!("{} messages were written", replayed.sent));
        if reader.ended() == Ended::Cut {
            let (file, count) = (self.file.display(), reader.count());
            exit::complain(format_args!("{file} ends within a message: there are {count} before it"));
        }
        Ok(())
    }
}

/// The time at which each message is due.
struct Schedule {
    /// The original time of the first one, and the time when it was written.
    first: SystemTime,
    begun: Instant,
    speed: Speed,
}

impl Schedule {
    fn begin(first: SystemTime, speed: Speed) -> Schedule {
        Schedule { first, begun: Instant::now(), speed }
    }

    /// When a message with the original time `time` is due. One from before the first, by a clock that was set back, is
    /// due at once, and so is everything at the highest speed. `None` for never: the time cannot be represented.
    fn at(&self, time: SystemTime) -> Option<Instant> {
        let after = match self.speed {
            Speed::Max => Duration::ZERO,
            Speed::Times(factor) => {
                let seconds = time.duration_since(self.first).unwrap_or_default().as_secs_f64() / factor;
                Duration::try_from_secs_f64(seconds).ok()?
            }
        };
        self.begun.checked_add(after)
    }
}

fn wait_until(due: Option<Instant>, signals: &Signals) -> Result {
    loop {
        signals.check()?;
        let left = due.map(|due| due.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(());
        }
        sys::sleep(signals, left)?;
    }
}

/// The destinations of messages.
struct Replayed<'a> {
    to: Option<&'a str>,
    /// Writers by the names of the slots.
    writers: HashMap<String, MailslotWriter>,
    sent: u64,
}

impl Replayed<'_> {
    fn write(&mut self, record: &Record, signals: &Signals) -> Result {
        let name = self.to.unwrap_or(record.slot.as_str());
        let sent = self.sent;
        let failed = |cause| Failure::Send { sent, cause };
        let writer = match self.writers.get(name) {
            Some(writer) => writer,
            None => {
                // The option may be any address; a name in the file is that of a local slot.
                let writer = match self.to {
                    Some(address) => MailslotWriter::open(address),
                    None => MailslotWriter::open(&record.slot),
                };
                self.writers.entry(name.to_owned()).or_insert(writer.map_err(failed)?)
            }
        };
        loop {
            match writer.write_within(&record.message.data, Timeout::After(TURN)) {
                Err(Error::TimedOut) => signals.check()?,
                written => break written.map_err(failed)?,
            }
        }
        self.sent += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn speeds_are_factors() {
        assert_eq!(speed("1"), Ok(Speed::Times(1.0)));
        assert_eq!(speed("2.5"), Ok(Speed::Times(2.5)));
        assert_eq!(speed("max"), Ok(Speed::Max));
        for wrong in ["", "0", "-1", "fast", "inf", "NaN", "1x"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_message_is_due_by_its_distance_from_the_first() {
        let first = UNIX_EPOCH + Duration::from_secs(1000);
        for factor in [0.1, 1.0, 2.5, 1e6] {
            let schedule = Schedule::begin(first, Speed::Times(factor));
            for seconds in [0.0, 0.5, 1.0, 86_400.0] {
                let due = schedule.at(first + Duration::from_secs_f64(seconds)).expect("a time");
                assert_eq!(due - schedule.begun, Duration::from_secs_f64(seconds / factor));
            }
            assert_eq!(schedule.at(UNIX_EPOCH), Some(schedule.begun), "a clock that was set back");
        }
        let schedule = Schedule::begin(first, Speed::Max);
        assert_eq!(schedule.at(first + Duration::from_secs(9)), Some(schedule.begun));
        let slow = Schedule::begin(first, Speed::Times(f64::MIN_POSITIVE));
        assert_eq!(slow.at(first + Duration::from_secs(9)), None);
    }
}
