//! How many descriptors a slot takes, and what it does when there are none.
#![allow(clippy::unwrap_used)]
mod common;

use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use common::{is_apart, is_mounted_apart, name, open_descriptors, watchdog};
use mailslot::{Access, Error, Inheritance, Mailslot, MailslotWriter, Timeout};

/// Bytes of a message that fits in one packet, and for which a new ring has no memory yet.
const LARGE: usize = 60_000;

/// How this process got a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    MadeForOwner,
    MadeForEveryone,
    Inheritable,
    PassedOn,
}

const ORIGINS: [Origin; 4] = [Origin::MadeForOwner, Origin::MadeForEveryone, Origin::Inheritable, Origin::PassedOn];

fn slot_of(origin: Origin, name: &str) -> Mailslot {
    let mut options = Mailslot::options();
    options.access(if origin == Origin::MadeForOwner { Access::Owner } else { Access::Everyone });
    if origin == Origin::Inheritable {
        options.inheritance(Inheritance::Inherited);
    }
    let slot = options.create(name).unwrap();
    if origin != Origin::PassedOn {
        return slot;
    }
    let handles = slot.share().as_fds().map(|fd| fd.try_clone_to_owned().unwrap());
    drop(slot);
    Mailslot::from_handles(handles).unwrap()
}

/// Opens files until this process has `left` descriptors left.
fn use_descriptors(left: usize) -> Vec<std::fs::File> {
    let mut used: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    used.truncate(used.len().saturating_sub(left));
    used
}

fn limit_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(60), maximum }).unwrap();
}

/// The directory of this user's slots and lives, in the root of this test alone.
fn own_directory() -> PathBuf {
    let root = std::env::var_os("MAILSLOT_ROOT").unwrap();
    Path::new(&root).join(format!("mailslot.{}", rustix::process::geteuid().as_raw()))
}

fn place_of(slot: &str) -> PathBuf {
    own_directory().join("slots").join(slot.to_uppercase())
}

