//! Other users, and memory that others have written into.
//!
//! Tests that need another user are skipped, with a message, unless they run as root.
#![allow(clippy::unwrap_used)]
mod common;
#[path = "../../../fuzz/damage.rs"]
mod damage;

use common::{Part, is_apart, is_mounted_apart, is_root, name, open_descriptors, watchdog};
use mailslot::{Access, Error, Mailslot, MailslotOptions, MailslotWriter, Network, NetworkOrigin, Origin, Timeout};

/// Longer than anything takes that happens at all.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The user and group "nobody" of Debian.
const NOBODY: u32 = 65534;

/// Starts this binary as the user nobody, to play `part`.
fn nobody(part: &str, slot: &str) -> Part {
    Part::start_as(NOBODY, &format!("{part} {slot}"))
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let (part, slot) = part.split_once(' ').unwrap();
    match part {
        "refused" => assert!(matches!(MailslotWriter::open(slot), Err(Error::NotAllowed(_)))),
        "write" => {
            let writer = MailslotWriter::open(slot).unwrap();
            writer.write(b"").unwrap();
            writer.write(b"hello").unwrap();
            writer.write(&vec![7; 1 << 20]).unwrap();
        }
        "deliver" => {
            let writer = MailslotWriter::open(slot).unwrap();
            writer.write_from(&network_origin(), b"small").unwrap();
            writer.write_from(&network_origin(), &vec![8; 1 << 20]).unwrap();
        }
        "lie" => {
            let writer = MailslotWriter::open(slot).unwrap();
            assert!(matches!(writer.write_from(&network_origin(), b"x"), Err(Error::NotAllowed(_))));
        }
        "two" => {
            let writer = MailslotWriter::open(slot).unwrap();
            writer.write(&[1; 1500]).unwrap();
            writer.write(&[2; 3000]).unwrap();
        }
        "garbage" => send_garbage(slot),
        "number" => {
            let writer = MailslotWriter::open(slot).unwrap();
            for number in 0..20_000_u32 {
                writer.write_within(&number.to_le_bytes(), Timeout::Forever).unwrap();
            }
        }
        "flood" => {
            let writer = MailslotWriter::open(slot).unwrap();
            while !matches!(writer.write(&[9; 1000]), Err(Error::Full { .. })) {}
            // Now stalls, with as many messages queued as it may, until it is killed.
            stall();
        }
        "again" => {
            let go = MailslotOptions::new().access(Access::Everyone).create(format!("{slot}-go")).unwrap();
            let writer = MailslotWriter::open(slot).unwrap();
            writer.write(b"first").unwrap();
            go.receive().unwrap();
            assert!(matches!(writer.write(b"now"), Err(Error::Full { .. })));
            let waited = writer.write_within(b"in time", Timeout::After(std::time::Duration::from_millis(200)));
            assert!(matches!(waited, Err(Error::TimedOut)), "{waited:?}");
        }
        "own" => {
            let _slot = MailslotOptions::new().create(slot).unwrap();
            stall();
        }
        _ => panic!("{part}"),
    }
}

fn stall() {
    loop {
        std::thread::park();
    }
}

fn network_origin() -> NetworkOrigin {
    let mut origin = NetworkOrigin::new("SRV1");
    origin.address = Some("192.0.2.1".parse().unwrap());
    origin
}

