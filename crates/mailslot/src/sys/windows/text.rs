//! Conversions of text and of error codes to Win32's.

use std::io;

use mailslot_names::SlotName;

/// Whether the error has this code.
pub(super) fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}

/// A text in the form that Win32 accepts.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A name in the system's form: its parts are already normalised, and none of its characters is special.
pub(super) fn path(name: &SlotName) -> String {
    format!(r"\\?\mailslot\{name}")
}
