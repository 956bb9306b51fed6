//! The reading end for async programs, on tokio.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::coop::{consume_budget, poll_proceed};

use crate::error::{Error, Result};
use crate::mailslot::Mailslot;
use crate::message::{Message, Origin};
use crate::options::Timeout;

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
#[derive(Debug)]
pub struct AsyncMailslot {
    slot: AsyncFd<Mailslot>,
}

/// The messages of a slot as a [`Stream`], which never ends by itself. Only one stream of an [`AsyncMailslot`] can wait at a
/// time; [`AsyncMailslot::receive`] may wait beside it, any number of times.
#[derive(Debug)]
pub struct Messages<'a> {
    slot: &'a AsyncMailslot,
}

impl AsyncMailslot {
    /// Makes `slot` awaitable in the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system has no descriptor left.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled, as everything of tokio.
    pub fn new(slot: Mailslot) -> Result<AsyncMailslot> {
        slot.make_pollable()?;
        // SAFETY: a slot's descriptor is open for as long as the slot lives, and is always the same one now that it was made.
        let slot = unsafe { AsyncFd::register_with_interest(slot, Interest::READABLE) };
        let slot = slot.map_err(|error| Error::io("watch a slot", std::io::Error::from(error)))?;
        Ok(AsyncMailslot { slot })
    }

    /// The slot itself, for everything that needs no waiting.
    pub fn get_ref(&self) -> &Mailslot {
        self.slot.get_ref()
    }

    /// Receives the next message. Any number of tasks may wait for one.
    ///
    /// # Errors
    ///
    /// Those of [`Mailslot::try_receive`], and [`Error::Closed`] once [`Mailslot::abort_reads`] was called and nothing is left.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing: a message leaves the slot only in the poll that returns it.
    pub async fn receive(&self) -> Result<Message> {
        self.wait(|| self.get_ref().try_receive()).await
    }

    /// Waits for a message, and hands it and those behind it to `read` one by one where they lie, but no more than `max`, as
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
        self.wait(|| match self.get_ref().read_batch_in_place(max, Timeout::Zero, &mut read) {
            Ok(count) => Ok(Some(count)),
            Err(Error::TimedOut) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// The messages as a stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the stream loses nothing.
    pub fn messages(&self) -> Messages<'_> {
        Messages { slot: self }
    }

    /// What `look` finds, now or when there may be a message. Any number of tasks may wait.
    async fn wait<R>(&self, mut look: impl FnMut() -> Result<Option<R>>) -> Result<R> {
        // A backlog must not keep the other tasks of the thread waiting.
        consume_budget().await;
        loop {
            if let Some(seen) = self.look(&mut look)? {
                return Ok(seen);
            }
            let mut readiness = self.slot.readable().await.map_err(watch_failed)?;
            // Look once more before giving up this readiness: what came in between must not be missed.
            match self.look(&mut look)? {
                Some(seen) => return Ok(seen),
                None => readiness.clear_ready(),
            }
        }
    }

    fn look<R>(&self, look: &mut impl FnMut() -> Result<Option<R>>) -> Result<Option<R>> {
        match look()? {
            None if self.get_ref().is_aborted() => Err(Error::Closed),
            seen => Ok(seen),
        }
    }
}

fn watch_failed(error: std::io::Error) -> Error {
    Error::io("watch a slot", error)
}

impl Stream for Messages<'_> {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        let progress = ready!(poll_proceed(context));
        let slot = self.slot;
        let mut look = || slot.get_ref().try_receive();
        loop {
            if let Some(seen) = slot.look(&mut look).transpose() {
                progress.made_progress();
                return Poll::Ready(Some(seen));
            }
            let mut readiness = ready!(slot.slot.poll_read_ready(context)).map_err(watch_failed)?;
            if let Some(seen) = slot.look(&mut look).transpose() {
                progress.made_progress();
                return Poll::Ready(Some(seen));
            }
            readiness.clear_ready();
        }
    }
}
