//! The slots and the node of this machine as metrics, in the text form of Prometheus.
//!
//! A running node serves them by HTTP if its setting [`metrics`](crate::config::Settings::metrics) names an endpoint;
//! `mailslot metrics` writes them for node_exporter's textfile collector. Both call [`gather`].
//!
//! # Who sees what
//!
//! [`mailslot::list`] returns the counters of a slot to its owner's user and to the superuser; the node returns its
//! counters to every user of the machine. The text therefore has no more than the user who gathers it may know. Every
//! process that can reach a TCP port where it is served can read it, as TCP has no users. A Unix socket is for the
//! node's user and group.
//!
//! Only the slots of selected users, by default the user who gathers, become series labelled with their names: other
//! users' names of slots cannot create series. Each user has at most 1,000 of them; `mailslot_slots_left_out` counts
//! the rest.

mod endpoint;
mod families;
#[cfg(unix)]
mod http;
#[cfg(windows)]
mod no_http;
mod node;
mod slots;

use std::time::Duration;

use mailslot::SlotStatus;

pub use endpoint::Endpoint;
#[cfg(unix)]
pub(crate) use http::Exporter;
#[cfg(windows)]
pub(crate) use no_http::Exporter;

use crate::control::{self, Answer, Request};
use crate::error::Result;
use families::Families;

/// Gathers the current metrics of this machine: the number of its slots, the slots of `uids` one by one, and its node
/// if one runs and answers within `timeout`.
///
/// # Errors
///
/// - [`Error::Slot`](crate::Error::Slot) if the slots cannot be listed
/// - [`Error::Metrics`](crate::Error::Metrics) if the node is of another version and has a counter that cannot be a
///   metric
///
/// ```no_run
/// use std::time::Duration;
///
/// let own = mailslot_node::exposition::own_uid();
/// print!("{}", mailslot_node::exposition::gather(&[own], Duration::from_secs(2))?);
/// # Ok::<(), mailslot_node::Error>(())
/// ```
pub fn gather(uids: &[u32], timeout: Duration) -> Result<String> {
    // First, because the request uses a slot, which must not be listed.
    let status = match control::ask(Request::Status, timeout) {
        Ok(Answer::Status(status)) => Some(status),
        _ => None,
    };
    text(&mailslot::list()?, uids, status.as_deref())
}

/// The user of this process.
///
/// # Portability
///
/// Always 0 on Windows, which has no numbers for users.
pub fn own_uid() -> u32 {
    #[cfg(unix)]
    return rustix::process::geteuid().as_raw();
    #[cfg(windows)]
    return 0;
}

/// As [`gather`], from slots and a status that the caller has.
///
/// # Errors
///
/// [`Error::Metrics`](crate::Error::Metrics) if a counter of the node has a name that is not valid for a metric.
pub fn text(slots: &[SlotStatus], uids: &[u32], status: Option<&control::Status>) -> Result<String> {
    let families = Families::default();
    let build = families.gauge("mailslot_build_info", "The program that wrote this: always 1.", &["version"])?;
    build.set(&[env!("CARGO_PKG_VERSION")], 1)?;
    families
        .gauge("mailslot_node_up", "Whether a node runs on this machine and answers.", &[])?
        .set(&[], status.is_some().into())?;
    slots::add(&families, slots, uids)?;
    if let Some(status) = status {
        node::add(&families, status)?;
    }
    families.text()
}

#[cfg(test)]
mod tests;
