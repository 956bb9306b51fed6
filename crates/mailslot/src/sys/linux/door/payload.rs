//! What a packet brought.

use std::borrow::Cow;
use std::os::fd::OwnedFd;

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
    Bytes(Cow<'a, [u8]>),
    /// A memory file with so many bytes, which stay the writer's expense until there is room for them.
    File(OwnedFd, usize),
}

/// Why a packet is no message.
pub(super) enum NoMessage {
    /// Its form or contents are wrong.
    Malformed,
    /// It was one, in a file for which this process had no descriptor left.
    Lost,
    /// It brought what no writer sends: more descriptors than one, or one that is no memory file. They must not be closed here.
    Hostile(Vec<OwnedFd>),
}

impl<'a> Payload<'a> {
    pub(super) fn of(packet: Packet<'a>, intake: &impl Intake) -> Result<Payload<'a>, NoMessage> {
        let (&form, bytes) = packet.bytes.split_first().ok_or(NoMessage::Malformed)?;
        let prefaced = form & PREFACED != 0;
        let content = match (form & !PREFACED, packet.attached) {
            (_, Attached::Many(files)) => return Err(NoMessage::Hostile(files)),
            (INLINE, Attached::File(file)) => return Err(NoMessage::Hostile(vec![file])),
            (INLINE, Attached::Nothing | Attached::Lost) => Content::Bytes(Cow::Borrowed(bytes)),
            (ATTACHED, Attached::File(file)) => file_content(file, bytes, intake)?,
            (ATTACHED, Attached::Lost) => return Err(NoMessage::Lost),
            (_, Attached::File(file)) => return Err(NoMessage::Hostile(vec![file])),
            _ => return Err(NoMessage::Malformed),
        };
        Ok(Payload { prefaced, content })
    }

    /// Bytes that it takes in the ring.
    pub(super) fn record_size(&self) -> u64 {
        record_size(self.size() as u64)
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::File(_, size) => *size,
        }
    }

    /// Hands preface and message to `append`, if they can be had now. Most messages have no preface, which is then empty.
    pub(super) fn with(
        &self,
        intake: &impl Intake,
        append: impl FnOnce(&[u8], &[u8]) -> Appended,
    ) -> Result<Appended, NoMessage> {
        let bytes = match &self.content {
            Content::Bytes(bytes) => Cow::Borrowed(bytes.as_ref()),
            Content::File(file, size) => match read(file, *size) {
                Ok(Read::Whole(bytes)) => Cow::Owned(bytes),
                Ok(Read::Short) => return Err(NoMessage::Malformed),
                Ok(Read::NoMemory) => return Ok(Appended::NoMemory(*size)),
                // It was taken from the kernel, so it is not dropped.
                Err(error) if process::tells_nothing(error) => return Ok(Appended::NotNow),
                // It is not open for reading, say, and never will be.
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

    pub(super) fn into_owned(self) -> Payload<'static> {
        let content = match self.content {
            Content::Bytes(bytes) => Content::Bytes(Cow::Owned(bytes.into_owned())),
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

/// What reading an attached file came to.
enum Read {
    Whole(Vec<u8>),
    /// It is shorter than was said.
    Short,
    /// This process has none for so much.
    NoMemory,
}

/// Reads a message from an attached file. The file stays the stranger's, so it is copied, never mapped.
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
