//! Writes messages of other machines to the slots of this one.

use std::collections::HashMap;

use mailslot::network::Inbox;
use mailslot::{Address, NetworkOrigin, Outcome};

/// The most slots that are kept open.
const OPEN: usize = 256;

/// The open local slots.
#[derive(Default)]
pub(crate) struct Slots {
    /// By the slot's name as in the packet, so that frequent names are found without normalising them. Each spelling is
    /// a separate entry.
    open: HashMap<Vec<u8>, Inbox>,
}

impl Slots {
    /// Writes messages of one origin to the slot `name`, the part after `\MAILSLOT\` as in the packet. `count` gets
    /// each outcome and its number of messages.
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
        // Names without a slot are not kept: the network can send any number of them.
        if !inbox.is_closed() {
            if self.open.len() >= OPEN {
                self.open.clear();
            }
            self.open.insert(name.to_owned(), inbox);
        }
    }

    /// Closes slots that are gone.
    pub(crate) fn forget_closed(&mut self) {
        self.open.retain(|_, inbox| !inbox.is_closed());
    }
}

/// The address of a slot's name on the network. It is normalised like any other, so that it cannot lead outside the
/// slots.
pub(crate) fn address(name: &[u8]) -> Option<Address> {
    let name = core::str::from_utf8(name).ok()?;
    Address::parse_win32(&format!(r"\\.\mailslot\{name}")).ok()
}
