//! Time since the machine started, and the identity of the process.

use crate::abi::Handle;

#[unsafe(no_mangle)]
extern "C" fn GetTickCount() -> u32 {
    GetTickCount64() as u32
}

#[unsafe(no_mangle)]
extern "C" fn GetTickCount64() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
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
