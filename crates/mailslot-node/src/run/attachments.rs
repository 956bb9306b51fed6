//! Keeps the node attached to the machine's interfaces.

use std::time::{Duration, Instant};

use crate::config;
use crate::control::Unused;
use crate::error::Result;
use crate::io::addresses;
use crate::io::changes::Changes;
use crate::io::driver::{Attached, Driver};
use crate::io::interfaces::{self, Attachment, Choice, LeftOut};
use crate::io::poll::Source;

/// How often to check the interfaces when the system does not notify of changes, or when one cannot be used.
const LOOK: Duration = Duration::from_secs(3);
/// The least time between two checks: machines with containers have many changes at once.
const PAUSE: Duration = Duration::from_millis(100);

/// The state of the node's attachments.
pub(super) struct Attachments {
    changes: Option<Changes>,
    /// Why the system does not notify of changes, until this is logged.
    not_watched: Option<String>,
    /// When to check again.
    due: Option<Instant>,
    looked_at: Instant,
    /// What could not be used at the last check. Each fault is logged when it begins or changes.
    left_out: Vec<LeftOut>,
    /// Why the system's list could not be read then.
    unknown: Option<String>,
}

/// The changes that a check has made.
#[derive(Default)]
pub(super) struct Report {
    not_watched: Option<String>,
    attached: Attached,
    newly_left_out: Vec<LeftOut>,
}

impl Attachments {
    /// No attachments yet; begins to watch for changes.
    pub(super) fn new(now: Instant) -> Attachments {
        let changes = Changes::watch();
        let not_watched = changes.as_ref().err();
        let not_watched =
            not_watched.map(|error| format!("{error}: changes of interfaces are found within {} s", LOOK.as_secs()));
        let (due, left_out, unknown) = (None, Vec::new(), None);
        Attachments { changes: changes.ok(), not_watched, due, looked_at: now, left_out, unknown }
    }

    /// Ready when something has changed.
    pub(super) fn source(&self) -> Option<Source<'_>> {
        self.changes.as_ref().map(Changes::source)
    }

    /// Handles a notification of changes.
    pub(super) fn changed(&mut self, now: Instant) {
        if let Some(changes) = &self.changes {
            changes.take();
        }
        self.look_soon(now);
    }

    /// Schedules a check.
    pub(super) fn look_soon(&mut self, now: Instant) {
        let soon = now.max(self.looked_at + PAUSE);
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// The interfaces and addresses that are not used, for the status.
    pub(super) fn unused(&self) -> Vec<Unused> {
        let unused =
            |left: &LeftOut| Unused { name: left.name.clone(), reason: left.reason.clone(), is_fault: left.is_fault };
        self.left_out.iter().map(unused).collect()
    }

    /// Attaches the node to the current interfaces, and logs the changes.
    pub(super) fn keep(&mut self, now: Instant, settings: &config::Settings, driver: &mut Driver) {
        match self.look(now, settings, driver) {
            Ok(report) => report.tell(),
            Err(error) => {
                self.due = Some(now + LOOK);
                let reason = Some(error.to_string());
                if reason != self.unknown {
                    tracing::warn!(name: "interfaces_unknown", reason = %error);
                }
                self.unknown = reason;
            }
        }
    }

    /// Attaches the node to the current interfaces.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) if the system's list cannot be read. The attachments then stay as they are.
    pub(super) fn look(&mut self, now: Instant, settings: &config::Settings, driver: &mut Driver) -> Result<Report> {
        self.looked_at = now;
        self.due = self.changes.is_none().then_some(now + LOOK);
        let Choice { used, mut left_out } = choose(settings)?;
        self.unknown = None;
        let attached = driver.attach(used, now);
        if !attached.failed.is_empty() {
            // Another program may release its port, of which there is no notification.
            self.due = Some(now + LOOK);
        }
        let failed = attached.failed.iter();
        left_out.extend(failed.map(|(name, error)| LeftOut {
            name: name.clone(),
            reason: error.to_string(),
            is_fault: true,
        }));
        let newly_left_out = left_out.iter().filter(|left| !self.left_out.contains(left)).cloned().collect();
        self.left_out = left_out;
        // A machine that is in no NetBIOS network logs nothing about it.
        let not_watched = if settings.netbios { self.not_watched.take() } else { None };
        Ok(Report { not_watched, attached, newly_left_out })
    }
}

impl Report {
    /// The report, or the error of an interface that could not be used.
    pub(super) fn or_failure(mut self) -> Result<Report> {
        match self.attached.failed.is_empty() {
            true => Ok(self),
            false => Err(self.attached.failed.swap_remove(0).1),
        }
    }

    pub(super) fn tell(&self) {
        if let Some(reason) = &self.not_watched {
            tracing::warn!(name: "interfaces_not_watched", reason = %reason);
        }
        for named in &self.attached.gone {
            let Details { broadcast, also } = details(named);
            tracing::warn!(name: "interface_gone", name = %named.name, address = %named, broadcast, also);
        }
        for named in &self.attached.new {
            let Details { broadcast, also } = details(named);
            tracing::info!(name: "interface_used", name = %named.name, address = %named, broadcast, also);
        }
        for LeftOut { name, reason, .. } in &self.newly_left_out {
            tracing::warn!(name: "interface_not_used", name = %name, reason = %reason);
        }
    }
}

/// The machine's interfaces that the settings select.
pub(super) fn choose(settings: &config::Settings) -> Result<Choice> {
    if !settings.netbios {
        return Ok(Choice::default());
    }
    Ok(interfaces::choose(&addresses::list()?, settings))
}

/// The logged details of an interface besides its name and address.
struct Details {
    broadcast: String,
    /// Its other addresses, if it has any.
    also: Option<String>,
}

fn details(named: &Attachment) -> Details {
    let broadcast = named.interface.broadcast.map_or("none".to_owned(), |address| address.to_string());
    let others: Vec<String> = named.others.iter().map(ToString::to_string).collect();
    Details { broadcast, also: (!others.is_empty()).then(|| others.join(",")) }
}
