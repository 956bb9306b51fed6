//! The writing end.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mailslot::{Error, MailslotWriter, Message, ReplyTo, Timeout};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::errors::{closed, empty, exception, full};
use crate::timeout::{Deadline, duration};
use crate::values::{self, bytes};

/// How long to wait before checking for signals. A writer that waits for room has no descriptor on which a signal could
/// interrupt it, and looks for room itself every few milliseconds.
const SLICE: Duration = Duration::from_millis(100);
/// Bytes up to which copying a message takes no longer than releasing and retaking the interpreter's lock.
const SMALL: usize = 16 << 10;

/// Which members of a slot have a message that is written in several tries.
#[pyclass(module = "mailslot._native")]
#[derive(Default)]
pub struct Progress(mailslot::Progress);

#[pymethods]
impl Progress {
    #[new]
    fn new() -> Progress {
        Progress::default()
    }
}

/// The writing end of a slot, until it is closed.
#[pyclass(frozen, module = "mailslot._native")]
pub struct Writer {
    address: String,
    writer: Mutex<Option<MailslotWriter>>,
}

#[pymethods]
impl Writer {
    #[new]
    fn open(py: Python<'_>, address: &str, timeout: Option<f64>) -> PyResult<Writer> {
        let deadline = Deadline::after(timeout)?;
        let writer = loop {
            // Without a wait, the error names the missing slot.
            let slice = if deadline.is_over() { Timeout::Zero } else { Timeout::After(deadline.left_within(SLICE)) };
            match py.detach(|| MailslotWriter::wait_open(address, slice)) {
                Err(Error::TimedOut) => py.check_signals()?,
                opened => break opened.map_err(|error| exception(&error))?,
            }
        };
        Ok(Writer { address: address.to_owned(), writer: Mutex::new(Some(writer)) })
    }

    #[getter]
    fn address(&self) -> &str {
        &self.address
    }

    #[getter]
    fn closed(&self) -> bool {
        self.writer().is_err()
    }

    /// Whether the slot is gone.
    fn slot_is_gone(&self) -> PyResult<bool> {
        Ok(self.writer()?.is_closed())
    }

    /// Writes one message, waiting for room.
    fn write(&self, py: Python<'_>, message: &Bound<'_, PyAny>, timeout: Option<f64>) -> PyResult<()> {
        let mut progress = mailslot::Progress::default();
        let refused = match self.write_some(py, message, &mut progress, timeout)? {
            None => return Ok(()),
            Some(refused) => refused,
        };
        Err(if progress.has_begun() { exception(&progress.end(refused)) } else { full(&refused) })
    }

    /// Writes one message, without waiting, to those members of the slot that lack it. `Full` if some still lack it
    /// afterwards.
    fn write_more(&self, py: Python<'_>, message: &Bound<'_, PyAny>, progress: &mut Progress) -> PyResult<()> {
        match self.write_some(py, message, &mut progress.0, Some(0.0))? {
            None => Ok(()),
            Some(refused) => Err(full(&refused)),
        }
    }

    /// Writes a message that asks for a reply, and returns the reply.
    fn request(&self, py: Python<'_>, message: &Bound<'_, PyAny>, timeout: Option<f64>) -> PyResult<values::Parts> {
        let deadline = Deadline::after(timeout)?;
        let writer = self.writer()?;
        let message = Payload::of(message)?;
        let message = message.bytes()?;
        let all = deadline.left().map_or(Timeout::Forever, Timeout::After);
        let mut replies = py.detach(|| writer.expect_replies(None, all)).map_err(|error| exception(&error))?;
        loop {
            let slice = deadline.left_within(SLICE);
            match py.detach(|| replies.ask_within(message, slice)) {
                Ok(()) => break,
                Err(Error::TimedOut | Error::Full { .. }) if !deadline.is_over() => py.check_signals()?,
                Err(error) => {
                    return Err(match replies.end(error) {
                        error @ (Error::TimedOut | Error::Full { .. }) => full(&error),
                        error => exception(&error),
                    });
                }
            }
        }
        loop {
            let slice = deadline.left_within(SLICE);
            match py.detach(|| replies.receive_within(slice)) {
                Err(Error::TimedOut) if deadline.is_over() => return Err(empty()),
                Err(Error::TimedOut) => py.check_signals()?,
                reply => {
                    let Message { data, origin, time, reply_to, lost_before, .. } =
                        reply.map_err(|error| exception(&error))?;
                    return values::parts(py, bytes(py, &data)?, &origin, time, lost_before, reply_to);
                }
            }
        }
    }

