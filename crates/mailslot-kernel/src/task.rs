//! tokio: tasks that wait for a descriptor, each run by its own thread.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use crate::world::{self, Wait};

/// The events of a descriptor to wait for: reading alone.
#[derive(Clone, Copy, Debug)]
pub struct Interest;

impl Interest {
    pub const READABLE: Interest = Interest;
}

struct Thread(usize);

impl Wake for Thread {
    fn wake(self: Arc<Self>) {
        world::unpark(self.0);
    }
}

/// Runs a task to its end.
pub fn block_on<T>(task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    let waker = Waker::from(Arc::new(Thread(world::me())));
    loop {
        if let Poll::Ready(result) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        world::block(Wait::Unparked, None);
    }
}

pub mod coop {
    //! There is always budget.

    use core::task::{Context, Poll};

    #[derive(Debug)]
    pub struct Progress;

    impl Progress {
        pub fn made_progress(&self) {}
    }

    pub async fn consume_budget() {}

    pub fn poll_proceed(_: &mut Context<'_>) -> Poll<Progress> {
        Poll::Ready(Progress)
    }
}

/// The reactor's state of a descriptor.
#[derive(Debug, Default)]
struct Readiness {
    ready: bool,
    /// Counts events: clearing the readiness of an older one does nothing.
    tick: u64,
    /// Of tasks that wait by `readable`, and of the one that polls.
    wakers: Vec<Waker>,
    poller: Option<Waker>,
    over: bool,
}

type Shared = Arc<Mutex<Readiness>>;

fn of(readiness: &Shared) -> MutexGuard<'_, Readiness> {
    readiness.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the edges of a descriptor, and wakes its tasks.
fn react(edges: &crate::event::EdgeTriggered, readiness: &Shared) {
    while edges.wait(None) && !of(readiness).over {
        world::point();
        let wakers: Vec<Waker> = {
            let mut it = of(readiness);
            (it.ready, it.tick) = (true, it.tick + 1);
            let poller = it.poller.take();
            it.wakers.drain(..).chain(poller).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

pub mod unix {
    //! Descriptors in the reactor.

    use super::*;
    use crate::event::EdgeTriggered;
    use crate::fd::AsFd;

    /// Never taken out of the reactor: a world is short.
    #[derive(Debug)]
    pub struct AsyncFd<T> {
        inner: T,
        readiness: Shared,
    }

    #[derive(Debug)]
    pub struct AsyncFdReadyGuard<'a> {
        readiness: &'a Shared,
        tick: u64,
    }

    impl AsyncFdReadyGuard<'_> {
        pub fn clear_ready(&mut self) {
            world::point();
            let mut it = of(self.readiness);
            if it.tick == self.tick {
                it.ready = false;
            }
        }
    }

    /// Never happens.
    #[derive(Debug)]
    pub enum AsyncFdTryNewError {}

    impl From<AsyncFdTryNewError> for std::io::Error {
        fn from(never: AsyncFdTryNewError) -> std::io::Error {
            match never {}
        }
    }

    impl<T: AsFd> AsyncFd<T> {
        pub unsafe fn register_with_interest(inner: T, _: Interest) -> Result<AsyncFd<T>, AsyncFdTryNewError> {
            let edges = EdgeTriggered::on(inner.as_fd());
            let readiness = Shared::default();
            let seen = readiness.clone();
            world::spawn_helper(world::who(), move || react(&edges, &seen));
            Ok(AsyncFd { inner, readiness })
        }
    }

    impl<T> AsyncFd<T> {
        pub fn get_ref(&self) -> &T {
            &self.inner
        }

        pub async fn readable(&self) -> std::io::Result<AsyncFdReadyGuard<'_>> {
            Readable(&self.readiness).await
        }

        pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<std::io::Result<AsyncFdReadyGuard<'_>>> {
            world::point();
            let mut it = of(&self.readiness);
            if it.ready {
                return Poll::Ready(Ok(AsyncFdReadyGuard { readiness: &self.readiness, tick: it.tick }));
            }
            it.poller = Some(context.waker().clone());
            Poll::Pending
        }
    }

    struct Readable<'a>(&'a Shared);

    impl<'a> Future for Readable<'a> {
        type Output = std::io::Result<AsyncFdReadyGuard<'a>>;

        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            world::point();
            let mut it = of(self.0);
            if it.ready {
                return Poll::Ready(Ok(AsyncFdReadyGuard { readiness: self.0, tick: it.tick }));
            }
            it.wakers.push(context.waker().clone());
            Poll::Pending
        }
    }
}
