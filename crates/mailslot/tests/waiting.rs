//! A reader that is told that there is nothing is woken by the next message, and is not woken without end for nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::{name, pair, watchdog};
use mailslot::{Access, Error, Inheritance, Mailslot, MailslotWriter, Timeout};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};

/// A descriptor registered with edge-triggered epoll, as async runtimes do.
struct Edges(OwnedFd);

impl Edges {
    fn of(fd: BorrowedFd<'_>) -> Edges {
        let edges = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&edges, fd, epoll::EventData::new_u64(0), flags).unwrap();
        Edges(edges)
    }

    fn wait(&self) {
        let mut events = Vec::with_capacity(1);
        epoll::wait(&self.0, rustix::buffer::spare_capacity(&mut events), None).unwrap();
    }

    /// The next message, waiting for edges only after a look that found nothing.
    fn receive(&self, slot: &Mailslot) -> Vec<u8> {
        loop {
            if let Some(message) = slot.try_receive().unwrap() {
                return message.data;
            }
            self.wait();
        }
    }
}

/// A writer that has rung the bell and does not commit until it is told to.
struct InTheMiddle {
    reached: Receiver<()>,
    go_on: Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

fn begin_to_write(writer: MailslotWriter) -> InTheMiddle {
    let ((reach, reached), (go_on, may_go_on)) = (channel(), channel());
    let thread = std::thread::spawn(move || {
        writer
            .write_in_place(5, |bytes| {
                reach.send(()).unwrap();
                may_go_on.recv().unwrap();
                bytes.copy_from_slice(b"hello");
            })
            .unwrap();
    });
    InTheMiddle { reached, go_on, thread }
}

impl InTheMiddle {
    fn end(self) {
        self.go_on.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

fn is_ready(slot: &Mailslot) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(slot.as_fd(), PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
}

#[test]
fn edge_comes_for_a_message_whose_writer_took_long_after_the_ring() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let edges = Edges::of(slot.as_fd());
    assert!(slot.try_receive().unwrap().is_none());
    let writing = begin_to_write(writer);
    writing.reached.recv().unwrap();
    // The ring has caused an edge, and there is no message yet.
    edges.wait();
    assert!(slot.try_receive().unwrap().is_none());
    writing.end();
    assert_eq!(edges.receive(&slot), b"hello");
}

#[test]
fn descriptor_made_while_somebody_writes_becomes_ready() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let writing = begin_to_write(writer);
    writing.reached.recv().unwrap();
    let edges = Edges::of(slot.as_fd());
    assert!(slot.try_receive().unwrap().is_none());
    writing.end();
    assert_eq!(edges.receive(&slot), b"hello");
}

#[test]
fn slot_that_was_read_to_its_end_is_not_ready() {
    let _watchdog = watchdog();
    for before in 0..3 {
        for after in 0..3 {
            let (slot, writer) = pair();
            (0..before).for_each(|_| writer.write(b"before").unwrap());
            slot.as_fd();
            (0..after).for_each(|_| writer.write(b"after").unwrap());
            assert_eq!(is_ready(&slot), before + after > 0);
            (0..before + after).for_each(|_| drop(slot.receive().unwrap()));
            assert!(slot.try_receive().unwrap().is_none());
            assert!(!is_ready(&slot), "{before} before, {after} after");
            writer.write(b"again").unwrap();
            assert!(is_ready(&slot));
        }
    }
}

#[test]
fn bursts_of_a_stranger_need_no_further_packet() {
    let _watchdog = watchdog();
    for burst in [1, 15, 16, 17, 40, 64, 65, 100, 200] {
        let slot = Mailslot::options().access(Access::Everyone).create(name()).unwrap();
        let edges = Edges::of(slot.as_fd());
        assert!(slot.try_receive().unwrap().is_none());
        let door = call(&slot);
        for _ in 0..20 {
            let sent = std::thread::scope(|scope| {
                scope.spawn(|| (0..burst).for_each(|_| send(&door)));
                (0..burst).map(|_| edges.receive(&slot)).filter(|message| message == b"s").count()
            });
            assert_eq!(sent, burst);
        }
    }
}

#[test]
fn message_of_a_stranger_is_found_at_once() {
    let _watchdog = watchdog();
    let slot = Mailslot::options().access(Access::Everyone).create(name()).unwrap();
    let door = call(&slot);
    for _ in 0..1000 {
        send(&door);
        assert_eq!(slot.receive_within(Timeout::Zero).unwrap().data, b"s");
        assert!(slot.try_receive().unwrap().is_none());
    }
}

#[test]
fn abort_ends_reads_though_somebody_holds_the_lock() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let reader = slot.clone();
    let reading = std::thread::spawn(move || reader.receive_within(Timeout::Forever));
    let writing = begin_to_write(writer);
    writing.reached.recv().unwrap();
    slot.abort_reads();
    // The reader must end although the lock is held.
    assert!(matches!(reading.join().unwrap(), Err(Error::Closed)));
    writing.end();
}

