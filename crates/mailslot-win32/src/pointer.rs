//! Pointers from C, those that only Win32 has and those that every C library here has. A `NULL` where there should be
//! something is found by them, and becomes an error code here.

pub(crate) use mailslot_ffi::{Array, Buffer, In, InOut, Narrow, Out, Wide};

use mailslot_ffi::BadPointer;

use crate::abi::Overlapped;
use crate::code::Code;

/// An `OVERLAPPED`: `NULL`, or valid until its operation has ended.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct OverlappedPointer(pub(crate) *mut Overlapped);

/// Where a program keeps something that several threads use at once. `NULL`, or valid and aligned as long as it is used.
#[repr(transparent)]
pub(crate) struct Place<T>(*mut T);

impl<T> Place<T> {
    pub(crate) fn get<'a>(&self) -> Option<&'a T> {
        // SAFETY: not NULL, hence valid, as the type promises. What is there is only changed through its atomics, or by the C
        // library.
        unsafe { self.0.as_ref() }
    }

    /// Makes all of it zero, which nobody else uses yet.
    pub(crate) fn clear(&self) {
        if !self.0.is_null() {
            // SAFETY: as above. All types that are kept so may be zero.
            unsafe { self.0.write_bytes(0, 1) };
        }
    }
}

impl From<BadPointer> for Code {
    fn from(bad: BadPointer) -> Code {
        match bad {
            BadPointer::Out => Code::INVALID_PARAMETER,
            BadPointer::Array => Code::INVALID_USER_BUFFER,
            BadPointer::Buffer | BadPointer::Length => Code::NOACCESS,
        }
    }
}

impl OverlappedPointer {
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub(crate) fn get<'a>(self) -> Option<&'a Overlapped> {
        // SAFETY: not NULL, hence valid, as the type promises. Its first two words are atomics, because the program and
        // the thread that completes reads share them; the others are only read while an operation lasts.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: a pending read carries it to the thread that completes it. The program promises that it stays valid, and that
// it uses it not, until the read has ended.
unsafe impl Send for OverlappedPointer {}
