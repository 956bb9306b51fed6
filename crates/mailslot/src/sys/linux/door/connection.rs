//! One writer of another user, as the owner sees it.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{Shutdown, shutdown};

use super::super::private;
use super::super::ring::layout::record_size;
use super::super::ring::write::Stamp;
use super::super::wait::Poller;
use super::accounts::Accounts;
use super::packets::{self, Attached, BATCH, Packet, Packets};
use super::payload::{NoMessage, Payload};
use super::{Appended, Intake, MAX_INLINE, MISSED, closing};

/// Turns in a row that brought messages and make a connection a stream.
const STREAM: u32 = 8;
/// Looks at a stream that find nothing before it counts as none any more.
const SILENCE: u32 = 8;
/// What a batch of packets takes in the ring at most.
const LARGEST_BATCH: u64 = BATCH as u64 * record_size(MAX_INLINE as u64);

pub(super) struct Connection {
    pub(super) key: u64,
    socket: OwnedFd,
    stamp: Stamp,
    pub(super) watch: Watch,
    /// Turns in a row that brought messages; of a stream, those that brought none.
    run: u32,
    /// Whether large messages have come: their descriptors are then received one at a time.
    attaches: bool,
    /// Messages that were received and found no room: a batch at most, for nothing more is received meanwhile.
    held: VecDeque<Payload<'static>>,
    /// Bytes of memory that this process lacks for a message: for a copy, or for receiving it.
    lacks: Option<usize>,
}

/// How it shows that a connection has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// The poller tells.
    Poller,
    /// It is looked at whenever the door is: a stream. As long as a poller has a socket, each send to it takes the poller's
    /// lock and touches memory of the reader, which makes it a sixth slower.
    Look,
    /// It does not, so the connection is handed back.
    Nothing,
}

/// What looking for packets came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Messages,
    /// Nothing more to take now.
    Nothing,
    /// There is more, for which the system has no memory or this process no descriptor.
    NotNow,
    /// The writer is gone, and all that it sent is taken.
    End,
    /// It sent something that is no message.
    Malformed,
    /// It sent what is there to do harm.
    Hostile,
}

impl Connection {
    pub(super) fn new(key: u64, socket: OwnedFd, stamp: Stamp, watch: Watch) -> Connection {
        // A child could not be told by the poller, and the writer would not learn that nobody else is there any more.
        private::keep(socket.as_fd());
        Connection { key, socket, stamp, watch, run: 0, attaches: false, held: VecDeque::new(), lacks: None }
    }

    pub(super) fn uid(&self) -> u32 {
        self.stamp.uid
    }

    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes of memory that the last look at it lacked.
    pub(super) fn lacks(&self) -> Option<usize> {
        self.lacks
    }

    /// Whether nothing of this user's other connections is taken before what is on this one: because it holds messages, of
    /// which one user has a batch at most, or because it is being handed back, and its writer may have called again already.
    pub(super) fn is_first(&self) -> bool {
        self.holds() || self.watch == Watch::Nothing
    }

    pub(super) fn into_socket(self) -> OwnedFd {
        private::release(self.socket.as_fd());
        self.socket
    }

    /// Takes in some messages.
    pub(super) fn take_turn(&mut self, packets: &mut Packets, accounts: &mut Accounts, intake: &impl Intake) -> Came {
        let allowance = accounts.allowance(self.stamp.uid, intake.head(), intake.room());
        self.receive(packets, accounts, allowance.min(BATCH), intake)
    }

    /// Takes in everything and ends the connection; the writer calls again if it has more. Returns [`Came::Nothing`] or
    /// [`Came::NotNow`] if it has to be kept because there is no room for what came on it.
    pub(super) fn hand_back(
        &mut self,
        packets: &mut Packets,
        accounts: &mut Accounts,
        intake: &impl Intake,
        taken: &mut bool,
    ) -> Came {
        // From here on the writer's sends fail, so nothing that succeeded is left behind.
        if shutdown(&self.socket, Shutdown::Read).is_err() {
            return Came::End;
        }
        loop {
            match self.receive(packets, accounts, BATCH, intake) {
                Came::Messages => *taken = true,
                Came::Nothing if self.held.is_empty() && intake.room() > 0 => return Came::End,
                came => return came,
            }
        }
    }

    /// Takes up to `most` messages into the ring.
    fn receive(&mut self, packets: &mut Packets, accounts: &mut Accounts, most: usize, intake: &impl Intake) -> Came {
        self.lacks = None;
        match self.pass_on(accounts, intake) {
            Ok(true) => {}
            Ok(false) => return Came::Nothing,
            Err(came) => return came,
        }
        // One that turns out not to fit is held, and no more; several at a time only if all of them fit for certain.
        let most = match intake.room() {
            0 => return Came::Nothing,
            room if room < LARGEST_BATCH || self.attaches => most.min(1),
            _ => most,
        };
        if most == 0 {
            return Came::Nothing;
        }
        if !packets.have_memory() {
            self.lacks = Some(packets::MEMORY);
            return Came::NotNow;
        }
        let count = match packets.receive(self.socket.as_fd(), most, self.attaches) {
            Ok(0) => return if packets.drop_rest() { Came::Hostile } else { Came::End },
            Ok(count) => count,
            Err(Errno::AGAIN) => return Came::Nothing,
            Err(Errno::NOMEM | Errno::NOBUFS | Errno::MFILE) => return Came::NotNow,
            Err(_) => return Came::Malformed,
        };
        for index in 0..count {
            let packet = packets.take(index);
            self.attaches |= packet.attached.is_file();
            if let Some(count) = missed(&packet) {
                intake.missed(count);
                continue;
            }
            let taken = Payload::of(packet, intake).and_then(|payload| self.take(payload, accounts, intake));
            match taken {
                Ok(()) => {}
                // What comes behind it does not suffer, and the next one finds a descriptor.
                Err(NoMessage::Lost) => self.attaches = true,
                Err(reason) => {
                    let came = came(reason);
                    return if packets.drop_rest() { Came::Hostile } else { came };
                }
            }
        }
        if packets.drop_rest() { Came::Hostile } else { Came::Messages }
    }

