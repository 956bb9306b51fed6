//! All connections through a door: accepts writers and takes their messages into the ring.
//!
//! Whatever writers send, nothing here fails, waits for them, or drops messages taken from the kernel. The limits on
//! what a user can cost are in [`accounts`](super::accounts).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use super::super::process;
use super::super::ring::layout::{Kind, Stamp};
use super::super::wait::{self, Poller};
use super::accounts::Accounts;
use super::connection::{Connection, Received, Watch, discard};
use super::packets::Packets;
use super::{Intake, closing};
use crate::options::Access;

/// The most connections accepted in one call.
const ACCEPTS: usize = 256;
/// How many connections may be open at a time for each that may be kept: the others only wait to be closed.
const OPEN_FOR_KEPT: usize = 2;

/// Keys of the poller's descriptors. Those of connections count up from the last.
pub(super) const BELL_KEY: u64 = 0;
pub(super) const DOOR_KEY: u64 = 1;
const FIRST_CONNECTION: u64 = DOOR_KEY + 1;

/// The writers of other users that one process has accepted.
pub(super) struct Connections {
    admission: Admission,
    connections: Vec<Connection>,
    accounts: Accounts,
    next_key: u64,
    /// Set if something kept writers from being accepted or checked: then a wait must not rely on the poller, which may
    /// not report them again.
    starved: bool,
    packets: Packets,
    ready: Vec<u64>,
}

/// The users who may connect.
struct Admission {
    access: Access,
    owner: u32,
}

impl Connections {
    pub(super) fn new(access: Access) -> Connections {
        Connections {
            admission: Admission { access, owner: process::uid() },
            connections: Vec::new(),
            accounts: Accounts::new(),
            next_key: FIRST_CONNECTION,
            starved: false,
            packets: Packets::new(),
            ready: Vec::new(),
        }
    }

    /// Makes the poller report everything that arrives at the door, for a reader that is about to wait. Returns false
    /// if something prevents that.
    pub(super) fn watch_all(&mut self, watching: Option<&Poller>) -> bool {
        let mut unwatched = false;
        for connection in &mut self.connections {
            if connection.watch == Watch::Look {
                connection.watch_by(watching);
            }
            unwatched |= connection.watch == Watch::Nothing || connection.holds();
        }
        !(self.starved || unwatched)
    }

    /// Whether the last call has left messages that it could not take, or for which there is no room.
    pub(super) fn is_behind(&self) -> bool {
        self.starved || !self.connections.is_empty()
    }

    /// Bytes of memory whose lack made the last call leave a message; 0 if it left none for that reason.
    pub(super) fn lacks(&self) -> usize {
        self.connections.iter().find_map(Connection::lacks).unwrap_or(0)
    }

