//! The objects of a wait, its condition and its result.

use std::os::fd::BorrowedFd;

use super::dispatcher::Signal;
use crate::sync_object::SyncObject;

/// An object of a wait.
#[derive(Clone, Copy)]
pub(crate) enum Waitable<'a> {
    Signal(&'a Signal),
    Object(&'a SyncObject),
}

/// The result of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The object of this index is signalled, or all are.
    Signalled(usize),
    /// The same, and the holder of a mutex has ended without releasing it.
    Abandoned(usize),
    /// A completion routine of this thread is due.
    RoutineDue,
    TimedOut,
}

/// The condition of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Any,
    All,
}

impl<'a> Waitable<'a> {
    pub(super) fn object(&self) -> Option<&'a SyncObject> {
        match self {
            Waitable::Signal(_) => None,
            Waitable::Object(object) => Some(object),
        }
    }

    pub(super) fn bell(&self) -> Option<BorrowedFd<'a>> {
        self.object().and_then(SyncObject::bell)
    }
}
