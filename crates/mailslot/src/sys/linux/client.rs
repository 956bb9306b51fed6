//! The writing end of a local slot: a friend, which maps the ring, or a stranger, which writes through the door.

use std::borrow::Cow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::door;
use super::friend::Friend;
use super::group::{Group, Progress};
use super::preface::Preface;
use super::process;
use super::queue::{NETWORK_PATIENCE, PATIENCE_AT_ONCE, Queue};
use super::ring::layout::Stamp;
use super::root::{Root, SlotDirectory};
use super::server::Server;
use super::wait;
use crate::error::{Error, Result};
use crate::memory;
use crate::message::{Info, NetworkOrigin};
use crate::options::Timeout;
use mailslot_names::SlotName;

/// How long a wait for a reply goes without checking whether the slot lives, if no descriptor has reported its end.
const LOOK_FOR_OWNER: Duration = Duration::from_millis(200);
/// A writer. It uses one path for life, so its messages stay in order.
pub(crate) enum Client {
    Friend(Friend),
    /// A friend of a slot whose messages have the time at which they were written: all of them have a preface, which
    /// the path of the other friends does not check for.
    Stamping(Friend),
    Stranger(door::Writer),
    Members(Box<Group>),
}

impl Client {
    pub(crate) fn open(name: &SlotName) -> Result<Client> {
        let root = Root::get()?;
        let stamp = process::stamp();
        // A slot of this user takes precedence, unless the name is reserved for users who are trusted more.
        if !Root::is_reserved(name)
            && let Some(friend) = Friend::open(root, name, stamp)?
        {
            return Ok(Client::of(friend));
        }
        let slot = root.find(name)?.ok_or_else(|| Error::NotFound(name.clone()))?;
        Client::open_in(root, slot, name, stamp)
    }

