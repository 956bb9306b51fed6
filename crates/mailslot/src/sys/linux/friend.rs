//! The writing end of a slot of this process's user, which maps the ring.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::bell;
use super::clock;
use super::fork::{fork_generation, is_of_this_process};
use super::intake::READERS_PATIENCE;
use super::lock;
use super::preface::Preface;
use super::process;
use super::queue::{LockedQueue, OPEN_RING, PATIENCE, PATIENCE_AT_ONCE, Queue, RING};
use super::ring::layout::{CLOSED, Stamp};
use super::ring::region::Region;
use super::ring::write::Room;
use super::root::{FileId, Root, User};
use crate::error::{Error, Result};
use crate::memory;
use crate::options::Timeout;
use mailslot_names::SlotName;

/// The longest that a writer that waits for room goes without checking by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A same-user writer: it shares the owner's memory.
pub(crate) struct Friend {
    name: SlotName,
    /// The start of the ring, which is enough for some short messages to readers that keep up.
    pub(super) start: Queue,
    /// The whole ring, mapped when the start is not enough.
    whole: OnceLock<Queue>,
    /// The ring's file, for reserving memory and for checking whether an owner lives.
    file: OwnedFd,
    /// Opened when it is first needed: a short-lived writer to readers that are awake never needs it.
    bell: OnceLock<OwnedFd>,
    pub(super) stamp: Stamp,
    /// [`fork_generation`] of the process that `stamp` describes.
    generation: u64,
    /// When the owner was last known to live, in ticks.
    owner_seen: AtomicU64,
}

impl Friend {
    /// The slot of this process's user, if there is one, its owner lives, and its ring may be mapped.
    pub(super) fn open(root: &Root, name: &SlotName, stamp: Stamp) -> Result<Option<Friend>> {
        // The known users are enough to find a slot, but not to conclude that there is none.
        match Friend::open_of(root, &root.known_users(), name, stamp)? {
            None => Friend::open_of(root, &root.users()?, name, stamp),
            found => Ok(found),
        }
    }

    fn open_of(root: &Root, users: &[User], name: &SlotName, stamp: Stamp) -> Result<Option<Friend>> {
        for user in users.iter().filter(|user| user.uid == stamp.uid) {
            let file = match root.open_file(user, name, RING, OPEN_RING) {
                Ok(file) => file,
                Err(error) if process::tells_nothing_of(stamp.uid, error) => {
                    return Err(root.error("open", name, error));
                }
                Err(_) => continue,
            };
            if let Some(friend) = Friend::open_file(root, name, file, stamp)? {
                return Ok(Some(friend));
            }
        }
        Ok(None)
    }

    pub(super) fn open_file(root: &Root, name: &SlotName, file: OwnedFd, stamp: Stamp) -> Result<Option<Friend>> {
        let start = Queue::open(file.as_fd(), stamp.uid).map_err(|error| root.error("open", name, error))?;
        let Some(start) = start else { return Ok(None) };
        let friend = Friend::new(name, file, start, stamp);
        if friend.start.drops_oldest() {
            // The oldest message may lie anywhere.
            friend.whole()?;
        }
        Ok(friend.owner_lives()?.then_some(friend))
    }

    fn new(name: &SlotName, file: OwnedFd, start: Queue, stamp: Stamp) -> Friend {
        Friend {
            name: name.clone(),
            start,
            whole: OnceLock::new(),
            file,
            bell: OnceLock::new(),
            stamp,
            generation: fork_generation(),
            owner_seen: AtomicU64::new(clock::ticks()),
        }
    }

    pub(super) fn write_within(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        self.try_within(message.len(), timeout, |patience| self.write_now(message, patience))
    }

    pub(super) fn write_prefaced(&self, preface: Preface<'_>, message: &[u8], timeout: Timeout) -> Result<()> {
        let preface = preface.stamped(self.start.stamp()).encode()?;
        let write = |patience: &Duration| {
            self.with_lock(self.whole()?.lock(*patience)?, |locked| self.append_prefaced(locked, &preface, message))
        };
        match timeout {
            Timeout::Zero => write(&PATIENCE_AT_ONCE),
            timeout => self.try_within(preface.len().saturating_add(message.len()), timeout, write),
        }
    }

