//! Win32 error codes for errors of Linux.

use std::io;

/// The Win32 code of an error of the system.
pub(crate) fn win32_code(error: &io::Error) -> u32 {
    match error.kind() {
        io::ErrorKind::PermissionDenied => 5,
        io::ErrorKind::NotFound => 3,
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => 1450,
        // EMFILE and ENFILE: no descriptors left.
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => 4,
        _ => 31,
    }
}
