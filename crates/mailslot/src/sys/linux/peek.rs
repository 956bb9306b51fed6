//! Peeking at the messages of a slot from a process that is not its reader.
//!
//! The ring's file is read, not mapped: whoever may change it, the worst result is wrong bytes. The reader does not
//! know of this and may take messages out meanwhile, after which writers reuse their memory. So a copy counts only if
//! `head`, read afterwards, has not passed it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::preface;
use super::queue::{Queue, RING};
use super::ring::layout::Stamp;
use super::ring::layout::{
    Fixed, HEADER_SIZE, Header, MAGIC, RECORD_HEADER, Reader, SPARE, VERSION, Word, record_size,
};
use super::root::Root;
use crate::error::{Error, Result};
use crate::memory;
use crate::message::Message;
use crate::sync::Ordering::SeqCst;
use crate::sync::fence;
use mailslot_names::SlotName;

/// The number of attempts after which this no longer waits for a reader that keeps taking messages out.
const ATTEMPTS: u32 = 64;

/// The next messages of the living slot of this name, at most `max`.
pub(crate) fn peek(name: &SlotName, max: usize) -> Result<Vec<Message>> {
    let root = Root::get()?;
    let slot = root.find(name)?.ok_or_else(|| Error::NotFound(name.clone()))?;
    let failed = |error| match error {
        Errno::NOENT => Error::NotFound(name.clone()),
        error => root.error("peek into", name, error),
    };
    let file = RingFile::open_file(slot.dir.as_fd()).map_err(failed)?;
    let ring = RingFile::of(&file).map_err(failed)?;
    let ring = ring.ok_or_else(|| Queue::foreign(file.as_fd(), format!("peek into slot {name}")))?;
    ring.next(max).map_err(|fault| match fault {
        Fault::Damaged => Error::Damaged,
        Fault::System(error) => root.error("peek into", name, error),
        Fault::Memory(error) => error,
    })
}

struct RingFile<'a> {
    file: &'a OwnedFd,
    capacity: u64,
    /// Bytes that are backed by memory: no more can have been written.
    memory: u64,
}

enum Fault {
    Damaged,
    System(Errno),
    /// This process has no memory for a copy.
    Memory(Error),
}

impl<'a> RingFile<'a> {
    fn open_file(slot: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(slot, RING, flags, Mode::empty())
    }

    /// The ring in `file`, if it is a ring of this version.
    fn of(file: &'a OwnedFd) -> rustix::io::Result<Option<RingFile<'a>>> {
        let stat = rustix::fs::fstat(file)?;
        let capacity = (stat.st_size as u64).wrapping_sub(HEADER_SIZE);
        // `st_blocks` is in units of 512 bytes on every file system.
        let ring = RingFile { file, capacity, memory: (stat.st_blocks as u64).saturating_mul(512) };
        let is_ring = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && capacity.is_power_of_two()
            && capacity >= HEADER_SIZE
            && ring.field(core::mem::offset_of!(Fixed, magic))? == MAGIC
            && ring.field(core::mem::offset_of!(Fixed, version))? == VERSION
            && ring.field(core::mem::offset_of!(Fixed, capacity))? == capacity;
        Ok(is_ring.then_some(ring))
    }

    /// The next messages: those that were all in the slot at one moment, or, if the reader takes them out as fast as
    /// this copies them, those of the last attempt that it has left.
    fn next(&self, max: usize) -> core::result::Result<Vec<Message>, Fault> {
        for attempt in 1.. {
            let head = self.head()?;
            let mut seen = Vec::new();
            let end = self.copy(head, max, &mut seen);
            // The two reads are independent; without this, a processor might do the later one first.
            fence(SeqCst);
            let now = self.head()?;
            if now == head {
                end?;
                return Ok(seen.into_iter().map(|(_, message)| message).collect());
            }
            if attempt == ATTEMPTS {
                // A record begins at the head, so records copied from there on were committed.
                let left = seen.into_iter().skip_while(|(pos, _)| *pos != now);
                return Ok(left.map(|(_, message)| message).collect());
            }
        }
        Ok(Vec::new())
    }

    /// Copies records, with their positions, starting at `pos`.
    fn copy(&self, mut pos: u64, max: usize, seen: &mut Vec<(u64, Message)>) -> core::result::Result<(), Fault> {
        while seen.len() < max {
            let word = self.word(pos)?;
            if word == 0 {
                break;
            }
            // A record is complete only once its word is seen.
            fence(SeqCst);
            let record = Word::decode(word, pos).ok_or(Fault::Damaged)?;
            let size = record_size(record.len.into());
            if size > self.capacity - SPARE || size > self.memory {
                return Err(Fault::Damaged);
            }
            memory::room_for_one(seen).map_err(Fault::Memory)?;
            seen.push((pos, self.message(pos, record)?));
            pos = pos.wrapping_add(size);
        }
        Ok(())
    }

    fn message(&self, pos: u64, record: Word) -> core::result::Result<Message, Fault> {
        let stamp = Stamp::of(record.kind, self.word(pos.wrapping_add(8))?, self.word(pos.wrapping_add(16))?);
        let mut data = memory::zeroed(record.len as usize).map_err(Fault::Memory)?;
        let start = pos.wrapping_add(RECORD_HEADER);
        let room = self.capacity - (start & (self.capacity - 1));
        let first = data.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let (first, rest) = data.split_at_mut(first);
        self.read(self.offset(start), first)?;
        self.read(HEADER_SIZE, rest)?;
        let preface = if record.kind.is_prefaced() {
            Some(data.drain(..preface::size(&data).ok_or(Fault::Damaged)?).collect::<Vec<_>>())
        } else {
            None
        };
        let mut message = preface::envelope(preface.as_deref(), stamp).around(data);
        // Only the reader replies; and this process may be the superuser's, for whom "of this user" would be wrong.
        message.reply_to = None;
        Ok(message)
    }

    fn head(&self) -> rustix::io::Result<u64> {
        self.word_at((core::mem::offset_of!(Header, reader) + core::mem::offset_of!(Reader, head)) as u64)
    }

    /// A field of the header's fixed part.
    fn field(&self, offset: usize) -> rustix::io::Result<u64> {
        self.word_at((core::mem::offset_of!(Header, fixed) + offset) as u64)
    }

    /// The word of the records at `pos`.
    fn word(&self, pos: u64) -> rustix::io::Result<u64> {
        self.word_at(self.offset(pos))
    }

    fn word_at(&self, offset: u64) -> rustix::io::Result<u64> {
        let mut bytes = [0; 8];
        self.read(offset, &mut bytes).map(|()| u64::from_ne_bytes(bytes))
    }

    /// The offset of `pos` in the file.
    fn offset(&self, pos: u64) -> u64 {
        HEADER_SIZE + (pos & (self.capacity - 1) & !7)
    }

    fn read(&self, mut offset: u64, mut buffer: &mut [u8]) -> rustix::io::Result<()> {
        while !buffer.is_empty() {
            match rustix::io::pread(self.file, &mut *buffer, offset) {
                // The file has become shorter, which no correct process causes.
                Ok(0) => return Err(Errno::IO),
                Ok(n) => {
                    offset += n as u64;
                    buffer = &mut buffer[n..];
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Fault {
        Fault::System(error)
    }
}
