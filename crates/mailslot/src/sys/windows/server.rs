//! The reading end.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle, RawHandle};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::api::{self, Values};
use super::deadline::Deadline;
use super::security::Descriptor;
use super::{failure, head, native, text};
use crate::error::{Error, Result};
use crate::memory;
use crate::message::{Envelope, Info, Message, Origin, Statistics};
use crate::options::{Inheritance, MailslotOptions, Sharing, Taps, Timeout, WhenFull};
use mailslot_names::SlotName;
use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;

/// The buffer size of a read that waits for a message of unknown size. A message that does not fit costs a second read.
const USUAL_SIZE: u32 = 1024;

/// A slot that this process owns.
pub(crate) struct Server {
    name: SlotName,
    slot: OwnedHandle,
    /// Whether other processes may read the slot, too.
    shared: bool,
    /// Whether each message begins with a head.
    has_heads: bool,
    /// Set once reads shall no longer wait.
    aborted: AtomicBool,
    /// Locked while a read is issued, so that held messages come first, and the read timeout is the right one.
    held: Mutex<Held>,
    read: AtomicU64,
    bytes_read: AtomicU64,
}

/// Messages that were peeked at and not taken: Windows cannot leave them in the slot. They precede those in the slot.
type Held = VecDeque<Vec<u8>>;

impl Server {
    pub(crate) fn create(name: SlotName, options: &MailslotOptions) -> Result<Server> {
        if options.when_full != WhenFull::Refuse {
            let expected = "WhenFull::Refuse on Windows, which bounds no slot".to_owned();
            return Err(Error::InvalidOption { option: "when_full", expected });
        }
        if options.taps != Taps::Refused {
            return Err(Error::InvalidOption { option: "taps", expected: "Taps::Refused on Windows".to_owned() });
        }
        if options.sharing != Sharing::One {
            return Err(Error::InvalidOption { option: "sharing", expected: "Sharing::One on Windows".to_owned() });
        }
        let security = Descriptor::new(&options.access)?;
        let failed = |source: io::Error| {
            failure::error(|| format!("create slot {name}"), source, [Error::AlreadyExists(name.clone())])
        };
        let (size, timeout) = (options.max_message_size, options.read_timeout.to_win32_millis());
        let slot = api::create(&text::path(&name), size, timeout, &security).map_err(failed)?;
        let slot = if native::is_synchronous(slot.as_handle()) {
            drop(slot);
            native::create(name.as_str(), size, timeout, &security).map_err(failed)?
        } else {
            slot
        };
        let shared = options.inheritance == Inheritance::Inherited;
        if shared {
            api::make_inheritable(slot.as_handle()).map_err(failed)?;
        }
        Ok(Server::assemble(name, slot, shared))
    }

    pub(crate) fn inherit(inheritance: &str) -> Result<Server> {
        let invalid = |what: &str| Error::InvalidInheritance(format!("{inheritance:?} {what}"));
        let (handle, name) = inheritance.split_once(' ').ok_or_else(|| invalid("is not a handle and a name"))?;
        let handle: usize = handle.parse().map_err(|_| invalid("does not begin with a handle"))?;
        let name = name.parse().map_err(|_| invalid("does not end with a slot's name"))?;
        // SAFETY: borrowed only for the duplication below, which fails if it is not open. The value is text from
        // outside: if it is that of anything else which this program has open, the duplicate is refused and closed.
        let inherited = unsafe { BorrowedHandle::borrow_raw(handle as RawHandle) };
        let slot = inherited.try_clone_to_owned().map_err(|_| invalid("names a handle that is not open here"))?;
        api::info(slot.as_handle()).map_err(|_| invalid("names a handle that is not a slot's"))?;
        Ok(Server::assemble(name, slot, true))
    }

    fn assemble(name: SlotName, slot: OwnedHandle, shared: bool) -> Server {
        let (read, bytes_read) = (AtomicU64::new(0), AtomicU64::new(0));
        let (has_heads, aborted) = (head::precedes(&name), AtomicBool::new(false));
        Server { name, slot, shared, has_heads, aborted, held: Mutex::default(), read, bytes_read }
    }

    pub(crate) fn name(&self) -> &SlotName {
        &self.name
    }

