//! What happens, for an operator: lines, JSON, or entries of the journal, and no more of them than one can read.
//!
//! The node tells what happens by [`tracing`], and so does Zenoh: a program that is a node has a subscriber of its own, or [`init`].
//! Each event of the node has its name as that of the event (`name_held`), and its details as fields.
//!
//! | format | is |
//! |---|---|
//! | [`Format::Text`] | `time=2026-01-31T12:00:00.000Z level=info event=name_held name=SRV1<00> interface=eth0`, values quoted where they could be misread |
//! | [`Format::Json`] | `{"event":"name_held","fields":{…},"level":"info","target":"mailslot_node::run","time":"…"}` |
//! | [`Format::Journald`] | the same line as text without its time, and fields `MAILSLOT_EVENT`, `MAILSLOT_NAME`, … |
//!
//! Names and texts come from the network and from other users. Values are cut at 500 characters; and each kind of event, each user in
//! a kind, and all together have a budget, so that nobody can fill a disk or hide one event behind many others. What was left out is
//! counted in a line of its own, `event=left_out`.

mod budget;
mod journal;
mod limits;
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
use journal::Journal;
pub(crate) use limits::Limits;
use record::Record;

/// What is said unless `RUST_LOG` says otherwise: what happens here, and what worries others.
const DEFAULT: &str = "warn,mailslot_node=info,mailslot_zenoh=info";
/// How often it is said what was left out.
const LEFT_OUT: Duration = Duration::from_secs(3);

/// What entries of a log look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Lines of `key=value`.
    Text,
    /// A JSON object on each line.
    Json,
    /// Entries of systemd's journal, in its own protocol.
    Journald,
}

impl Format {
    /// The journal's own where standard error leads there (`JOURNAL_STREAM`, as systemd sets it), else text.
    pub fn of_stderr() -> Format {
        let stream = std::env::var("JOURNAL_STREAM").ok();
        let stderr = rustix::fs::fstat(std::io::stderr()).ok();
        match stream.zip(stderr) {
            Some((stream, stderr)) if stream == format!("{}:{}", stderr.st_dev, stderr.st_ino) => Format::Journald,
            _ => Format::Text,
        }
    }
}

/// Has everything that happens in this process written from now on, as the environment variable `RUST_LOG` says: levels for targets,
/// such as `debug,zenoh=warn`. `write` gets the lines; those for the journal only if it takes none.
///
/// # Errors
///
/// - [`Error::Settings`] if `RUST_LOG` is not of this form
/// - [`Error::Io`] if the process has a subscriber already, or no socket can be had for the journal
pub fn init(format: Format, write: impl Fn(&str) + Send + Sync + 'static) -> Result<()> {
    let text = std::env::var("RUST_LOG").unwrap_or_default();
    let text = if text.is_empty() { DEFAULT } else { &text };
    let targets: Targets = text.parse().map_err(|error| Error::Settings(format!("RUST_LOG {text:?}: {error}")))?;
    let subscriber = tracing_subscriber::registry().with(layer(format, write)?.with_filter(targets));
    #[cfg(feature = "zenoh")]
    let subscriber = subscriber.with(mailslot_zenoh::trace_layer());
    subscriber.try_init().map_err(|error| Error::io("begin to log", std::io::Error::other(error)))
}

/// The same as a part of a program's own subscriber, with its budget and without a filter.
///
/// # Errors
///
/// [`Error::Io`] if no socket can be had for the journal.
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

/// Writes what happens, as far as the budget goes.
struct Log<W> {
    format: Format,
    journal: Option<Journal>,
    write: W,
    state: Mutex<State>,
}

struct State {
    budget: Budget,
    /// When it was said last what was left out.
    told: Instant,
}

impl<W: Fn(&str)> Log<W> {
    /// Whether there is room for this event, and before it what is to be said about those that had none.
    fn take(&self, now: Instant, record: &Record) -> (bool, Vec<Record>) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let has_room = state.budget.take(now, record.kind(), record.uid());
        // The last event of a node is the last chance.
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
