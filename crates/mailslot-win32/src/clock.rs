//! The clocks of the system.

/// What a clock of the system shows, in nanoseconds. From the C library, because valgrind follows that one.
pub(crate) fn nanoseconds(clock: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local. The clocks asked for exist on every Linux that this library runs on.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Nanoseconds of the clock that all processes of the machine have, and nobody sets.
pub(crate) fn monotonic() -> i64 {
    nanoseconds(libc::CLOCK_MONOTONIC)
}
