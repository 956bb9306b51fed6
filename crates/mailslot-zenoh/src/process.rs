//! Settings of the process as a whole.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::link::listen_to_trace;
use crate::sys::raise_descriptor_limit;

static OWN: AtomicBool = AtomicBool::new(false);

/// Declares that this process is a node and nothing else. Call it before [`Domains::start`](crate::Domains::start).
/// Then
///
/// - sessions that are refused because there are too many become the event `sessions_refused`, and endpoints that
///   cannot be reached `endpoint_unreachable`. Zenoh reports them only in its trace, and a process has one subscriber
///   to traces (of `tracing`): if there is one already, it stays, and receives them itself;
/// - the limit of descriptors (`RLIMIT_NOFILE`) is raised as far as the system allows: each connection takes one,
///   including those of strangers, and the usual 1024 exist for programs that use select(2);
/// - sockets of the process whose `SO_LINGER` is ten seconds, as Zenoh sets it, lose it, so that a machine that is cut
///   off does not delay others.
///
/// # Portability
///
/// The last two are for Unix.
pub fn own_process() {
    listen_to_trace();
    raise_descriptor_limit();
    OWN.store(true, Ordering::Relaxed);
}

/// Whether [`own_process`] was called.
pub(crate) fn is_own() -> bool {
    OWN.load(Ordering::Relaxed)
}
