//! The ring of a slot as a mapped file.

use core::ffi::c_void;
use core::ops::Range;
use core::ptr::NonNull;
use std::os::fd::BorrowedFd;

use rustix::fs::{FallocateFlags, FileType};
use rustix::io::{Errno, retry_on_intr};
use rustix::mm::{Advice, MapFlags, ProtFlags};

use super::ring::layout::{HEADER_SIZE, Header, MAGIC, VERSION};
use super::ring::region::Region;
use crate::sync::Ordering::Relaxed;

/// Bytes of records that are backed by memory in a new ring.
pub(crate) const FIRST_RESERVE: u64 = 16 << 10;
/// The most bytes of memory that an idle ring keeps.
pub(crate) const KEEP: u64 = 256 << 10;
/// Bytes of records that a writer maps first: as much as a new ring has memory for, which a reader that keeps up does
/// not leave ([`REWIND_AFTER`](super::reading)), but in a stream, whose writer stays. In a ring that has grown,
/// opening, writing and closing takes a sixth less than with 256 KiB, because the first access has the kernel map all
/// pages around it, up to sixteen, and closing unmaps each.
const START: u64 = FIRST_RESERVE;
/// Memory is added in steps that grow from this size.
const STEP: u64 = 64 << 10;
const MAX_STEP: u64 = 4 << 20;
/// The most bytes of memory that one call reserves.
const RESERVE_AT_ONCE: usize = 1 << 20;

/// A mapped ring.
pub(crate) struct Mapping {
    base: NonNull<c_void>,
    size: usize,
    region: Region,
}

// SAFETY: the mapping is plain process-wide memory; see `Region` for who may access it how.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

/// The fixed fields of a new ring's header.
pub(crate) struct NewRing {
    pub(crate) capacity: u64,
    pub(crate) max_message: u64,
    pub(crate) pid_namespace: u64,
    pub(crate) locked_reads: u64,
    pub(crate) network: bool,
    pub(crate) stamp: bool,
    pub(crate) read_timeout_nanos: u64,
}

impl Mapping {
    /// Makes the empty file `fd` into a ring.
    pub(crate) fn create(fd: BorrowedFd<'_>, ring: &NewRing) -> rustix::io::Result<Mapping> {
        retry_on_intr(|| rustix::fs::ftruncate(fd, HEADER_SIZE + ring.capacity))?;
        let first = FIRST_RESERVE.min(ring.capacity);
        reserve(fd, 0, HEADER_SIZE + first)?;
        let mapping = Mapping::map(fd, ring.capacity, ring.capacity)?;
        let header = mapping.region.header();
        header.fixed.version.store(VERSION, Relaxed);
        header.fixed.capacity.store(ring.capacity, Relaxed);
        header.fixed.max_message.store(ring.max_message, Relaxed);
        header.fixed.pid_namespace.store(ring.pid_namespace, Relaxed);
        header.fixed.locked_reads.store(ring.locked_reads, Relaxed);
        header.fixed.network.store(ring.network.into(), Relaxed);
        header.fixed.stamp.store(ring.stamp.into(), Relaxed);
        header.fixed.read_timeout_nanos.store(ring.read_timeout_nanos, Relaxed);
        header.writers.reserved.store(first, Relaxed);
        header.fixed.magic.store(MAGIC, Relaxed);
        Ok(mapping)
    }

    /// Maps the start of the ring in `fd`. `Ok(None)` if this process may not map it: it is another user's, has another
    /// layout, or is from another pid namespace.
    pub(crate) fn open(fd: BorrowedFd<'_>, uid: u32, pid_namespace: u64) -> rustix::io::Result<Option<Mapping>> {
        let stat = rustix::fs::fstat(fd)?;
        let private = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_uid == uid
            && stat.st_mode & 0o077 == 0;
        let capacity = (stat.st_size as u64).wrapping_sub(HEADER_SIZE);
        if !private || !capacity.is_power_of_two() || capacity < HEADER_SIZE || usize::try_from(stat.st_size).is_err() {
            return Ok(None);
        }
        let mapping = Mapping::map(fd, capacity, capacity.min(START))?;
        let fixed = &mapping.region.header().fixed;
        let fits = fixed.magic.load(Relaxed) == MAGIC
            && fixed.version.load(Relaxed) == VERSION
            && fixed.capacity.load(Relaxed) == capacity
            && fixed.pid_namespace.load(Relaxed) == pid_namespace;
        Ok(fits.then_some(mapping))
    }

