//! Pointers from C. Each type states what the caller promises; the headers state the same. A `NULL` where there should
//! be something is found here and becomes an error code; other wrong pointers cannot be found.
//!
//! These are the types of export parameters, so that the exports themselves need no `unsafe`.

use core::ffi::{c_char, c_void};

use crate::abi::Overlapped;
use crate::code::{Code, Result};

/// Where an export stores a value. `NULL`, or valid for writing a `T`, aligned or not.
#[repr(transparent)]
pub(crate) struct Out<T>(*mut T);

/// A value that an export reads. `NULL`, or valid for reading a `T`, aligned or not.
#[repr(transparent)]
pub(crate) struct In<T>(*const T);

/// An array of the length that another parameter tells. `NULL`, or valid for reading.
#[repr(transparent)]
pub(crate) struct Array<T>(*const T);

/// Memory that an export fills: `NULL`, or valid for writing as many units as another parameter tells. Nobody else
/// uses it until the operation has ended.
#[repr(transparent)]
pub(crate) struct Buffer<T>(pub(crate) *mut T);

/// Text that ends with NUL, in bytes. `NULL`, or valid up to and including its NUL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Narrow(pub(crate) *const c_char);

/// Text that ends with NUL, in UTF-16 units. `NULL`, or valid up to and including its NUL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Wide(pub(crate) *const u16);

/// An `OVERLAPPED`: `NULL`, or valid until its operation has ended.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct OverlappedPointer(pub(crate) *mut Overlapped);

/// A pointer that this library gave to the program: `NULL`, or from [`Owned::new`] and not yet closed.
#[repr(transparent)]
pub(crate) struct Owned<T>(*mut T);

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Owned<T> {
        Owned(Box::into_raw(Box::new(value)))
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: not NULL, hence from `new` and not yet closed, as the type promises.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn close(self) {
        if !self.0.is_null() {
            // SAFETY: as in `get`; the program does not use it again.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

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

impl<T> Out<T> {
    /// A place that another parameter describes; the same promise.
    pub(crate) fn at(place: *mut T) -> Out<T> {
        Out(place)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Stores `value`, if there is a place for it.
    pub(crate) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, hence valid for writing, as the type promises.
            unsafe { self.0.write_unaligned(value) };
        }
    }

    /// Fails if there is no place for a value.
    pub(crate) fn required(&self) -> Result<()> {
        if self.0.is_null() { Err(Code::INVALID_PARAMETER) } else { Ok(()) }
    }
}

impl<T> In<T> {
    /// The value, if there is one.
    pub(crate) fn read(&self) -> Option<T> {
        // SAFETY: not NULL, hence valid for reading, as the type promises.
        (!self.0.is_null()).then(|| unsafe { self.0.read_unaligned() })
    }
}

impl<T> Array<T> {
    /// The elements, if there is an array.
    pub(crate) fn slice<'a>(&self, length: usize) -> Option<&'a [T]> {
        // SAFETY: not NULL, hence valid for reading `length` elements, as the type promises.
        (!self.0.is_null()).then(|| unsafe { core::slice::from_raw_parts(self.0, length) })
    }

    /// What is to be written: no elements need a pointer.
    pub(crate) fn to_write<'a>(&self, length: usize) -> Result<&'a [T]> {
        match self.slice(length) {
            Some(elements) => Ok(elements),
            None if length == 0 => Ok(&[]),
            None => Err(Code::INVALID_USER_BUFFER),
        }
    }
}

impl<T: Copy + Default + PartialEq> Array<T> {
    /// Elements up to and including the first zero, for an array that is text.
    pub(crate) fn length_with_nul(&self) -> Option<usize> {
        if self.0.is_null() {
            return None;
        }
        let mut length = 0;
        // SAFETY: not NULL, and text is valid up to its NUL; no element before this one was one.
        while unsafe { self.0.add(length).read() } != T::default() {
            length += 1;
        }
        Some(length + 1)
    }
}

impl Array<c_void> {
    /// The bytes to write: none need a pointer.
    pub(crate) fn bytes<'a>(&self, length: u32) -> Result<&'a [u8]> {
        Array(self.0.cast::<u8>()).to_write(length as usize)
    }
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Buffer<T> {
        *self
    }
}

// Derived, this would ask for a `T` that is `Copy`, which `void` is not.
impl<T> Copy for Buffer<T> {}

impl<T> Buffer<T> {
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The buffer, if there is one.
    pub(crate) fn slice<'a>(self, length: usize) -> Option<&'a mut [T]> {
        // SAFETY: not NULL, hence valid for writing `length` units, and nobody else's, as the type promises.
        (!self.0.is_null()).then(|| unsafe { core::slice::from_raw_parts_mut(self.0, length) })
    }

    /// The buffer of a read: none is needed for no bytes.
    pub(crate) fn to_read<'a>(self, length: usize) -> Result<&'a mut [T]> {
        match self.slice(length) {
            Some(buffer) => Ok(buffer),
            None if length == 0 => Ok(&mut []),
            None => Err(Code::NOACCESS),
        }
    }
}

impl Narrow {
    /// The bytes before the NUL.
    pub(crate) fn bytes<'a>(self) -> Option<&'a [u8]> {
        // SAFETY: not NULL, hence valid up to its NUL, as the type promises.
        (!self.0.is_null()).then(|| unsafe { core::ffi::CStr::from_ptr(self.0) }.to_bytes())
    }
}

impl Wide {
    /// The units before the NUL.
    pub(crate) fn units<'a>(self) -> Option<&'a [u16]> {
        if self.0.is_null() {
            return None;
        }
        let mut length = 0;
        // SAFETY: not NULL, hence valid up to its NUL, as the type promises; no unit before it was one.
        while unsafe { self.0.add(length).read() } != 0 {
            length += 1;
        }
        // SAFETY: all these units have just been read.
        Some(unsafe { core::slice::from_raw_parts(self.0, length) })
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

// SAFETY: a pending read carries these to the thread that completes it. The program promises that they stay valid, and
// that it uses neither, until the read has ended.
unsafe impl Send for OverlappedPointer {}
// SAFETY: as above.
unsafe impl<T> Send for Buffer<T> {}
