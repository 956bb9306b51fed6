//! The heap functions. All use the C heap, so memory from one can be freed by another.

use core::ffi::c_void;

use crate::boundary;
use crate::code::{Code, Result};

/// `GMEM_ZEROINIT` and `LMEM_ZEROINIT`.
const ZERO: u32 = 0x40;
/// `HEAP_ZERO_MEMORY`.
const HEAP_ZERO: u32 = 0x8;

#[unsafe(no_mangle)]
extern "C" fn GlobalAlloc(flags: u32, size: usize) -> *mut c_void {
    allocate(flags & ZERO != 0, size)
}

#[unsafe(no_mangle)]
extern "C" fn GlobalFree(memory: *mut c_void) -> *mut c_void {
    free(memory)
}

/// Memory never moves, so its handle is its address.
#[unsafe(no_mangle)]
extern "C" fn GlobalLock(memory: *mut c_void) -> *mut c_void {
    memory
}

#[unsafe(no_mangle)]
extern "C" fn GlobalUnlock(_memory: *mut c_void) -> i32 {
    boundary::set_last_error(Code::SUCCESS);
    0
}

#[unsafe(no_mangle)]
extern "C" fn LocalAlloc(flags: u32, size: usize) -> *mut c_void {
    allocate(flags & ZERO != 0, size)
}

#[unsafe(no_mangle)]
extern "C" fn LocalFree(memory: *mut c_void) -> *mut c_void {
    free(memory)
}

#[unsafe(no_mangle)]
extern "C" fn GetProcessHeap() -> *mut c_void {
    // There is one heap; any value but NULL is its handle.
    core::ptr::without_provenance_mut(1)
}

#[unsafe(no_mangle)]
extern "C" fn HeapAlloc(_heap: *mut c_void, flags: u32, size: usize) -> *mut c_void {
    allocate(flags & HEAP_ZERO != 0, size)
}

#[unsafe(no_mangle)]
extern "C" fn HeapFree(_heap: *mut c_void, _flags: u32, memory: *mut c_void) -> i32 {
    free(memory);
    1
}

/// Memory from the C heap, which the program frees with [`free`].
pub(super) fn allocate(zeroed: bool, size: usize) -> *mut c_void {
    // SAFETY: both calls take any size. One byte at least, so that NULL means failure.
    let memory = unsafe { if zeroed { libc::calloc(1, size.max(1)) } else { libc::malloc(size.max(1)) } };
    if memory.is_null() {
        boundary::set_last_error(Code::NOT_ENOUGH_MEMORY);
    }
    memory
}

/// A copy of `bytes` in the C heap.
pub(super) fn copy(bytes: &[u8]) -> Result<*mut c_void> {
    let memory = allocate(false, bytes.len());
    if memory.is_null() {
        return Err(Code::NOT_ENOUGH_MEMORY);
    }
    // SAFETY: just allocated, with room for them.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.cast(), bytes.len()) };
    Ok(memory)
}

pub(super) fn free(memory: *mut c_void) -> *mut c_void {
    // SAFETY: NULL, or from one of the functions above and not yet freed, as the header demands.
    unsafe { libc::free(memory) };
    core::ptr::null_mut()
}
