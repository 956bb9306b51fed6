//! The writing end of a local slot: a friend, which maps the ring, or a stranger, which goes through the door.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::bell;
use super::clock;
use super::door;
use super::origin;
use super::process;
use super::queue::{PATIENCE, Queue, Session};
use super::remote::Remote;
use super::ring::layout::CLOSED;
use super::ring::region::Region;
use super::ring::write::{Room, Stamp};
use super::robust::fork_generation;
use super::root::{PLACES, Root};
use crate::error::{Error, Result};
use crate::message::{Info, NetworkOrigin};
use crate::name::{Address, SlotName};
use crate::options::Timeout;
use crate::sys::Reach;

/// The longest a writer that waits for room goes without looking by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long a network node waits for a stopped process that holds the lock: it has others to deliver to.
const NETWORK_PATIENCE: Duration = Duration::from_millis(50);

/// A writer. It keeps its path for life, so its messages stay in order.
pub(crate) enum Client {
    Friend(Friend),
    Stranger(door::Visitor),
    /// Of a slot elsewhere; boxed because it is a writer of one of the other kinds itself.
    Remote(Box<Remote>),
}

/// A writer of the owner's own user: it shares the owner's memory.
pub(crate) struct Friend {
    queue: Queue,
    /// The ring's file, for reserving memory.
    file: OwnedFd,
    bell: OwnedFd,
    stamp: Stamp,
    /// [`fork_generation`] of the process that `stamp` describes.
    generation: u64,
    /// When the owner was last known to live, in ticks.
    owner_seen: AtomicU64,
}

impl Client {
    pub(crate) fn open(name: &SlotName) -> Result<Client> {
        let root = Root::get()?;
        for index in 0..PLACES {
            let Some(slot) = root.open_place(name, index)? else { continue };
            let friend = Friend::open(&slot).map_err(|error| root.error("open", name, error))?;
            match friend {
                Opened::Friend(friend) => return Ok(Client::Friend(friend)),
                Opened::Dead => {}
                Opened::Stranger => {
                    if let Some(visitor) = door::Visitor::open(slot.as_fd(), name)? {
                        return Ok(Client::Stranger(visitor));
                    }
                }
            }
        }
        Err(Error::NotFound(name.clone()))
    }

    pub(crate) fn open_remote(address: Address) -> Result<Client> {
        Ok(Client::Remote(Box::new(Remote::open(address)?)))
    }

    pub(crate) fn max_message_size(&self) -> usize {
        match self {
            Client::Friend(friend) => friend.queue.max_message(),
            Client::Stranger(visitor) => visitor.max_message(),
            Client::Remote(remote) => remote.max_message(),
        }
    }

    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write(message, timeout),
            Client::Stranger(visitor) => visitor.write(message, timeout),
            Client::Remote(remote) => remote.write(message, timeout),
        }
    }

    /// Writes a message of another machine; `Ok(false)` if the slot does not let such messages in.
    pub(crate) fn write_from(&self, origin: &NetworkOrigin, message: &[u8]) -> Result<bool> {
        match self {
            Client::Friend(friend) if friend.queue.network() => friend.write_from(origin, message).map(|()| true),
            Client::Stranger(visitor) if visitor.network() => visitor.write_from(origin, message).map(|()| true),
            _ => Ok(false),
        }
    }

    pub(crate) fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M]) -> Result<usize> {
        if messages.is_empty() {
            return Ok(0);
        }
        let mut written = 0;
        let result = match self {
            Client::Friend(friend) => friend.write_batch(messages, &mut written),
            Client::Stranger(_) | Client::Remote(_) => messages
                .iter()
                .try_for_each(|message| self.write(message.as_ref(), Timeout::Zero).map(|()| written += 1)),
        };
        if written == 0 { result.map(|()| 0) } else { Ok(written) }
    }

    pub(crate) fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match self {
            Client::Friend(friend) => friend.write_in_place(size, fill),
            Client::Stranger(visitor) => {
                visitor.check_size(size)?;
                visitor.write(&filled(size, fill), Timeout::Zero)
            }
            Client::Remote(remote) => {
                remote.check_size(size)?;
                remote.write(&filled(size, fill), Timeout::Zero)
            }
        }
    }

    /// What the slot holds; `None` to anybody but a friend.
    pub(crate) fn info(&self) -> Result<Option<Info>> {
        match self {
            Client::Friend(friend) if friend.is_closed() => Err(Error::Closed),
            Client::Friend(friend) => friend.queue.info().map(Some),
            Client::Stranger(_) | Client::Remote(_) => Ok(None),
        }
    }

    pub(crate) fn reach(&self) -> Reach {
        match self {
            Client::Friend(_) | Client::Stranger(_) => Reach::Local,
            Client::Remote(remote) => remote.reach(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Client::Friend(friend) => friend.is_closed(),
            Client::Stranger(visitor) => visitor.is_closed(),
            Client::Remote(remote) => remote.is_closed(),
        }
    }
}

