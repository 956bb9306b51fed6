//! A connection of one writer of another user, on the owner's side.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{Shutdown, shutdown};

use super::super::private;
use super::super::ring::layout::{Stamp, record_size};
use super::super::wait::Poller;
use super::accounts::Accounts;
use super::packets::{self, Attached, BATCH, Packet, Packets};
use super::payload::{NoMessage, Payload};
use super::{Appended, Intake, MAX_INLINE, MISSED, closing};

/// Turns in a row that must bring messages before a connection counts as a stream.
const STREAM: u32 = 8;
/// Looks at a stream that may find nothing before it no longer counts as one.
const SILENCE: u32 = 8;
/// The most bytes that a batch of packets takes in the ring.
const LARGEST_BATCH: u64 = BATCH as u64 * record_size(MAX_INLINE as u64);

pub(super) struct Connection {
    pub(super) key: u64,
    socket: OwnedFd,
    stamp: Stamp,
    pub(super) watch: Watch,
    /// Turns in a row that brought messages; for a stream, turns in a row that brought none.
    run: u32,
    /// Whether large messages have arrived: their descriptors are then received one at a time.
    attaches: bool,
    /// Messages that were received and found no room: at most a batch, as nothing more is received meanwhile.
    held: VecDeque<Payload<'static>>,
    /// Bytes of memory that this process lacks for a message: for a copy, or for receiving it.
    lacks: Option<usize>,
}

/// How the owner notices that something has arrived on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// The poller reports it.
    Poller,
    /// The connection, a stream, is checked whenever the door is. While a socket is in a poller, each send to it takes
    /// the poller's lock and touches memory of the reader, which makes it a sixth slower.
    Look,
    /// Nothing reports it, so the connection is closed and the writer reconnects.
    Nothing,
}

/// The outcome of a check for packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Messages,
    /// Nothing more can be taken now.
    Nothing,
    /// There is more, for which the system has no memory or this process no descriptor.
    NotNow,
    /// The writer is gone, and everything that it sent is taken.
    End,
    /// It sent something that is not a message.
    Malformed,
    /// It sent something that is meant to do harm.
    Hostile,
}

impl Connection {
    pub(super) fn new(key: u64, socket: OwnedFd, stamp: Stamp, watch: Watch) -> Connection {
        // A child could not use the poller, and its copy would keep the writer from learning that all others are gone.
        private::keep(socket.as_fd());
        Connection { key, socket, stamp, watch, run: 0, attaches: false, held: VecDeque::new(), lacks: None }
    }

    pub(super) fn uid(&self) -> u32 {
        self.stamp.uid
    }

    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes of memory that the last check lacked.
    pub(super) fn lacks(&self) -> Option<usize> {
        self.lacks
    }

    /// Whether this user's other connections must wait for this one: it holds messages, of which one user has at most a
    /// batch, or it is being closed and its writer may have reconnected already.
    pub(super) fn is_first(&self) -> bool {
        self.holds() || self.watch == Watch::Nothing
    }

    pub(super) fn into_socket(self) -> OwnedFd {
        private::release(self.socket.as_fd());
        self.socket
    }

    /// Takes some messages into the ring.
    pub(super) fn take_turn(
        &mut self,
        packets: &mut Packets,
        accounts: &mut Accounts,
        intake: &impl Intake,
    ) -> Received {
        let allowance = accounts.allowance(self.stamp.uid, intake.head(), intake.room());
        self.receive(packets, accounts, allowance.min(BATCH), intake)
    }

    /// Takes in everything and ends the connection; the writer reconnects if it has more. Returns [`Received::Nothing`]
    /// or [`Received::NotNow`] if the connection has to be kept because there is no room for its messages.
    pub(super) fn drain(
        &mut self,
        packets: &mut Packets,
        accounts: &mut Accounts,
        intake: &impl Intake,
        taken: &mut bool,
    ) -> Received {
        // From here on the writer's sends fail, so no message of a successful send is left behind.
        if shutdown(&self.socket, Shutdown::Read).is_err() {
            return Received::End;
        }
        loop {
            match self.receive(packets, accounts, BATCH, intake) {
                Received::Messages => *taken = true,
                Received::Nothing if self.held.is_empty() && intake.room() > 0 => return Received::End,
                received => return received,
            }
        }
    }

