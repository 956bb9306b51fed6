//! The last error of a thread.

use crate::boundary;
use crate::code::Code;

#[unsafe(no_mangle)]
extern "C" fn GetLastError() -> u32 {
    boundary::last_error()
}

#[unsafe(no_mangle)]
extern "C" fn SetLastError(code: u32) {
    boundary::set_last_error(Code(code));
}
