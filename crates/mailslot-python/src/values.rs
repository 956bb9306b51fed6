//! The library's values as Python's, whose classes `python/mailslot/_values.py` defines.

use std::time::SystemTime;

use mailslot::{NetworkOrigin, Origin, Receipt, ReplyTo, SlotStatus, Statistics};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple};

use crate::errors::exception;

/// The living slots of this machine.
#[pyfunction]
pub fn list_slots(py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
    let slots = py.detach(mailslot::list).map_err(|error| exception(&error))?;
    slots.iter().map(|slot| slot_status(py, slot)).collect()
}

/// The status of one of them.
#[pyfunction]
pub fn status(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    let found = py.detach(|| mailslot::status(name)).map_err(|error| exception(&error))?;
    slot_status(py, &found)
}

/// A `LocalOrigin`, a `NetworkOrigin`, or `None`.
pub fn origin(py: Python<'_>, origin: &Origin) -> PyResult<Py<PyAny>> {
    match origin {
        Origin::Local { pid, uid, gid, attested } => make(py, "LocalOrigin", (pid, uid, gid, attested)),
        Origin::Network(network) => {
            let NetworkOrigin { computer, domain, address, authenticated, .. } = &**network;
            make(py, "NetworkOrigin", (computer, domain, address, authenticated))
        }
        _ => Ok(py.None()),
    }
}

/// The arguments of a `Message`: its bytes, origin and time, how many messages were lost before it, and the address for
/// a reply.
pub type Parts = (Py<PyBytes>, Py<PyAny>, Option<SystemTime>, u64, Option<(u32, Py<PyBytes>)>);

pub fn parts(
    py: Python<'_>,
    data: Py<PyBytes>,
    from: &Origin,
    time: Option<SystemTime>,
    lost_before: u64,
    reply_to: Option<ReplyTo>,
) -> PyResult<Parts> {
    let reply_to = reply_to.map(|to| Ok::<_, PyErr>((to.uid(), bytes(py, &to.token())?))).transpose()?;
    Ok((data, origin(py, from)?, time, lost_before, reply_to))
}

/// Unlike `PyBytes::new`, this does not panic without memory.
pub fn bytes(py: Python<'_>, data: &[u8]) -> PyResult<Py<PyBytes>> {
    let made = PyBytes::new_with(py, data.len(), |bytes| {
        bytes.copy_from_slice(data);
        Ok(())
    });
    Ok(made?.unbind())
}

/// A `Receipt`.
pub fn receipt(py: Python<'_>, receipt: &Receipt) -> PyResult<Py<PyAny>> {
    let outcome = make(py, "Outcome", (receipt.outcome.to_string(),))?;
    make(py, "Receipt", (&receipt.computer, outcome))
}

fn slot_status(py: Python<'_>, slot: &SlotStatus) -> PyResult<Py<PyAny>> {
    let access = slot.access.as_ref().map(|access| access_value(py, access)).transpose()?;
    let network = slot.network.map(|network| network == mailslot::Network::Allowed);
    let info = slot.info.as_ref();
    let totals = info.and_then(|info| info.statistics).map(|totals| statistics(py, totals)).transpose()?;
    let known = (
        slot.name.as_str(),
        slot.pid,
        slot.uid,
        access,
        network,
        slot.max_message_size,
        slot.capacity,
        slot.created,
        info.map(|info| info.count),
        totals,
        slot.members,
        slot.taps,
    );
    make(py, "SlotStatus", known)
}

fn statistics(py: Python<'_>, totals: Statistics) -> PyResult<Py<PyAny>> {
    let Statistics {
        written, read, bytes_written, bytes_read, refused_full, refused_too_large, high_water, lost, ..
    } = totals;
    let totals = (written, read, bytes_written, bytes_read, refused_full, refused_too_large, high_water, lost);
    make(py, "Statistics", totals)
}

