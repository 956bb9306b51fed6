//! All access to the shared memory of a ring.

use super::layout::{Header, SPARE};
use crate::sync::AtomicU64;
#[cfg(not(loom))]
use crate::sync::Ordering::SeqCst;
#[cfg(not(loom))]
use core::sync::atomic::compiler_fence;

/// Bytes of a cache line. (Wrong on some processors, where it costs a little speed.)
pub(crate) const LINE: u64 = 64;

/// The memory of one ring: its header and its records. Positions may be any `u64`; they wrap here.
///
/// Another process may write to the memory at any time, so it is never lent out as `&T` except for atomics, and as
/// `&[u8]` only under the conditions of [`Region::slice`].
#[cfg(not(loom))]
pub(crate) struct Region {
    header: core::ptr::NonNull<Header>,
    records: core::ptr::NonNull<u8>,
    capacity: u64,
    /// Bytes from the start of the records that can be accessed, a power of two: all of them, or fewer for a writer
    /// that checks that its record lies there ([`super::write::Locked::reaches`]).
    mapped: u64,
    /// The mask that turns a position into the offset of its word.
    word: u64,
    room: u64,
}

// SAFETY: the pointers are to memory that outlives the region and that is only accessed through atomics and through
// copies whose exclusion the ring protocol provides (see each method); nothing is bound to a thread.
#[cfg(not(loom))]
unsafe impl Send for Region {}
// SAFETY: as above; `&Region` gives no access that the protocol does not order.
#[cfg(not(loom))]
unsafe impl Sync for Region {}

