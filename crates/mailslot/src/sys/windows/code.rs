//! Error codes of Windows, and their conversion to the errors of this crate that have the same codes.

use std::io;

use windows_sys::Win32::Foundation::{ERROR_GEN_FAILURE, ERROR_NOT_SUPPORTED};

use crate::error::Error;

/// The code of a system error: on Windows it is a Win32 code already.
pub(crate) fn win32_code(error: &io::Error) -> u32 {
    match (error.raw_os_error(), error.kind()) {
        (Some(code), _) => code.cast_unsigned(),
        (None, io::ErrorKind::Unsupported) => ERROR_NOT_SUPPORTED,
        (None, _) => ERROR_GEN_FAILURE,
    }
}

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