    /// Opens the slot of this name only if it belongs to user `uid`.
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
        door::Writer::open(slot, name)?.map(Client::Stranger).ok_or_else(|| Error::NotFound(name.clone()))
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
        door::Writer::open(slot, name)?.map(Client::Stranger).ok_or_else(|| Error::NotFound(name.clone()))
    }

    fn of(friend: Friend) -> Client {
        if friend.start.stamp() { Client::Stamping(friend) } else { Client::Friend(friend) }
    }

    /// The slot's owner, as the kernel reports it.
    pub(crate) fn owner(&self) -> Option<u32> {
        match self {
            // Only memory of this user is mapped.
            Client::Friend(friend) | Client::Stamping(friend) => Some(friend.stamp.uid),
            Client::Stranger(writer) => Some(writer.owner()),
            Client::Members(group) => Some(group.owner()),
        }
    }

    pub(crate) fn max_message_size(&self) -> usize {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.start.max_message(),
            Client::Stranger(writer) => writer.max_message(),
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

    /// A separate function, so that the path of nearly every write checks the kind of writer only once.
    #[cold]
    #[inline(never)]
    fn write_otherwise(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write_within(message, timeout),
            Client::Stamping(friend) => friend.write_prefaced(Preface::default(), message, timeout),
            Client::Stranger(writer) => writer.write(message, timeout),
            Client::Members(group) => group.write(message, timeout),
        }
    }

    /// Like `write`, to the members that lack the message: reads from `progress` which ones do, and records new ones
    /// there.
    pub(crate) fn write_more(&self, message: &[u8], progress: &mut Progress, timeout: Timeout) -> Result<()> {
        match self {
            Client::Members(group) => group.write_more(message, progress, timeout),
            _ => self.write(message, timeout),
        }
    }

    /// Writes messages of another machine and returns how many were written; `None` if the slot does not accept such
    /// messages.
    pub(crate) fn write_batch_from<M: AsRef<[u8]>>(
        &self,
        origin: &NetworkOrigin,
        messages: &[M],
    ) -> Result<Option<usize>> {
        self.write_batch_of_network(Preface { network: Some(Cow::Borrowed(origin)), ..Preface::default() }, messages)
    }

    /// Like `write_batch_from`, for one request as in [`write_request`](Client::write_request). False if the slot
    /// accepts none.
    pub(crate) fn write_request_from(
        &self,
        origin: &NetworkOrigin,
        reply: [u8; 16],
        id: [u8; 16],
        message: &[u8],
    ) -> Result<bool> {
        let preface =
            Preface { network: Some(Cow::Borrowed(origin)), request: Some([reply, id]), ..Preface::default() };
        Ok(self.write_batch_of_network(preface, &[message])?.is_some())
    }

    fn write_batch_of_network<M: AsRef<[u8]>>(&self, preface: Preface<'_>, messages: &[M]) -> Result<Option<usize>> {
        let mut written = 0;
        let result = match self {
            Client::Friend(friend) | Client::Stamping(friend) if friend.start.network() => {
                friend.write_batch_prefaced(preface, messages, NETWORK_PATIENCE, &mut written)
            }
            Client::Stranger(writer) if writer.network() => messages.iter().try_for_each(|message| {
                writer.write_prefaced(preface.clone(), message.as_ref(), Timeout::Zero).map(|()| written += 1)
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

    /// Writes a request with this id, whose replies go into slot number `reply`, like
    /// [`write_more`](Client::write_more).
    pub(crate) fn write_request(
        &self,
        reply: [u8; 16],
        id: [u8; 16],
        message: &[u8],
        progress: &mut Progress,
        timeout: Timeout,
    ) -> Result<()> {
        let preface = Preface { request: Some([reply, id]), ..Preface::default() };
        self.write_prefaced(preface, message, progress, timeout)
    }

    /// Writes a reply to the request with this id.
    pub(crate) fn write_reply(&self, id: [u8; 16], message: &[u8]) -> Result<()> {
        let preface = Preface { in_reply_to: Some(id), ..Preface::default() };
        // A slot for replies has a single owner.
        self.write_prefaced(preface, message, &mut Progress::default(), Timeout::Zero)
    }

    fn write_prefaced(
        &self,
        preface: Preface<'_>,
        message: &[u8],
        progress: &mut Progress,
        timeout: Timeout,
    ) -> Result<()> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.write_prefaced(preface, message, timeout),
            Client::Stranger(writer) => writer.write_prefaced(preface, message, timeout),
            Client::Members(group) => group.write_prefaced(&preface, message, progress, timeout),
        }
    }

    /// Waits until `other` has a message, this slot's owner ends, or `deadline` passes. Returns whether this slot is
    /// gone.
    pub(crate) fn wait_for_end(&self, other: &Server, deadline: Option<Instant>) -> Result<bool> {
        let other = other.as_fd();
        let life = match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.bell(),
            Client::Stranger(writer) => Ok(writer.connection()),
            // No descriptor reports the end of the last member.
            Client::Members(_) => Ok(other),
        };
        let life = match life {
            Err(Error::Closed) => return Ok(true),
            life => life?,
        };
        let failed = |error| Error::io("wait for the end of a slot", error);
        let mut fds = [PollFd::new(&other, PollFlags::IN), PollFd::new(&life, PollFlags::empty())];
        // A process that still has the owner's descriptors, such as a program that it is just starting, delays the
        // notification.
        wait::sleep(&mut fds, deadline, Some(LOOK_FOR_OWNER)).map_err(failed)?;
        if fds[0].revents().is_empty() {
            if self.is_closed() {
                return Ok(true);
            }
            // The owner wants the writer to reconnect; until it does, no descriptor reports the owner's end.
            if !fds[1].revents().is_empty() {
                wait::sleep(&mut fds[..1], deadline, Some(LOOK_FOR_OWNER)).map_err(failed)?;
            }
        }
        Ok(false)
    }

    /// Writes several messages, waiting for room as long as `timeout` says, and returns how many were written.
    pub(crate) fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M], timeout: Timeout) -> Result<usize> {
        if messages.is_empty() {
            return Ok(0);
        }
        let mut written = 0;
        let result = match self {
            Client::Friend(friend) => friend.write_batch(messages, timeout, &mut written),
            Client::Stamping(friend) => friend.write_batch_stamped(messages, timeout, &mut written),
            Client::Stranger(writer) => {
                let deadline = timeout.deadline();
                let write = |message: &M| writer.write(message.as_ref(), timeout.left(deadline));
                messages.iter().try_for_each(|message| write(message).map(|()| written += 1))
            }
            Client::Members(group) => group.write_batch(messages, timeout, &mut written),
        };
        if written == 0 { result.map(|()| 0) } else { Ok(written) }
    }

    pub(crate) fn write_in_place(&self, size: usize, timeout: Timeout, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write_in_place(size, timeout, fill),
            Client::Stamping(_) | Client::Stranger(_) | Client::Members(_) => {
                let limit = self.max_message_size();
                if size > limit {
                    return Err(Error::TooLarge { size, limit });
                }
                let mut message = memory::zeroed(size)?;
                fill(&mut message);
                self.write(&message, Timeout::Zero)
            }
        }
    }

    /// Waits at most `time` until there may be room for `size` bytes. Returns whether to try again.
    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.wait_for_room(size, time),
            Client::Stranger(writer) => writer.wait_to_retry(Instant::now().checked_add(time)).map(|()| true),
            Client::Members(group) => group.wait_for_room(size, time),
        }
    }

    /// The slot's contents; `None` unless this is a friend.
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

    /// How many slots receive each message.
    pub(crate) fn receivers(&self) -> usize {
        match self {
            Client::Friend(_) | Client::Stamping(_) | Client::Stranger(_) => 1,
            Client::Members(group) => group.receivers(),
        }
    }

    /// Writes without waiting for room, waits for another writer no longer than `patience`, and returns where the
    /// message ends.
    ///
    /// A write that succeeds does not check whether the owner lives: [`check`](Client::check) does.
    pub(super) fn write_unasked(&self, message: &[u8], patience: Duration) -> Result<u64> {
        match self {
            Client::Friend(friend) => friend.write_unasked(message, &patience),
            Client::Stamping(_) => self.write_prefaced_unasked(&Preface::default(), message, patience),
            // The kernel refuses messages to a process that has ended.
            _ => self.write(message, Timeout::Zero).map(|()| 0),
        }
    }

    /// Like `write_unasked`, for a message behind its preface.
    pub(super) fn write_prefaced_unasked(
        &self,
        preface: &Preface<'_>,
        message: &[u8],
        patience: Duration,
    ) -> Result<u64> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => {
                friend.write_prefaced_unasked(preface, message, patience)
            }
            _ => {
                let preface = preface.clone();
                self.write_prefaced(preface, message, &mut Progress::default(), Timeout::Zero).map(|()| 0)
            }
        }
    }

    /// Like `write_unasked`, for as many of several messages as there is room for. Returns how many were written, and
    /// where they end; an error only if none was.
    pub(super) fn write_batch_unasked<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        patience: Duration,
    ) -> Result<(usize, u64)> {
        if let Client::Friend(friend) | Client::Stamping(friend) = self {
            return friend.write_batch_unasked(messages, patience);
        }
        let mut written = 0;
        let write = |message: &M| self.write(message.as_ref(), Timeout::Zero);
        match messages.iter().try_for_each(|message| write(message).map(|()| written += 1)) {
            Err(error) if written == 0 => Err(error),
            _ => Ok((written, 0)),
        }
    }

    /// Checks that the owner lives, or has read everything up to `end`. Fails with `Closed` if not.
    pub(super) fn check(&self, end: u64) -> Result<()> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.check(end),
            Client::Stranger(_) | Client::Members(_) => Ok(()),
        }
    }

    /// Like `check`, for everything that was written, unless it was checked a moment ago.
    pub(super) fn check_if_due(&self) -> Result<()> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.check_if_due(),
            Client::Stranger(_) | Client::Members(_) => Ok(()),
        }
    }

    /// Whether each message has the time at which it was written.
    pub(super) fn stamps(&self) -> bool {
        matches!(self, Client::Stamping(_))
    }

    /// Bytes of records for which there seems to be room; `None` if only a write can tell.
    pub(super) fn room_left(&self) -> Option<u64> {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => Some(friend.start.room_left()),
            Client::Stranger(_) | Client::Members(_) => None,
        }
    }

    /// How long to wait for the lock of this tap: not at all if such a wait failed a moment ago.
    pub(super) fn taps_patience(&self, most: Duration) -> Duration {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) if friend.start.missed_lately() => Duration::ZERO,
            _ => most,
        }
    }

    /// Records that this tap has lost `count` messages.
    pub(super) fn count_missed(&self, count: u32) {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.start.count_missed(count),
            Client::Stranger(writer) => writer.count_missed(count),
            Client::Members(_) => {}
        }
    }

    /// Whether messages of other machines are accepted.
    pub(super) fn network(&self) -> bool {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.start.network(),
            Client::Stranger(writer) => writer.network(),
            // Each member is asked separately.
            Client::Members(_) => true,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Client::Friend(friend) | Client::Stamping(friend) => friend.is_closed(),
            Client::Stranger(writer) => writer.is_closed(),
            Client::Members(group) => group.is_closed(),
        }
    }
}
