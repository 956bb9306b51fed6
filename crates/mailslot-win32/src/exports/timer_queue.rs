//! Timer queues.

use core::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use crate::abi::{Bool, Handle, TimerQueueRoutine};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::pointer::Out;
use crate::timer_queue::{self, Completion, Times};

const WT_EXECUTEONLYONCE: u32 = 0x8;
/// `WT_EXECUTEINIOTHREAD`, `WT_EXECUTELONGFUNCTION`, `WT_EXECUTEINTIMERTHREAD`, `WT_EXECUTEINPERSISTENTTHREAD`: each
/// timer has a thread, so these are the same.
const SAME: u32 = 0x1 | 0x10 | 0x20 | 0x80;
const INFINITE: u32 = u32::MAX;

#[unsafe(no_mangle)]
extern "C" fn CreateTimerQueue() -> Handle {
    boundary::call(Handle::NULL, || Ok(timer_queue::create_queue()))
}

#[unsafe(no_mangle)]
extern "C" fn DeleteTimerQueue(queue: Handle) -> Bool {
    boundary::call(Bool::FALSE, || timer_queue::delete_queue(queue, &Completion::Nobody).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn DeleteTimerQueueEx(queue: Handle, completion: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        timer_queue::delete_queue(queue, &self::completion(completion)?)?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateTimerQueueTimer(
    timer: Out<Handle>,
    queue: Handle,
    routine: Option<TimerQueueRoutine>,
    parameter: *mut c_void,
    due: u32,
    period: u32,
    flags: u32,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        timer.required()?;
        let routine = routine.ok_or(Code::INVALID_PARAMETER)?;
        let only_once = flags & WT_EXECUTEONLYONCE != 0;
        if flags & !(WT_EXECUTEONLYONCE | SAME) != 0 || only_once && period != 0 {
            return Err(Code::INVALID_PARAMETER);
        }
        // Not used here, only passed to the program's routine.
        let parameter = AtomicPtr::new(parameter);
        // TRUE: called because the timer expired.
        let call = move || routine(parameter.load(Ordering::Relaxed), 1);
        timer_queue::create(queue, times(due, period), |handle| timer.set(handle), call)?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ChangeTimerQueueTimer(queue: Handle, timer: Handle, due: u32, period: u32) -> Bool {
    boundary::call(Bool::FALSE, || timer_queue::change(queue, timer, times(due, period)).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn DeleteTimerQueueTimer(queue: Handle, timer: Handle, completion: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        timer_queue::delete(queue, timer, self::completion(completion)?)?;
        Ok(Bool::TRUE)
    })
}

fn times(due: u32, period: u32) -> Times {
    let milliseconds = |time: u32| Duration::from_millis(time.into());
    Times {
        due: (due != INFINITE).then(|| milliseconds(due)),
        period: (period != 0 && period != INFINITE).then(|| milliseconds(period)),
    }
}

fn completion(event: Handle) -> Result<Completion> {
    Ok(match event {
        Handle::NULL => Completion::Nobody,
        Handle::INVALID => Completion::Wait,
        event => {
            let object = handles::object(event)?;
            object.event()?;
            Completion::Event(object)
        }
    })
}