/// Packets that no correct writer sends, each over a separate connection.
fn send_garbage(slot: &str) {
    use rustix::net::{SendFlags, send};
    let no_file = [&[1], &u64::MAX.to_le_bytes()[..]].concat();
    let packets: [&[u8]; 6] = [b"", b"\x07junk", b"\x01", b"\x01\0\0\0", &no_file, &vec![0; (64 << 10) + 2]];
    for packet in packets {
        let connection = call(slot);
        for _ in 0..3 {
            // The owner may have closed the connection already.
            let _ = send(&connection, packet, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        }
    }
}

fn open_to_all() -> Mailslot {
    MailslotOptions::new().access(Access::Everyone).create(name()).unwrap()
}

#[test]
fn another_user_may_write_only_where_it_is_allowed() {
    let _watchdog = watchdog();
    if !is_root("another_user_may_write_only_where_it_is_allowed") {
        return;
    }
    for access in [Access::Owner, Access::Group(0), Access::Users(vec![1, 2])] {
        let slot = MailslotOptions::new().access(access).create(name()).unwrap();
        nobody("refused", slot.name().as_str()).finish();
    }
    for access in [Access::Everyone, Access::Group(NOBODY), Access::Users(vec![NOBODY])] {
        let slot = MailslotOptions::new().access(access).create(name()).unwrap();
        let writer = nobody("write", slot.name().as_str());
        let its = writer.id();
        writer.finish();
        assert_eq!(slot.info().unwrap().count, 3);
        let message = slot.receive().unwrap();
        assert!(message.data.is_empty());
        let Origin::Local { pid, uid, gid, attested, .. } = message.origin else { panic!("{message:?}") };
        assert_eq!((pid, uid, gid, attested), (its, NOBODY, NOBODY, true));
        assert_eq!(slot.receive().unwrap().data, b"hello");
        assert_eq!(slot.receive().unwrap().data, vec![7; 1 << 20]);
    }
}

#[test]
fn another_user_delivers_messages_of_other_machines_only_where_it_is_allowed() {
    let _watchdog = watchdog();
    if !is_root("another_user_delivers_messages_of_other_machines_only_where_it_is_allowed") {
        return;
    }
    let slot = MailslotOptions::new().access(Access::Everyone).network(Network::Allowed).create(name()).unwrap();
    nobody("deliver", slot.name().as_str()).finish();
    for data in [&b"small"[..], &[8; 1 << 20]] {
        let message = slot.receive().unwrap();
        assert_eq!((&message.data[..], message.origin), (data, Origin::Network(Box::new(network_origin()))));
    }
    let slot = open_to_all();
    nobody("lie", slot.name().as_str()).finish();
    assert_eq!(slot.info().unwrap().count, 0);
}

#[test]
fn message_of_another_user_that_finds_no_room_in_the_slot_is_not_lost() {
    let _watchdog = watchdog();
    if !is_root("message_of_another_user_that_finds_no_room_in_the_slot_is_not_lost") {
        return;
    }
    let slot = MailslotOptions::new().capacity(4096).access(Access::Everyone).create(name()).unwrap();
    nobody("two", slot.name().as_str()).finish();
    // The first fills less than half of the slot, so more is accepted, and the second does not fit behind it.
    assert_eq!(slot.info().unwrap().count, 1);
    assert_eq!(slot.receive().unwrap().data, [1; 1500]);
    assert_eq!(slot.receive().unwrap().data, [2; 3000]);
}

#[test]
fn messages_of_another_user_keep_their_order_and_are_all_read() {
    let _watchdog = watchdog();
    if !is_root("messages_of_another_user_keep_their_order_and_are_all_read") {
        return;
    }
    let slot = open_to_all();
    let writer = nobody("number", slot.name().as_str());
    for number in 0..20_000_u32 {
        assert_eq!(slot.receive().unwrap().data, number.to_le_bytes());
    }
    writer.finish();
}

#[test]
fn flooding_stranger_delays_nobody_elses_messages() {
    let _watchdog = watchdog();
    if !is_root("flooding_stranger_delays_nobody_elses_messages") {
        return;
    }
    let slot = open_to_all();
    let flood = nobody("flood", slot.name().as_str());
    while slot.info().unwrap().count < 64 {
        std::thread::yield_now();
    }
    // However often the owner looks, it accepts at most a window of the flood.
    for _ in 0..100 {
        assert_eq!(slot.info().unwrap().count, 64);
    }
    MailslotWriter::open(slot.name().as_str()).unwrap().write(b"urgent").unwrap();
    let position = (0..).find(|_| slot.receive().unwrap().data == b"urgent");
    assert_eq!(position, Some(64));
    drop(flood);
}

#[test]
fn stream_through_the_door_that_pauses_wakes_readers_again() {
    let _watchdog = watchdog();
    let slot = std::sync::Arc::new(open_to_all());
    let door = call(slot.name().as_str());
    // Messages queued before the first read arrive in turns without a pause in between.
    let stream = |from: u8| (from..from + 150).for_each(|number| send_through(&door, number));
    stream(0);
    (0..150).for_each(|number| assert_eq!(slot.receive().unwrap().data, [number]));

    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn({
        let slot = slot.clone();
        move || {
            tell.send(rustix::thread::gettid()).unwrap();
            slot.receive().unwrap().data
        }
    });
    let stat = format!("/proc/self/task/{}/stat", told.recv().unwrap().as_raw_pid());
    while !std::fs::read_to_string(&stat).unwrap().contains(") S ") {
        std::thread::yield_now();
    }
    send_through(&door, 151);
    assert_eq!(reader.join().unwrap(), [151]);

    stream(0);
    (0..150).for_each(|number| assert_eq!(slot.receive().unwrap().data, [number]));
    let mut fds = [rustix::event::PollFd::new(&*slot, rustix::event::PollFlags::IN)];
    send_through(&door, 152);
    assert_eq!(rustix::event::poll(&mut fds, None).unwrap(), 1);
    assert_eq!(slot.receive().unwrap().data, [152]);
}

/// A connection as made by writers of other users.
fn call(slot: &str) -> std::os::fd::OwnedFd {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
    let door = SocketAddrUnix::new(damage::directory(&slot.to_uppercase()).join("door")).unwrap();
    let connection = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    connect(&connection, &door).unwrap();
    connection
}

/// The owner closed its connection, and too many others wait for another one to be made: the writer must wait
/// nevertheless.
#[test]
fn writer_that_is_to_wait_waits_for_a_connection_as_well() {
    let _watchdog = watchdog();
    if !is_root("writer_that_is_to_wait_waits_for_a_connection_as_well") {
        return;
    }
    let mut options = MailslotOptions::new();
    options.access(Access::Everyone).inheritance(mailslot::Inheritance::Inherited);
    let slot = options.create(name()).unwrap();
    let writer = nobody("again", slot.name().as_str());
    assert_eq!(slot.receive().unwrap().data, b"first");
    assert!(slot.try_receive().unwrap().is_none());
    let door = rustix::net::SocketAddrUnix::new(damage::directory(slot.name().folded()).join("door")).unwrap();
    let mut waiting = Vec::new();
    loop {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let connection = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        match connect(&connection, &door) {
            Ok(()) => waiting.push(connection),
            Err(error) => break assert_eq!(error, rustix::io::Errno::AGAIN),
        }
    }
    MailslotWriter::open(format!("{}-go", slot.name())).unwrap().write(b"").unwrap();
    writer.finish();
}

fn send_through(door: &std::os::fd::OwnedFd, message: u8) {
    // A first byte of 0 means that the message follows.
    rustix::net::send(door, &[0, message], rustix::net::SendFlags::NOSIGNAL).unwrap();
}

#[test]
fn garbage_of_a_stranger_is_no_message_and_harms_nobody() {
    let _watchdog = watchdog();
    if !is_root("garbage_of_a_stranger_is_no_message_and_harms_nobody") {
        return;
    }
    let slot = open_to_all();
    let writer = nobody("write", slot.name().as_str());
    nobody("garbage", slot.name().as_str()).finish();
    writer.finish();
    MailslotWriter::open(slot.name().as_str()).unwrap().write(b"a friend's").unwrap();
    let mut sizes: Vec<usize> = (0..4).map(|_| slot.receive().unwrap().data.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [0, 5, 10, 1 << 20]);
    assert_eq!(slot.info().unwrap().count, 0);
}

/// A stranger attaches descriptors of every kind, in every number, to every form of packet, and then continues or
/// leaves: the owner keeps none of them, and neither waits nor fails.
#[test]
fn descriptors_of_a_stranger_are_neither_kept_nor_waited_for() {
    let _watchdog = watchdog();
    if !is_apart("descriptors_of_a_stranger_are_neither_kept_nor_waited_for", &[]) {
        return;
    }
    use rustix::net::{SendFlags, send};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use std::os::fd::OwnedFd;
    let forms: [&[u8]; 7] =
        [&[], &[0, b'm'], &[1, 5, 0, 0, 0, 0, 0, 0, 0], &[1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], &[1], &[2, 9], &[77]];
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(600), maximum: hard }).unwrap();
    for kind in 0..6 {
        for number in [1, 3] {
            // Packets of no bytes come first, which look like the end of a connection.
            for (form, empty) in forms.iter().flat_map(|form| [0, 1, 20].map(|empty| (form, empty))) {
                for left in [0, 1, 300, 600] {
                    let slot = open_to_all();
                    let door = call(slot.name().as_str());
                    send_through(&door, 0);
                    assert_eq!(slot.receive().unwrap().data, [0]);
                    let before = open_descriptors();
                    let mut peers = Vec::new();
                    let attached: Vec<OwnedFd> = (0..number).map(|_| descriptor(kind, &mut peers)).collect();
                    let times = if kind == 5 { 1 } else { 40 };
                    (0..empty).for_each(|_| assert_eq!(send(&door, &[], SendFlags::NOSIGNAL), Ok(0)));
                    (0..times).for_each(|_| attach(&door, form, &attached));
                    let used = use_descriptors(left);
                    // Now the owner has the last descriptor of lingering sockets.
                    drop(attached);
                    while slot.receive_within(Timeout::Zero).is_ok() {}
                    send_late(&door);
                    drop(door);
                    while slot.receive_within(Timeout::Zero).is_ok() {}
                    drop(used);
                    MailslotWriter::open(slot.name().as_str()).unwrap().write(b"a friend's").unwrap();
                    assert_eq!(slot.receive().unwrap().data, b"a friend's");
                    // Descriptors that separate threads close are closed in a moment, now that nothing lingers.
                    drop(peers);
                    while open_descriptors() > before {
                        std::thread::park_timeout(std::time::Duration::from_millis(1));
                    }
                }
            }
        }
    }
}

