//! Words that two processes share.

use std::fs::OpenOptions;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::Result;
use crate::place::Place;

/// A mapped file of words, zero at first.
pub(super) struct Words {
    first: NonNull<AtomicU64>,
    count: usize,
}

impl Words {
    /// Maps the file of this name, which the first process creates; all must pass the same `count`.
    pub(super) fn map(place: &Place, name: &str, count: usize) -> Result<Words> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(place.path(name))?;
        let size = count * size_of::<AtomicU64>();
        file.set_len(size as u64)?;
        // SAFETY: a new mapping at an address of the kernel's choice, which overlaps no other memory.
        let first =
            unsafe { mmap(std::ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, file, 0) }?;
        Ok(Words { first: NonNull::new(first.cast()).ok_or("mapping at address zero")?, count })
    }
}

impl std::ops::Deref for Words {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: page-aligned memory of `count` words, mapped until `self` is dropped. Every process accesses it only
        // through such atomics, and the file keeps its size.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and every reference into it borrows from `self`. It cannot fail for what `mmap`
        // returned.
        let _ = unsafe { munmap(self.first.as_ptr().cast(), self.count * size_of::<AtomicU64>()) };
    }
}
