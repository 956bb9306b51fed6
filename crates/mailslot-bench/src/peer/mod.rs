//! The measured ways to pass messages, one module each, behind one small interface.

pub(crate) mod bare_ring;
pub(crate) mod cache_line;
pub(crate) mod datagram;
pub(crate) mod iceoryx;
pub(crate) mod mqtt;
pub(crate) mod nats;
pub(crate) mod pipe;
pub(crate) mod posix_mq;
pub(crate) mod seqpacket;
mod shared;
pub(crate) mod slot;
pub(crate) mod zeromq;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::place::Place;

/// A way to pass messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Peer {
    /// One word in one shared cache line per direction: the limit that the processor sets.
    CacheLine,
    /// A ring of records and nothing else.
    BareRing,
    /// The same with uncontended locks.
    BareRingLocked,
    /// Unix datagram sockets.
    Datagram,
    /// The same in a loop: one socket for each of several readers.
    DatagramEach,
    /// Unix sequenced-packet sockets, one connection for each writer.
    Seqpacket,
    /// The same, where the reader takes one message from each connection and closes it.
    SeqpacketOnce,
    /// POSIX message queues.
    PosixMq,
    /// A named pipe with messages of one size.
    Pipe,
    /// iceoryx2 publish-subscribe; waits spin.
    Iceoryx,
    /// The same with its event service, by which the writer wakes the reader.
    IceoryxEvent,
    /// ZeroMQ publish-subscribe between two processes.
    ZeroMq,
    /// Clients of a NATS server; each message is sent before the call returns.
    Nats,
    /// The same, where 64 KiB are sent at a time.
    NatsBatch,
    /// Clients of mosquitto, which speak MQTT; each message is sent before the call returns.
    Mosquitto,
    /// The same, where 64 KiB are sent at a time.
    MosquittoBatch,
    /// A mailslot.
    Slot,
    /// A mailslot whose writer and reader handle messages in batches.
    SlotBatch,
    /// A mailslot with several readers, whose writer alone uses batches.
    SlotBatchEach,
}

impl Peer {
    /// The name in tables and plots.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Peer::CacheLine => "cache line",
            Peer::BareRing => "bare ring",
            Peer::BareRingLocked => "bare ring, locks",
            Peer::Datagram => "Unix datagram",
            Peer::DatagramEach => "Unix datagram, in a loop",
            Peer::Seqpacket => "Unix seqpacket",
            Peer::SeqpacketOnce => "Unix seqpacket, reconnecting",
            Peer::PosixMq => "POSIX mq",
            Peer::Pipe => "pipe",
            Peer::Iceoryx => "iceoryx2",
            Peer::IceoryxEvent => "iceoryx2 with events",
            Peer::ZeroMq => "ZeroMQ",
            Peer::Nats => "NATS",
            Peer::NatsBatch => "NATS, batches",
            Peer::Mosquitto => "mosquitto",
            Peer::MosquittoBatch => "mosquitto, batches",
            Peer::Slot => "mailslot",
            Peer::SlotBatch | Peer::SlotBatchEach => "mailslot, batches",
        }
    }

    /// Whether messages of `size` bytes can be sent.
    pub(crate) fn takes(self, size: usize) -> bool {
        match self {
            Peer::CacheLine | Peer::BareRing | Peer::BareRingLocked => size >= WORD,
            // A stream has no empty messages, and longer writes than this are not atomic.
            Peer::Pipe => (1..=rustix::pipe::PIPE_BUF).contains(&size),
            Peer::PosixMq => size <= posix_mq::largest_message(),
            Peer::Datagram | Peer::DatagramEach | Peer::Seqpacket | Peer::SeqpacketOnce => {
                size <= datagram::largest_message()
            }
            Peer::Iceoryx | Peer::IceoryxEvent | Peer::ZeroMq => true,
            Peer::Nats | Peer::NatsBatch | Peer::Mosquitto | Peer::MosquittoBatch => true,
            Peer::Slot | Peer::SlotBatch | Peer::SlotBatchEach => true,
        }
    }
}

impl From<Peer> for &'static str {
    fn from(peer: Peer) -> &'static str {
        peer.name()
    }
}

