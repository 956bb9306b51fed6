//! Pointers from C. Each type states what the caller promises; the headers state the same. A `NULL` that is not allowed
//! is found here; other invalid pointers cannot be found.
//!
//! These are the types of export parameters, so that the exports themselves need no `unsafe`. In Rust they are made by
//! functions whose caller makes the same promise.

use core::ffi::{c_char, c_void};

/// Where an export stores a value. `NULL`, or valid for writing a `T`, aligned or not.
#[repr(transparent)]
pub struct Out<T>(*mut T);

/// A value that an export reads, any number of times. `NULL`, or valid for reading a `T`, aligned or not.
#[repr(transparent)]
pub struct In<T>(*const T);

/// A value that an export reads and then replaces. `NULL`, or valid for reading and writing a `T`, aligned or not.
#[repr(transparent)]
pub struct InOut<T>(*mut T);

/// An array whose length is another parameter. `NULL`, or valid for reading as many elements.
#[repr(transparent)]
pub struct Array<T>(*const T);

/// Memory that an export fills: `NULL`, or valid for writing as many units as another parameter says. Nothing else uses
/// it until the operation has ended.
#[repr(transparent)]
pub struct Buffer<T>(*mut T);

/// Text that ends with NUL, in bytes. `NULL`, or valid up to and including its NUL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Narrow(*const c_char);

/// Text that ends with NUL, in UTF-16 units. `NULL`, or valid up to and including its NUL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Wide(*const u16);

/// A pointer that a library gave to the program: `NULL`, or from [`Owned::new`] and not yet closed.
#[repr(transparent)]
pub struct Owned<T>(*mut T);

/// An invalid pointer or length: a `NULL` that is not allowed, or more bytes than an object can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPointer {
    /// `NULL` as the place for a value.
    Out,
    /// `NULL` as the bytes or elements to write.
    Array,
    /// `NULL` as the buffer of a read.
    Buffer,
    /// An array or a buffer of more than `isize::MAX` bytes, such as from a negative length.
    Length,
}

type Result<T> = core::result::Result<T, BadPointer>;

/// Whether `length` elements can be one object: no object has more than `isize::MAX` bytes.
const fn can_be<T>(length: usize) -> bool {
    length <= isize::MAX as usize / size_of::<T>()
}

impl<T> Owned<T> {
    /// Gives a value to the program.
    pub fn new(value: T) -> Owned<T> {
        Owned(Box::into_raw(Box::new(value)))
    }

    /// The value, unless the pointer is `NULL`.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: not NULL, hence from `new` and not yet closed, as the type promises.
        unsafe { self.0.as_ref() }
    }

    /// Drops the value. `NULL` is allowed.
    pub fn close(self) {
        if !self.0.is_null() {
            // SAFETY: as in `get`; the program does not use it again.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

impl<T> Out<T> {
    /// A place that another parameter describes.
    ///
    /// # Safety
    ///
    /// - `place` keeps the promise of the type
    pub unsafe fn at(place: *mut T) -> Out<T> {
        Out(place)
    }

    /// Whether this is `NULL`.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Stores `value`, unless this is `NULL`.
    pub fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, hence valid for writing, as the type promises.
            unsafe { self.0.write_unaligned(value) };
        }
    }

    /// Fails if this is `NULL`.
    ///
    /// # Errors
    ///
    /// [`BadPointer::Out`]
    pub fn required(&self) -> Result<()> {
        if self.0.is_null() { Err(BadPointer::Out) } else { Ok(()) }
    }
}

impl<T> In<T> {
    /// The value, if there is one.
    pub fn read(&self) -> Option<T> {
        // SAFETY: not NULL, hence valid for reading, as the type promises.
        (!self.0.is_null()).then(|| unsafe { self.0.read_unaligned() })
    }
}

impl<T> InOut<T> {
    /// The value, if there is one.
    pub fn read(&self) -> Option<T> {
        In(self.0.cast_const()).read()
    }

    /// Stores `value`, unless this is `NULL`.
    pub fn set(&self, value: T) {
        Out(self.0).set(value);
    }
}

impl<T> Array<T> {
    /// The elements, unless this is `NULL` or no array can have `length` elements.
    pub fn slice<'a>(&self, length: usize) -> Option<&'a [T]> {
        // SAFETY: not NULL, hence valid for reading `length` elements, as the type promises; and no more than an object
        // can have.
        (!self.0.is_null() && can_be::<T>(length)).then(|| unsafe { core::slice::from_raw_parts(self.0, length) })
    }

