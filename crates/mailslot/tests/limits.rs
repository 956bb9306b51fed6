//! Many slots, many writers, and a system without free descriptors.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::HashMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use common::{Part, name, open_descriptors, part, watchdog};
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const OWNERS: u32 = 10;
/// A slot takes three descriptors.
const SLOTS_PER_OWNER: u32 = 1000;
const PROCESSES: u32 = 50;
const WRITERS_PER_PROCESS: u32 = 20;
const MESSAGES: u32 = 20;

#[test]
fn plays_its_part() {
    let Some(part) = part() else { return };
    match part.split_once(' ').unwrap_or((&part, "")) {
        ("slots", rest) => own_slots(rest),
        ("writers", rest) => be_twenty_writers(rest),
        ("descriptors", _) => run_out_of_descriptors(),
        ("quiet", _) => read_where_nobody_writes(),
        ("files-of-another", slot) => write_where_files_must_be_small(slot),
        ("files", slot) => may_make_small_files(slot),
        ("closed", slot) => create_where_the_root_is_closed(slot),
        _ => panic!("{part}"),
    }
}

/// If files may be no larger than a slot's ring, making one would end the process, so it must not be tried.
#[test]
fn creating_a_slot_where_files_must_be_small_is_an_error() {
    let _watchdog = watchdog();
    Part::start(&format!("files {}", name())).finish();
}

/// A root that an administrator made by hand is easily one that nobody else may write to.
#[test]
fn creating_a_slot_where_the_root_is_closed_says_how_to_open_it() {
    let test = "creating_a_slot_where_the_root_is_closed_says_how_to_open_it";
    if !common::is_root(test) || !common::is_apart(test, &[]) {
        return;
    }
    for mode in [0o700, 0o755, 0o1755, 0o775] {
        std::fs::set_permissions(mailslot::root().unwrap(), Permissions::from_mode(mode)).unwrap();
        Part::start_as(65534, &format!("closed {}", name())).finish();
    }
}

fn create_where_the_root_is_closed(slot: &str) {
    let refused = Mailslot::create(slot).unwrap_err();
    assert_eq!(std::io::Error::from(refused).kind(), std::io::ErrorKind::PermissionDenied);
    let root = std::env::var("MAILSLOT_ROOT").unwrap();
    let text = Mailslot::create(slot).unwrap_err().to_string();
    assert!(text.contains(&root) && text.contains("chmod 1777"), "{text}");
}

/// A large message for another user is sent as a file.
#[test]
fn writing_a_large_message_where_files_must_be_small_is_an_error() {
    let _watchdog = watchdog();
    if rustix::process::geteuid().is_root() {
        let mut options = Mailslot::options();
        let slot = options.access(mailslot::Access::Everyone).create(name()).unwrap();
        Part::start_as(65534, &format!("files-of-another {}", slot.name())).finish();
        assert_eq!(slot.receive().unwrap().data, b"small");
    }
}

fn write_where_files_must_be_small(slot: &str) {
    let writer = MailslotWriter::open(slot).unwrap();
    setrlimit(Resource::Fsize, Rlimit { current: Some(4096), maximum: None }).unwrap();
    let refused = writer.write(&[1; 100_000]);
    assert!(matches!(&refused, Err(Error::Io { source, .. }) if source.raw_os_error() == Some(27)), "{refused:?}");
    writer.write(b"small").unwrap();
}

fn may_make_small_files(slot: &str) {
    for bytes in [0, 1, 100, 4096, 64 << 10, 1 << 20] {
        setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum: None }).unwrap();
        let refused = Mailslot::options().capacity(1 << 20).create(slot);
        assert!(matches!(refused, Err(Error::InvalidOption { option: "capacity", .. })), "{refused:?}");
    }
    let enough = 2 << 20;
    setrlimit(Resource::Fsize, Rlimit { current: Some(enough), maximum: None }).unwrap();
    let created = Mailslot::options().capacity(1 << 20).create(slot).unwrap();
    // Writing needs no larger file, whatever is written.
    let writer = MailslotWriter::open(slot).unwrap();
    setrlimit(Resource::Fsize, Rlimit { current: Some(0), maximum: None }).unwrap();
    writer.write(&vec![1; 500_000]).unwrap();
    assert_eq!(created.receive().unwrap().data.len(), 500_000);
    assert!(mailslot::list().unwrap().iter().any(|status| status.name == *created.name()));
}

