//! A list of the processes at one moment.

use std::sync::Mutex;

/// A process, from `/proc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: u32,
    pub(crate) parent: u32,
    pub(crate) threads: u32,
    pub(crate) nice: i32,
    /// File name of its program.
    pub(crate) program: String,
}

pub(crate) struct Snapshot {
    entries: Vec<Entry>,
    /// The index of the next entry.
    next: Mutex<usize>,
}

impl Snapshot {
    /// Lists the processes that this one may see.
    pub(crate) fn take() -> std::io::Result<Snapshot> {
        let processes = std::fs::read_dir("/proc")?.flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut entries: Vec<Entry> = ids.filter_map(Entry::of).collect();
        entries.sort_by_key(|entry| entry.id);
        Ok(Snapshot { entries, next: Mutex::new(0) })
    }

    /// The first entry, or the one after the last returned. `None` after the end.
    pub(crate) fn next(&self, first: bool) -> Option<&Entry> {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if first {
            *next = 0;
        }
        let entry = self.entries.get(*next)?;
        *next += 1;
        Some(entry)
    }
}

impl Entry {
    /// `None` if the process has ended meanwhile.
    fn of(id: u32) -> Option<Entry> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let mut entry = Entry::parse(id, &stat)?;
        // Only its user may read the full path. That of a deleted program has a suffix.
        if let Ok(path) = std::fs::read_link(format!("/proc/{id}/exe"))
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            name.strip_suffix(" (deleted)").unwrap_or(name).clone_into(&mut entry.program);
        }
        Some(entry)
    }

    /// From `/proc/PID/stat` (proc(5)), whose second word is a name in parentheses that may contain parentheses.
    fn parse(id: u32, stat: &str) -> Option<Entry> {
        let (before, behind) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        // From the third word on.
        let words: Vec<&str> = behind.split_whitespace().collect();
        let word = |number: usize| words.get(number - 3).copied();
        Some(Entry {
            id,
            parent: word(4)?.parse().ok()?,
            threads: word(20)?.parse().ok()?,
            nice: word(19)?.parse().ok()?,
            program: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_anything_in_it() {
        for name in ["a", "a b", ") S 1 (", "(x)", ""] {
            let stat = format!("7 ({name}) S 3 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 -5 9 0 1234 1 2");
            let expected = Entry { id: 7, parent: 3, threads: 9, nice: -5, program: name.to_owned() };
            assert_eq!(Entry::parse(7, &stat), Some(expected));
        }
        for stat in ["", "7", "7 (a", "7 (a)", "7 (a) S", "7 (a) S x 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 -5 9"] {
            assert_eq!(Entry::parse(7, stat), None, "{stat}");
        }
    }

    #[test]
    fn this_process_is_in_the_list_once() {
        let snapshot = Snapshot::take().expect("a list");
        let own: Vec<&Entry> = snapshot.entries.iter().filter(|entry| entry.id == std::process::id()).collect();
        assert_eq!(own.len(), 1);
        let program = std::env::current_exe().expect("a path");
        assert_eq!(Some(own[0].program.as_str()), program.file_name().and_then(|name| name.to_str()));
    }
}
