//! Reading from a slot.

use crate::error::{Error, Result};
use crate::mailslot::Mailslot;
use crate::memory;
use crate::message::{Envelope, Message, Origin};
use crate::options::Timeout;
use crate::sys;

/// Reading into a buffer.
impl Mailslot {
    /// Reads the next message into `buffer` and returns its size, waiting as long as the slot's read timeout says.
    /// A message may be empty, so 0 is not an end.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-read-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write(b"hello")?;
    /// let mut buffer = [0; 424];
    /// let size = slot.read(&mut buffer)?;
    /// assert_eq!(&buffer[..size], b"hello");
    /// assert_eq!(slot.try_read(&mut buffer)?, None);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::TimedOut`] if there is no message, or none arrived in time
    /// - [`Error::BufferTooSmall`] if `buffer` is smaller than the message, which then remains the next one
    /// - [`Error::NotEnoughMemory`] if this process has no memory for a copy of the message, which then remains the
    ///   next one. With a buffer, only a message of more than 64 KiB of another user needs a copy
    /// - [`Error::Damaged`] if another process of this user has written into the slot's memory
    /// - [`Error::NotInherited`] in a forked child, unless the slot is inheritable
    /// - [`Error::Closed`] after `abort_reads`
    /// - [`Error::Io`] if the system refuses to wait, for example for lack of descriptors
    #[inline]
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        self.server.read(buffer, None)
    }

    /// Like [`read`](Mailslot::read), which has an example, but with the given timeout.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read).
    pub fn read_within(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<usize> {
        self.server.read(buffer, Some(timeout.into()))
    }

    /// Like [`read`](Mailslot::read), which has an example, without waiting: `None` if there is no message.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `TimedOut`.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<Option<usize>> {
        none_if_timed_out(self.server.read(buffer, Some(Timeout::Zero)))
    }

    /// Like [`read`](Mailslot::read), and also returns who wrote the message.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter, Origin};
    /// # let name = format!("doc-origin-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write(b"hello")?;
    /// let mut buffer = [0; 424];
    /// if let (size, Origin::Local { pid, .. }) = slot.read_with_origin(&mut buffer)? {
    ///     println!("{size} bytes of process {pid}");
    /// }
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read).
    pub fn read_with_origin(&self, buffer: &mut [u8]) -> Result<(usize, Origin)> {
        self.read_with_origin_within(buffer, self.server.read_timeout())
    }

    /// Like [`read_with_origin`](Mailslot::read_with_origin), which has an example, but with the given timeout.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read).
    pub fn read_with_origin_within(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<(usize, Origin)> {
        let (size, envelope) = self.read_with_envelope_within(buffer, timeout)?;
        Ok((size, envelope.origin))
    }

    /// Like [`read_with_origin`](Mailslot::read_with_origin), which has an example, without waiting: `None` if there is
    /// no message.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `TimedOut`.
    pub fn try_read_with_origin(&self, buffer: &mut [u8]) -> Result<Option<(usize, Origin)>> {
        none_if_timed_out(self.read_with_origin_within(buffer, Timeout::Zero))
    }
}

/// Reading a message and its envelope.
impl Mailslot {
    /// Like [`read_with_origin_within`](Mailslot::read_with_origin_within), and returns all that is known of the
    /// message, such as the time at which it was written and where replies go.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter, Timeout};
    /// # let name = format!("doc-envelope-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write(b"hello")?;
    /// let mut buffer = [0; 424];
    /// let (size, envelope) = slot.read_with_envelope_within(&mut buffer, Timeout::Zero)?;
    /// assert_eq!((size, envelope.reply_to), (5, None));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read).
    pub fn read_with_envelope_within(
        &self,
        buffer: &mut [u8],
        timeout: impl Into<Timeout>,
    ) -> Result<(usize, Envelope)> {
        let next = self.server.next(timeout.into())?;
        let size = next.len();
        let too_small = Error::BufferTooSmall { size, buffer: buffer.len() };
        next.copy_to(buffer.get_mut(..size).ok_or(too_small)?);
        let envelope = next.envelope();
        next.take();
        Ok((size, envelope))
    }
}

