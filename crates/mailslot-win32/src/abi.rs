//! Layouts that C programs see. `include/` declares the same.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use std::sync::atomic::{AtomicU32, AtomicUsize};

/// `BOOL`.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bool(pub(crate) i32);

impl Bool {
    pub(crate) const FALSE: Bool = Bool(0);
    pub(crate) const TRUE: Bool = Bool(1);

    pub(crate) fn is_true(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Bool {
        Bool(value.into())
    }
}

/// `HANDLE`.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(pub(crate) usize);

impl Handle {
    pub(crate) const NULL: Handle = Handle(0);
    /// `INVALID_HANDLE_VALUE`, which is also what `GetCurrentProcess` returns.
    pub(crate) const INVALID: Handle = Handle(usize::MAX);
    /// What `GetCurrentThread` returns.
    pub(crate) const CURRENT_THREAD: Handle = Handle(usize::MAX - 1);

    /// What `GetCurrentProcessToken` returns.
    pub(crate) const CURRENT_TOKEN: Handle = Handle(usize::MAX - 3);

    /// Only the low 32 bits of a handle are significant, so that a 32-bit program can pass it on.
    pub(crate) fn significant(self) -> Handle {
        Handle(self.0 & u32::MAX as usize)
    }

    pub(crate) fn is_null(self) -> bool {
        self.0 == 0
    }
}

/// `OVERLAPPED`. The program reads `internal` while a read is pending, so it is written as an atomic.
#[repr(C)]
pub(crate) struct Overlapped {
    /// A native status: [`PENDING`](crate::code::PENDING), then the result of the operation.
    pub(crate) internal: AtomicUsize,
    /// Bytes transferred.
    pub(crate) internal_high: AtomicUsize,
    pub(crate) offset: u32,
    pub(crate) offset_high: u32,
    pub(crate) event: Handle,
}

/// `SECURITY_ATTRIBUTES`.
#[repr(C)]
pub(crate) struct SecurityAttributes {
    pub(crate) length: u32,
    pub(crate) descriptor: *const c_void,
    pub(crate) inherit_handle: Bool,
}

/// `FILETIME`: 100 ns since 1601, in two halves because it is only 4-aligned.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileTime {
    pub(crate) low: u32,
    pub(crate) high: u32,
}

/// `SYSTEMTIME`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SystemTime {
    pub(crate) year: u16,
    pub(crate) month: u16,
    pub(crate) day_of_week: u16,
    pub(crate) day: u16,
    pub(crate) hour: u16,
    pub(crate) minute: u16,
    pub(crate) second: u16,
    pub(crate) milliseconds: u16,
}

/// `SYSTEM_INFO`.
#[repr(C)]
pub(crate) struct SystemInfo {
    pub(crate) architecture: u16,
    pub(crate) reserved: u16,
    pub(crate) page_size: u32,
    pub(crate) lowest_address: usize,
    pub(crate) highest_address: usize,
    pub(crate) processors: usize,
    pub(crate) processor_count: u32,
    pub(crate) processor_type: u32,
    pub(crate) granularity: u32,
    pub(crate) level: u16,
    pub(crate) revision: u16,
}

/// `CPINFO`.
#[repr(C)]
pub(crate) struct CodePageInfo {
    pub(crate) max_char_size: u32,
    pub(crate) default_char: [u8; 2],
    /// First and last bytes of ranges.
    pub(crate) lead_bytes: [u8; 12],
}

/// `COORD`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coord {
    pub(crate) x: i16,
    pub(crate) y: i16,
}

/// `SMALL_RECT`.
#[repr(C)]
pub(crate) struct SmallRect {
    pub(crate) left: i16,
    pub(crate) top: i16,
    pub(crate) right: i16,
    pub(crate) bottom: i16,
}

/// `CONSOLE_SCREEN_BUFFER_INFO`.
#[repr(C)]
pub(crate) struct ScreenBufferInfo {
    pub(crate) size: Coord,
    pub(crate) cursor: Coord,
    pub(crate) attributes: u16,
    pub(crate) window: SmallRect,
    pub(crate) maximum_window: Coord,
}

/// `INPUT_RECORD` with a `KEY_EVENT_RECORD`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct InputRecord {
    pub(crate) kind: u16,
    pub(crate) down: Bool,
    pub(crate) repeated: u16,
    pub(crate) virtual_key: u16,
    pub(crate) scan_code: u16,
    pub(crate) unit: u16,
    pub(crate) held: u32,
}

