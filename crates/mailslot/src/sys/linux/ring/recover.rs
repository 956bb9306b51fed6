//! Recovering a ring after the holder of its lock died.

use super::layout::{Word, record_size};
use super::read::Damaged;
use super::write::Locked;
use crate::sync::Ordering::{Acquire, Relaxed};

/// Brings the writers' line up to date. The holder died before a commit (then nothing is to be done), after it but
/// before the accounting (then the record counts), or in a rewind (then it is finished). It may have rung the bell
/// without noting that.
///
/// May be called any number of times, and may itself be interrupted at any instant.
pub(crate) fn recover(ring: &Locked<'_>) -> Result<(), Damaged> {
    let region = ring.region();
    ring.maybe_rung();
    if let Some(start) = ring.rewind_under_way() {
        if start % region.capacity() != 0 {
            return Err(Damaged);
        }
        ring.finish_rewind(start);
    }
    let tail = ring.tail();
    let word = region.word(tail).load(Acquire);
    if word != 0 {
        let Word { len, .. } = Word::decode(word, tail).ok_or(Damaged)?;
        let size = record_size(u64::from(len));
        if size > region.room() {
            return Err(Damaged);
        }
        let number = region.word(tail.wrapping_add(16)).load(Relaxed) >> 32;
        ring.account_after_death(tail.wrapping_add(size), len, number as u32);
    }
    Ok(())
}
