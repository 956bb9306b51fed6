//! What was written and read in a world.

use core::cell::RefCell;
use std::sync::Arc;

use rustix::world;

use crate::name::{Address, SlotName};

/// The one slot of a world.
pub(crate) fn slot_name() -> SlotName {
    match Address::parse_win32(r"\\.\mailslot\waiting") {
        Ok(Address::Local(name)) => name,
        _ => panic!("a local name"),
    }
}

const WRITERS: usize = 4;

/// What the writers know to be written, and what readers have read.
#[derive(Clone)]
pub(super) struct Log(Arc<Entries>);

struct Entries(RefCell<[Entry; WRITERS]>);

// SAFETY: all threads of a world run on one of the system's, and nobody lets others go on while it holds a reference.
unsafe impl Send for Entries {}
// SAFETY: as above.
unsafe impl Sync for Entries {}

#[derive(Clone, Default)]
struct Entry {
    written: u8,
    read: Vec<u8>,
    /// Whether it was killed, so that one more may be there than it knows.
    killed: bool,
}

impl Log {
    pub(super) fn new() -> Log {
        Log(Arc::new(Entries(RefCell::new(Default::default()))))
    }

    /// Message `number` of this writer was accepted.
    pub(super) fn wrote(&self, writer: u8, number: u8) {
        {
            let entry = &mut self.0.0.borrow_mut()[usize::from(writer)];
            assert_eq!(entry.written, number);
            entry.written += 1;
        }
        self.tell_world();
    }

    /// It may have been read before its writer was told.
    fn tell_world(&self) {
        let unread = |entry: &Entry| usize::from(entry.written).saturating_sub(entry.read.len());
        world::unread(self.0.0.borrow().iter().map(unread).sum());
    }

    pub(super) fn was_killed(&self, writer: u8) {
        self.0.0.borrow_mut()[usize::from(writer)].killed = true;
    }

    pub(super) fn read(&self, message: &[u8]) {
        let [writer, number, ..] = *message else { panic!("{message:?}") };
        assert!(message[2..].iter().all(|byte| *byte == number), "half a message: {message:?}");
        self.0.0.borrow_mut()[usize::from(writer)].read.push(number);
        self.tell_world();
    }

    /// Everything that was accepted has been read, once.
    pub(super) fn check(&self) {
        for (writer, entry) in self.0.0.borrow().iter().enumerate() {
            let mut read = entry.read.clone();
            // Two readers may have noted what they read in another order than they read it.
            read.sort_unstable();
            let count = entry.written + u8::from(entry.killed && read.len() > usize::from(entry.written));
            assert_eq!(read, (0..count).collect::<Vec<_>>(), "of writer {writer}, which knows of {}", entry.written);
        }
    }

    /// With one reader: in order.
    pub(super) fn check_order(&self) {
        for (writer, entry) in self.0.0.borrow().iter().enumerate() {
            assert!(entry.read.is_sorted(), "of writer {writer}: {:?}", entry.read);
        }
    }
}
