//! Ending a machine's part in domains.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::member::Member;
use crate::process::is_own;

/// How long a process that is only a node waits for its sessions to close when it ends.
const LONGEST: Duration = Duration::from_secs(2);

pub(crate) fn end(member: &Member) {
    member.stop();
    tracing::info!(name: "domain_closed", domain = %member.name());
}

/// Ends all members at the same time. A process that is only a node does not wait for long: Zenoh's tables can take
/// seconds to free when strangers have filled them. What was announced is undeclared first, and peers notice the end in
/// any case.
pub(crate) fn end_all(members: Vec<Arc<Member>>) {
    let (ended, ends) = channel::<()>();
    for member in members {
        let ended = ended.clone();
        let work = move || {
            end(&member);
            drop((member, ended));
        };
        // If no thread can be started, the closure is dropped, and the session with it.
        let _ = thread::Builder::new().name("domain-end".to_owned()).spawn(work);
    }
    drop(ended);
    // Nothing is ever sent there: both calls return when every thread has dropped its end.
    if is_own() {
        let _ = ends.recv_timeout(LONGEST);
    } else {
        let _ = ends.recv();
    }
}
