//! The users of an entry of the table, and which of them drops its contents in the end.
//!
//! There are two kinds of users.
//!
//! - **Counted** users add themselves to a count in the entry's word, by a locked instruction, and then check its
//!   state: so an open entry stays while it is used. Any thread may do so. An open handle counts as one of them.
//! - The **owner** is the first thread that read or wrote through a handle of this entry, for ever. Only it writes the
//!   number of its uses, so it needs no locked instruction and no fence. The thread that closes the handle pays for
//!   that, with [`heavy`](barrier::heavy): either the owner sees that the handle is closed, or its use is seen.
//!
//! States of an entry:
//!
//! - *open*: the handle is open.
//! - *closing*: the handle is closed, and its object is still in use.
//! - *free*: the entry is empty.
//!
//! A user that leaves a closing entry and finds no other user swaps the word to *emptying*, and drops the contents.
//! Only one user can succeed.

use super::{barrier, thread_pointer};
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence};

const GENERATIONS: u32 = 1 << 13;
const ONE_USER: u64 = 1;
const USERS: u64 = 0xFFFF_FFFF;
const GENERATION: u64 = (GENERATIONS as u64 - 1) << UPPER;
const OPEN: u64 = 1 << 62;
const CLOSING: u64 = 1 << 63;
const EMPTYING: u64 = OPEN | CLOSING;
/// The position of the bits above the users.
const UPPER: u32 = 32;
const NOBODY: u64 = 0;

/// All zeros at first: free, with generation 0, which no handle has, and without an owner.
pub(crate) struct Uses {
    /// Counted users in the lower half, then the generation; the two highest bits are the state.
    pub(super) word: AtomicU64,
    /// The [`thread_pointer`] of the owner. A thread that ended leaves it to the one that gets its thread pointer.
    pub(super) owner: AtomicU64,
    /// How many uses of the owner are in progress: more than one if a signal handler interrupts one. Only the owner
    /// writes it.
    pub(super) busy: AtomicU32,
    /// The value of the handle plus the owner's [`Way`] while it is open; otherwise 0.
    pub(super) open_as: AtomicU32,
}

/// How the owner of an entry may use its contents without checking what they are. Fits in the two bits of a handle that
/// have no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// 0, because a comparison without an addition is one instruction less.
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

    /// Opens a free entry, which was filled, with a handle of this generation and `value`. Other threads may be counted
    /// already.
    pub(crate) fn open(&self, generation: u32, value: u32, way: Way) {
        let change = |word: u64| Some(((word & USERS) + ONE_USER) | (u64::from(generation) << UPPER) | OPEN);
        // Release: `count` sees the contents of the entry. The closure never fails.
        let _ = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, change);
        // Release: `enter` sees them as well.
        self.open_as.store(value | way as u32, Ordering::Release);
    }

    /// Whether a handle of this generation is open, as far as this thread knows.
    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        ((self.word.load(Ordering::Relaxed) & GENERATION) >> UPPER) as u32
    }

    /// Counts one more user, and returns whether a handle of this generation is open. In either case
    /// [`uncount`](Uses::uncount) must follow.
    #[inline]
    pub(crate) fn count(&self, generation: u32) -> bool {
        // Acquire: pairs with the release in `open`.
        let word = self.word.fetch_add(ONE_USER, Ordering::Acquire);
        (word >> UPPER) as u32 == (OPEN >> UPPER) as u32 | generation
    }

    /// Uncounts a user. Returns whether the entry may have to be emptied: then call
    /// [`begin_emptying`](Uses::begin_emptying).
    #[inline]
    #[must_use]
    pub(crate) fn uncount(&self) -> bool {
        // Release: uses of the object come before its drop. As a signed number, the word of a closed handle is
        // negative, so the flags of the subtraction suffice for the comparison.
        self.word.fetch_sub(ONE_USER, Ordering::Release).cast_signed() <= 0
    }

    /// Makes `thread`, which is a counted user, the owner if there is none.
    pub(crate) fn give(&self, thread: u64) {
        if self.owner.load(Ordering::Relaxed) == NOBODY
            && thread != thread_pointer::UNKNOWN
            && barrier::register()
            && self.owner.compare_exchange(NOBODY, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            // Partner: the fence in `retire`. Either that sees the owner, or the owner's first `enter` sees that the
            // handle is closed.
            fence(Ordering::SeqCst);
        }
    }

    #[inline]
    pub(crate) fn is_owner(&self, thread: u64) -> bool {
        self.owner.load(Ordering::Relaxed) == thread
    }

    /// For the owner alone: begins a use, and returns whether the handle with this value is open and may be used in
    /// this way. In either case [`leave`](Uses::leave) must follow.
    #[inline]
    pub(crate) fn enter(&self, value: u32, way: Way) -> bool {
        // Need not be one instruction: a signal handler that interrupts it restores the previous value.
        self.busy.store(self.busy.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        // Partner: `heavy` in `retire`. Either `begin_emptying` sees the store above, or this sees that the handle is
        // closed.
        barrier::light();
        // Acquire: pairs with the release in `open`.
        self.open_as.load(Ordering::Acquire).wrapping_sub(value) == way as u32
    }

    /// For the owner alone: ends a use. Returns whether the entry may have to be emptied, as [`uncount`](Uses::uncount)
    /// does.
    #[inline]
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        // Release: uses of the object come before its drop.
        self.busy.store(self.busy.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Release);
        // Partner: as in `enter`. Either `begin_emptying` sees the store above, or this sees that the handle is closed.
        barrier::light();
        self.open_as.load(Ordering::Relaxed) == 0
    }

    /// Closes a handle of this generation. Returns whether this call closed it; then call [`retire`](Uses::retire).
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

    /// Uncounts the handle that was closed. Returns whether the entry may have to be emptied, as
    /// [`uncount`](Uses::uncount) does.
    #[must_use]
    pub(crate) fn retire(&self) -> bool {
        // Partner: the fence in `give`.
        fence(Ordering::SeqCst);
        // Partner: `light` in `enter` and in `leave`. If the system refuses this, a use by the owner cannot be ruled
        // out, so the object stays for ever.
        if self.owner.load(Ordering::Relaxed) != NOBODY && !barrier::heavy() {
            return false;
        }
        self.uncount()
    }

    /// Returns whether a closing entry has no users, and the caller must empty it, and then call
    /// [`emptied`](Uses::emptied).
    pub(crate) fn begin_emptying(&self) -> bool {
        // Partner: this fence in another thread. Of two users that leave at once, one by `word` and the other by
        // `busy`, at least one sees that both have left.
        fence(Ordering::SeqCst);
        let word = self.word.load(Ordering::Relaxed);
        // Acquire: pairs with the release in `leave`. No use by an owner that saw the handle open can be missed here:
        // until `retire`, the handle counts as a user.
        if word & USERS != 0 || word & EMPTYING != CLOSING || self.busy.load(Ordering::Acquire) != 0 {
            return false;
        }
        // Acquire: pairs with the releases of all former counted users. If a thread is counted at this moment, it will
        // be the last user and come here.
        self.word.compare_exchange(word, word | EMPTYING, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// The entry is free.
    pub(crate) fn emptied(&self) {
        self.word.fetch_and(!EMPTYING, Ordering::Release);
    }
}
