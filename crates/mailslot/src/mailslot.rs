//! The reading end.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::message::{Info, Message, Origin, Statistics};
use crate::name::{Address, SlotName};
use crate::options::{MailslotOptions, Timeout};
use crate::sys;

/// The reading end of a slot, and its owner: the slot lives until the last `Mailslot` for it is gone, in all processes.
///
/// A clone is one more handle to the same slot (Win32 `DuplicateHandle`). Any of them may read, from any thread; each
/// message goes to exactly one.
///
/// ```
/// use mailslot::{Mailslot, MailslotWriter};
///
/// let name = format!("doc-mailslot-{}", std::process::id());
/// let slot = Mailslot::create(&name)?;
/// MailslotWriter::open(&name)?.write(b"hello")?;
/// assert_eq!(slot.receive()?.data, b"hello");
/// # Ok::<(), mailslot::Error>(())
/// ```
///
/// # Sources
///
/// Win32 `CreateMailslot`, `ReadFile`, `GetMailslotInfo`, `SetMailslotInfo`.
#[derive(Clone)]
pub struct Mailslot {
    server: Arc<sys::Server>,
}

impl Mailslot {
    /// Creates a slot with the default options of [`MailslotOptions`].
    ///
    /// # Errors
    ///
    /// Those of [`MailslotOptions::create`].
    pub fn create<A>(name: A) -> Result<Mailslot>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        MailslotOptions::new().create(name)
    }

    /// Options for creating a slot.
    pub fn options() -> MailslotOptions {
        MailslotOptions::new()
    }

    /// The slot's name.
    pub fn name(&self) -> &SlotName {
        self.server.name()
    }

    /// Reads the next message into `buffer` and returns its size, waiting as long as the slot's read timeout says.
    /// A message may be empty, so 0 is not an end.
    ///
    /// # Errors
    ///
    /// - [`Error::TimedOut`] if there is no message, or none came in time
    /// - [`Error::BufferTooSmall`] if `buffer` is smaller than the message, which then stays the next one
    /// - [`Error::Damaged`] if another process of this user has written into the slot's memory
    /// - [`Error::NotInherited`] in a forked child, unless the slot is inheritable
    /// - [`Error::Closed`] after `abort_reads`
    /// - [`Error::Io`] if the system refuses to wait, for example for lack of descriptors
    #[inline]
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        self.server.read(buffer, None)
    }

    /// Like [`read`](Mailslot::read), with a timeout of its own.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read).
    pub fn read_within(&self, buffer: &mut [u8], timeout: Timeout) -> Result<usize> {
        self.server.read(buffer, Some(timeout))
    }

    /// Like [`read_within`](Mailslot::read_within), and tells who wrote the message.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read).
    pub fn read_with_origin(&self, buffer: &mut [u8], timeout: Timeout) -> Result<(usize, Origin)> {
        let next = self.server.next(timeout)?;
        let size = next.len();
        let too_small = Error::BufferTooSmall { size, buffer: buffer.len() };
        next.copy_to(buffer.get_mut(..size).ok_or(too_small)?);
        let origin = next.origin();
        next.take();
        Ok((size, origin))
    }

    /// Receives the next message, waiting as long as the slot's read timeout says.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    pub fn receive(&self) -> Result<Message> {
        self.receive_within(self.server.read_timeout())
    }

    /// Receives the next message, waiting as long as `timeout` says.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    pub fn receive_within(&self, timeout: Timeout) -> Result<Message> {
        let next = self.server.next(timeout)?;
        let message = next.to_message();
        next.take();
        Ok(message)
    }

    /// Receives the next message if there is one.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall` and `TimedOut`.
    pub fn try_receive(&self) -> Result<Option<Message>> {
        none_if_timed_out(self.receive_within(Timeout::Zero))
    }

    /// Waits for a message as long as `timeout` says, appends it and those behind it to `messages`, but no more than
    /// `max`, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`, if nothing could be received. Once something was, the
    /// batch ends where an error would have come.
    pub fn receive_batch(&self, messages: &mut Vec<Message>, max: usize, timeout: Timeout) -> Result<usize> {
        if max == 0 {
            return Ok(0);
        }
        messages.push(self.receive_within(timeout)?);
        let more = self.drain(max - 1, |next| messages.push(next.to_message()));
        Ok(1 + more)
    }

    /// Hands the next message to `read` where it lies, without a copy, and takes it out when `read` returns. Waits as
    /// long as `timeout` says. If `read` panics, the message stays.
    ///
    /// All other reads of this slot wait until `read` returns, and must not be made from inside it. A message that lies
    /// around the end of the slot's memory is copied. So are all messages of a slot that is shared with other processes;
    /// they are taken out before `read` is called.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    ///
    /// # Portability
    ///
    /// On Windows all messages are copied, and other reads go on meanwhile.
    pub fn read_in_place<R>(&self, timeout: Timeout, read: impl FnOnce(&[u8], Origin) -> R) -> Result<R> {
        if self.server.is_shared() {
            let message = self.receive_within(timeout)?;
            return Ok(read(&message.data, message.origin));
        }
        let next = self.server.next(timeout)?;
        let seen = read(&next.bytes(), next.origin());
        next.take();
        Ok(seen)
    }

    /// Waits for a message as long as `timeout` says, hands it and those behind it to `read` one by one as
    /// [`read_in_place`](Mailslot::read_in_place) does, but no more than `max`, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Those of [`receive_batch`](Mailslot::receive_batch).
    ///
    /// # Portability
    ///
    /// That of [`read_in_place`](Mailslot::read_in_place).
    pub fn read_batch_in_place(
        &self,
        max: usize,
        timeout: Timeout,
        mut read: impl FnMut(&[u8], Origin),
    ) -> Result<usize> {
        if max == 0 {
            return Ok(0);
        }
        self.read_in_place(timeout, &mut read)?;
        let more = if self.server.is_shared() {
            (1..max).take_while(|_| self.read_in_place(Timeout::Zero, &mut read).is_ok()).count()
        } else {
            self.drain(max - 1, |next| read(&next.bytes(), next.origin()))
        };
        Ok(1 + more)
    }

    /// Closes the slot, and hands all messages that were accepted and not read to `take`. To read until there is none and then
    /// drop the slot would lose what is accepted in between. From the first call of `take` on, writes fail; when this returns, the
    /// name is free.
    ///
    /// If there are clones of this handle, or the slot is shared with other processes, it lives on with its messages, and `take` is
    /// not called.
    ///
    /// ```
    /// use mailslot::{Mailslot, MailslotWriter};
    ///
    /// let name = format!("doc-close-{}", std::process::id());
    /// let slot = Mailslot::create(&name)?;
    /// let writer = MailslotWriter::open(&name)?;
    /// writer.write(b"last")?;
    /// let mut rest = Vec::new();
    /// slot.close(|message| rest.push(message.data))?;
    /// assert_eq!(rest, [b"last"]);
    /// assert!(matches!(writer.write(b"late"), Err(mailslot::Error::Closed)));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotInherited`] in a forked process that the slot was not made inheritable for, and [`Error::Damaged`].
    ///
    /// # Portability
    ///
    /// Windows has no call for this: there, messages that are accepted between the last read and the end are lost.
    pub fn close(self, take: impl FnMut(Message)) -> Result<()> {
        match Arc::try_unwrap(self.server) {
            Ok(server) => server.close(take),
            Err(_) => Ok(()),
        }
    }

    /// A copy of the next message, which stays in the slot.
    ///
    /// # Errors
    ///
    /// Those of [`try_receive`](Mailslot::try_receive).
    ///
    /// # Portability
    ///
    /// On Windows the message is taken out and kept by this process as its next one. Other processes that read the same
    /// slot do not see it any more.
    ///
    /// # Sources
    ///
    /// `FSCTL_MAILSLOT_PEEK`.
    pub fn peek(&self) -> Result<Option<Message>> {
        none_if_timed_out(self.server.next(Timeout::Zero).map(|next| next.to_message()))
    }

    /// What the slot holds and how it was created.
    ///
    /// Messages of other users that still wait outside are taken in first, up to 64 of each user, so that the count
    /// includes them.
    ///
    /// # Errors
    ///
    /// Those of [`try_receive`](Mailslot::try_receive).
    pub fn info(&self) -> Result<Info> {
        self.server.info()
    }

    /// Changes the slot's read timeout, for all handles in all processes. Reads that wait already keep theirs.
    pub fn set_read_timeout(&self, timeout: Timeout) {
        self.server.set_read_timeout(timeout);
    }

    /// What happened to the slot since it was created.
    pub fn statistics(&self) -> Statistics {
        self.server.statistics()
    }

    /// A text that lets a child process take over a handle, as an argument or in its environment. Only useful for slots
    /// created with [`Inheritance::Inherited`](crate::Inheritance::Inherited).
    ///
    /// # Portability
    ///
    /// On Linux it names three descriptors, which stay open across `exec`; on Windows a handle, and the slot. The child must
    /// be started with inheritance of handles, as [`std::process::Command`] does.
    pub fn inheritance(&self) -> String {
        self.server.inheritance()
    }

    /// The handle that the parent process described in `inheritance`.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidInheritance`] if the text is not from [`inheritance`](Mailslot::inheritance), or its descriptors
    ///   are not open here
    /// - [`Error::NotFound`] if the slot has gone
    pub fn inherit(inheritance: &str) -> Result<Mailslot> {
        sys::Server::inherit(inheritance).map(Mailslot::from_server)
    }

    /// Takes up to `max` messages that are there already. Errors end it early and show at the next read.
    fn drain(&self, max: usize, mut take: impl FnMut(&sys::Next<'_>)) -> usize {
        let mut taken = 0;
        while taken < max
            && let Ok(Some(next)) = self.server.try_next()
        {
            take(&next);
            next.take();
            taken += 1;
        }
        taken
    }

    pub(crate) fn from_server(server: sys::Server) -> Mailslot {
        Mailslot { server: Arc::new(server) }
    }
}

