//! Messages for which a process has no memory: reading them fails, and they stay where they are.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use common::{Part, is_root, name, part, watchdog};
use mailslot::{
    Access, Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, Message, Result, Sharing, Taps, Timeout,
    WhenFull,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SIZES: [usize; 3] = [(1 << 20) - 100, 5_000_000, LARGEST];
const LARGEST: usize = (16 << 20) + 1;
const OTHER: u32 = 65534;

#[test]
fn plays_its_part() {
    let Some(part) = part() else { return };
    match part.split(' ').collect::<Vec<_>>()[..] {
        ["read"] => read_without_memory(),
        ["batch"] => receive_a_batch_without_memory(),
        ["close"] => close_without_memory(),
        ["write"] => write_without_memory(),
        ["reply"] => receive_a_reply_without_memory(),
        ["hold"] => hold_without_memory(),
        ["stranger", slot, size] => MailslotWriter::open(slot).unwrap().write(content(size.parse().unwrap())).unwrap(),
        _ => panic!("{part}"),
    }
}

/// Plays a part in a separate process, whose allocator returns large blocks to the system at once.
fn apart(part: &str) {
    let _watchdog = watchdog();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "plays_its_part", "--nocapture", "--quiet"])
        .env("MAILSLOT_TEST_PART", part)
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_MMAP_THRESHOLD_", "65536")
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn message_without_memory_is_an_error_of_every_read_and_stays_in_the_slot() {
    apart("read");
}

#[test]
fn batch_ends_before_the_message_without_memory() {
    apart("batch");
}

#[test]
fn closing_without_memory_is_an_error() {
    apart("close");
}

#[test]
fn writing_in_place_without_memory_is_an_error_and_writes_nothing() {
    apart("write");
}

#[test]
fn reply_without_memory_is_an_error_and_stays_where_it_is() {
    apart("reply");
}

#[test]
fn message_of_another_user_without_room_and_memory_is_kept() {
    apart("hold");
}

/// Limits this process to half of `size` bytes more memory, until it is dropped.
struct Scarce(Rlimit);

impl Scarce {
    fn for_less_than(size: usize) -> Scarce {
        let usual = getrlimit(Resource::As);
        let pages: u64 =
            std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').next().unwrap().parse().unwrap();
        let limit = pages * rustix::param::page_size() as u64 + size as u64 / 2;
        setrlimit(Resource::As, Rlimit { current: Some(limit), maximum: usual.maximum }).unwrap();
        Scarce(usual)
    }

    /// False in an emulator of another processor, which accepts the limit and does not apply it.
    fn works() -> bool {
        let _scarce = Scarce::for_less_than(LARGEST);
        Vec::<u8>::new().try_reserve_exact(LARGEST).is_err()
    }
}

/// What a process has left if blocks of a size are refused, and smaller ones are not.
struct Fragments {
    _taken: Vec<Vec<u8>>,
    _scarce: Scarce,
}

impl Fragments {
    fn below(size: usize) -> Fragments {
        // Every other one, as the allocator joins neighbours.
        let (small, mut taken): (Vec<_>, Vec<_>) =
            (0..500).map(|_| [(); 2].map(|()| Vec::with_capacity(1000)).into()).unzip();
        taken.reserve(10_000);
        let scarce = Scarce::for_less_than(0);
        let mut block = Vec::new();
        while block.try_reserve_exact(size).is_ok() {
            assert!(taken.len() < taken.capacity());
            taken.push(core::mem::take(&mut block));
        }
        drop(small);
        Fragments { _taken: taken, _scarce: scarce }
    }
}

impl Drop for Scarce {
    fn drop(&mut self) {
        setrlimit(Resource::As, self.0).unwrap();
    }
}

fn content(size: usize) -> &'static [u8] {
    static ALL: OnceLock<Vec<u8>> = OnceLock::new();
    &ALL.get_or_init(|| (0..251).collect::<Vec<u8>>().repeat(2 * LARGEST / 250))[..size]
}

fn is_scarce<T: std::fmt::Debug>(result: Result<T>, what: &str) {
    assert!(matches!(result, Err(Error::NotEnoughMemory { .. })), "{what}: {:?}", result.map(|_| ()));
}

/// How a message is stored in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// In one piece.
    Plain,
    /// Wrapped around the end of the slot's memory.
    Around,
    /// With a preface.
    Stamped,
    /// In a slot that other processes may read, too.
    Shared,
    Inherited,
    DropsOldest,
    Member,
    Tap,
    /// Written by another user.
    Stranger,
}

