//! The queue of a slot, in memory that the owner and its friends share.
//!
//! One ring of bytes, a power of two long, addressed by *positions* that only ever grow; the place of a position is its
//! remainder. Records follow one another without gaps ([`layout::Word`] describes one). The protocol has three rules:
//!
//! 1. Writers take turns under one robust lock. Everything on the writers' line of the header belongs to the holder of
//!    that lock.
//! 2. A record becomes visible by one release-store of its first word. Before that store, the writer has cleared the
//!    first word of the record that will come next, so a reader finds either a committed record or zero, never old
//!    bytes.
//! 3. Only the reader moves `head`, and only it decides to start over at the beginning of the memory
//!    ([`write::Locked::rewind`]), holding the lock, when nothing is queued. In a ring that drops its oldest records
//!    ([`layout::DROPS_OLDEST`]) every holder of the lock counts as the reader.
//!
//! A writer killed at any instant therefore leaves a whole message or none; the next holder of the lock repairs the
//! writers' line ([`recover`]). Nothing here makes a system call: sleeping, waking and growing belong to the modules
//! around it, so the crate `mailslot-model` can run this code under loom unchanged.

pub(crate) mod layout;
pub(crate) mod read;
pub(crate) mod recover;
pub(crate) mod region;
#[cfg(all(test, not(loom)))]
mod tests;
pub(crate) mod write;