    /// Whether other processes may read the slot, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Reading a message in place keeps nobody out, but other processes would have to see the message as well.
    pub(crate) fn locks_reads(&self) -> bool {
        self.shared
    }

    pub(crate) fn read_timeout(&self) -> Timeout {
        let _held = self.held();
        // The call never fails for an open handle of a slot.
        self.values().map_or(Timeout::Forever, |values| Timeout::from_win32_millis(values.read_timeout))
    }

    pub(crate) fn set_read_timeout(&self, timeout: Timeout) {
        let _held = self.held();
        // As above.
        let _ = api::set_read_timeout(self.slot.as_handle(), timeout.to_win32_millis());
    }

    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            read: self.read.load(Ordering::Relaxed),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            ..Statistics::default()
        }
    }

    pub(crate) fn info(&self) -> Result<Info> {
        let held = self.held();
        let values = self.values()?;
        Ok(Info {
            max_message_size: values.max_message_size,
            next_size: held.front().map(Vec::len).or(values.next_size.map(|size| size as usize)),
            count: held.len() as u64 + u64::from(values.count),
            read_timeout: Timeout::from_win32_millis(values.read_timeout),
            reader_waits: false,
            capacity: u64::MAX,
            statistics: Some(self.statistics()),
        })
    }

    /// Waits for a message as long as `timeout`, or by default the slot's read timeout, says, and reads it if it fits.
    pub(crate) fn read(&self, buffer: &mut [u8], timeout: Option<Timeout>) -> Result<usize> {
        if self.has_heads {
            let message = self.fetch_whole(Deadline::after(timeout))?;
            return Next { server: self, message: Some(message) }.read(buffer);
        }
        let size = self.fetch(buffer, Deadline::after(timeout))?;
        self.count(size);
        Ok(size)
    }

    /// Ends reads that wait, and all later ones that would wait.
    pub(crate) fn abort_reads(&self) {
        // A read is issued, and before that the flag looked at, with this locked: none waits that has not seen it.
        let _held = self.held();
        self.aborted.store(true, Ordering::SeqCst);
        api::cancel_reads(self.slot.as_handle());
    }

    /// The next message, for which this waits as long as `timeout` says.
    pub(crate) fn next(&self, timeout: Timeout) -> Result<Next<'_>> {
        Ok(Next { server: self, message: Some(self.fetch_whole(Deadline::after(Some(timeout)))?) })
    }

    /// The next message if there is one already.
    pub(crate) fn try_next(&self) -> Result<Option<Next<'_>>> {
        match self.next(Timeout::Zero) {
            Ok(next) => Ok(Some(next)),
            Err(Error::TimedOut) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Does nothing: whether a handle can be shared is decided when it is made inheritable.
    pub(crate) fn share(&self) {}

    /// Closes the slot and passes on every message in it, unless other processes own it, too.
    pub(crate) fn close(self, mut take: impl FnMut(Message)) -> Result<()> {
        while !self.is_shared()
            && let Some(next) = self.try_next()?
        {
            let message = next.to_message()?;
            next.take();
            take(message);
        }
        Ok(())
    }

    pub(crate) fn inheritance(&self) -> String {
        format!("{} {}", self.slot.as_raw_handle() as usize, self.name)
    }

    /// The next message, of any size.
    fn fetch_whole(&self, deadline: Deadline) -> Result<Vec<u8>> {
        loop {
            let info = self.info()?;
            let usual = match info.max_message_size {
                0 => USUAL_SIZE,
                size => size.min(USUAL_SIZE),
            };
            let mut message = memory::zeroed(info.next_size.unwrap_or(usual as usize))?;
            match self.fetch(&mut message, deadline) {
                Ok(size) => {
                    message.truncate(size);
                    return Ok(message);
                }
                // Not the message whose size was queried: query the size of this one.
                Err(Error::BufferTooSmall { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn fetch(&self, buffer: &mut [u8], deadline: Deadline) -> Result<usize> {
        let mut longer = false;
        loop {
            let mut held = self.held();
            if let Some(message) = held.front() {
                let size = message.len();
                let too_small = Error::BufferTooSmall { size, buffer: buffer.len() };
                buffer.get_mut(..size).ok_or(too_small)?.copy_from_slice(message);
                held.pop_front();
                return Ok(size);
            }
            // Cheaper than a read that has to be cancelled at once.
            if deadline.is_over() && self.values()?.next_size.is_none() {
                return Err(Error::TimedOut);
            }
            if self.is_aborted() && self.values()?.next_size.is_none() {
                return Err(Error::Closed);
            }
            match self.fetch_from_slot(held, buffer, deadline, longer) {
                // The slot's read timeout was the shorter one, or another process was faster.
                Err(Error::TimedOut) if deadline.outlasts_slot() => longer = true,
                Err(Error::BufferTooSmall { .. }) => {
                    // The system does not report the size of that message, and by now another one may be the next.
                    let size = self.values()?.next_size.map_or(0, |size| size as usize);
                    if size > buffer.len() {
                        return Err(Error::BufferTooSmall { size, buffer: buffer.len() });
                    }
                }
                other => return other,
            }
        }
    }

    /// Reads from the slot itself; `held` is unlocked when the read has been issued.
    ///
    /// A read keeps the slot's read timeout of the moment when it is issued. It can be cancelled earlier, but cannot be
    /// made to wait longer; so if it should wait `longer`, the slot gets another timeout for that moment.
    fn fetch_from_slot(
        &self,
        held: MutexGuard<'_, Held>,
        buffer: &mut [u8],
        deadline: Deadline,
        longer: bool,
    ) -> Result<usize> {
        let slot = self.slot.as_handle();
        let usual = if longer { Some(self.values()?.read_timeout) } else { None };
        if longer {
            api::set_read_timeout(slot, u32::MAX).map_err(|source| self.failed(source))?;
        }
        let issued = || {
            if let Some(usual) = usual {
                // The same call has succeeded above.
                let _ = api::set_read_timeout(slot, usual);
            }
            drop(held);
        };
        let size = buffer.len();
        api::read(slot, buffer, deadline, issued).map_err(|source| {
            if self.is_aborted() && text::is(&source, ERROR_OPERATION_ABORTED) {
                return Error::Closed;
            }
            failure::error(
                || format!("read from slot {}", self.name),
                source,
                [Error::TimedOut, Error::BufferTooSmall { size: 0, buffer: size }],
            )
        })
    }

    fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::SeqCst)
    }

    fn values(&self) -> Result<Values> {
        api::info(self.slot.as_handle()).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::io(format!("query slot {}", self.name), source)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics while it is locked.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, size: usize) {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.bytes_read.fetch_add(size as u64, Ordering::Relaxed);
    }
}

impl AsHandle for Server {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.slot.as_handle()
    }
}

/// The next message of a slot. Unless it is taken, it becomes the next one again, even if the reader panics.
pub(crate) struct Next<'a> {
    server: &'a Server,
    message: Option<Vec<u8>>,
}

impl Next<'_> {
    /// Bytes of the message.
    pub(crate) fn len(&self) -> usize {
        self.message().len()
    }

    /// Copies the message; `buffer` must have its length.
    pub(crate) fn copy_to(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(self.message());
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::Unknown
    }

    pub(crate) fn envelope(&self) -> Envelope {
        self.parts().0
    }

    pub(crate) fn to_message(&self) -> Result<Message> {
        Ok(self.envelope().around(memory::joined(&[self.message()])?))
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self.message()))
    }

    /// The error if there is no memory for a copy.
    pub(crate) fn no_memory(&self) -> Error {
        Error::NotEnoughMemory { size: self.len() }
    }

    /// Takes the message out.
    pub(crate) fn take(mut self) {
        self.server.count(self.len());
        self.message = None;
    }

    /// Takes the message out and copies it, if it fits.
    fn read(self, buffer: &mut [u8]) -> Result<usize> {
        let size = self.len();
        let too_small = Error::BufferTooSmall { size, buffer: buffer.len() };
        self.copy_to(buffer.get_mut(..size).ok_or(too_small)?);
        self.take();
        Ok(size)
    }

    fn message(&self) -> &[u8] {
        self.parts().1
    }

    /// What is known of the message, and the message.
    fn parts(&self) -> (Envelope, &[u8]) {
        let message = self.message.as_deref().unwrap_or_default();
        match self.server.has_heads {
            true => {
                let (envelope, size) = head::take(message);
                (envelope, message.get(size..).unwrap_or_default())
            }
            false => (Envelope::new(Origin::Unknown), message),
        }
    }
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            self.server.held().push_front(message);
        }
    }
}
