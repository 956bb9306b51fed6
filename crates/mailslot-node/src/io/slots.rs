//! The slots of this machine, as those of other machines write to them.

use std::collections::HashMap;

use mailslot::network::Inbox;
use mailslot::{Address, NetworkOrigin, Outcome};

/// Slots whose ways are kept open.
const OPEN: usize = 256;

/// The ways into local slots.
#[derive(Default)]
pub(crate) struct Slots {
    /// By the slot's name as the network has it: what comes often is then looked up as it is. Another spelling is another way.
    open: HashMap<Vec<u8>, Inbox>,
}

impl Slots {
    /// Writes messages of one origin to the slot `name`, the part behind `\MAILSLOT\` as the network has it. `count` is told
    /// what became of how many.
    pub(crate) fn deliver<M: AsRef<[u8]>>(
        &mut self,
        name: &[u8],
        origin: &NetworkOrigin,
        messages: &[M],
        mut count: impl FnMut(Outcome, usize),
    ) {
        if let Some(inbox) = self.open.get_mut(name) {
            return inbox.deliver(origin, messages, count);
        }
        let Some(address) = address(name) else { return count(Outcome::NoSlot, messages.len()) };
        let mut inbox = Inbox::new(address.slot().clone());
        inbox.deliver(origin, messages, count);
        // Names that the network makes up are not kept.
        if !inbox.is_closed() {
            if self.open.len() >= OPEN {
                self.open.clear();
            }
            self.open.insert(name.to_owned(), inbox);
        }
    }

    /// Closes the ways to slots that are gone.
    pub(crate) fn forget_closed(&mut self) {
        self.open.retain(|_, inbox| !inbox.is_closed());
    }
}

/// The name is looked up like any other: it is normalised, and leads nowhere but to a slot.
pub(crate) fn address(name: &[u8]) -> Option<Address> {
    let name = core::str::from_utf8(name).ok()?;
    Address::parse_win32(&format!(r"\\.\mailslot\{name}")).ok()
}
