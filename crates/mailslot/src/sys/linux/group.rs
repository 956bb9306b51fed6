//! The writing end of a slot that has members: a writer to each of them.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::Client;
use super::clock;
use super::fork::PerProcess;
use super::intake::READERS_PATIENCE;
use super::members::Members;
use super::preface::Preface;
use super::queue::{NETWORK_PATIENCE, PATIENCE, PATIENCE_AT_ONCE};
use super::root::{FileId, Root, SlotDirectory};
use crate::error::{Error, Result};
use crate::message::Info;
use crate::options::Timeout;
use mailslot_names::SlotName;

/// The longest that a writer that waits for room in one member goes without checking for new members.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The longest that a writer waits for the lock of a tap; a longer wait means that its holder was stopped.
pub(super) const TAPS_PATIENCE: Duration = Duration::from_millis(1);

/// A writer to all members of a slot. It keeps one writer to each for life, so its messages stay in order at each.
pub(crate) struct Group {
    name: SlotName,
    /// The user who owns the members.
    owner: u32,
    /// Shows when there are new members.
    members: Members,
    id: FileId,
    known: PerProcess<Mutex<Known>>,
    /// When a member was last checked for life, in ticks, and how many such checks were made: members take turns.
    asked: AtomicU64,
    turns: AtomicU64,
}

/// The members found last.
#[derive(Clone, Default)]
struct Known {
    /// [`Members::count`] before they were found; `None` if they have to be found again.
    count: Option<u64>,
    members: Arc<Found>,
}

#[derive(Clone, Default)]
pub(super) struct Found {
    /// Members whose messages must not be lost.
    pub(super) readers: Vec<Member>,
    /// Members that lose messages that cannot be written to them.
    pub(super) taps: Vec<Member>,
    /// Bytes of the largest message that all readers accept; without any, of those that were there last.
    max_message: usize,
}

#[derive(Clone)]
pub(super) struct Member {
    pub(super) ring: FileId,
    pub(super) writer: Arc<Client>,
}

/// The members that lack a message, and why.
#[derive(Default)]
struct Lacking {
    rings: Vec<FileId>,
    /// Whether one of them has ended.
    closed: bool,
    failed: Option<Error>,
}

impl Lacking {
    #[cold]
    fn add(&mut self, member: &Member, error: Error) {
        match error {
            Error::Closed => self.closed = true,
            // Errors that waiting does not resolve take precedence.
            Error::Full { .. } if self.failed.is_some() => {}
            error => self.failed = Some(error),
        }
        self.rings.push(member.ring);
    }
}

/// The progress of a message that is written in several tries, as some members of its slot have it and others have no
/// room: [`MailslotWriter::write_more`](crate::MailslotWriter::write_more), which has an example.
///
/// # Portability
///
/// Unix only.
#[derive(Debug, Default)]
pub struct Progress {
    pub(super) delivered: Vec<FileId>,
    /// How many members should have it, as of the last try.
    pub(super) members: usize,
    /// Whether it was written to the taps.
    pub(super) tapped: bool,
}

impl Progress {
    /// Whether some members have the message.
    pub fn has_begun(&self) -> bool {
        !self.delivered.is_empty()
    }

    /// Gives up the write, and returns the error of its last try, inside an [`Error::Partial`] if some members have the
    /// message.
    pub fn end(self, error: Error) -> Error {
        match self.delivered.len() {
            0 => error,
            delivered => Error::Partial { delivered, members: self.members, source: Box::new(error) },
        }
    }
}

