//! The slots of this machine, as those of other machines write to them.

use std::collections::HashMap;

use mailslot::{Address, Error, MailslotWriter, NetworkOrigin};

/// Writers kept open.
const OPEN: usize = 256;

/// Writers to local slots.
#[derive(Default)]
pub(crate) struct Slots {
    /// By the slot's name as the network has it: what comes often is then looked up as it is. Another spelling is another
    /// writer.
    open: HashMap<Vec<u8>, MailslotWriter>,
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
    /// Writes messages of one origin to the slot `name`, the part behind `\MAILSLOT\` as the network has it. `count` is told
    /// what became of how many.
    pub(crate) fn deliver<M: AsRef<[u8]>>(
        &mut self,
        name: &[u8],
        origin: &NetworkOrigin,
        mut messages: &[M],
        mut count: impl FnMut(Result<(), Undelivered>, usize),
    ) {
        while !messages.is_empty() {
            let written = self.write(name, origin, messages);
            let (outcome, number) = match written {
                Ok(number) => (Ok(()), number),
                Err(reason) => (Err(reason), 1),
            };
            count(outcome, number);
            messages = messages.get(number..).unwrap_or_default();
        }
    }

    /// How many of the messages were written, at least one.
    fn write<M: AsRef<[u8]>>(
        &mut self,
        name: &[u8],
        origin: &NetworkOrigin,
        messages: &[M],
    ) -> Result<usize, Undelivered> {
        if let Some(writer) = self.open.get(name) {
            match writer.write_batch_from(origin, messages) {
                // A slot made later under the same name is another one.
                Err(Error::Closed) => self.open.remove(name),
                written => return written.map_err(undelivered),
            };
        }
        let writer = MailslotWriter::open(address(name).ok_or(Undelivered::NoSlot)?).map_err(undelivered)?;
        let written = writer.write_batch_from(origin, messages).map_err(undelivered)?;
        if self.open.len() >= OPEN {
            self.open.clear();
        }
        self.open.insert(name.to_owned(), writer);
        Ok(written)
    }

    /// Closes the writers of slots that are gone.
    pub(crate) fn forget_closed(&mut self) {
        self.open.retain(|_, writer| !writer.is_closed());
    }
}

/// The name is looked up like any other: it is normalised, and leads nowhere but to a slot.
fn address(name: &[u8]) -> Option<Address> {
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