/// Taking a message only if the caller can keep it.
impl Mailslot {
    /// Waits for a message as long as `timeout` says, and passes it and its envelope to `take` in place. If `take`
    /// returns `Ok`, the message is taken out; if it returns `Err`, or panics, the message remains the next one. For a
    /// caller that keeps messages in memory of its own kind, which may be refused, such as objects of another language.
    ///
    /// All other reads of this slot wait until `take` returns, and must not be made from inside it; nor must it take
    /// long, since writers wait as well if the slot is shared with other processes, or drops its oldest. In these
    /// slots, or if it wraps around the end of the slot's memory, the message is copied first.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter, Timeout};
    /// # let name = format!("doc-take-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write(b"hello")?;
    /// let mut room = [0; 4];
    /// let mut keep = |data: &[u8]| {
    ///     let room = room.get_mut(..data.len()).ok_or("too large")?;
    ///     Ok(room.copy_from_slice(data))
    /// };
    /// assert_eq!(slot.take_within(Timeout::Zero, |data, _envelope| keep(data))?, Err("too large"));
    /// assert_eq!(slot.receive()?.data, b"hello");
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    ///
    /// # Portability
    ///
    /// That of [`read_in_place`](Mailslot::read_in_place).
    pub fn take_within<R, E>(
        &self,
        timeout: impl Into<Timeout>,
        take: impl FnOnce(&[u8], Envelope) -> core::result::Result<R, E>,
    ) -> Result<core::result::Result<R, E>> {
        let next = self.server.next(timeout.into())?;
        let bytes = next.bytes().ok_or_else(|| next.no_memory())?;
        let taken = take(&bytes, next.envelope());
        drop(bytes);
        if taken.is_ok() {
            next.take();
        }
        Ok(taken)
    }
}

