//! The reading end.

use std::sync::Arc;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::handles::Handles;
use crate::message::{Info, Message, Statistics};
use crate::options::{MailslotOptions, Timeout};
use crate::sys;
use mailslot_names::SlotName;

/// The reading end of a slot, and its owner: the slot lives until the last `Mailslot` for it is gone, in all processes.
///
/// A clone is one more handle to the same slot (Win32 `DuplicateHandle`). Any of them may read, from any thread; each
/// message goes to exactly one.
///
/// Reading has three forms: `read` and the like wait as long as the slot's read timeout says, `…_within` as long as
/// their argument says, and `try_…` not at all: those return `None` or 0 if there is no message, which is no error.
///
/// | to get | use |
/// |---|---|
/// | a message as a value | [`receive`](Mailslot::receive), [`receive_batch`](Mailslot::receive_batch), [`iter`](Mailslot::iter) |
/// | a message in a buffer | [`read`](Mailslot::read), [`read_with_origin`](Mailslot::read_with_origin) |
/// | a message in place, without a copy | [`read_in_place`](Mailslot::read_in_place), [`read_batch_in_place`](Mailslot::read_batch_in_place) |
/// | a copy that stays in the slot | [`peek`](Mailslot::peek) |
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
    pub(crate) server: Arc<sys::Server>,
}

impl Mailslot {
    /// Creates a slot with the default options of [`MailslotOptions`]. [`Mailslot`] itself has an example.
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

