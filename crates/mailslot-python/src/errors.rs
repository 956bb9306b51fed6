//! The library's errors as Python's exceptions, which `python/mailslot/_errors.py` defines.

use mailslot::{Error, Outcome};
use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use rustix::io::Errno;

mod python {
    pyo3::import_exception!(queue, Empty);
    pyo3::import_exception!(queue, Full);
    pyo3::import_exception!(mailslot._errors, ClosedError);
    pyo3::import_exception!(mailslot._errors, InvalidNameError);
    pyo3::import_exception!(mailslot._errors, MailslotError);
    pyo3::import_exception!(mailslot._errors, MessageTooLargeError);
    pyo3::import_exception!(mailslot._errors, NetworkError);
    pyo3::import_exception!(mailslot._errors, NotAllowedError);
    pyo3::import_exception!(mailslot._errors, PartialWriteError);
    pyo3::import_exception!(mailslot._errors, SlotExistsError);
    pyo3::import_exception!(mailslot._errors, SlotNotFoundError);
}

/// The exception for `error`. Not for a timeout, whose exception depends on what was waited for.
pub fn exception(error: &Error) -> PyErr {
    let said = |errno: Errno| (errno.raw_os_error(), error.to_string());
    match error {
        Error::InvalidName { .. } => python::InvalidNameError::new_err(said(Errno::INVAL)),
        Error::AlreadyExists(_) => python::SlotExistsError::new_err(said(Errno::EXIST)),
        Error::NotFound(_) => python::SlotNotFoundError::new_err(said(Errno::NOENT)),
        Error::NotAllowed(_) | Error::NotOwner(_) | Error::NoTaps(_) => {
            python::NotAllowedError::new_err(said(Errno::ACCESS))
        }
        Error::TooLarge { .. } | Error::TooLargeForNetwork { .. } => {
            python::MessageTooLargeError::new_err(said(Errno::MSGSIZE))
        }
        Error::Full { .. } => full(error),
        Error::Partial { delivered, members, .. } => {
            let (errno, text) = said(Errno::NOBUFS);
            python::PartialWriteError::new_err((errno, text, *delivered, *members))
        }
        Error::Closed => python::ClosedError::new_err(said(Errno::PIPE)),
        Error::NoNetworkNode(_) | Error::DomainNotOpen(_) | Error::RemoteMailslotsOff(_) => {
            python::NetworkError::new_err(said(Errno::NETDOWN))
        }
        Error::NotOnNetwork(_) => python::NetworkError::new_err(said(Errno::HOSTUNREACH)),
        Error::NetworkDoesNotTell(_) | Error::RequestElsewhere(_) => {
            python::NetworkError::new_err(said(Errno::OPNOTSUPP))
        }
        Error::Undelivered { outcome, .. } => python::NetworkError::new_err(said(match outcome {
            Outcome::NoSlot => Errno::NOENT,
            Outcome::Full => Errno::AGAIN,
            Outcome::TooLarge => Errno::MSGSIZE,
            Outcome::Silent => Errno::TIMEDOUT,
            _ => Errno::ACCESS,
        })),
        Error::NodeSilent => python::NetworkError::new_err(said(Errno::TIMEDOUT)),
        Error::NodeRefused(_) => python::NetworkError::new_err(said(Errno::PERM)),
        Error::InvalidOption { .. } => PyValueError::new_err(error.to_string()),
        Error::OutOfMemory => python::MailslotError::new_err(said(Errno::NOSPC)),
        Error::NotEnoughMemory { .. } => PyMemoryError::new_err(error.to_string()),
        Error::Stalled(_) => python::MailslotError::new_err(said(Errno::BUSY)),
        Error::NotInherited | Error::InvalidInheritance(_) => python::MailslotError::new_err(said(Errno::BADF)),
        Error::Io { action, source } => {
            let errno = source.raw_os_error().unwrap_or(Errno::IO.raw_os_error());
            python::MailslotError::new_err((errno, format!("{action}: {source}")))
        }
        _ => python::MailslotError::new_err(said(Errno::IO)),
    }
}

/// No message arrived in time.
pub fn empty() -> PyErr {
    python::Empty::new_err(())
}

/// There was no room, and none became free in time.
pub fn full(error: &Error) -> PyErr {
    python::Full::new_err(error.to_string())
}

/// This object was closed, by this process.
pub fn closed(what: &str) -> PyErr {
    PyValueError::new_err(format!("the {what} is closed"))
}
