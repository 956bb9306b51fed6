//! Threads of a writer of another user that share a connection.
#![allow(clippy::unwrap_used)]
mod common;

use common::{Part, is_root, name, part, watchdog};
use mailslot::{Access, Inheritance, Mailslot, MailslotWriter, Timeout};

const THREADS: u8 = 4;
const MESSAGES: u32 = 3000;

#[test]
fn plays_its_part() {
    match part().as_deref().and_then(|part| part.split_once(' ')) {
        None => {}
        Some(("threads", slot)) => write_in_threads(&MailslotWriter::open(slot).unwrap()),
        Some(("fork", slot)) => fork_while_a_thread_waits(slot),
        other => panic!("{other:?}"),
    }
}

fn write_in_threads(writer: &MailslotWriter) {
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            threads.spawn(move || {
                for number in 0..MESSAGES {
                    let message = [&[thread], &number.to_le_bytes()[..]].concat();
                    writer.write_within(&message, Timeout::Forever).unwrap();
                }
            });
        }
    });
}

/// A slot that several processes may read closes connections all the time. Whichever thread of the writer reconnects,
/// the messages of each thread arrive in order, and all of them.
#[test]
fn threads_whose_connection_is_handed_back_keep_their_order() {
    let _watchdog = watchdog();
    if !is_root("threads_whose_connection_is_handed_back_keep_their_order") {
        return;
    }
    for inheritance in [Inheritance::Private, Inheritance::Inherited] {
        let slot = Mailslot::options().access(Access::Everyone).inheritance(inheritance).create(name()).unwrap();
        let writer = Part::start_as(65534, &format!("threads {}", slot.name()));
        let mut next = [0; THREADS as usize];
        for _ in 0..u32::from(THREADS) * MESSAGES {
            let message = slot.receive().unwrap().data;
            let (thread, number) = (message[0], u32::from_le_bytes(message[1..].try_into().unwrap()));
            assert_eq!(number, next[usize::from(thread)], "thread {thread}, {inheritance:?}");
            next[usize::from(thread)] += 1;
        }
        writer.finish();
        assert!(slot.try_receive().unwrap().is_none());
    }
}

/// A child of the writer's process continues although another thread of its parent was waiting for room.
#[test]
fn forked_writer_calls_again() {
    let _watchdog = watchdog();
    if !is_root("forked_writer_calls_again") {
        return;
    }
    let slot = Mailslot::options().access(Access::Everyone).create(name()).unwrap();
    let go = Mailslot::options().access(Access::Everyone).create(format!("{}-go", slot.name())).unwrap();
    let writer = Part::start_as(65534, &format!("fork {}", slot.name()));
    assert_eq!(go.receive().unwrap().data, b"forked");
    // As if the slot were passed on: from now on its connections are closed after use.
    slot.share();
    let mut expected = vec![b"child".to_vec(), b"thread".to_vec()];
    while !expected.is_empty() {
        let message = slot.receive().unwrap().data;
        expected.retain(|other| *other != message);
    }
    writer.finish();
}

fn fork_while_a_thread_waits(slot: &str) {
    let [writer, go] = [slot.to_owned(), format!("{slot}-go")].map(|slot| MailslotWriter::open(slot).unwrap());
    while writer.write(&[0; 10_000]).is_ok() {}
    let (number, tid) = std::sync::mpsc::channel();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            number.send(rustix::thread::gettid().as_raw_pid()).unwrap();
            writer.write_within(b"thread", Timeout::Forever).unwrap();
        });
        let stat = format!("/proc/self/task/{}/stat", tid.recv().unwrap());
        while !std::fs::read_to_string(&stat).unwrap().rsplit(')').next().unwrap().starts_with(" S") {
            std::thread::yield_now();
        }
        // SAFETY: the child writes, which takes no lock of its parent, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let written = go.write(b"forked").and_then(|()| writer.write_within(b"child", Timeout::Forever));
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(written.is_err())) };
        }
        let mut status = 0;
        // SAFETY: our own child, for which nothing has waited yet.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    });
}
