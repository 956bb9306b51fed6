//! Reads files of records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::ndjson;
use super::pcapng::Parser;
use super::record::Record;

/// Reads a file of either format, one record after the other.
pub struct Reader {
    file: BufReader<File>,
    kind: Kind,
    /// Records so far.
    count: u64,
    ended: Ended,
}

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// After a record.
    Whole,
    /// Within a record, as after a loss of power.
    Cut,
}

enum Kind {
    Ndjson,
    Pcapng { parser: Parser, unread: Vec<u8> },
}

/// The first bytes of every pcapng file, which no text begins with.
const PCAPNG: &[u8] = &[0x0a, 0x0d, 0x0d, 0x0a];
/// Bytes of one read.
const BUFFER: usize = 64 << 10;

impl Reader {
    pub fn open(path: &Path) -> io::Result<Reader> {
        let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
        let kind = if file.fill_buf()?.starts_with(PCAPNG) {
            Kind::Pcapng { parser: Parser::new(), unread: Vec::new() }
        } else {
            Kind::Ndjson
        };
        Ok(Reader { file, kind, count: 0, ended: Ended::Whole })
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    ///
    /// Errors of the system; `InvalidData` if the next bytes are not a record.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        let record = match &mut self.kind {
            Kind::Ndjson => next_line(&mut self.file, &mut self.ended),
            Kind::Pcapng { parser, unread } => next_packet(&mut self.file, parser, unread, &mut self.ended),
        };
        let record = record.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => {
                io::Error::new(error.kind(), format!("record {} is followed by something else: {error}", self.count))
            }
            _ => error,
        })?;
        self.count += u64::from(record.is_some());
        Ok(record)
    }

    /// Records so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How the file ended, once there is no next record.
    pub fn ended(&self) -> Ended {
        self.ended
    }
}

fn next_line(file: &mut BufReader<File>, ended: &mut Ended) -> io::Result<Option<Record>> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        // Skips empty lines, which editors and people leave.
        if line.trim_ascii().is_empty() {
            continue;
        }
        return match ndjson::decode(&line) {
            Ok(record) => Ok(Some(record)),
            // Only the last line may lack its end. It is read if it is otherwise complete.
            Err(_) if !line.ends_with(b"\n") => {
                *ended = Ended::Cut;
                Ok(None)
            }
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
    }
}

fn next_packet(
    file: &mut BufReader<File>,
    parser: &mut Parser,
    unread: &mut Vec<u8>,
    ended: &mut Ended,
) -> io::Result<Option<Record>> {
    loop {
        match parser.next(unread).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
            Some((size, record)) => {
                unread.drain(..size);
                if record.is_some() {
                    return Ok(record);
                }
            }
            None => {
                // Doubles the buffer, so that a large packet is not parsed again for each small part.
                let more = unread.len().max(BUFFER) as u64;
                if file.by_ref().take(more).read_to_end(unread)? == 0 {
                    if !unread.is_empty() {
                        *ended = Ended::Cut;
                    }
                    return Ok(None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::records;
    use crate::recording::{Files, Format, Rotation};

    /// A file cut after every byte, also within characters: all records before the cut are read, and the cut is
    /// reported.
    #[test]
    fn a_file_that_is_cut_has_the_records_before_and_says_so() {
        let records: Vec<Record> =
            records().into_iter().filter(|record| record.message.data.len() < 100).step_by(3).collect();
        for format in [Format::Ndjson, Format::Pcapng] {
            let directory = tempfile::tempdir().expect("a directory");
            let [whole, cut] = ["whole", "cut"].map(|name| directory.path().join(name));
            let mut files = Files::create(&whole, format, Rotation::default()).expect("a file");
            let mut ends = vec![format.header().len()];
            for record in &records {
                files.append(record).expect("room");
                ends.push(std::fs::metadata(&whole).expect("it is there").len() as usize);
            }
            let bytes = std::fs::read(&whole).expect("readable");
            for end in ends[0]..=bytes.len() {
                std::fs::write(&cut, &bytes[..end]).expect("writable");
                let mut reader = Reader::open(&cut).expect("readable");
                let mut seen = Vec::new();
                while let Some(record) = reader.next().expect("a cut is not an error") {
                    seen.push(record);
                }
                // A line without its end is complete.
                let is_line = format == Format::Ndjson && ends.contains(&(end + 1));
                let whole = ends.iter().filter(|at| **at <= end).count() - 1 + usize::from(is_line);
                assert_eq!(seen, records[..whole], "{format:?} {end}");
                let expected = if ends.contains(&end) || is_line { Ended::Whole } else { Ended::Cut };
                assert_eq!(reader.ended(), expected, "{format:?} {end}");
            }
        }
    }

    #[test]
    fn what_is_no_record_is_told_with_its_place() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut files = Files::create(&path, Format::Ndjson, Rotation::default()).expect("a file");
        for record in &records()[..3] {
            files.append(record).expect("room");
        }
        let mut text = std::fs::read(&path).expect("readable");
        text.extend_from_slice(b"\nnonsense\n");
        std::fs::write(&path, text).expect("writable");
        let mut reader = Reader::open(&path).expect("readable");
        for _ in 0..3 {
            assert!(reader.next().expect("a record").is_some());
        }
        let error = reader.next().expect_err("nonsense");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("record 3"), "{error}");
    }
}
