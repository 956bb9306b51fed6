//! Scenarios: one slot, some writers, one of which may be killed at any step, and readers that wait in every possible
//! way.
//!
//! Each of them checks, whatever the schedule:
//!
//! - Each accepted message is read once, in the order in which its writer wrote; of a killed writer, perhaps one
//!   message more.
//! - No reader sleeps while a message is there, unless its timer wakes it a moment later.
//! - Once the slot is empty, `poll` does not report it as ready, or not for long.
//! - A read that does not wait finds every message that was written before.

mod mail;
mod readers;
mod writers;

use core::time::Duration;

use rustix::world::{self, Who};

use self::mail::Log;
pub(crate) use self::mail::slot_name;
use self::readers::{Kind, read_all};
use self::writers::{Message, friend, stranger, write_last};
use crate::error::Error;
use crate::mailslot::Mailslot;
use crate::options::{Access, MailslotOptions, Sharing, Taps, Timeout, WhenFull};

pub const OWNER: Who = Who { pid: 1, uid: 1000 };

fn slot(access: Access) -> Mailslot {
    let mut options = MailslotOptions::new();
    options.capacity(4096).access(access);
    let server = crate::sys::Server::create(slot_name(), &options).expect("a new slot");
    world::watch(server.watched());
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

/// Two readers of this kind, and two friends.
fn several(kind: Kind) {
    let slot = slot(Access::Owner);
    let log = Log::new();
    let readers = vec![readers::begin(&slot, kind, &log), readers::begin(&slot, kind, &log)];
    let writers = [friend(1, &log, Message::Short, None), friend(2, &log, Message::Short, None)];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    finish(slot, readers, log, kind);
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
    let writers = [stranger(1, &log, Message::Large, None), stranger(2, &log, Message::Huge, None)];
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

/// A reader of this kind, a friend that is killed after it has held the lock for a while, and a stranger.
fn dying(kind: Kind) {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let writers = [friend(1, &log, Message::Dying, None), stranger(2, &log, Message::Single, None)];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    finish(slot, vec![reader], log, kind);
}

/// A reader of this kind whose reads take the lock, a friend that takes its time under it, or is killed there, and one
/// that does not.
fn dropping(kind: Kind) {
    let mut options = MailslotOptions::new();
    options.capacity(4096).when_full(WhenFull::DropOldest);
    let server = crate::sys::Server::create(slot_name(), &options).expect("a new slot");
    let slot = Mailslot::from_server(server);
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let slow = if world::choose(2) == 0 { Message::Slow } else { Message::Dying };
    let writers = [friend(1, &log, Message::Short, None), friend(2, &log, slow, None)];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    finish(slot, vec![reader], log, kind);
}

/// A reader of this kind, a stranger, and another thread of the owner that accepts his connection and does not read.
fn let_in(kind: Kind) {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let stranger = stranger(1, &log, Message::Single, None);
    let looking = slot.clone();
    let looking = world::spawn(OWNER, move || (0..3).try_for_each(|_| looking.info().map(drop)));
    writers::join(stranger, &log);
    looking.join().expect("nobody kills it").expect("no damage");
    finish(slot, vec![reader], log, kind);
}

/// A reader of this kind whose slot returns connections, and a stranger whose threads notice that at the same time.
fn handed_back(kind: Kind) {
    let slot = slot(Access::Everyone);
    // As if it were passed on: other processes may read it.
    let _ = slot.share();
    let log = Log::new();
    let reader = readers::begin(&slot, kind, &log);
    let writers = writers::threads_of_a_stranger([1, 2], &log);
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    finish(slot, vec![reader], log, kind);
}

/// After all writers have ended: checks that the readers have read everything, and ends them by last messages.
fn finish(slot: Mailslot, readers: Vec<world::Handle<()>>, log: Log, kind: Kind) {
    world::settle();
    let alone = readers.len() == 1;
    for _ in &readers {
        write_last();
    }
    readers.into_iter().for_each(|reader| {
        reader.join();
    });
    // A message behind a friend's last one: a read that does not wait finds it.
    read_all(&slot, &log);
    log.check();
    if alone {
        log.check_order();
    }
    if kind != Kind::Blocking {
        readers::check_that_it_is_idle(&slot);
    }
}

/// Begins a process that reads the slot as well, by `act`.
fn shared(slot: &Mailslot, killed: Option<u32>, act: impl FnOnce(Mailslot) + Send + 'static) -> world::Handle<()> {
    const HEIR: Who = Who { pid: 2, ..OWNER };
    let handles = slot.share().as_fds().map(|fd| rustix::io::dup_for(fd, HEIR.pid).expect("open"));
    let act = move || act(Mailslot::from_handles(handles).expect("the slot lives"));
    match killed {
        Some(steps) => world::spawn_mortal(HEIR, steps, act),
        None => world::spawn(HEIR, act),
    }
}

fn member() -> Mailslot {
    let mut options = MailslotOptions::new();
    options.capacity(4096).access(Access::Everyone).sharing(Sharing::Each).taps(Taps::Allowed);
    Mailslot::from_server(crate::sys::Server::create(slot_name(), &options).expect("a new member"))
}

fn tap() -> crate::Result<Mailslot> {
    crate::sys::Server::tap(slot_name(), MailslotOptions::new().capacity(4096)).map(Mailslot::from_server)
}

/// Two members with a reader of this kind each; a third member or a tap, which joins during the writes and is killed; a
/// friend, a friend that is killed, and a stranger.
fn members(kind: Kind) {
    let slots = [member(), member()];
    let logs = Log::of_members();
    let readers: Vec<_> = slots.iter().zip(&logs).map(|(slot, log)| readers::begin(slot, kind, log)).collect();
    let writers = [friend(1, &logs[0], Message::Short, None), stranger(2, &logs[0], Message::Short, None)];
    let killed = friend(3, &logs[0], Message::Short, Some(world::choose(400)));
    let taps = world::choose(2) == 1;
    let third = world::spawn_mortal(Who { pid: 3, ..OWNER }, 100 + world::choose(400), move || {
        let slot = if taps { tap().expect("members live") } else { member() };
        // It may finish before it is due to die.
        while !writers::is_last(&slot.receive_within(Timeout::Forever).expect("no damage").data) {}
    });
    writers.into_iter().for_each(|writer| writers::join(writer, &logs[0]));
    writers::join(killed, &logs[0]);
    world::settle();
    write_last();
    readers.into_iter().for_each(|reader| {
        reader.join();
    });
    third.join();
    for (slot, log) in slots.iter().zip(&logs) {
        read_all(slot, log);
        log.check();
        log.check_order();
    }
}

/// A member with a reader of this kind; a tap of this user that is read, one that is killed, and one that is never
/// read; a friend, a friend that is killed, and a stranger.
fn tapped(kind: Kind, user: u32) {
    let slot = member();
    let [log, seen] = Log::of_members();
    let reader = readers::begin(&slot, kind, &log);
    let tapper = Who { pid: 4, uid: user };
    let tap_of = |who| world::spawn(who, || tap().expect("the slot lives")).join().expect("nobody kills it");
    let tap_that_is_read = tap_of(tapper);
    let unread = tap_of(Who { pid: 5, ..OWNER });
    let reading = {
        let (tap, seen) = (tap_that_is_read.clone(), seen.clone());
        world::spawn(tapper, move || readers::run_until_aborted(&tap, Kind::Blocking, &seen))
    };
    // No other user can end a tap of the superuser: it checks by itself whether its slot lives, too seldom to wait for
    // that.
    let most = if user == OWNER.uid { Timeout::Forever } else { Timeout::After(Duration::from_secs(1)) };
    let mortal = world::spawn_mortal(Who { pid: 6, uid: user }, 100 + world::choose(500), move || {
        let Ok(tap) = tap() else { return };
        while tap.receive_within(most).is_ok() {}
    });
    let writers = [friend(1, &log, Message::Short, None), stranger(2, &log, Message::Short, None)];
    let killed = friend(3, &log, Message::Short, Some(world::choose(500)));
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    writers::join(killed, &log);
    world::settle();
    write_last();
    reader.join();
    log.check();
    log.check_order();
    // It reads what is there before it ends.
    tap_that_is_read.abort_reads();
    reading.join();
    seen.check_but(tap_that_is_read.statistics().lost as usize);
    seen.check_order();
    drop((tap_that_is_read, unread, slot));
    // If it was not killed, it notices that its slot has ended.
    mortal.join();
}

/// A tap notices that its slot has ended, whenever it joined. Without writers: a tap whose lock is held for too long
/// notices by itself.
fn left_tap() {
    let owner = world::spawn(Who { pid: 5, ..OWNER }, || {
        let slot = member();
        let _ = slot.receive_within(Timeout::After(Duration::from_secs(1)));
    });
    let tapping = world::spawn(Who { pid: 6, ..OWNER }, || match tap() {
        Ok(tap) => {
            let end = loop {
                if let Err(error) = tap.receive_within(Timeout::Forever) {
                    break error;
                }
            };
            assert!(matches!(end, Error::Closed), "{end}");
        }
        // The slot did not exist yet, or no longer exists.
        Err(Error::NotFound(_) | Error::Io { .. }) => {}
        Err(error) => panic!("{error}"),
    });
    owner.join();
    tapping.join().expect("nobody kills it");
}

/// Two processes with a reader of this kind, a friend, and strangers.
fn heirs(kind: Kind) {
    let slot = slot(Access::Everyone);
    let log = Log::new();
    let noted = log.clone();
    let readers =
        vec![shared(&slot, None, move |slot| readers::run(&slot, kind, &noted)), readers::begin(&slot, kind, &log)];
    let writers = [
        friend(1, &log, Message::Short, None),
        stranger(2, &log, Message::Short, None),
        stranger(3, &log, Message::Short, Some(world::choose(200))),
    ];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    finish(slot, readers, log, kind);
}

/// Two processes with a reader of this kind, of which one is killed.
fn killed_heir(kind: Kind) {
    let slot = slot(Access::Owner);
    let log = Log::of_a_mortal_reader();
    let noted = log.clone();
    // First: from here on the slot is shared.
    let heir = shared(&slot, Some(world::choose(600)), move |slot| readers::run(&slot, kind, &noted));
    let reader = readers::begin(&slot, kind, &log);
    let writers = [friend(1, &log, Message::Short, None), friend(2, &log, Message::Short, None)];
    writers.into_iter().for_each(|writer| writers::join(writer, &log));
    world::settle();
    let readers = if heir.is_over() { vec![reader] } else { vec![reader, heir] };
    for _ in &readers {
        write_last();
    }
    readers.into_iter().for_each(|reader| {
        reader.join();
    });
    while let Some(message) = slot.try_receive().expect("no damage") {
        // One of the last messages remains if the heir was killed in between.
        if !writers::is_last(&message.data) {
            log.read(&message.data);
        }
    }
    log.check();
}

/// Writers of these users, which soon wait for room, notice that the owner has ended, or was killed.
fn ended_owner(killed: Option<u32>, writers: [u32; 2]) {
    let owner = Who { pid: 5, ..OWNER };
    let act = move || {
        let slot = slot(Access::Everyone);
        // Keeps the slot alive for the writers.
        let _ = slot.receive_within(Timeout::After(Duration::from_secs(1)));
        let _ = slot.try_receive();
    };
    let owner = match killed {
        Some(steps) => world::spawn_mortal(owner, steps, act),
        None => world::spawn(owner, act),
    };
    let [one, other] = writers;
    let writers = [writers::write_until_closed(20, one), writers::write_until_closed(21, other)];
    owner.join();
    writers.into_iter().for_each(|writer| writer.join().expect("nobody kills it"));
}

/// Waiting readers end when reads are aborted, whatever a writer does meanwhile.
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

/// A read that does not wait finds the message of a stranger whose write has returned.
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
    two_blocking_readers_of_friends: several(Kind::Blocking);
    two_tasks_that_read_of_friends: several(Kind::Task);
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
    edge_triggered_reader_of_a_dying_writer: dying(Kind::Edge);
    task_that_reads_of_a_dying_writer: dying(Kind::Task);
    blocking_reader_of_a_slot_that_drops: dropping(Kind::Blocking);
    polling_reader_of_a_slot_that_drops: dropping(Kind::Level);
    edge_triggered_reader_of_a_slot_that_drops: dropping(Kind::Edge);
    task_that_reads_of_a_slot_that_drops: dropping(Kind::Task);
    blocking_reader_whose_strangers_are_let_in: let_in(Kind::Blocking);
    blocking_reader_that_hands_connections_back: handed_back(Kind::Blocking);
    polling_reader_that_hands_connections_back: handed_back(Kind::Level);
    blocking_readers_of_two_processes: heirs(Kind::Blocking);
    polling_readers_of_two_processes: heirs(Kind::Level);
    edge_triggered_readers_of_two_processes: heirs(Kind::Edge);
    tasks_that_read_in_two_processes: heirs(Kind::Task);
    blocking_reader_beside_one_that_is_killed: killed_heir(Kind::Blocking);
    polling_reader_beside_one_that_is_killed: killed_heir(Kind::Level);
    edge_triggered_reader_beside_one_that_is_killed: killed_heir(Kind::Edge);
    task_that_reads_beside_one_that_is_killed: killed_heir(Kind::Task);
    blocking_readers_of_members: members(Kind::Blocking);
    polling_readers_of_members: members(Kind::Level);
    edge_triggered_readers_of_members: members(Kind::Edge);
    tasks_that_read_of_members: members(Kind::Task);
    blocking_reader_of_a_tapped_slot: tapped(Kind::Blocking, OWNER.uid);
    polling_reader_of_a_tapped_slot: tapped(Kind::Level, OWNER.uid);
    task_that_reads_of_a_tapped_slot: tapped(Kind::Task, OWNER.uid);
    reader_of_a_slot_that_the_superuser_taps: tapped(Kind::Blocking, 0);
    tap_whose_slot_ends: left_tap();
    writers_whose_reader_ends: ended_owner(None, [OWNER.uid, 2000]);
    writers_whose_reader_is_killed: ended_owner(Some(100 + world::choose(300)), [OWNER.uid; 2]);
    blocking_reader_that_is_told_to_end: aborted(Kind::Blocking);
    task_that_is_told_to_end: aborted(Kind::Task);
    reader_that_does_not_wait: at_once();
}