/// `LPOVERLAPPED_COMPLETION_ROUTINE`.
pub(crate) type CompletionRoutine = extern "C" fn(code: u32, bytes: u32, overlapped: *mut Overlapped);

/// `LPTHREAD_START_ROUTINE`. It may end its thread, which unwinds it.
pub(crate) type ThreadRoutine = extern "C-unwind" fn(parameter: *mut c_void) -> u32;
/// The routine of `_beginthread`.
pub(crate) type VoidThreadRoutine = extern "C-unwind" fn(parameter: *mut c_void);

/// `PTIMERAPCROUTINE`.
pub(crate) type TimerRoutine = extern "C" fn(argument: *mut c_void, low: u32, high: u32);

/// `WAITORTIMERCALLBACK`.
pub(crate) type TimerQueueRoutine = extern "C" fn(parameter: *mut c_void, timed: u8);

/// `CRITICAL_SECTION`: as large as the lock of any C library.
#[repr(C)]
pub(crate) struct CriticalSection(UnsafeCell<[usize; 8]>);

const _: () = assert!(
    size_of::<libc::pthread_mutex_t>() <= size_of::<CriticalSection>()
        && align_of::<libc::pthread_mutex_t>() <= align_of::<CriticalSection>()
);

impl CriticalSection {
    pub(crate) fn lock(&self) -> *mut libc::pthread_mutex_t {
        self.0.get().cast()
    }
}

/// `CONDITION_VARIABLE`.
#[repr(C)]
pub(crate) struct ConditionVariable {
    /// Counts wakes.
    pub(crate) wakes: AtomicU32,
}

/// `INIT_ONCE`.
#[repr(C)]
pub(crate) struct InitOnce {
    pub(crate) word: AtomicUsize,
}

impl InitOnce {
    /// The half of the word that threads sleep on.
    pub(crate) fn futex(&self) -> &AtomicU32 {
        let index = if cfg!(target_endian = "big") { size_of::<usize>() / 4 - 1 } else { 0 };
        // SAFETY: within the word, aligned, and only changed atomically. Only the kernel reads it.
        unsafe { AtomicU32::from_ptr(self.word.as_ptr().cast::<u32>().add(index)) }
    }
}

/// `PINIT_ONCE_FN`.
pub(crate) type InitOnceRoutine =
    extern "C" fn(once: *const InitOnce, parameter: *mut c_void, context: *mut usize) -> Bool;

/// `PROCESSENTRY32` and `PROCESSENTRY32W`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ProcessEntry<T> {
    pub(crate) size: u32,
    pub(crate) usage: u32,
    pub(crate) id: u32,
    pub(crate) heap: usize,
    pub(crate) module: u32,
    pub(crate) threads: u32,
    pub(crate) parent: u32,
    pub(crate) priority: i32,
    pub(crate) flags: u32,
    pub(crate) program: [T; MAX_PATH],
}

pub(crate) const MAX_PATH: usize = 260;

/// `STARTUPINFO`, up to the last field that is used here.
#[repr(C)]
pub(crate) struct StartupInfo {
    size: u32,
    texts: [*const c_void; 3],
    window: [u32; 7],
    pub(crate) flags: u32,
}

/// `PROCESS_INFORMATION`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ProcessInformation {
    pub(crate) process: Handle,
    pub(crate) thread: Handle,
    pub(crate) process_id: u32,
    pub(crate) thread_id: u32,
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn layouts_are_those_of_win64() {
        assert_eq!(size_of::<Overlapped>(), 32);
        assert_eq!(offset_of!(Overlapped, event), 24);
        assert_eq!(offset_of!(Overlapped, offset), 16);
        assert_eq!(size_of::<SecurityAttributes>(), 24);
        assert_eq!(offset_of!(SecurityAttributes, descriptor), 8);
        assert_eq!(offset_of!(SecurityAttributes, inherit_handle), 16);
        assert_eq!(size_of::<ProcessInformation>(), 24);
        assert_eq!(size_of::<FileTime>(), 8);
        assert_eq!(offset_of!(StartupInfo, flags), 60);
        assert_eq!((size_of::<InputRecord>(), offset_of!(InputRecord, unit)), (20, 14));
        assert_eq!((size_of::<ProcessEntry<u8>>(), size_of::<ProcessEntry<u16>>()), (304, 568));
    }
}
