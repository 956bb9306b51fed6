//! The clocks of the system.

/// The time of a clock of the system, in nanoseconds. By the C library, which valgrind can follow.
pub(crate) fn nanoseconds(clock: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local. Callers name clocks that every Linux has on which this library runs.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Nanoseconds of the monotonic clock, which all processes of the machine share.
pub(crate) fn monotonic() -> i64 {
    nanoseconds(libc::CLOCK_MONOTONIC)
}
