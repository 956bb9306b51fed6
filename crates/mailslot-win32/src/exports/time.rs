//! Time since the machine started, and the identity of the process.

use crate::abi::{Bool, Handle};
use crate::clock::nanoseconds;
use crate::pointer::Out;

/// Counts of the performance counter in a second.
const FREQUENCY: i64 = 1_000_000_000;

#[unsafe(no_mangle)]
extern "C" fn GetTickCount() -> u32 {
    GetTickCount64() as u32
}

#[unsafe(no_mangle)]
extern "C" fn GetTickCount64() -> u64 {
    (nanoseconds(libc::CLOCK_BOOTTIME) / 1_000_000) as u64
}

#[unsafe(no_mangle)]
extern "C" fn QueryPerformanceCounter(count: Out<i64>) -> Bool {
    count.set(nanoseconds(libc::CLOCK_MONOTONIC));
    Bool::TRUE
}

#[unsafe(no_mangle)]
extern "C" fn QueryPerformanceFrequency(frequency: Out<i64>) -> Bool {
    frequency.set(FREQUENCY);
    Bool::TRUE
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentProcessId() -> u32 {
    std::process::id()
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentThreadId() -> u32 {
    rustix::thread::gettid().as_raw_pid() as u32
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentProcess() -> Handle {
    Handle::INVALID
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentThread() -> Handle {
    Handle::CURRENT_THREAD
}
