//! Values of each thread, under indexes that the program allocates.

use core::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::abi::Bool;
use crate::boundary;
use crate::code::{Code, Result};

const TLS_OUT_OF_INDEXES: u32 = u32::MAX;
/// The C library has no more keys than this.
const MAX_KEYS: usize = 1024;

/// Which keys of the C library belong to the program.
static ALLOCATED: [AtomicBool; MAX_KEYS] = [const { AtomicBool::new(false) }; MAX_KEYS];

#[unsafe(no_mangle)]
extern "C" fn TlsAlloc() -> u32 {
    boundary::call(TLS_OUT_OF_INDEXES, || {
        let mut key = 0;
        // SAFETY: the pointer is to a local; there is no destructor.
        if unsafe { libc::pthread_key_create(&raw mut key, None) } != 0 {
            return Err(Code::NO_MORE_ITEMS);
        }
        let allocated = ALLOCATED.get(key as usize).ok_or(Code::NO_MORE_ITEMS)?;
        allocated.store(true, Ordering::Relaxed);
        Ok(key)
    })
}

#[unsafe(no_mangle)]
extern "C" fn TlsGetValue(index: u32) -> *mut c_void {
    boundary::call(core::ptr::null_mut(), || {
        let key = key(index)?;
        // The last error distinguishes a NULL value from a failure.
        boundary::set_last_error(Code::SUCCESS);
        // SAFETY: a key that was created and not deleted.
        Ok(unsafe { libc::pthread_getspecific(key) })
    })
}

#[unsafe(no_mangle)]
extern "C" fn TlsSetValue(index: u32, value: *mut c_void) -> Bool {
    boundary::call(Bool::FALSE, || {
        // SAFETY: as above. The value is only returned to the program.
        match unsafe { libc::pthread_setspecific(key(index)?, value) } {
            0 => Ok(Bool::TRUE),
            _ => Err(Code::NOT_ENOUGH_MEMORY),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn TlsFree(index: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        let key = key(index)?;
        if !ALLOCATED[key as usize].swap(false, Ordering::Relaxed) {
            return Err(Code::INVALID_PARAMETER);
        }
        // SAFETY: as above, and only one thread gets here.
        unsafe { libc::pthread_key_delete(key) };
        Ok(Bool::TRUE)
    })
}

fn key(index: u32) -> Result<libc::pthread_key_t> {
    let allocated = ALLOCATED.get(index as usize).is_some_and(|allocated| allocated.load(Ordering::Relaxed));
    if allocated { Ok(index) } else { Err(Code::INVALID_PARAMETER) }
}
