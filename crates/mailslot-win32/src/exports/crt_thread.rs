//! Threads by the functions of Microsoft's C library. They are the system's threads, without extra set-up.

use core::ffi::c_void;
use std::sync::Arc;

use super::thread::CREATE_SUSPENDED;
use crate::abi::{Handle, ThreadRoutine, VoidThreadRoutine};
use crate::boundary;
use crate::code::{Code, Result};
use crate::object::Thread;
use crate::pointer::Out;
use crate::threads::{self, Routine, Start};

#[unsafe(no_mangle)]
extern "C" fn _beginthread(routine: Option<VoidThreadRoutine>, stack: u32, parameter: *mut c_void) -> usize {
    boundary::call(usize::MAX, || {
        let (_, handle) = start(routine.map(Routine::Void), stack, parameter, false, true)?;
        Ok(handle.0)
    })
}

#[unsafe(no_mangle)]
extern "C" fn _beginthreadex(
    _security: *const c_void,
    stack: u32,
    routine: Option<ThreadRoutine>,
    parameter: *mut c_void,
    flags: u32,
    id: Out<u32>,
) -> usize {
    boundary::call(0, || {
        let suspended = flags & CREATE_SUSPENDED != 0;
        let (thread, handle) = start(routine.map(Routine::WithExitCode), stack, parameter, suspended, false)?;
        id.set(thread.id());
        Ok(handle.0)
    })
}

#[unsafe(no_mangle)]
extern "C-unwind" fn _endthread() -> ! {
    threads::exit(0)
}

#[unsafe(no_mangle)]
extern "C-unwind" fn _endthreadex(exit_code: u32) -> ! {
    threads::exit(exit_code)
}

/// Also reports a failure in errno, like the C library.
fn start(
    routine: Option<Routine>,
    stack: u32,
    parameter: *mut c_void,
    suspended: bool,
    closes_handle: bool,
) -> Result<(Arc<Thread>, Handle)> {
    let start = |routine| Start { routine, parameter, stack: stack as usize, suspended, closes_handle };
    let result = routine.ok_or(Code::INVALID_PARAMETER).and_then(|routine| threads::start(start(routine), false));
    if let Err(code) = &result {
        let errno = if *code == Code::INVALID_PARAMETER { libc::EINVAL } else { libc::EAGAIN };
        // SAFETY: the C library's place for this thread's errno.
        unsafe { *libc::__errno_location() = errno };
    }
    result
}
