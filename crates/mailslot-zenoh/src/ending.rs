//! The end of a machine's part in domains.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::member::Member;
use crate::process::is_own;

/// How long the end of a process that is a node and nothing else waits for its sessions.
const LONGEST: Duration = Duration::from_secs(2);

pub(crate) fn end(member: &Member) {
    member.stop();
    tracing::info!(name: "domain_closed", domain = %member.name());
}

/// Ends all of them, and none waits for another one. A process that ends waits for none for long: Zenoh's tables can take seconds to
/// free when strangers have filled them. What was announced is taken back first, and the others notice the end in any case.
pub(crate) fn end_all(members: Vec<Arc<Member>>) {
    let (ended, ends) = channel::<()>();
    for member in members {
        let ended = ended.clone();
        let work = move || {
            end(&member);
            drop((member, ended));
        };
        // Without threads the closure is dropped, and the session with it.
        let _ = thread::Builder::new().name("domain-end".to_owned()).spawn(work);
    }
    drop(ended);
    // Nothing is ever sent there: both return when all have let go of the other end.
    if is_own() {
        let _ = ends.recv_timeout(LONGEST);
    } else {
        let _ = ends.recv();
    }
}
