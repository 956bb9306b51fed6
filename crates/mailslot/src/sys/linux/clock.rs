//! A clock for limiting how often something is done; cheaper than the time of day.

/// Ticks that take some tens of microseconds: 10 to 50 with the processors of this century.
#[cfg(target_arch = "x86_64")]
pub(crate) const MOMENT: u64 = 50_000;
/// Twenty microseconds in nanoseconds.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const MOMENT: u64 = 20_000;

/// A count that grows while time passes.
#[cfg(target_arch = "x86_64")]
pub(crate) fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; it reads a counter and changes nothing.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// A count that grows while time passes.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn ticks() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
