//! What is set for the process as a whole.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::link::listen_to_trace;

static OWN: AtomicBool = AtomicBool::new(false);

/// Tells that this process is a node and nothing else. Call it before [`Domains::start`](crate::Domains::start). Then
///
/// - sessions that are refused, because there are as many as may be, become the event `sessions_refused`, and endpoints that cannot
///   be reached `endpoint_unreachable`. Zenoh tells of them in its trace alone, and a process has one listener to traces (of
///   `tracing`): one that is there already stays, and hears of them itself;
/// - the process may have as many descriptors as the system allows it to raise the limit to (RLIMIT_NOFILE): each connection
///   takes one, those of strangers as well, and the usual 1024 are there for programs that use select(2);
/// - sockets of the process whose `SO_LINGER` is ten seconds, as Zenoh sets it, lose it, so that a machine that is cut off holds
///   up no other one.
pub fn own_process() {
    listen_to_trace();
    raise_descriptor_limit();
    OWN.store(true, Ordering::Relaxed);
}

fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // It cannot fail up to the maximum; `descriptors_few` tells if that is too little.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Descriptors that this process may have; `None` if there is no limit.
pub(crate) fn descriptor_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Whether that was said.
pub(crate) fn is_own() -> bool {
    OWN.load(Ordering::Relaxed)
}
