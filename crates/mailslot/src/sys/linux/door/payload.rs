//! The message in a packet.

use std::borrow::Cow;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::super::preface::{self, Preface};
use super::super::process;
use super::super::ring::layout::record_size;
use super::packets::{Attached, Packet, is_memory};
use super::{ATTACHED, Appended, INLINE, Intake, PREFACED};
use crate::memory;

/// A message, taken from the kernel and not yet in the ring: its writer was told that it is written.
pub(super) struct Payload<'a> {
    prefaced: bool,
    content: Content<'a>,
}

enum Content<'a> {
    /// In this place of the memory for packets.
    Packet(Cow<'a, Arc<Vec<u8>>>, Range<usize>),
    Copy(Vec<u8>),
    /// A memory file of this size, whose memory is charged to the writer until there is room for it.
    File(OwnedFd, usize),
}

/// Why a packet is not a message.
pub(super) enum NoMessage {
    /// Its form or contents are invalid.
    Malformed,
    /// It was a message in a file for which this process had no descriptor left.
    Lost,
    /// It has what no correct writer sends: several descriptors, or one that is not a memory file. They must not be
    /// closed here.
    Hostile(Vec<OwnedFd>),
}

impl<'a> Payload<'a> {
    pub(super) fn of(packet: Packet<'a>, intake: &impl Intake) -> Result<Payload<'a>, NoMessage> {
        let (&form, bytes) = packet.bytes().split_first().ok_or(NoMessage::Malformed)?;
        let prefaced = form & PREFACED != 0;
        let content = match (form & !PREFACED, packet.attached) {
            (_, Attached::Many(files)) => return Err(NoMessage::Hostile(files)),
            (INLINE, Attached::File(file)) => return Err(NoMessage::Hostile(vec![file])),
            (INLINE, Attached::Nothing | Attached::Lost) => {
                Content::Packet(Cow::Borrowed(packet.memory), packet.place.start + 1..packet.place.end)
            }
            (ATTACHED, Attached::File(file)) => file_content(file, bytes, intake)?,
            (ATTACHED, Attached::Lost) => return Err(NoMessage::Lost),
            (_, Attached::File(file)) => return Err(NoMessage::Hostile(vec![file])),
            _ => return Err(NoMessage::Malformed),
        };
        Ok(Payload { prefaced, content })
    }

    /// The bytes that it takes in the ring.
    pub(super) fn record_size(&self) -> u64 {
        record_size(self.size() as u64)
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Packet(_, place) => place.len(),
            Content::Copy(bytes) => bytes.len(),
            Content::File(_, size) => *size,
        }
    }

    /// Passes preface and message to `append`, if they are available now. The preface is empty if there is none, as for
    /// most.
    pub(super) fn with(
        &self,
        intake: &impl Intake,
        append: impl FnOnce(&[u8], &[u8]) -> Appended,
    ) -> Result<Appended, NoMessage> {
        let bytes = match &self.content {
            Content::Packet(memory, place) => Cow::Borrowed(&memory[place.clone()]),
            Content::Copy(bytes) => Cow::Borrowed(&bytes[..]),
            Content::File(file, size) => match read(file, *size) {
                Ok(Read::Whole(bytes)) => Cow::Owned(bytes),
                Ok(Read::Short) => return Err(NoMessage::Malformed),
                Ok(Read::NoMemory) => return Ok(Appended::NoMemory(*size)),
                // The message was taken from the kernel, so it must not be dropped.
                Err(error) if process::tells_nothing(error) => return Ok(Appended::NotNow),
                // The file is not open for reading, for example, and never will be.
                Err(_) => return Err(NoMessage::Malformed),
            },
        };
        if !self.prefaced {
            return Ok(append(&[], &bytes));
        }
        let (preface, message) = bytes.split_at(preface::size(&bytes).ok_or(NoMessage::Malformed)?);
        let told = Preface::decode(preface).ok_or(NoMessage::Malformed)?;
        if told.network.is_some() && !intake.network() {
            return Err(NoMessage::Malformed);
        }
        Ok(append(preface, message))
    }

    /// For a message that has to wait. Without memory for a copy, it keeps the memory for packets.
    pub(super) fn into_owned(self) -> Payload<'static> {
        let content = match self.content {
            Content::Packet(memory, place) => match memory::joined(&[&memory[place.clone()]]) {
                Ok(copy) => Content::Copy(copy),
                Err(_) => Content::Packet(Cow::Owned(memory.into_owned()), place),
            },
            Content::Copy(copy) => Content::Copy(copy),
            Content::File(file, size) => Content::File(file, size),
        };
        Payload { prefaced: self.prefaced, content }
    }
}

fn file_content(file: OwnedFd, size: &[u8], intake: &impl Intake) -> Result<Content<'static>, NoMessage> {
    if !is_memory(&file) {
        return Err(NoMessage::Hostile(vec![file]));
    }
    let size = size.try_into().map(u64::from_le_bytes).map_err(|_| NoMessage::Malformed)?;
    let limit = intake.max_message().saturating_add(usize::from(u16::MAX));
    let size = usize::try_from(size).ok().filter(|size| *size <= limit).ok_or(NoMessage::Malformed)?;
    Ok(Content::File(file, size))
}

/// The outcome of reading an attached file.
enum Read {
    Whole(Vec<u8>),
    /// The file is shorter than the packet says.
    Short,
    /// This process has no memory for the message.
    NoMemory,
}

/// Reads a message from an attached file. The stranger can still change the file, so it is copied, never mapped.
fn read(file: &OwnedFd, size: usize) -> rustix::io::Result<Read> {
    if (rustix::fs::fstat(file)?.st_size as u64) < size as u64 {
        return Ok(Read::Short);
    }
    let Ok(mut message) = memory::zeroed(size) else { return Ok(Read::NoMemory) };
    let mut filled = 0;
    while filled < size {
        match rustix::io::pread(file, &mut message[filled..], filled as u64) {
            Ok(0) => return Ok(Read::Short),
            Ok(n) => filled += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Read::Whole(message))
}