/// Reading messages as values.
impl Mailslot {
    /// Receives the next message, waiting as long as the slot's read timeout says. [`Mailslot`] itself has an example.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    pub fn receive(&self) -> Result<Message> {
        self.receive_within(self.server.read_timeout())
    }

    /// Receives the next message, waiting as long as `timeout` says.
    ///
    /// ```
    /// # use mailslot::{Error, Mailslot};
    /// # use std::time::Duration;
    /// # let slot = Mailslot::create(format!("doc-within-{}", std::process::id()))?;
    /// assert!(matches!(slot.receive_within(Duration::from_millis(5)), Err(Error::TimedOut)));
    /// assert_eq!(slot.try_receive()?, None);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    pub fn receive_within(&self, timeout: impl Into<Timeout>) -> Result<Message> {
        let next = self.server.next(timeout.into())?;
        let message = next.to_message()?;
        next.take();
        Ok(message)
    }

    /// Receives the next message if there is one. [`receive_within`](Mailslot::receive_within) has an example.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall` and `TimedOut`.
    pub fn try_receive(&self) -> Result<Option<Message>> {
        none_if_timed_out(self.receive_within(Timeout::Zero))
    }

    /// Waits for a message as long as the slot's read timeout says, appends it and those behind it to `messages`, at
    /// most `max`, and returns how many there were.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-batch-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write_batch(&["one", "two", "three"])?;
    /// let mut messages = Vec::new();
    /// assert_eq!(slot.receive_batch(&mut messages, 2)?, 2);
    /// assert_eq!(slot.try_receive_batch(&mut messages, 2)?, 1);
    /// assert_eq!(messages[2].data, b"three");
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`, if nothing could be received. After the first
    /// message, an error ends the batch instead of being returned.
    pub fn receive_batch(&self, messages: &mut Vec<Message>, max: usize) -> Result<usize> {
        self.receive_batch_within(messages, max, self.server.read_timeout())
    }

    /// Like [`receive_batch`](Mailslot::receive_batch), which has an example, but with the given timeout.
    ///
    /// # Errors
    ///
    /// Those of [`receive_batch`](Mailslot::receive_batch).
    pub fn receive_batch_within(
        &self,
        messages: &mut Vec<Message>,
        max: usize,
        timeout: impl Into<Timeout>,
    ) -> Result<usize> {
        if max == 0 {
            return Ok(0);
        }
        memory::room_for_one(messages)?;
        messages.push(self.receive_within(timeout)?);
        let more = self.drain(max - 1, |next| {
            memory::room_for_one(messages)
                .and_then(|()| next.to_message())
                .map(|message| messages.push(message))
                .is_ok()
        });
        Ok(1 + more)
    }

    /// Like [`receive_batch`](Mailslot::receive_batch), which has an example, without waiting: 0 if there is no
    /// message.
    ///
    /// # Errors
    ///
    /// Those of [`receive_batch`](Mailslot::receive_batch), except `TimedOut`.
    pub fn try_receive_batch(&self, messages: &mut Vec<Message>, max: usize) -> Result<usize> {
        none_if_timed_out(self.receive_batch_within(messages, max, Timeout::Zero)).map(Option::unwrap_or_default)
    }

    /// A copy of the next message, which stays in the slot.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-peek-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write(b"hello")?;
    /// assert_eq!(slot.peek()?, slot.try_receive()?);
    /// assert_eq!(slot.peek()?, None);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_receive`](Mailslot::try_receive).
    ///
    /// # Portability
    ///
    /// On Windows this process takes the message out and keeps it as its next one. Other processes that read the same
    /// slot do not see it any more.
    ///
    /// # Sources
    ///
    /// `FSCTL_MAILSLOT_PEEK`.
    pub fn peek(&self) -> Result<Option<Message>> {
        none_if_timed_out(self.server.next(Timeout::Zero).and_then(|next| next.to_message()))
    }
}

/// Reading messages in place.
impl Mailslot {
    /// Passes the next message to `read` in place, without a copy, and takes it out when `read` returns. Waits as long
    /// as the slot's read timeout says. If `read` panics, the message stays.
    ///
    /// All other reads of this slot wait until `read` returns, and must not be made from inside it. A message that
    /// wraps around the end of the slot's memory is copied. All messages of a slot that is shared with other processes,
    /// or drops its oldest, are copied too, and are taken out before `read` is called.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-in-place-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write(&[1, 2, 3])?;
    /// let sum = slot.read_in_place(|bytes, _origin| bytes.iter().sum::<u8>())?;
    /// assert_eq!(sum, 6);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Mailslot::read), except `BufferTooSmall`.
    ///
    /// # Portability
    ///
    /// On Windows all messages are copied, and other reads do not wait.
    pub fn read_in_place<R>(&self, read: impl FnOnce(&[u8], Origin) -> R) -> Result<R> {
        self.read_in_place_within(self.server.read_timeout(), read)
    }

    /// Like [`read_in_place`](Mailslot::read_in_place), which has an example, but with the given timeout.
    ///
    /// # Errors
    ///
    /// Those of [`read_in_place`](Mailslot::read_in_place).
    pub fn read_in_place_within<R>(
        &self,
        timeout: impl Into<Timeout>,
        read: impl FnOnce(&[u8], Origin) -> R,
    ) -> Result<R> {
        if self.server.locks_reads() {
            let message = self.receive_within(timeout)?;
            return Ok(read(&message.data, message.origin));
        }
        let next = self.server.next(timeout.into())?;
        let bytes = next.bytes().ok_or_else(|| next.no_memory())?;
        let seen = read(&bytes, next.origin());
        drop(bytes);
        next.take();
        Ok(seen)
    }

