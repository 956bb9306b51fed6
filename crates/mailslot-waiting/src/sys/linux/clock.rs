//! The clock that limits how often something is done: between two looks a moment may have passed, or not.

/// As for processors without a counter.
pub(crate) const MOMENT: u64 = 20_000;

pub(crate) fn ticks() -> u64 {
    rustix::world::ticks(MOMENT)
}
