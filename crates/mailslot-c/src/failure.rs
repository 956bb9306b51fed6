//! Why a call failed: the code that it returns, and the sentence that the thread keeps.

use core::ffi::c_char;
use std::cell::RefCell;
use std::ffi::CString;

use mailslot::Error;
use mailslot_ffi::NullPointer;

pub(crate) enum Failure {
    /// The library's error.
    Library(Error),
    /// An argument that cannot be, and what is wrong with it.
    Argument(&'static str),
    /// The message was sent, and more computers have answered than there is room for.
    MoreReceipts,
    /// All slots have been told.
    NoMore,
    /// The name is not UTF-8.
    Text,
}

/// Of `enum mailslot_error`; the others are [`Error::win32_code`].
const OK: u32 = 0;
const INVALID_ARGUMENT: u32 = 87;
const INVALID_NAME: u32 = 123;
const MORE_RECEIPTS: u32 = 234;
const NO_MORE: u32 = 259;
const PARTIAL: u32 = 299;
const DEFECT: u32 = 1359;

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::new(CString::default());
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(error)
    }
}

impl From<NullPointer> for Failure {
    fn from(null: NullPointer) -> Failure {
        Failure::Argument(match null {
            NullPointer::Out => "the place for a result is NULL",
            NullPointer::Array => "the message is NULL, and its size is not 0",
            NullPointer::Buffer => "the buffer is NULL, and the room is not 0",
        })
    }
}

/// Runs the body of an export; its failure becomes the code that it returns, and the thread's message. No panic, which
/// would be a defect of this library, reaches C.
pub(crate) fn call(body: impl FnOnce() -> Result<(), Failure>) -> u32 {
    let (code, message) = match std::panic::catch_unwind(core::panic::AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        // Apart: the code of what kept the others from it would tell a program to write it again.
        Ok(Err(Failure::Library(error @ Error::Partial { .. }))) => (PARTIAL, error.to_string()),
        Ok(Err(Failure::Library(error))) => (error.win32_code(), error.to_string()),
        Ok(Err(Failure::Argument(what))) => (INVALID_ARGUMENT, what.to_owned()),
        Ok(Err(Failure::MoreReceipts)) => {
            (MORE_RECEIPTS, "the message was sent, and there is no room for all receipts".to_owned())
        }
        Ok(Err(Failure::NoMore)) => (NO_MORE, "there are no more slots".to_owned()),
        Ok(Err(Failure::Text)) => (INVALID_NAME, "the name is not UTF-8".to_owned()),
        Err(_) => (DEFECT, "a defect of the mailslot library".to_owned()),
    };
    MESSAGE.set(CString::new(message.replace('\0', "")).unwrap_or_default());
    code
}

/// The text stays in place until the next failure of this thread.
pub(crate) fn message() -> *const c_char {
    MESSAGE.with_borrow(|message| message.as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_a_code() {
        assert_eq!(call(|| panic!("a panic on purpose")), DEFECT);
    }
}