    /// Like [`read_in_place`](Mailslot::read_in_place), which has an example, without waiting: `None` if there is no
    /// message.
    ///
    /// # Errors
    ///
    /// Those of [`read_in_place`](Mailslot::read_in_place), except `TimedOut`.
    pub fn try_read_in_place<R>(&self, read: impl FnOnce(&[u8], Origin) -> R) -> Result<Option<R>> {
        none_if_timed_out(self.read_in_place_within(Timeout::Zero, read))
    }

    /// Waits for a message as long as the slot's read timeout says, passes it and those behind it, at most `max`, to
    /// `read` one by one as [`read_in_place`](Mailslot::read_in_place) does, and returns how many there were.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-batch-in-place-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// # MailslotWriter::open(&name)?.write_batch(&["one", "two", "three"])?;
    /// let mut bytes = 0;
    /// assert_eq!(slot.read_batch_in_place(16, |message, _origin| bytes += message.len())?, 3);
    /// assert_eq!(bytes, 11);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`receive_batch`](Mailslot::receive_batch).
    ///
    /// # Portability
    ///
    /// That of [`read_in_place`](Mailslot::read_in_place).
    pub fn read_batch_in_place(&self, max: usize, read: impl FnMut(&[u8], Origin)) -> Result<usize> {
        self.read_batch_in_place_within(max, self.server.read_timeout(), read)
    }

    /// Like [`read_batch_in_place`](Mailslot::read_batch_in_place), which has an example, but with the given timeout.
    ///
    /// # Errors
    ///
    /// Those of [`receive_batch`](Mailslot::receive_batch).
    pub fn read_batch_in_place_within(
        &self,
        max: usize,
        timeout: impl Into<Timeout>,
        mut read: impl FnMut(&[u8], Origin),
    ) -> Result<usize> {
        if max == 0 {
            return Ok(0);
        }
        self.read_in_place_within(timeout, &mut read)?;
        let more = if self.server.locks_reads() {
            (1..max).take_while(|_| matches!(self.try_read_in_place(&mut read), Ok(Some(())))).count()
        } else {
            self.drain(max - 1, |next| next.bytes().map(|bytes| read(&bytes, next.origin())).is_some())
        };
        Ok(1 + more)
    }

    /// Like [`read_batch_in_place`](Mailslot::read_batch_in_place), which has an example, without waiting: 0 if there
    /// is no message.
    ///
    /// # Errors
    ///
    /// Those of [`receive_batch`](Mailslot::receive_batch), except `TimedOut`.
    pub fn try_read_batch_in_place(&self, max: usize, read: impl FnMut(&[u8], Origin)) -> Result<usize> {
        none_if_timed_out(self.read_batch_in_place_within(max, Timeout::Zero, read)).map(Option::unwrap_or_default)
    }

    /// Takes out up to `max` messages that are already there, until `take` returns false for lack of memory. The next
    /// read returns the error that ended it early.
    fn drain(&self, max: usize, mut take: impl FnMut(&sys::Next<'_>) -> bool) -> usize {
        let mut taken = 0;
        while taken < max
            && let Ok(Some(next)) = self.server.try_next()
            && take(&next)
        {
            next.take();
            taken += 1;
        }
        taken
    }
}

/// Ending reads.
impl Mailslot {
    /// Ends the reads of this handle and its clones that wait in this process, and all later ones that would wait: they
    /// return [`Error::Closed`], and iterators end. For a program that is about to close a slot that other threads
    /// still read. Messages that are already there can still be read.
    ///
    /// ```
    /// # use mailslot::Mailslot;
    /// let slot = Mailslot::create(format!("doc-abort-{}", std::process::id()))?;
    /// let reader = slot.clone();
    /// let reading = std::thread::spawn(move || reader.iter().count());
    /// slot.abort_reads();
    /// assert_eq!(reading.join().expect("the reader ends"), 0);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn abort_reads(&self) {
        self.server.abort_reads();
    }
}

fn none_if_timed_out<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}
