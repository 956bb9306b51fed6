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

    /// Writes a message into the slot. Never waits for its reader.
    pub(crate) fn deliver(&self, origin: &NetworkOrigin, data: &[u8]) -> Outcome {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*writer {
            match open.write_from(origin, data) {
                // A slot made later under the same name is another one.
                Err(Error::Closed) => *writer = None,
                written => return outcome(written),
            }
        }
        let opened = MailslotWriter::open(Address::from(self.name.clone()));
        outcome(opened.and_then(|opened| writer.insert(opened).write_from(origin, data)))
    }
}

fn outcome(written: mailslot::Result<()>) -> Outcome {
    match written {
        Ok(()) => Outcome::Delivered,
        Err(Error::NotFound(_) | Error::Closed) => Outcome::NoSlot,
        Err(Error::Full { .. }) => Outcome::Full,
        Err(Error::TooLarge { .. }) => Outcome::TooLarge,
        Err(_) => Outcome::Refused,
    }
}
