//! Win32 error codes for errors of Linux.

use std::io;

use crate::code;

/// The Win32 code of an error of the system.
pub(crate) fn win32_code(error: &io::Error) -> u32 {
    match error.kind() {
        io::ErrorKind::PermissionDenied => code::ACCESS_DENIED,
        io::ErrorKind::NotFound => code::PATH_NOT_FOUND,
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            code::NO_SYSTEM_RESOURCES
        }
        // EMFILE and ENFILE: no descriptors left.
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => code::TOO_MANY_OPEN_FILES,
        _ => code::GEN_FAILURE,
    }
}