impl Kind {
    const ALL: [Kind; 9] = [
        Kind::Plain,
        Kind::Around,
        Kind::Stamped,
        Kind::Shared,
        Kind::Inherited,
        Kind::DropsOldest,
        Kind::Member,
        Kind::Tap,
        Kind::Stranger,
    ];

    /// A slot whose next message is content of this size, and a handle that keeps it alive.
    fn slot(self, size: usize) -> (Mailslot, Option<Mailslot>) {
        let capacity = ((size + 100) as u64).next_power_of_two();
        let mut options = MailslotOptions::new();
        options.capacity(capacity);
        match self {
            Kind::Stamped => options.stamp(true),
            Kind::Inherited => options.inheritance(Inheritance::Inherited),
            Kind::DropsOldest => options.when_full(WhenFull::DropOldest),
            Kind::Member => options.sharing(Sharing::Each),
            Kind::Tap => options.taps(Taps::Allowed),
            Kind::Stranger => options.access(Access::Everyone),
            Kind::Plain | Kind::Around | Kind::Shared => &mut options,
        };
        let slot = options.create(name()).unwrap();
        let slot = match self {
            Kind::Tap => (MailslotOptions::new().capacity(capacity).tap(slot.name()).unwrap(), Some(slot)),
            _ => (slot, None),
        };
        if self == Kind::Stranger {
            Part::start_as(OTHER, &format!("stranger {} {size}", slot.0.name())).finish();
            return slot;
        }
        if self == Kind::Shared {
            slot.0.share();
        }
        let writer = MailslotWriter::open(slot.0.name()).unwrap();
        if self == Kind::Around {
            // The reader does not start over at the beginning as long as it never finds the slot empty.
            writer.write(content(capacity as usize - size / 2)).unwrap();
            writer.write(b"").unwrap();
            slot.0.receive().unwrap();
            writer.write(content(size)).unwrap();
            slot.0.receive().unwrap();
        } else {
            writer.write(content(size)).unwrap();
        }
        slot
    }

    fn can_be_made(self) -> bool {
        self != Kind::Stranger || is_root("messages of other users without memory")
    }

    /// Whether reading the message in place needs no copy.
    fn lies_well(self) -> bool {
        matches!(self, Kind::Plain | Kind::Stamped | Kind::Member)
    }
}

/// A way to read, and the memory that it needs.
type Read = fn(&Mailslot, &mut [u8]) -> Result<()>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Only the buffer, which is there already.
    Buffer,
    Copy,
    /// A copy, or nothing if the message can be read in place.
    InPlace,
}

const LONG: Timeout = Timeout::After(Duration::from_secs(3600));

const READS: [(&str, Needs, Read); 26] = [
    ("read", Needs::Buffer, |slot, buffer| slot.read(buffer).map(drop)),
    ("read_within", Needs::Buffer, |slot, buffer| slot.read_within(buffer, LONG).map(drop)),
    ("try_read", Needs::Buffer, |slot, buffer| slot.try_read(buffer).map(some)),
    ("read_with_origin", Needs::Buffer, |slot, buffer| slot.read_with_origin(buffer).map(drop)),
    ("read_with_origin_within", Needs::Buffer, |slot, buffer| slot.read_with_origin_within(buffer, LONG).map(drop)),
    ("try_read_with_origin", Needs::Buffer, |slot, buffer| slot.try_read_with_origin(buffer).map(some)),
    ("read_with_envelope_within", Needs::Buffer, |slot, buffer| slot.read_with_envelope_within(buffer, LONG).map(drop)),
    ("receive", Needs::Copy, |slot, _| slot.receive().map(drop)),
    ("receive_within", Needs::Copy, |slot, _| slot.receive_within(LONG).map(drop)),
    ("try_receive", Needs::Copy, |slot, _| slot.try_receive().map(some)),
    ("receive_batch", Needs::Copy, |slot, _| slot.receive_batch(&mut Vec::new(), 5).map(one)),
    ("receive_batch_within", Needs::Copy, |slot, _| slot.receive_batch_within(&mut Vec::new(), 5, LONG).map(one)),
    ("try_receive_batch", Needs::Copy, |slot, _| slot.try_receive_batch(&mut Vec::new(), 5).map(one)),
    ("peek", Needs::Copy, |slot, _| slot.peek().map(some)),
    ("iter", Needs::Copy, |slot, _| slot.iter().next().unwrap().map(drop)),
    ("try_iter", Needs::Copy, |slot, _| slot.try_iter().next().unwrap().map(drop)),
    ("into_iter", Needs::Copy, |slot, _| slot.into_iter().next().unwrap().map(drop)),
    ("a look from outside", Needs::Copy, |slot, _| mailslot::peek(slot.name(), 5).map(|seen| one(seen.len()))),
    ("take_within", Needs::InPlace, |slot, _| {
        // Refused, it is still the next one.
        assert_eq!(slot.take_within(Timeout::Zero, |_, _| Err::<(), _>("no room"))?, Err("no room"));
        slot.take_within(LONG, |_, _| Ok::<_, ()>(())).map(core::result::Result::unwrap)
    }),
    ("read_in_place", Needs::InPlace, |slot, _| slot.read_in_place(|_, _| ())),
    ("read_in_place_within", Needs::InPlace, |slot, _| slot.read_in_place_within(LONG, |_, _| ())),
    ("try_read_in_place", Needs::InPlace, |slot, _| slot.try_read_in_place(|_, _| ()).map(some)),
    ("read_batch_in_place", Needs::InPlace, |slot, _| slot.read_batch_in_place(5, |_, _| ()).map(one)),
    ("read_batch_in_place_within", Needs::InPlace, |slot, _| {
        slot.read_batch_in_place_within(5, LONG, |_, _| ()).map(one)
    }),
    ("try_read_batch_in_place", Needs::InPlace, |slot, _| slot.try_read_batch_in_place(5, |_, _| ()).map(one)),
    ("several in turn", Needs::Copy, |slot, buffer| {
        // A read that needs only a buffer must not fail because another one did.
        let refused = slot.receive();
        slot.read(&mut buffer[..1]).expect_err("it is larger");
        refused.map(drop)
    }),
];

