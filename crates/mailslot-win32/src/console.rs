//! Keys, one by one.
//!
//! The terminal is changed only while a key is waited for. Whatever ends the program meanwhile, a signal or an exit of
//! another thread, puts it back first.

mod raw;

use std::sync::{Mutex, PoisonError};

use raw::Raw;

const STDIN: i32 = 0;
const STDOUT: i32 = 1;
const ENTER: u8 = b'\r';
const BACKSPACE: u8 = 8;
const DELETE: u8 = 0x7F;

unsafe extern "C" {
    static stdin: *mut libc::FILE;
    static stdout: *mut libc::FILE;
}

/// A key that was put back. The lock is also what keeps a second thread from the terminal.
static PUT_BACK: Mutex<Option<u8>> = Mutex::new(None);

/// The next key. `None` at the end of the input.
pub(crate) fn key() -> Option<u8> {
    let mut put_back = PUT_BACK.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = put_back.take() {
        return Some(key);
    }
    if !is_terminal(STDIN) {
        // SAFETY: the C library's own stream, which is never closed by us.
        let byte = u8::try_from(unsafe { libc::fgetc(stdin) }).ok()?;
        return Some(translated(byte));
    }
    loop {
        let raw = Raw::enter()?;
        let mut byte = 0_u8;
        // SAFETY: room for one byte.
        let read = unsafe { libc::read(STDIN, (&raw mut byte).cast(), 1) };
        let interrupted = read < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted;
        drop(raw);
        match read {
            1 => return Some(translated(byte)),
            _ if interrupted => {}
            _ => return None,
        }
    }
}

/// The key as Windows has it. A newline is an Enter that came before it was waited for, or is in a file.
fn translated(byte: u8) -> u8 {
    match byte {
        b'\n' => ENTER,
        DELETE => BACKSPACE,
        byte => byte,
    }
}

/// Makes `key` the next one, unless there is one.
pub(crate) fn put_back(key: u8) -> bool {
    let mut put_back = PUT_BACK.lock().unwrap_or_else(PoisonError::into_inner);
    let free = put_back.is_none();
    put_back.get_or_insert(key);
    free
}

/// Whether a key can be had without waiting. The end of the input is none.
pub(crate) fn key_waits() -> bool {
    let put_back = PUT_BACK.lock().unwrap_or_else(PoisonError::into_inner);
    if put_back.is_some() {
        return true;
    }
    if is_terminal(STDIN) {
        // Without Enter the terminal tells of keys only meanwhile.
        return Raw::enter().is_some_and(|_raw| is_readable());
    }
    if !is_readable() {
        return false;
    }
    // SAFETY: the C library's own stream; what was taken goes back.
    unsafe {
        let byte = libc::fgetc(stdin);
        byte != libc::EOF && libc::ungetc(byte, stdin) == byte
    }
}

/// Output to a terminal appears at once, as on Windows.
pub(crate) fn unbuffer_output() {
    if is_terminal(STDOUT) {
        // SAFETY: the C library's own stream, before anything was written to it; it gets no buffer from us.
        unsafe { libc::setvbuf(stdout, core::ptr::null_mut(), libc::_IONBF, 0) };
    }
}

fn is_terminal(descriptor: i32) -> bool {
    // SAFETY: takes any number.
    unsafe { libc::isatty(descriptor) == 1 }
}

fn is_readable() -> bool {
    let mut descriptor = libc::pollfd { fd: STDIN, events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor, as stated.
    unsafe { libc::poll(&raw mut descriptor, 1, 0) == 1 && descriptor.revents & libc::POLLIN != 0 }
}
