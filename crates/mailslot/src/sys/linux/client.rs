//! The writing end of a local slot: a friend, which maps the ring, or a stranger, which goes through the door.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::bell;
use super::clock;
use super::door;
use super::fork::{fork_generation, is_of_this_process};
use super::group::{Group, Progress};
use super::inward::READERS_PATIENCE;
use super::life;
use super::preface::Preface;
use super::process;
use super::queue::{OPEN_RING, PATIENCE, Queue, RING, Session};
use super::ring::layout::CLOSED;
use super::ring::region::Region;
use super::ring::write::{Room, Stamp};
use super::root::{FileId, Root, SlotDirectory, User};
use super::wait;
use crate::error::{Error, Result};
use crate::message::{Info, NetworkOrigin};
use crate::options::Timeout;
use mailslot_names::SlotName;

/// The longest a writer that waits for room goes without looking by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long a write that does not wait for room waits for another one that is under way.
pub(super) const PATIENCE_AT_ONCE: Duration = Duration::from_secs(1);
/// How long whoever waits for a reply goes without asking whether the slot lives, where nothing told that it has ended.
const LOOK_FOR_OWNER: Duration = Duration::from_millis(200);
/// How long a network node waits for a stopped process that holds the lock: it has others to deliver to.
pub(super) const NETWORK_PATIENCE: Duration = Duration::from_millis(50);

/// A writer. It keeps its path for life, so its messages stay in order.
pub(crate) enum Client {
    Friend(Friend),
    /// A friend of a slot whose messages have the time at which they were written: all go with a preface, and the others' way
    /// does not ask for that.
    Stamping(Friend),
    Stranger(door::Visitor),
    Members(Box<Group>),
}

/// A writer of the owner's own user: it shares the owner's memory.
pub(crate) struct Friend {
    name: SlotName,
    /// The start of the ring, which is all that a writer needs for some short messages to readers that keep up.
    start: Queue,
    /// All of it, mapped when that is not enough.
    whole: OnceLock<Queue>,
    /// The ring's file, for reserving memory and for asking whether an owner lives.
    file: OwnedFd,
    /// Opened when it is first needed: a writer that comes to readers which are awake, and goes, never does.
    bell: OnceLock<OwnedFd>,
    stamp: Stamp,
    /// [`fork_generation`] of the process that `stamp` describes.
    generation: u64,
    /// When the owner was last known to live, in ticks.
    owner_seen: AtomicU64,
}

impl Client {
    pub(crate) fn open(name: &SlotName) -> Result<Client> {
        let root = Root::get()?;
        let stamp = process::stamp();
        // A slot of this user is the one that is meant, unless there are users who are trusted more.
        if !Root::is_reserved(name)
            && let Some(friend) = Friend::open(root, name, stamp)?
        {
            return Ok(Client::of(friend));
        }
        let slot = root.find(name)?.ok_or_else(|| Error::NotFound(name.clone()))?;
        Client::open_in(root, slot, name, stamp)
    }

    /// Opens the slot of this name that belongs to user `uid`, and no other.
    pub(crate) fn open_owned(name: &SlotName, uid: u32) -> Result<Client> {
        let root = Root::get()?;
        let slot = root.find_of(name, uid)?.ok_or_else(|| Error::NotFound(name.clone()))?;
        Client::open_in(root, slot, name, process::stamp())
    }

    fn open_in(root: &Root, slot: SlotDirectory, name: &SlotName, stamp: Stamp) -> Result<Client> {
        if slot.is_member() {
            let group = Group::open(&slot, name)?.ok_or_else(|| Error::NotFound(name.clone()))?;
            return Ok(Client::Members(Box::new(group)));
        }
        if slot.user.uid == stamp.uid
            && let Some(friend) = Friend::open(root, name, stamp)?
        {
            return Ok(Client::of(friend));
        }
        door::Visitor::open(slot, name)?.map(Client::Stranger).ok_or_else(|| Error::NotFound(name.clone()))
    }

    /// Opens one member of a slot.
    pub(super) fn open_member(root: &Root, slot: SlotDirectory, name: &SlotName) -> Result<Client> {
        let stamp = process::stamp();
        if slot.user.uid == stamp.uid {
            let failed = |error| root.error("open", name, error);
            let file = Queue::open_file(slot.dir.as_fd()).map_err(failed)?;
            if let Some(friend) = Friend::open_file(root, name, file, stamp)? {
                return Ok(Client::of(friend));
            }
        }
        door::Visitor::open(slot, name)?.map(Client::Stranger).ok_or_else(|| Error::NotFound(name.clone()))
    }