fn none_if_timed_out<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A descriptor that is readable when there may be something to receive, for `poll`, `epoll` and async runtimes.
///
/// It never needs to be read. Receive until [`Mailslot::try_receive`] says `None`, then wait for it; readiness without a
/// message is possible. If the system is out of descriptors the returned one is always ready, and the next read reports
/// the error.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl std::os::fd::AsFd for Mailslot {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.server.as_fd()
    }
}

/// The slot's handle, for calls of Win32 that this library has none for.
///
/// It does not wait for messages: Windows signals it when a read ends. Messages that [`Mailslot::peek`] has looked at are
/// not in the slot.
///
/// # Portability
///
/// Windows only.
#[cfg(windows)]
impl std::os::windows::io::AsHandle for Mailslot {
    fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
        self.server.as_handle()
    }
}

/// The handle of [`AsHandle`](std::os::windows::io::AsHandle).
///
/// # Portability
///
/// Windows only.
#[cfg(windows)]
impl std::os::windows::io::AsRawHandle for Mailslot {
    fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
        std::os::windows::io::AsHandle::as_handle(self).as_raw_handle()
    }
}

/// The descriptor of [`AsFd`](std::os::fd::AsFd).
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl std::os::fd::AsRawFd for Mailslot {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsFd::as_fd(self).as_raw_fd()
    }
}

