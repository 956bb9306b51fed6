//! The process's environment: its directory, its variables, the place of temporary files.

use core::ffi::{CStr, c_char, c_void};
use std::ffi::CString;
use std::sync::OnceLock;

use crate::abi::Bool;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Buffer, Narrow, Wide};
use crate::system;
use crate::text;

#[unsafe(no_mangle)]
extern "C" fn GetTempPathA(room: u32, target: Buffer<u8>) -> u32 {
    boundary::call(0, || text::store_or_ask(system::temporary_directory()?.as_bytes(), target, room))
}

#[unsafe(no_mangle)]
extern "C" fn GetTempPathW(room: u32, target: Buffer<u16>) -> u32 {
    boundary::call(0, || text::store_or_ask(&wide(&system::temporary_directory()?), target, room))
}

/// `MAX_PATH`: the room that the target must have.
const MAX_PATH: u32 = 260;

#[unsafe(no_mangle)]
extern "C" fn GetTempFileNameA(directory: Narrow, prefix: Narrow, number: u32, target: Buffer<u8>) -> u32 {
    boundary::call(0, || {
        let (path, number) = temporary_file(text::from_narrow(directory)?, text::from_narrow(prefix)?, number)?;
        text::store_or_ask(path.as_bytes(), target, MAX_PATH)?;
        Ok(number)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetTempFileNameW(directory: Wide, prefix: Wide, number: u32, target: Buffer<u16>) -> u32 {
    boundary::call(0, || {
        let (path, number) = temporary_file(text::from_wide(directory)?, text::from_wide(prefix)?, number)?;
        text::store_or_ask(&wide(&path), target, MAX_PATH)?;
        Ok(number)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentDirectoryA(room: u32, target: Buffer<u8>) -> u32 {
    boundary::call(0, || text::store_or_ask(system::current_directory()?.as_bytes(), target, room))
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentDirectoryW(room: u32, target: Buffer<u16>) -> u32 {
    boundary::call(0, || text::store_or_ask(&wide(&system::current_directory()?), target, room))
}

#[unsafe(no_mangle)]
extern "C" fn SetCurrentDirectoryA(path: Narrow) -> Bool {
    boundary::call(Bool::FALSE, || set_directory(text::from_narrow(path)?))
}

#[unsafe(no_mangle)]
extern "C" fn SetCurrentDirectoryW(path: Wide) -> Bool {
    boundary::call(Bool::FALSE, || set_directory(text::from_wide(path)?))
}

#[unsafe(no_mangle)]
extern "C" fn GetEnvironmentVariableA(name: Narrow, target: Buffer<u8>, room: u32) -> u32 {
    boundary::call(0, || text::store_or_ask(variable(text::from_narrow(name)?)?.as_bytes(), target, room))
}

#[unsafe(no_mangle)]
extern "C" fn GetEnvironmentVariableW(name: Wide, target: Buffer<u16>, room: u32) -> u32 {
    boundary::call(0, || text::store_or_ask(&wide(&variable(text::from_wide(name)?)?), target, room))
}

#[unsafe(no_mangle)]
extern "C" fn SetEnvironmentVariableA(name: Narrow, value: Narrow) -> Bool {
    boundary::call(Bool::FALSE, || set_variable(text::from_narrow(name)?, text::from_narrow(value)?))
}

#[unsafe(no_mangle)]
extern "C" fn SetEnvironmentVariableW(name: Wide, value: Wide) -> Bool {
    boundary::call(Bool::FALSE, || set_variable(text::from_wide(name)?, text::from_wide(value)?))
}

/// Both results count the NUL.
#[unsafe(no_mangle)]
extern "C" fn ExpandEnvironmentStringsA(source: Narrow, target: Buffer<u8>, room: u32) -> u32 {
    boundary::call(0, || {
        let expanded = system::expanded(&text::from_narrow(source)?.ok_or(Code::INVALID_PARAMETER)?);
        text::store_or_ask(expanded.as_bytes(), target, room)?;
        Ok(expanded.len() as u32 + 1)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ExpandEnvironmentStringsW(source: Wide, target: Buffer<u16>, room: u32) -> u32 {
    boundary::call(0, || {
        let expanded = wide(&system::expanded(&text::from_wide(source)?.ok_or(Code::INVALID_PARAMETER)?));
        text::store_or_ask(&expanded, target, room)?;
        Ok(expanded.len() as u32 + 1)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetCommandLineA() -> *const c_char {
    static LINE: OnceLock<CString> = OnceLock::new();
    let line = LINE.get_or_init(|| CString::new(system::command_line().unwrap_or_default()).unwrap_or_default());
    CStr::as_ptr(line)
}

#[unsafe(no_mangle)]
extern "C" fn GetCommandLineW() -> *const u16 {
    static LINE: OnceLock<Vec<u16>> = OnceLock::new();
    let with_nul = || system::command_line().unwrap_or_default().encode_utf16().chain([0]).collect();
    LINE.get_or_init(with_nul).as_ptr()
}

/// The handle of the program, the only module with a handle.
#[unsafe(no_mangle)]
extern "C" fn GetModuleHandleA(name: Narrow) -> *const c_void {
    boundary::call(core::ptr::null(), || own_module(name.bytes().is_none()))
}

#[unsafe(no_mangle)]
extern "C" fn GetModuleHandleW(name: Wide) -> *const c_void {
    boundary::call(core::ptr::null(), || own_module(name.units().is_none()))
}

fn own_module(own: bool) -> Result<*const c_void> {
    if own { Ok(super::process::OWN_MODULE) } else { Err(Code::MOD_NOT_FOUND) }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn temporary_file(directory: Option<String>, prefix: Option<String>, number: u32) -> Result<(String, u32)> {
    let directory = directory.ok_or(Code::INVALID_PARAMETER)?;
    system::temporary_file(&directory, &prefix.unwrap_or_default(), number)
}

fn set_directory(path: Option<String>) -> Result<Bool> {
    system::set_current_directory(&path.ok_or(Code::INVALID_PARAMETER)?)?;
    Ok(Bool::TRUE)
}

fn variable(name: Option<String>) -> Result<String> {
    system::variable(&name.ok_or(Code::ENVVAR_NOT_FOUND)?)
}

fn set_variable(name: Option<String>, value: Option<String>) -> Result<Bool> {
    let name = name.filter(|name| !name.is_empty() && !name.contains('=')).ok_or(Code::INVALID_PARAMETER)?;
    let name = CString::new(name).map_err(|_| Code::INVALID_PARAMETER)?;
    let value = value.map(CString::new).transpose().map_err(|_| Code::INVALID_PARAMETER)?;
    // SAFETY: texts that end with NUL. The program must not use the environment in other threads meanwhile, as with
    // setenv; the header says so.
    let failed = unsafe {
        match value {
            Some(value) => libc::setenv(name.as_ptr(), value.as_ptr(), 1),
            None => libc::unsetenv(name.as_ptr()),
        }
    };
    if failed == 0 { Ok(Bool::TRUE) } else { Err(Code::NOT_ENOUGH_MEMORY) }
}