/// Opens files until this process has `left` descriptors left.
fn use_descriptors(left: usize) -> Vec<std::fs::File> {
    let mut used: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    used.truncate(used.len().saturating_sub(left));
    used
}

/// Large messages arrive as descriptors. However few the owner has left, and whenever it gets more, all of them are
/// read.
#[test]
fn no_large_message_is_lost_for_want_of_descriptors() {
    let _watchdog = watchdog();
    // In a separate process, like others here: other tests open and close descriptors meanwhile.
    if !is_apart("no_large_message_is_lost_for_want_of_descriptors", &[]) {
        return;
    }
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    for limit in [100, 600] {
        setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: hard }).unwrap();
        for left in 0..20 {
            for known in [false, true] {
                let slot = open_to_all();
                let doors: Vec<_> = (0..2).map(|_| call(slot.name().as_str())).collect();
                if known {
                    // Small messages have arrived on these connections before.
                    doors.iter().for_each(|door| send_through(door, 0));
                    doors.iter().for_each(|_| assert_eq!(slot.receive().unwrap().data, [0]));
                }
                for (number, door) in (0_u8..).zip(&doors) {
                    for turn in 0..6 {
                        let content = vec![10 * number + turn; 70_000 * usize::from(turn % 3 != 1) + 1];
                        send_any(door, &content);
                    }
                }
                let used = use_descriptors(left);
                let mut read = Vec::new();
                while let Ok(message) = slot.receive_within(Timeout::Zero) {
                    read.push(message.data);
                }
                drop(used);
                while read.len() < 2 * 6 {
                    read.push(slot.receive_within(Timeout::After(PATIENCE)).expect("a message is lost").data);
                }
                for number in 0..2 {
                    let found: Vec<_> =
                        read.iter().filter(|data| data[0] / 10 == number).map(|data| data[0] % 10).collect();
                    assert_eq!(found, [0, 1, 2, 3, 4, 5], "limit {limit}, {left} left, known {known}");
                }
                assert!(read.iter().all(|data| data.len() == if data[0] % 10 % 3 == 1 { 1 } else { 70_001 }));
            }
        }
    }
}

