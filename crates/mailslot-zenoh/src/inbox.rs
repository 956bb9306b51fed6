//! Messages of other machines on their way into the slots of this one.

use std::sync::{Mutex, PoisonError};

use mailslot::{Address, Error, MailslotWriter, NetworkOrigin, Outcome, SlotName};

/// One local slot, whoever owns it at the moment.
pub(crate) struct Inbox {
    pub(crate) name: SlotName,
    writer: Mutex<Option<MailslotWriter>>,
}

impl Inbox {
    pub(crate) fn new(name: SlotName) -> Inbox {
        Inbox { name, writer: Mutex::new(None) }
    }

    /// Writes messages into the slot, in their order, and tells `became` what became of each. Never waits for its reader.
    pub(crate) fn deliver(&self, origin: &NetworkOrigin, mut messages: &[&[u8]], mut became: impl FnMut(Outcome)) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        while !messages.is_empty() {
            let done = match self.write(&mut writer, origin, messages) {
                Ok(written) => {
                    (0..written).for_each(|_| became(Outcome::Delivered));
                    written
                }
                // Those behind it may be smaller.
                Err(error) => {
                    became(outcome(&error));
                    1
                }
            };
            messages = &messages[done..];
        }
    }

    /// Writes one message or more, or tells why not even the first could be written.
    fn write(
        &self,
        writer: &mut Option<MailslotWriter>,
        origin: &NetworkOrigin,
        messages: &[&[u8]],
    ) -> mailslot::Result<usize> {
        if let Some(open) = writer {
            match open.write_batch_from(origin, messages) {
                // A slot made later under the same name is another one.
                Err(Error::Closed) => *writer = None,
                written => return written,
            }
        }
        let opened = MailslotWriter::open(Address::from(self.name.clone()))?;
        writer.insert(opened).write_batch_from(origin, messages)
    }
}

fn outcome(error: &Error) -> Outcome {
    match error {
        Error::NotFound(_) | Error::Closed => Outcome::NoSlot,
        Error::Full { .. } => Outcome::Full,
        Error::TooLarge { .. } => Outcome::TooLarge,
        _ => Outcome::Refused,
    }
}
