//! Scenarios: one slot, some writers, of whom one may be killed at any step, and readers that wait in every way there is.
//!
//! In each of them, whatever the schedule:
//!
//! - of each writer, what was accepted is read, once, and in the order in which it was written; of one that was killed perhaps
//!   one message more;
//! - no reader sleeps while something is there to be read, unless it looks by itself a moment later;
//! - once nothing is there, what polls the slot is not ready, or not for long;
//! - a read that does not wait finds what was written before.

mod mail;
mod readers;
mod writers;

use rustix::world::{self, Who};

use self::mail::Log;
pub(crate) use self::mail::slot_name;
use self::readers::{Kind, read_all};
use self::writers::{Message, friend, stranger, write_last};
use crate::mailslot::Mailslot;
use crate::options::{Access, MailslotOptions, Timeout};

pub const OWNER: Who = Who { pid: 1, uid: 1000 };

fn slot(access: Access) -> Mailslot {
    let mut options = MailslotOptions::new();
    options.capacity(4096).access(access);
    let server = crate::sys::Server::create(slot_name(), &options).expect("a new slot");
    Mailslot::from_server(server)
}

/// A reader of this kind, two writers of its own user, and a third one that is killed.
fn friends(kind: Kind) {
    let slot = slot(Access::Owner);
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let writers = [friend(1, &log, Message::Short, None), friend(2, &log, Message::Short, None)];
    let killed = friend(3, &log, Message::Short, Some(world::choose(260)));
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    writers::join(killed, &log);
    finish(slot, vec![reader], log, kind);
}

/// A reader of this kind, a friend, and two strangers of whom one is killed.
fn strangers(kind: Kind) {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let writers = [friend(1, &log, Message::Short, None), stranger(2, &log, Message::Short, None)];
    let killed = stranger(3, &log, Message::Short, Some(world::choose(200)));
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    writers::join(killed, &log);
    finish(slot, vec![reader], log, kind);
}

/// Two readers of this kind, a friend that is killed, and strangers whose messages do not all fit.
fn large(kind: Kind) {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let readers = vec![readers::begin(&slot, kind, &log), readers::begin(&slot, kind, &log)];
    let writers = [stranger(1, &log, Message::Large, None), stranger(2, &log, Message::Large, None)];
    let killed = friend(3, &log, Message::Large, Some(world::choose(260)));
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    writers::join(killed, &log);
    finish(slot, readers, log, kind);
}

/// A reader of this kind, a friend that takes its time under the lock, a friend that does not, and a stranger.
fn slow(kind: Kind) {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let writers = [
        friend(1, &log, Message::Slow, None),
        friend(2, &log, Message::Short, None),
        stranger(3, &log, Message::Short, None),
    ];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    finish(slot, vec![reader], log, kind);
}

/// When all writers have ended: the readers have read everything, and end with what tells them to.
fn finish(slot: Mailslot, readers: Vec<world::Handle<()>>, log: Log, kind: Kind) {
    world::settle();
    for _ in &readers {
        write_last();
    }
    readers.into_iter().for_each(|reader| {
        reader.join();
    });
    // What came behind the last message of a friend: a read that does not wait finds it.
    read_all(&slot, &log);
    log.check();
    if kind != Kind::Blocking {
        readers::check_that_it_is_idle(&slot);
    }
}

/// Readers that wait end when they are told to, whatever a writer does meanwhile.
fn aborted(kind: Kind) {
    let slot = slot(Access::Owner);
    let log = Log::new();
    let reader = readers::begin_until_aborted(&slot, kind, &log);
    let writer = friend(1, &log, Message::Short, Some(world::choose(260)));
    let aborting = {
        let slot = slot.clone();
        world::spawn(OWNER, move || slot.abort_reads())
    };
    aborting.join();
    reader.join().expect("nobody kills it");
    writers::join(writer, &log);
    read_all(&slot, &log);
    log.check();
}

/// What a read that does not wait finds of a stranger who was told that his message is written.
fn at_once() {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let writers = [stranger(1, &log, Message::Short, None), friend(2, &log, Message::Short, None)];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    read_all(&slot, &log);
    log.check();
}

macro_rules! scenarios {
    ($($name:ident: $scenario:expr;)*) => {
        $(
            pub fn $name(schedules: usize) {
                world::explore(schedules, OWNER, || $scenario);
            }
        )*
    };
}

scenarios! {
    blocking_reader_of_friends: friends(Kind::Blocking);
    polling_reader_of_friends: friends(Kind::Level);
    edge_triggered_reader_of_friends: friends(Kind::Edge);
    task_that_reads_of_friends: friends(Kind::Task);
    blocking_reader_of_strangers: strangers(Kind::Blocking);
    polling_reader_of_strangers: strangers(Kind::Level);
    edge_triggered_reader_of_strangers: strangers(Kind::Edge);
    task_that_reads_of_strangers: strangers(Kind::Task);
    two_blocking_readers_of_large_messages: large(Kind::Blocking);
    two_polling_readers_of_large_messages: large(Kind::Level);
    edge_triggered_readers_of_large_messages: large(Kind::Edge);
    two_tasks_that_read_large_messages: large(Kind::Task);
    blocking_reader_of_a_slow_writer: slow(Kind::Blocking);
    polling_reader_of_a_slow_writer: slow(Kind::Level);
    edge_triggered_reader_of_a_slow_writer: slow(Kind::Edge);
    task_that_reads_of_a_slow_writer: slow(Kind::Task);
    blocking_reader_that_is_told_to_end: aborted(Kind::Blocking);
    task_that_is_told_to_end: aborted(Kind::Task);
    reader_that_does_not_wait: at_once();
}
