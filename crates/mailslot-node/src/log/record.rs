//! One event with its fields, as text and as JSON.

use std::fmt::Write;
use std::time::SystemTime;

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// The most characters of a value: names come from the network and from other users, and some have no limit.
pub(super) const MAX_VALUE: usize = 500;

/// An event.
pub(super) struct Record {
    pub(super) level: Level,
    /// The reporting module.
    pub(super) target: &'static str,
    /// The event's name; `None` for events of other projects.
    pub(super) event: Option<&'static str>,
    fields: Vec<(&'static str, Value)>,
}

impl Record {
    pub(super) fn of(event: &Event<'_>) -> Record {
        let metadata = event.metadata();
        let is_own = metadata.target().starts_with("mailslot");
        let event_name = is_own.then_some(metadata.name());
        let mut record =
            Record { level: *metadata.level(), target: metadata.target(), event: event_name, fields: Vec::new() };
        event.record(&mut record);
        record
    }

    /// The record that `number` events of this kind were left out.
    pub(super) fn left_out(kind: &'static str, number: u64) -> Record {
        let fields = vec![("of", Value::from(kind)), ("number", Value::from(number))];
        Record { level: Level::WARN, target: module_path!(), event: Some("left_out"), fields }
    }

    /// The kind of event, which has a budget.
    pub(super) fn kind(&self) -> &'static str {
        self.event.unwrap_or(self.target)
    }

    /// The local user who has caused it.
    pub(super) fn uid(&self) -> Option<u32> {
        let uid = self.fields.iter().find(|(name, _)| *name == "uid")?.1.as_u64()?;
        u32::try_from(uid).ok()
    }

    pub(super) fn level(&self) -> &'static str {
        match self.level {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        }
    }

    /// The fields, each value as text.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.fields.iter().map(|(name, value)| match value {
            Value::String(text) => (*name, text.clone()),
            value => (*name, value.to_string()),
        })
    }

    /// A line of `key=value`. Values are quoted where they could be misread.
    pub(super) fn text(&self, time: Option<SystemTime>) -> String {
        let time = time.map(|time| ("time", humantime::format_rfc3339_millis(time).to_string()));
        let what = match self.event {
            Some(event) => ("event", event.to_owned()),
            None => ("target", self.target.to_owned()),
        };
        let mut line = String::new();
        for (key, value) in time.into_iter().chain([("level", self.level().to_owned()), what]).chain(self.fields()) {
            let gap = if line.is_empty() { "" } else { " " };
            let plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && !"\"=\\".contains(c));
            // Writing to a String cannot fail.
            let _ = if plain { write!(line, "{gap}{key}={value}") } else { write!(line, "{gap}{key}={value:?}") };
        }
        line
    }

    pub(super) fn json(&self, time: SystemTime) -> String {
        let fields: serde_json::Map<String, Value> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let time = humantime::format_rfc3339_millis(time).to_string();
        let record = json!({
            "time": time, "level": self.level(), "target": self.target, "event": self.event, "fields": fields,
        });
        record.to_string()
    }
}

impl Visit for Record {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let cut = match value.char_indices().nth(MAX_VALUE) {
            Some((end, _)) => format!("{}...", &value[..end]),
            None => value.to_owned(),
        };
        self.fields.push((field.name(), cut.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn core::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
