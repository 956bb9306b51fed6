//! Who uses an entry of the table, and who drops what was in it when nobody does any more.
//!
//! There are two kinds of users.
//!
//! - **Counted** ones add themselves to a count in the entry's word, by a locked instruction, and then look at its state: so
//!   an entry that is open cannot go while it is looked at. Everybody may do so. An open handle counts as one of them.
//! - The **owner** is the first thread that read or wrote through a handle of this entry, for ever: so it alone writes the number of its
//!   uses, and neither locks anything nor waits for its stores to be seen. Whoever closes the handle makes up for that, with
//!   [`heavy`](barrier::heavy): either the owner sees that the handle is closed, or its use is seen.
//!
//! States of an entry:
//!
//! - *open*: the handle is open.
//! - *closing*: the handle is closed, and others still use what it stood for.
//! - *free*: nothing is in the entry.
//!
//! Whoever of those who leave a closing entry finds nobody else there, and then swaps the word to *emptying*, drops what was in
//! it: only one can.

use super::{barrier, thread_pointer};
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence};

const GENERATIONS: u32 = 1 << 13;
const ONE_USER: u64 = 1;
const USERS: u64 = 0xFFFF_FFFF;
const GENERATION: u64 = (GENERATIONS as u64 - 1) << UPPER;
const OPEN: u64 = 1 << 62;
const CLOSING: u64 = 1 << 63;
const EMPTYING: u64 = OPEN | CLOSING;
/// What is above the users.
const UPPER: u32 = 32;
const NOBODY: u64 = 0;

/// All zeros at first: free, with generation 0, which no handle has, and without an owner.
pub(crate) struct Uses {
    /// Counted users in the lower half, then the generation; the two highest bits are the state.
    pub(super) word: AtomicU64,
    /// The [`thread_pointer`] of the owner. A thread that ended leaves it to the one that gets its thread pointer.
    pub(super) owner: AtomicU64,
    /// How many uses of the owner last: more than one if a signal handler comes between. Only the owner writes it.
    pub(super) busy: AtomicU32,
    /// Value of the handle while it is open, plus what the owner may do with it; or else 0.
    pub(super) open_as: AtomicU32,
}

/// What the owner of an entry may do with what is in it without looking what that is. Fits in the two bits of a handle that have
/// no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// 0, as comparing with what needs no sum first is an instruction less.
    Read = 0,
    Write = 1,
    Neither = 2,
}

impl Uses {
    /// The generation after that of the last handle, which is never 0. It stays as long as the entry is free.
    pub(crate) fn next_generation(&self) -> u32 {
        let generation = (self.word.load(Ordering::Relaxed) & GENERATION) >> UPPER;
        ((generation as u32 + 1) % GENERATIONS).max(1)
    }

