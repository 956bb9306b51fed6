//! The readers.

use std::os::fd::AsFd;

use rustix::event::{EdgeTriggered, PollFd, PollFlags, Timespec, poll};
use rustix::task::block_on;
use rustix::world::{self, Handle};

use super::OWNER;
use super::mail::Log;
use super::writers::is_last;
use crate::asynchronous::AsyncMailslot;
use crate::error::Error;
use crate::mailslot::Mailslot;
use crate::message::Message;
use crate::options::Timeout;

/// How a reader waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In a read.
    Blocking,
    /// In `poll`, when there was no message.
    Level,
    /// In an edge-triggered `epoll`, when there was no message.
    Edge,
    /// In a task.
    Task,
}

/// The most successive wake-ups without a message. Each ring of the bell or packet may cause one.
const FOR_NOTHING: u32 = 40;

/// Begins a reader, which ends with the last message.
pub(super) fn begin(slot: &Mailslot, kind: Kind, log: &Log) -> Handle<()> {
    let (slot, log) = (slot.clone(), log.clone());
    world::spawn(OWNER, move || run(&slot, kind, &log))
}

/// Reads until the last message.
pub(super) fn run(slot: &Mailslot, kind: Kind, log: &Log) {
    let result = world::reading(|| read(slot, kind, |message| take(log, message)));
    result.expect("nobody aborts it");
}

/// Begins a reader, which ends when reads are aborted.
pub(super) fn begin_until_aborted(slot: &Mailslot, kind: Kind, log: &Log) -> Handle<()> {
    let (slot, log) = (slot.clone(), log.clone());
    world::spawn(OWNER, move || run_until_aborted(&slot, kind, &log))
}

/// Reads until reads are aborted, past the messages that end other readers.
pub(super) fn run_until_aborted(slot: &Mailslot, kind: Kind, log: &Log) {
    let result = read(slot, kind, |message| {
        take(log, message);
        true
    });
    assert!(matches!(result, Err(Error::Closed)), "{result:?}");
}

/// Notes a message. Returns false if it is the last one.
fn take(log: &Log, message: &Message) -> bool {
    world::note(|| format!("reads {:?}", &message.data[..message.data.len().min(2)]));
    let goes_on = !is_last(&message.data);
    if goes_on {
        log.read(&message.data);
    }
    goes_on
}

fn read(slot: &Mailslot, kind: Kind, mut take: impl FnMut(&Message) -> bool) -> Result<(), Error> {
    match kind {
        Kind::Blocking => while take(&slot.receive_within(Timeout::Forever)?) {},
        Kind::Level => look_and_wait(slot, take, || {
            let fd = slot.as_fd();
            poll(&mut [PollFd::new(&fd, PollFlags::IN)], None).expect("it can be polled");
        })?,
        Kind::Edge => {
            let edges = EdgeTriggered::on(slot.as_fd());
            look_and_wait(slot, take, || {
                edges.wait(None);
            })?;
        }
        Kind::Task => {
            let slot = AsyncMailslot::new(slot.clone())?;
            block_on(async {
                while take(&slot.receive().await?) {}
                Ok::<(), Error>(())
            })?;
        }
    }
    Ok(())
}

fn look_and_wait(slot: &Mailslot, mut take: impl FnMut(&Message) -> bool, wait: impl Fn()) -> Result<(), Error> {
    let mut for_nothing = 0;
    loop {
        match slot.try_receive()? {
            Some(message) if take(&message) => for_nothing = 0,
            Some(_) => return Ok(()),
            None => {
                for_nothing += 1;
                // Another reader may be about to clear the wake-up. On a real machine it would run meanwhile.
                std::thread::yield_now();
                assert!(
                    for_nothing < FOR_NOTHING,
                    "it is woken without a message again and again: {}",
                    world::describe()
                );
                world::note(|| "waits".to_owned());
                wait();
            }
        }
    }
}

/// Reads what is there, without waiting.
pub(super) fn read_all(slot: &Mailslot, log: &Log) {
    while let Some(message) = slot.try_receive().expect("no damage") {
        assert!(take(log, &message), "there was a reader for each last message");
    }
}

/// Checks that `poll` does not report an empty slot as ready, or only once for each ring of the bell that is left.
pub(super) fn check_that_it_is_idle(slot: &Mailslot) {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    for _ in 0..3 {
        assert!(slot.try_receive().expect("no damage").is_none());
        let fd = slot.as_fd();
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        if poll(&mut fds, Some(&now)) == Ok(0) {
            return;
        }
    }
    panic!("a slot without messages is ready");
}