fn some<T>(seen: Option<T>) {
    assert!(seen.is_some());
}

fn one(count: usize) {
    assert_eq!(count, 1);
}

fn read_without_memory() {
    if !Scarce::works() {
        eprintln!("messages without memory: SKIPPED, the limit is not heeded here");
        return;
    }
    for size in SIZES {
        let mut buffer = vec![1; size];
        for kind in Kind::ALL.into_iter().filter(|kind| kind.can_be_made()) {
            for (read, needs, look) in READS {
                // It is not visible from outside before its reader has accepted it.
                if kind == Kind::Stranger && read == "a look from outside" {
                    continue;
                }
                let (slot, _kept) = kind.slot(size);
                let scarce = Scarce::for_less_than(size);
                let result = look(&slot, &mut buffer);
                drop(scarce);
                let what = format!("{read} of {size} bytes, {kind:?}");
                // A message of another user is copied before it is in the slot.
                let does_without =
                    kind != Kind::Stranger && (needs == Needs::Buffer || needs == Needs::InPlace && kind.lies_well());
                if does_without {
                    result.unwrap_or_else(|error| panic!("{what}: {error}"));
                } else {
                    is_scarce(result, &what);
                    let Message { data, .. } =
                        slot.try_receive().unwrap().unwrap_or_else(|| panic!("{what}: it is lost"));
                    assert!(data == content(size), "{what}: it is another one");
                }
                assert_eq!(slot.info().unwrap().count, 0, "{what}");
            }
        }
    }
    #[cfg(feature = "tokio")]
    read_asynchronously_without_memory();
}

#[cfg(feature = "tokio")]
fn read_asynchronously_without_memory() {
    use futures_util::StreamExt;
    use mailslot::AsyncMailslot;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.can_be_made()) {
        for read in ["receive", "receive_batch", "read_batch_in_place", "messages"] {
            let size = SIZES[1];
            let (slot, _kept) = kind.slot(size);
            let slot = runtime.block_on(async { AsyncMailslot::new(slot) }).unwrap();
            let scarce = Scarce::for_less_than(size);
            let result = runtime.block_on(async {
                match read {
                    "receive" => slot.receive().await.map(drop),
                    "receive_batch" => slot.receive_batch(&mut Vec::new(), 5).await.map(one),
                    "read_batch_in_place" => slot.read_batch_in_place(5, |_, _| ()).await.map(one),
                    _ => slot.messages().next().await.unwrap().map(drop),
                }
            });
            drop(scarce);
            let what = format!("{read}, {kind:?}");
            if read == "read_batch_in_place" && kind.lies_well() {
                result.unwrap();
            } else {
                is_scarce(result, &what);
                assert!(runtime.block_on(slot.receive()).unwrap().data == content(size), "{what}");
            }
        }
    }
}

