//! Zenoh's threads, and our tasks in them.
//!
//! Zenoh chooses how many threads there are, and for what. Receiving in the threads that wait for the network
//! (`ZENOH_RUNTIME`) would make a message 20 µs faster, and make routers lose large ones: a thread that receives also
//! waits for room to forward a message, and then no thread waits for the network, which makes that room.

use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::runtime::EnterGuard;
use tokio::task::{JoinError, JoinHandle};
use zenoh_runtime::ZRuntime;

/// The longest time in which nothing is sent. A question about presences takes Zenoh some 3 us for each that it knows.
const HELD: Duration = Duration::from_millis(100);

/// A task in Zenoh's threads that send.
pub(crate) struct Task(JoinHandle<()>);

/// Enters the runtime of the threads that send, for objects that register themselves in the current runtime.
pub(crate) fn enter() -> EnterGuard<'static> {
    ZRuntime::TX.enter()
}

/// Runs `work` in Zenoh's threads that send. There a put wakes no thread: the work that it causes runs next in the same
/// one. But nothing is sent while `work` blocks.
pub(crate) fn begin(work: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(ZRuntime::TX.spawn(work))
}

impl Task {
    /// Aborts the task at its next wait, and returns when everything that it held is dropped.
    pub(crate) fn end(self) -> Result<(), JoinError> {
        self.0.abort();
        ZRuntime::TX.block_on(self.0)
    }
}

/// Does `work` while nothing is sent, but for at most [`HELD`]: what it asks of others is not answered before Zenoh has
/// done with it here. Only for threads that do not send.
pub(crate) fn while_nothing_is_sent(work: impl FnOnce()) {
    let ((holding, held), (working, worked)) = (channel::<()>(), channel::<()>());
    ZRuntime::TX.spawn(async move {
        drop(holding);
        // `work` may wait for room in a queue, which only sending makes. Nothing is ever sent there: this returns when
        // the other end is dropped.
        let _ = worked.recv_timeout(HELD);
    });
    let _ = held.recv_timeout(HELD);
    work();
    drop(working);
}

/// Runs `work` after `after`.
pub(crate) fn later(after: Duration, work: impl FnOnce() + Send + 'static) {
    ZRuntime::Application.spawn(async move {
        tokio::time::sleep(after).await;
        work();
    });
}
