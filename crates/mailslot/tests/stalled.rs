//! A writer that is stopped in the middle of a write to a slot whose reads take the lock: reads wait as for a message.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use common::{Part, name, watchdog};
use mailslot::{Error, Inheritance, Mailslot, MailslotWriter, Timeout, WhenFull};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

const SHORT: Duration = Duration::from_millis(3);

#[test]
fn plays_its_part() {
    let Some(slot) = common::part() else { return };
    let writer = MailslotWriter::open(slot).unwrap();
    writer.write(b"first").unwrap();
    let stop = |bytes: &mut [u8]| {
        bytes.copy_from_slice(b"second");
        // The signal goes to this thread, which stops before the call returns.
        // SAFETY: the only argument is the signal number.
        assert_eq!(unsafe { libc::raise(libc::SIGSTOP) }, 0);
    };
    writer.write_in_place(6, stop).unwrap();
}

/// A process that is stopped while it holds the lock of the slot.
struct Stopped(Part);

impl Stopped {
    fn at(slot: &Mailslot) -> Stopped {
        let part = Part::start(slot.name().as_str());
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", part.id())).unwrap();
        while !state().rsplit(") ").next().unwrap().starts_with('T') {
            std::thread::yield_now();
        }
        Stopped(part)
    }

    /// Continues or kills it. Returns what its second write adds.
    fn end(self, is_killed: bool) -> Option<&'static [u8]> {
        if is_killed {
            drop(self.0);
            return None;
        }
        kill_process(Pid::from_raw(self.0.id() as i32).unwrap(), Signal::CONT).unwrap();
        self.0.finish();
        Some(b"second")
    }
}

/// Slots of every kind whose reads take the lock.
fn slots() -> [Mailslot; 4] {
    let shared = Mailslot::create(name()).unwrap();
    let _ = shared.share();
    let slot = |when_full, inheritance| {
        Mailslot::options().capacity(4096).when_full(when_full).inheritance(inheritance).create(name()).unwrap()
    };
    [
        shared,
        slot(WhenFull::Refuse, Inheritance::Inherited),
        slot(WhenFull::DropOldest, Inheritance::Private),
        slot(WhenFull::DropOldest, Inheritance::Inherited),
    ]
}

type Read = fn(&Mailslot, Timeout) -> mailslot::Result<Vec<u8>>;

/// Every way to read one message.
const READS: [Read; 6] = [
    |slot, timeout| slot.receive_within(timeout).map(|message| message.data),
    |slot, timeout| {
        let mut buffer = [0; 10];
        slot.read_within(&mut buffer, timeout).map(|size| buffer[..size].to_vec())
    },
    |slot, timeout| {
        let mut buffer = [0; 10];
        slot.read_with_envelope_within(&mut buffer, timeout).map(|(size, _)| buffer[..size].to_vec())
    },
    |slot, timeout| slot.read_in_place_within(timeout, |bytes, _| bytes.to_vec()),
    |slot, timeout| {
        let mut read = Vec::new();
        slot.read_batch_in_place_within(1, timeout, |bytes, _| read.extend_from_slice(bytes)).map(|_| read)
    },
    |slot, timeout| {
        let mut messages = Vec::new();
        slot.receive_batch_within(&mut messages, 1, timeout).map(|_| messages.remove(0).data)
    },
];

#[test]
fn a_read_waits_as_long_as_it_would_for_a_message() {
    let _watchdog = watchdog();
    for slot in slots() {
        for (number, read) in READS.into_iter().enumerate() {
            let stopped = Stopped::at(&slot);
            for timeout in [Timeout::Zero, SHORT.into()] {
                let begun = Instant::now();
                let seen = read(&slot, timeout);
                assert!(matches!(seen, Err(Error::TimedOut)), "{seen:?}");
                assert!(timeout == Timeout::Zero || begun.elapsed() >= SHORT);
            }
            assert_eq!(slot.peek().unwrap(), None);
            let second = std::thread::scope(|scope| {
                let reading = scope.spawn(|| read(&slot, Timeout::Forever).unwrap());
                let second = stopped.end(number % 2 == 0);
                assert_eq!(reading.join().unwrap(), b"first");
                second
            });
            assert_eq!(slot.try_receive().unwrap().map(|message| message.data).as_deref(), second);
        }
    }
}

#[test]
fn who_polls_is_woken_for_what_could_not_be_read() {
    let _watchdog = watchdog();
    for slot in slots() {
        for is_killed in [false, true] {
            let stopped = Stopped::at(&slot);
            let wait = || poll(&mut [PollFd::new(&slot.as_fd(), PollFlags::IN)], None).unwrap();
            wait();
            assert!(slot.try_receive().unwrap().is_none());
            let mut expected = vec![b"first".to_vec()];
            expected.extend(stopped.end(is_killed).map(<[u8]>::to_vec));
            let mut read = Vec::new();
            while read.len() < expected.len() {
                wait();
                read.extend(slot.try_receive().unwrap().map(|message| message.data));
            }
            assert_eq!(read, expected);
        }
    }
}

#[test]
fn reads_that_are_aborted_end() {
    let _watchdog = watchdog();
    for slot in slots() {
        let _stopped = Stopped::at(&slot);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| slot.receive_within(Timeout::Forever));
            slot.abort_reads();
            assert!(matches!(reading.join().unwrap(), Err(Error::Closed)));
        });
    }
}

#[test]
fn a_write_that_waits_does_so_as_for_room() {
    let _watchdog = watchdog();
    for slot in slots() {
        for is_killed in [false, true] {
            let writer = MailslotWriter::open(slot.name()).unwrap();
            let stopped = Stopped::at(&slot);
            assert!(matches!(writer.write_within(b"x", SHORT), Err(Error::TimedOut)));
            assert!(matches!(writer.write_batch_within(&["x"; 3], SHORT), Err(Error::TimedOut)));
            assert!(matches!(writer.write_in_place_within(3, SHORT, |_| ()), Err(Error::TimedOut)));
            let mut expected = vec![b"first".to_vec()];
            std::thread::scope(|scope| {
                let writing = scope.spawn(|| writer.write_within(b"third", Timeout::Forever).unwrap());
                expected.extend(stopped.end(is_killed).map(<[u8]>::to_vec));
                writing.join().unwrap();
            });
            expected.push(b"third".to_vec());
            let read: Vec<_> = std::iter::from_fn(|| slot.try_receive().unwrap()).map(|message| message.data).collect();
            assert_eq!(read, expected);
        }
    }
}
