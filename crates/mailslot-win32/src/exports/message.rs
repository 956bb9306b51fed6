//! `FormatMessage`: the texts of error codes, and the program's templates.

use core::ffi::c_void;

use super::memory;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Array, Buffer, Narrow, Out, Wide};
use crate::sentences;
use crate::template::{self, Count, Inserts, Style};
use crate::text;

const ALLOCATE_BUFFER: u32 = 0x100;
const IGNORE_INSERTS: u32 = 0x200;
const FROM_STRING: u32 = 0x400;
/// No module here has messages, so the system's are used.
const FROM_HMODULE: u32 = 0x800;
const FROM_SYSTEM: u32 = 0x1000;
const ARGUMENT_ARRAY: u32 = 0x2000;
/// A width; only the value for "no line ends within paragraphs" is supported.
const MAX_WIDTH: u32 = 0xFF;
const ALL: u32 =
    ALLOCATE_BUFFER | IGNORE_INSERTS | FROM_STRING | FROM_HMODULE | FROM_SYSTEM | ARGUMENT_ARRAY | MAX_WIDTH;

#[unsafe(no_mangle)]
extern "C" fn FormatMessageA(
    flags: u32,
    source: *const c_void,
    code: u32,
    _language: u32,
    buffer: Buffer<u8>,
    size: u32,
    arguments: Array<usize>,
) -> u32 {
    boundary::call(0, || {
        let template = template(flags, source, code, false)?;
        let text = template::expanded(&template, style(flags, false), &mut Given { flags, arguments })?;
        store(flags, text.as_bytes(), buffer, size)
    })
}

#[unsafe(no_mangle)]
extern "C" fn FormatMessageW(
    flags: u32,
    source: *const c_void,
    code: u32,
    _language: u32,
    buffer: Buffer<u16>,
    size: u32,
    arguments: Array<usize>,
) -> u32 {
    boundary::call(0, || {
        let template = template(flags, source, code, true)?;
        let text = template::expanded(&template, style(flags, true), &mut Given { flags, arguments })?;
        store(flags, &text.encode_utf16().collect::<Vec<u16>>(), buffer, size)
    })
}

/// How many values a message uses, so that the headers can take as many from a list of arguments.
#[unsafe(no_mangle)]
extern "C" fn mailslot_count_inserts(flags: u32, source: *const c_void, code: u32, wide: i32) -> u32 {
    boundary::call(0, || {
        let mut count = Count::default();
        template::expanded(&template(flags, source, code, wide != 0)?, style(flags, wide != 0), &mut count)?;
        Ok(count.0 as u32)
    })
}

/// The program's values: an array, to which the headers convert a list.
struct Given {
    flags: u32,
    arguments: Array<usize>,
}

impl Inserts for Given {
    fn value(&mut self, number: usize) -> Result<usize> {
        let is_array = self.flags & ARGUMENT_ARRAY != 0;
        let values = self.arguments.slice(number).filter(|_| is_array).ok_or(Code::INVALID_PARAMETER)?;
        values.last().copied().ok_or(Code::INVALID_PARAMETER)
    }
}

fn style(flags: u32, wide: bool) -> Style {
    Style { ignores_inserts: flags & IGNORE_INSERTS != 0, joins_lines: flags & MAX_WIDTH == MAX_WIDTH, wide }
}

fn template(flags: u32, source: *const c_void, code: u32, wide: bool) -> Result<String> {
    if flags & !ALL != 0 {
        return Err(Code::INVALID_PARAMETER);
    }
    match flags & (FROM_STRING | FROM_HMODULE | FROM_SYSTEM) {
        0 => Err(Code::INVALID_PARAMETER),
        from if from & FROM_STRING != 0 => {
            // SAFETY: with this flag the program gives a text, or NULL.
            let text = unsafe {
                if wide {
                    text::from_wide(Wide::at(source.cast()))
                } else {
                    text::from_narrow(Narrow::at(source.cast()))
                }
            };
            text?.ok_or(Code::INVALID_PARAMETER)
        }
        FROM_HMODULE => Err(Code::MR_MID_NOT_FOUND),
        _ => Ok(format!("{}\r\n", sentences::of(code).ok_or(Code::MR_MID_NOT_FOUND)?)),
    }
}

/// Stores the text and a NUL, and returns its length without it.
fn store<T: Copy + Default>(flags: u32, text: &[T], buffer: Buffer<T>, size: u32) -> Result<u32> {
    let needed = text.len() + 1;
    let target = if flags & ALLOCATE_BUFFER != 0 {
        // SAFETY: with this flag the program gives the address of a pointer, or NULL.
        let place = unsafe { Out::at(buffer.pointer().cast::<*mut T>()) };
        place.required()?;
        if text.is_empty() {
            // The program treats this as a failure, and frees nothing.
            place.set(core::ptr::null_mut());
            return Ok(0);
        }
        let room = needed.max(size as usize);
        let memory = memory::allocate(true, room * size_of::<T>()).cast::<T>();
        if memory.is_null() {
            return Err(Code::NOT_ENOUGH_MEMORY);
        }
        place.set(memory);
        // SAFETY: `room` elements or more, which are not shared yet.
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
