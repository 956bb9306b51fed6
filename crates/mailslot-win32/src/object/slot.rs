//! The reading end of a slot, with the reads that are pending.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use mailslot::{Error, Mailslot, Timeout};
use rustix::process::Pid;

use super::times::Times;
use crate::abi::Handle;
use crate::code::{Code, Result};
use crate::engine;
use crate::per_process::PerProcess;
use crate::pointer::OverlappedPointer;
use crate::request::{Begun, Request};
use crate::wait::Signal;

/// A slot that this process owns. All its server handles here share one.
pub(crate) struct Slot {
    pub(crate) mailslot: Mailslot,
    /// Set when a read without an event ends, reset when one begins. Independent of messages.
    pub(crate) signal: Signal,
    /// Server handles in this process.
    handles: AtomicUsize,
    /// Length of `requests`, to check it without the lock.
    pending: AtomicUsize,
    /// Pending reads, in the order of their issue. Those of a parent process stay with it.
    requests: PerProcess<Mutex<VecDeque<Request>>>,
    /// Made at the first read that pends.
    descriptor: OnceLock<Arc<OwnedFd>>,
    /// Whether its descriptors survive `exec`.
    inheritable: AtomicBool,
    times: Mutex<Times>,
}

/// Which pending reads to cancel.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    /// Those issued by a thread through a handle.
    OfThread(Handle, Pid),
    /// Those issued through a handle.
    OfHandle(Handle),
    /// The one with this `OVERLAPPED`.
    One(Handle, OverlappedPointer),
}

impl Slot {
    pub(crate) fn new(mailslot: Mailslot, created: SystemTime) -> Slot {
        let times = Mutex::new(Times::new(created, mailslot.statistics()));
        Slot {
            mailslot,
            signal: Signal::new(true),
            handles: AtomicUsize::new(0),
            pending: AtomicUsize::new(0),
            requests: PerProcess::new(),
            descriptor: OnceLock::new(),
            inheritable: AtomicBool::new(false),
            times,
        }
    }

    /// Reads a message, waiting for the slot's read timeout.
    #[inline]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        self.mailslot.read(buffer).map_err(read_error)
    }

    /// Whether other reads are pending, which come first.
    pub(crate) fn has_pending(&self) -> bool {
        self.pending() != 0
    }

    /// How many reads are pending.
    #[inline]
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Begins a read: it ends at once if there is a message or the slot's reads do not wait; otherwise it pends.
    pub(crate) fn begin(self: &Arc<Slot>, mut request: Request) -> Result<Begun> {
        request.reset_signal(&self.signal)?;
        let mut requests = self.requests();
        // Earlier reads get their messages first.
        self.serve_locked(&mut requests);
        if requests.is_empty() {
            match self.mailslot.read_within(request.buffer()?, Timeout::Zero) {
                Ok(size) => return Ok(Begun::Ended(request, size)),
                Err(Error::TimedOut) => {}
                Err(error) => return Err(read_error(error)),
            }
        }
        let timeout = self.mailslot.info()?.read_timeout;
        if timeout == Timeout::Zero {
            return Err(Code::SEM_TIMEOUT);
        }
        if self.handles.load(Ordering::Acquire) == 0 {
            return Err(Code::OPERATION_ABORTED);
        }
        let descriptor = self.descriptor()?;
        engine::started()?;
        request.pend(timeout);
        requests.push_back(request);
        self.pending.store(requests.len(), Ordering::Relaxed);
        drop(requests);
        engine::watch_slot(self, descriptor);
        Ok(Begun::Pending)
    }

    /// Gives messages to pending reads, and ends those whose timeout has passed. Returns the next deadline.
    pub(crate) fn serve(&self) -> Option<Instant> {
        let mut requests = self.requests();
        self.serve_locked(&mut requests);
        requests.iter().filter_map(Request::deadline).min()
    }

    fn serve_locked(&self, requests: &mut VecDeque<Request>) {
        while let Some(request) = requests.front_mut() {
            let result = match request.buffer() {
                Ok(buffer) => self.mailslot.read_within(buffer, Timeout::Zero),
                Err(_) => Ok(0),
            };
            match result {
                Err(Error::TimedOut) => break,
                result => {
                    let ended = requests.pop_front();
                    self.pending.store(requests.len(), Ordering::Relaxed);
                    if let Some(request) = ended {
                        request.end(&self.signal, result.map_err(read_error));
                    }
                }
            }
        }
        let now = Instant::now();
        self.end_where(requests, Code::SEM_TIMEOUT, |request| {
            request.deadline().is_some_and(|deadline| deadline <= now)
        });
    }

    /// Ends pending reads with `ERROR_OPERATION_ABORTED`. Returns how many there were.
    pub(crate) fn cancel(&self, which: Which) -> usize {
        let mut requests = self.requests();
        self.end_where(&mut requests, Code::OPERATION_ABORTED, |request| request.is(which))
    }

    fn end_where(&self, requests: &mut VecDeque<Request>, code: Code, ends: impl Fn(&Request) -> bool) -> usize {
        let mut ended = 0;
        for request in core::mem::take(requests) {
            if ends(&request) {
                ended += 1;
                request.end(&self.signal, Err(code));
            } else {
                requests.push_back(request);
            }
        }
        self.pending.store(requests.len(), Ordering::Relaxed);
        ended
    }

    /// Readable when there may be a message. A duplicate, so that it can be polled while the slot closes.
    fn descriptor(&self) -> Result<Arc<OwnedFd>> {
        if let Some(descriptor) = self.descriptor.get() {
            return Ok(Arc::clone(descriptor));
        }
        let descriptor = Arc::new(rustix::io::fcntl_dupfd_cloexec(&self.mailslot, 3)?);
        Ok(Arc::clone(self.descriptor.get_or_init(|| descriptor)))
    }

    /// Makes the slot inheritable by child processes, or not.
    pub(crate) fn set_inheritable(&self, inheritable: bool) {
        if self.inheritable.swap(inheritable, Ordering::AcqRel) != inheritable {
            crate::inheritance::set_inheritable(&self.mailslot, inheritable);
        }
    }

    /// The slot's times, updated to now.
    pub(crate) fn times(&self) -> MutexGuard<'_, Times> {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.notice(self.mailslot.statistics());
        times
    }

    pub(crate) fn opened(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends the reads through a closed handle; with the last handle, all reads.
    pub(crate) fn closed(&self, handle: Handle) {
        // First, so that a read that begins meanwhile either sees it or is ended below.
        let last = self.handles.fetch_sub(1, Ordering::AcqRel) == 1;
        let ends = |request: &Request| last || request.is(Which::OfHandle(handle));
        self.end_where(&mut self.requests(), Code::OPERATION_ABORTED, ends);
        if last {
            self.mailslot.abort_reads();
            engine::forget_slot(self);
        }
    }

    fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        self.requests.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read of a slot that closes is reported as cancelled.
#[cold]
pub(crate) fn read_error(error: Error) -> Code {
    match error {
        Error::Closed => Code::OPERATION_ABORTED,
        error => error.into(),
    }
}
