//! Ctrl-C, sounds, and the console as a whole.

use core::ffi::c_void;
use std::time::Duration;

use crate::abi::Bool;
use crate::boundary;
use crate::code::Code;
use crate::console::control::{self, Routine};
use crate::object::Stream;

const BELL: &[u8] = b"\x07";
/// The frequencies in hertz that `Beep` accepts.
const TONES: core::ops::RangeInclusive<u32> = 37..=32767;

#[unsafe(no_mangle)]
extern "C" fn SetConsoleCtrlHandler(routine: Option<Routine>, add: Bool) -> Bool {
    boundary::call(Bool::FALSE, || {
        match routine {
            Some(routine) if add.is_true() => control::add(routine)?,
            Some(routine) => control::remove(routine)?,
            None => control::ignore(add.is_true()),
        }
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GenerateConsoleCtrlEvent(event: u32, group: u32) -> Bool {
    boundary::call(Bool::FALSE, || control::generate(event, group).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn Beep(tone: u32, millis: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        if !TONES.contains(&tone) {
            return Err(Code::INVALID_PARAMETER);
        }
        ring();
        std::thread::sleep(Duration::from_millis(millis.into()));
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn MessageBeep(_kind: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        ring();
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn AllocConsole() -> Bool {
    boundary::call(Bool::FALSE, || {
        // A process that has a console gets no other, as on Windows.
        Err(if Stream::of_terminal().is_some() { Code::ACCESS_DENIED } else { Code::NOT_SUPPORTED })
    })
}

#[unsafe(no_mangle)]
extern "C" fn FreeConsole() -> Bool {
    boundary::call(Bool::FALSE, || Err(Code::NOT_SUPPORTED))
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleWindow() -> *mut c_void {
    core::ptr::null_mut()
}

/// Silent without a terminal.
fn ring() {
    if let Some(terminal) = Stream::of_terminal() {
        let _ = terminal.show(BELL);
    }
}