    /// Opens a free entry, which was filled, with a handle of this generation and `value`. Others may look at it already.
    pub(crate) fn open(&self, generation: u32, value: u32, way: Way) {
        let change = |word: u64| Some(((word & USERS) + ONE_USER) | (u64::from(generation) << UPPER) | OPEN);
        // Release: `count` sees what was written into the entry. The closure never refuses.
        let _ = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, change);
        // Release: so does `enter`.
        self.open_as.store(value | way as u32, Ordering::Release);
    }

    /// Whether a handle of this generation is open, as far as this thread knows.
    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        ((self.word.load(Ordering::Relaxed) & GENERATION) >> UPPER) as u32
    }

    /// Counts one more user, and tells whether a handle of this generation is open. In any case [`uncount`](Uses::uncount) must follow.
    #[inline]
    pub(crate) fn count(&self, generation: u32) -> bool {
        // Acquire: pairs with the release in `open`.
        let word = self.word.fetch_add(ONE_USER, Ordering::Acquire);
        (word >> UPPER) as u32 == (OPEN >> UPPER) as u32 | generation
    }

    /// Whether the entry may have to be emptied: the caller is to ask [`begin_emptying`](Uses::begin_emptying).
    #[inline]
    #[must_use]
    pub(crate) fn uncount(&self) -> bool {
        // Release: what was done with the object comes before its end. As a signed number the word of a closed handle is
        // negative; the comparison is one that needs no more than the subtraction.
        self.word.fetch_sub(ONE_USER, Ordering::Release).cast_signed() <= 0
    }

    /// Makes `thread`, which is a counted user, the owner if there is none.
    pub(crate) fn give(&self, thread: u64) {
        if self.owner.load(Ordering::Relaxed) == NOBODY
            && thread != thread_pointer::UNKNOWN
            && barrier::register()
            && self.owner.compare_exchange(NOBODY, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            // Partner: the fence in `retire`. Either that sees the owner, or the owner's first `enter` that the handle is closed.
            fence(Ordering::SeqCst);
        }
    }

    #[inline]
    pub(crate) fn is_owner(&self, thread: u64) -> bool {
        self.owner.load(Ordering::Relaxed) == thread
    }

    /// For the owner alone: begins a use, and tells whether the handle of this value is open and may be used in this way. In any
    /// case [`leave`](Uses::leave) must follow.
    #[inline]
    pub(crate) fn enter(&self, value: u32, way: Way) -> bool {
        // Not one instruction, nor need it be: a signal handler that comes between puts back what it found.
        self.busy.store(self.busy.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        // Partner: `heavy` in `retire`. Either `begin_emptying` sees the store above, or this sees that the handle is closed.
        barrier::light();
        // Acquire: pairs with the release in `open`.
        self.open_as.load(Ordering::Acquire).wrapping_sub(value) == way as u32
    }

    /// For the owner alone: ends a use. Whether the entry may have to be emptied, as in [`uncount`](Uses::uncount).
    #[inline]
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        // Release: what was done with the object comes before its end.
        self.busy.store(self.busy.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Release);
        // Partner: as in `enter`. Either `begin_emptying` sees the store above, or this sees that the handle is closed.
        barrier::light();
        self.open_as.load(Ordering::Relaxed) == 0
    }

    /// Closes a handle of this generation. Whether it was this call that did, which is then to call [`retire`](Uses::retire).
    #[must_use]
    pub(crate) fn close(&self, generation: u32) -> bool {
        let open = u64::from(generation) << UPPER | OPEN;
        let change = |word: u64| (word & !USERS == open).then_some(word & !OPEN | CLOSING);
        if self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, change).is_err() {
            return false;
        }
        self.open_as.store(0, Ordering::Relaxed);
        true
    }

    /// The handle that was closed is a user no longer. Whether the entry may have to be emptied, as in [`uncount`](Uses::uncount).
    #[must_use]
    pub(crate) fn retire(&self) -> bool {
        // Partner: the fence in `give`.
        fence(Ordering::SeqCst);
        // Partner: `light` in `enter` and in `leave`. Without this nobody knows whether the owner is still there, so what the
        // handle stood for stays for ever.
        if self.owner.load(Ordering::Relaxed) != NOBODY && !barrier::heavy() {
            return false;
        }
        self.uncount()
    }

    /// Whether nobody uses a closing entry any more, and the caller is the one who empties it, and then calls
    /// [`emptied`](Uses::emptied).
    pub(crate) fn begin_emptying(&self) -> bool {
        // Partner: this fence in another thread. Of two who leave at once, one having gone from `word` and the other from
        // `busy`, at least one sees that both have gone.
        fence(Ordering::SeqCst);
        let word = self.word.load(Ordering::Relaxed);
        // Acquire: pairs with the release in `leave`. That the owner is not there now, though it was seen to be open before,
        // was made sure by `retire`: until then the handle is a user.
        if word & USERS != 0 || word & EMPTYING != CLOSING || self.busy.load(Ordering::Acquire) != 0 {
            return false;
        }
        // Acquire: pairs with the releases of all former counted users. If somebody looks at this moment, that look will be the
        // last one and come here.
        self.word.compare_exchange(word, word | EMPTYING, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// The entry is free.
    pub(crate) fn emptied(&self) {
        self.word.fetch_and(!EMPTYING, Ordering::Release);
    }
}
