//! One-time initialisation.

use core::ffi::c_void;
use std::sync::atomic::Ordering;

use crate::abi::{Bool, InitOnce, InitOnceRoutine};
use crate::boundary;
use crate::code::{Code, Result};
use crate::futex;
use crate::pointer::{Out, Place};

/// A thread runs the routine now.
const RUNS: usize = 1;
/// The routine has succeeded. The rest of the word is its result.
const DONE: usize = 2;
/// The bits that the routine's result must leave free.
const RESERVED: usize = 3;

#[unsafe(no_mangle)]
extern "C" fn InitOnceInitialize(once: Place<InitOnce>) {
    once.clear();
}

#[unsafe(no_mangle)]
extern "C" fn InitOnceExecuteOnce(
    once: Place<InitOnce>,
    routine: Option<InitOnceRoutine>,
    parameter: *mut c_void,
    context: Out<usize>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let word = once.get().ok_or(Code::INVALID_PARAMETER)?;
        let routine = routine.ok_or(Code::INVALID_PARAMETER)?;
        let run = || {
            let mut left = 0;
            let done = routine(word, parameter, &raw mut left).is_true();
            if left & RESERVED != 0 {
                return Err(Code::INVALID_PARAMETER);
            }
            Ok(done.then_some(left))
        };
        let left = once_only(word, run)?;
        context.set(left.unwrap_or(0));
        Ok(Bool::from(left.is_some()))
    })
}

/// The result of `run`, in this thread or in another one. `None` if it failed now: the next call tries again.
fn once_only(once: &InitOnce, run: impl Fn() -> Result<Option<usize>>) -> Result<Option<usize>> {
    loop {
        // Acquire: pairs with the release below, before which the routine ran.
        match once.word.compare_exchange(0, RUNS, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => break,
            Err(RUNS) => {
                futex::wait(once.futex(), RUNS as u32, None);
            }
            Err(done) => return Ok(Some(done & !RESERVED)),
        }
    }
    let result = run();
    let word = result.as_ref().ok().copied().flatten().map_or(0, |left| left | DONE);
    once.word.store(word, Ordering::Release);
    futex::wake_all(once.futex());
    result
}