    /// Accepts waiting writers at `door` and takes in messages of all connections. Returns whether there were any.
    /// `watching` is the poller that watches the door, if it was made, and `poller` makes or finds it. If the slot is
    /// `shared` between processes, no connection outlives the call: another process could not see messages that arrive
    /// on it.
    pub(super) fn take_in<'p>(
        &mut self,
        door: BorrowedFd<'_>,
        intake: &impl Intake,
        shared: bool,
        watching: Option<&'p Poller>,
        poller: impl Fn() -> Option<&'p Poller>,
    ) -> bool {
        self.starved = false;
        if shared {
            self.connections.iter_mut().for_each(|connection| connection.unwatch(watching));
        }
        let pending = self.has_pending(door, watching);
        if pending {
            self.accept(door, intake, |socket, key| {
                // Connections that cannot be watched, for whatever reason, are closed, and their writers reconnect.
                !shared && poller().is_some_and(|poller| poller.add(socket, key).is_ok())
            });
        }
        let taken = self.close_unwatched(intake);
        if self.connections.is_empty() {
            // Without connections no poller is made: with one, every read that finds nothing would have to ask it.
            return taken;
        }
        let poller = watching.or_else(poller);
        if pending {
            match poller {
                Some(poller) => self.look(poller),
                None => self.starved = true,
            }
        }
        self.take_from_ready(intake, poller) | taken
    }

    /// Checks, in one system call, which connections have packets and whether writers wait to be accepted. Calling
    /// accept without this check would cost several times as much: the kernel makes a socket before it finds that none
    /// is waiting.
    fn has_pending(&mut self, door: BorrowedFd<'_>, watching: Option<&Poller>) -> bool {
        self.ready.clear();
        if let Some(poller) = watching {
            self.look(poller);
            return self.ready.contains(&DOOR_KEY);
        }
        let mut fds = [PollFd::from_borrowed_fd(door, PollFlags::IN)];
        match wait::sleep(&mut fds, None, Some(Duration::ZERO)) {
            Ok(()) => !fds[0].revents().is_empty(),
            Err(_) => {
                self.starved = true;
                false
            }
        }
    }

    fn look(&mut self, poller: &Poller) {
        self.ready.clear();
        self.starved |= poller.ready(&mut self.ready).unwrap_or(true);
    }

    /// Accepts waiting writers. `watch` makes the poller report what they send, and returns whether it could.
    fn accept(&mut self, door: BorrowedFd<'_>, intake: &impl Intake, watch: impl Fn(BorrowedFd<'_>, u64) -> bool) {
        for _ in 0..ACCEPTS {
            if self.connections.len() >= OPEN_FOR_KEPT * self.accounts.most_kept() {
                self.starved = true;
                return;
            }
            let socket = match accept_with(door, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                Err(_) => {
                    self.starved = true;
                    return;
                }
            };
            let Ok(peer) = super::peer(socket.as_fd()) else { continue };
            if self.accounts.is_shut_out(peer.uid) {
                // The kernel refuses further ones.
                closing::close(socket);
                continue;
            }
            if !self.admission.admits(peer.uid) {
                if !discard(socket, &mut self.packets) {
                    self.accounts.shut_out(peer.uid);
                    intake.turn_away(self.accounts.all_shut_out());
                }
                continue;
            }
            let stamp = Stamp::new(Kind::Attested, peer.pid as u32, peer.uid, peer.gid);
            let key = self.next_key;
            self.next_key += 1;
            let keep = self.accounts.connected(peer.uid);
            let watch = if keep && watch(socket.as_fd(), key) { Watch::Poller } else { Watch::Nothing };
            self.connections.push(Connection::new(key, socket, stamp, watch));
        }
        // More of them may be waiting.
        self.starved = true;
    }

    /// Empties the connections that are not kept. Returns whether they had messages.
    fn close_unwatched(&mut self, intake: &impl Intake) -> bool {
        if self.connections.iter().all(|connection| connection.watch != Watch::Nothing) {
            return false;
        }
        let mut taken = false;
        let mut unfinished = Vec::new();
        for mut connection in core::mem::take(&mut self.connections) {
            let uid = connection.uid();
            if connection.watch == Watch::Nothing && !unfinished.contains(&uid) {
                let received = connection.drain(&mut self.packets, &mut self.accounts, intake, &mut taken);
                if !matches!(received, Received::Nothing | Received::NotNow) {
                    self.end(connection, received, intake);
                    continue;
                }
                unfinished.push(uid);
            }
            self.connections.push(connection);
        }
        taken
    }

    fn take_from_ready(&mut self, intake: &impl Intake, poller: Option<&Poller>) -> bool {
        let waiting = |connection: &&Connection| connection.watch == Watch::Look || connection.holds();
        self.ready.extend(self.connections.iter().filter(waiting).map(|connection| connection.key));
        self.ready.sort_unstable();
        self.ready.dedup();
        // The oldest one of each user.
        let mut first: Vec<(u32, u64)> = Vec::new();
        for connection in self.connections.iter().filter(|connection| connection.is_first()) {
            if first.iter().all(|(uid, _)| *uid != connection.uid()) {
                first.push((connection.uid(), connection.key));
            }
        }
        let mut taken = false;
        for index in 0..self.ready.len() {
            let key = self.ready[index];
            // Keys only grow, and connections stay in the order of their arrival.
            let Ok(at) = self.connections.binary_search_by_key(&key, |connection| connection.key) else { continue };
            let connection = &mut self.connections[at];
            let uid = connection.uid();
            let waits = first.iter().any(|(user, first)| *user == uid && *first != key);
            if connection.watch == Watch::Nothing || waits {
                continue;
            }
            let received = connection.take_turn(&mut self.packets, &mut self.accounts, intake);
            taken |= connection.watch == Watch::Poller || received == Received::Messages;
            // The poller may not report it again.
            self.starved |= received == Received::NotNow;
            if matches!(received, Received::Messages | Received::Nothing | Received::NotNow) {
                connection.go_on(received, intake, poller);
                if connection.is_first() && first.iter().all(|(user, _)| *user != uid) {
                    first.push((uid, key));
                }
            } else {
                let mut gone = self.connections.remove(at);
                gone.unwatch(poller);
                self.end(gone, received, intake);
            }
        }
        taken
    }

    fn end(&mut self, connection: Connection, received: Received, intake: &impl Intake) {
        let uid = connection.uid();
        self.accounts.disconnected(uid);
        if connection.end(received, &mut self.packets) {
            self.accounts.shut_out(uid);
            intake.turn_away(self.accounts.all_shut_out());
        }
    }
}

/// Closes sockets that strangers have made where that cannot block the owner.
impl Drop for Connections {
    fn drop(&mut self) {
        for connection in self.connections.drain(..) {
            close_unread(connection.into_socket());
        }
    }
}

/// Closes a socket on which unread packets, with attached descriptors, may lie.
pub(super) fn close_unread(socket: OwnedFd) {
    let mut fds = [PollFd::new(&socket, PollFlags::IN)];
    match wait::sleep(&mut fds, None, Some(Duration::ZERO)) {
        Ok(()) if fds[0].revents().is_empty() => drop(socket),
        _ => closing::close(socket),
    }
}

impl Admission {
    /// The socket's mode and access control list keep out most users, but not every file system supports such lists.
    fn admits(&self, uid: u32) -> bool {
        match &self.access {
            Access::Users(users) => uid == 0 || uid == self.owner || users.contains(&uid),
            Access::Owner => uid == 0 || uid == self.owner,
            Access::Group(_) | Access::Everyone => true,
        }
    }
}