#[test]
fn ten_thousand_slots_live_at_once() {
    let _watchdog = watchdog();
    let prefix = name();
    let owners: Vec<Part> = (0..OWNERS).map(|owner| Part::start(&format!("slots {prefix} {owner}"))).collect();
    let folded = format!("{}-", prefix.to_uppercase());
    let living = || mailslot::list().unwrap().iter().filter(|slot| slot.name.folded().starts_with(&folded)).count();
    while living() < (OWNERS * SLOTS_PER_OWNER) as usize {
        std::thread::yield_now();
    }
    for number in 0..OWNERS * SLOTS_PER_OWNER {
        MailslotWriter::open(format!("{prefix}-{number}")).unwrap().write(&number.to_le_bytes()).unwrap();
    }
    owners.into_iter().for_each(Part::finish);
    assert_eq!(living(), 0);
}

/// Owns a thousand slots until each of them has received its message.
fn own_slots(rest: &str) {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    let (prefix, owner) = rest.split_once(' ').unwrap();
    let first = owner.parse::<u32>().unwrap() * SLOTS_PER_OWNER;
    let slots: Vec<Mailslot> = (first..first + SLOTS_PER_OWNER)
        .map(|number| Mailslot::create(format!("{prefix}-{number}")).unwrap())
        .collect();
    for (number, slot) in (first..).zip(&slots) {
        assert_eq!(slot.receive().unwrap().data, number.to_le_bytes());
        assert!(slot.try_receive().unwrap().is_none());
    }
}

#[test]
fn thousand_writers_of_fifty_processes_lose_nothing() {
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let parts: Vec<Part> =
        (0..PROCESSES).map(|process| Part::start(&format!("writers {} {process}", slot.name()))).collect();
    let mut next = HashMap::new();
    for _ in 0..PROCESSES * WRITERS_PER_PROCESS * MESSAGES {
        let message = slot.receive().unwrap().data;
        let writer = u32::from_le_bytes(message[..4].try_into().unwrap());
        let number = u32::from_le_bytes(message[4..].try_into().unwrap());
        let expected = next.entry(writer).or_insert(0);
        assert_eq!(number, *expected, "writer {writer}");
        *expected += 1;
    }
    assert_eq!(next.len() as u32, PROCESSES * WRITERS_PER_PROCESS);
    parts.into_iter().for_each(Part::finish);
    assert!(slot.try_receive().unwrap().is_none());
}

fn be_twenty_writers(rest: &str) {
    let (slot, process) = rest.split_once(' ').unwrap();
    let first = process.parse::<u32>().unwrap() * WRITERS_PER_PROCESS;
    let writers: Vec<_> = (0..WRITERS_PER_PROCESS).map(|_| MailslotWriter::open(slot).unwrap()).collect();
    for number in 0..MESSAGES {
        for (index, writer) in (first..).zip(&writers) {
            let message = [index.to_le_bytes(), number.to_le_bytes()].concat();
            writer.write_within(&message, Timeout::Forever).unwrap();
        }
    }
}

#[test]
fn running_out_of_descriptors_is_an_error_that_passes() {
    let _watchdog = watchdog();
    Part::start("descriptors").finish();
}

/// A reader that polls a slot to which no other user has ever connected opens nothing besides the slot, and so needs no
/// system call to check.
#[test]
fn reads_that_find_nothing_open_nothing() {
    let _watchdog = watchdog();
    Part::start("quiet").finish();
}

fn read_where_nobody_writes() {
    use mailslot::Access;
    for access in [Access::Owner, Access::Everyone] {
        let slot = Mailslot::options().access(access).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
        let before = open_descriptors();
        for timeout in [Timeout::Zero, Timeout::After(std::time::Duration::from_millis(1))] {
            for _ in 0..3 {
                assert!(matches!(slot.receive_within(timeout), Err(Error::TimedOut)));
                assert!(slot.try_receive().unwrap().is_none());
                writer.write(b"one").unwrap();
                assert_eq!(slot.receive_within(timeout).unwrap().data, b"one");
            }
        }
        // The writer's bell, which is opened once to wake a sleeping reader.
        let after = open_descriptors();
        assert!(after <= before + 1, "{before}, then {after}");
    }
}

fn run_out_of_descriptors() {
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(40), maximum: before.maximum }).unwrap();
    let (slot, writer) = common::pair();
    let mut slots = Vec::new();
    let error = loop {
        match Mailslot::create(name()) {
            Ok(slot) => slots.push(slot),
            Err(error) => break error,
        }
    };
    assert_eq!(error.win32_code(), 4, "{error}");
    // Use up the rest of the limit.
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    let error = MailslotWriter::open(slot.name().as_str()).unwrap_err();
    assert_eq!(error.win32_code(), 4, "{error}");
    writer.write(b"those that are open go on").unwrap();
    assert_eq!(slot.receive().unwrap().data, b"those that are open go on");
    assert!(matches!(slot.receive_within(Timeout::Zero), Err(Error::TimedOut)));
    let name_of_another = slots.pop().unwrap();
    drop(files);
    let again = name_of_another.name().as_str().to_owned();
    drop(name_of_another);
    Mailslot::create(again).unwrap();
}
