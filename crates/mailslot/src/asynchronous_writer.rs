//! The writing end for async programs, with tokio.

use std::time::Duration;

use tokio::task::coop::consume_budget;
use tokio::task::spawn_blocking;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::memory;
use crate::options::Timeout;
use crate::receipt::Receipt;
use crate::sys::Progress;
use crate::writer::MailslotWriter;

/// A [`MailslotWriter`] that waits asynchronously. Use `tokio::time::timeout` to limit the wait.
///
/// A write that finds room needs no other thread. One that has to wait does so in one of tokio's blocking threads, as
/// `epoll` cannot watch the memory that a writer shares with its reader. A clone is another handle to the same writer.
///
/// It does not implement `Sink`: a sink has to promise room before it knows how large the message is, so it would have
/// to hold a message that was accepted and may be lost with it. If you need one, make it from
/// [`write`](AsyncMailslotWriter::write):
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailslot::Error> {
/// use futures_util::{SinkExt, sink};
/// use mailslot::{AsyncMailslotWriter, Mailslot};
///
/// # let name = format!("doc-sink-{}", std::process::id());
/// let slot = Mailslot::create(&name)?;
/// let writer = AsyncMailslotWriter::open(&name).await?;
/// let mut sink = Box::pin(sink::unfold(writer, |writer, message: Vec<u8>| async move {
///     writer.write(&message).await.map(|()| writer)
/// }));
/// sink.send(b"hello".to_vec()).await?;
/// assert_eq!(slot.receive()?.data, b"hello");
/// # Ok(())
/// # }
/// ```
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailslot::Error> {
/// use mailslot::{AsyncMailslotWriter, Mailslot};
///
/// let name = format!("doc-async-writer-{}", std::process::id());
/// let slot = Mailslot::create(&name)?;
/// let writer = AsyncMailslotWriter::open(&name).await?;
/// writer.write(b"hello").await?;
/// assert_eq!(slot.receive()?.data, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AsyncMailslotWriter {
    writer: MailslotWriter,
}

/// The longest that a blocking thread waits for room: a runtime that shuts down waits for it.
const TURN: Duration = Duration::from_millis(100);

impl AsyncMailslotWriter {
    /// Opens the slot at `address` for writing.
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::open`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, like everything in tokio.
    pub async fn open<A>(address: A) -> Result<AsyncMailslotWriter>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        let address = address.try_into().map_err(Into::into)?;
        blocking(|| MailslotWriter::open(address)).await.map(AsyncMailslotWriter::new)
    }

    /// Wraps `writer`, so that its waits are asynchronous.
    pub fn new(writer: MailslotWriter) -> AsyncMailslotWriter {
        AsyncMailslotWriter { writer }
    }

    /// The writer itself, for everything that does not wait.
    pub fn get_ref(&self) -> &MailslotWriter {
        &self.writer
    }

    /// Writes one message, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::write`], except `Full`.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, if it has to wait.
    ///
    /// # Cancel safety
    ///
    /// A cancelled write has written nothing: a message is written only in the poll that returns. In a slot that has
    /// [members](crate::Sharing::Each), those that had room have it.
    pub async fn write(&self, message: &[u8]) -> Result<()> {
        // A stream of messages must not starve the other tasks of the thread.
        consume_budget().await;
        let mut progress = Progress::default();
        loop {
            match self.writer.write_more(message, &mut progress, Timeout::Zero) {
                Err(Error::Full { .. }) => {}
                Err(error) => return Err(progress.end(error)),
                Ok(()) => return Ok(()),
            }
            // Retry only if there is room: each refused try is counted. With several members, those that have the
            // message may have no room for another one, so retry after each wait.
            while !self.look_for_room(message.len()).await? && !progress.has_begun() {}
        }
    }

    /// Waits a turn for room. Returns whether to try again.
    async fn look_for_room(&self, size: usize) -> Result<bool> {
        let writer = self.writer.clone();
        blocking(move || writer.look_for_room(size, TURN)).await
    }

    /// Waits until at least `at_least` slots receive what is written here, as [`MailslotWriter::wait_for_receivers`]
    /// does.
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::wait_for_receivers`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn wait_for_receivers(&self, at_least: usize, timeout: impl Into<Timeout>) -> Result<usize> {
        let (writer, timeout) = (self.writer.clone(), timeout.into());
        blocking(move || writer.wait_for_receivers(at_least, timeout)).await
    }

    /// Writes one message and returns its outcomes, as [`MailslotWriter::write_confirmed`] does.
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::write_confirmed`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: once polled, the message may be written even if this is cancelled.
    pub async fn write_confirmed(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<Vec<Receipt>> {
        let (writer, message, timeout) = (self.writer.clone(), memory::joined(&[message])?, timeout.into());
        blocking(move || writer.write_confirmed(&message, timeout)).await
    }
}

impl From<MailslotWriter> for AsyncMailslotWriter {
    fn from(writer: MailslotWriter) -> AsyncMailslotWriter {
        AsyncMailslotWriter::new(writer)
    }
}

/// Runs `work` in a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(Error::io("wait in a thread of tokio", std::io::Error::other(cancelled))),
        },
    }
}
