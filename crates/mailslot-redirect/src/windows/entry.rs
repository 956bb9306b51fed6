//! What the system calls when a program loads the library.

use std::ffi::c_void;

use windows_sys::Win32::Foundation::{HINSTANCE, TRUE};
use windows_sys::Win32::System::SystemServices::DLL_PROCESS_ATTACH;
use windows_sys::core::BOOL;

use super::{handles, hooks, inject, settings};

/// Replaces the functions as soon as the library is loaded; `FALSE` makes loading it fail.
// SAFETY: the name and the signature are those that the C library's entry point calls.
#[unsafe(no_mangle)]
extern "system" fn DllMain(library: HINSTANCE, reason: u32, _reserved: *mut c_void) -> BOOL {
    if reason != DLL_PROCESS_ATTACH {
        return TRUE;
    }
    inject::remember(library);
    if let Some(text) = std::env::var_os(settings::HANDLES) {
        handles::inherit(&text.to_string_lossy());
        // SAFETY: the call is sound in any thread on Windows. Children of this process inherit other handles.
        unsafe { std::env::remove_var(settings::HANDLES) };
    }
    match hooks::install() {
        Ok(()) => TRUE,
        Err(error) => {
            settings::log(format_args!("nothing is replaced in this program: {error}"));
            0
        }
    }
}
