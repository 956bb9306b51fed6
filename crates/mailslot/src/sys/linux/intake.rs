//! Taking messages from the door into the ring.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::door::{self, Appended, Intake};
use super::preface;
use super::queue::Queue;
use super::ring::layout::Stamp;
use super::ring::region::Region;
use super::ring::write::Room;
use super::server::Server;
use crate::error::Error;
use crate::memory;
use crate::message::Message;
use crate::sync::Ordering::Relaxed;

/// How long readers wait for a writer that holds the lock. A writer that holds it for longer was stopped, or copies a
/// very large message.
pub(crate) const READERS_PATIENCE: Duration = Duration::from_millis(10);

/// The ring of a slot as seen from its door.
#[derive(Clone, Copy)]
pub(crate) struct RingIntake<'a>(pub(super) &'a Server);

impl<'a> RingIntake<'a> {
    pub(crate) fn queue(self) -> &'a Queue {
        &self.0.queue
    }

    /// Accepts strangers and takes their messages into the ring. Returns whether there were any.
    pub(crate) fn take_in(&self) -> bool {
        self.0.entrance.take_in(self, self.queue().is_shared())
    }

    /// Like `take_in`, unless that was done a moment ago.
    pub(crate) fn take_in_if_due(&self) {
        if self.0.entrance.is_due() {
            self.take_in();
        }
    }

    fn used(&self) -> u64 {
        let header = self.queue().header();
        let used = header.writers.tail.load(Relaxed).wrapping_sub(header.reader.head.load(Relaxed));
        // The reader may be past a record that its writer committed but, being killed, did not count.
        used.cast_signed().max(0).cast_unsigned()
    }
}

impl Intake for RingIntake<'_> {
    fn append(&self, stamp: Stamp, preface: &[u8], message: &[u8]) -> Appended {
        // If the lock is not free in time, the message is held, and nobody waits for it.
        let Ok(locked) = self.queue().lock(READERS_PATIENCE) else { return Appended::NotNow };
        let bell = || Ok(self.others_wait().then(|| self.0.entrance.bell()));
        let ring = || self.0.ownership.open_ring();
        let fill = |region: &Region, room: Room| region.copy_in(room.payload(), message);
        let appended = match preface {
            [] => locked.append(|| stamp, message.len(), bell, ring, fill),
            preface => locked.append_prefaced(stamp, preface, message, bell, ring),
        };
        match appended {
            Ok(end) => Appended::Until(end),
            Err(Error::TooLarge { .. }) => Appended::TooLarge,
            Err(_) => Appended::NotNow,
        }
    }

    fn fits(&self, record: u64) -> bool {
        // A record that fits into no ring finds room in an empty one, and is refused there.
        let most = self.queue().region().room();
        self.queue().drops_oldest() || self.used().saturating_add(record.min(most)) <= most
    }

    fn room(&self) -> u64 {
        let used = if self.queue().drops_oldest() { 0 } else { self.used() };
        (self.queue().region().capacity() / 2).saturating_sub(used)
    }

    fn head(&self) -> u64 {
        self.queue().header().reader.head.load(Relaxed)
    }

    fn max_message(&self) -> usize {
        self.queue().max_message()
    }

    fn network(&self) -> bool {
        self.queue().network()
    }

    fn missed(&self, count: u32) {
        if self.0.ownership.is_tap() {
            self.queue().header().space.missed.fetch_add(count.into(), Relaxed);
        }
    }

    fn others_wait(&self) -> bool {
        self.queue().is_shared() || self.0.entrance.is_polled() || self.0.reading.sleepers.load(Ordering::SeqCst) > 0
    }

    fn wake_sleepers(&self) {
        if self.0.reading.sleepers.load(Ordering::SeqCst) > 0
            && let Ok(locked) = self.queue().lock(READERS_PATIENCE)
        {
            // Without memory they sleep until the next message of a friend, or until their timeout.
            let _ = locked.wake_reader(|| Ok(Some(self.0.entrance.bell())));
        }
    }

    fn turn_away(&self, users: impl Iterator<Item = u32>) {
        let users: Vec<u32> = users.collect();
        if let Ok(Some(slot)) = self.0.ownership.open_directory() {
            door::turn_away(slot.dir.as_fd(), self.0.entrance.access(), &users);
        }
    }
}

/// Passes messages from the door of a slot that closes, bypassing its ring, to the function that takes its last
/// messages.
pub(crate) struct Rest<'a, F> {
    intake: RingIntake<'a>,
    take: RefCell<F>,
}

impl<'a, F: FnMut(Message)> Rest<'a, F> {
    pub(crate) fn new(intake: RingIntake<'a>, take: F) -> Rest<'a, F> {
        Rest { intake, take: RefCell::new(take) }
    }
}

impl<F: FnMut(Message)> Intake for Rest<'_, F> {
    fn append(&self, stamp: Stamp, preface: &[u8], message: &[u8]) -> Appended {
        if message.len() > self.max_message() {
            return Appended::TooLarge;
        }
        let envelope = preface::envelope(Some(preface).filter(|preface| !preface.is_empty()), stamp);
        let Ok(message) = memory::joined(&[message]) else { return Appended::NoMemory(message.len()) };
        (self.take.borrow_mut())(envelope.around(message));
        Appended::Until(self.head())
    }

    fn fits(&self, _record: u64) -> bool {
        true
    }

    fn room(&self) -> u64 {
        u64::MAX
    }

    fn head(&self) -> u64 {
        self.intake.head()
    }

    fn max_message(&self) -> usize {
        self.intake.max_message()
    }

    fn network(&self) -> bool {
        self.intake.network()
    }

    fn missed(&self, count: u32) {
        self.intake.missed(count);
    }

    fn others_wait(&self) -> bool {
        false
    }

    fn wake_sleepers(&self) {}

    fn turn_away(&self, users: impl Iterator<Item = u32>) {
        self.intake.turn_away(users);
    }
}