#[cfg(not(loom))]
impl Region {
    /// A region over the first `HEADER_SIZE + mapped` bytes, at `base`, of a ring with this capacity.
    ///
    /// # Safety
    ///
    /// - `base` is aligned to 128 bytes and valid for reads and writes of that many bytes while the region lives.
    /// - `mapped` and `capacity` are powers of two, and `64 <= mapped <= capacity`.
    /// - All others that access the memory do so by this protocol, or are trusted as much as this process (the same
    ///   user). Wrong bytes there may cause wrong messages and errors, never an access elsewhere.
    pub(crate) unsafe fn new(base: core::ptr::NonNull<u8>, capacity: u64, mapped: u64) -> Region {
        debug_assert!(capacity.is_power_of_two() && mapped.is_power_of_two() && (64..=capacity).contains(&mapped));
        // SAFETY: the caller promised the header's bytes and the records' behind them.
        let records = unsafe { base.add(super::layout::HEADER_SIZE as usize) };
        Region { header: base.cast(), records, capacity, mapped, word: mapped - 8, room: capacity - SPARE }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Bytes that records can take.
    pub(crate) fn room(&self) -> u64 {
        self.room
    }

    /// Bytes from the start of the records that can be accessed.
    pub(crate) fn mapped(&self) -> u64 {
        self.mapped
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the caller of `new` promised aligned, live memory of a page, which is more than a `Header`. All its
        // fields are atomics, for which any bytes and any concurrent writer are fine.
        unsafe { self.header.as_ref() }
    }

    /// The word at `pos`, which must be a multiple of 8.
    pub(crate) fn word(&self, pos: u64) -> &AtomicU64 {
        let offset = pos & self.word;
        // SAFETY: `mapped` is a power of two of at least 64, so `offset` is a multiple of 8 below it: the word lies
        // inside the mapped records and is aligned.
        unsafe { self.records.add(offset as usize).cast().as_ref() }
    }

    /// Prefetches the line at `pos`, a multiple of 8.
    pub(crate) fn prefetch(&self, pos: u64) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint that accesses nothing as far as the program can tell; every x86-64 processor has it.
        unsafe {
            core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(self.word(pos).as_ptr().cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = pos;
    }

    /// Copies `bytes` to `pos`, wrapping around the end of the memory if necessary. The bytes that share a cache line
    /// with those before `pos` are copied last: readers poll that line, and each poll takes it away from the writer.
    ///
    /// Only the holder of the lock may call this, for room that it reserved and has not committed: then nothing else
    /// reads or writes these bytes.
    #[inline]
    pub(crate) fn copy_in(&self, pos: u64, bytes: &[u8]) {
        let (offset, room) = self.place(pos);
        if bytes.len() > room {
            return self.copy_in_around(offset, bytes.split_at(room));
        }
        match bytes.split_at_checked((pos.wrapping_neg() % LINE) as usize) {
            Some((near, far)) => {
                self.put(offset + near.len(), far);
                compiler_fence(SeqCst);
                self.put(offset, near);
            }
            None => self.put(offset, bytes),
        }
    }

    #[cold]
    fn copy_in_around(&self, offset: usize, (first, rest): (&[u8], &[u8])) {
        // A record is never longer than its ring: nothing is cut off.
        self.put(0, &rest[..rest.len().min(offset)]);
        compiler_fence(SeqCst);
        self.put(offset, first);
    }

    /// Copies `bytes` to an offset from which they fit.
    #[inline(always)]
    fn put(&self, offset: usize, bytes: &[u8]) {
        debug_assert!(offset + bytes.len() <= self.mapped as usize);
        // SAFETY: the callers keep all that they put inside the records. The writer lock excludes other writers;
        // readers stay away until the commit. `bytes` cannot overlap: it is private memory.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.records.as_ptr().add(offset), bytes.len()) }
    }

    /// Copies from `pos` into `buffer`, wrapping around the end of the memory if necessary.
    ///
    /// These are the committed bytes as long as the record at `pos` has not been taken out.
    #[inline]
    pub(crate) fn copy_out(&self, pos: u64, buffer: &mut [u8]) {
        let (offset, room) = self.place(pos);
        if buffer.len() > room {
            return self.copy_out_around(offset, buffer.split_at_mut(room));
        }
        self.get(offset, buffer);
    }

    #[cold]
    fn copy_out_around(&self, offset: usize, (first, rest): (&mut [u8], &mut [u8])) {
        self.get(offset, first);
        // As in `copy_in_around`.
        let len = rest.len().min(offset);
        self.get(0, &mut rest[..len]);
    }

    /// Copies from an offset with enough bytes behind it.
    #[inline(always)]
    fn get(&self, offset: usize, buffer: &mut [u8]) {
        debug_assert!(offset + buffer.len() <= self.mapped as usize);
        // SAFETY: the callers keep all that they get inside the records; `buffer` is private memory. Writers do not
        // touch a committed record until `head` has passed it; a friend that breaks this rule hands us wrong bytes
        // only.
        unsafe {
            core::ptr::copy_nonoverlapping(self.records.as_ptr().add(offset), buffer.as_mut_ptr(), buffer.len());
        }
    }

    /// Copies the `len` bytes at `pos`, as [`copy_out`](Region::copy_out) does, if there is memory for a copy.
    pub(crate) fn copy_anew(&self, pos: u64, len: usize) -> Option<Vec<u8>> {
        if len == 0 {
            return Some(Vec::new());
        }
        let layout = core::alloc::Layout::array::<u8>(len).ok()?;
        // SAFETY: the layout is not empty. (`Vec::try_reserve` takes more instructions than all the rest, and a safe
        // copy would have to clear the memory first, and so write large messages twice.)
        let copy = core::ptr::NonNull::new(unsafe { std::alloc::alloc(layout) })?;
        let (offset, room) = self.place(pos);
        let first = len.min(room);
        // As in `copy_in_around`.
        let rest = (len - first).min(offset);
        // SAFETY: as in `get`; the first part ends with the records at the latest, and the second begins with them and
        // ends before the first. `copy` has room for both, was allocated as a `Vec` does, and its length is the number
        // of bytes copied.
        unsafe {
            core::ptr::copy_nonoverlapping(self.records.as_ptr().add(offset), copy.as_ptr(), first);
            if rest > 0 {
                core::ptr::copy_nonoverlapping(self.records.as_ptr(), copy.as_ptr().add(first), rest);
            }
            Some(Vec::from_raw_parts(copy.as_ptr(), first + rest, len))
        }
    }

    /// The bytes at `pos` in place, or `None` if they wrap around the end of the memory.
    ///
    /// # Safety
    ///
    /// They belong to a committed record, and neither this process nor one that keeps the protocol moves `head` past it
    /// while the slice is in use.
    pub(crate) unsafe fn slice(&self, pos: u64, len: usize) -> Option<&[u8]> {
        let (offset, room) = self.place(pos);
        // SAFETY: inside the records; unchanging by the caller's promise.
        (len <= room).then(|| unsafe { core::slice::from_raw_parts(self.records.as_ptr().add(offset), len) })
    }

    /// The bytes at `pos` for filling in place, or `None` if they wrap around the end of the memory.
    ///
    /// # Safety
    ///
    /// The caller holds the lock, has reserved these bytes, has not committed them, and makes no second slice of them.
    #[allow(clippy::mut_from_ref)] // The lock is what makes it exclusive.
    pub(crate) unsafe fn slice_mut(&self, pos: u64, len: usize) -> Option<&mut [u8]> {
        let (offset, room) = self.place(pos);
        // SAFETY: inside the records; exclusive by the caller's promise; memory from the kernel is initialised.
        (len <= room).then(|| unsafe { core::slice::from_raw_parts_mut(self.records.as_ptr().add(offset), len) })
    }

    /// The offset of `pos`, and the number of bytes up to the end of the memory.
    #[inline(always)]
    fn place(&self, pos: u64) -> (usize, usize) {
        let offset = pos & (self.mapped - 1);
        (offset as usize, (self.mapped - offset) as usize)
    }
}

/// loom's region. Each word of the records is both an atomic, so that a missing ordering shows as a stale word, and a
/// cell for the payload, so that loom reports a copy that nothing orders before the next use of the memory.
#[cfg(loom)]
pub(crate) struct Region {
    header: Header,
    records: Vec<(AtomicU64, crate::sync::UnsafeCell<u64>)>,
}

// SAFETY: loom checks, before each access to a cell, that the accesses before it are ordered.
#[cfg(loom)]
unsafe impl Sync for Region {}

#[cfg(loom)]
impl Region {
    pub(crate) fn modelled(header: Header, capacity: u64) -> Region {
        let word = |_| (AtomicU64::new(0), crate::sync::UnsafeCell::new(0));
        Region { header, records: (0..capacity / 8).map(word).collect() }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.records.len() as u64 * 8
    }

    pub(crate) fn mapped(&self) -> u64 {
        self.capacity()
    }

    pub(crate) fn room(&self) -> u64 {
        self.capacity() - SPARE
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn word(&self, pos: u64) -> &AtomicU64 {
        &self.place(pos).0
    }

    fn place(&self, pos: u64) -> &(AtomicU64, crate::sync::UnsafeCell<u64>) {
        &self.records[(pos & (self.capacity() - 1)) as usize / 8]
    }

    pub(crate) fn prefetch(&self, _: u64) {}

    pub(crate) fn copy_in(&self, pos: u64, bytes: &[u8]) {
        for (index, chunk) in bytes.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let word = u64::from_le_bytes(word);
            let (atomic, cell) = self.place(pos + 8 * index as u64);
            // SAFETY: loom has checked that nothing else accesses the cell.
            cell.with_mut(|place| unsafe { *place = word });
            atomic.store(word, crate::sync::Ordering::Relaxed);
        }
    }

    pub(crate) fn copy_out(&self, pos: u64, buffer: &mut [u8]) {
        for (index, chunk) in buffer.chunks_mut(8).enumerate() {
            // SAFETY: loom has checked that nothing writes to the cell.
            let word = self.place(pos + 8 * index as u64).1.with(|place| unsafe { *place });
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}
