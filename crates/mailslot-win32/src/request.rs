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

/// How to notify the end of a read.
pub(crate) enum Notify {
    /// Set this event.
    Event(Arc<Event>),
    /// Signal the slot's handle.
    Slot,
    /// Queue a completion routine in the thread that issued it.
    Routine(CompletionRoutine, Arc<apc::Queue>),
}

/// The result of issuing a read.
pub(crate) enum Begun {
    /// It has read this many bytes; [`Request::end`] has not been called yet.
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

    /// When it times out.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether this is selected by `which`.
    pub(crate) fn is(&self, which: Which) -> bool {
        match which {
            Which::OfThread(handle, thread) => self.handle == handle && self.thread == thread,
            Which::OfHandle(handle) => self.handle == handle,
            Which::One(handle, overlapped) => self.handle == handle && self.overlapped.0 == overlapped.0,
        }
    }

    /// Resets the event or signal of the read's end, at its beginning.
    pub(crate) fn reset_signal(&self, slot: &Signal) -> Result<()> {
        match &self.notify {
            Notify::Event(event) => return event.reset(),
            Notify::Slot => slot.reset(),
            Notify::Routine(..) => {}
        }
        Ok(())
    }

    /// Marks it as pending from now on, at most for `timeout`.
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

    /// Stores the result of the read, then notifies it.
    pub(crate) fn end(self, slot: &Signal, result: Result<usize>) {
        let (code, bytes) = match result {
            Ok(size) => (Code::SUCCESS, size),
            Err(code) => (code, 0),
        };
        if let Some(overlapped) = self.overlapped.get() {
            overlapped.internal_high.store(bytes, Ordering::Relaxed);
            // Release: a thread that sees the status, such as in GetOverlappedResult, also sees the message.
            overlapped.internal.store(code.status(), Ordering::Release);
        }
        match self.notify {
            // A shared event may have been damaged by another process of its user; its waits report that.
            Notify::Event(event) => drop(event.set()),
            Notify::Slot => {
                slot.set();
            }
            Notify::Routine(routine, thread) => thread.push(routine, code, bytes as u32, self.overlapped),
        }
    }
}
