//! Critical sections: recursive locks of the C library in the program's own memory.

use core::mem::MaybeUninit;

use crate::abi::{Bool, CriticalSection};
use crate::pointer::Place;

#[unsafe(no_mangle)]
extern "C" fn InitializeCriticalSection(section: Place<CriticalSection>) {
    section.get().into_iter().for_each(init);
}

#[unsafe(no_mangle)]
extern "C" fn InitializeCriticalSectionAndSpinCount(section: Place<CriticalSection>, _spins: u32) -> Bool {
    section.get().into_iter().for_each(init);
    Bool::TRUE
}

#[unsafe(no_mangle)]
extern "C" fn InitializeCriticalSectionEx(section: Place<CriticalSection>, _spins: u32, _flags: u32) -> Bool {
    section.get().into_iter().for_each(init);
    Bool::TRUE
}

#[unsafe(no_mangle)]
extern "C" fn EnterCriticalSection(section: Place<CriticalSection>) {
    section.get().into_iter().for_each(enter);
}

#[unsafe(no_mangle)]
extern "C" fn TryEnterCriticalSection(section: Place<CriticalSection>) -> Bool {
    let Some(section) = section.get() else { return Bool::FALSE };
    // SAFETY: the program has initialised it.
    Bool::from(unsafe { libc::pthread_mutex_trylock(section.lock()) } == 0)
}

#[unsafe(no_mangle)]
extern "C" fn LeaveCriticalSection(section: Place<CriticalSection>) {
    section.get().into_iter().for_each(leave);
}

#[unsafe(no_mangle)]
extern "C" fn DeleteCriticalSection(section: Place<CriticalSection>) {
    if let Some(section) = section.get() {
        // SAFETY: the program has initialised it, and does not use it again.
        unsafe { libc::pthread_mutex_destroy(section.lock()) };
    }
}

pub(super) fn enter(section: &CriticalSection) {
    // SAFETY: the program has initialised it.
    unsafe { libc::pthread_mutex_lock(section.lock()) };
}

pub(super) fn leave(section: &CriticalSection) {
    // SAFETY: as in `enter`. A thread that is not in it changes nothing.
    unsafe { libc::pthread_mutex_unlock(section.lock()) };
}

fn init(section: &CriticalSection) {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: the attributes are a local that the first call initialises, and nobody uses the section yet. With these
    // attributes none of the calls fails.
    unsafe {
        libc::pthread_mutexattr_init(attributes.as_mut_ptr());
        libc::pthread_mutexattr_settype(attributes.as_mut_ptr(), libc::PTHREAD_MUTEX_RECURSIVE);
        libc::pthread_mutex_init(section.lock(), attributes.as_ptr());
        libc::pthread_mutexattr_destroy(attributes.as_mut_ptr());
    }
}