/// The messages to be sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Bytes of the largest message.
    pub(crate) size: usize,
    /// Number of writers.
    pub(crate) writers: usize,
    /// Whether the writers are other users than the reader.
    pub(crate) strangers: bool,
    /// Number of readers that each get every message; 0 is one reader of the usual kind.
    pub(crate) members: usize,
}

/// Bytes of the number that each message begins with, if it is long enough.
pub(crate) const WORD: usize = size_of::<u64>();

impl Shape {
    /// Bytes of the buffers: room for the message, and for the message that ends a run.
    pub(crate) fn buffer(&self) -> usize {
        self.size.max(WORD)
    }
}

/// A reading end.
pub(crate) trait Receiver: Sized {
    /// Makes it, so that senders can be opened.
    fn create(place: &Place, shape: Shape) -> Result<Self>;

    /// Called when all senders are open.
    fn connected(&mut self) -> Result<()> {
        Ok(())
    }

    /// Takes the next message if there is one.
    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>>;

    /// Takes the next message, waiting in the peer's best way.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize>;
}

/// A writing end.
pub(crate) trait Sender: Sized {
    /// Opens it.
    fn open(place: &Place, shape: Shape) -> Result<Self>;

    /// Sends one message, waiting for room.
    fn send(&mut self, message: &[u8]) -> Result<()>;

    /// Sends buffered messages.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A writing end that buffers nothing.
pub(crate) struct AtOnce<S>(S);

impl<S: Sender> Sender for AtOnce<S> {
    fn open(place: &Place, shape: Shape) -> Result<AtOnce<S>> {
        S::open(place, shape).map(AtOnce)
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        self.0.send(message)?;
        self.0.flush()
    }
}

/// Code that runs with a peer's two types.
pub(crate) trait Visitor {
    fn visit<R: Receiver, S: Sender>(self) -> Result<()>;
}

/// Calls `visitor` with the types of `peer`.
pub(crate) fn with(peer: Peer, visitor: impl Visitor) -> Result<()> {
    match peer {
        Peer::CacheLine => visitor.visit::<cache_line::Receiver, cache_line::Sender>(),
        Peer::BareRing => visitor.visit::<bare_ring::Receiver<false>, bare_ring::Sender<false>>(),
        Peer::BareRingLocked => visitor.visit::<bare_ring::Receiver<true>, bare_ring::Sender<true>>(),
        Peer::Datagram => visitor.visit::<datagram::Receiver, datagram::Sender>(),
        Peer::DatagramEach => visitor.visit::<datagram::Receiver, datagram::Each>(),
        Peer::Seqpacket => visitor.visit::<seqpacket::Receiver, seqpacket::Sender>(),
        Peer::SeqpacketOnce => visitor.visit::<seqpacket::Once, seqpacket::Sender>(),
        Peer::PosixMq => visitor.visit::<posix_mq::Receiver, posix_mq::Sender>(),
        Peer::Pipe => visitor.visit::<pipe::Receiver, pipe::Sender>(),
        Peer::Iceoryx => visitor.visit::<iceoryx::Receiver, iceoryx::Sender>(),
        Peer::IceoryxEvent => visitor.visit::<iceoryx::EventReceiver, iceoryx::EventSender>(),
        Peer::ZeroMq => visitor.visit::<zeromq::Receiver, zeromq::Sender>(),
        Peer::Nats => visitor.visit::<nats::Receiver, AtOnce<nats::Publisher>>(),
        Peer::NatsBatch => visitor.visit::<nats::Receiver, nats::Publisher>(),
        Peer::Mosquitto => visitor.visit::<mqtt::Receiver, AtOnce<mqtt::Sender>>(),
        Peer::MosquittoBatch => visitor.visit::<mqtt::Receiver, mqtt::Sender>(),
        Peer::Slot => visitor.visit::<slot::Receiver, slot::Sender>(),
        Peer::SlotBatch => visitor.visit::<slot::BatchReceiver, slot::BatchSender>(),
        Peer::SlotBatchEach => visitor.visit::<slot::Receiver, slot::BatchSender>(),
    }
}