    /// Puts a message into the ring, or behind those that wait for room there.
    fn take(&mut self, payload: Payload<'_>, accounts: &mut Accounts, intake: &impl Intake) -> Result<(), NoMessage> {
        if self.held.is_empty() && self.append(&payload, accounts, intake)? {
            return Ok(());
        }
        self.held.push_back(payload.into_owned());
        Ok(())
    }

    /// Puts messages that are held into the ring. Returns whether none is left.
    fn pass_on(&mut self, accounts: &mut Accounts, intake: &impl Intake) -> Result<bool, Came> {
        while let Some(payload) = self.held.pop_front() {
            match self.append(&payload, accounts, intake) {
                Ok(true) => {}
                Ok(false) => {
                    self.held.push_front(payload);
                    return Ok(false);
                }
                Err(reason) => return Err(came(reason)),
            }
        }
        Ok(true)
    }

    /// Puts a message into the ring, `Ok(false)` if that cannot be now.
    fn append(
        &mut self,
        payload: &Payload<'_>,
        accounts: &mut Accounts,
        intake: &impl Intake,
    ) -> Result<bool, NoMessage> {
        // Before it is read from an attached file.
        if !intake.fits(payload.record_size()) {
            return Ok(false);
        }
        Ok(match payload.with(intake, |preface, message| intake.append(self.stamp, preface, message))? {
            Appended::Until(end) => {
                accounts.added(self.stamp.uid, end, payload.record_size());
                true
            }
            Appended::TooLarge => true,
            Appended::NotNow => false,
            Appended::NoMemory(size) => {
                self.lacks = Some(size);
                false
            }
        })
    }

    /// Decides how it will be noticed that there is more.
    pub(super) fn go_on(&mut self, came: Came, intake: &impl Intake, poller: Option<&Poller>) {
        match (self.watch, came) {
            (Watch::Poller, Came::Messages) => {
                self.run += 1;
                // Whoever waits already relies on the poller.
                if self.run >= STREAM && !intake.others_wait() {
                    self.unwatch(poller);
                    (self.watch, self.run) = (Watch::Look, 0);
                }
            }
            (Watch::Look, Came::Messages) => self.run = 0,
            (Watch::Look, _) => {
                self.run += 1;
                if self.run >= SILENCE {
                    self.watch_by(poller);
                }
            }
            _ => self.run = 0,
        }
    }

    pub(super) fn watch_by(&mut self, poller: Option<&Poller>) {
        let watched = poller.is_some_and(|poller| poller.add(self.socket.as_fd(), self.key).is_ok());
        (self.watch, self.run) = (if watched { Watch::Poller } else { Watch::Nothing }, 0);
    }

    /// Takes the connection away from the poller. What becomes of it then is the caller's to say; until then it is handed back.
    pub(super) fn unwatch(&mut self, poller: Option<&Poller>) {
        if self.watch == Watch::Poller
            && let Some(poller) = poller
        {
            poller.remove(self.socket.as_fd());
        }
        self.watch = Watch::Nothing;
    }

    /// Ends the connection, whose last look came to `came`. Returns whether its user has done harm.
    pub(super) fn end(self, came: Came, packets: &mut Packets) -> bool {
        let socket = self.into_socket();
        if came == Came::Hostile {
            // What lies there unread may be more of it.
            closing::close(socket);
            return true;
        }
        !discard(socket, packets)
    }
}

/// Ends a connection and drops all that has come on it. Returns whether it was harmless.
pub(super) fn discard(socket: OwnedFd, packets: &mut Packets) -> bool {
    // From here on nothing more can come. What lies there would be closed with the connection.
    if shutdown(&socket, Shutdown::Read).is_err() {
        return true;
    }
    while packets::is_waiting(&socket) {
        let received = packets.receive(socket.as_fd(), BATCH, false);
        let hostile = packets.drop_rest();
        if hostile || received.is_err() {
            closing::close(socket);
            return !hostile;
        }
    }
    true
}

/// How many messages this packet says were missed, if that is what it says.
fn missed(packet: &Packet<'_>) -> Option<u32> {
    match (packet.bytes.split_first()?, &packet.attached) {
        ((&MISSED, count), Attached::Nothing) => count.try_into().ok().map(u32::from_le_bytes),
        _ => None,
    }
}

fn came(reason: NoMessage) -> Came {
    match reason {
        NoMessage::Malformed | NoMessage::Lost => Came::Malformed,
        NoMessage::Hostile(files) => {
            files.into_iter().for_each(closing::close);
            Came::Hostile
        }
    }
}