fn receive_a_batch_without_memory() {
    if !Scarce::works() {
        return;
    }
    for size in SIZES {
        for kind in [Kind::Plain, Kind::Shared, Kind::DropsOldest] {
            let mut options = MailslotOptions::new();
            options.capacity(4 * size as u64);
            if kind == Kind::DropsOldest {
                options.when_full(WhenFull::DropOldest);
            }
            let slot = options.create(name()).unwrap();
            if kind == Kind::Shared {
                slot.share();
            }
            let writer = MailslotWriter::open(slot.name()).unwrap();
            writer.write_batch(&[&b"one"[..], b"two", content(size), b"four"]).unwrap();
            let scarce = Scarce::for_less_than(size);
            let mut messages = Vec::new();
            let received = slot.receive_batch(&mut messages, 10);
            let again = slot.receive_batch(&mut messages, 10);
            let seen = mailslot::peek(slot.name(), 2);
            drop(scarce);
            assert_eq!((received.unwrap(), messages.len()), (2, 2), "{size} {kind:?}");
            is_scarce(again, "a batch that begins with it");
            is_scarce(seen, "a look from outside");
            assert_eq!(slot.receive_batch(&mut messages, 10).unwrap(), 2);
            assert!(messages[2].data == content(size) && messages[3].data == b"four");
        }
    }
}

fn close_without_memory() {
    if !Scarce::works() {
        return;
    }
    for kind in Kind::ALL.into_iter().filter(|kind| kind.can_be_made()) {
        // Other processes could still have a handle to these.
        if matches!(kind, Kind::Shared | Kind::Inherited) {
            continue;
        }
        let (slot, _kept) = kind.slot(SIZES[1]);
        let scarce = Scarce::for_less_than(SIZES[1]);
        let closed = slot.close(|_| panic!("there is no memory for it"));
        drop(scarce);
        is_scarce(closed, &format!("{kind:?}"));
    }
}

fn write_without_memory() {
    if !Scarce::works() {
        return;
    }
    type Write = fn(&MailslotWriter, usize, &mut dyn FnMut(&mut [u8])) -> Result<()>;
    let writes: [(&str, Write); 2] = [
        ("write_in_place", |writer, size, fill| writer.write_in_place(size, fill)),
        ("write_in_place_within", |writer, size, fill| writer.write_in_place_within(size, LONG, fill)),
    ];
    for size in SIZES {
        let capacity = ((size + 100) as u64).next_power_of_two();
        for kind in [Kind::Plain, Kind::Around, Kind::Stamped, Kind::Member] {
            for (write, fill) in writes {
                let mut options = MailslotOptions::new();
                options.capacity(capacity).stamp(kind == Kind::Stamped);
                if kind == Kind::Member {
                    options.sharing(Sharing::Each);
                }
                let slot = options.create(name()).unwrap();
                let writer = MailslotWriter::open(slot.name()).unwrap();
                if kind == Kind::Around {
                    writer.write(content(capacity as usize - size / 2)).unwrap();
                    writer.write(b"next").unwrap();
                    slot.receive().unwrap();
                } else {
                    // Then the writer has mapped the whole ring, and the sleeping reader starts it over.
                    writer.write(content(size)).unwrap();
                    slot.receive().unwrap();
                    slot.receive_within(Duration::from_millis(1)).unwrap_err();
                    writer.write(b"next").unwrap();
                }
                let message = content(size);
                let mut copy = |bytes: &mut [u8]| bytes.copy_from_slice(message);
                let scarce = Scarce::for_less_than(size);
                let written = fill(&writer, size, &mut copy);
                drop(scarce);
                let what = format!("{write} of {size} bytes, {kind:?}");
                if kind == Kind::Plain {
                    written.unwrap_or_else(|error| panic!("{what}: {error}"));
                } else {
                    is_scarce(written, &what);
                    assert_eq!(slot.info().unwrap().count, 1, "{what}");
                    fill(&writer, size, &mut copy).unwrap();
                }
                assert_eq!(slot.receive().unwrap().data, b"next");
                assert!(slot.receive().unwrap().data == message, "{what}");
            }
        }
    }
}

fn receive_a_reply_without_memory() {
    if !Scarce::works() {
        return;
    }
    for size in SIZES {
        let slot = Mailslot::create(name()).unwrap();
        let capacity = Some(2 * size as u64);
        let replies = MailslotWriter::open(slot.name()).unwrap().begin_request(b"?", capacity, Timeout::Zero).unwrap();
        slot.receive().unwrap().reply(content(size)).unwrap();
        let scarce = Scarce::for_less_than(size);
        let received = replies.receive_within(LONG);
        drop(scarce);
        is_scarce(received, "a reply");
        assert!(replies.receive_within(LONG).unwrap().data == content(size));
    }
}