impl Group {
    /// A writer to the slot of which `slot` is a member. `Ok(None)` if the slot has no living member.
    pub(crate) fn open(slot: &SlotDirectory, name: &SlotName) -> Result<Option<Group>> {
        let failed = |error| Error::io(format!("open the members of slot {name}"), error);
        let members = match Members::open(slot.dir.as_fd(), slot.user.uid) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            members => members.map_err(failed)?,
        };
        let id = members.id().map_err(failed)?;
        let group = Group {
            name: name.clone(),
            owner: slot.user.uid,
            members,
            id,
            known: PerProcess::new(),
            asked: AtomicU64::new(clock::ticks()),
            turns: AtomicU64::new(0),
        };
        Ok(if group.found()?.readers.is_empty() { None } else { Some(group) })
    }

    pub(crate) fn owner(&self) -> u32 {
        self.owner
    }

    /// The largest message that all members accept.
    pub(crate) fn max_message_size(&self) -> usize {
        let _ = self.found();
        self.known().members.max_message
    }

    /// The number of living members.
    pub(crate) fn receivers(&self) -> usize {
        // A waiting program may see a new member before that member has incremented the count.
        self.forget();
        self.found().map_or(0, |found| found.readers.iter().filter(|member| !member.writer.is_closed()).count())
    }

    pub(crate) fn is_closed(&self) -> bool {
        // If that cannot be determined, the next write returns the error.
        self.found().is_ok_and(|found| found.readers.iter().all(|member| member.writer.is_closed()))
    }

    /// The contents of the oldest living member; `None` unless its writer is a friend.
    pub(crate) fn info(&self) -> Result<Option<Info>> {
        for member in &self.found()?.readers {
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
        let write = |writer: &Client, patience| writer.write_unasked(message, patience);
        self.write_within(message.len(), progress, timeout, write)
    }

    /// Like `write_more`, for a message of this machine behind its preface.
    pub(crate) fn write_prefaced(
        &self,
        preface: &Preface<'_>,
        message: &[u8],
        progress: &mut Progress,
        timeout: Timeout,
    ) -> Result<()> {
        let write = |writer: &Client, patience| writer.write_prefaced_unasked(preface, message, patience);
        self.write_within(message.len(), progress, timeout, write)
    }

    /// Calls `write`, which writes `size` bytes, for the members that lack them, until all have them.
    fn write_within(
        &self,
        size: usize,
        progress: &mut Progress,
        timeout: Timeout,
        write: impl Fn(&Client, Duration) -> Result<u64>,
    ) -> Result<()> {
        let deadline = timeout.deadline();
        loop {
            let most = patience(timeout.left(deadline));
            let write = |writer: &Client, patience: Duration| write(writer, patience.min(most));
            match self.write_now(size, progress, |_| true, write) {
                Err(Error::Full { .. } | Error::Stalled(_)) if timeout != Timeout::Zero => {}
                written => return written.map(drop),
            }
            loop {
                let left = deadline.map_or(LOOK_AGAIN, |deadline| deadline.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return Err(Error::TimedOut);
                }
                if self.wait_for_some_room(progress, size, left.min(LOOK_AGAIN))? {
                    break;
                }
            }
        }
    }

    /// Writes a message of another machine, with its preface, to the members that accept such messages. False if none
    /// does.
    pub(crate) fn write_from(&self, preface: &Preface<'_>, message: &[u8]) -> Result<bool> {
        let mut progress = Progress::default();
        let write = |writer: &Client, patience: Duration| {
            writer.write_prefaced_unasked(preface, message, patience.min(NETWORK_PATIENCE))
        };
        self.write_now(message.len(), &mut progress, Client::network, write).map_err(|error| progress.end(error))
    }

    /// Waits at most `time` until there may be room for `size` bytes in all members. Returns whether to try again.
    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        let deadline = Instant::now() + time;
        for member in &self.found()?.readers {
            if !has_room_within(member, size, deadline.saturating_duration_since(Instant::now()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Like `wait_for_room`, until one of the members that lack the message may have room: none has to wait for
    /// another.
    fn wait_for_some_room(&self, progress: &Progress, size: usize, time: Duration) -> Result<bool> {
        let found = self.found()?;
        let lacking = || found.readers.iter().filter(|member| !progress.delivered.contains(&member.ring));
        for member in lacking().skip(1) {
            if has_room_within(member, size, Duration::ZERO)? {
                return Ok(true);
            }
        }
        lacking().next().map_or(Ok(true), |member| has_room_within(member, size, time))
    }

    /// Tries to write a message of `size` bytes with `write` to each member that lacks it and for which `takes` is
    /// true. A member that cannot get it does not keep the others from getting it. False if no member accepts such
    /// messages.
    fn write_now(
        &self,
        size: usize,
        progress: &mut Progress,
        takes: impl Fn(&Client) -> bool,
        write: impl Fn(&Client, Duration) -> Result<u64>,
    ) -> Result<bool> {
        loop {
            let found = self.found()?;
            let taking = || found.readers.iter().filter(|member| takes(&member.writer));
            if size > found.max_message {
                let limit = taking().map(|member| member.writer.max_message_size()).min().unwrap_or(usize::MAX);
                if size > limit {
                    // Checked before any member has it: otherwise some would keep what others refuse for good.
                    return Err(Error::TooLarge { size, limit });
                }
            }
            let turn = self.turn();
            let turns_reader = whose_turn(turn, &found.readers);
            let mut lacking = Lacking::default();
            // The member to check for life, and where its message ends: the one whose turn it is, or else another that
            // got the message.
            let mut whom = None;
            for (number, member) in found.readers.iter().enumerate() {
                if !takes(&member.writer) || progress.delivered.contains(&member.ring) {
                    continue;
                }
                match write(&member.writer, PATIENCE) {
                    Ok(end) if whom.is_none() || Some(number) == turns_reader => whom = Some((member, end)),
                    Ok(_) => {}
                    Err(error) => lacking.add(member, error),
                }
            }
            let is_due = whom.is_some() && self.is_due(turn);
            if is_due
                && let Some((member, end)) = whom
                && let Err(error) = member.writer.check(end)
            {
                lacking.add(member, error);
            }
            if !lacking.rings.is_empty() {
                // Only living members count for the progress and for the result.
                let written = |member: &&Member| !progress.delivered.contains(&member.ring);
                for member in taking().filter(written) {
                    if !lacking.rings.contains(&member.ring)
                        && let Err(error) = member.writer.check_if_due()
                    {
                        lacking.add(member, error);
                    }
                }
            }
            let taken = taking().count() > lacking.rings.len();
            if taken && !core::mem::replace(&mut progress.tapped, true) {
                let turns_tap = whose_turn(turn, &found.taps).filter(|_| is_due);
                for (number, tap) in found.taps.iter().enumerate().filter(|(_, tap)| takes(&tap.writer)) {
                    if !tap_with(tap, &write, Some(number) == turns_tap) {
                        self.forget_tap(tap.ring);
                    }
                }
            }
            if lacking.rings.is_empty() {
                return Ok(taking().next().is_some() || self.fail_if_none(&found)?);
            }
            progress.members = taking().count();
            progress.delivered =
                taking().map(|member| member.ring).filter(|ring| !lacking.rings.contains(ring)).collect();
            if lacking.closed {
                self.forget();
                let left = self.found()?;
                // Ended members no longer lack the message, and new ones may have come.
                if lacking.failed.is_none() && !same(&left, &found) {
                    continue;
                }
                progress.members = left.readers.iter().filter(|member| takes(&member.writer)).count();
                progress.delivered.retain(|ring| left.readers.iter().any(|member| member.ring == *ring));
            }
            return match lacking.failed {
                Some(error) => Err(error),
                None if progress.delivered.is_empty() => Err(Error::Closed),
                // All members that lacked it have ended.
                None => Ok(true),
            };
        }
    }

    /// Whether it is time to check a member for life, the `turn`th one. The delay is as short as for a slot with one
    /// owner: if a member that has the message lived a moment ago, somebody reads the message. The death of another
    /// member is noticed at its turn, or when some member lacks a message.
    pub(super) fn is_due(&self, turn: u64) -> bool {
        let now = clock::ticks();
        if now.wrapping_sub(self.asked.load(Ordering::Relaxed)) < clock::MOMENT {
            return false;
        }
        self.asked.store(now, Ordering::Relaxed);
        self.turns.store(turn.wrapping_add(1), Ordering::Relaxed);
        true
    }

    /// The current turn of the checks for life: [`whose_turn`] returns its member.
    pub(super) fn turn(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    fn fail_if_none(&self, found: &Found) -> Result<bool> {
        if found.readers.is_empty() { Err(Error::Closed) } else { Ok(false) }
    }

    /// The members, found again if new ones have come.
    pub(super) fn found(&self) -> Result<Arc<Found>> {
        let count = self.count()?;
        let mut known = self.known();
        if known.count != Some(count) {
            self.look_again(count, &mut known)?;
        }
        Ok(Arc::clone(&known.members))
    }

    #[cold]
    fn look_again(&self, count: u64, known: &mut Known) -> Result<()> {
        let root = Root::get()?;
        let mut found = Found::default();
        let mut refused = None;
        for slot in root.members(&self.name, self.owner, self.id)? {
            let ring = FileId::at(slot.dir.as_fd(), super::queue::RING);
            let Ok(ring) = ring else { continue };
            let is_tap = slot.is_tap();
            let (now, before) = match is_tap {
                true => (&mut found.taps, &known.members.taps),
                false => (&mut found.readers, &known.members.readers),
            };
            if let Some(member) = before.iter().find(|member| member.ring == ring) {
                now.push(member.clone());
                continue;
            }
            match Client::open_member(root, slot, &self.name) {
                Ok(writer) => now.push(Member { ring, writer: Arc::new(writer) }),
                Err(Error::NotFound(_)) => {}
                Err(_) if is_tap => {}
                // Each member has separate access rules.
                Err(error @ Error::NotAllowed(_)) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        if found.readers.is_empty()
            && let Some(refused) = refused
        {
            return Err(refused);
        }
        let max_message = found.readers.iter().map(|member| member.writer.max_message_size()).min();
        found.max_message = max_message.unwrap_or(known.members.max_message);
        *known = Known { count: Some(count), members: Arc::new(found) };
        Ok(())
    }

    /// Forces the members to be found again: one of them has ended.
    pub(super) fn forget(&self) {
        self.known().count = None;
    }

    fn count(&self) -> Result<u64> {
        self.members.count().map_err(|error| Error::io(format!("count the members of slot {}", self.name), error))
    }

    /// Removes a tap that has ended: otherwise each write would notice its end anew.
    #[cold]
    pub(super) fn forget_tap(&self, ring: FileId) {
        Arc::make_mut(&mut self.known().members).taps.retain(|tap| tap.ring != ring);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is locked.
        self.known.get_or(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The member of `members` whose turn it is; `None` if there are none.
pub(super) fn whose_turn(turn: u64, members: &[Member]) -> Option<usize> {
    turn.checked_rem(members.len() as u64).map(|number| number as usize)
}

/// Whether the readers are the same.
fn same(one: &Found, other: &Found) -> bool {
    let rings = |found: &Found| found.readers.iter().map(|member| member.ring).collect::<Vec<_>>();
    rings(one) == rings(other)
}

/// How long a write waits for the lock of one member.
pub(super) fn patience(timeout: Timeout) -> Duration {
    match timeout {
        Timeout::Zero => PATIENCE_AT_ONCE,
        timeout => timeout.to_duration().clamp(READERS_PATIENCE, PATIENCE),
    }
}

/// Waits at most `time` until there may be room. True for a member that has ended: the next try finds those that are
/// left.
fn has_room_within(member: &Member, size: usize, time: Duration) -> Result<bool> {
    match member.writer.wait_for_room(size, time) {
        Err(Error::Closed) => Ok(true),
        looked => looked,
    }
}

/// Writes to a tap with `write`, or counts the loss, and checks whether it lives if `is_asked`. False if it has ended.
fn tap_with(tap: &Member, write: &impl Fn(&Client, Duration) -> Result<u64>, is_asked: bool) -> bool {
    let patience = tap.writer.taps_patience(TAPS_PATIENCE);
    let written = write(&tap.writer, patience);
    if written.is_err() {
        tap.writer.count_missed(1);
    }
    let asked = written.and_then(|end| if is_asked { tap.writer.check(end) } else { Ok(()) });
    !matches!(asked, Err(Error::Closed))
}
