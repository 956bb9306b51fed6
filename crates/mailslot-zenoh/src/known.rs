//! The computers that sealed domains have, or have had. Messages for them go to no other network, even while they are
//! away.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mailslot::NetbiosName;
use mailslot_domain::read_text;
use tempfile::NamedTempFile;

use crate::lock::lock;

/// Computers that are remembered of a domain. A member can announce computers of any name: beyond this number, a
/// computer that is away counts as never seen.
const MAX_COMPUTERS: usize = 1 << 16;
/// Bytes of the largest file that is read.
const MAX_FILE: usize = 16 << 20;
/// The shortest time between a change and writing the file.
const PAUSE: Duration = Duration::from_secs(1);

/// A sealed domain: its name, and the id that tells it from others of that name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) name: NetbiosName,
    pub(crate) id: [u8; 16],
}

/// Which sealed domain has a computer: the first in which the computer was seen, whichever announces it later.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Computers>);

#[derive(Debug, Default)]
struct Computers {
    owners: HashMap<NetbiosName, Owner>,
    numbers: HashMap<Owner, usize>,
    /// The file that keeps them for the next start.
    file: Option<PathBuf>,
    changed: Option<Instant>,
}

impl Known {
    /// Reads the computers that the file has, and skips lines that are malformed. Changes are written to the same file.
    pub(crate) fn in_file(path: &Path) -> Known {
        let text = read_text(path, MAX_FILE).unwrap_or_default();
        let mut computers = Computers { file: Some(path.to_owned()), ..Computers::default() };
        for (computer, owner) in text.lines().filter_map(parse) {
            computers.add(&computer, &owner);
        }
        computers.changed = None;
        Known(Mutex::new(computers))
    }

    /// Remembers that the domain has the computer; false if there is no room for it.
    pub(crate) fn remember(&self, computer: &NetbiosName, owner: &Owner) -> bool {
        lock(&self.0).add(computer, owner)
    }

    pub(crate) fn owner(&self, computer: &NetbiosName) -> Option<Owner> {
        lock(&self.0).owners.get(computer).cloned()
    }

    /// Forgets the computers of domains that do not stay.
    pub(crate) fn retain(&self, stays: impl Fn(&Owner) -> bool) {
        let mut computers = lock(&self.0);
        let before = computers.owners.len();
        computers.owners.retain(|_, owner| stays(owner));
        computers.numbers.retain(|owner, _| stays(owner));
        if computers.owners.len() != before {
            computers.changed.get_or_insert_with(Instant::now);
        }
    }

    /// Writes the file if the last change is some time ago, or `at_the_end`. The error says why it cannot be written,
    /// once for each change.
    pub(crate) fn save(&self, at_the_end: bool) -> std::io::Result<()> {
        let (path, text) = {
            let mut computers = lock(&self.0);
            let due = computers.changed.is_some_and(|changed| at_the_end || changed.elapsed() >= PAUSE);
            let Some(path) = computers.file.clone().filter(|_| due) else { return Ok(()) };
            computers.changed = None;
            (path, computers.text())
        };
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.persist(&path).map(drop).map_err(|error| error.error)
    }
}

impl Computers {
    fn add(&mut self, computer: &NetbiosName, owner: &Owner) -> bool {
        let number = self.numbers.entry(owner.clone()).or_default();
        match self.owners.entry(computer.clone()) {
            Entry::Occupied(_) => true,
            Entry::Vacant(vacant) if *number < MAX_COMPUTERS => {
                vacant.insert(owner.clone());
                *number += 1;
                self.changed.get_or_insert_with(Instant::now);
                true
            }
            Entry::Vacant(_) => false,
        }
    }

    /// A line for each computer: the domain, its id and the computer. No name contains a tab.
    fn text(&self) -> String {
        let mut text = String::new();
        for (computer, owner) in &self.owners {
            let id = u128::from_be_bytes(owner.id);
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}\t{id:032x}\t{computer}", owner.name);
        }
        text
    }
}

fn parse(line: &str) -> Option<(NetbiosName, Owner)> {
    let mut parts = line.split('\t');
    let (name, id, computer) = (parts.next()?, parts.next()?, parts.next()?);
    let id = u128::from_str_radix(id, 16).ok()?.to_be_bytes();
    Some((computer.parse().ok()?, Owner { name: name.parse().ok()?, id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str, id: u8) -> Owner {
        Owner { name: name.parse().expect("valid"), id: [id; 16] }
    }

    fn pc(number: usize) -> NetbiosName {
        format!("PC{number}").parse().expect("valid")
    }

    #[test]
    fn memory_is_bounded_for_each_domain_and_keeps_what_it_has() {
        let (known, plant, office) = (Known::default(), owner("PLANT", 1), owner("OFFICE", 2));
        assert!((0..MAX_COMPUTERS).all(|number| known.remember(&pc(number), &plant)));
        assert!(known.remember(&pc(7), &plant) && !known.remember(&pc(MAX_COMPUTERS), &plant));
        assert_eq!((known.owner(&pc(0)), known.owner(&pc(MAX_COMPUTERS))), (Some(plant.clone()), None));
        assert!(known.remember(&pc(MAX_COMPUTERS), &office));
        known.retain(|owner| *owner == office);
        assert_eq!((known.owner(&pc(0)), known.owner(&pc(MAX_COMPUTERS))), (None, Some(office)));
        assert!(known.remember(&pc(1), &plant));
    }

    #[test]
    fn the_first_domain_that_has_a_computer_keeps_it() {
        let (known, plant, office) = (Known::default(), owner("PLANT", 1), owner("OFFICE", 2));
        assert!(known.remember(&pc(1), &plant) && known.remember(&pc(1), &office));
        assert_eq!(known.owner(&pc(1)), Some(plant));
    }

    #[test]
    fn what_is_known_survives_in_its_file_and_nothing_else_does() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, plant) = (directory.path().join("computers"), owner("PLANT", 0xab));
        let known = Known::in_file(&path);
        assert_eq!(known.owner(&pc(1)), None);
        for number in [1, 2] {
            known.remember(&pc(number), &plant);
        }
        known.save(false).expect("nothing is due yet");
        assert!(!path.exists());
        known.save(true).expect("the directory is there");
        let again = Known::in_file(&path);
        assert_eq!((again.owner(&pc(1)), again.owner(&pc(3))), (Some(plant.clone()), None));
        std::fs::write(&path, "PLANT\tzz\tPC1\n\nPLANT\nPLANT\t00000000000000000000000000000007\tPC2").expect("a file");
        let damaged = Known::in_file(&path);
        assert_eq!((damaged.owner(&pc(1)), damaged.owner(&pc(2)).map(|owner| owner.id[15])), (None, Some(7)));
        std::fs::remove_dir_all(directory.path()).expect("it is there");
        damaged.remember(&pc(5), &plant);
        assert!(damaged.save(true).is_err());
        assert!(damaged.save(true).is_ok(), "it is said once");
    }
}