    /// The elements to write. With a length of 0, the pointer may be `NULL`.
    ///
    /// # Errors
    ///
    /// [`BadPointer::Array`], [`BadPointer::Length`]
    pub fn to_write<'a>(&self, length: usize) -> Result<&'a [T]> {
        match self.slice(length) {
            Some(elements) => Ok(elements),
            None if length == 0 => Ok(&[]),
            None if self.0.is_null() => Err(BadPointer::Array),
            None => Err(BadPointer::Length),
        }
    }
}

impl<T: Copy + Default + PartialEq> Array<T> {
    /// Elements up to and including the first zero, for an array that is text.
    pub fn length_with_nul(&self) -> Option<usize> {
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
    /// The bytes, unless this is `NULL`.
    #[inline]
    pub fn some_bytes<'a>(&self, length: u32) -> Option<&'a [u8]> {
        Array(self.0.cast::<u8>()).slice(length as usize)
    }

    /// The bytes to write. With a length of 0, the pointer may be `NULL`.
    ///
    /// # Errors
    ///
    /// [`BadPointer::Array`], [`BadPointer::Length`]
    pub fn bytes<'a>(&self, length: u32) -> Result<&'a [u8]> {
        Array(self.0.cast::<u8>()).to_write(length as usize)
    }
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Buffer<T> {
        *self
    }
}

// Not derived: that would require a `T` that is `Copy`, which `void` is not.
impl<T> Copy for Buffer<T> {}

impl<T> Buffer<T> {
    /// The memory at `place`.
    ///
    /// # Safety
    ///
    /// - `place` keeps the promise of the type
    pub unsafe fn at(place: *mut T) -> Buffer<T> {
        Buffer(place)
    }

    /// The address.
    pub fn pointer(self) -> *mut T {
        self.0
    }

    /// Whether this is `NULL`.
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The buffer, unless this is `NULL` or no buffer can have `length` units.
    pub fn slice<'a>(self, length: usize) -> Option<&'a mut [T]> {
        // SAFETY: not NULL, hence valid for writing `length` units and used by nothing else, as the type promises; and
        // no more than an object can have.
        (!self.0.is_null() && can_be::<T>(length)).then(|| unsafe { core::slice::from_raw_parts_mut(self.0, length) })
    }

    /// The buffer of a read. With a length of 0, the pointer may be `NULL`.
    ///
    /// # Errors
    ///
    /// [`BadPointer::Buffer`], [`BadPointer::Length`]
    pub fn to_read<'a>(self, length: usize) -> Result<&'a mut [T]> {
        match self.slice(length) {
            Some(buffer) => Ok(buffer),
            None if length == 0 => Ok(&mut []),
            None if self.0.is_null() => Err(BadPointer::Buffer),
            None => Err(BadPointer::Length),
        }
    }
}

impl Buffer<c_void> {
    /// The same memory, with a length in bytes.
    pub fn bytes(self) -> Buffer<u8> {
        Buffer(self.0.cast())
    }
}

impl Narrow {
    /// The text at `place`.
    ///
    /// # Safety
    ///
    /// - `place` keeps the promise of the type
    pub unsafe fn at(place: *const c_char) -> Narrow {
        Narrow(place)
    }

    /// The address.
    pub fn pointer(self) -> *const c_char {
        self.0
    }

    /// The bytes before the NUL.
    pub fn bytes<'a>(self) -> Option<&'a [u8]> {
        // SAFETY: not NULL, hence valid up to its NUL, as the type promises.
        (!self.0.is_null()).then(|| unsafe { core::ffi::CStr::from_ptr(self.0) }.to_bytes())
    }
}

impl Wide {
    /// The text at `place`.
    ///
    /// # Safety
    ///
    /// - `place` keeps the promise of the type
    pub unsafe fn at(place: *const u16) -> Wide {
        Wide(place)
    }

    /// The address.
    pub fn pointer(self) -> *const u16 {
        self.0
    }

    /// The units before the NUL.
    pub fn units<'a>(self) -> Option<&'a [u16]> {
        if self.0.is_null() {
            return None;
        }
        let mut length = 0;
        // SAFETY: not NULL, and valid up to its NUL, as the type promises; no unit before it was one.
        while unsafe { self.0.add(length).read() } != 0 {
            length += 1;
        }
        // SAFETY: all these units have just been read.
        Some(unsafe { core::slice::from_raw_parts(self.0, length) })
    }
}

// SAFETY: a pending read carries it to the thread that completes it. The program promises that it stays valid, and that
// nothing else uses it, until the read has ended.
unsafe impl<T> Send for Buffer<T> {}