    /// Takes up to `most` messages into the ring.
    fn receive(
        &mut self,
        packets: &mut Packets,
        accounts: &mut Accounts,
        most: usize,
        intake: &impl Intake,
    ) -> Received {
        self.lacks = None;
        match self.pass_on(accounts, intake) {
            Ok(true) => {}
            Ok(false) => return Received::Nothing,
            Err(received) => return received,
        }
        // At most one message that does not fit is held, so several are received at a time only if all of them fit for
        // certain.
        let most = match intake.room() {
            0 => return Received::Nothing,
            room if room < LARGEST_BATCH || self.attaches => most.min(1),
            _ => most,
        };
        if most == 0 {
            return Received::Nothing;
        }
        if !packets.have_memory() {
            self.lacks = Some(packets::MEMORY);
            return Received::NotNow;
        }
        let count = match packets.receive(self.socket.as_fd(), most, self.attaches) {
            Ok(0) => return if packets.drop_rest() { Received::Hostile } else { Received::End },
            Ok(count) => count,
            Err(Errno::AGAIN) => return Received::Nothing,
            Err(Errno::NOMEM | Errno::NOBUFS | Errno::MFILE) => return Received::NotNow,
            Err(_) => return Received::Malformed,
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
                // Messages behind it are not lost: they are received one at a time, and so find a descriptor.
                Err(NoMessage::Lost) => self.attaches = true,
                Err(reason) => {
                    let received = of_no_message(reason);
                    return if packets.drop_rest() { Received::Hostile } else { received };
                }
            }
        }
        if packets.drop_rest() { Received::Hostile } else { Received::Messages }
    }

    /// Puts a message into the ring, or behind those that wait for room there.
    fn take(&mut self, payload: Payload<'_>, accounts: &mut Accounts, intake: &impl Intake) -> Result<(), NoMessage> {
        if self.held.is_empty() && self.append(&payload, accounts, intake)? {
            return Ok(());
        }
        self.held.push_back(payload.into_owned());
        Ok(())
    }

    /// Puts held messages into the ring. Returns whether none is left.
    fn pass_on(&mut self, accounts: &mut Accounts, intake: &impl Intake) -> Result<bool, Received> {
        while let Some(payload) = self.held.pop_front() {
            match self.append(&payload, accounts, intake) {
                Ok(true) => {}
                Ok(false) => {
                    self.held.push_front(payload);
                    return Ok(false);
                }
                Err(reason) => return Err(of_no_message(reason)),
            }
        }
        Ok(true)
    }

    /// Puts a message into the ring; `Ok(false)` if that is not possible now.
    fn append(
        &mut self,
        payload: &Payload<'_>,
        accounts: &mut Accounts,
        intake: &impl Intake,
    ) -> Result<bool, NoMessage> {
        // Checked before the message is read from an attached file.
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

    /// Decides how further messages will be noticed.
    pub(super) fn go_on(&mut self, received: Received, intake: &impl Intake, poller: Option<&Poller>) {
        match (self.watch, received) {
            (Watch::Poller, Received::Messages) => {
                self.run += 1;
                // Readers that already wait rely on the poller.
                if self.run >= STREAM && !intake.others_wait() {
                    self.unwatch(poller);
                    (self.watch, self.run) = (Watch::Look, 0);
                }
            }
            (Watch::Look, Received::Messages) => self.run = 0,
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

    /// Removes the connection from the poller. The caller decides how it is watched; by default its writer has to
    /// reconnect.
    pub(super) fn unwatch(&mut self, poller: Option<&Poller>) {
        if self.watch == Watch::Poller
            && let Some(poller) = poller
        {
            poller.remove(self.socket.as_fd());
        }
        self.watch = Watch::Nothing;
    }

    /// Ends the connection, whose last check returned `received`. Returns whether its user has done harm.
    pub(super) fn end(self, received: Received, packets: &mut Packets) -> bool {
        let socket = self.into_socket();
        if received == Received::Hostile {
            // Its unread packets may do more harm.
            closing::close(socket);
            return true;
        }
        !discard(socket, packets)
    }
}

/// Ends a connection and drops all unread packets. Returns whether they were harmless.
pub(super) fn discard(socket: OwnedFd, packets: &mut Packets) -> bool {
    // From here on nothing more can arrive. Unread packets would be closed together with the connection.
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

/// How many messages this packet reports as missed; `None` if it is another packet.
fn missed(packet: &Packet<'_>) -> Option<u32> {
    match (packet.bytes().split_first()?, &packet.attached) {
        ((&MISSED, count), Attached::Nothing) => count.try_into().ok().map(u32::from_le_bytes),
        _ => None,
    }
}

fn of_no_message(reason: NoMessage) -> Received {
    match reason {
        NoMessage::Malformed | NoMessage::Lost => Received::Malformed,
        NoMessage::Hostile(files) => {
            files.into_iter().for_each(closing::close);
            Received::Hostile
        }
    }
}