/// All remains of slots.
fn remains() -> Vec<PathBuf> {
    let root = own_directory().parent().unwrap().to_owned();
    let in_directory =
        |path: &Path| -> Vec<PathBuf> { std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let lives = in_directory(&root).into_iter().filter(|path| path.to_str().unwrap().contains("mailslot-life."));
    let own = ["slots", "lives"].map(|kind| in_directory(&own_directory().join(kind)));
    lives.chain(own.into_iter().flatten()).collect()
}

/// A connection as made by writers of other users.
fn call(slot: &str) -> OwnedFd {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
    let connection = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    connect(&connection, &SocketAddrUnix::new(place_of(slot).join("door")).unwrap()).unwrap();
    connection
}

fn send(connection: &OwnedFd, message: &[u8]) {
    use rustix::net::SendFlags;
    // A first byte of 0 means that the message follows.
    rustix::net::send(connection, &[&[0], message].concat(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT).unwrap();
}

/// A connection of another user from which a message was read, so that it is known.
fn known_stranger(slot: &Mailslot) -> OwnedFd {
    let stranger = call(slot.name().as_str());
    send(&stranger, b"first");
    assert_eq!(slot.receive().unwrap().data, b"first");
    stranger
}

fn read_two_large(slot: &Mailslot) {
    for number in 0..2 {
        assert_eq!(slot.receive_within(Timeout::Zero).expect("what was let in is read").data, [number; LARGE]);
    }
}

#[test]
fn an_idle_slot_has_three() {
    let _watchdog = watchdog();
    if !is_apart("an_idle_slot_has_three", &[]) {
        return;
    }
    // Descriptors that a process opens once, whatever slots it has.
    drop(slot_of(Origin::PassedOn, &name()));
    let before = open_descriptors();
    for origin in ORIGINS {
        let slot = slot_of(origin, &name());
        assert_eq!(open_descriptors(), before + 3, "{origin:?}");
        let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
        for size in [1, LARGE, 1_000_000] {
            writer.write(&vec![1; size]).unwrap();
            assert_eq!(slot.receive().unwrap().data.len(), size);
        }
        assert!(matches!(
            slot.receive_within(Timeout::After(std::time::Duration::from_millis(1))),
            Err(Error::TimedOut)
        ));
        drop(writer);
        assert_eq!(open_descriptors(), before + 3, "{origin:?}, after messages");
        drop(slot);
        assert_eq!(open_descriptors(), before, "{origin:?}");
    }
}

/// Accepted messages of strangers need more memory than the ring has, and then the slot ends.
#[test]
fn without_any_messages_are_read_and_slots_end() {
    let _watchdog = watchdog();
    if !is_apart("without_any_messages_are_read_and_slots_end", &[]) {
        return;
    }
    limit_descriptors();
    for origin in ORIGINS {
        for left in 0..6 {
            let slot = slot_of(origin, &name());
            // A slot that several processes may read keeps no connections, and accepting one takes a descriptor.
            let shared = matches!(origin, Origin::Inheritable | Origin::PassedOn);
            let stranger = (!shared).then(|| known_stranger(&slot));
            if let Some(stranger) = &stranger {
                (0..2).for_each(|number| send(stranger, &[number; LARGE]));
            }
            let used = use_descriptors(left);
            if stranger.is_some() {
                read_two_large(&slot);
            }
            drop(slot);
            assert_eq!(remains(), [""; 0].map(PathBuf::from), "{origin:?}, {left} left");
            drop(used);
        }
    }
}

/// The replacement descriptor, if none can be made, never makes a program wait that has something to read.
#[test]
fn without_any_polling_ends_at_once_or_is_refused() {
    use rustix::event::{PollFd, PollFlags, epoll, poll};
    let _watchdog = watchdog();
    if !is_apart("without_any_polling_ends_at_once_or_is_refused", &[]) {
        return;
    }
    limit_descriptors();
    let set = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    for origin in ORIGINS {
        let slot = slot_of(origin, &name());
        let used = use_descriptors(0);
        let mut fds = [PollFd::new(&slot, PollFlags::IN)];
        assert_eq!(poll(&mut fds, None).unwrap(), 1);
        assert_eq!(fds[0].revents(), PollFlags::IN);
        let added = epoll::add(&set, slot.as_fd(), epoll::EventData::new_u64(0), epoll::EventFlags::IN);
        assert_eq!(added, Err(rustix::io::Errno::PERM));
        drop(used);
    }
}

/// Reads until the reader has checked its place, which it does only now and then.
fn is_told_that_it_was_removed(slot: &Mailslot) {
    loop {
        match slot.receive_within(Timeout::Zero) {
            Err(Error::TimedOut) => {}
            Err(Error::Io { source, .. }) => return assert_eq!(source.kind(), ErrorKind::NotFound, "{source}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Without the ring's file, accepted messages are read nevertheless; then the reader gets the error.
#[test]
fn what_was_written_before_the_directory_was_removed_is_read() {
    let _watchdog = watchdog();
    if !is_apart("what_was_written_before_the_directory_was_removed_is_read", &[]) {
        return;
    }
    let slot = slot_of(Origin::MadeForEveryone, &name());
    let stranger = known_stranger(&slot);
    (0..2).for_each(|number| send(&stranger, &[number; LARGE]));
    std::fs::remove_dir_all(place_of(slot.name().as_str())).unwrap();
    read_two_large(&slot);
    is_told_that_it_was_removed(&slot);
}

/// Somebody has removed all of a user's slots, as a login manager does, and a new one of the same name exists when the
/// old one checks its place, reserves memory, and ends.
#[test]
fn another_slot_at_the_place_is_left_alone() {
    let _watchdog = watchdog();
    if !is_apart("another_slot_at_the_place_is_left_alone", &[]) {
        return;
    }
    for origin in ORIGINS {
        let name = name();
        let old = slot_of(origin, &name);
        remains().into_iter().for_each(|path| match path.is_dir() {
            true => std::fs::remove_dir_all(path).unwrap(),
            false => std::fs::remove_file(path).unwrap(),
        });
        let new = Mailslot::create(&name).unwrap();
        is_told_that_it_was_removed(&old);
        drop(old);
        MailslotWriter::open(&name).unwrap().write(b"to the new one").unwrap();
        assert_eq!(new.receive_within(Timeout::Zero).unwrap().data, b"to the new one");
        let files = std::fs::read_dir(place_of(&name)).unwrap().count();
        assert_eq!(files, 5, "{origin:?}");
        drop(new);
        assert_eq!(remains(), [""; 0].map(PathBuf::from), "{origin:?}");
    }
}

/// Neither descriptors nor memory: accepted messages wait, and are read once there is memory again.
#[test]
fn without_any_and_without_memory_messages_wait() {
    let _watchdog = watchdog();
    if !is_mounted_apart("without_any_and_without_memory_messages_wait", "size=1m", &[], "") {
        return;
    }
    limit_descriptors();
    for left in 0..3 {
        let slot = slot_of(Origin::MadeForEveryone, &name());
        let stranger = known_stranger(&slot);
        (0..2).for_each(|number| send(&stranger, &[number; LARGE]));
        let filler = place_of(slot.name().as_str()).with_file_name("filler");
        let full = std::fs::write(&filler, vec![1; 2 << 20]);
        assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull);
        let used = use_descriptors(left);
        assert!(matches!(slot.receive_within(Timeout::Zero), Err(Error::TimedOut)), "{left} left");
        std::fs::remove_file(filler).unwrap();
        read_two_large(&slot);
        drop(used);
    }
}
