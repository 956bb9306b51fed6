//! The reading end for async programs, with tokio.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use futures_core::Stream;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::coop::{consume_budget, poll_proceed};

use crate::error::{Error, Result};
use crate::mailslot::Mailslot;
use crate::message::{Message, Origin};

/// A [`Mailslot`] whose reads are awaited. The slot's read timeout does not apply; use `tokio::time::timeout`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailslot::Error> {
/// use mailslot::{AsyncMailslot, Mailslot, MailslotWriter};
///
/// let name = format!("doc-async-{}", std::process::id());
/// let slot = AsyncMailslot::new(Mailslot::create(&name)?)?;
/// MailslotWriter::open(&name)?.write(b"hello")?;
/// assert_eq!(slot.receive().await?.data, b"hello");
/// # Ok(())
/// # }
/// ```
///
/// A clone is another handle, which may wait in another task; each message goes to exactly one.
#[derive(Clone, Debug)]
pub struct AsyncMailslot {
    slot: Arc<AsyncFd<Mailslot>>,
}

/// The messages of a slot as a [`Stream`] that can be moved into a task; [`AsyncMailslot::messages`] makes it.
///
/// It ends after [`Mailslot::abort_reads`]. Any other error is its last item. Dropping it loses no message.
pub struct Messages {
    slot: AsyncMailslot,
    /// The receive in progress, if any.
    receiving: Option<Receiving>,
    ended: bool,
}

type Receiving = Pin<Box<dyn Future<Output = Result<Message>> + Send + Sync>>;

impl AsyncMailslot {
    /// Makes `slot` awaitable in the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system has no descriptor left.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled, like everything in tokio.
    pub fn new(slot: Mailslot) -> Result<AsyncMailslot> {
        slot.server.poll_fd()?;
        // SAFETY: a slot's descriptor is open for as long as the slot lives, and once made, as above, it is always the
        // same one.
        let slot = unsafe { AsyncFd::register_with_interest(slot, Interest::READABLE) };
        let slot = slot.map_err(|error| Error::io("watch a slot", std::io::Error::from(error)))?;
        Ok(AsyncMailslot { slot: Arc::new(slot) })
    }

    /// The slot itself, for everything that does not wait.
    pub fn get_ref(&self) -> &Mailslot {
        self.slot.get_ref()
    }

    /// Receives the next message. Any number of tasks may wait for one.
    ///
    /// # Errors
    ///
    /// Those of [`Mailslot::try_receive`], and [`Error::Closed`] once [`Mailslot::abort_reads`] was called and no
    /// message is left.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing: a message leaves the slot only in the poll that returns it.
    pub async fn receive(&self) -> Result<Message> {
        self.wait(|| self.get_ref().try_receive()).await
    }

    /// Waits for a message, and passes it and those behind it, at most `max`, to `read` one by one in place, as
    /// [`Mailslot::read_batch_in_place`] does. Returns how many there were.
    ///
    /// # Errors
    ///
    /// Those of [`Mailslot::receive_batch`], except `TimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing: `read` is called only in the poll that returns.
    pub async fn read_batch_in_place(&self, max: usize, mut read: impl FnMut(&[u8], Origin)) -> Result<usize> {
        self.wait_for_some(max, || self.get_ref().try_read_batch_in_place(max, &mut read)).await
    }

    /// Waits for a message, appends it and those behind it, at most `max`, to `messages`, and returns how many there
    /// were.
    ///
    /// # Errors
    ///
    /// Those of [`Mailslot::receive_batch`], except `TimedOut`.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing: messages leave the slot only in the poll that returns.
    pub async fn receive_batch(&self, messages: &mut Vec<Message>, max: usize) -> Result<usize> {
        self.wait_for_some(max, || self.get_ref().try_receive_batch(messages, max)).await
    }

    /// The messages as a separate stream; others of this slot may wait at the same time. The program
    /// `examples/tokio_service.rs` moves one into a task.
    pub fn messages(&self) -> Messages {
        Messages { slot: self.clone(), receiving: None, ended: false }
    }

    /// The number of messages, at most `max`, that `look` takes, now or when there may be one.
    async fn wait_for_some(&self, max: usize, mut look: impl FnMut() -> Result<usize>) -> Result<usize> {
        if max == 0 {
            return Ok(0);
        }
        self.wait(|| look().map(|count| Some(count).filter(|count| *count > 0))).await
    }

    /// What `look` returns, now or when there may be a message. Any number of tasks may wait.
    async fn wait<R>(&self, mut look: impl FnMut() -> Result<Option<R>>) -> Result<R> {
        // A backlog must not starve the other tasks of the thread.
        consume_budget().await;
        loop {
            if let Some(seen) = self.look(&mut look)? {
                return Ok(seen);
            }
            let mut readiness = self.slot.readable().await.map_err(watch_failed)?;
            // Look again before clearing this readiness, so as not to miss a message that arrived in between.
            match self.look(&mut look)? {
                Some(seen) => return Ok(seen),
                None => readiness.clear_ready(),
            }
        }
    }

    fn look<R>(&self, look: &mut impl FnMut() -> Result<Option<R>>) -> Result<Option<R>> {
        match look()? {
            None if self.get_ref().server.is_aborted() => Err(Error::Closed),
            seen => Ok(seen),
        }
    }
}

fn watch_failed(error: std::io::Error) -> Error {
    Error::io("watch a slot", error)
}

impl Messages {
    fn ready(&mut self, next: Result<Message>) -> Poll<Option<Result<Message>>> {
        self.ended = next.is_err();
        Poll::Ready(Some(next).filter(|next| !matches!(next, Err(Error::Closed))))
    }
}

impl Stream for Messages {
    type Item = Result<Message>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.receiving.is_none() {
            // A message that is already there is returned without allocating a future.
            let progress = ready!(poll_proceed(context));
            if let Some(seen) = self.slot.look(&mut || self.slot.get_ref().try_receive()).transpose() {
                progress.made_progress();
                return self.ready(seen);
            }
        }
        let Messages { slot, receiving, .. } = &mut *self;
        let receive = || -> Receiving {
            let slot = slot.clone();
            Box::pin(async move { slot.receive().await })
        };
        let next = ready!(receiving.get_or_insert_with(receive).as_mut().poll(context));
        self.receiving = None;
        self.ready(next)
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("slot", self.slot.get_ref()).finish_non_exhaustive()
    }
}
