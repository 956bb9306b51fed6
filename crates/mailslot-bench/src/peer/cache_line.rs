//! One word in a cache line of its own, which one process stores and the other polls.
//!
//! Nothing can hand a word from one core to another faster, so this is the floor of all latencies. It is no queue: the
//! next word overwrites the last one.

use std::fs::OpenOptions;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::{Shape, WORD};
use crate::Result;
use crate::place::Place;

/// The polling end.
pub(crate) struct Receiver {
    line: Line,
    seen: u64,
}

/// The storing end.
pub(crate) struct Sender {
    line: Line,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, _: Shape) -> Result<Receiver> {
        Ok(Receiver { line: Line::map(place)?, seen: 0 })
    }

    #[inline]
    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let word = self.line.word().load(Ordering::Acquire);
        if word == self.seen {
            return Ok(None);
        }
        self.seen = word;
        // Numbers begin with 0, which is what the fresh line holds: stored one higher.
        buffer[..WORD].copy_from_slice(&(word - 1).to_ne_bytes());
        Ok(Some(WORD))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(size) = self.try_receive(buffer)? {
                return Ok(size);
            }
        }
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, _: Shape) -> Result<Sender> {
        Ok(Sender { line: Line::map(place)? })
    }

    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        let word = message.first_chunk().copied().map(u64::from_ne_bytes).ok_or("message without a number")?;
        self.line.word().store(word + 1, Ordering::Release);
        Ok(())
    }
}

/// A page of shared memory, of which the first line is used.
struct Line {
    page: NonNull<AtomicU64>,
}

const PAGE: usize = 4096;

impl Line {
    fn map(place: &Place) -> Result<Line> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(place.path("line"))?;
        file.set_len(PAGE as u64)?;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
        let page =
            unsafe { mmap(std::ptr::null_mut(), PAGE, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, file, 0) }?;
        Ok(Line { page: NonNull::new(page.cast()).ok_or("mapping at address zero")? })
    }

    fn word(&self) -> &AtomicU64 {
        // SAFETY: page-aligned memory of at least eight bytes, mapped until `self` is dropped. Every process accesses it
        // only through such an atomic, and the file keeps its size.
        unsafe { self.page.as_ref() }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and every reference into it borrows from `self`. It cannot fail for what `mmap`
        // returned.
        let _ = unsafe { munmap(self.page.as_ptr().cast(), PAGE) };
    }
}
