//! Overlapped reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mailslot::Timeout;
use rustix::process::Pid;

use crate::abi::{CompletionRoutine, Handle};
use crate::code::{Code, PENDING, Result};
use crate::object::{Event, Which};
use crate::pointer::{Buffer, OverlappedPointer};
use crate::wait::Signal;
use crate::wait::apc;

/// A read with an `OVERLAPPED`.
pub(crate) struct Request {
    handle: Handle,
    thread: Pid,
    overlapped: OverlappedPointer,
    buffer: Buffer<u8>,
    size: usize,
    deadline: Option<Instant>,
    notify: Notify,
}

/// Who is told that a read has ended.
pub(crate) enum Notify {
    /// Whoever waits for this event.
    Event(Arc<Event>),
    /// Whoever waits for the slot's handle.
    Slot,
    /// A completion routine of the thread that issued it.
    Routine(CompletionRoutine, Arc<apc::Queue>),
}

/// What became of a read that was issued.
pub(crate) enum Begun {
    /// It has read so many bytes; [`Request::end`] has not been called yet.
    Ended(Request, usize),
    /// It waits.
    Pending,
}

impl Request {
    pub(crate) fn new(
        handle: Handle,
        overlapped: OverlappedPointer,
        buffer: Buffer<u8>,
        size: usize,
        notify: Notify,
    ) -> Result<Request> {
        if buffer.is_null() && size > 0 {
            return Err(Code::NOACCESS);
        }
        Ok(Request { handle, thread: rustix::thread::gettid(), overlapped, buffer, size, deadline: None, notify })
    }

    pub(crate) fn buffer<'a>(&mut self) -> Result<&'a mut [u8]> {
        Ok(self.buffer.to_read(self.size)?)
    }

    /// When it ends by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether this is one of those.
    pub(crate) fn is(&self, which: Which) -> bool {
        match which {
            Which::OfThread(handle, thread) => self.handle == handle && self.thread == thread,
            Which::OfHandle(handle) => self.handle == handle,
            Which::One(handle, overlapped) => self.handle == handle && self.overlapped.0 == overlapped.0,
        }
    }

    /// What the beginning of a read does to what will tell its end.
    pub(crate) fn reset_signal(&self, slot: &Signal) -> Result<()> {
        match &self.notify {
            Notify::Event(event) => return event.reset(),
            Notify::Slot => slot.reset(),
            Notify::Routine(..) => {}
        }
        Ok(())
    }

    /// From now on it waits, at most as long as `timeout` says.
    pub(crate) fn pend(&mut self, timeout: Timeout) {
        match timeout {
            Timeout::After(time) => self.deadline = Instant::now().checked_add(time),
            Timeout::Zero | Timeout::Forever => {}
        }
        if let Some(overlapped) = self.overlapped.get() {
            overlapped.internal_high.store(0, Ordering::Relaxed);
            overlapped.internal.store(PENDING, Ordering::Release);
        }
    }

    /// Stores how the read ended, then tells it.
    pub(crate) fn end(self, slot: &Signal, result: Result<usize>) {
        let (code, bytes) = match result {
            Ok(size) => (Code::SUCCESS, size),
            Err(code) => (code, 0),
        };
        if let Some(overlapped) = self.overlapped.get() {
            overlapped.internal_high.store(bytes, Ordering::Relaxed);
            // Release: whoever sees the status, by GetOverlappedResult for example, sees the message, too.
            overlapped.internal.store(code.status(), Ordering::Release);
        }
        match self.notify {
            // Of the shared ones one can be damaged, by another process of its user: whoever waits for it is told.
            Notify::Event(event) => drop(event.set()),
            Notify::Slot => {
                slot.set();
            }
            Notify::Routine(routine, thread) => thread.push(routine, code, bytes as u32, self.overlapped),
        }
    }
}
