//! Having another process load this library.

use std::ffi::{OsString, c_void};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{FALSE, HINSTANCE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::Debug::WriteProcessMemory;
use windows_sys::Win32::System::LibraryLoader::{GetModuleFileNameW, GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAllocEx, VirtualFreeEx,
};
use windows_sys::Win32::System::Threading::{
    CreateRemoteThread, GetExitCodeThread, INFINITE, IsWow64Process, LPTHREAD_START_ROUTINE, WaitForSingleObject,
};
use windows_sys::core::{s, w};

/// Why a process could not load the library.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is one of 32 bits, and the library is not.
    Not64Bit,
    /// The system does not let this process write to it.
    Refused(io::Error),
    /// It has tried to, and could not.
    NotLoaded,
}

/// This library, in a process that has loaded it.
static LIBRARY: OnceLock<usize> = OnceLock::new();

/// Remembers which library this is.
pub(super) fn remember(library: HINSTANCE) {
    // Once: a process loads it once.
    let _ = LIBRARY.set(library.addr());
}

/// The path of this library, in a process that has loaded it.
pub(super) fn path() -> Option<PathBuf> {
    let library = std::ptr::without_provenance_mut(*LIBRARY.get()?);
    // The longest path of the system.
    let mut path = vec![0; 1 << 15];
    // SAFETY: the library is loaded, as this function is part of it; `path` has the size that is passed.
    let length = unsafe { GetModuleFileNameW(library, path.as_mut_ptr(), path.len() as u32) };
    let path = path.get(..length as usize).filter(|path| !path.is_empty())?;
    Some(OsString::from_wide(path).into())
}

/// Has a process load the library at `path`, and waits until it has. Its other threads may be suspended.
pub(super) fn load(process: BorrowedHandle<'_>, path: &Path) -> Result<(), Failure> {
    let refused = || Failure::Refused(io::Error::last_os_error());
    let mut is_32_bit = FALSE;
    // SAFETY: the handle is open as long as it is borrowed; the output is a local of this function.
    if unsafe { IsWow64Process(process.as_raw_handle(), &mut is_32_bit) } == 0 {
        return Err(refused());
    }
    if is_32_bit != FALSE {
        return Err(Failure::Not64Bit);
    }
    let path: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let memory = Memory::with(process, &path).map_err(Failure::Refused)?;
    // SAFETY: the names end with NUL. Every process has this library.
    let load = unsafe { GetProcAddress(GetModuleHandleW(w!("kernel32.dll")), s!("LoadLibraryW")) };
    let load = load.ok_or_else(refused)?;
    // SAFETY: `LoadLibraryW` takes one pointer and returns a value in a register, as a thread's first function does. In
    // all processes of 64 bits the system has it at one address.
    let load: LPTHREAD_START_ROUTINE = unsafe { std::mem::transmute(load) };
    // SAFETY: the handle is open as long as it is borrowed. The parameter is memory of that process that ends with NUL
    // and is not freed before the thread has ended.
    let thread = unsafe { CreateRemoteThread(process.as_raw_handle(), null(), 0, load, memory.address, 0, null_mut()) };
    if thread.is_null() {
        return Err(refused());
    }
    // SAFETY: the system has just made this handle for us, and nothing else closes it.
    let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
    let mut library = 0;
    // SAFETY: the handle is open; the output is a local of this function.
    let ended = unsafe {
        WaitForSingleObject(thread.as_raw_handle(), INFINITE) == WAIT_OBJECT_0
            && GetExitCodeThread(thread.as_raw_handle(), &mut library) != 0
    };
    // The lower half of the library's address.
    if ended && library != 0 { Ok(()) } else { Err(Failure::NotLoaded) }
}

/// Memory of another process.
struct Memory<'a> {
    process: BorrowedHandle<'a>,
    address: *mut c_void,
}

impl<'a> Memory<'a> {
    fn with(process: BorrowedHandle<'a>, units: &[u16]) -> io::Result<Memory<'a>> {
        let (handle, size) = (process.as_raw_handle(), size_of_val(units));
        // SAFETY: the handle is open as long as it is borrowed; the system chooses the address.
        let address = unsafe { VirtualAllocEx(handle, null(), size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) };
        if address.is_null() {
            return Err(io::Error::last_os_error());
        }
        let memory = Memory { process, address };
        // SAFETY: `units` has `size` bytes, and so has the memory there.
        match unsafe { WriteProcessMemory(handle, address, units.as_ptr().cast(), size, null_mut()) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(memory),
        }
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        // SAFETY: allocated by `with`, and used by nobody else.
        unsafe { VirtualFreeEx(self.process.as_raw_handle(), self.address, 0, MEM_RELEASE) };
    }
}
