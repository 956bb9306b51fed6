//! The owner's side of a door: lets writers in and takes their messages into the ring.
//!
//! What a stranger can cost is bounded: the kernel keeps its unread packets at its own expense, at most [`WINDOW`]
//! messages of one connection lie in the ring unread, and all strangers together use no more than half of it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{AtFlags, Gid, Mode};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, accept_with, bind, listen, shutdown, socket_with};

use super::super::origin;
use super::super::process;
use super::super::ring::layout::{Kind, record_size};
use super::super::ring::write::Stamp;
use super::super::wait::{self, Poller};
use super::packets::{BATCH, Packet, Packets};
use super::{ATTACHED, FROM_NETWORK, INLINE, MAX_INLINE, NAME};
use crate::error::{Error, Result};
use crate::options::Access;

/// Turns in a row that brought messages and make a connection a stream.
const STREAM: u32 = 8;
/// Looks at a stream that find nothing before it counts as none any more.
const SILENCE: u32 = 8;
/// Messages of one connection that may lie unread in the ring.
const WINDOW: usize = 64;
/// What a batch of packets takes in the ring at most.
const LARGEST_BATCH: u64 = BATCH as u64 * record_size(MAX_INLINE as u64);
/// Connections accepted in one go.
const ACCEPTS: usize = 256;
/// Pending connections that the kernel keeps; it lowers this to its own limit.
const BACKLOG: i32 = 4096;

/// Keys of the poller's descriptors; connections count on from the last.
pub(crate) const BELL_KEY: u64 = 0;
pub(crate) const DOOR_KEY: u64 = 1;
const FIRST_CONNECTION: u64 = 2;

/// The door of a slot, kept by one process.
pub(crate) struct Door {
    listener: OwnedFd,
    access: Access,
    owner: u32,
    connections: Vec<Connection>,
    next_key: u64,
    /// Set when the system had no descriptor left for a connection: waiting must not rely on the door then.
    starved: bool,
    /// Whether some connection holds messages that found no room.
    holding: bool,
    packets: Packets,
    ready: Vec<u64>,
}

/// One writer of another user.
struct Connection {
    key: u64,
    socket: OwnedFd,
    stamp: Stamp,
    watch: Watch,
    /// Turns in a row that brought messages; of a stream, those that brought none.
    run: u32,
    /// Ends of its records in the ring, oldest first, as far as they may be unread.
    unread: VecDeque<u64>,
    /// Messages that were received and found no room.
    held: VecDeque<Payload<'static>>,
}

/// How it shows that a connection has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// The poller tells.
    Poller,
    /// It is looked at whenever the door is: a stream. As long as a poller has a socket, each send to it takes the poller's
    /// lock and touches memory of the reader, which makes it a sixth slower.
    Look,
    /// It does not, so the connection is handed back.
    Nothing,
}

/// Where messages from the door go.
pub(crate) trait Intake {
    /// Appends a message, behind its origin unless that is empty, and returns the position behind its record; `Ok(None)` if
    /// it is too large.
    fn append(&self, stamp: Stamp, origin: &[u8], message: &[u8]) -> Result<Option<u64>>;
    /// Bytes that strangers may add now.
    fn room(&self) -> u64;
    /// Position of the oldest unread record.
    fn head(&self) -> u64;
    /// Bytes of the largest message.
    fn max_message(&self) -> usize;
    /// Whether messages of other machines are let in.
    fn network(&self) -> bool;
    /// Whether anybody but the caller waits for messages.
    fn others_wait(&self) -> bool;
}

/// What looking for packets came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Messages,
    /// Nothing more to take now.
    Nothing,
    /// The writer is gone, or sent something that is no message.
    End,
}

impl Door {
    /// Makes the door of a new slot in `dir`.
    pub(crate) fn create(dir: BorrowedFd<'_>, access: &Access) -> rustix::io::Result<Door> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let listener = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        bind(&listener, &super::path(dir)?)?;
        let owner = Mode::RUSR | Mode::WUSR;
        let mode = match access {
            Access::Owner => owner,
            Access::Group(gid) => {
                rustix::fs::chownat(dir, NAME, None, Some(Gid::from_raw(*gid)), AtFlags::SYMLINK_NOFOLLOW)?;
                owner | Mode::RGRP | Mode::WGRP
            }
            Access::Users(_) | Access::Everyone => owner | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH,
        };
        rustix::fs::chmodat(dir, NAME, mode, AtFlags::empty())?;
        listen(&listener, BACKLOG)?;
        Ok(Door::keep(listener, access.clone()))
    }