    /// Writes one message, and returns the receipt of each computer.
    fn write_confirmed(&self, py: Python<'_>, message: &Bound<'_, PyAny>, timeout: f64) -> PyResult<Vec<Py<PyAny>>> {
        let within = duration(timeout)?;
        let writer = self.writer()?;
        let message = Payload::of(message)?;
        let message = message.bytes()?;
        let receipts = py.detach(|| writer.write_confirmed(message, within)).map_err(|error| exception(&error))?;
        receipts.iter().map(|receipt| values::receipt(py, receipt)).collect()
    }

    /// Waits until at least `at_least` slots receive, and returns how many do.
    fn wait_for_receivers(&self, py: Python<'_>, at_least: values::AtLeast, timeout: Option<f64>) -> PyResult<usize> {
        let at_least = at_least.0;
        let deadline = Deadline::after(timeout)?;
        let writer = self.writer()?;
        loop {
            let slice = deadline.left_within(SLICE);
            let began = Instant::now();
            let found = py.detach(|| writer.wait_for_receivers(at_least, slice));
            let found = found.map_err(|error| exception(&error))?;
            // If the library returns at once, it knows that there will be no more: a slot of this machine is one.
            if found >= at_least || deadline.is_over() || began.elapsed() < slice {
                return Ok(found);
            }
            py.check_signals()?;
        }
    }

    fn close(&self, py: Python<'_>) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| drop(writer));
    }
}

impl Writer {
    /// Writes to the members that lack the message, waiting for room. Returns the refusal if some still lack it in the
    /// end.
    fn write_some(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        progress: &mut mailslot::Progress,
        timeout: Option<f64>,
    ) -> PyResult<Option<Error>> {
        let deadline = Deadline::after(timeout)?;
        let writer = self.writer()?;
        let message = Payload::of(message)?;
        let message = message.bytes()?;
        let mut first = || writer.write_more(message, progress, Timeout::Zero);
        let mut written = if message.len() <= SMALL { first() } else { py.detach(first) };
        let mut refused = None;
        loop {
            match written {
                Ok(()) => return Ok(None),
                Err(error @ (Error::Full { .. } | Error::TimedOut)) => {
                    // Keeps the first refusal, which has the slot's size.
                    let refused = refused.get_or_insert(error);
                    if deadline.is_over() {
                        return Ok(Some(core::mem::replace(refused, Error::TimedOut)));
                    }
                }
                // A write in progress in another process continues when that gets a processor.
                Err(Error::Stalled(_)) if !deadline.is_over() => {}
                Err(error) => return Err(exception(&core::mem::take(progress).end(error))),
            }
            py.check_signals()?;
            let slice = deadline.left_within(SLICE);
            written = py.detach(|| writer.write_more(message, progress, slice));
        }
    }

    fn writer(&self) -> PyResult<MailslotWriter> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.clone().ok_or_else(|| closed("writer"))
    }
}

/// Replies to a request. `uid` and `token` are from the request.
#[pyfunction]
pub fn reply(py: Python<'_>, uid: u32, token: [u8; 32], message: &Bound<'_, PyAny>) -> PyResult<()> {
    let message = Payload::of(message)?;
    let message = message.bytes()?;
    py.detach(|| ReplyTo::from_parts(uid, token).write(message)).map_err(|error| exception(&error))
}

/// The data of a write: bytes of some kind, or text.
enum Payload<'py> {
    Bytes(Bound<'py, PyBytes>),
    /// Written as UTF-8.
    Text(Bound<'py, PyString>),
}

impl<'py> Payload<'py> {
    fn of(object: &Bound<'py, PyAny>) -> PyResult<Payload<'py>> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Payload::Bytes(bytes.clone()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Payload::Text(text.clone()));
        }
        if let Ok(bytes) = object.cast::<PyByteArray>() {
            // Others may change it meanwhile.
            return Ok(Payload::Bytes(object.py().get_type::<PyBytes>().call1((bytes,))?.cast_into()?));
        }
        if object.is_instance_of::<PyMemoryView>() {
            return Ok(Payload::Bytes(object.call_method0("tobytes")?.cast_into()?));
        }
        let kind = object.get_type().name()?;
        let right = "bytes, bytearray, memoryview or str, or give the writer dumps=";
        Err(PyTypeError::new_err(format!("a message must be {right}: this is {kind}")))
    }

    fn bytes(&self) -> PyResult<&[u8]> {
        match self {
            Payload::Bytes(bytes) => Ok(bytes.as_bytes()),
            Payload::Text(text) => Ok(text.to_str()?.as_bytes()),
        }
    }
}
