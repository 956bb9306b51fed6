//! The Win32 calls that create, query, read and write mailslots, with lifetimes and results of Rust.

use std::cell::OnceCell;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_OPERATION_ABORTED, ERROR_SEM_TIMEOUT, GENERIC_WRITE, HANDLE, HANDLE_FLAG_INHERIT,
    INVALID_HANDLE_VALUE, SetHandleInformation, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING, ReadFile, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Mailslots::{CreateMailslotW, GetMailslotInfo, SetMailslotInfo};
use windows_sys::Win32::System::SystemServices::MAILSLOT_NO_MESSAGE;
use windows_sys::Win32::System::Threading::{CreateEventW, WaitForSingleObject};

use super::deadline::Deadline;
use super::security::Descriptor;
use super::text::{is, wide};

/// The result of `GetMailslotInfo`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    /// 0 is any size.
    pub(super) max_message_size: u32,
    pub(super) next_size: Option<u32>,
    pub(super) count: u32,
    /// In milliseconds.
    pub(super) read_timeout: u32,
}

/// Creates a slot. The system checks `path`.
pub(super) fn create(
    path: &str,
    max_message_size: u32,
    read_timeout: u32,
    security: &Descriptor,
) -> io::Result<OwnedHandle> {
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: security.as_ptr(),
        bInheritHandle: 0,
    };
    let path = wide(path);
    // SAFETY: `path` ends with a NUL; `attributes` and the descriptor that it points to outlive the call.
    owned(unsafe { CreateMailslotW(path.as_ptr(), max_message_size, read_timeout, &attributes) })
}

/// Opens a slot for writing.
pub(super) fn open(path: &str) -> io::Result<OwnedHandle> {
    let (path, sharing) = (wide(path), FILE_SHARE_READ | FILE_SHARE_WRITE);
    // SAFETY: `path` ends with a NUL; there are no security attributes and no template.
    owned(unsafe {
        CreateFileW(path.as_ptr(), GENERIC_WRITE, sharing, null(), OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, null_mut())
    })
}

/// Lets child processes inherit a handle.
pub(super) fn make_inheritable(handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open as long as it is borrowed.
    succeeded(unsafe { SetHandleInformation(handle.as_raw_handle(), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) })
}

pub(super) fn info(slot: BorrowedHandle<'_>) -> io::Result<Values> {
    let (mut max_message_size, mut next_size, mut count, mut read_timeout) = (0, 0, 0, 0);
    // SAFETY: the handle is open as long as it is borrowed; the outputs are locals of this function.
    succeeded(unsafe {
        GetMailslotInfo(slot.as_raw_handle(), &mut max_message_size, &mut next_size, &mut count, &mut read_timeout)
    })?;
    let next_size = Some(next_size).filter(|size| *size != MAILSLOT_NO_MESSAGE);
    Ok(Values { max_message_size, next_size, count, read_timeout })
}

pub(super) fn set_read_timeout(slot: BorrowedHandle<'_>, millis: u32) -> io::Result<()> {
    // SAFETY: the handle is open as long as it is borrowed.
    succeeded(unsafe { SetMailslotInfo(slot.as_raw_handle(), millis) })
}

/// Reads the next message, through a handle that is not synchronous. Calls `issued` as soon as the system has accepted
/// or refused the read, and then waits until `deadline`, but no longer than the slot's read timeout was at that moment.
///
/// # Errors
///
/// Besides the system's: `ERROR_SEM_TIMEOUT` also if the deadline was the earlier one.
pub(super) fn read(
    slot: BorrowedHandle<'_>,
    buffer: &mut [u8],
    deadline: Deadline,
    issued: impl FnOnce(),
) -> io::Result<usize> {
    with_event(|event| {
        let mut overlapped = OVERLAPPED { hEvent: event.as_raw_handle(), ..OVERLAPPED::default() };
        let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let slot = slot.as_raw_handle();
        // SAFETY: the handle is open as long as it is borrowed. `buffer` and `overlapped` stay where they are, and
        // nothing else uses them, until the read has ended: this function returns only when `ReadFile` has refused it
        // or `GetOverlappedResult` has waited for its end, and `issued` is our code, which does not panic.
        let begun = succeeded(unsafe { ReadFile(slot, buffer.as_mut_ptr(), size, null_mut(), &mut overlapped) });
        issued();
        let mut given_up = false;
        match begun {
            Ok(()) => {}
            Err(error) if is(&error, ERROR_IO_PENDING) => {
                given_up = !wait(event, deadline);
                if given_up {
                    // SAFETY: as above. If it fails because the read has just ended, that is fine.
                    unsafe { CancelIoEx(slot, &overlapped) };
                }
            }
            Err(error) => return Err(error),
        }
        let mut read = 0;
        // SAFETY: as above; `read` is a local of this function.
        match succeeded(unsafe { GetOverlappedResult(slot, &overlapped, &mut read, 1) }) {
            Ok(()) => Ok(read as usize),
            Err(error) if given_up && is(&error, ERROR_OPERATION_ABORTED) => {
                Err(io::Error::from_raw_os_error(ERROR_SEM_TIMEOUT.cast_signed()))
            }
            Err(error) => Err(error),
        }
    })
}

/// Ends all reads of this process that wait, with `ERROR_OPERATION_ABORTED`.
pub(super) fn cancel_reads(slot: BorrowedHandle<'_>) {
    // SAFETY: the handle is open as long as it is borrowed. The call fails if no read waits, and that is fine.
    unsafe { CancelIoEx(slot.as_raw_handle(), null()) };
}

/// Writes one message.
pub(super) fn write(slot: BorrowedHandle<'_>, message: &[u8]) -> io::Result<()> {
    let size = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut written = 0;
    // SAFETY: the handle is open as long as it is borrowed, and synchronous, so the write is complete when the call
    // returns.
    succeeded(unsafe { WriteFile(slot.as_raw_handle(), message.as_ptr(), size, &mut written, null_mut()) })
}

/// Waits for `event` until `deadline`, and returns whether it was signalled.
fn wait(event: &OwnedHandle, deadline: Deadline) -> bool {
    loop {
        let left = deadline.left();
        // SAFETY: the event is open as long as it is borrowed.
        if unsafe { WaitForSingleObject(event.as_raw_handle(), left.to_win32_millis()) } == WAIT_OBJECT_0 {
            return true;
        }
        // The granularity of the system's clock may end a wait a little early.
        if deadline.is_over() {
            return false;
        }
    }
}

/// Passes the event that this thread waits for to `use_it`. Reads of one thread never nest.
fn with_event<R>(use_it: impl FnOnce(&OwnedHandle) -> io::Result<R>) -> io::Result<R> {
    thread_local! {
        static EVENT: OnceCell<OwnedHandle> = const { OnceCell::new() };
    }
    EVENT.with(|event| match event.get() {
        Some(event) => use_it(event),
        None => {
            // SAFETY: no security attributes and no name; a manual-reset event, as `GetOverlappedResult` needs.
            let handle = unsafe { CreateEventW(null(), 1, 0, null()) };
            let new = if handle.is_null() { Err(io::Error::last_os_error()) } else { owned(handle) }?;
            use_it(event.get_or_init(|| new))
        }
    })
}

fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just made this handle for us, and nothing else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