    /// Keeps the door whose listening socket is `listener`.
    pub(crate) fn keep(listener: OwnedFd, access: Access) -> Door {
        Door {
            listener,
            access,
            owner: process::uid(),
            connections: Vec::new(),
            next_key: FIRST_CONNECTION,
            starved: false,
            holding: false,
            packets: Packets::new(),
            ready: Vec::new(),
        }
    }

    pub(crate) fn listener(&self) -> &OwnedFd {
        &self.listener
    }

    /// Sees to it that the poller tells when the door has something, for whoever is about to wait. Returns false if
    /// something keeps it from that.
    pub(crate) fn watch_all(&mut self, watching: Option<&Poller>) -> bool {
        let mut unwatched = false;
        for connection in &mut self.connections {
            if connection.watch == Watch::Look {
                connection.watch_by(watching);
            }
            unwatched |= connection.watch == Watch::Nothing;
        }
        !(self.starved || self.holding || unwatched)
    }

    /// Lets waiting writers in and takes in what they and the others have sent. Returns whether that was anything.
    /// `watching` is the descriptor that watches the door, if it was made, and `poller` makes or finds it. If the slot is
    /// `shared` between processes, no connection outlives the call: another process could not see what arrives on it.
    pub(crate) fn take_in<'p>(
        &mut self,
        intake: &impl Intake,
        shared: bool,
        watching: Option<&Poller>,
        poller: impl Fn() -> Result<&'p Poller>,
    ) -> Result<bool> {
        self.starved = false;
        if self.is_knocked_at(watching)? {
            self.accept(|socket, key| {
                // Whom nobody can watch, for whatever reason, is handed back.
                !shared && poller().is_ok_and(|poller| poller.add(socket, key).is_ok())
            })?;
            self.hand_back_unwatched(intake);
            if !self.connections.is_empty() {
                self.look(poller()?)?;
            }
        } else {
            self.hand_back_unwatched(intake);
        }
        self.take_from_ready(intake, poller)
    }

    /// Finds out, in one system call, who has something and whether somebody wants to come in. Accepting without having
    /// looked would cost several times as much: the kernel makes a socket before it finds that there is none to accept.
    fn is_knocked_at(&mut self, watching: Option<&Poller>) -> Result<bool> {
        self.ready.clear();
        if let Some(poller) = watching {
            self.look(poller)?;
            return Ok(self.ready.contains(&DOOR_KEY));
        }
        let mut door = [PollFd::new(&self.listener, PollFlags::IN)];
        wait::sleep(&mut door, None, Some(Duration::ZERO)).map_err(look_failed)?;
        Ok(!door[0].revents().is_empty())
    }

    fn look(&mut self, poller: &Poller) -> Result<()> {
        self.ready.clear();
        poller.ready(&mut self.ready).map_err(look_failed)
    }

    fn hand_back_unwatched(&mut self, intake: &impl Intake) {
        let mut kept = core::mem::take(&mut self.connections);
        kept.retain_mut(|connection| connection.watch != Watch::Nothing || self.hand_back(connection, intake));
        self.connections = kept;
    }

    fn take_from_ready<'p>(&mut self, intake: &impl Intake, poller: impl Fn() -> Result<&'p Poller>) -> Result<bool> {
        let mut taken = false;
        if self.holding {
            let mut holding = false;
            for connection in &mut self.connections {
                holding |= !connection.pass_on(intake)?;
            }
            self.holding = holding;
        }
        let streams = self.connections.iter().filter(|connection| connection.watch == Watch::Look);
        self.ready.extend(streams.map(|connection| connection.key));
        for index in 0..self.ready.len() {
            let key = self.ready[index];
            // Keys only grow, and connections keep the order in which they came.
            let Ok(at) = self.connections.binary_search_by_key(&key, |connection| connection.key) else { continue };
            let came = self.take_turn(at, intake)?;
            taken |= self.connections[at].watch == Watch::Poller || came == Came::Messages;
            if came == Came::End {
                let gone = self.connections.remove(at);
                poller()?.remove(gone.socket.as_fd());
            } else {
                self.connections[at].go_on(came, intake, poller()?);
            }
        }
        Ok(taken)
    }

    /// Lets waiting writers in. `watch` sees to it that what they send will be noticed, and tells whether it could.
    fn accept(&mut self, watch: impl Fn(BorrowedFd<'_>, u64) -> bool) -> Result<()> {
        for _ in 0..ACCEPTS {
            let socket = match accept_with(&self.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS) => {
                    self.starved = true;
                    break;
                }
                Err(error) => return Err(Error::io("accept a writer", error)),
            };
            let Ok(peer) = super::peer(socket.as_fd()) else { continue };
            if !self.admits(peer.uid) {
                continue;
            }
            let stamp = Stamp { kind: Kind::Attested, pid: peer.pid as u32, uid: peer.uid, gid: peer.gid };
            let key = self.next_key;
            self.next_key += 1;
            let watch = if watch(socket.as_fd(), key) { Watch::Poller } else { Watch::Nothing };
            self.connections.push(Connection {
                key,
                socket,
                stamp,
                watch,
                run: 0,
                unread: VecDeque::new(),
                held: VecDeque::new(),
            });
        }
        Ok(())
    }

    /// The socket's mode keeps out whom it can; a list of users needs this as well.
    fn admits(&self, uid: u32) -> bool {
        match &self.access {
            Access::Users(users) => uid == 0 || uid == self.owner || users.contains(&uid),
            Access::Owner => uid == 0 || uid == self.owner,
            Access::Group(_) | Access::Everyone => true,
        }
    }

    /// Takes in some messages of the connection at `at`.
    fn take_turn(&mut self, at: usize, intake: &impl Intake) -> Result<Came> {
        let head = intake.head();
        let connection = &mut self.connections[at];
        while connection.unread.front().is_some_and(|end| head.wrapping_sub(*end) as i64 >= 0) {
            connection.unread.pop_front();
        }
        let turn = BATCH.min(WINDOW.saturating_sub(connection.unread.len()));
        let came = receive(connection, &mut self.packets, turn, intake);
        self.holding |= !connection.held.is_empty();
        came
    }

    /// Takes in everything that a connection holds and ends it; the writer calls again if it has more. Returns true if it
    /// has to be kept because the ring has no room for what it holds.
    fn hand_back(&mut self, connection: &mut Connection, intake: &impl Intake) -> bool {
        // From here on the writer's sends fail, so nothing that succeeded is left behind.
        if shutdown(&connection.socket, Shutdown::Read).is_err() {
            return false;
        }
        loop {
            match receive(connection, &mut self.packets, BATCH, intake) {
                Ok(Came::Messages) => connection.unread.clear(),
                Ok(Came::Nothing) if connection.held.is_empty() && intake.room() > 0 => return false,
                Ok(Came::End) => return false,
                Ok(Came::Nothing) | Err(_) => return true,
            }
        }
    }
}

