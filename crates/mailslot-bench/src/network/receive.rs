//! The receiving machine's readers: each takes numbered messages until no more arrive.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::Duration;

use mailslot::{Error, Mailslot, MailslotOptions, Network, Timeout};
use serde::{Deserialize, Serialize};

use super::lan::RECEIVER;
use super::nmbd::Connection;
use super::packet::{self, DATA};
use super::udp::{self, Batch};
use super::{BARE_PORT, SLOT, processor_time};
use crate::Result;
use crate::process::{report, step};
use crate::scenario::{END, now, number};

/// The source of messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Source {
    /// A slot of this machine, which a node writes to.
    Slot,
    /// A socket that the reader opens.
    Socket,
    /// The same, with datagrams that the system has joined.
    SocketJoined,
    /// nmbd, at this Unix socket.
    Nmbd(PathBuf),
}

/// What came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Received {
    pub(super) messages: u64,
    /// Nanoseconds of processor time of the reader.
    pub(super) processor: u64,
    /// The times of the first and the last one.
    first_nanos: u64,
    last_nanos: u64,
    #[serde(skip)]
    next: u64,
}

/// After this time without a message, no more are expected.
pub(super) const SILENCE: Duration = Duration::from_millis(300);

impl Received {
    /// Messages per second.
    pub(super) fn rate(&self) -> f64 {
        self.messages.saturating_sub(1) as f64 * 1e9 / (self.last_nanos - self.first_nanos).max(1) as f64
    }

    /// Counts messages, the last of which has this number: numbers must rise.
    fn count(&mut self, number: Option<u64>, nanos: u64) -> Result<()> {
        match number {
            Some(number) if number >= self.next => self.next = number + 1,
            other => return Err(format!("message {other:?} came when {} was next", self.next).into()),
        }
        if self.messages == 0 {
            self.first_nanos = nanos;
        }
        self.messages += 1;
        self.last_nanos = nanos;
        Ok(())
    }
}

impl Source {
    pub(super) fn receive(&self) -> Result<()> {
        let mut received = Received { processor: processor_time(std::process::id())?, ..Received::default() };
        match self {
            Source::Slot => {
                let slot = slot()?;
                step()?;
                let mut buffer = [0; DATA];
                while let Some(size) = message(&slot, &mut buffer, Timeout::After(SILENCE))? {
                    received.count(number(&buffer[..size]), now())?;
                }
            }
            Source::Socket | Source::SocketJoined => {
                let socket = socket()?;
                socket.set_read_timeout(Some(SILENCE))?;
                let mut batch = match self {
                    Source::SocketJoined => Batch::incoming_joined(&socket)?,
                    _ => Batch::incoming(),
                };
                let size = packet::template(RECEIVER)?.len();
                step()?;
                while let Some(count) = batch.receive(&socket)? {
                    let time = now();
                    for datagram in (0..count).flat_map(|index| batch.datagram(index).chunks(size)) {
                        received.count(packet::word(datagram), time)?;
                    }
                }
            }
            Source::Nmbd(path) => {
                let mut connection = Connection::open(path)?;
                step()?;
                connection.receive(SILENCE, |datagram| received.count(packet::word(datagram), now()))?;
            }
        }
        received.processor = processor_time(std::process::id())? - received.processor;
        report(&received)
    }

    /// Takes messages that contain the time of sending, and reports how long they took.
    pub(super) fn receive_times(&self) -> Result<()> {
        let mut times = Vec::new();
        let mut buffer = [0; 2048];
        match self {
            Source::Slot => {
                let slot = slot()?;
                step()?;
                while let Some(size) = message(&slot, &mut buffer, Timeout::Forever)? {
                    let received = now();
                    match number(&buffer[..size]) {
                        Some(END) => break,
                        Some(sent) => times.push(received.saturating_sub(sent) as f64),
                        None => return Err("a message without a time".into()),
                    }
                }
            }
            Source::Socket => {
                let socket = socket()?;
                step()?;
                loop {
                    let size = socket.recv(&mut buffer)?;
                    let received = now();
                    match packet::word(&buffer[..size]) {
                        Some(END) => break,
                        Some(sent) => times.push(received.saturating_sub(sent) as f64),
                        None => return Err("a datagram without a time".into()),
                    }
                }
            }
            Source::SocketJoined | Source::Nmbd(_) => return Err("not measured".into()),
        }
        report(&times)
    }
}

fn slot() -> Result<Mailslot> {
    Ok(MailslotOptions::new().network(Network::Allowed).create(SLOT)?)
}

/// A bare socket with the buffer size of the node's.
pub(super) fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((RECEIVER, BARE_PORT))?;
    udp::enlarge(&socket)?;
    Ok(socket)
}

fn message(slot: &Mailslot, buffer: &mut [u8], timeout: Timeout) -> Result<Option<usize>> {
    match slot.read_within(buffer, timeout) {
        Ok(size) => Ok(Some(size)),
        Err(Error::TimedOut) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
