//! The files of a recording, written one after the other.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Format;
use super::record::Record;

/// When to begin another file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation {
    /// Before a file would have more bytes than this.
    pub size: Option<u64>,
    /// When the first record of a file is older than this.
    pub time: Option<Duration>,
}

/// A file, or a sequence of files.
pub struct Files {
    path: PathBuf,
    format: Format,
    rotation: Rotation,
    /// Files begun so far.
    number: u32,
    current: Current,
}

struct Current {
    file: File,
    /// Bytes of the header and of whole records.
    len: u64,
    /// The time of its first record.
    first: Option<SystemTime>,
}

impl Files {
    /// Begins the first file.
    ///
    /// # Errors
    ///
    /// Errors of the system; `AlreadyExists` if the file exists and is not empty.
    pub fn create(path: &Path, format: Format, rotation: Rotation) -> io::Result<Files> {
        let mut number = 0;
        let current = begin(path, format, rotation, &mut number, SystemTime::now())?;
        Ok(Files { path: path.to_owned(), format, rotation, number, current })
    }

    /// Writes a record as a whole, or fails and writes nothing.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let bytes = self.format.encode(record)?;
        if self.is_over(record.time, bytes.len() as u64) {
            self.finish()?;
            self.current = begin(&self.path, self.format, self.rotation, &mut self.number, record.time)?;
        }
        self.current.append(&bytes)?;
        self.current.first.get_or_insert(record.time);
        Ok(())
    }

    /// Waits until all records are on the disk.
    pub fn finish(&self) -> io::Result<()> {
        match self.current.file.sync_all() {
            // Pipes and terminals cannot be synchronised.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        }
    }

    /// Whether a record of this time and size goes to the next file. Every file has at least one.
    fn is_over(&self, time: SystemTime, size: u64) -> bool {
        let Some(first) = self.current.first else { return false };
        let is_full = self.rotation.size.is_some_and(|most| self.current.len + size > most);
        // A clock that was set back begins another file as well, whose name has the new time.
        let is_old = |most| time.duration_since(first).is_ok_and(|age| age >= most) || time < first;
        is_full || self.rotation.time.is_some_and(is_old)
    }
}

impl Current {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // Removes the part that was written, so that the file ends with a whole record. Fails for a pipe, whose
            // reader notices the incomplete record.
            let _ = self.file.set_len(self.len);
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }
}

/// Begins the next file; `number` files were begun before.
fn begin(path: &Path, format: Format, rotation: Rotation, number: &mut u32, time: SystemTime) -> io::Result<Current> {
    let mut options = OpenOptions::new();
    // In append mode, the next write after a removed part begins at the end of the file.
    options.append(true);
    let (file, path) = if rotation.size.is_none() && rotation.time.is_none() {
        let file = options.create(true).open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.len() > 0 {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is not empty"));
        }
        (file, path.to_owned())
    } else {
        loop {
            let next = *number + 1;
            let name = numbered(path, next, time);
            match options.create_new(true).open(&name) {
                // A file of another run in the same second.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => *number = next,
                Err(error) => return Err(error),
                Ok(file) => break (file, name),
            }
        }
    };
    let mut current = Current { file, len: 0, first: None };
    if let Err(error) = current.append(&format.header()) {
        // Leaves no file after a failure; the next try may find room.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    *number += 1;
    Ok(current)
}

/// `DIR/STEM_00001_20260131T120000Z.EXTENSION`: in the order of their numbers, and of their times.
fn numbered(path: &Path, number: u32, time: SystemTime) -> PathBuf {
    let time = humantime::format_rfc3339_seconds(time).to_string().replace(['-', ':'], "");
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("_{number:05}_{time}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::recording::Reader;
    use crate::recording::tests::records;

    /// The records of all files in a directory, in the order of their names, and the number in each.
    fn read(directory: &Path) -> (Vec<Record>, Vec<usize>) {
        let mut paths: Vec<_> =
            fs::read_dir(directory).expect("readable").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let (mut all, mut numbers) = (Vec::new(), Vec::new());
        for path in paths {
            let before = all.len();
            let mut reader = Reader::open(&path).expect("readable");
            while let Some(record) = reader.next().expect("a record") {
                all.push(record);
            }
            numbers.push(all.len() - before);
        }
        (all, numbers)
    }

    #[test]
    fn whatever_the_rotation_all_records_are_there_once_and_in_order() {
        let records = records();
        let sizes = [None, Some(1), Some(500), Some(100_000)];
        let times = [None, Some(Duration::ZERO), Some(Duration::from_millis(200))];
        for format in [Format::Ndjson, Format::Pcapng] {
            for size in sizes {
                for time in times {
                    // Not on a disk: the test would wait for each file to be synchronised.
                    let directory = tempfile::tempdir_in("/dev/shm").expect("a directory");
                    let path = directory.path().join("log.ndjson");
                    let mut files = Files::create(&path, format, Rotation { size, time }).expect("a file");
                    for record in &records {
                        files.append(record).expect("room");
                    }
                    files.finish().expect("a disk");
                    let (found, numbers) = read(directory.path());
                    assert_eq!(found, records, "{format:?} {size:?} {time:?}");
                    match (size, time) {
                        (Some(1), _) | (_, Some(Duration::ZERO)) => assert_eq!(numbers, vec![1; records.len()]),
                        (None, None) => assert_eq!(numbers, [records.len()]),
                        _ => assert!(numbers.iter().all(|number| *number > 0), "{numbers:?}"),
                    }
                    for entry in fs::read_dir(directory.path()).expect("readable") {
                        let (entry, most) = (entry.expect("an entry"), size.unwrap_or(u64::MAX));
                        let len = entry.metadata().expect("it is there").len();
                        assert!(len <= most || numbers.contains(&1), "{:?} has {len} of {most} bytes", entry.path());
                    }
                }
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_begins_a_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let rotation = Rotation { size: None, time: Some(Duration::from_secs(60)) };
        let mut files = Files::create(&directory.path().join("log"), Format::Ndjson, rotation).expect("a file");
        for seconds in [1000, 1059, 1060, 1061, 10, 11] {
            files
                .append(&Record { time: UNIX_EPOCH + Duration::from_secs(seconds), ..records().remove(0) })
                .expect("room");
        }
        assert_eq!(read(directory.path()).1, [2, 2, 2]);
    }

    #[test]
    fn names_have_number_and_time() {
        let time = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        for (path, expected) in [
            ("/log/alerts.ndjson", "/log/alerts_00007_20260921T141320Z.ndjson"),
            ("a.b.pcapng", "a.b_00007_20260921T141320Z.pcapng"),
            ("log", "log_00007_20260921T141320Z"),
        ] {
            assert_eq!(numbered(Path::new(path), 7, time), Path::new(expected));
        }
    }

    #[test]
    fn what_is_there_already_is_not_touched() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        fs::write(&path, "precious").expect("writable");
        let error = Files::create(&path, Format::Ndjson, Rotation::default()).err().expect("it is there");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("readable"), b"precious");
    }
}