/// Takes up to `most` messages of `connection` into the ring.
fn receive(connection: &mut Connection, packets: &mut Packets, most: usize, intake: &impl Intake) -> Result<Came> {
    if !connection.pass_on(intake)? {
        return Ok(Came::Nothing);
    }
    // One that turns out not to fit is held, and no more; several at a time only if all of them fit for certain.
    let most = match intake.room() {
        0 => return Ok(Came::Nothing),
        room if room < LARGEST_BATCH => most.min(1),
        _ => most,
    };
    let count = match packets.receive(connection.socket.as_fd(), most) {
        Ok(0) if most > 0 => return Ok(Came::End),
        Ok(count) => count,
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Came::Nothing),
        Err(_) => return Ok(Came::End),
    };
    for index in 0..count {
        let Some(payload) = payload(packets.take(index), intake) else { return Ok(Came::End) };
        connection.take(payload, intake)?;
    }
    Ok(if count == 0 { Came::Nothing } else { Came::Messages })
}

impl Connection {
    /// Decides how it will be noticed that there is more.
    fn go_on(&mut self, came: Came, intake: &impl Intake, poller: &Poller) {
        match (self.watch, came) {
            (Watch::Poller, Came::Messages) => {
                self.run += 1;
                // Whoever waits already relies on the poller.
                if self.run >= STREAM && !intake.others_wait() {
                    poller.remove(self.socket.as_fd());
                    (self.watch, self.run) = (Watch::Look, 0);
                }
            }
            (Watch::Look, Came::Messages) => self.run = 0,
            (Watch::Look, _) => {
                self.run += 1;
                if self.run >= SILENCE {
                    self.watch_by(Some(poller));
                }
            }
            _ => self.run = 0,
        }
    }

