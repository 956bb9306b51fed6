//! Notification of changes of interfaces, which a node without a legacy network does not need.

use std::io;

use super::poll::Source;

/// There is none.
pub(crate) enum Changes {}

impl Changes {
    pub(crate) fn watch() -> io::Result<Changes> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn take(&self) {
        match *self {}
    }

    pub(crate) fn source(&self) -> Source<'_> {
        match *self {}
    }
}