    /// Maps the whole ring, whose file is `fd`.
    pub(crate) fn whole(&self, fd: BorrowedFd<'_>) -> rustix::io::Result<Mapping> {
        Mapping::map(fd, self.region.capacity(), self.region.capacity())
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    pub(crate) fn header(&self) -> &Header {
        self.region.header()
    }

    /// Backs at least the first `needed` bytes of records with memory, and returns how many bytes are backed now.
    /// Memory is reserved before it is touched, so that running out of it is an error here and not a signal there.
    pub(crate) fn grow(&self, fd: BorrowedFd<'_>, reserved: u64, needed: u64) -> rustix::io::Result<u64> {
        let capacity = self.region.capacity();
        let generous = (reserved + reserved.clamp(STEP, MAX_STEP)).max(needed).min(capacity);
        let reserve = |end: u64| reserve(fd, HEADER_SIZE + reserved, HEADER_SIZE + end).map(|()| end);
        reserve(generous).or_else(|error| {
            let exact = needed.next_multiple_of(HEADER_SIZE).min(capacity);
            let short = matches!(error, Errno::NOSPC | Errno::DQUOT | Errno::NOMEM);
            if exact < generous && short { reserve(exact) } else { Err(error) }
        })
    }

    /// Like `grow`, without the file, and for no more than is needed: for a process that cannot open one. `Ok(None)` if
    /// the system does not support it (before Linux 5.14).
    pub(crate) fn grow_in_place(&self, reserved: u64, needed: u64) -> rustix::io::Result<Option<u64>> {
        let page = rustix::param::page_size() as u64;
        let end = needed.next_multiple_of(HEADER_SIZE).min(self.region.capacity());
        let from = (HEADER_SIZE + reserved) / page * page;
        let len = HEADER_SIZE + end - from;
        // SAFETY: the range lies inside the mapping, which ends with a page; backing it with memory changes no byte.
        let filled = retry_on_intr(|| unsafe {
            rustix::mm::madvise(self.base.as_ptr().byte_add(from as usize), len as usize, Advice::LinuxPopulateWrite)
        });
        match filled {
            Ok(()) => Ok(Some(end)),
            Err(Errno::INVAL) => Ok(None),
            // Touching the memory would raise a signal.
            Err(Errno::FAULT) => Err(Errno::NOSPC),
            Err(error) => Err(error),
        }
    }

    /// Gives back the memory of all but the first `keep` bytes of records. Returns whether that worked.
    pub(crate) fn shrink(&self, reserved: u64, keep: u64) -> bool {
        let pages = whole_pages(HEADER_SIZE + keep, HEADER_SIZE + reserved, rustix::param::page_size() as u64);
        let (from, len) = (pages.start as usize, (pages.end - pages.start) as usize);
        // SAFETY: the range lies inside the mapping, which ends with a page, and holds nothing except records behind
        // the first `keep` bytes; the caller holds the ring's lock and has seen that nothing is queued, so nothing
        // reads or writes them.
        unsafe { rustix::mm::madvise(self.base.as_ptr().byte_add(from), len, Advice::LinuxRemove) }.is_ok()
    }

    fn map(fd: BorrowedFd<'_>, capacity: u64, mapped: u64) -> rustix::io::Result<Mapping> {
        let size = usize::try_from(HEADER_SIZE + mapped).map_err(|_| Errno::NOMEM)?;
        let flags = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
        let base = unsafe { rustix::mm::mmap(core::ptr::null_mut(), size, flags, MapFlags::SHARED, fd, 0) }?;
        let base = NonNull::new(base).ok_or(Errno::NOMEM)?;
        // SAFETY: page-aligned memory of the size that `Region` needs, mapped until `Mapping` is dropped together with
        // the region. The file is this user's: `open` and `create` ensure that.
        let region = unsafe { Region::new(base.cast(), capacity, mapped) };
        Ok(Mapping { base, size, region })
    }
}

/// Reserves memory for the bytes of a file from `from` to `end`.
fn reserve(fd: BorrowedFd<'_>, from: u64, end: u64) -> rustix::io::Result<()> {
    // Up to Linux 6.9 any signal interrupts the call and undoes what it has done, so each call reserves only a part.
    for at in (from..end).step_by(RESERVE_AT_ONCE) {
        let len = (end - at).min(RESERVE_AT_ONCE as u64);
        retry_on_intr(|| rustix::fs::fallocate(fd, FallocateFlags::empty(), at, len))?;
    }
    Ok(())
}

/// The pages of a file that begin at `from` or later, up to the one that contains `end`: the memory that can be given
/// back when only the bytes before `from` are needed. Empty if there are none.
fn whole_pages(from: u64, end: u64, page: u64) -> Range<u64> {
    let first = from.next_multiple_of(page);
    first..end.next_multiple_of(page).max(first)
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this mapping is ours, and every reference into it borrows from `self`.
        // It cannot fail for a range that `mmap` returned.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr(), self.size) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [u64; 3] = [4 << 10, 16 << 10, 64 << 10];
    /// Ends of records, with and without more records in the last page, for any page size.
    const ENDS: [u64; 9] =
        [0, 1, 4096, FIRST_RESERVE, KEEP, KEEP + 4096, KEEP + STEP, KEEP + STEP + 4096, KEEP + MAX_STEP];

    #[test]
    fn pages_of_every_size_are_given_back_whole() {
        for page in PAGES {
            for from in ENDS.map(|end| HEADER_SIZE + end) {
                for end in ENDS.map(|end| HEADER_SIZE + end) {
                    let given = whole_pages(from, end, page);
                    let holds = |at: u64| given.contains(&(at - at % page));
                    assert!(given.start.is_multiple_of(page) && given.end.is_multiple_of(page), "{given:?} of {page}");
                    assert!(!holds(from - 1), "{given:?} takes the byte before {from} away");
                    // The page that contains `from` stays unless it begins there; all others are given back.
                    for at in (from.next_multiple_of(page)..end).step_by(page as usize) {
                        assert!(holds(at), "{given:?} of {page} leaves {at} there");
                    }
                    assert!(given.is_empty() || given.end < end + page, "{given:?} goes beyond {end}");
                }
            }
        }
    }

    #[test]
    fn small_pages_are_given_back_from_the_first_byte_on() {
        assert_eq!(whole_pages(HEADER_SIZE + KEEP, HEADER_SIZE + KEEP + STEP, 4096), 266_240..331_776);
        assert_eq!(whole_pages(HEADER_SIZE + KEEP, HEADER_SIZE + KEEP + STEP, 64 << 10), 327_680..393_216);
        assert!(whole_pages(HEADER_SIZE + KEEP, HEADER_SIZE + KEEP, 64 << 10).is_empty());
    }
}
