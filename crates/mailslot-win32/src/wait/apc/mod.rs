//! Completion routines of reads and timers: run in the thread that requested them, when it waits alertably.

pub(crate) mod timer;

use core::ffi::c_void;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, PoisonError};

use super::dispatcher::routine_due;
use crate::abi::{CompletionRoutine, FileTime, TimerRoutine};
use crate::code::Code;
use crate::pointer::OverlappedPointer;

/// The routines that are due in one thread.
#[derive(Default)]
pub(crate) struct Queue {
    due: Mutex<VecDeque<Due>>,
}

enum Due {
    Completion { routine: CompletionRoutine, code: Code, bytes: u32, overlapped: OverlappedPointer },
    Timer { routine: TimerRoutine, argument: *mut c_void, time: FileTime },
}

// SAFETY: a timer's argument is only passed to the program, in the thread that set the timer.
unsafe impl Send for Due {}

thread_local! {
    static QUEUE: ManuallyDrop<RefCell<Option<Arc<Queue>>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The queue of this thread.
pub(crate) fn current() -> Arc<Queue> {
    crate::threads::notice_end();
    QUEUE.with(|queue| Arc::clone(queue.borrow_mut().get_or_insert_default()))
}

/// Drops all routines of the thread, which ends.
pub(crate) fn forget_all() {
    QUEUE.with(|queue| queue.take());
    timer::forget_all();
}

impl Queue {
    pub(crate) fn push(&self, routine: CompletionRoutine, code: Code, bytes: u32, overlapped: OverlappedPointer) {
        self.due().push_back(Due::Completion { routine, code, bytes, overlapped });
        routine_due();
    }

    fn due(&self) -> std::sync::MutexGuard<'_, VecDeque<Due>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a routine is due in this thread.
pub(crate) fn is_due() -> bool {
    QUEUE.with(|queue| queue.borrow().as_ref().is_some_and(|queue| !queue.due().is_empty()))
}

/// Runs the routines that are due in this thread, including those that become due meanwhile.
pub(crate) fn run() {
    let Some(queue) = QUEUE.with(|queue| queue.borrow().clone()) else { return };
    loop {
        let next = queue.due().pop_front();
        let Some(due) = next else { return };
        match due {
            Due::Completion { routine, code, bytes, overlapped } => routine(code.0, bytes, overlapped.0),
            Due::Timer { routine, argument, time } => routine(argument, time.low, time.high),
        }
    }
}