    fn watch_by(&mut self, poller: Option<&Poller>) {
        let watched = poller.is_some_and(|poller| poller.add(self.socket.as_fd(), self.key).is_ok());
        (self.watch, self.run) = (if watched { Watch::Poller } else { Watch::Nothing }, 0);
    }

    /// Puts a message into the ring, or behind those that wait for room there.
    fn take(&mut self, payload: Payload<'_>, intake: &impl Intake) -> Result<()> {
        if self.held.is_empty() {
            match payload.append(self.stamp, intake) {
                Ok(end) => self.unread.extend(end),
                Err(Error::Full { .. } | Error::OutOfMemory | Error::Stalled(_)) => {
                    self.held.push_back(payload.into_owned())
                }
                Err(error) => return Err(error),
            }
        } else {
            self.held.push_back(payload.into_owned());
        }
        Ok(())
    }

    /// Puts messages that are held into the ring. Returns whether none is left.
    fn pass_on(&mut self, intake: &impl Intake) -> Result<bool> {
        while let Some(payload) = self.held.front() {
            match payload.append(self.stamp, intake) {
                Ok(end) => self.unread.extend(end),
                Err(Error::Full { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
            self.held.pop_front();
        }
        Ok(true)
    }
}

fn look_failed(error: Errno) -> Error {
    Error::io("look for messages of other users", error)
}

/// What is in a packet, or `None` if that is no message.
fn payload<'a>(packet: Packet<'a>, intake: &impl Intake) -> Option<Payload<'a>> {
    let (&form, content) = packet.bytes.split_first()?;
    let bytes = match form & !FROM_NETWORK {
        INLINE => Cow::Borrowed(content),
        ATTACHED => {
            let size = u64::from_le_bytes(content.try_into().ok()?);
            let limit = intake.max_message().saturating_add(usize::from(u16::MAX));
            Cow::Owned(attached_message(&packet.file?, size, limit)?)
        }
        _ => return None,
    };
    let origin = match form & FROM_NETWORK {
        0 => 0,
        _ if !intake.network() => return None,
        _ => origin::size(&bytes)?,
    };
    Some(Payload { origin, bytes })
}

/// What a packet brought.
struct Payload<'a> {
    /// How many of the bytes are an encoded origin, which comes before the message; 0 for messages of this machine.
    origin: usize,
    bytes: Cow<'a, [u8]>,
}

impl Payload<'_> {
    fn append(&self, stamp: Stamp, intake: &impl Intake) -> Result<Option<u64>> {
        let (origin, message) = self.bytes.split_at(self.origin);
        intake.append(stamp, origin, message)
    }

    fn into_owned(self) -> Payload<'static> {
        Payload { origin: self.origin, bytes: Cow::Owned(self.bytes.into_owned()) }
    }
}

/// Reads a message from an attached file. The file stays the stranger's, so it is copied, never mapped.
fn attached_message(file: &OwnedFd, size: u64, limit: usize) -> Option<Vec<u8>> {
    let size = usize::try_from(size).ok().filter(|size| *size <= limit)?;
    // Only memory files: reading anything else could wait for ever.
    rustix::fs::fcntl_get_seals(file).ok()?;
    if (rustix::fs::fstat(file).ok()?.st_size as u64) < size as u64 {
        return None;
    }
    let mut message = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match rustix::io::pread(file, &mut message[filled..], filled as u64).ok()? {
            0 => return None,
            n => filled += n,
        }
    }
    Some(message)
}
