//! The messages that were written and read in a world.

use core::cell::RefCell;
use std::sync::Arc;

use rustix::world;

use crate::address::Address;
use mailslot_names::SlotName;

/// The one slot of a world.
pub(crate) fn slot_name() -> SlotName {
    match Address::parse_win32(r"\\.\mailslot\waiting") {
        Ok(Address::Local(name)) => name,
        _ => panic!("a local name"),
    }
}

const WRITERS: usize = 4;

/// The messages that writers know to be written, and those that readers have read.
#[derive(Clone)]
pub(super) struct Log {
    entries: Arc<Entries>,
    /// The log of the other member, which gets the same messages.
    beside: Option<Arc<Entries>>,
}

struct Entries {
    of: RefCell<[Entry; WRITERS]>,
    /// Messages that a killed reader may have taken out and not noted.
    lost: usize,
    /// Whether the world checks that no reader sleeps while a message is there.
    is_watched: bool,
}

// SAFETY: all threads of a world run in one thread of the system, and none lets others run while it holds a reference.
unsafe impl Send for Entries {}
// SAFETY: as above.
unsafe impl Sync for Entries {}

#[derive(Clone, Default)]
struct Entry {
    written: u8,
    read: Vec<u8>,
    /// Whether it was killed: one message more may have been written than it noted.
    killed: bool,
}

impl Log {
    pub(super) fn new() -> Log {
        Log::with_lost(0)
    }

    /// The logs of two members of one slot. Each writer notes in both.
    pub(super) fn of_members() -> [Log; 2] {
        let entries = || Arc::new(Entries { of: RefCell::default(), lost: 0, is_watched: false });
        let (one, other) = (entries(), entries());
        [Log { entries: one.clone(), beside: Some(other.clone()) }, Log { entries: other, beside: Some(one) }]
    }

    /// A log with a reader that may be killed between taking a message out and noting it.
    pub(super) fn of_a_mortal_reader() -> Log {
        Log::with_lost(1)
    }

    fn with_lost(lost: usize) -> Log {
        Log { entries: Arc::new(Entries { of: RefCell::default(), lost, is_watched: true }), beside: None }
    }

    /// Notes that message `number` of this writer was accepted.
    pub(super) fn wrote(&self, writer: u8, number: u8) {
        for entries in self.all() {
            let entry = &mut entries.of.borrow_mut()[usize::from(writer)];
            assert_eq!(entry.written, number);
            entry.written += 1;
        }
        self.tell_world();
    }

    /// A message may be read before its write returns.
    fn tell_world(&self) {
        if !self.entries.is_watched {
            return;
        }
        let unread = |entry: &Entry| usize::from(entry.written).saturating_sub(entry.read.len());
        world::unread(self.entries.of.borrow().iter().map(unread).sum::<usize>().saturating_sub(self.entries.lost));
    }

    pub(super) fn was_killed(&self, writer: u8) {
        self.all().for_each(|entries| entries.of.borrow_mut()[usize::from(writer)].killed = true);
    }

    fn all(&self) -> impl Iterator<Item = &Entries> {
        [Some(&*self.entries), self.beside.as_deref()].into_iter().flatten()
    }

    pub(super) fn read(&self, message: &[u8]) {
        let [writer, number, ..] = *message else { panic!("{message:?}") };
        assert!(message[2..].iter().all(|byte| *byte == number), "half a message: {message:?}");
        self.entries.of.borrow_mut()[usize::from(writer)].read.push(number);
        self.tell_world();
    }

    /// Checks that each accepted message was read once.
    pub(super) fn check(&self) {
        self.check_but(self.entries.lost);
    }

    /// The same, except for `lost` messages that are known to be lost.
    pub(super) fn check_but(&self, lost: usize) {
        let mut missing = 0;
        for (writer, entry) in self.entries.of.borrow().iter().enumerate() {
            let mut read = entry.read.clone();
            // Two readers may note messages in another order than they read them.
            read.sort_unstable();
            assert!(read.is_sorted_by(|one, next| one < next), "twice: of writer {writer}, {read:?}");
            let most = entry.written + u8::from(entry.killed);
            assert!(read.iter().all(|number| *number < most), "of writer {writer}, {read:?} of {most}");
            missing += (0..entry.written).filter(|number| !read.contains(number)).count();
        }
        assert!(missing <= lost, "{missing} messages are lost: {}", world::describe());
    }

    /// Checks the order, with one reader.
    pub(super) fn check_order(&self) {
        for (writer, entry) in self.entries.of.borrow().iter().enumerate() {
            assert!(entry.read.is_sorted(), "of writer {writer}: {:?}", entry.read);
        }
    }
}
