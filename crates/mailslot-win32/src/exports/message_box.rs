//! `MessageBox` of console programs: the text goes to standard error, and the answer is the default.

use core::ffi::c_void;
use std::io::Write;

use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Narrow, Wide};
use crate::text;

/// The default caption.
const ERROR: &str = "Error";

#[unsafe(no_mangle)]
extern "C" fn MessageBoxA(_owner: *const c_void, message: Narrow, caption: Narrow, kind: u32) -> i32 {
    boundary::call(0, || show(text::from_narrow(message)?, text::from_narrow(caption)?, kind))
}

#[unsafe(no_mangle)]
extern "C" fn MessageBoxW(_owner: *const c_void, message: Wide, caption: Wide, kind: u32) -> i32 {
    boundary::call(0, || show(text::from_wide(message)?, text::from_wide(caption)?, kind))
}

#[unsafe(no_mangle)]
extern "C" fn MessageBoxExA(_owner: *const c_void, message: Narrow, caption: Narrow, kind: u32, _language: u16) -> i32 {
    boundary::call(0, || show(text::from_narrow(message)?, text::from_narrow(caption)?, kind))
}

#[unsafe(no_mangle)]
extern "C" fn MessageBoxExW(_owner: *const c_void, message: Wide, caption: Wide, kind: u32, _language: u16) -> i32 {
    boundary::call(0, || show(text::from_wide(message)?, text::from_wide(caption)?, kind))
}

fn show(message: Option<String>, caption: Option<String>, kind: u32) -> Result<i32> {
    let button = default_button(kind).ok_or(Code::INVALID_MSGBOX_STYLE)?;
    let caption = caption.as_deref().unwrap_or(ERROR);
    let message = message.unwrap_or_default();
    // A failure to write cannot be reported.
    let _ = writeln!(std::io::stderr(), "{caption}: {message}");
    Ok(button)
}

/// The button that Enter would press: the second or third one with `MB_DEFBUTTON2` or `3`.
fn default_button(kind: u32) -> Option<i32> {
    const OK: i32 = 1;
    const CANCEL: i32 = 2;
    const ABORT: i32 = 3;
    const RETRY: i32 = 4;
    const IGNORE: i32 = 5;
    const YES: i32 = 6;
    const NO: i32 = 7;
    const TRY_AGAIN: i32 = 10;
    const CONTINUE: i32 = 11;
    let buttons: &[i32] = match kind & 0xF {
        0 => &[OK],
        1 => &[OK, CANCEL],
        2 => &[ABORT, RETRY, IGNORE],
        3 => &[YES, NO, CANCEL],
        4 => &[YES, NO],
        5 => &[RETRY, CANCEL],
        6 => &[CANCEL, TRY_AGAIN, CONTINUE],
        _ => return None,
    };
    let chosen = (kind >> 8 & 0xF) as usize;
    Some(*buttons.get(chosen).unwrap_or(&buttons[0]))
}
