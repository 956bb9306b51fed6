//! The boundary of every export: its failure becomes the thread's last error, and no panic reaches C.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;

use crate::abi::Bool;
use crate::code::{Code, Result};

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
}

pub(crate) fn last_error() -> u32 {
    LAST_ERROR.get()
}

pub(crate) fn set_last_error(code: Code) {
    LAST_ERROR.set(code.0);
}

/// Runs the body of an export. An error becomes the last error, and the export returns `failed`. So does a panic, which
/// would be a defect of this library, with `ERROR_INTERNAL_ERROR`.
#[inline]
pub(crate) fn call<T>(failed: T, body: impl FnOnce() -> Result<T>) -> T {
    match std::panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(code)) => {
            set_last_error(code);
            failed
        }
        Err(_) => {
            set_last_error(Code::INTERNAL_ERROR);
            failed
        }
    }
}

/// Like [`call`], for the functions that run for every message. Their bodies report failures with [`fail`]: a `Result`
/// from several places would cost instructions.
#[inline]
pub(crate) fn guard(body: impl FnOnce() -> Bool) -> Bool {
    std::panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| fail(Code::INTERNAL_ERROR))
}

#[cold]
pub(crate) fn fail(code: Code) -> Bool {
    set_last_error(code);
    Bool::FALSE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_internal_errors() {
        assert_eq!(call(7, || panic!("a panic on purpose")), 7);
        assert_eq!(last_error(), 1359);
    }
}