    /// Taps the slot `name`: every message written to it from now on can also be read here, as long as the slot lives.
    ///
    /// A tap never makes a write fail or wait. Messages for which it has no room displace the oldest that it has not
    /// read; like a slot that [drops the oldest](crate::WhenFull::DropOldest) it reports how many were lost. It gets
    /// every message that at least one reader got. A tap of a slot that has ended is [`Closed`](Error::Closed) once it
    /// has been read to its end, at most ten seconds later if the slot's owner was killed or is another user.
    ///
    /// The user who owns the slot may tap it, and so may the superuser. A tap by another user costs the slot's writers
    /// a system call for each message, as the superuser's process maps none of their memory. Such a tap keeps only its
    /// own [capacity](MailslotOptions::capacity), and misses messages that arrive while a few hundred wait for it to
    /// read; the next message reports how many.
    ///
    /// ```
    /// use mailslot::{Mailslot, MailslotOptions, MailslotWriter, Taps};
    ///
    /// let name = format!("doc-tap-{}", std::process::id());
    /// let slot = MailslotOptions::new().taps(Taps::Allowed).create(&name)?;
    /// let tap = Mailslot::tap(&name)?;
    /// MailslotWriter::open(&name)?.write(b"door 2 opened")?;
    /// assert_eq!(tap.receive()?.data, b"door 2 opened");
    /// assert_eq!(slot.receive()?.data, b"door 2 opened");
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if no such slot lives
    /// - [`Error::NotOwner`] if it is another user's and this one is not the superuser
    /// - [`Error::NoTaps`] unless it was created with [`Taps::Allowed`](crate::Taps::Allowed)
    /// - those of [`MailslotOptions::create`]
    ///
    /// # Portability
    ///
    /// Unix only.
    #[cfg(unix)]
    pub fn tap<A>(name: A) -> Result<Mailslot>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        MailslotOptions::new().tap(name)
    }

    /// Options for creating a slot. [`MailslotOptions`] has an example.
    pub fn options() -> MailslotOptions {
        MailslotOptions::new()
    }

    /// The slot's name.
    ///
    /// ```
    /// # use mailslot::Mailslot;
    /// let name = format!("Doc-Name-{}", std::process::id());
    /// let slot = Mailslot::create(&name)?;
    /// assert_eq!(slot.name().as_str(), name);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn name(&self) -> &SlotName {
        self.server.name()
    }

    /// Closes the slot, and passes all messages that were accepted and not read to `take`. To read until the slot is
    /// empty and then drop it would lose messages that are accepted in between. From the first call of `take` on,
    /// writes fail; when this returns, the name is free.
    ///
    /// If there are clones of this handle, or the slot is shared with other processes, it lives on with its messages,
    /// and `take` is not called.
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
    /// - [`Error::NotInherited`] in a forked process if the slot was not made inheritable
    /// - [`Error::NotEnoughMemory`] if this process has no memory for one of the messages: that one and those behind it
    ///   are lost
    /// - [`Error::Damaged`] if another process of this user has written into the slot's memory
    /// - [`Error::Stalled`] if a writer was stopped in the middle of a write to a slot that drops the oldest
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

    /// The slot's contents and the options that it was created with.
    ///
    /// Messages of other users that still wait outside are accepted first, up to 64 of each user, so that the count
    /// includes them.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-info-{}", std::process::id());
    /// let slot = Mailslot::create(&name)?;
    /// MailslotWriter::open(&name)?.write_batch(&["first", "2nd"])?;
    /// let info = slot.info()?;
    /// assert_eq!((info.count, info.next_size), (2, Some(5)));
    /// assert_eq!(info.statistics, Some(slot.statistics()));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_receive`](Mailslot::try_receive).
    pub fn info(&self) -> Result<Info> {
        self.server.info()
    }

    /// Changes the slot's read timeout, for all handles in all processes. Reads that already wait keep theirs.
    ///
    /// ```
    /// # use mailslot::{Error, Mailslot, Timeout};
    /// # use std::time::Duration;
    /// let slot = Mailslot::create(format!("doc-timeout-{}", std::process::id()))?;
    /// slot.set_read_timeout(Duration::from_millis(5));
    /// assert!(matches!(slot.receive(), Err(Error::TimedOut)));
    /// slot.set_read_timeout(Timeout::Forever);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn set_read_timeout(&self, timeout: impl Into<Timeout>) {
        self.server.set_read_timeout(timeout.into());
    }

    /// The slot's counters since it was created: [`Info::statistics`] of [`info`](Mailslot::info), which has an
    /// example, without accepting messages of other users first.
    pub fn statistics(&self) -> Statistics {
        self.server.statistics()
    }

    /// Lets other processes read the slot as well: from this call on it counts as shared, and each read takes the lock
    /// that otherwise only writers take. Returns a handle in the forms that another process can take over.
    ///
    /// [`Handles`] has an example.
    ///
    /// # Portability
    ///
    /// On Windows a slot is shared if it was created with [`Inheritance::Inherited`](crate::Inheritance::Inherited); no
    /// other slot can be.
    pub fn share(&self) -> Handles {
        self.server.share();
        Handles { server: Arc::clone(&self.server) }
    }

    /// The handle that another process has made with [`share`](Mailslot::share): [`Handles`], their text, or on Unix
    /// the three descriptors received over a socket. [`Handles`] has an example.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidInheritance`] if the text is not that of a handle, or if its descriptors are not open here or
    ///   not those of a slot
    /// - [`Error::NotFound`] if the slot is gone
    pub fn from_handles<H>(handles: H) -> Result<Mailslot>
    where
        H: TryInto<Handles>,
        H::Error: Into<Error>,
    {
        handles.try_into().map(Mailslot::from).map_err(Into::into)
    }

    pub(crate) fn create_with(slot: SlotName, options: &MailslotOptions) -> Result<Mailslot> {
        sys::Server::create(slot, options).map(Mailslot::from_server)
    }

    #[cfg(unix)]
    pub(crate) fn tap_with(slot: SlotName, options: &MailslotOptions) -> Result<Mailslot> {
        sys::Server::tap(slot, options).map(Mailslot::from_server)
    }

    pub(crate) fn from_server(server: sys::Server) -> Mailslot {
        Mailslot { server: Arc::new(server) }
    }
}

/// A descriptor that is readable when there may be something to receive, for `poll`, `epoll` and async runtimes.
///
/// It never needs to be read. Receive until [`Mailslot::try_receive`] returns `None`, then poll it; readiness without a
/// message is possible. If the system is out of descriptors, the returned one is always ready and the next read returns
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

/// The slot's handle, for Win32 calls that this library does not wrap.
///
/// Waiting for it does not wait for messages: Windows signals it when a read ends. A message that [`Mailslot::peek`]
/// has returned is no longer in the slot.
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

impl From<Handles> for Mailslot {
    fn from(handles: Handles) -> Mailslot {
        Mailslot { server: handles.server }
    }
}

impl core::fmt::Debug for Mailslot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mailslot").field("name", self.name()).finish_non_exhaustive()
    }
}
