//! What is set for the process as a whole.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::refusals;

static OWN: AtomicBool = AtomicBool::new(false);

/// Tells that this process is a node and nothing else. Call it before [`Domains::start`](crate::Domains::start). Then
///
/// - sessions that are refused, because there are as many as may be, become the event `sessions_refused`. Zenoh tells of them in
///   its trace alone, and a process has one listener to traces (of `tracing`): one that is there already stays, and hears of
///   refusals itself;
/// - sockets of the process whose `SO_LINGER` is ten seconds, as Zenoh sets it, lose it, so that a machine that is cut off holds
///   up no other one.
pub fn own_process() {
    refusals::listen();
    OWN.store(true, Ordering::Relaxed);
}

/// Whether that was said.
pub(crate) fn is_own() -> bool {
    OWN.load(Ordering::Relaxed)
}
