//! Why a call failed: the code that it returns, and the sentence that the thread keeps.

use core::cell::Cell;
use core::ffi::c_char;
use std::borrow::Cow;

use mailslot::Error;
use mailslot_ffi::BadPointer;

pub(crate) enum Failure {
    /// The library's error.
    Library(Error),
    /// An invalid argument, and what is wrong with it.
    Argument(&'static str),
    /// The message was sent, and more computers have answered than the array of receipts has room for.
    MoreReceipts,
    /// The listing has no more slots.
    NoMore,
    /// The name is not UTF-8.
    Text,
}

/// Codes of `enum mailslot_error`; the others are [`Error::win32_code`].
const OK: u32 = 0;
const INVALID_ARGUMENT: u32 = 87;
const INVALID_NAME: u32 = 123;
const MORE_RECEIPTS: u32 = 234;
const NO_MORE: u32 = 259;
const PARTIAL: u32 = 299;
const DEFECT: u32 = 1359;

/// Bytes of the longest sentence, with its NUL. What is longer, because of a path in it, is cut.
const ROOM: usize = 1024;

thread_local! {
    // No destructor: programs also call at the end of a thread and from exit handlers, after thread-locals with one are
    // gone.
    static MESSAGE: [Cell<u8>; ROOM] = const { [const { Cell::new(0) }; ROOM] };
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(error)
    }
}

impl From<BadPointer> for Failure {
    fn from(bad: BadPointer) -> Failure {
        Failure::Argument(match bad {
            BadPointer::Out => "the place for a result is NULL",
            BadPointer::Array => "the message is NULL, and its size is not 0",
            BadPointer::Buffer => "the buffer is NULL, and the room is not 0",
            BadPointer::Length => "a size or a number is larger than memory can be",
        })
    }
}

/// Runs the body of an export; its failure becomes the code that it returns, and the thread's message. No panic, which
/// would be a defect of this library, reaches C.
pub(crate) fn call(body: impl FnOnce() -> Result<(), Failure>) -> u32 {
    let (code, message): (u32, Cow<'static, str>) = match std::panic::catch_unwind(core::panic::AssertUnwindSafe(body))
    {
        Ok(Ok(())) => return OK,
        // Not the code of the failure for the other computers: a program would write the message again.
        Ok(Err(Failure::Library(error @ Error::Partial { .. }))) => (PARTIAL, error.to_string().into()),
        Ok(Err(Failure::Library(error))) => (error.win32_code(), error.to_string().into()),
        Ok(Err(Failure::Argument(what))) => (INVALID_ARGUMENT, what.into()),
        Ok(Err(Failure::MoreReceipts)) => {
            (MORE_RECEIPTS, "the message was sent, and there is no room for all receipts".into())
        }
        Ok(Err(Failure::NoMore)) => (NO_MORE, "there are no more slots".into()),
        Ok(Err(Failure::Text)) => (INVALID_NAME, "the name is not UTF-8".into()),
        Err(_) => (DEFECT, "a defect of the mailslot library".into()),
    };
    keep(&message);
    code
}

/// Keeps `message` as this thread's.
fn keep(message: &str) {
    let mut end = message.len().min(ROOM - 1);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let bytes = message[..end].bytes().filter(|byte| *byte != 0).chain([0]);
    MESSAGE.with(|place| place.iter().zip(bytes).for_each(|(place, byte)| place.set(byte)));
}

/// The text stays in place until the next failure of this thread.
pub(crate) fn message() -> *const c_char {
    MESSAGE.with(|place| place.as_ptr().cast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_a_code() {
        assert_eq!(call(|| panic!("a panic on purpose")), DEFECT);
    }

    #[test]
    fn sentences_are_cut_between_characters() {
        for length in ROOM - 5..ROOM + 5 {
            for end in ["", "ü", "€", "𐍈", "\0x"] {
                let sentence = "x".repeat(length) + end;
                keep(&sentence);
                // The last one is the NUL.
                let kept: Vec<u8> =
                    MESSAGE.with(|place| place.iter().map(Cell::get).take_while(|byte| *byte != 0).collect());
                let kept = String::from_utf8(kept).expect("whole characters");
                let whole = sentence.replace('\0', "");
                assert!(kept.len() < ROOM && whole.starts_with(&kept));
                assert!(kept == whole || kept.len() + 4 >= ROOM, "{length} {end:?}");
            }
        }
    }
}
