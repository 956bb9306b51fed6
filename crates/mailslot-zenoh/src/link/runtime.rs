//! Zenoh's own threads, with tasks of ours in them.
//!
//! How many threads there are, and for what, is Zenoh's choice. Receiving in the threads that wait for the network
//! (`ZENOH_RUNTIME`) makes a message 20 µs faster, and makes routers lose large ones: a thread that receives waits for room to
//! send a message on, and meanwhile none waits for the network, which makes that room.

use std::time::Duration;

use tokio::runtime::EnterGuard;
use tokio::task::{JoinError, JoinHandle};
use zenoh_runtime::ZRuntime;

/// A task among those of Zenoh that send.
pub(crate) struct Task(JoinHandle<()>);

/// Makes the threads that send those of this one, for what registers itself in a runtime.
pub(crate) fn enter() -> EnterGuard<'static> {
    ZRuntime::TX.enter()
}

/// Has `work` done among what Zenoh sends. There a put wakes no thread: what it leads to runs next in the same one. But nothing is
/// sent while it waits.
pub(crate) fn begin(work: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(ZRuntime::TX.spawn(work))
}

impl Task {
    /// Ends it where it waits, and returns when it has let go of everything it had.
    pub(crate) fn end(self) -> Result<(), JoinError> {
        self.0.abort();
        ZRuntime::TX.block_on(self.0)
    }
}

/// Has `work` done after so long.
pub(crate) fn later(after: Duration, work: impl FnOnce() + Send + 'static) {
    ZRuntime::Application.spawn(async move {
        tokio::time::sleep(after).await;
        work();
    });
}
