//! Win32 error codes for errors of Windows.

use std::io;

use windows_sys::Win32::Foundation::{ERROR_GEN_FAILURE, ERROR_NOT_SUPPORTED};

/// The code of a system error: on Windows it is a Win32 code already.
pub(crate) fn win32_code(error: &io::Error) -> u32 {
    match (error.raw_os_error(), error.kind()) {
        (Some(code), _) => code.cast_unsigned(),
        (None, io::ErrorKind::Unsupported) => ERROR_NOT_SUPPORTED,
        (None, _) => ERROR_GEN_FAILURE,
    }
}
