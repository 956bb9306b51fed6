//! No process forks here, so no child has copies of descriptors.

use std::os::fd::BorrowedFd;

pub(crate) fn keep(_: BorrowedFd<'_>) {}

pub(crate) fn release(_: BorrowedFd<'_>) {}
