//! The terminal: single keys, input modes, colours, the cursor, and Ctrl-C.
//!
//! For keys it is changed only during a wait; a mode that the program sets lasts until its end. However the program
//! ends, the terminal is restored first.

pub(crate) mod control;
mod ending;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod pages;
mod raw;
pub(crate) mod screen;

use std::sync::{Mutex, MutexGuard, PoisonError};

use ending::STDIN;
use raw::{Mode, Raw};

use crate::code::{Code, Result};
use crate::per_process::PerProcess;

const STDOUT: i32 = 1;
const ENTER: u8 = b'\r';
const BACKSPACE: u8 = 8;
const DELETE: u8 = 0x7F;

unsafe extern "C" {
    static stdin: *mut libc::FILE;
    static stdout: *mut libc::FILE;
}

/// The process's state of its terminal. The lock also keeps other threads from using the terminal.
static CONSOLE: PerProcess<Mutex<Console>> = PerProcess::new();

#[derive(Default)]
struct Console {
    /// A key that was put back.
    put_back: Option<u8>,
    /// The mode that the program has set, if any.
    mode: Option<Mode>,
}

fn console() -> MutexGuard<'static, Console> {
    CONSOLE.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// The current mode of input from the terminal.
pub(crate) fn mode() -> u32 {
    console().mode.unwrap_or(Mode::USUAL).0
}

/// Whether input is in line mode.
pub(crate) fn gives_lines() -> bool {
    Mode(mode()).gives_lines()
}

/// Sets the input mode until the end of the program.
///
/// # Errors
///
/// `ERROR_INVALID_PARAMETER` for echo without line mode, as on Windows.
pub(crate) fn set_mode(mode: u32) -> Result<()> {
    let mode = Mode(mode);
    let mut console = console();
    if !mode.is_possible() {
        return Err(Code::INVALID_PARAMETER);
    }
    // The usual mode restores the terminal's original settings, which others may have changed.
    if mode == Mode::USUAL {
        console.mode = None;
        ending::put_input_back();
    } else {
        console.mode = mode.apply().then_some(mode);
        console.mode.ok_or(Code::INVALID_HANDLE)?;
    }
    Ok(())
}

/// Sets the program's mode again, after the program was stopped.
pub(crate) fn resume() {
    if let Some(mode) = console().mode {
        // Fails if it is no longer a terminal, which the next read reports.
        let _ = mode.apply();
    }
}

/// The next key. `None` at the end of the input.
pub(crate) fn key() -> Option<u8> {
    let mut console = console();
    if let Some(key) = console.put_back.take() {
        return Some(key);
    }
    if !is_terminal(STDIN) {
        // SAFETY: the C library's own stream, which is never closed by us.
        let byte = u8::try_from(unsafe { libc::fgetc(stdin) }).ok()?;
        return Some(translated(byte));
    }
    loop {
        let raw = Raw::enter(console.mode)?;
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

/// The key as on Windows. A newline is an Enter that was typed before the wait, or is in a file.
fn translated(byte: u8) -> u8 {
    match byte {
        b'\n' => ENTER,
        DELETE => BACKSPACE,
        byte => byte,
    }
}

/// Puts `key` back as the next one, unless one was put back already.
pub(crate) fn put_back(key: u8) -> bool {
    let mut console = console();
    let free = console.put_back.is_none();
    console.put_back.get_or_insert(key);
    free
}

/// Whether a key is available without waiting. The end of the input is not a key.
pub(crate) fn key_waits() -> bool {
    let console = console();
    if console.put_back.is_some() {
        return true;
    }
    if is_terminal(STDIN) {
        // Only in raw mode does the terminal report keys before Enter.
        return Raw::enter(console.mode).is_some_and(|_raw| is_readable(STDIN));
    }
    if !is_readable(STDIN) {
        return false;
    }
    // SAFETY: the C library's stream; the byte taken is put back.
    unsafe {
        let byte = libc::fgetc(stdin);
        byte != libc::EOF && libc::ungetc(byte, stdin) == byte
    }
}

/// Whether another key arrives within this many milliseconds.
fn key_comes(within: i32) -> bool {
    let console = console();
    let Some(_raw) = Raw::enter(console.mode) else { return false };
    console.put_back.is_some() || comes(STDIN, within)
}

/// Output to a terminal appears at once, as on Windows.
pub(crate) fn unbuffer_output() {
    if is_terminal(STDOUT) {
        // SAFETY: the C library's own stream, before anything was written to it; it gets no buffer from us.
        unsafe { libc::setvbuf(stdout, core::ptr::null_mut(), libc::_IONBF, 0) };
    }
}

pub(crate) fn is_terminal(descriptor: i32) -> bool {
    // SAFETY: takes any number.
    unsafe { libc::isatty(descriptor) == 1 }
}

/// Whether a read would not wait.
pub(crate) fn is_readable(descriptor: i32) -> bool {
    comes(descriptor, 0)
}

/// Whether a read would wait no longer than this many milliseconds.
fn comes(descriptor: i32, within: i32) -> bool {
    let mut descriptor = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor, as stated.
    unsafe { libc::poll(&raw mut descriptor, 1, within) == 1 && descriptor.revents & libc::POLLIN != 0 }
}