#[test]
fn whoever_begins_to_poll_after_an_abort_learns_of_it() {
    let _watchdog = watchdog();
    for polled_before in [false, true] {
        let slot = Mailslot::create(name()).unwrap();
        if polled_before {
            assert!(!is_ready(&slot));
        }
        slot.abort_reads();
        // Each call gets the descriptor anew.
        assert!((0..3).all(|_| is_ready(&slot)), "polled before: {polled_before}");
    }
}

#[test]
fn info_can_be_asked_while_a_message_is_read_in_place() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    writer.write(b"hello").unwrap();
    let info = slot.read_in_place_within(Timeout::Zero, |_, _| slot.info().unwrap()).unwrap();
    assert_eq!((info.count, info.next_size), (1, Some(5)));
}

/// A connection as made by writers of other users.
fn call(slot: &Mailslot) -> OwnedFd {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
    let folded = slot.name().folded().to_owned();
    let directories = mailslot::slot_directories().unwrap();
    let directory = directories.iter().map(|slots| slots.join(&folded)).find(|slot| slot.exists()).unwrap();
    let connection = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    connect(&connection, &SocketAddrUnix::new(directory.join("door")).unwrap()).unwrap();
    connection
}

fn send(door: &OwnedFd) {
    rustix::net::send(door, &[0, b's'], rustix::net::SendFlags::NOSIGNAL).unwrap();
}

#[test]
fn many_that_come_and_go_at_once_hide_nobody() {
    let _watchdog = watchdog();
    let slot = Mailslot::options().access(Access::Everyone).create(name()).unwrap();
    let edges = Edges::of(slot.as_fd());
    assert!(slot.try_receive().unwrap().is_none());
    for gone in [1, 60, 63, 64, 65, 130, 300] {
        // All were accepted, if possible, and then close at the same moment, while one of them has a message.
        let mut doors: Vec<OwnedFd> = (0..gone).map(|_| call(&slot)).collect();
        assert!(slot.try_receive().unwrap().is_none());
        let mut last = call(&slot);
        assert!(slot.try_receive().unwrap().is_none());
        doors.clear();
        // If the owner has closed this connection, because there were too many, reconnect.
        while rustix::net::send(&last, &[0, b's'], rustix::net::SendFlags::NOSIGNAL).is_err() {
            last = call(&slot);
        }
        assert_eq!(edges.receive(&slot), b"s", "{gone}");
        drop(last);
        // None of these is accepted meanwhile; more wait than are accepted in one call.
        let doors: Vec<OwnedFd> = (0..gone).map(|_| call(&slot)).collect();
        let last = call(&slot);
        send(&last);
        drop((doors, last));
        assert_eq!(edges.receive(&slot), b"s", "{gone} at the door");
    }
}

