//! Pointers from C: those of Win32 alone, and those shared by all C libraries here. They find a `NULL` that is not
//! allowed, which becomes an error code here.

pub(crate) use mailslot_ffi::{Array, Buffer, In, InOut, Narrow, Out, Wide};

use mailslot_ffi::BadPointer;

use crate::abi::Overlapped;
use crate::code::Code;

/// An `OVERLAPPED`: `NULL`, or valid until its operation has ended.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct OverlappedPointer(pub(crate) *mut Overlapped);

/// Memory of the program that several threads use at the same time. `NULL`, or valid and aligned as long as it is used.
#[repr(transparent)]
pub(crate) struct Place<T>(*mut T);

impl<T> Place<T> {
    pub(crate) fn get<'a>(&self) -> Option<&'a T> {
        // SAFETY: not NULL, hence valid, as the type promises. Its contents are changed only through atomics, or by the
        // C library.
        unsafe { self.0.as_ref() }
    }

    /// Zeroes the memory, which is not shared yet.
    pub(crate) fn clear(&self) {
        if !self.0.is_null() {
            // SAFETY: as above. Zero is valid for all types used here.
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

// SAFETY: a pending read carries it to the thread that completes it. The program promises that it stays valid, and does
// not use it, until the read has ended.
unsafe impl Send for OverlappedPointer {}
