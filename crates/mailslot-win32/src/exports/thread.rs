//! Threads of this process.

use core::ffi::c_void;
use std::sync::Arc;

use crate::abi::{Bool, Handle, SecurityAttributes, ThreadRoutine};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::Thread;
use crate::pointer::{In, Out};
use crate::threads::{self, Routine, Start};

pub(super) const CREATE_SUSPENDED: u32 = 0x4;
/// The size is of the whole stack, as always here.
const STACK_SIZE_PARAM_IS_A_RESERVATION: u32 = 0x10000;
const THREAD_PRIORITY_ERROR_RETURN: i32 = i32::MAX;

#[unsafe(no_mangle)]
extern "C" fn CreateThread(
    attributes: In<SecurityAttributes>,
    stack: usize,
    routine: Option<ThreadRoutine>,
    parameter: *mut c_void,
    flags: u32,
    id: Out<u32>,
) -> Handle {
    boundary::call(Handle::NULL, || {
        let (thread, handle) = create(&attributes, stack, routine, parameter, flags)?;
        id.set(thread.id());
        Ok(handle)
    })
}

#[unsafe(no_mangle)]
extern "C-unwind" fn ExitThread(exit_code: u32) -> ! {
    threads::exit(exit_code)
}

#[unsafe(no_mangle)]
extern "C-unwind" fn TerminateThread(thread: Handle, exit_code: u32) -> Bool {
    let ends_itself = boundary::call(None, || {
        let thread = find(thread)?;
        Ok(Some(Arc::ptr_eq(&thread, &threads::current())))
    });
    match ends_itself {
        Some(true) => threads::exit(exit_code),
        // Its locks would stay locked for ever, also in the C library.
        Some(false) => boundary::set_last_error(Code::CALL_NOT_IMPLEMENTED),
        None => {}
    }
    Bool::FALSE
}

#[unsafe(no_mangle)]
extern "C" fn GetExitCodeThread(thread: Handle, exit_code: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        exit_code.required()?;
        exit_code.set(find(thread)?.exit_code());
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetThreadId(thread: Handle) -> u32 {
    boundary::call(0, || Ok(find(thread)?.id()))
}

#[unsafe(no_mangle)]
extern "C" fn ResumeThread(thread: Handle) -> u32 {
    boundary::call(u32::MAX, || Ok(find(thread)?.resume()))
}

#[unsafe(no_mangle)]
extern "C" fn SwitchToThread() -> Bool {
    std::thread::yield_now();
    // The system does not report whether another thread has run.
    Bool::TRUE
}

#[unsafe(no_mangle)]
extern "C" fn GetThreadPriority(thread: Handle) -> i32 {
    boundary::call(THREAD_PRIORITY_ERROR_RETURN, || Ok(find(thread)?.priority()))
}

#[unsafe(no_mangle)]
extern "C" fn SetThreadPriority(thread: Handle, priority: i32) -> Bool {
    boundary::call(Bool::FALSE, || {
        find(thread)?.set_priority(priority)?;
        Ok(Bool::TRUE)
    })
}

fn create(
    attributes: &In<SecurityAttributes>,
    stack: usize,
    routine: Option<ThreadRoutine>,
    parameter: *mut c_void,
    flags: u32,
) -> Result<(Arc<Thread>, Handle)> {
    if flags & !(CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION) != 0 {
        return Err(Code::INVALID_PARAMETER);
    }
    let routine = Routine::WithExitCode(routine.ok_or(Code::INVALID_PARAMETER)?);
    let inherit = attributes.read().is_some_and(|attributes| attributes.inherit_handle.is_true());
    let suspended = flags & CREATE_SUSPENDED != 0;
    threads::start(Start { routine, parameter, stack, suspended, closes_handle: false }, inherit)
}

fn find(thread: Handle) -> Result<Arc<Thread>> {
    handles::object(thread)?.thread().cloned()
}