fn filled(size: usize, fill: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut message = vec![0; size];
    fill(&mut message);
    message
}

/// What trying to be a friend came to.
enum Opened {
    Friend(Friend),
    Stranger,
    Dead,
}

impl Friend {
    fn open(slot: &OwnedFd) -> rustix::io::Result<Opened> {
        let file = match Queue::open_file(slot.as_fd()) {
            Ok(file) => file,
            Err(Errno::ACCESS | Errno::PERM) => return Ok(Opened::Stranger),
            Err(Errno::NOENT) => return Ok(Opened::Dead),
            Err(error) => return Err(error),
        };
        let Some(queue) = Queue::open(file.as_fd())? else { return Ok(Opened::Stranger) };
        let Some(bell) = bell::open(slot.as_fd())? else { return Ok(Opened::Dead) };
        Ok(Opened::Friend(Friend {
            queue,
            file,
            bell,
            stamp: process::stamp(),
            generation: fork_generation(),
            owner_seen: AtomicU64::new(clock::ticks()),
        }))
    }

    fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        let deadline = match timeout {
            Timeout::Zero => return self.write_now(message),
            Timeout::After(time) => Instant::now().checked_add(time),
            Timeout::Forever => None,
        };
        loop {
            match self.write_now(message) {
                Ok(()) => return Ok(()),
                Err(Error::Full { .. }) => {}
                Err(error) => return Err(error),
            }
            let left = deadline.map_or(LOOK_AGAIN, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(Error::TimedOut);
            }
            self.queue.wait_for_room(message.len(), left.min(LOOK_AGAIN));
        }
    }

    #[inline]
    fn write_now(&self, message: &[u8]) -> Result<()> {
        self.with_lock(PATIENCE, |session| self.append(session, message))
    }

    fn write_from(&self, origin: &NetworkOrigin, message: &[u8]) -> Result<()> {
        let origin = origin::encode(origin)?;
        self.with_lock(NETWORK_PATIENCE, |session| {
            session.append_from(&origin, message, Some(&self.bell), || self.file())
        })
    }

    fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M], written: &mut usize) -> Result<()> {
        let result = self.with_lock(PATIENCE, |session| {
            messages.iter().try_for_each(|message| self.append(session, message.as_ref()).map(|()| *written += 1))
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
        self.with_lock(PATIENCE, |session| session.append(self.stamp(), size, Some(&self.bell), || self.file(), fill))
    }

    /// Lets `write` write under the lock, then makes sure that the owner lives: in this order the look at the clock does
    /// not delay the message.
    #[inline(always)]
    fn with_lock(&self, patience: Duration, write: impl FnOnce(&Session<'_>) -> Result<()>) -> Result<()> {
        let session = self.queue.lock(patience)?;
        let result = write(&session);
        let end = session.tail();
        drop(session);
        match self.check_owner() {
            Ok(()) => result,
            // An owner that has gone since may have read the message first: then it was delivered.
            Err(_) if result.is_ok() && self.queue.was_read(end) => Ok(()),
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn append(&self, session: &Session<'_>, message: &[u8]) -> Result<()> {
        session.append(
            self.stamp(),
            message.len(),
            Some(&self.bell),
            || self.file(),
            |region, room| {
                region.copy_in(room.payload(), message);
            },
        )
    }

    fn is_closed(&self) -> bool {
        let state = self.queue.header().writers.state.load(crate::sync::Ordering::Relaxed);
        state & CLOSED != 0 || !bell::heard(self.bell.as_fd())
    }

    /// Fails if the owner is gone. An owner that closes says so in the ring; one that is killed cannot, so the kernel is
    /// asked, but only once in some tens of microseconds: nobody can kill a process and see it gone faster than that.
    fn check_owner(&self) -> Result<()> {
        let now = clock::ticks();
        if now.wrapping_sub(self.owner_seen.load(Ordering::Relaxed)) < clock::MOMENT {
            return Ok(());
        }
        if !bell::heard(self.bell.as_fd()) {
            return Err(Error::Closed);
        }
        self.owner_seen.store(now, Ordering::Relaxed);
        Ok(())
    }

    fn stamp(&self) -> Stamp {
        if self.generation == fork_generation() { self.stamp } else { process::stamp() }
    }

    fn file(&self) -> Result<OwnedFd> {
        self.file.try_clone().map_err(|error| Error::io("duplicate a descriptor", error))
    }
}
