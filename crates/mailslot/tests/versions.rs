//! Programs with different versions of this library: rings and doors with another version number.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{is_apart, name, watchdog};
use mailslot::{
    Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, Network, NetworkOrigin, Origin, Sharing, Taps,
    WhenFull,
};

/// Longer than any reply takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Slots of all kinds that differ in their layout, or in how they are written to.
const KINDS: [fn(&mut MailslotOptions) -> &mut MailslotOptions; 7] = [
    |options| options,
    |options| options.stamp(true),
    |options| options.network(Network::Allowed),
    |options| options.inheritance(Inheritance::Inherited),
    |options| options.when_full(WhenFull::DropOldest),
    |options| options.taps(Taps::Allowed),
    |options| options.sharing(Sharing::Each),
];

/// Version numbers around this one, with the word that errors use for their owner.
fn others(own: u64) -> [(u64, &'static str); 4] {
    [(own - 1, "older"), (own + 1, "newer"), (0, "older"), (u32::MAX.into(), "newer")]
}

/// All files of this name below the root.
fn files(name: &str) -> Vec<PathBuf> {
    fn look(directory: &Path, name: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, name, found);
            } else if path.ends_with(name) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    look(Path::new(&std::env::var_os("MAILSLOT_ROOT").unwrap()), name, &mut found);
    found
}

/// The version of the ring, its second word.
fn ring() -> u64 {
    let mut word = [0; 8];
    File::open(&files("ring")[0]).unwrap().read_exact_at(&mut word, 8).unwrap();
    u64::from_ne_bytes(word)
}

/// Sets the version of all rings.
fn set_rings(version: u64) {
    for file in files("ring") {
        File::options().write(true).open(file).unwrap().write_all_at(&version.to_ne_bytes(), 8).unwrap();
    }
}

/// The version of the door in a label.
fn door() -> u64 {
    let label = fs::read_to_string(&files("label")[0]).unwrap();
    label.lines().find_map(|line| line.strip_prefix("door ")).unwrap().parse().unwrap()
}

/// Sets the version of the doors in all labels, or removes it.
fn set_doors(version: Option<u64>) {
    for file in files("label") {
        let label = fs::read_to_string(&file).unwrap();
        let told = |line: &str| match version {
            _ if !line.starts_with("door ") => format!("{line}\n"),
            Some(version) => format!("door {version}\n"),
            None => String::new(),
        };
        fs::write(&file, label.lines().map(told).collect::<String>()).unwrap();
    }
}

/// Checks that the error says whose version is the older one.
fn tells(error: Error, owner: &str) {
    let text = error.to_string() + &std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::Unsupported, "{text}");
    assert!(text.contains(&format!("{owner} version of mailslot than this program")), "{text}");
}

/// Writes in all ways, and checks that the slot receives it, attested by the kernel if it arrives through the door.
fn exchange(slot: &Mailslot, by_door: bool) {
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    writer.write(b"one").unwrap();
    writer.write_batch(&[&b"two"[..], &[7; 100_000]]).unwrap();
    writer.write_in_place(5, |bytes| bytes.copy_from_slice(b"three")).unwrap();
    for expected in [&b"one"[..], b"two", &[7; 100_000], b"three"] {
        let message = slot.receive_within(PATIENCE).unwrap();
        assert_eq!(message.data, expected);
        assert!(
            matches!(message.origin, Origin::Local { attested, .. } if attested == by_door),
            "{:?}",
            message.origin
        );
    }
    std::thread::scope(|threads| {
        let asked = threads.spawn(|| writer.request(b"how much?", PATIENCE));
        slot.receive_within(PATIENCE).unwrap().reply(b"much").unwrap();
        assert_eq!(asked.join().unwrap().unwrap().data, b"much");
    });
    let origin = NetworkOrigin::new("SRV1");
    if writer.write_from(&origin, b"from afar").is_ok() {
        assert_eq!(slot.receive_within(PATIENCE).unwrap().origin, origin.into());
    }
}

#[test]
fn a_ring_of_another_version_is_written_to_through_the_door() {
    let _watchdog = watchdog();
    if !is_apart("a_ring_of_another_version_is_written_to_through_the_door", &[]) {
        return;
    }
    for (number, kind) in KINDS.iter().enumerate() {
        let slot = kind(&mut MailslotOptions::new()).create(name()).unwrap();
        exchange(&slot, false);
        let own = ring();
        let before = MailslotWriter::open(slot.name().as_str()).unwrap();
        for (version, owner) in others(own) {
            println!("kind {number}: {version}");
            set_rings(version);
            exchange(&slot, true);
            tells(mailslot::peek(slot.name().as_str(), 1).unwrap_err(), owner);
            assert_eq!(mailslot::list().unwrap().len(), 1);
            assert!(mailslot::status(slot.name()).is_ok());
        }
        // A writer that has already mapped the ring continues.
        before.write(b"mapped").unwrap();
        assert_eq!(slot.receive_within(PATIENCE).unwrap().data, b"mapped");
        set_rings(own);
        exchange(&slot, false);
    }
}

#[test]
fn a_slot_of_another_version_is_not_taken_over() {
    let _watchdog = watchdog();
    if !is_apart("a_slot_of_another_version_is_not_taken_over", &[]) {
        return;
    }
    let slot = Mailslot::create(name()).unwrap();
    let own = ring();
    let taken = || Mailslot::from_handles(slot.share().as_fds().map(|fd| fd.try_clone_to_owned().unwrap()));
    for (version, owner) in others(own) {
        set_rings(version);
        tells(taken().map(|_| ()).unwrap_err(), owner);
    }
    set_rings(own);
    let heir = taken().unwrap();
    MailslotWriter::open(slot.name().as_str()).unwrap().write(b"to both").unwrap();
    assert_eq!(heir.receive_within(PATIENCE).unwrap().data, b"to both");
}

#[test]
fn a_door_of_another_version_says_whose_is_the_older_one() {
    let _watchdog = watchdog();
    if !is_apart("a_door_of_another_version_says_whose_is_the_older_one", &[]) {
        return;
    }
    for kind in KINDS {
        let slot = kind(&mut MailslotOptions::new()).create(name()).unwrap();
        let (own, own_door) = (ring(), door());
        for (version, owner) in others(own_door) {
            set_doors(Some(version));
            // A ring of this version is enough, whatever the door's version.
            exchange(&slot, false);
            set_rings(own + 1);
            tells(MailslotWriter::open(slot.name().as_str()).map(|_| ()).unwrap_err(), owner);
            assert!(slot.try_receive().unwrap().is_none());
            assert!(mailslot::status(slot.name()).is_ok());
            set_rings(own);
        }
        // Labels without a version have version 1.
        set_rings(own + 1);
        set_doors(None);
        exchange(&slot, true);
    }
}