    fn of(friend: Friend) -> Client {
        if friend.start.stamp() { Client::Stamping(friend) } else { Client::Friend(friend) }
    }

    /// The slot's owner, as the kernel tells it.
    pub(crate) fn owner(&self) -> Option<u32> {
        match self {
            // No other user's memory is mapped.
            Client::Friend(friend) | Client::Stamping(friend) => Some(friend.stamp.uid),
            Client::Stranger(visitor) => Some(visitor.owner()),
            Client::Members(group) => Some(group.owner()),
        }
    }

    pub(crate) fn max_message_size(&self) -> usize {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.start.max_message(),
            Client::Stranger(visitor) => visitor.max_message(),
            Client::Members(group) => group.max_message_size(),
        }
    }

    #[inline]
    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        if let Client::Friend(friend) = self
            && timeout == Timeout::Zero
        {
            return friend.write_now(message, &PATIENCE_AT_ONCE);
        }
        self.write_otherwise(message, timeout)
    }

    /// Apart, so that what nearly every write is asks one thing of the kind of writer.
    #[cold]
    #[inline(never)]
    fn write_otherwise(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write_within(message, timeout),
            Client::Stamping(friend) => friend.write_prefaced(Preface::default(), message, timeout),
            Client::Stranger(visitor) => visitor.write(message, timeout),
            Client::Members(group) => group.write(message, timeout),
        }
    }

    /// The same, to those that lack the message: what `progress` says of that, this notes there.
    pub(crate) fn write_more(&self, message: &[u8], progress: &mut Progress, timeout: Timeout) -> Result<()> {
        match self {
            Client::Members(group) => group.write_more(message, progress, timeout),
            _ => self.write(message, timeout),
        }
    }

    /// Writes messages of another machine and returns how many were written; `None` if the slot does not let such messages
    /// in.
    pub(crate) fn write_batch_from<M: AsRef<[u8]>>(
        &self,
        origin: &NetworkOrigin,
        messages: &[M],
    ) -> Result<Option<usize>> {
        self.write_batch_of_network(Preface { network: Some(origin.clone()), ..Preface::default() }, messages)
    }

    /// The same with one request, as [`write_request`](Client::write_request) has it. False if the slot lets no such in.
    pub(crate) fn write_request_from(
        &self,
        origin: &NetworkOrigin,
        reply: [u8; 16],
        id: [u8; 16],
        message: &[u8],
    ) -> Result<bool> {
        let preface = Preface { network: Some(origin.clone()), request: Some([reply, id]), ..Preface::default() };
        Ok(self.write_batch_of_network(preface, &[message])?.is_some())
    }

    fn write_batch_of_network<M: AsRef<[u8]>>(&self, preface: Preface, messages: &[M]) -> Result<Option<usize>> {
        let mut written = 0;
        let result = match self {
            Client::Friend(friend) | Client::Stamping(friend) if friend.start.network() => {
                friend.write_batch_prefaced(preface, messages, NETWORK_PATIENCE, &mut written)
            }
            Client::Stranger(visitor) if visitor.network() => messages.iter().try_for_each(|message| {
                visitor.write_prefaced(preface.clone(), message.as_ref(), Timeout::Zero).map(|()| written += 1)
            }),
            Client::Members(group) => {
                for message in messages {
                    match group.write_from(&preface, message.as_ref()) {
                        Ok(true) => written += 1,
                        Ok(false) if written == 0 => return Ok(None),
                        Err(error) if written == 0 => return Err(error),
                        _ => break,
                    }
                }
                Ok(())
            }
            _ => return Ok(None),
        };
        if written == 0 { result.map(|()| Some(0)) } else { Ok(Some(written)) }
    }

    /// Writes a request with its id, whose replies go into the slot of this number.
    pub(crate) fn write_request(&self, reply: [u8; 16], id: [u8; 16], message: &[u8], timeout: Timeout) -> Result<()> {
        self.write_prefaced(Preface { request: Some([reply, id]), ..Preface::default() }, message, timeout)
    }

    /// Writes a reply to the request with this id.
    pub(crate) fn write_reply(&self, id: [u8; 16], message: &[u8]) -> Result<()> {
        self.write_prefaced(Preface { in_reply_to: Some(id), ..Preface::default() }, message, Timeout::Zero)
    }

    fn write_prefaced(&self, preface: Preface, message: &[u8], timeout: Timeout) -> Result<()> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.write_prefaced(preface, message, timeout),
            Client::Stranger(visitor) => visitor.write_prefaced(preface, message, timeout),
            Client::Members(group) => group.write_prefaced(&preface, message, timeout),
        }
    }

    /// Waits until `other` is readable, or the slot's owner ends, or `deadline`. Returns whether the slot is gone.
    pub(crate) fn wait_for_end(&self, other: BorrowedFd<'_>, deadline: Option<Instant>) -> Result<bool> {
        let life = match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.bell(),
            Client::Stranger(visitor) => Ok(visitor.connection()),
            // No descriptor tells the end of the last one.
            Client::Members(_) => Ok(other),
        };
        let life = match life {
            Err(Error::Closed) => return Ok(true),
            life => life?,
        };
        let failed = |error| Error::io("wait for the end of a slot", error);
        let mut fds = [PollFd::new(&other, PollFlags::IN), PollFd::new(&life, PollFlags::empty())];
        // Whoever still has the owner's descriptors, such as a program that it is just starting, keeps that from being told.
        wait::sleep(&mut fds, deadline, Some(LOOK_FOR_OWNER)).map_err(failed)?;
        if fds[0].revents().is_empty() {
            if self.is_closed() {
                return Ok(true);
            }
            // It goes on with a connection that is yet to be made, of whose end nobody tells.
            if !fds[1].revents().is_empty() {
                wait::sleep(&mut fds[..1], deadline, Some(LOOK_FOR_OWNER)).map_err(failed)?;
            }
        }
        Ok(false)
    }

    pub(crate) fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M]) -> Result<usize> {
        if messages.is_empty() {
            return Ok(0);
        }
        let mut written = 0;
        let result = match self {
            Client::Friend(friend) => friend.write_batch(messages, &mut written),
            Client::Stamping(friend) => {
                friend.write_batch_prefaced(Preface::default(), messages, PATIENCE, &mut written)
            }
            Client::Stranger(_) | Client::Members(_) => messages
                .iter()
                .try_for_each(|message| self.write(message.as_ref(), Timeout::Zero).map(|()| written += 1)),
        };
        if written == 0 { result.map(|()| 0) } else { Ok(written) }
    }

    pub(crate) fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write_in_place(size, fill),
            Client::Stamping(_) | Client::Stranger(_) | Client::Members(_) => {
                let limit = self.max_message_size();
                if size > limit {
                    return Err(Error::TooLarge { size, limit });
                }
                let mut message = vec![0; size];
                fill(&mut message);
                self.write(&message, Timeout::Zero)
            }
        }
    }

    /// Waits at most `time` until there may be room for `size` bytes. Returns whether it is worth trying again.
    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.wait_for_room(size, time),
            Client::Stranger(visitor) => visitor.wait_to_retry(Instant::now().checked_add(time)).map(|()| true),
            Client::Members(group) => group.wait_for_room(size, time),
        }
    }

    /// What the slot holds; `None` to anybody but a friend.
    pub(crate) fn info(&self) -> Result<Option<Info>> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) if friend.is_closed() => Err(Error::Closed),
            Client::Friend(friend) | Client::Stamping(friend) => friend.whole()?.info().map(Some),
            Client::Stranger(_) => Ok(None),
            Client::Members(group) => group.info(),
        }
    }

    pub(crate) fn has_members(&self) -> bool {
        matches!(self, Client::Members(_))
    }

    /// How many get what is written.
    pub(crate) fn receivers(&self) -> usize {
        match self {
            Client::Friend(_) | Client::Stamping(_) | Client::Stranger(_) => 1,
            Client::Members(group) => group.receivers(),
        }
    }

    /// Writes without waiting for room, and for another writer no longer than `patience`.
    pub(super) fn write_at_once(&self, message: &[u8], patience: Duration) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write_now(message, &patience),
            Client::Stamping(_) => self.write_prefaced_at_once(&Preface::default(), message, patience),
            _ => self.write(message, Timeout::Zero),
        }
    }

    /// The same with a message behind its preface.
    pub(super) fn write_prefaced_at_once(&self, preface: &Preface, message: &[u8], patience: Duration) -> Result<()> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => {
                friend.write_batch_prefaced(preface.clone(), &[message], patience, &mut 0)
            }
            Client::Stranger(visitor) => visitor.write_prefaced(preface.clone(), message, Timeout::Zero),
            Client::Members(group) => group.write_prefaced(preface, message, Timeout::Zero),
        }
    }

    /// How long to wait for the lock of this tap: not at all where that was in vain a moment ago.
    pub(super) fn taps_patience(&self, most: Duration) -> Duration {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) if friend.start.missed_lately() => Duration::ZERO,
            _ => most,
        }
    }

    /// Notes that this tap has lost a message.
    pub(super) fn count_missed(&self) {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.start.count_missed(),
            Client::Stranger(visitor) => visitor.count_missed(),
            Client::Members(_) => {}
        }
    }

    /// Whether messages of other machines are let in.
    pub(super) fn network(&self) -> bool {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.start.network(),
            Client::Stranger(visitor) => visitor.network(),
            // Which of them lets them in is asked of each.
            Client::Members(_) => true,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.is_closed(),
            Client::Stranger(visitor) => visitor.is_closed(),
            Client::Members(group) => group.is_closed(),
        }
    }
}