/// A wait consists of many checks, and none of them counts as a refusal.
#[test]
fn writer_that_waits_for_room_is_refused_once() {
    let _watchdog = watchdog();
    let slot = Mailslot::options().capacity(4096).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    writer.write(&[0; 3000]).unwrap();
    for refused in 1..=3 {
        let waited = writer.write_within(&[0; 3000], Timeout::After(std::time::Duration::from_millis(100)));
        assert!(matches!(waited, Err(Error::TimedOut)), "{waited:?}");
        assert_eq!(slot.statistics().refused_full, refused);
    }
    let waiting = std::thread::spawn(move || writer.write_within(&[1; 3000], Timeout::Forever).unwrap());
    while slot.statistics().refused_full < 4 {
        std::thread::yield_now();
    }
    assert_eq!(slot.receive().unwrap().data, [0; 3000]);
    waiting.join().unwrap();
    assert_eq!(slot.receive().unwrap().data, [1; 3000]);
    assert_eq!(slot.statistics().refused_full, 4);
}

/// The directory is removed, as when a login manager cleans up after a user: no writer could ever find the slot again.
#[test]
fn reader_of_a_slot_whose_directory_is_removed_is_told() {
    let _watchdog = watchdog();
    let told = |received: Result<mailslot::Message, Error>| {
        let Err(Error::Io { action, source }) = received else { panic!("{received:?}") };
        assert!(action.contains("removed") && source.kind() == std::io::ErrorKind::NotFound, "{action}: {source}");
    };
    let slots: [(Mailslot, MailslotWriter); 4] = std::array::from_fn(|_| pair());
    // Messages that have arrived are read nevertheless.
    slots[3].1.write(b"before").unwrap();
    std::thread::scope(|scope| {
        let [blocked, polled, edges, later] = slots.each_ref().map(|(slot, _)| slot);
        let waiting = [
            scope.spawn(|| blocked.receive()),
            scope.spawn(|| {
                let poll_until = |slot: &Mailslot| loop {
                    let mut fds = [PollFd::from_borrowed_fd(slot.as_fd(), PollFlags::IN)];
                    poll(&mut fds, None).unwrap();
                    if let Some(received) = slot.try_receive().transpose() {
                        return received;
                    }
                };
                poll_until(polled)
            }),
            scope.spawn(|| {
                let fds = Edges::of(edges.as_fd());
                loop {
                    if let Some(received) = edges.try_receive().transpose() {
                        return received;
                    }
                    fds.wait();
                }
            }),
        ];
        let root = mailslot::root().unwrap();
        let user = rustix::process::geteuid().as_raw();
        for (slot, _) in &slots {
            std::fs::remove_dir_all(root.join(format!("mailslot.{user}/slots/{}", slot.name().folded()))).unwrap();
        }
        assert_eq!(later.receive().unwrap().data, b"before");
        waiting.into_iter().for_each(|waiting| told(waiting.join().unwrap()));
        for slot in [blocked, polled, edges, later] {
            told(slot.receive());
            told(slot.receive_within(Timeout::Zero));
        }
    });
}

#[test]
fn time_that_ends_while_somebody_else_writes_is_timed_out() {
    let _watchdog = watchdog();
    for inheritance in [Inheritance::Private, Inheritance::Inherited] {
        let slot = Mailslot::options().inheritance(inheritance).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name()).unwrap();
        let middle = begin_to_write(MailslotWriter::open(slot.name()).unwrap());
        middle.reached.recv().unwrap();
        for time in [1, 1_000_000, 15_000_000, 30_000_000].map(Duration::from_nanos) {
            let written = writer.write_within(b"late", time);
            assert!(matches!(written, Err(Error::TimedOut)), "{time:?}: {written:?}");
            let asked = writer.begin_request(b"late", None, time).map(drop);
            assert!(matches!(asked, Err(Error::TimedOut)), "{time:?}: {asked:?}");
        }
        // A write that does not wait for room returns the reason.
        assert!(matches!(writer.write(b"late"), Err(Error::Stalled(_))));
        middle.go_on.send(()).unwrap();
        middle.thread.join().unwrap();
        writer.write_within(b"after", Timeout::Forever).unwrap();
        assert_eq!(slot.receive().unwrap().data, b"hello");
        assert_eq!(slot.receive().unwrap().data, b"after");
        assert!(slot.try_receive().unwrap().is_none());
    }
}
