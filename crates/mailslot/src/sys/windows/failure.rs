//! Errors of this crate for errors of Windows.

use std::io;

use super::code::win32_code;
use crate::error::Error;

/// The first of `known` that has the error's code; any other code stays with the system's text.
pub(super) fn error(
    action: impl FnOnce() -> String,
    source: io::Error,
    known: impl IntoIterator<Item = Error>,
) -> Error {
    let code = win32_code(&source);
    match known.into_iter().find(|error| error.win32_code() == code) {
        Some(error) => error,
        None => Error::io(action(), source),
    }
}
