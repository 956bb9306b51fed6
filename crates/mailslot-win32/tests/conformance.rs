//! The conformance suite through the exported functions.

use std::ffi::c_void;
use std::process::ExitCode;

use mailslot_conformance::{Client, Code, Deviation, Info, Server, System};
// Linked for its symbols.
use mailslot_win32 as _;

const DEVIATIONS: &[Deviation] = &[];

fn main() -> ExitCode {
    mailslot_conformance::main(Win32, DEVIATIONS)
}

type Handle = *mut c_void;

const GENERIC_WRITE: u32 = 0x4000_0000;
const FILE_SHARE_READ_AND_WRITE: u32 = 3;
const OPEN_EXISTING: u32 = 3;
const FILE_ATTRIBUTE_NORMAL: u32 = 0x80;
const DUPLICATE_SAME_ACCESS: u32 = 2;

// SAFETY: as include/windows.h declares them.
unsafe extern "C" {
    fn CreateMailslotW(name: *const u16, max: u32, timeout: u32, attributes: *const c_void) -> Handle;
    fn CreateFileW(
        name: *const u16,
        access: u32,
        share: u32,
        attributes: *const c_void,
        disposition: u32,
        flags: u32,
        template: Handle,
    ) -> Handle;
    fn ReadFile(file: Handle, buffer: *mut u8, size: u32, read: *mut u32, overlapped: *mut c_void) -> i32;
    fn WriteFile(file: Handle, buffer: *const u8, size: u32, written: *mut u32, overlapped: *mut c_void) -> i32;
    fn GetMailslotInfo(slot: Handle, max: *mut u32, next: *mut u32, count: *mut u32, timeout: *mut u32) -> i32;
    fn SetMailslotInfo(slot: Handle, timeout: u32) -> i32;
    fn DuplicateHandle(
        source_process: Handle,
        source: Handle,
        target_process: Handle,
        target: *mut Handle,
        access: u32,
        inherit: i32,
        options: u32,
    ) -> i32;
    fn CloseHandle(object: Handle) -> i32;
    fn GetCurrentProcess() -> Handle;
    fn GetLastError() -> u32;
}

/// Local slots through the C library.
struct Win32;

/// An open handle.
struct Open(Handle);

// SAFETY: a handle is a number, which every thread may use.
unsafe impl Send for Open {}
// SAFETY: as above.
unsafe impl Sync for Open {}

impl System for Win32 {
    fn create(&self, name: &str, max_message_size: u32, read_timeout: u32) -> Result<Box<dyn Server>, Code> {
        let name = wide(name);
        // SAFETY: the name ends with NUL.
        let slot = unsafe { CreateMailslotW(name.as_ptr(), max_message_size, read_timeout, std::ptr::null()) };
        Ok(Box::new(Open::checked(slot)?))
    }

    fn open(&self, name: &str) -> Result<Box<dyn Client>, Code> {
        let name = wide(name);
        // SAFETY: the name ends with NUL.
        let file = unsafe {
            CreateFileW(
                name.as_ptr(),
                GENERIC_WRITE,
                FILE_SHARE_READ_AND_WRITE,
                std::ptr::null(),
                OPEN_EXISTING,
                FILE_ATTRIBUTE_NORMAL,
                std::ptr::null_mut(),
            )
        };
        Ok(Box::new(Open::checked(file)?))
    }
}

impl Open {
    fn checked(handle: Handle) -> Result<Open, Code> {
        if handle.addr() == usize::MAX { Err(last_error()) } else { Ok(Open(handle)) }
    }
}

impl Server for Open {
    fn read(&self, buffer: usize) -> Result<Vec<u8>, Code> {
        let mut bytes = vec![0; buffer];
        let mut size = u32::MAX;
        // SAFETY: the buffer has as many bytes.
        let result =
            unsafe { ReadFile(self.0, bytes.as_mut_ptr(), buffer as u32, &raw mut size, std::ptr::null_mut()) };
        if let Err(code) = check(result) {
            assert_eq!(size, 0, "bytes read after a failure");
            return Err(code);
        }
        bytes.truncate(size as usize);
        Ok(bytes)
    }

    fn info(&self) -> Result<Info, Code> {
        let mut info = Info { max_message_size: 0, next_size: 0, count: 0, read_timeout: 0 };
        // SAFETY: four places for four values.
        check(unsafe {
            GetMailslotInfo(
                self.0,
                &raw mut info.max_message_size,
                &raw mut info.next_size,
                &raw mut info.count,
                &raw mut info.read_timeout,
            )
        })?;
        Ok(info)
    }

    fn set_read_timeout(&self, millis: u32) -> Result<(), Code> {
        // SAFETY: no pointers.
        check(unsafe { SetMailslotInfo(self.0, millis) })
    }

    fn duplicate(&self) -> Result<Box<dyn Server>, Code> {
        let mut duplicate = std::ptr::null_mut();
        // SAFETY: a place for a handle.
        check(unsafe {
            let process = GetCurrentProcess();
            DuplicateHandle(process, self.0, process, &raw mut duplicate, 0, 0, DUPLICATE_SAME_ACCESS)
        })?;
        Ok(Box::new(Open(duplicate)))
    }
}

impl Client for Open {
    fn write(&self, message: &[u8]) -> Result<usize, Code> {
        let mut written = u32::MAX;
        // SAFETY: the message has as many bytes.
        let result = unsafe {
            WriteFile(self.0, message.as_ptr(), message.len() as u32, &raw mut written, std::ptr::null_mut())
        };
        if let Err(code) = check(result) {
            assert_eq!(written, 0, "bytes written after a failure");
            return Err(code);
        }
        Ok(written as usize)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: no pointers.
        assert_ne!(unsafe { CloseHandle(self.0) }, 0, "closing failed with {}", last_error());
    }
}

fn check(result: i32) -> Result<(), Code> {
    if result == 0 { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> Code {
    // SAFETY: no pointers.
    unsafe { GetLastError() }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