    /// Calls `write`, which writes `size` bytes, until there is room.
    fn try_within(&self, size: usize, timeout: Timeout, write: impl Fn(&Duration) -> Result<()>) -> Result<()> {
        let deadline = timeout.deadline();
        loop {
            let left = deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            match write(&left.clamp(READERS_PATIENCE, PATIENCE)) {
                Ok(()) => return Ok(()),
                Err(error) => self.wait_after(error, size, deadline)?,
            }
        }
    }

    /// After a write of `size` bytes that failed with `error`: waits until it is worth trying again.
    fn wait_after(&self, error: Error, size: usize, deadline: Option<Instant>) -> Result<()> {
        match error {
            Error::Full { .. } => {}
            // The writer that holds the lock continues once it is scheduled, or has died.
            Error::Stalled(_) => self.check_owner()?,
            error => return Err(error),
        }
        // Retry only if there is room: each refused try is counted.
        loop {
            let left = deadline.map_or(LOOK_AGAIN, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(Error::TimedOut);
            }
            if self.wait_for_room(size, left)? {
                return Ok(());
            }
        }
    }

    /// Waits for room, at most until the next check whether the owner lives.
    pub(super) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        if self.start.wait_for_room(size, time.min(LOOK_AGAIN)) {
            return Ok(true);
        }
        self.check_owner().map(|()| false)
    }

    /// `patience` is a reference, as it is read only if another thread has the lock, and takes one register this way.
    pub(super) fn write_now(&self, message: &[u8], patience: &Duration) -> Result<()> {
        let known = self.whole.get().unwrap_or(&self.start);
        let locked = match known.lock_for(message.len(), *patience)? {
            Some(locked) => locked,
            None => self.whole()?.lock(*patience)?,
        };
        self.with_lock(locked, |locked| self.append(locked, message))
    }

    /// Repeats `write_now` and `with_lock`: shared code would cost each of those writes eight instructions.
    pub(super) fn write_unasked(&self, message: &[u8], patience: &Duration) -> Result<u64> {
        let known = self.whole.get().unwrap_or(&self.start);
        let locked = match known.lock_for(message.len(), *patience)? {
            Some(locked) => locked,
            None => self.whole()?.lock(*patience)?,
        };
        self.with_lock_unasked(locked, |locked| self.append(locked, message))
    }

    pub(super) fn write_prefaced_unasked(
        &self,
        preface: &Preface<'_>,
        message: &[u8],
        patience: Duration,
    ) -> Result<u64> {
        let preface = preface.clone().stamped(self.start.stamp()).encode()?;
        let locked = self.whole()?.lock(patience)?;
        self.with_lock_unasked(locked, |locked| self.append_prefaced(locked, &preface, message))
    }

    pub(super) fn write_batch_unasked<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        patience: Duration,
    ) -> Result<(usize, u64)> {
        let preface = match self.start.stamp() {
            true => Some(Preface::default().stamped(true).encode()?),
            false => None,
        };
        let mut end = Ok(0);
        let mut written = 0;
        let locked = self.whole()?.lock(patience)?;
        for message in messages {
            let appended = match &preface {
                Some(preface) => self.append_prefaced(&locked, preface, message.as_ref()),
                None => self.append(&locked, message.as_ref()),
            };
            match appended {
                Ok(_) => (written, end) = (written + 1, appended),
                Err(_) if written > 0 => break,
                Err(_) => {
                    end = appended;
                    break;
                }
            }
        }
        let end = self.with_lock_unasked(locked, |_| end)?;
        Ok((written, end))
    }

    pub(super) fn write_batch_prefaced<M: AsRef<[u8]>>(
        &self,
        preface: Preface<'_>,
        messages: &[M],
        patience: Duration,
        written: &mut usize,
    ) -> Result<()> {
        let preface = preface.stamped(self.start.stamp()).encode()?;
        self.write_each(messages, written, patience, |locked, message| self.append_prefaced(locked, &preface, message))
    }

    pub(super) fn write_batch<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        timeout: Timeout,
        written: &mut usize,
    ) -> Result<()> {
        self.try_batch_within(messages, timeout, written, |messages, patience, written| {
            self.write_each(messages, written, patience, |locked, message| self.append(locked, message))
        })
    }

    pub(super) fn write_batch_stamped<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        timeout: Timeout,
        written: &mut usize,
    ) -> Result<()> {
        self.try_batch_within(messages, timeout, written, |messages, patience, written| {
            self.write_batch_prefaced(Preface::default(), messages, patience, written)
        })
    }

    /// Calls `write` with the remaining messages until there is room for all.
    fn try_batch_within<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        timeout: Timeout,
        written: &mut usize,
        write: impl Fn(&[M], Duration, &mut usize) -> Result<()>,
    ) -> Result<()> {
        if timeout == Timeout::Zero {
            return write(messages, PATIENCE, written);
        }
        let deadline = timeout.deadline();
        loop {
            let left = deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            let mut more = 0;
            let tried = write(&messages[*written..], left.clamp(READERS_PATIENCE, PATIENCE), &mut more);
            *written += more;
            match tried {
                Ok(()) => return Ok(()),
                Err(error) => {
                    // If all are written and the check for the owner has failed, there is no next message.
                    let next = messages.get(*written).map_or(0, |message| message.as_ref().len());
                    self.wait_after(error, next, deadline)?;
                }
            }
        }
    }

    fn write_each<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        written: &mut usize,
        patience: Duration,
        append: impl Fn(&LockedQueue<'_>, &[u8]) -> Result<u64>,
    ) -> Result<()> {
        let result = self.with_lock(self.whole()?.lock(patience)?, |locked| {
            messages.iter().try_fold(0, |_, message| append(locked, message.as_ref()).inspect(|_| *written += 1))
        });
        if matches!(result, Err(Error::Closed)) {
            *written = 0;
        }
        result
    }

    pub(super) fn write_in_place(&self, size: usize, timeout: Timeout, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        let patience = match timeout {
            Timeout::Zero => PATIENCE,
            timeout => timeout.to_duration().clamp(READERS_PATIENCE, PATIENCE),
        };
        self.with_lock(self.whole()?.lock(patience)?, |locked| {
            // A buffer for a message that wraps around the end of the memory, allocated before anything is changed.
            let around = size <= self.start.max_message() && locked.goes_around(size);
            let mut copy = memory::zeroed(if around { size } else { 0 })?;
            let fill = |region: &Region, room: Room| {
                // SAFETY: `locked` holds the lock, the room is reserved and not committed, and this is its only
                // slice.
                match unsafe { region.slice_mut(room.payload(), size) } {
                    Some(bytes) => fill(bytes),
                    None => {
                        fill(&mut copy);
                        region.copy_in(room.payload(), &copy);
                    }
                }
            };
            locked.append(|| self.stamp(), size, || self.bell().map(Some), || Ok(&self.file), fill)
        })
    }

    /// The whole ring.
    pub(super) fn whole(&self) -> Result<&Queue> {
        if self.start.is_whole() {
            return Ok(&self.start);
        }
        if let Some(whole) = self.whole.get() {
            return Ok(whole);
        }
        let whole = self.start.whole(self.file.as_fd()).map_err(|error| Error::io("map a slot's ring", error))?;
        Ok(self.whole.get_or_init(|| whole))
    }

    /// Calls `write`, which returns the position up to which it wrote, under the lock, then makes sure that the owner
    /// lives. In this order reading the clock does not delay the message.
    #[inline(always)]
    fn with_lock(&self, locked: LockedQueue<'_>, write: impl FnOnce(&LockedQueue<'_>) -> Result<u64>) -> Result<()> {
        let end = match write(&locked) {
            Ok(end) => end,
            Err(error) => {
                drop(locked);
                return self.check_owner().and(Err(error));
            }
        };
        drop(locked);
        match self.check_owner() {
            Ok(()) => Ok(()),
            // An owner that has ended since may have read the message before: then it was delivered.
            Err(_) if self.start.was_read(end) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Like `with_lock`, for callers that check the owner themselves after a successful write.
    fn with_lock_unasked(
        &self,
        locked: LockedQueue<'_>,
        write: impl FnOnce(&LockedQueue<'_>) -> Result<u64>,
    ) -> Result<u64> {
        let written = write(&locked);
        drop(locked);
        written.or_else(|error| self.check_owner().and(Err(error)))
    }

    /// The result of a write up to `end` if `asked` is the result of the check for the owner, as in `with_lock`.
    fn settle(&self, end: u64, asked: Result<()>) -> Result<()> {
        if asked.is_err() && self.start.was_read(end) { Ok(()) } else { asked }
    }

    pub(super) fn check(&self, end: u64) -> Result<()> {
        self.settle(end, self.ask_for_owner(clock::ticks()))
    }

    pub(super) fn check_if_due(&self) -> Result<()> {
        let end = self.start.header().writers.tail.load(crate::sync::Ordering::Relaxed);
        self.settle(end, self.check_owner())
    }

    fn append_prefaced(&self, locked: &LockedQueue<'_>, preface: &[u8], message: &[u8]) -> Result<u64> {
        locked.append_prefaced(self.stamp(), preface, message, || self.bell().map(Some), || Ok(&self.file))
    }

    #[inline(always)]
    fn append(&self, locked: &LockedQueue<'_>, message: &[u8]) -> Result<u64> {
        locked.append(
            || self.stamp(),
            message.len(),
            || self.bell().map(Some),
            || Ok(&self.file),
            |region, room| {
                region.copy_in(room.payload(), message);
            },
        )
    }

    pub(super) fn is_closed(&self) -> bool {
        let state = self.start.header().writers.state.load(crate::sync::Ordering::Relaxed);
        // If that cannot be determined, the next write returns the error.
        state & CLOSED != 0 || !self.owner_lives().unwrap_or(true)
    }

    /// Fails if the owner is gone. An owner that closes marks the ring as closed; one that is killed cannot, so this
    /// asks the kernel, but only once in some tens of microseconds: nobody can kill a process and see it gone faster
    /// than that.
    #[inline(always)]
    fn check_owner(&self) -> Result<()> {
        let now = clock::ticks();
        if now.wrapping_sub(self.owner_seen.load(Ordering::Relaxed)) < clock::MOMENT {
            return Ok(());
        }
        self.ask_for_owner(now)
    }

    #[cold]
    fn ask_for_owner(&self, now: u64) -> Result<()> {
        match lock::has_lock(self.file.as_fd()) {
            Ok(true) => {}
            // The message is written, so this must not report failure for a message that an owner may read.
            Err(_) => return Ok(()),
            Ok(false) if !self.owner_lives()? => return Err(Error::Closed),
            Ok(false) => {}
        }
        self.owner_seen.store(now, Ordering::Relaxed);
        Ok(())
    }

    /// Whether some process can read the slot. Its owners hold a lock on the ring, which is the quickest check;
    /// processes that inherited the slot and have not used it yet only have the bell open.
    fn owner_lives(&self) -> Result<bool> {
        if lock::has_lock(self.file.as_fd()).map_err(|error| Error::io("test a ring's lock", error))? {
            return Ok(true);
        }
        match self.bell() {
            Ok(bell) => Ok(bell::heard(bell)),
            Err(Error::Closed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The slot's bell. Fails with `Closed` if no process has its reading side open or the slot is no longer at its
    /// place.
    pub(super) fn bell(&self) -> Result<BorrowedFd<'_>> {
        if let Some(bell) = self.bell.get() {
            return Ok(bell.as_fd());
        }
        let root = Root::get()?;
        let failed = |error| root.error("open the bell of", &self.name, error);
        let ring = FileId::of(&self.file).map_err(failed)?;
        let slot = root.find_ring(&self.name, ring)?.ok_or(Error::Closed)?;
        let bell = bell::open(slot.dir.as_fd()).map_err(failed)?.ok_or(Error::Closed)?;
        Ok(self.bell.get_or_init(|| bell).as_fd())
    }

    #[inline(always)]
    fn stamp(&self) -> Stamp {
        if is_of_this_process(self.generation) { self.stamp } else { process::stamp() }
    }
}
