//! The reading end.

use std::os::fd::{AsFd as _, AsRawFd as _, IntoRawFd as _, RawFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailslot::{Envelope, Error, Inheritance, Mailslot, Network, Taps, Timeout};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::errors::{closed, empty, exception};
use crate::timeout::Deadline;
use crate::values::{self, Access, bytes};

/// How long to wait in the library, which spins where that pays, then sleeps. Its wait continues after a signal, so a
/// longer wait uses `poll`, which a signal ends.
const AWAKE: Duration = Duration::from_micros(100);
/// How long to wait for the other threads after a close before aborting their reads again.
const HEARD: Duration = Duration::from_millis(5);

/// A slot, until it is closed.
#[pyclass(frozen, module = "mailslot._native")]
pub struct Slot {
    name: String,
    slot: Mutex<Option<Mailslot>>,
    /// What was not read when the slot was closed, and could not be returned for lack of memory.
    rest: Mutex<Vec<Vec<u8>>>,
    waits: Waits,
    /// The process that created this: a forked child has none of its threads.
    generation: u64,
}

#[pymethods]
impl Slot {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the parameters are the options of a slot")]
    fn create(
        py: Python<'_>,
        name: &str,
        capacity: values::Capacity,
        max_message_size: values::MaxMessageSize,
        access: Access,
        network: bool,
        inheritable: bool,
        stamp: bool,
        sharing: values::Sharing,
        when_full: values::WhenFull,
        taps: bool,
    ) -> PyResult<Slot> {
        let mut options = Mailslot::options();
        options.capacity(capacity.0).max_message_size(max_message_size.0).access(access.0).stamp(stamp);
        options.sharing(sharing.0).when_full(when_full.0);
        if taps {
            options.taps(Taps::Allowed);
        }
        if network {
            options.network(Network::Allowed);
        }
        if inheritable {
            options.inheritance(Inheritance::Inherited);
        }
        py.detach(|| options.create(name)).map(Slot::new).map_err(|error| exception(&error))
    }

    /// A tap of the slot `name`.
    #[staticmethod]
    fn tap(py: Python<'_>, name: &str, capacity: values::Capacity) -> PyResult<Slot> {
        let mut options = Mailslot::options();
        options.capacity(capacity.0);
        py.detach(|| options.tap(name)).map(Slot::new).map_err(|error| exception(&error))
    }

    /// The slot with the three descriptors in `text`, which this copies.
    #[staticmethod]
    fn inherit(py: Python<'_>, text: &str) -> PyResult<Slot> {
        py.detach(|| Mailslot::from_handles(text)).map(Slot::new).map_err(|error| exception(&error))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    #[getter]
    fn closed(&self) -> bool {
        lock(&self.slot).is_none()
    }

    /// The next message.
    fn receive(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyBytes>> {
        self.next(py, timeout).map(|(data, _)| data)
    }

    /// The next message, with its origin, time and number of lost messages.
    fn receive_message(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<values::Parts> {
        let (data, Envelope { origin, time, reply_to, lost_before, .. }) = self.next(py, timeout)?;
        values::parts(py, data, &origin, time, lost_before, reply_to)
    }

    /// How many messages there are.
    fn count(&self) -> PyResult<u64> {
        Ok(self.open()?.info().map_err(|error| self.failed(&error))?.count)
    }

    fn fileno(&self) -> PyResult<RawFd> {
        Ok(self.open()?.as_raw_fd())
    }

    /// A copy of the descriptor that outlives the slot: an event loop of another thread may use it when the slot is
    /// closed.
    fn duplicate(&self) -> PyResult<RawFd> {
        let copy = self.open()?.as_fd().try_clone_to_owned();
        let failed = |source| exception(&Error::Io { action: format!("watch slot {}", self.name), source });
        Ok(copy.map_err(failed)?.into_raw_fd())
    }

    /// Three descriptors for another handle of the slot, which counts as shared from now on.
    fn handles(&self) -> PyResult<[RawFd; 3]> {
        Ok(self.open()?.share().as_fds().map(|fd| fd.as_raw_fd()))
    }

    /// Ends reads that wait in other threads, and the slot, unless other processes own it.
    fn close(&self, py: Python<'_>) {
        let Some(slot) = self.take() else { return };
        py.detach(|| drop(self.alone(slot)));
    }

    /// The same, and returns the messages that were not read. After an error, the next call returns those that there
    /// was memory for.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<Py<PyBytes>>> {
        let mut rest = core::mem::take(&mut *lock(&self.rest));
        let closed = match self.take() {
            Some(slot) => py.detach(|| self.alone(slot).close(|message| rest.push(message.data))),
            None if rest.is_empty() => return Err(closed("mailslot")),
            None => Ok(()),
        };
        let made = closed.map_err(|error| exception(&error));
        let made = made.and_then(|()| rest.iter().map(|data| bytes(py, data)).collect());
        if made.is_err() {
            *lock(&self.rest) = rest;
        }
        made
    }
}

impl Slot {
    fn new(slot: Mailslot) -> Slot {
        Slot {
            name: slot.name().to_string(),
            slot: Mutex::new(Some(slot)),
            rest: Mutex::default(),
            waits: Waits::default(),
            generation: mailslot::fork_generation(),
        }
    }

    /// A handle, so that no lock is held while it is used.
    fn open(&self) -> PyResult<Mailslot> {
        lock(&self.slot).clone().ok_or_else(|| closed("mailslot"))
    }

    fn next(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<(Py<PyBytes>, Envelope)> {
        let deadline = Deadline::after(timeout)?;
        loop {
            // With the interpreter's lock, because releasing and retaking it would take longer than this. Calls nothing
            // that could run other Python code: that might read the slot, which is locked meanwhile. Without memory for
            // the bytes, the message stays in the slot.
            let take = |data: &[u8], envelope| bytes(py, data).map(|data| (data, envelope));
            match self.open()?.take_within(Timeout::Zero, take) {
                Ok(taken) => return taken,
                Err(Error::TimedOut) if deadline.is_over() => return Err(empty()),
                Err(Error::TimedOut) => {}
                Err(error) => return Err(self.failed(&error)),
            }
            if self.wait(py, move |slot| awake(&slot, deadline))? {
                continue;
            }
            py.check_signals()?;
            self.wait(py, move |slot| sleep(&slot, deadline))?;
        }
    }

    /// Waits without the interpreter's lock.
    fn wait<R: Send>(&self, py: Python<'_>, wait: impl FnOnce(Mailslot) -> mailslot::Result<R> + Send) -> PyResult<R> {
        let slot = self.open()?;
        let _wait = self.waits.begin();
        py.detach(|| wait(slot)).map_err(|error| self.failed(&error))
    }

    /// Takes the slot, so that no other thread gets it.
    fn take(&self) -> Option<Mailslot> {
        lock(&self.slot).take()
    }

    /// Waits until no other thread has the slot, so that dropping this handle frees its name. In a forked child there
    /// are no such threads.
    fn alone(&self, slot: Mailslot) -> Mailslot {
        slot.abort_reads();
        let ours = self.generation == mailslot::fork_generation();
        while ours && !self.waits.end_within(HEARD) {
            // Aborts again, because a thread that was about to poll the descriptor has missed it.
            slot.abort_reads();
        }
        slot
    }

    fn failed(&self, error: &Error) -> PyErr {
        match error {
            Error::Closed if self.closed() => closed("mailslot"),
            error => exception(error),
        }
    }
}

/// Waits for a message in the library, for a short time. Returns whether there is one, which stays in the slot: its
/// bytes can only be allocated with the interpreter's lock.
fn awake(slot: &Mailslot, deadline: Deadline) -> mailslot::Result<bool> {
    match slot.take_within(deadline.left_within(AWAKE), |_, _| Err::<(), _>(())) {
        Err(Error::TimedOut) => Ok(false),
        waited => waited.map(|_| true),
    }
}

/// Waits until there may be a message, a signal has come, or `deadline` has passed. A signal between the last check and
/// the system call is noticed late: the descriptor becomes ready by itself every ten seconds.
fn sleep(slot: &Mailslot, deadline: Deadline) -> mailslot::Result<()> {
    // A time that is too long for the system is without limit.
    let left = deadline.left().and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut [PollFd::new(slot, PollFlags::IN)], left.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => {
            let action = format!("wait for messages of slot {}", slot.name());
            Err(Error::Io { action, source: error.into() })
        }
    }
}

/// Waits in progress in other threads. Changed only with the interpreter's lock, hence consistent in a forked child.
#[derive(Default)]
struct Waits {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Waits {
    fn begin(&self) -> Wait<'_> {
        *lock(&self.count) += 1;
        Wait(self)
    }

    /// Returns whether all end within `time`.
    fn end_within(&self, time: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(lock(&self.count), time, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

struct Wait<'a>(&'a Waits);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        *lock(&self.0.count) -= 1;
        self.0.ended.notify_all();
    }
}

/// No thread panics while it holds one of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
