//! What the process is and knows.

use std::ffi::OsString;
use std::io;

use crate::error::{Error, Result};

#[link(name = "advapi32")]
unsafe extern "system" {
    /// `RtlGenRandom`, which has no other name in the library.
    fn SystemFunction036(buffer: *mut u8, size: u32) -> u8;
}

/// Numbers that cannot be guessed.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    // SAFETY: the buffer is a local of this function, and has the size that is passed.
    if unsafe { SystemFunction036(bytes.as_mut_ptr(), bytes.len() as u32) } == 0 {
        return Err(Error::io("get random numbers", io::Error::last_os_error()));
    }
    Ok(bytes)
}

/// Windows has no numbers for users: all are 0 here.
pub(crate) fn user() -> u32 {
    0
}

/// No program of Windows has privileges that its caller does not have, so its environment can be trusted.
pub(crate) fn secure_env(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
