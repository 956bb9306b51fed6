//! The slots of this machine, as those of other machines write to them.

use std::collections::HashMap;

use mailslot::{Address, Error, MailslotWriter, NetworkOrigin};

/// Writers kept open.
const OPEN: usize = 256;

/// Writers to local slots.
#[derive(Default)]
pub(crate) struct Slots {
    open: HashMap<String, MailslotWriter>,
}

/// Why a message did not get into a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// There is no such slot, or it is not open to the network, or not to the node's user.
    NoSlot,
    NotAllowed,
    Full,
    TooLarge,
    /// Anything else.
    Failed,
}

impl Slots {
    /// Writes a message to the slot `name`, the part behind `\MAILSLOT\` as the network has it.
    pub(crate) fn deliver(&mut self, name: &[u8], origin: &NetworkOrigin, data: &[u8]) -> Result<(), Undelivered> {
        let address = address(name).ok_or(Undelivered::NoSlot)?;
        let key = address.slot().folded();
        if let Some(writer) = self.open.get(key) {
            match writer.write_from(origin, data) {
                // A slot made later under the same name is another one.
                Err(Error::Closed) => self.open.remove(key),
                written => return written.map_err(undelivered),
            };
        }
        let writer = MailslotWriter::open(address.clone()).map_err(undelivered)?;
        writer.write_from(origin, data).map_err(undelivered)?;
        if self.open.len() >= OPEN {
            self.open.clear();
        }
        self.open.insert(key.to_owned(), writer);
        Ok(())
    }

    /// Closes the writers of slots that are gone.
    pub(crate) fn forget_closed(&mut self) {
        self.open.retain(|_, writer| !writer.is_closed());
    }
}

/// The name is looked up like any other: it is normalised, and leads nowhere but to a slot.
pub(crate) fn address(name: &[u8]) -> Option<Address> {
    let name = core::str::from_utf8(name).ok()?;
    Address::parse_win32(&format!(r"\\.\mailslot\{name}")).ok()
}

fn undelivered(error: Error) -> Undelivered {
    match error {
        Error::NotFound(_) | Error::Closed => Undelivered::NoSlot,
        Error::NotAllowed(_) => Undelivered::NotAllowed,
        Error::Full { .. } => Undelivered::Full,
        Error::TooLarge { .. } => Undelivered::TooLarge,
        _ => Undelivered::Failed,
    }
}
