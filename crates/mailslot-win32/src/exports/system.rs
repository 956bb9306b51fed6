//! The machine and its user.

use core::ffi::c_void;

use crate::abi::{Bool, SystemInfo};
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Buffer, InOut, Narrow, Out, Wide};
use crate::system::{self, NameFormat};
use crate::text;

/// `PROCESSOR_ARCHITECTURE_AMD64` and similar.
const ARCHITECTURE: u16 = if cfg!(target_arch = "x86_64") {
    9
} else if cfg!(target_arch = "x86") {
    0
} else if cfg!(target_arch = "aarch64") {
    12
} else if cfg!(target_arch = "arm") {
    5
} else {
    0xFFFF
};

#[unsafe(no_mangle)]
extern "C" fn GetComputerNameA(target: Buffer<u8>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || name(&computer(0)?, target, &size, Code::BUFFER_OVERFLOW))
}

#[unsafe(no_mangle)]
extern "C" fn GetComputerNameW(target: Buffer<u16>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || name_wide(&computer(0)?, target, &size, Code::BUFFER_OVERFLOW))
}

#[unsafe(no_mangle)]
extern "C" fn GetComputerNameExA(format: u32, target: Buffer<u8>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || name(&computer(format)?, target, &size, Code::MORE_DATA))
}

#[unsafe(no_mangle)]
extern "C" fn GetComputerNameExW(format: u32, target: Buffer<u16>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || name_wide(&computer(format)?, target, &size, Code::MORE_DATA))
}

/// Its size always counts the NUL.
#[unsafe(no_mangle)]
extern "C" fn GetUserNameA(target: Buffer<u8>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        name(&system::user_name()?, target, &size, Code::INSUFFICIENT_BUFFER)?;
        count_nul(&size);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetUserNameW(target: Buffer<u16>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        name_wide(&system::user_name()?, target, &size, Code::INSUFFICIENT_BUFFER)?;
        count_nul(&size);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetSystemInfo(info: Out<SystemInfo>) {
    let processor_count = std::thread::available_parallelism().map_or(1, usize::from);
    let page_size = crate::view::page_size();
    info.set(SystemInfo {
        architecture: ARCHITECTURE,
        reserved: 0,
        page_size: page_size as u32,
        lowest_address: page_size,
        highest_address: usize::MAX / 2 + 1 - page_size - 1,
        processors: usize::MAX >> (usize::BITS as usize).saturating_sub(processor_count),
        processor_count: processor_count as u32,
        processor_type: 0,
        granularity: page_size as u32,
        level: 0,
        revision: 0,
    });
}

/// This is not Windows, so no version would be true.
#[unsafe(no_mangle)]
extern "C" fn GetVersionExA(_version: *mut c_void) -> Bool {
    boundary::call(Bool::FALSE, || Err(Code::CALL_NOT_IMPLEMENTED))
}

#[unsafe(no_mangle)]
extern "C" fn GetVersionExW(_version: *mut c_void) -> Bool {
    boundary::call(Bool::FALSE, || Err(Code::CALL_NOT_IMPLEMENTED))
}

#[unsafe(no_mangle)]
extern "C" fn GetWindowsDirectoryA(_target: Buffer<u8>, _room: u32) -> u32 {
    boundary::call(0, || Err(Code::CALL_NOT_IMPLEMENTED))
}

#[unsafe(no_mangle)]
extern "C" fn GetWindowsDirectoryW(_target: Buffer<u16>, _room: u32) -> u32 {
    boundary::call(0, || Err(Code::CALL_NOT_IMPLEMENTED))
}

#[unsafe(no_mangle)]
extern "C" fn GetSystemDirectoryA(_target: Buffer<u8>, _room: u32) -> u32 {
    boundary::call(0, || Err(Code::CALL_NOT_IMPLEMENTED))
}

#[unsafe(no_mangle)]
extern "C" fn GetSystemDirectoryW(_target: Buffer<u16>, _room: u32) -> u32 {
    boundary::call(0, || Err(Code::CALL_NOT_IMPLEMENTED))
}

/// Without effect: there is no debugger to show it.
#[unsafe(no_mangle)]
extern "C" fn OutputDebugStringA(_text: Narrow) {}

#[unsafe(no_mangle)]
extern "C" fn OutputDebugStringW(_text: Wide) {}

fn computer(format: u32) -> Result<String> {
    system::computer_name(NameFormat::new(format).ok_or(Code::INVALID_PARAMETER)?)
}

fn name_wide(name: &str, target: Buffer<u16>, size: &InOut<u32>, too_small: Code) -> Result<Bool> {
    text::store_sized(&name.encode_utf16().collect::<Vec<u16>>(), target, size, too_small)
}

fn name(name: &str, target: Buffer<u8>, size: &InOut<u32>, too_small: Code) -> Result<Bool> {
    text::store_sized(name.as_bytes(), target, size, too_small)
}

fn count_nul(size: &InOut<u32>) {
    if let Some(length) = size.read() {
        size.set(length + 1);
    }
}
