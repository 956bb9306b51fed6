//! Mailslots with asynchronous handles on systems where `CreateMailslotW` does not make them: on Wine.
//!
//! Windows makes asynchronous handles. Those of Wine 10 are synchronous: a read of an empty slot would not return
//! before the slot's read timeout is over, could not be cancelled, and would block every other call on the handle. The
//! native call below `CreateMailslotW`, which both systems have, makes asynchronous ones on Wine, too.

use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem::{
    FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT, FileModeInformation, NtQueryInformationFile,
};
use windows_sys::Win32::Foundation::{
    GENERIC_READ, HANDLE, NTSTATUS, OBJ_CASE_INSENSITIVE, RtlNtStatusToDosError, UNICODE_STRING,
};
use windows_sys::Win32::Storage::FileSystem::{SYNCHRONIZE, WRITE_DAC};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

use super::api;
use super::security::Descriptor;

#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtCreateMailslotFile(
        handle: *mut HANDLE,
        access: u32,
        attributes: *const OBJECT_ATTRIBUTES,
        status: *mut IO_STATUS_BLOCK,
        options: u32,
        quota: u32,
        max_message_size: u32,
        read_timeout: *const i64,
    ) -> NTSTATUS;
}

/// Whether reads through `handle` block other calls on it.
pub(super) fn is_synchronous(handle: BorrowedHandle<'_>) -> bool {
    let (mut status, mut mode) = (MaybeUninit::<IO_STATUS_BLOCK>::uninit(), 0_u32);
    // SAFETY: the handle is open as long as it is borrowed; `mode` is the one word of `FILE_MODE_INFORMATION`, and both
    // outputs are locals of this function.
    let result = unsafe {
        NtQueryInformationFile(
            handle.as_raw_handle(),
            status.as_mut_ptr(),
            (&raw mut mode).cast(),
            size_of::<u32>() as u32,
            FileModeInformation,
        )
    };
    result >= 0 && mode & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT) != 0
}

/// Creates a slot with an asynchronous handle, on which reads wait for `read_timeout` milliseconds. `name` is the part
/// after `\mailslot\`.
pub(super) fn create(
    name: &str,
    max_message_size: u32,
    read_timeout: u32,
    security: &Descriptor,
) -> io::Result<OwnedHandle> {
    let mut path: Vec<u16> = format!(r"\??\mailslot\{name}").encode_utf16().collect();
    let Ok(bytes) = u16::try_from(path.len() * size_of::<u16>()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    let path = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: path.as_mut_ptr() };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: null_mut(),
        ObjectName: &path,
        Attributes: OBJ_CASE_INSENSITIVE as u32,
        SecurityDescriptor: security.as_ptr().cast_const().cast(),
        SecurityQualityOfService: null_mut(),
    };
    let access = GENERIC_READ | SYNCHRONIZE | WRITE_DAC;
    let (mut status, mut handle) = (MaybeUninit::<IO_STATUS_BLOCK>::uninit(), null_mut());
    // SAFETY: the attributes, and the name and descriptor that they point to, outlive the call; the outputs are locals
    // of this function, and the timeout may be null.
    let result = unsafe {
        NtCreateMailslotFile(&mut handle, access, &attributes, status.as_mut_ptr(), 0, 0, max_message_size, null())
    };
    if result < 0 {
        // SAFETY: valid for any status.
        let code = unsafe { RtlNtStatusToDosError(result) };
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    // SAFETY: the system has just made this handle for us, and nothing else closes it.
    let slot = unsafe { OwnedHandle::from_raw_handle(handle) };
    api::set_read_timeout(slot.as_handle(), read_timeout)?;
    Ok(slot)
}
