//! Handles used by their owner: the fast path of nearly every `ReadFile` and `WriteFile`.

use core::ops::Deref;

use mailslot::MailslotWriter;

use super::table::{self, Own, Visit};
use super::uses::Way;
use super::{Handle, Open};
use crate::object::{Object, Slot};

/// The slot of a server handle.
pub(crate) struct OwnSlot(Own);

/// The writer of a client handle that may write.
pub(crate) struct OwnWriter(Own);

/// The slot that `handle` reads, if this thread was the first to read or write through it (see
/// [`Held::own`](super::Held::own)). Otherwise the caller must use [`find`](super::find) after the visit has ended.
#[inline]
pub(crate) fn slot(handle: Handle) -> Result<OwnSlot, Option<Visit>> {
    table::find_own(handle, Way::Read).map(OwnSlot)
}

/// The writer that `handle` writes through, as in [`slot`].
#[inline]
pub(crate) fn writer(handle: Handle) -> Result<OwnWriter, Option<Visit>> {
    table::find_own(handle, Way::Write).map(OwnWriter)
}

impl Open {
    /// The operation that needs no further checks.
    pub(super) fn way(&self) -> Way {
        match &self.object {
            Object::Server(_) => Way::Read,
            Object::Client(client) if client.rights.write => Way::Write,
            _ => Way::Neither,
        }
    }
}

impl OwnSlot {
    pub(crate) fn into_visit(self) -> Visit {
        self.0.into_visit()
    }
}

impl OwnWriter {
    pub(crate) fn into_visit(self) -> Visit {
        self.0.into_visit()
    }
}

impl Deref for OwnSlot {
    type Target = Slot;

    #[inline]
    fn deref(&self) -> &Slot {
        match &self.0.object {
            Object::Server(slot) => slot,
            // SAFETY: only made by `slot`, for an entry whose way is `Read`. That came from `Open::way`, which returns
            // it for servers only; and the contents of an open entry do not change.
            _ => unsafe { core::hint::unreachable_unchecked() },
        }
    }
}

impl Deref for OwnWriter {
    type Target = MailslotWriter;

    #[inline]
    fn deref(&self) -> &MailslotWriter {
        match &self.0.object {
            Object::Client(client) => &client.writer,
            // SAFETY: as above, with `writer` and `Write`.
            _ => unsafe { core::hint::unreachable_unchecked() },
        }
    }
}
