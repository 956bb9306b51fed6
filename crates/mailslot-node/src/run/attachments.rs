//! Keeping the node attached to the interfaces that the machine has.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::config::Settings;
use crate::control::Unused;
use crate::error::Result;
use crate::io::addresses;
use crate::io::changes::Changes;
use crate::io::driver::{Attached, Driver};
use crate::io::interfaces::{self, Choice, LeftOut, Named};

/// How often the interfaces are looked at where the system does not tell of changes, or something cannot be used.
const LOOK: Duration = Duration::from_secs(3);
/// The least time between two looks: machines with containers have many changes at once.
const PAUSE: Duration = Duration::from_millis(100);

/// What the node is attached to, and what it is not.
pub(super) struct Attachments {
    changes: Option<Changes>,
    /// Why the system does not tell of them, until that is said.
    not_watched: Option<String>,
    /// When to look again.
    due: Option<Instant>,
    looked_at: Instant,
    /// What could not be used at the last look. It is told when it begins, and again after it has changed.
    left_out: Vec<LeftOut>,
    /// Why the system's list could not be had then.
    unknown: Option<String>,
}

/// What a look has changed.
#[derive(Default)]
pub(super) struct Report {
    not_watched: Option<String>,
    attached: Attached,
    newly_left_out: Vec<LeftOut>,
}

impl Attachments {
    /// To be looked at from now on.
    pub(super) fn new(now: Instant) -> Attachments {
        let changes = Changes::watch();
        let not_watched = changes.as_ref().err();
        let not_watched =
            not_watched.map(|error| format!("{error}: changes of interfaces are found within {} s", LOOK.as_secs()));
        let (due, left_out, unknown) = (None, Vec::new(), None);
        Attachments { changes: changes.ok(), not_watched, due, looked_at: now, left_out, unknown }
    }

    /// Readable when something has changed.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.changes.as_ref().map(AsFd::as_fd)
    }

    /// Something has changed.
    pub(super) fn changed(&mut self, now: Instant) {
        if let Some(changes) = &self.changes {
            changes.take();
        }
        self.look_soon(now);
    }

    /// There is a reason to look.
    pub(super) fn look_soon(&mut self, now: Instant) {
        let soon = now.max(self.looked_at + PAUSE);
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// What is not used, for whoever asks.
    pub(super) fn unused(&self) -> Vec<Unused> {
        let unused =
            |left: &LeftOut| Unused { name: left.name.clone(), reason: left.reason.clone(), is_fault: left.is_fault };
        self.left_out.iter().map(unused).collect()
    }

    /// Attaches the node to the interfaces that there are now, and tells what has changed.
    pub(super) fn keep(&mut self, now: Instant, settings: &Settings, driver: &mut Driver) {
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

    /// Attaches the node to the interfaces that there are now.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) if the system's list cannot be had. The node then stays as it is.
    pub(super) fn look(&mut self, now: Instant, settings: &Settings, driver: &mut Driver) -> Result<Report> {
        self.looked_at = now;
        self.due = self.changes.is_none().then_some(now + LOOK);
        let Choice { used, mut left_out } = choose(settings)?;
        self.unknown = None;
        let attached = driver.attach(used, now);
        if !attached.failed.is_empty() {
            // Whoever has a port may give it up, which nobody tells.
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
        // Nothing of the NetBIOS network is said where the machine is in none.
        let not_watched = if settings.netbios { self.not_watched.take() } else { None };
        Ok(Report { not_watched, attached, newly_left_out })
    }
}

impl Report {
    /// The report, unless something could not be used: then why that was.
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

/// What the machine has that the settings want.
pub(super) fn choose(settings: &Settings) -> Result<Choice> {
    if !settings.netbios {
        return Ok(Choice::default());
    }
    Ok(interfaces::choose(&addresses::list()?, settings))
}

/// What is said of an interface besides its name and address.
struct Details {
    broadcast: String,
    /// Its other addresses, if it has any.
    also: Option<String>,
}

fn details(named: &Named) -> Details {
    let broadcast = named.interface.broadcast.map_or("none".to_owned(), |address| address.to_string());
    let others: Vec<String> = named.others.iter().map(ToString::to_string).collect();
    Details { broadcast, also: (!others.is_empty()).then(|| others.join(",")) }
}
