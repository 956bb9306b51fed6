//! `FormatMessage` for system errors.

use core::ffi::c_void;

use super::memory;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::Buffer;

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
    let text = sentence(code).ok_or(Code::MR_MID_NOT_FOUND)?;
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
        let place = crate::pointer::Out::at(buffer.0.cast::<*mut T>());
        place.required()?;
        place.set(memory);
        Buffer(memory)
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

/// What Windows says in English.
fn sentence(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "The operation completed successfully.",
        1 => "Incorrect function.",
        2 => "The system cannot find the file specified.",
        3 => "The system cannot find the path specified.",
        4 => "The system cannot open the file.",
        5 => "Access is denied.",
        6 => "The handle is invalid.",
        8 => "Not enough memory resources are available to process this command.",
        13 => "The data is invalid.",
        14 => "Not enough memory resources are available to complete this operation.",
        24 => "The program issued a command but the command length is incorrect.",
        31 => "A device attached to the system is not functioning.",
        32 => "The process cannot access the file because it is being used by another process.",
        38 => "Reached the end of the file.",
        50 => "The request is not supported.",
        53 => "The network path was not found.",
        59 => "An unexpected network error occurred.",
        67 => "The network name cannot be found.",
        80 => "The file exists.",
        87 => "The parameter is incorrect.",
        109 => "The pipe has been ended.",
        120 => "This function is not supported on this system.",
        121 => "The semaphore timeout period has expired.",
        122 => "The data area passed to a system call is too small.",
        123 => "The filename, directory name, or volume label syntax is incorrect.",
        161 => "The specified path is invalid.",
        183 => "Cannot create a file when that file already exists.",
        206 => "The filename or extension is too long.",
        234 => "More data is available.",
        258 => "The wait operation timed out.",
        995 => "The I/O operation has been aborted because of either a thread exit or an application request.",
        996 => "Overlapped I/O event is not in a signaled state.",
        997 => "Overlapped I/O operation is in progress.",
        998 => "Invalid access to memory location.",
        1113 => "No mapping for the Unicode character exists in the target multi-byte code page.",
        1168 => "Element not found.",
        1305 => "The revision level is unknown.",
        1336 => "The access control list (ACL) structure is invalid.",
        1337 => "The security ID structure is invalid.",
        1338 => "The security descriptor structure is invalid.",
        1359 => "An internal error occurred.",
        1450 => "Insufficient system resources exist to complete the requested service.",
        1784 => "The supplied user buffer is not valid for the requested operation.",
        1816 => "Not enough quota is available to process this command.",
        3025 => "Remote mailslots are deprecated and switched off.",
        _ => return None,
    })
}
