//! The reading end for async programs, on tokio.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

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

/// The messages of a slot as a [`Stream`], which never ends by itself.
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
        // SAFETY: a slot's descriptor is open for as long as the slot lives, and is always the same one once this succeeds:
        // the alternative, for want of descriptors, is a regular file, which cannot be registered.
        let slot = unsafe { AsyncFd::register_with_interest(slot, Interest::READABLE) };
        let slot = slot.map_err(|error| Error::io("watch a slot", std::io::Error::from(error)))?;
        Ok(AsyncMailslot { slot })
    }

    /// The slot itself, for everything that needs no waiting.
    pub fn get_ref(&self) -> &Mailslot {
        self.slot.get_ref()
    }

    /// Receives the next message.
    ///
    /// # Errors
    ///
    /// Those of [`Mailslot::try_receive`].
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing: a message leaves the slot only in the poll that returns it.
    pub async fn receive(&self) -> Result<Message> {
        core::future::poll_fn(|context| self.poll_receive(context)).await
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
        core::future::poll_fn(|context| {
            self.poll(context, || match self.get_ref().read_batch_in_place(max, Timeout::Zero, &mut read) {
                Ok(count) => Ok(Some(count)),
                Err(Error::TimedOut) => Ok(None),
                Err(error) => Err(error),
            })
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

    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<Result<Message>> {
        self.poll(context, || self.get_ref().try_receive())
    }

    /// What `look` finds, now or when there may be a message.
    fn poll<R>(&self, context: &mut Context<'_>, mut look: impl FnMut() -> Result<Option<R>>) -> Poll<Result<R>> {
        loop {
            if let Some(seen) = look()? {
                return Poll::Ready(Ok(seen));
            }
            let mut readiness =
                ready!(self.slot.poll_read_ready(context)).map_err(|error| Error::io("watch a slot", error))?;
            // Look once more before giving up this readiness: what came in between must not be missed.
            match look()? {
                Some(seen) => return Poll::Ready(Ok(seen)),
                None => readiness.clear_ready(),
            }
        }
    }
}

impl Stream for Messages<'_> {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        self.slot.poll_receive(context).map(Some)
    }
}
