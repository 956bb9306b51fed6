//! `FormatMessage` for system errors.

use core::ffi::c_void;

use super::memory;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Buffer, Out};
use crate::sentences;

const ALLOCATE_BUFFER: u32 = 0x100;
const FROM_SYSTEM: u32 = 0x1000;
/// The system's texts have no inserts, so whether to ignore them does not matter.
const IGNORE_INSERTS: u32 = 0x200;
const ARGUMENT_ARRAY: u32 = 0x2000;
/// A width, of which only "no line ends but those of paragraphs" matters: the texts are one line each.
const MAX_WIDTH: u32 = 0xFF;

#[unsafe(no_mangle)]
extern "C" fn FormatMessageA(
    flags: u32,
    _source: *const c_void,
    code: u32,
    _language: u32,
    buffer: Buffer<u8>,
    size: u32,
    _arguments: *const c_void,
) -> u32 {
    boundary::call(0, || store(flags, text(flags, code)?.as_bytes(), buffer, size))
}

#[unsafe(no_mangle)]
extern "C" fn FormatMessageW(
    flags: u32,
    _source: *const c_void,
    code: u32,
    _language: u32,
    buffer: Buffer<u16>,
    size: u32,
    _arguments: *const c_void,
) -> u32 {
    boundary::call(0, || store(flags, &text(flags, code)?.encode_utf16().collect::<Vec<u16>>(), buffer, size))
}

fn text(flags: u32, code: u32) -> Result<String> {
    if flags & FROM_SYSTEM == 0
        || flags & !(ALLOCATE_BUFFER | FROM_SYSTEM | IGNORE_INSERTS | ARGUMENT_ARRAY | MAX_WIDTH) != 0
    {
        return Err(Code::INVALID_PARAMETER);
    }
    let text = sentences::of(code).ok_or(Code::MR_MID_NOT_FOUND)?;
    let end = if flags & MAX_WIDTH == MAX_WIDTH { " " } else { "\r\n" };
    Ok(format!("{text}{end}"))
}

/// Stores the text and a NUL, and returns its length without it.
fn store<T: Copy + Default>(flags: u32, text: &[T], buffer: Buffer<T>, size: u32) -> Result<u32> {
    let needed = text.len() + 1;
    let target = if flags & ALLOCATE_BUFFER != 0 {
        let room = needed.max(size as usize);
        let memory = memory::allocate(true, room * size_of::<T>()).cast::<T>();
        if memory.is_null() {
            return Err(Code::NOT_ENOUGH_MEMORY);
        }
        // SAFETY: with this flag the program gives the address of a pointer, or NULL.
        let place = unsafe { Out::at(buffer.pointer().cast::<*mut T>()) };
        place.required()?;
        place.set(memory);
        // SAFETY: `room` elements or more, which nobody else knows yet.
        unsafe { Buffer::at(memory) }
    } else if (size as usize) < needed {
        return Err(Code::INSUFFICIENT_BUFFER);
    } else {
        buffer
    };
    let target = target.slice(needed).ok_or(Code::INVALID_PARAMETER)?;
    target[..text.len()].copy_from_slice(text);
    target[text.len()] = T::default();
    Ok(text.len() as u32)
}