fn access_value(py: Python<'_>, access: &mailslot::Access) -> PyResult<Py<PyAny>> {
    let word = |word: &str| Ok(word.into_pyobject(py)?.into_any().unbind());
    match access {
        mailslot::Access::Owner => word("owner"),
        mailslot::Access::Everyone => word("everyone"),
        mailslot::Access::Group(gid) => make(py, "Group", (gid,)),
        mailslot::Access::Users(uids) => make(py, "Users", (PyTuple::new(py, uids)?,)),
        _ => word("other"),
    }
}

/// Who may write: `("owner", [])`, `("everyone", [])`, `("group", [gid])` or `("users", uids)`.
pub struct Access(pub mailslot::Access);

impl<'a, 'py> FromPyObject<'a, 'py> for Access {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Access> {
        let ids = "the ids in access must be 0 to 4294967295";
        let (kind, ids): (String, Vec<u32>) = in_range(object, ids)?;
        Ok(Access(match (&*kind, &*ids) {
            ("owner", []) => mailslot::Access::Owner,
            ("everyone", []) => mailslot::Access::Everyone,
            ("group", [gid]) => mailslot::Access::Group(*gid),
            ("users", _) => mailslot::Access::Users(ids),
            _ => return Err(PyValueError::new_err("access must be 'owner', 'everyone', Group(gid) or Users(uids)")),
        }))
    }
}

/// Bytes that unread messages may take together.
pub struct Capacity(pub u64);

impl<'a, 'py> FromPyObject<'a, 'py> for Capacity {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Capacity> {
        in_range(object, "capacity must be 4096 to 68719476736 bytes").map(Capacity)
    }
}

/// Bytes of the largest message.
pub struct MaxMessageSize(pub u32);

impl<'a, 'py> FromPyObject<'a, 'py> for MaxMessageSize {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<MaxMessageSize> {
        in_range(object, "max_message_size must be 0 to 4294967295 bytes").map(MaxMessageSize)
    }
}

/// How many receivers to wait for.
pub struct AtLeast(pub usize);

impl<'a, 'py> FromPyObject<'a, 'py> for AtLeast {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<AtLeast> {
        in_range(object, "at_least must be a non-negative number").map(AtLeast)
    }
}

/// A number outside its Rust type gives the same error as any other out of range.
fn in_range<'a, 'py, T: FromPyObject<'a, 'py, Error: Into<PyErr>>>(
    object: Borrowed<'a, 'py, PyAny>,
    right: &'static str,
) -> PyResult<T> {
    object.extract().map_err(Into::into).map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(object.py()) { PyValueError::new_err(right) } else { error }
    })
}

/// The option `sharing`: `"one"` or `"each"`.
pub struct Sharing(pub mailslot::Sharing);

impl<'a, 'py> FromPyObject<'a, 'py> for Sharing {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Sharing> {
        word(object, "sharing", [("one", mailslot::Sharing::One), ("each", mailslot::Sharing::Each)]).map(Sharing)
    }
}

/// The option `when_full`: `"refuse"` or `"drop-oldest"`.
pub struct WhenFull(pub mailslot::WhenFull);

impl<'a, 'py> FromPyObject<'a, 'py> for WhenFull {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<WhenFull> {
        let words = [("refuse", mailslot::WhenFull::Refuse), ("drop-oldest", mailslot::WhenFull::DropOldest)];
        word(object, "when_full", words).map(WhenFull)
    }
}

/// The value for the word of an option.
fn word<T>(object: Borrowed<'_, '_, PyAny>, option: &str, words: [(&str, T); 2]) -> PyResult<T> {
    let given: String = object.extract()?;
    let right = format!("{option} must be '{}' or '{}'", words[0].0, words[1].0);
    let found = words.into_iter().find(|(word, _)| *word == given);
    found.map(|(_, value)| value).ok_or_else(|| PyValueError::new_err(right))
}

/// An object of a class of `mailslot._values`.
fn make<'py>(py: Python<'py>, class: &str, values: impl pyo3::call::PyCallArgs<'py>) -> PyResult<Py<PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("mailslot._values").map(Bound::unbind))?;
    Ok(module.bind(py).getattr(class)?.call1(values)?.unbind())
}