/// Messages of other users that were received and find no room in the slot wait in its reader's memory.
fn hold_without_memory() {
    if !Scarce::works() || !is_root("messages of other users without memory") {
        return;
    }
    // More than half of the capacity, and sent inline.
    for size in [3000, 7000, 15_000, 31_000, 63_000] {
        for kind in [Kind::Plain, Kind::Stamped, Kind::Shared, Kind::Member] {
            let what = format!("{size} bytes, {kind:?}");
            let capacity = ((size + 100) as u64).next_power_of_two();
            let mut options = MailslotOptions::new();
            options.capacity(capacity).access(Access::Everyone).stamp(kind == Kind::Stamped);
            if kind == Kind::Member {
                options.sharing(Sharing::Each);
            }
            let slot = options.create(name()).unwrap();
            if kind == Kind::Shared {
                slot.share();
            }
            let write_as = |user, size| Part::start_as(user, &format!("stranger {} {size}", slot.name())).finish();
            let mut buffer = vec![0; size];
            // From now on the reader has memory for packets.
            write_as(OTHER, 1);
            assert_eq!(slot.read(&mut buffer).unwrap(), 1);
            // There is room for others, but not for this message.
            let filling = content(capacity as usize / 2 - 100);
            MailslotWriter::open(slot.name()).unwrap().write(filling).unwrap();
            write_as(OTHER, size);
            write_as(OTHER - 1, 2);
            let fragments = Fragments::below(size);
            slot.info().unwrap();
            slot.info().unwrap();
            // Reading into a buffer needs no memory; what is still outside may need some.
            let first = slot.try_read(&mut buffer).map(|size| buffer[..size.unwrap()] == *filling);
            let early = slot.try_read(&mut buffer);
            drop(fragments);
            assert!(first.unwrap(), "{what}");
            let mut sizes: Vec<_> = early.ok().flatten().into_iter().collect();
            while let Some(next) = slot.try_read(&mut buffer).unwrap() {
                assert!(next == 2 || buffer == content(size), "{what}");
                sizes.push(next);
            }
            sizes.sort_unstable();
            assert_eq!(sizes, [2, size], "{what}");
        }
    }
}

#[test]
fn asking_another_machine_without_memory_is_an_error_and_a_reply_is_not_copied() {
    use mailslot::network::routes::{self, Answer, Question};

    let test = "asking_another_machine_without_memory_is_an_error_and_a_reply_is_not_copied";
    // This process is the node, too.
    if !common::is_apart(test, &["env", "MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=65536"]) || !Scarce::works() {
        return;
    }
    let node = MailslotOptions::new().capacity(64 << 20).create(routes::SLOT).unwrap();
    let way = Mailslot::create(name()).unwrap();
    let (tell, replied) = std::sync::mpsc::channel();
    let serving = std::thread::spawn({
        let way = way.name().clone();
        move || {
            for message in node.iter().map(Result::unwrap) {
                let answer = match Question::decode(&message.data).unwrap() {
                    Question::Route(_) => Answer::Route { slot: way.clone(), max_message: u32::MAX },
                    Question::Request { data, .. } => match core::str::from_utf8(data).unwrap() {
                        "end" => return,
                        size => {
                            let data = content(size.parse().unwrap()).to_vec();
                            Answer::Reply { computer: "SRV2".to_owned(), data }
                        }
                    },
                    question => panic!("nobody has memory to ask this: {:?}", question.address()),
                };
                message.reply(&answer.encode()).unwrap();
                if matches!(answer, Answer::Reply { .. }) {
                    drop(answer);
                    tell.send(()).unwrap();
                }
            }
        }
    });
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\x").unwrap();
    for size in SIZES {
        let message = content(size);
        let mut replies = writer.expect_replies(None, LONG).unwrap();
        let scarce = Scarce::for_less_than(size);
        let written = writer.write(message);
        let confirmed = writer.write_confirmed(message, Duration::MAX);
        let asked = replies.ask_within(message, LONG);
        drop(scarce);
        is_scarce(written, "a message");
        is_scarce(confirmed, "a confirmed one");
        is_scarce(asked, "a request");

        let replies = writer.begin_request(size.to_string().as_bytes(), Some(64 << 20), LONG).unwrap();
        replied.recv().unwrap();
        let scarce = Scarce::for_less_than(3 * size);
        let reply = replies.receive_within(LONG);
        drop(scarce);
        assert!(reply.unwrap().data == message);
    }
    drop(writer.begin_request(b"end", None, LONG));
    serving.join().unwrap();
}
