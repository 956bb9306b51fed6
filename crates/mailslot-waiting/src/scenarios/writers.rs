//! The writers.

use std::sync::Arc;
use std::time::Duration;

use rustix::world::{self, Handle, Who};

use super::OWNER;
use super::mail::{Log, slot_name};
use crate::error::Error;
use crate::options::Timeout;
use crate::sys::Client;

/// What a writer writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Short,
    /// A single short one.
    Single,
    /// So large that a ring holds two.
    Large,
    /// So large that it has no room beside a large one.
    Huge,
    /// Copied into the ring within [`TIME`].
    Slow,
    /// Copied into the ring by a writer that is killed after [`TIME`].
    Dying,
}

const MESSAGES: u8 = 3;
/// Longer than readers wait for the lock, and shorter than they wait twice.
const TIME: Duration = Duration::from_millis(15);
/// First byte of a message that ends a reader.
const LAST: u8 = u8::MAX;

/// A running writer.
pub(super) struct Writer {
    number: u8,
    thread: Handle<()>,
}

/// A writer of the owner's user, in its own process, which is killed after this many steps if any.
pub(super) fn friend(number: u8, log: &Log, message: Message, killed: Option<u32>) -> Writer {
    begin(number, OWNER.uid, log, message, killed)
}

pub(super) fn stranger(number: u8, log: &Log, message: Message, killed: Option<u32>) -> Writer {
    begin(number, 2000 + u32::from(number), log, message, killed)
}

fn begin(number: u8, uid: u32, log: &Log, message: Message, killed: Option<u32>) -> Writer {
    let who = Who { pid: 10 + u32::from(number), uid };
    let log = log.clone();
    let act = move || {
        let client = Client::open(&slot_name()).expect("the slot lives");
        let messages = if message == Message::Single { 1 } else { MESSAGES };
        (0..messages).for_each(|count| write(&client, &log, number, count, message));
    };
    let thread = match killed {
        Some(steps) => world::spawn_mortal(who, steps, act),
        None => world::spawn(who, act),
    };
    Writer { number, thread }
}

/// Threads of one process of another user that share one writer, each logged as a writer.
pub(super) fn threads_of_a_stranger(numbers: [u8; 2], log: &Log) -> [Writer; 2] {
    let who = Who { pid: 30, uid: 2030 };
    let client = world::spawn(who, || Client::open(&slot_name()).expect("the slot lives")).join();
    let client = Arc::new(client.expect("nobody kills it"));
    numbers.map(|number| {
        let (client, log) = (client.clone(), log.clone());
        let act = move || (0..MESSAGES).for_each(|count| write(&client, &log, number, count, Message::Short));
        Writer { number, thread: world::spawn(who, act) }
    })
}

fn write(client: &Client, log: &Log, writer: u8, count: u8, message: Message) {
    let bytes = |size| {
        let mut bytes = vec![count; size];
        bytes[0] = writer;
        bytes
    };
    let written = match message {
        Message::Short | Message::Single => client.write(&bytes(10), Timeout::Forever),
        Message::Large => client.write(&bytes(1500), Timeout::Forever),
        Message::Huge => client.write(&bytes(3000), Timeout::Forever),
        Message::Slow => client.write_in_place(10, Timeout::Forever, |place| {
            place.copy_from_slice(&bytes(10));
            std::thread::sleep(TIME);
        }),
        Message::Dying => client.write_in_place(10, Timeout::Forever, |_| {
            std::thread::sleep(TIME);
            world::die();
        }),
    };
    world::note(|| format!("wrote {writer} {count}: {written:?}"));
    match written {
        Ok(()) => log.wrote(writer, count),
        Err(error) => panic!("{error}"),
    }
}

/// Waits until it has ended or was killed.
pub(super) fn join(writer: Writer, log: &Log) {
    if writer.thread.join().is_none() {
        log.was_killed(writer.number);
    }
}

/// Begins a writer that writes and waits for room, until the slot is closed.
pub(super) fn write_until_closed(pid: u32, uid: u32) -> Handle<()> {
    let who = Who { pid, uid };
    world::spawn(who, || {
        let client = match Client::open(&slot_name()) {
            Ok(client) => client,
            // The slot did not exist yet, or no longer exists.
            Err(Error::NotFound(_) | Error::Closed) => return,
            Err(error) => panic!("{error}"),
        };
        loop {
            match client.write(&[0; 1500], Timeout::Forever) {
                Ok(()) => {}
                Err(Error::Closed) => return,
                Err(error) => panic!("{error}"),
            }
        }
    })
}

pub(super) fn is_last(message: &[u8]) -> bool {
    *message == [LAST]
}

/// Writes the message that ends one reader.
pub(super) fn write_last() {
    let who = Who { pid: 99, uid: OWNER.uid };
    let writer = world::spawn(who, || {
        let client = Client::open(&slot_name()).expect("the slot lives");
        client.write(&[LAST], Timeout::Forever).expect("it reads");
        world::note(|| "wrote the last message".to_owned());
    });
    writer.join();
}
