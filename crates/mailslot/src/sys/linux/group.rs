//! The writing end of a slot that has members: a writer to each of them.

use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::{Client, NETWORK_PATIENCE, PATIENCE_AT_ONCE, timed_out_if_stalled};
use super::fork::PerProcess;
use super::inward::READERS_PATIENCE;
use super::members::Members;
use super::preface::Preface;
use super::queue::PATIENCE;
use super::root::{FileId, Root, SlotDirectory};
use crate::error::{Error, Result};
use crate::message::Info;
use crate::options::Timeout;
use mailslot_names::SlotName;

/// The longest a writer that waits for room in one member goes without looking for others.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The longest a writer waits for the lock of a tap, whose holder was stopped then.
const TAPS_PATIENCE: Duration = Duration::from_millis(1);

/// A writer to all members of a slot. It keeps the one that it has to each for life, so its messages stay in order at each.
pub(crate) struct Group {
    name: SlotName,
    /// The user whose members they are.
    owner: u32,
    /// Tells when there are others.
    members: Members,
    id: FileId,
    known: PerProcess<Mutex<Known>>,
}

/// The members, as they were found.
#[derive(Clone, Default)]
struct Known {
    /// What [`Members::count`] was before; `None` if they have to be looked for.
    count: Option<u64>,
    writers: Arc<Vec<Member>>,
    /// Bytes of the largest message that all take, or took.
    max_message: usize,
}

#[derive(Clone)]
struct Member {
    ring: FileId,
    /// What cannot be written to it is lost to it.
    is_tap: bool,
    writer: Arc<Client>,
}

/// How far a message has come that is written in several tries, as some members of its slot have it and others have no room:
/// [`MailslotWriter::write_more`](crate::MailslotWriter::write_more), which has an example.
///
/// # Portability
///
/// Unix only.
#[derive(Debug, Default)]
pub struct Progress {
    delivered: Vec<FileId>,
    /// How many should have it, at the last try.
    members: usize,
    /// Whether it was for the taps.
    tapped: bool,
}

impl Progress {
    /// Whether some members have the message.
    pub fn has_begun(&self) -> bool {
        !self.delivered.is_empty()
    }

    /// Gives the write up: the error of its last try, inside an [`Error::Partial`] if some members have the message.
    pub fn end(self, error: Error) -> Error {
        match self.delivered.len() {
            0 => error,
            delivered => Error::Partial { delivered, members: self.members, source: Box::new(error) },
        }
    }
}