impl Friend {
    /// The slot of this process's user, if there is one, its owner lives, and its ring may be shared.
    fn open(root: &Root, name: &SlotName, stamp: Stamp) -> Result<Option<Friend>> {
        // What is known is enough to find a slot, but not to find that there is none.
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

    fn open_file(root: &Root, name: &SlotName, file: OwnedFd, stamp: Stamp) -> Result<Option<Friend>> {
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

    fn write_within(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        self.try_within(message.len(), timeout, |patience| self.write_now(message, patience))
    }

    fn write_prefaced(&self, preface: Preface, message: &[u8], timeout: Timeout) -> Result<()> {
        let preface = preface.stamped(self.start.stamp()).encode()?;
        let write = |patience: &Duration| {
            self.with_lock(self.whole()?.lock(*patience)?, |session| self.append_prefaced(session, &preface, message))
        };
        match timeout {
            Timeout::Zero => write(&PATIENCE_AT_ONCE),
            timeout => self.try_within(preface.len().saturating_add(message.len()), timeout, write),
        }
    }

    /// Lets `write` try to write `size` bytes until there is room.
    fn try_within(&self, size: usize, timeout: Timeout, write: impl Fn(&Duration) -> Result<()>) -> Result<()> {
        let deadline = timeout.deadline();
        loop {
            let left = deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            match write(&left.clamp(READERS_PATIENCE, PATIENCE)) {
                Ok(()) => return Ok(()),
                Err(Error::Full { .. }) => {}
                Err(error) => return Err(error),
            }
            // Tried again where there is room alone: each try that is refused counts.
            loop {
                let left = deadline.map_or(LOOK_AGAIN, |deadline| deadline.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return Err(Error::TimedOut);
                }
                if self.wait_for_room(size, left)? {
                    break;
                }
            }
        }
    }

    /// Waits for room at most as long as a writer goes without looking for the owner.
    fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        if self.start.wait_for_room(size, time.min(LOOK_AGAIN)) {
            return Ok(true);
        }
        self.check_owner().map(|()| false)
    }

    /// `patience` is looked at only if somebody else has the lock, and takes one register this way.
    fn write_now(&self, message: &[u8], patience: &Duration) -> Result<()> {
        let known = self.whole.get().unwrap_or(&self.start);
        let session = match known.lock_for(message.len(), *patience)? {
            Some(session) => session,
            None => self.whole()?.lock(*patience)?,
        };
        self.with_lock(session, |session| self.append(session, message))
    }

    fn write_batch_prefaced<M: AsRef<[u8]>>(
        &self,
        preface: Preface,
        messages: &[M],
        patience: Duration,
        written: &mut usize,
    ) -> Result<()> {
        let preface = preface.stamped(self.start.stamp()).encode()?;
        self.write_each(messages, written, patience, |session, message| {
            self.append_prefaced(session, &preface, message)
        })
    }

    fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M], written: &mut usize) -> Result<()> {
        self.write_each(messages, written, PATIENCE, |session, message| self.append(session, message))
    }

    fn write_each<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        written: &mut usize,
        patience: Duration,
        append: impl Fn(&Session<'_>, &[u8]) -> Result<u64>,
    ) -> Result<()> {
        let result = self.with_lock(self.whole()?.lock(patience)?, |session| {
            messages.iter().try_fold(0, |_, message| append(session, message.as_ref()).inspect(|_| *written += 1))
        });
        if matches!(result, Err(Error::Closed)) {
            *written = 0;
        }
        result
    }

    fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        let fill = |region: &Region, room: Room| {
            // SAFETY: the session holds the lock, the room is reserved and not committed, and this is its only slice.
            match unsafe { region.slice_mut(room.payload(), size) } {
                Some(bytes) => fill(bytes),
                None => {
                    let mut bytes = vec![0; size];
                    fill(&mut bytes);
                    region.copy_in(room.payload(), &bytes);
                }
            }
        };
        self.with_lock(self.whole()?.lock(PATIENCE)?, |session| {
            session.append(|| self.stamp(), size, || self.bell().map(Some), || Ok(&self.file), fill)
        })
    }

    /// The whole ring.
    fn whole(&self) -> Result<&Queue> {
        if self.start.is_whole() {
            return Ok(&self.start);
        }
        if let Some(whole) = self.whole.get() {
            return Ok(whole);
        }
        let whole = self.start.whole(self.file.as_fd()).map_err(|error| Error::io("map a slot's ring", error))?;
        Ok(self.whole.get_or_init(|| whole))
    }

    /// Lets `write` write up to the position that it returns under the lock, then makes sure that the owner lives: in this
    /// order the look at the clock does not delay the message.
    #[inline(always)]
    fn with_lock(&self, session: Session<'_>, write: impl FnOnce(&Session<'_>) -> Result<u64>) -> Result<()> {
        let end = match write(&session) {
            Ok(end) => end,
            Err(error) => {
                drop(session);
                return self.check_owner().and(Err(error));
            }
        };
        drop(session);
        match self.check_owner() {
            Ok(()) => Ok(()),
            // An owner that has gone since may have read the message first: then it was delivered.
            Err(_) if self.start.was_read(end) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn append_prefaced(&self, session: &Session<'_>, preface: &[u8], message: &[u8]) -> Result<u64> {
        session.append_prefaced(self.stamp(), preface, message, || self.bell().map(Some), || Ok(&self.file))
    }

    #[inline(always)]
    fn append(&self, session: &Session<'_>, message: &[u8]) -> Result<u64> {
        session.append(
            || self.stamp(),
            message.len(),
            || self.bell().map(Some),
            || Ok(&self.file),
            |region, room| {
                region.copy_in(room.payload(), message);
            },
        )
    }

    fn is_closed(&self) -> bool {
        let state = self.start.header().writers.state.load(crate::sync::Ordering::Relaxed);
        // Where that cannot be found out, writing will tell why.
        state & CLOSED != 0 || !self.owner_lives().unwrap_or(true)
    }

    /// Fails if the owner is gone. An owner that closes says so in the ring; one that is killed cannot, so the kernel is
    /// asked, but only once in some tens of microseconds: nobody can kill a process and see it gone faster than that.
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
        match life::is_ring_held(&self.file) {
            Ok(true) => {}
            // The message is written, and that it is not must not be said of one that an owner may read.
            Err(_) => return Ok(()),
            Ok(false) if !self.owner_lives()? => return Err(Error::Closed),
            Ok(false) => {}
        }
        self.owner_seen.store(now, Ordering::Relaxed);
        Ok(())
    }

    /// Whether some process can read the slot. Its owners hold a lock on the ring, which is the quickest to ask for; heirs
    /// that have not come to that only hear the bell.
    fn owner_lives(&self) -> Result<bool> {
        if life::is_ring_held(&self.file).map_err(|error| Error::io("test a ring's lock", error))? {
            return Ok(true);
        }
        match self.bell() {
            Ok(bell) => Ok(bell::heard(bell)),
            Err(Error::Closed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The slot's bell. Fails with `Closed` if nobody hears it or the slot is no longer at its place.
    fn bell(&self) -> Result<BorrowedFd<'_>> {
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
