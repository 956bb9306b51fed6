//! Zenoh's threads, and our tasks in them.
//!
//! Zenoh chooses how many threads there are, and for what. Receiving in the threads that wait for the network
//! (`ZENOH_RUNTIME`) would make a message 20 µs faster, and make routers lose large ones: a thread that receives also
//! waits for room to forward a message, and then no thread waits for the network, which makes that room.

use std::time::Duration;

use tokio::runtime::EnterGuard;
use tokio::task::{JoinError, JoinHandle};
use zenoh_runtime::ZRuntime;

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

/// Runs `work` after `after`.
pub(crate) fn later(after: Duration, work: impl FnOnce() + Send + 'static) {
    ZRuntime::Application.spawn(async move {
        tokio::time::sleep(after).await;
        work();
    });
}