/// Sends a message as the library does through a door: a large one in a memory file.
fn send_any(door: &std::os::fd::OwnedFd, message: &[u8]) {
    if message.len() <= 64 << 10 {
        rustix::net::send(door, &[&[0], message].concat(), rustix::net::SendFlags::NOSIGNAL).unwrap();
        return;
    }
    let memory = rustix::fs::memfd_create("message", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    assert_eq!(rustix::io::write(&memory, message).unwrap(), message.len());
    attach(door, &[&[1], &(message.len() as u64).to_le_bytes()[..]].concat(), &[memory]);
}

/// A descriptor of the given kind.
fn descriptor(kind: u32, peers: &mut Vec<std::net::TcpStream>) -> std::os::fd::OwnedFd {
    use rustix::fs::MemfdFlags;
    match kind {
        0 => std::fs::File::open("/dev/null").unwrap().into(),
        1 => std::io::pipe().unwrap().0.into(),
        2 => std::os::unix::net::UnixStream::pair().unwrap().0.into(),
        3 => {
            let memory = rustix::fs::memfd_create("five", MemfdFlags::CLOEXEC).unwrap();
            rustix::io::write(&memory, b"bytes").unwrap();
            memory
        }
        4 => rustix::fs::memfd_create("empty", MemfdFlags::CLOEXEC).unwrap(),
        _ => {
            let (stream, peer) = lingering();
            peers.push(peer);
            stream.into()
        }
    }
}

/// A connection whose last close waits for an hour, and its other end, which does not read.
fn lingering() -> (std::net::TcpStream, std::net::TcpStream) {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    while stream.write(&[0; 1 << 16]).is_ok() {}
    rustix::net::sockopt::set_socket_linger(&stream, Some(std::time::Duration::from_secs(3600))).unwrap();
    (stream, peer)
}

fn attach(door: &std::os::fd::OwnedFd, form: &[u8], files: &[std::os::fd::OwnedFd]) {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    use std::os::fd::AsFd;
    let files: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut attachment = SendAncillaryBuffer::new(&mut space);
    assert!(attachment.push(SendAncillaryMessage::ScmRights(&files)));
    // An owner that has shut us out no longer listens.
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let _ = sendmsg(door, &[std::io::IoSlice::new(form)], &mut attachment, flags);
}

fn send_late(door: &std::os::fd::OwnedFd) {
    let _ = rustix::net::send(door, &[0, b'l'], rustix::net::SendFlags::NOSIGNAL | rustix::net::SendFlags::DONTWAIT);
}

#[test]
fn symbolic_link_leads_no_writer_to_another_slot() {
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let (own, other) = (slot.name().as_str().to_uppercase(), name());
    let link = damage::directory(&own).with_file_name(other.to_uppercase());
    std::os::unix::fs::symlink(damage::directory(&own), &link).unwrap();
    let opened = MailslotWriter::open(other.as_str());
    std::fs::remove_file(link).unwrap();
    assert!(matches!(opened, Err(Error::NotFound(_))), "{opened:?}");
}

#[test]
fn name_of_another_users_killed_owner_is_free() {
    let _watchdog = watchdog();
    if !is_root("name_of_another_users_killed_owner_is_free") {
        return;
    }
    let slot = name();
    let owner = nobody("own", &slot);
    while mailslot::list().unwrap().iter().all(|status| status.name.as_str() != slot) {
        std::thread::yield_now();
    }
    assert!(matches!(Mailslot::create(&slot), Err(Error::AlreadyExists(_))));
    drop(owner);
    Mailslot::create(&slot).unwrap();
}

#[test]
fn overwritten_memory_gives_errors_and_no_hang() {
    let _watchdog = watchdog();
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/ring");
    let mut replayed = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        damage::damage(&std::fs::read(seed.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 5);
    let mut random = 99_u64;
    let mut byte = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 40) as u8
    };
    for _ in 0..500 {
        let input: Vec<u8> = (0..400).map(|_| byte()).collect();
        damage::damage(&input);
    }
}

#[test]
fn file_system_that_is_full_is_an_error_and_not_a_signal() {
    let _watchdog = watchdog();
    if !is_mounted_apart("file_system_that_is_full_is_an_error_and_not_a_signal", "size=1m", &[], "") {
        return;
    }
    let (slot, writer) = common::pair();
    let mut written = 0_u32;
    let error = loop {
        match writer.write(&[5; 10_000]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::OutOfMemory), "{error}");
    assert_eq!(error.win32_code(), 1450);
    for _ in 0..written {
        assert_eq!(slot.receive().unwrap().data, [5; 10_000]);
    }
    // Sleeping gives the memory back.
    assert!(matches!(slot.receive_within(Timeout::After(std::time::Duration::from_millis(5))), Err(Error::TimedOut)));
    writer.write(&[6; 100_000]).unwrap();
    assert_eq!(slot.receive().unwrap().data.len(), 100_000);
}
