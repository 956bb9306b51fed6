//! Delivers messages of other machines into a slot of this one.

use crate::address::Address;
use crate::error::{Error, Result};
use crate::message::NetworkOrigin;
use crate::receipt::Outcome;
use crate::writer::MailslotWriter;
use mailslot_names::SlotName;

/// Writes to one slot of this machine, whoever owns it at the moment; nodes use it to deliver messages. It reopens the
/// slot if one is gone and another is created under its name.
#[derive(Debug)]
pub struct Inbox {
    name: SlotName,
    writer: Option<MailslotWriter>,
}

impl Inbox {
    /// An inbox for the slot of this name, which need not exist yet.
    pub fn new(name: SlotName) -> Inbox {
        Inbox { name, writer: None }
    }

    /// The slot's name.
    pub fn name(&self) -> &SlotName {
        &self.name
    }

    /// Writes messages of one origin into the slot, in their order, and reports each outcome to `became`, with the
    /// number of messages that it applies to. Never waits for the reader.
    pub fn deliver<M: AsRef<[u8]>>(
        &mut self,
        origin: &NetworkOrigin,
        mut messages: &[M],
        mut became: impl FnMut(Outcome, usize),
    ) {
        while !messages.is_empty() {
            let (outcome, number) = match self.write(origin, messages) {
                Ok(written) => (Outcome::Delivered, written),
                // The messages behind it may be smaller.
                Err(error) => (Outcome::from(&error), 1),
            };
            became(outcome, number);
            messages = messages.get(number..).unwrap_or_default();
        }
    }

    /// Calls `write` with a writer to the slot; once more, with a new one, if it returns that the slot is closed.
    ///
    /// # Portability
    ///
    /// On Windows the slot is opened for each call: on Wine a writer would keep a slot alive that its owner has closed.
    ///
    /// # Errors
    ///
    /// Those of `write`, and of [`MailslotWriter::open`].
    pub fn with_writer<T>(&mut self, write: impl Fn(&MailslotWriter) -> Result<T>) -> Result<T> {
        if let Some(open) = &self.writer {
            match write(open) {
                // A slot created later under the same name is a different slot.
                Err(Error::Closed) => self.writer = None,
                written => return written,
            }
        }
        let opened = MailslotWriter::open(Address::from(self.name.clone()))?;
        if cfg!(windows) {
            return write(&opened);
        }
        write(self.writer.insert(opened))
    }

    /// Whether no slot is open: there was none at the last delivery, or it is gone.
    pub fn is_closed(&self) -> bool {
        if cfg!(windows) {
            return matches!(MailslotWriter::open(Address::from(self.name.clone())), Err(Error::NotFound(_)));
        }
        self.writer.as_ref().is_none_or(MailslotWriter::is_closed)
    }

    /// Writes one message or more, or returns why the first could not be written.
    fn write<M: AsRef<[u8]>>(&mut self, origin: &NetworkOrigin, messages: &[M]) -> Result<usize> {
        self.with_writer(|writer| writer.write_batch_from(origin, messages))
    }
}

// Its slots have rooms and access that only those of Unix have.
#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::{Mailslot, MailslotOptions, Network};

    fn origin() -> NetworkOrigin {
        NetworkOrigin::new("SRV1")
    }

    fn outcomes(inbox: &mut Inbox, messages: &[&[u8]]) -> Vec<(Outcome, usize)> {
        let mut all = Vec::new();
        inbox.deliver(&origin(), messages, |outcome, number| all.push((outcome, number)));
        all
    }

    #[test]
    fn every_message_has_an_outcome_and_a_slot_is_found_again() {
        let name = format!("test-inbox-{}", std::process::id());
        let address: Address = name.as_str().try_into().expect("valid");
        let mut inbox = Inbox::new(address.slot().clone());
        let open = |options: &mut MailslotOptions| options.network(Network::Allowed).create(name.as_str());
        assert_eq!(outcomes(&mut inbox, &[b"early"]), [(Outcome::NoSlot, 1)]);
        for _ in 0..2 {
            let slot = open(MailslotOptions::new().max_message_size(4)).expect("free");
            let became = outcomes(&mut inbox, &[b"one", b"two", b"eleven", b"four"]);
            assert_eq!(became, [(Outcome::Delivered, 2), (Outcome::TooLarge, 1), (Outcome::Delivered, 1)]);
            assert!(!inbox.is_closed());
            for data in [&b"one"[..], b"two", b"four"] {
                assert_eq!(slot.receive().expect("delivered").data, data);
            }
            drop(slot);
            assert!(inbox.is_closed());
        }
        let slot = open(MailslotOptions::new().capacity(4096)).expect("free");
        assert_eq!(outcomes(&mut inbox, &[&[0; 2000], &[0; 2000], b""])[1], (Outcome::Full, 1));
        drop(slot);
        let _private = Mailslot::create(name.as_str()).expect("free");
        assert_eq!(outcomes(&mut inbox, &[b"x"]), [(Outcome::Refused, 1)]);
    }
}
