//! The clock by which the engine limits how often it does something: between two calls a moment may have passed, or
//! not.

/// The value for processors without a counter.
pub(crate) const MOMENT: u64 = 20_000;

pub(crate) fn ticks() -> u64 {
    rustix::world::ticks(MOMENT)
}
