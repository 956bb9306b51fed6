//! Received messages.

use std::time::{Duration, SystemTime};

use mailslot::SlotName;

use crate::text::Shown;

/// A message, with its slot and the time when it was received.
pub struct Received<'a> {
    pub slot: &'a SlotName,
    pub at: SystemTime,
    pub shown: &'a Shown<'a>,
}

impl Received<'_> {
    /// When it was received, as RFC 3339 writes it.
    pub fn time(&self) -> String {
        humantime::format_rfc3339_micros(self.at).to_string()
    }

    /// When it was written, by its writer's account, if the slot asks writers for that. `None` also if RFC 3339 cannot
    /// write the time.
    pub fn sent(&self) -> Option<String> {
        const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);
        let sent = self.shown.message.time?;
        let is_writable = sent.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since < YEAR_10000);
        is_writable.then(|| humantime::format_rfc3339_micros(sent).to_string())
    }
}
