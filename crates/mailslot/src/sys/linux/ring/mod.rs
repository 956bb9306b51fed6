//! The queue of a slot, in memory that the owner and its friends share.
//!
//! One ring of bytes, a power of two long, addressed by *positions* that only ever grow; a position's place
//! is its remainder. Records follow one another without gaps ([`layout::Word`] describes one). Three rules
//! make the protocol:
//!
//! 1. Writers take turns under one robust lock. Everything on the writers' line of the header belongs to the
//!    holder of that lock.
//! 2. A record becomes visible by one release-store of its first word. Before that store, the writer has
//!    cleared the first word of the record that will come next, so whoever reads the ring finds either a
//!    committed record or zero, never old bytes.
//! 3. Only the reader moves `head`, and only it decides to start over at the beginning of the memory
//!    ([`write::Locked::rewind`]), holding the lock, when nothing is queued. In a ring that drops its oldest records ([`layout::DROPS_OLDEST`]) the holder
//!    of the lock is the reader, whoever it is.
//!
//! A writer killed at any instant therefore leaves a whole message or none; the next holder of the lock puts
//! the writers' line right ([`recover`]). Nothing here makes a system call: sleeping, waking and growing
//! belong to the modules around it, which is what lets the crate `mailslot-model` run this code under loom as it is.

pub(crate) mod layout;
pub(crate) mod read;
pub(crate) mod recover;
pub(crate) mod region;
#[cfg(all(test, not(loom)))]
mod tests;
pub(crate) mod write;
