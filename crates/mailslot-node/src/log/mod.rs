//! The log for an operator: lines of text, JSON, or entries of the journal, at a bounded rate.
//!
//! The node and Zenoh report events by [`tracing`]: a program that runs a node sets its own subscriber, or calls
//! [`init`]. Each event of the node has a name (`name_held`), and its details as fields.
//!
//! | format | is |
//! |---|---|
//! | [`Format::Text`] | `time=2026-01-31T12:00:00.000Z level=info event=name_held name=SRV1<00> interface=eth0`, values quoted where they could be misread |
//! | [`Format::Json`] | `{"event":"name_held","fields":{…},"level":"info","target":"mailslot_node::run","time":"…"}` |
//! | [`Format::Journald`] | the same line as text without its time, and fields `MAILSLOT_EVENT`, `MAILSLOT_NAME`, … |
//!
//! Names and texts come from the network and from other users. Values are cut at 500 characters. Each kind of event,
//! each user within a kind, and all events together have a budget, so that no sender or user can fill a disk or hide
//! one event behind many others. Separate lines, `event=left_out`, report how many were left out.

mod budget;
#[cfg(unix)]
mod journal;
mod limits;
#[cfg(windows)]
mod no_journal;
mod record;

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::{Error, Result};
use budget::Budget;
#[cfg(windows)]
use no_journal as journal;

use journal::Journal;
pub(crate) use limits::Limits;
use record::Record;

/// The default of `RUST_LOG`: the events of this project, and warnings of other crates.
const DEFAULT: &str = "warn,mailslot_node=info,mailslot_zenoh=info";
/// The least time between two reports of left out lines.
const LEFT_OUT: Duration = Duration::from_secs(3);

/// The format of log entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Lines of `key=value`.
    Text,
    /// A JSON object on each line.
    Json,
    /// Entries of systemd's journal, in its native protocol.
    Journald,
}

impl Format {
    /// [`Journald`](Format::Journald) if standard error leads to the journal (`JOURNAL_STREAM`, as systemd sets it),
    /// else text.
    pub fn of_stderr() -> Format {
        if journal::has_stderr() { Format::Journald } else { Format::Text }
    }
}

/// Logs all events of this process from now on, filtered by the environment variable `RUST_LOG`: levels for targets,
/// such as `debug,zenoh=warn`. `write` gets the lines; with the journal, only those that it does not accept.
///
/// # Errors
///
/// - [`Error::Settings`] if `RUST_LOG` is not of this form
/// - [`Error::Io`] if the process has a subscriber already, or a socket for the journal cannot be created
pub fn init(format: Format, write: impl Fn(&str) + Send + Sync + 'static) -> Result<()> {
    let text = std::env::var("RUST_LOG").unwrap_or_default();
    let text = if text.is_empty() { DEFAULT } else { &text };
    let targets: Targets = text.parse().map_err(|error| Error::Settings(format!("RUST_LOG {text:?}: {error}")))?;
    let subscriber = tracing_subscriber::registry().with(layer(format, write)?.with_filter(targets));
    #[cfg(feature = "zenoh")]
    let subscriber = subscriber.with(mailslot_zenoh::trace_layer());
    subscriber.try_init().map_err(|error| Error::io("begin to log", std::io::Error::other(error)))
}

/// The same as a layer of a program's own subscriber, with the budgets and without a filter.
///
/// # Errors
///
/// [`Error::Io`] if a socket for the journal cannot be created.
///
/// ```
/// use mailslot_node::log::{self, Format};
/// use tracing_subscriber::layer::SubscriberExt;
/// use tracing_subscriber::util::SubscriberInitExt;
///
/// tracing_subscriber::registry().with(log::layer(Format::Text, |line| eprintln!("{line}"))?).init();
/// # Ok::<(), mailslot_node::Error>(())
/// ```
pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(
    format: Format,
    write: impl Fn(&str) + Send + Sync + 'static,
) -> Result<impl Layer<S>> {
    let journal = match format {
        Format::Journald => Some(Journal::new().map_err(|error| Error::io("reach the journal", error))?),
        Format::Text | Format::Json => None,
    };
    let now = Instant::now();
    Ok(Log { format, journal, write, state: Mutex::new(State { budget: Budget::new(now), told: now }) })
}

/// Writes events, within the budget.
struct Log<W> {
    format: Format,
    journal: Option<Journal>,
    write: W,
    state: Mutex<State>,
}

struct State {
    budget: Budget,
    /// When left out lines were last reported.
    told: Instant,
}

impl<W: Fn(&str)> Log<W> {
    /// Whether the budget has room for this event, and the records to write before it, about events that were left out.
    fn take(&self, now: Instant, record: &Record) -> (bool, Vec<Record>) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let has_room = state.budget.take(now, record.kind(), record.uid());
        // After a node's last event there is no later report.
        if now < state.told + LEFT_OUT && record.event != Some("stopped") {
            return (has_room, Vec::new());
        }
        state.told = now;
        let left_out = state.budget.take_left_out().into_iter();
        (has_room, left_out.map(|(kind, number)| Record::left_out(kind, number)).collect())
    }

    fn write(&self, record: &Record) {
        if self.journal.as_ref().is_some_and(|journal| journal.send(record)) {
            return;
        }
        let now = SystemTime::now();
        match self.format {
            Format::Json => (self.write)(&record.json(now)),
            Format::Text | Format::Journald => (self.write)(&record.text(Some(now))),
        }
    }
}

impl<S: Subscriber, W: Fn(&str) + Send + Sync + 'static> Layer<S> for Log<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let record = Record::of(event);
        let (has_room, left_out) = self.take(Instant::now(), &record);
        left_out.iter().for_each(|record| self.write(record));
        if has_room {
            self.write(&record);
        }
    }
}

#[cfg(test)]
mod tests;
