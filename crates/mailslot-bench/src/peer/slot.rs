//! A mailslot.

use mailslot::{Access, Error, Mailslot, MailslotOptions, MailslotWriter, Message, Sharing, Timeout};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// The reading end, with one buffer for all messages.
pub(crate) struct Receiver {
    slot: Mailslot,
}

/// The writing end.
pub(crate) struct Sender {
    writer: MailslotWriter,
}

/// A reading end that takes out as many messages as there are, up to [`BATCH`].
pub(crate) struct BatchReceiver {
    slot: Mailslot,
    messages: Vec<Message>,
    next: usize,
}

/// A writing end that writes [`BATCH`] messages at a time, or to several readers as many bytes as brokers' clients
/// send.
pub(crate) struct BatchSender {
    writer: MailslotWriter,
    messages: Vec<Vec<u8>>,
    held: usize,
}

const BATCH: usize = 64;
const BYTES: usize = 64 << 10;

impl super::Receiver for Receiver {
    fn create(place: &Place, shape: Shape) -> Result<Receiver> {
        Ok(Receiver { slot: create(place, shape)? })
    }

    #[inline]
    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        match self.slot.read_within(buffer, Timeout::Zero) {
            Ok(size) => Ok(Some(size)),
            Err(Error::TimedOut) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    #[inline]
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Ok(self.slot.read_within(buffer, Timeout::Forever)?)
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, _: Shape) -> Result<Sender> {
        Ok(Sender { writer: MailslotWriter::open(place.name())? })
    }

    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.writer.write_within(message, Timeout::Forever)?)
    }
}

impl super::Receiver for BatchReceiver {
    fn create(place: &Place, shape: Shape) -> Result<BatchReceiver> {
        Ok(BatchReceiver { slot: create(place, shape)?, messages: Vec::new(), next: 0 })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        self.receive(buffer).map(Some)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.next == self.messages.len() {
            self.messages.clear();
            self.slot.receive_batch_within(&mut self.messages, BATCH, Timeout::Forever)?;
            self.next = 0;
        }
        let message = &self.messages[self.next].data;
        self.next += 1;
        buffer[..message.len()].copy_from_slice(message);
        Ok(message.len())
    }
}

impl super::Sender for BatchSender {
    fn open(place: &Place, shape: Shape) -> Result<BatchSender> {
        let writer = MailslotWriter::open(place.name())?;
        let batch = if shape.members > 0 { BYTES.div_ceil(shape.buffer()) } else { BATCH };
        Ok(BatchSender { writer, messages: vec![Vec::new(); batch], held: 0 })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        let held = &mut self.messages[self.held];
        held.clear();
        held.extend_from_slice(message);
        self.held += 1;
        if self.held == self.messages.len() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let held = core::mem::take(&mut self.held);
        match self.writer.write_batch_within(&self.messages[..held], Timeout::Forever)? {
            written if written == held => Ok(()),
            written => Err(format!("{written} of {held} messages were written").into()),
        }
    }
}

fn create(place: &Place, shape: Shape) -> Result<Mailslot> {
    let access = if shape.strangers { Access::Everyone } else { Access::Owner };
    let sharing = if shape.members > 0 { Sharing::Each } else { Sharing::One };
    Ok(MailslotOptions::new().access(access).sharing(sharing).create(place.name())?)
}