impl Group {
    /// A writer to the slot of which `slot` is a member. `Ok(None)` if it has none that lives.
    pub(crate) fn open(slot: &SlotDirectory, name: &SlotName) -> Result<Option<Group>> {
        let failed = |error| Error::io(format!("open the members of slot {name}"), error);
        let members = match Members::open(slot.dir.as_fd(), slot.user.uid) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            members => members.map_err(failed)?,
        };
        let id = members.id().map_err(failed)?;
        let group = Group { name: name.clone(), owner: slot.user.uid, members, id, known: PerProcess::new() };
        match group.writers()? {
            writers if readers(&writers).next().is_none() => Ok(None),
            _ => Ok(Some(group)),
        }
    }

    pub(crate) fn owner(&self) -> u32 {
        self.owner
    }

    /// What all members take.
    pub(crate) fn max_message_size(&self) -> usize {
        let _ = self.writers();
        self.known().max_message
    }

    /// The members that live.
    pub(crate) fn receivers(&self) -> usize {
        // One that has just come may have been seen by whoever waits for it before it has counted up.
        self.forget();
        self.writers().map_or(0, |writers| readers(&writers).filter(|member| !member.writer.is_closed()).count())
    }

    pub(crate) fn is_closed(&self) -> bool {
        // Where it cannot be found out, writing will tell why.
        self.writers().is_ok_and(|writers| readers(&writers).all(|member| member.writer.is_closed()))
    }

    /// What the oldest member holds; `None` to anybody but friends.
    pub(crate) fn info(&self) -> Result<Option<Info>> {
        for member in readers(&self.writers()?) {
            match member.writer.info() {
                Err(Error::Closed) => {}
                info => return info,
            }
        }
        Err(Error::Closed)
    }

    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        let mut progress = Progress::default();
        self.write_more(message, &mut progress, timeout).map_err(|error| progress.end(error))
    }

    /// Writes a message to the members that lack it.
    pub(crate) fn write_more(&self, message: &[u8], progress: &mut Progress, timeout: Timeout) -> Result<()> {
        let write = |writer: &Client, patience| writer.write_at_once(message, patience);
        self.write_within(message.len(), progress, timeout, write)
    }

    /// Writes a message of this machine behind its preface.
    pub(crate) fn write_prefaced(&self, preface: &Preface, message: &[u8], timeout: Timeout) -> Result<()> {
        let write = |writer: &Client, patience| writer.write_prefaced_at_once(preface, message, patience);
        let mut progress = Progress::default();
        self.write_within(message.len(), &mut progress, timeout, write).map_err(|error| progress.end(error))
    }

    /// Lets `write` try to write `size` bytes to the members that lack them, until all have them.
    fn write_within(
        &self,
        size: usize,
        progress: &mut Progress,
        timeout: Timeout,
        write: impl Fn(&Client, Duration) -> Result<()>,
    ) -> Result<()> {
        let deadline = timeout.deadline();
        loop {
            let left = deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            let most = if timeout == Timeout::Zero { PATIENCE_AT_ONCE } else { left.clamp(READERS_PATIENCE, PATIENCE) };
            let write = |writer: &Client, patience: Duration| write(writer, patience.min(most));
            match self.write_now(size, progress, |_| true, write) {
                Err(Error::Full { .. }) if timeout != Timeout::Zero => {}
                Err(error) if timeout != Timeout::Zero => return Err(timed_out_if_stalled(error, left)),
                written => return written.map(drop),
            }
            loop {
                let left = deadline.map_or(LOOK_AGAIN, |deadline| deadline.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return Err(Error::TimedOut);
                }
                if self.wait_for_room_after(progress, size, left.min(LOOK_AGAIN))? {
                    break;
                }
            }
        }
    }

    /// Writes a message of another machine, as its preface tells, to the members that let such in. False if there are none.
    pub(crate) fn write_from(&self, preface: &Preface, message: &[u8]) -> Result<bool> {
        let mut progress = Progress::default();
        let write = |writer: &Client, patience: Duration| {
            writer.write_prefaced_at_once(preface, message, patience.min(NETWORK_PATIENCE))
        };
        self.write_now(message.len(), &mut progress, Client::network, write).map_err(|error| progress.end(error))
    }

    /// Waits at most `time` until there may be room for `size` bytes in all members. Returns whether it is worth trying again.
    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        self.wait_for_room_after(&Progress::default(), size, time)
    }

    fn wait_for_room_after(&self, progress: &Progress, size: usize, time: Duration) -> Result<bool> {
        let deadline = Instant::now() + time;
        for member in readers(&self.writers()?).filter(|member| !progress.delivered.contains(&member.ring)) {
            let left = deadline.saturating_duration_since(Instant::now());
            match member.writer.wait_for_room(size, left) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                // The next try finds who is left.
                Err(Error::Closed) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Tries to write a message of `size` bytes with `write` to each member that lacks it and `takes` such. One that cannot have it
    /// keeps it from no other one. False if none takes such messages.
    fn write_now(
        &self,
        size: usize,
        progress: &mut Progress,
        takes: impl Fn(&Client) -> bool,
        write: impl Fn(&Client, Duration) -> Result<()>,
    ) -> Result<bool> {
        loop {
            let writers = self.writers()?;
            let taking = || readers(&writers).filter(|member| takes(&member.writer));
            let limit = taking().map(|member| member.writer.max_message_size()).min().unwrap_or(usize::MAX);
            if size > limit {
                // Before any has it: else some would keep what others refuse for good.
                return Err(Error::TooLarge { size, limit });
            }
            let (mut failed, mut closed) = (None, false);
            let mut lack = Vec::new();
            for member in taking().filter(|member| !progress.delivered.contains(&member.ring)) {
                match write(&member.writer, PATIENCE) {
                    Ok(()) => continue,
                    Err(Error::Closed) => closed = true,
                    // What waiting does not help against comes first.
                    Err(Error::Full { .. }) if failed.is_some() => {}
                    Err(error) => failed = Some(error),
                }
                lack.push(member.ring);
            }
            let taken = taking().count() > lack.len();
            if taken && !core::mem::replace(&mut progress.tapped, true) {
                let tapped = |tap: &&Member| takes(&tap.writer) && !tap_with(tap, &write);
                taps(&writers).filter(tapped).for_each(|tap| self.forget_tap(tap.ring));
            }
            if lack.is_empty() {
                return Ok(taking().next().is_some() || self.fail_if_none(&writers)?);
            }
            progress.members = taking().count();
            progress.delivered = taking().map(|member| member.ring).filter(|ring| !lack.contains(ring)).collect();
            if closed {
                self.forget();
                let left = self.writers()?;
                let rings = |members: &[Member]| members.iter().map(|member| member.ring).collect::<Vec<_>>();
                // Those that have ended lack nothing, and others may have come.
                if failed.is_none() && rings(&left) != rings(&writers) {
                    continue;
                }
                progress.members = readers(&left).filter(|member| takes(&member.writer)).count();
                progress.delivered.retain(|ring| left.iter().any(|member| member.ring == *ring));
            }
            return match failed {
                Some(error) => Err(error),
                None if progress.delivered.is_empty() => Err(Error::Closed),
                // Those that lack it have ended.
                None => Ok(true),
            };
        }
    }

    fn fail_if_none(&self, writers: &[Member]) -> Result<bool> {
        if readers(writers).next().is_none() { Err(Error::Closed) } else { Ok(false) }
    }

    /// The members, looked for again if others have come.
    fn writers(&self) -> Result<Arc<Vec<Member>>> {
        let count = self.count()?;
        let mut known = self.known();
        if known.count != Some(count) {
            self.look_again(count, &mut known)?;
        }
        Ok(Arc::clone(&known.writers))
    }

    #[cold]
    fn look_again(&self, count: u64, known: &mut Known) -> Result<()> {
        let root = Root::get()?;
        let found = root.members(&self.name, self.owner, self.id)?;
        let mut writers = Vec::new();
        let mut refused = None;
        for slot in found {
            let ring = FileId::at(slot.dir.as_fd(), super::queue::RING);
            let Ok(ring) = ring else { continue };
            if let Some(member) = known.writers.iter().find(|member| member.ring == ring) {
                writers.push(member.clone());
                continue;
            }
            let is_tap = slot.is_tap();
            match Client::open_member(root, slot, &self.name) {
                Ok(writer) => writers.push(Member { ring, is_tap, writer: Arc::new(writer) }),
                Err(Error::NotFound(_)) => {}
                Err(_) if is_tap => {}
                // Each says for itself who may write.
                Err(error @ Error::NotAllowed(_)) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        if writers.iter().all(|member| member.is_tap)
            && let Some(refused) = refused
        {
            return Err(refused);
        }
        let max_message = readers(&writers).map(|member| member.writer.max_message_size()).min();
        let max_message = max_message.unwrap_or(known.max_message);
        *known = Known { count: Some(count), writers: Arc::new(writers), max_message };
        Ok(())
    }

    /// Has the members looked for again: one of them has ended.
    fn forget(&self) {
        self.known().count = None;
    }

    fn count(&self) -> Result<u64> {
        self.members.count().map_err(|error| Error::io(format!("look at the members of slot {}", self.name), error))
    }

    /// Each write would find out anew that it has ended.
    #[cold]
    fn forget_tap(&self, ring: FileId) {
        let mut known = self.known();
        known.writers = known.writers.iter().filter(|member| member.ring != ring).cloned().collect::<Vec<_>>().into();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.known.get_or(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those whose messages must not be lost.
fn readers(writers: &[Member]) -> impl Iterator<Item = &Member> {
    writers.iter().filter(|member| !member.is_tap)
}

fn taps(writers: &[Member]) -> impl Iterator<Item = &Member> {
    writers.iter().filter(|member| member.is_tap)
}

/// Writes to a tap with `write`, or counts what it has lost. False if it has ended.
fn tap_with(tap: &Member, write: &impl Fn(&Client, Duration) -> Result<()>) -> bool {
    let patience = tap.writer.taps_patience(TAPS_PATIENCE);
    let written = write(&tap.writer, patience);
    if written.is_err() {
        tap.writer.count_missed();
    }
    !matches!(written, Err(Error::Closed))
}