/// Three descriptors that make a handle, for passing it to another process over a Unix socket (`SCM_RIGHTS`).
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl Mailslot {
    /// The descriptors. From this call on the slot counts as shared between processes.
    pub fn handles(&self) -> [std::os::fd::BorrowedFd<'_>; 3] {
        self.server.handles()
    }

    /// Makes the descriptor of `AsFd`, which from then on is always the same.
    #[cfg(feature = "tokio")]
    pub(crate) fn make_pollable(&self) -> Result<()> {
        self.server.poll_fd().map(drop)
    }

    /// Whether [`abort_reads`](Mailslot::abort_reads) was called.
    #[cfg(feature = "tokio")]
    pub(crate) fn is_aborted(&self) -> bool {
        self.server.is_aborted()
    }

    /// Ends the reads of this handle and its clones that wait in this process, and all later ones that would wait:
    /// they return [`Error::Closed`]. For a program that is about to close a slot that other threads still read.
    /// Messages that are there already can still be read.
    pub fn abort_reads(&self) {
        self.server.abort_reads();
    }

    /// The handle that another process took apart with [`handles`](Mailslot::handles).
    ///
    /// # Errors
    ///
    /// Those of [`inherit`](Mailslot::inherit).
    pub fn from_handles(handles: [std::os::fd::OwnedFd; 3]) -> Result<Mailslot> {
        sys::Server::from_handles(handles).map(Mailslot::from_server)
    }
}

impl core::fmt::Debug for Mailslot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mailslot").field("name", self.name()).finish_non_exhaustive()
    }
}
