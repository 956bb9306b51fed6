//! Win32 error codes, by the names of `winerror.h` without `ERROR_`.
//!
//! Here they are on every system: errors have a code wherever they occur.

pub(crate) const FILE_NOT_FOUND: u32 = 2;
pub(crate) const PATH_NOT_FOUND: u32 = 3;
#[cfg(target_os = "linux")]
pub(crate) const TOO_MANY_OPEN_FILES: u32 = 4;
pub(crate) const ACCESS_DENIED: u32 = 5;
pub(crate) const INVALID_HANDLE: u32 = 6;
pub(crate) const NOT_ENOUGH_MEMORY: u32 = 8;
pub(crate) const GEN_FAILURE: u32 = 31;
pub(crate) const HANDLE_EOF: u32 = 38;
pub(crate) const NOT_SUPPORTED: u32 = 50;
pub(crate) const BAD_NETPATH: u32 = 53;
pub(crate) const INVALID_PARAMETER: u32 = 87;
pub(crate) const SEM_TIMEOUT: u32 = 121;
pub(crate) const INSUFFICIENT_BUFFER: u32 = 122;
pub(crate) const INVALID_NAME: u32 = 123;
pub(crate) const ALREADY_EXISTS: u32 = 183;
pub(crate) const FILENAME_EXCED_RANGE: u32 = 206;
pub(crate) const NO_SYSTEM_RESOURCES: u32 = 1450;
pub(crate) const REMOTE_MAILSLOTS_DEPRECATED: u32 = 3025;
