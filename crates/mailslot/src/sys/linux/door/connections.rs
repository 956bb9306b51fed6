//! Who has come in through a door: lets writers in and takes their messages into the ring.
//!
//! Whatever they send, nothing here fails, waits for them, or drops what was taken from the kernel. What a user can cost is
//! in [`accounts`](super::accounts).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use super::super::process;
use super::super::ring::layout::Kind;
use super::super::ring::write::Stamp;
use super::super::wait::{self, Poller};
use super::accounts::Accounts;
use super::connection::{Came, Connection, Watch, discard};
use super::entrance::DOOR_KEY;
use super::packets::Packets;
use super::{Intake, closing};
use crate::options::Access;

/// Connections accepted in one go.
const ACCEPTS: usize = 256;
/// Connections that may be open at a time for each that may be kept: others only wait to be handed back.
const OPEN_FOR_KEPT: usize = 2;

/// Keys of connections in the poller count on from this one.
const FIRST_CONNECTION: u64 = DOOR_KEY + 1;

/// The writers of other users that one process has let in.
pub(super) struct Connections {
    admission: Admission,
    connections: Vec<Connection>,
    accounts: Accounts,
    next_key: u64,
    /// Set when something kept writers from being let in or looked at: waiting must not rely on the poller then, which may
    /// have told all that it will.
    starved: bool,
    packets: Packets,
    ready: Vec<u64>,
}

/// Who may come in.
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

    /// Sees to it that the poller tells when the door has something, for whoever is about to wait. Returns false if
    /// something keeps it from that.
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

    /// Whether the last look has left something: it could not take it, or there is no room for it.
    pub(super) fn is_behind(&self) -> bool {
        self.starved || !self.connections.is_empty()
    }

    /// Bytes of memory for want of which the last look has left a message; 0 if it has left none for that.
    pub(super) fn lacks(&self) -> usize {
        self.connections.iter().find_map(Connection::lacks).unwrap_or(0)
    }

    /// Lets waiting writers in by `door` and takes in what they and the others have sent. Returns whether that was anything.
    /// `watching` is the descriptor that watches the door, if it was made, and `poller` makes or finds it. If the slot is
    /// `shared` between processes, no connection outlives the call: another process could not see what arrives on it.
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
        let knocked = self.is_knocked_at(door, watching);
        if knocked {
            self.accept(door, intake, |socket, key| {
                // Whom nobody can watch, for whatever reason, is handed back.
                !shared && poller().is_some_and(|poller| poller.add(socket, key).is_ok())
            });
        }
        let handed_back = self.hand_back_unwatched(intake);
        if self.connections.is_empty() {
            // No poller is made for nobody: with one, every read that finds nothing would have to ask it.
            return handed_back;
        }
        let poller = watching.or_else(poller);
        if knocked {
            match poller {
                Some(poller) => self.look(poller),
                None => self.starved = true,
            }
        }
        self.take_from_ready(intake, poller) | handed_back
    }

    /// Finds out, in one system call, who has something and whether somebody wants to come in. Accepting without having
    /// looked would cost several times as much: the kernel makes a socket before it finds that there is none to accept.
    fn is_knocked_at(&mut self, door: BorrowedFd<'_>, watching: Option<&Poller>) -> bool {
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

    /// Lets waiting writers in. `watch` sees to it that what they send will be noticed, and tells whether it could.
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
                // The kernel turns further ones away.
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
        // There may be more of them.
        self.starved = true;
    }

    /// Empties the connections that are not kept. Returns whether they had something.
    fn hand_back_unwatched(&mut self, intake: &impl Intake) -> bool {
        if self.connections.iter().all(|connection| connection.watch != Watch::Nothing) {
            return false;
        }
        let mut taken = false;
        let mut unfinished = Vec::new();
        for mut connection in core::mem::take(&mut self.connections) {
            let uid = connection.uid();
            if connection.watch == Watch::Nothing && !unfinished.contains(&uid) {
                let came = connection.hand_back(&mut self.packets, &mut self.accounts, intake, &mut taken);
                if !matches!(came, Came::Nothing | Came::NotNow) {
                    self.end(connection, came, intake);
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
        // Of each user at most one, the oldest.
        let mut first: Vec<(u32, u64)> = Vec::new();
        for connection in self.connections.iter().filter(|connection| connection.is_first()) {
            if first.iter().all(|(uid, _)| *uid != connection.uid()) {
                first.push((connection.uid(), connection.key));
            }
        }
        let mut taken = false;
        for index in 0..self.ready.len() {
            let key = self.ready[index];
            // Keys only grow, and connections keep the order in which they came.
            let Ok(at) = self.connections.binary_search_by_key(&key, |connection| connection.key) else { continue };
            let connection = &mut self.connections[at];
            let uid = connection.uid();
            let waits = first.iter().any(|(user, first)| *user == uid && *first != key);
            if connection.watch == Watch::Nothing || waits {
                continue;
            }
            let came = connection.take_turn(&mut self.packets, &mut self.accounts, intake);
            taken |= connection.watch == Watch::Poller || came == Came::Messages;
            // The poller may have told all that it will.
            self.starved |= came == Came::NotNow;
            if matches!(came, Came::Messages | Came::Nothing | Came::NotNow) {
                connection.go_on(came, intake, poller);
                if connection.is_first() && first.iter().all(|(user, _)| *user != uid) {
                    first.push((uid, key));
                }
            } else {
                let mut gone = self.connections.remove(at);
                gone.unwatch(poller);
                self.end(gone, came, intake);
            }
        }
        taken
    }

    fn end(&mut self, connection: Connection, came: Came, intake: &impl Intake) {
        let uid = connection.uid();
        self.accounts.disconnected(uid);
        if connection.end(came, &mut self.packets) {
            self.accounts.shut_out(uid);
            intake.turn_away(self.accounts.all_shut_out());
        }
    }
}

/// Closes what strangers may have made where that cannot hold up the owner.
impl Drop for Connections {
    fn drop(&mut self) {
        for connection in self.connections.drain(..) {
            close_unread(connection.into_socket());
        }
    }
}

/// Closes a socket on which something may lie unread, with descriptors that are attached there.
pub(super) fn close_unread(socket: OwnedFd) {
    let mut fds = [PollFd::new(&socket, PollFlags::IN)];
    match wait::sleep(&mut fds, None, Some(Duration::ZERO)) {
        Ok(()) if fds[0].revents().is_empty() => drop(socket),
        _ => closing::close(socket),
    }
}

impl Admission {
    /// The socket's mode and list keep out whom they can; not every file system has lists.
    fn admits(&self, uid: u32) -> bool {
        match &self.access {
            Access::Users(users) => uid == 0 || uid == self.owner || users.contains(&uid),
            Access::Owner => uid == 0 || uid == self.owner,
            Access::Group(_) | Access::Everyone => true,
        }
    }
}
