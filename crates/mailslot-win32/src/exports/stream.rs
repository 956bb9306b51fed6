//! The standard streams as handles, and text through them.

use core::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::abi::{Bool, Handle};
use crate::boundary;
use crate::code::{Code, Result};
use crate::console::{self, pages};
use crate::handles;
use crate::object::{Object, Stream};
use crate::pointer::{Array, Buffer, Out};
use crate::text::ConsoleEnd;

/// `STD_INPUT_HANDLE`, `STD_OUTPUT_HANDLE` and `STD_ERROR_HANDLE` are this minus the descriptor.
const STD_INPUT_HANDLE: u32 = -10_i32 as u32;
/// The flags of `SetConsoleMode` for input, and for output.
const INPUT_MODES: u32 = 0x3FF;
const OUTPUT_MODES: u32 = 0x7;
/// `ENABLE_PROCESSED_OUTPUT`, `ENABLE_WRAP_AT_EOL_OUTPUT`, `ENABLE_VIRTUAL_TERMINAL_PROCESSING`: always on in
/// terminals.
const OUTPUT_MODE: u32 = 0x7;

/// The handles, once they were requested or set.
static STANDARD: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

#[unsafe(no_mangle)]
extern "C" fn GetStdHandle(which: u32) -> Handle {
    boundary::call(Handle::INVALID, || {
        let (descriptor, place) = standard(which)?;
        let value = place.load(Ordering::Acquire);
        if value != 0 {
            return Ok(Handle(value));
        }
        let Some(stream) = stream(descriptor) else { return Ok(Handle::NULL) };
        let handle = handles::insert(Object::Stream(stream), false)?;
        match place.compare_exchange(0, handle.0, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(handle),
            Err(earlier) => {
                handles::close(handle)?;
                Ok(Handle(earlier))
            }
        }
    })
}

/// The handles that `CreateFile` opens by the names of the console.
///
/// # Errors
///
/// - `ERROR_INVALID_HANDLE` without a terminal
/// - `ERROR_NOT_SUPPORTED` for input if standard input is not the terminal: keys are read from there only
pub(super) fn open_console(end: ConsoleEnd, inherit: bool) -> Result<Handle> {
    let stream = match end {
        ConsoleEnd::Input => {
            let stream = stream(0).filter(|stream| stream.terminal(true).is_ok());
            // Distinguishes the two.
            let refusal = || Stream::of_screen().map_or(Code::INVALID_HANDLE, |_| Code::NOT_SUPPORTED);
            stream.ok_or_else(refusal)?
        }
        ConsoleEnd::Output => Arc::new(Stream::of_screen()?),
    };
    handles::insert(Object::Stream(stream), inherit)
}

/// A standard stream. There is one for each descriptor, so that all handles share the unread rest of a line.
fn stream(descriptor: i32) -> Option<Arc<Stream>> {
    static STREAMS: [OnceLock<Arc<Stream>>; 3] = [const { OnceLock::new() }; 3];
    let known = STREAMS.get(usize::try_from(descriptor).ok()?)?;
    match known.get() {
        Some(stream) => Some(Arc::clone(stream)),
        None => Stream::new(descriptor).map(|stream| Arc::clone(known.get_or_init(|| stream))),
    }
}

#[unsafe(no_mangle)]
extern "C" fn SetStdHandle(which: u32, handle: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        standard(which)?.1.store(handle.0, Ordering::Release);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn WriteConsoleA(
    handle: Handle,
    text: Array<u8>,
    count: u32,
    written: Out<u32>,
    _reserved: *const c_void,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        written.set(0);
        let held = handles::find(handle)?;
        held.object.stream()?.terminal(false)?.write(text.to_write(count as usize)?)?;
        written.set(count);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn WriteConsoleW(
    handle: Handle,
    text: Array<u16>,
    count: u32,
    written: Out<u32>,
    _reserved: *const c_void,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        written.set(0);
        let held = handles::find(handle)?;
        let terminal = held.object.stream()?.terminal(false)?;
        terminal.show(String::from_utf16_lossy(text.to_write(count as usize)?).as_bytes())?;
        written.set(count);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ReadConsoleA(
    handle: Handle,
    target: Buffer<u8>,
    room: u32,
    read: Out<u32>,
    _control: *const c_void,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        read.set(0);
        let held = handles::find(handle)?;
        let count = held.object.stream()?.terminal(true)?.read(target.to_read(room as usize)?)?;
        read.set(count as u32);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ReadConsoleW(
    handle: Handle,
    target: Buffer<u16>,
    room: u32,
    read: Out<u32>,
    _control: *const c_void,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        read.set(0);
        let held = handles::find(handle)?;
        let count = held.object.stream()?.terminal(true)?.read_wide(target.to_read(room as usize)?)?;
        read.set(count as u32);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleMode(handle: Handle, mode: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(handle)?;
        let stream = held.object.stream()?;
        stream.terminal(stream.is_input())?;
        mode.required()?;
        mode.set(if stream.is_input() { console::mode() } else { OUTPUT_MODE });
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetConsoleMode(handle: Handle, mode: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(handle)?;
        let stream = held.object.stream()?;
        stream.terminal(stream.is_input())?;
        let known = if stream.is_input() { INPUT_MODES } else { OUTPUT_MODES };
        if mode & !known != 0 {
            return Err(Code::INVALID_PARAMETER);
        }
        if stream.is_input() {
            console::set_mode(mode)?;
        }
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn FlushConsoleInputBuffer(handle: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(handle)?;
        held.object.stream()?.terminal(true)?.flush_input();
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleCP() -> u32 {
    pages::INPUT.number()
}

#[unsafe(no_mangle)]
extern "C" fn SetConsoleCP(page: u32) -> Bool {
    boundary::call(Bool::FALSE, || pages::INPUT.set(page).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleOutputCP() -> u32 {
    pages::OUTPUT.number()
}

#[unsafe(no_mangle)]
extern "C" fn SetConsoleOutputCP(page: u32) -> Bool {
    boundary::call(Bool::FALSE, || pages::OUTPUT.set(page).map(|()| Bool::TRUE))
}

/// The descriptor, and the place of its handle.
fn standard(which: u32) -> Result<(i32, &'static AtomicUsize)> {
    let descriptor = STD_INPUT_HANDLE.wrapping_sub(which);
    let place = STANDARD.get(descriptor as usize).ok_or(Code::INVALID_HANDLE)?;
    Ok((descriptor as i32, place))
}
