//! Where messages to an address go, and a mailslot of this process for each address: the handles that the program gets
//! are its writing ends.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use mailslot::network::routes::{Answer, Question};
use mailslot::network::{self, ask_routes, has_domain_file, max_message_size};
use windows_sys::Win32::Foundation::NTSTATUS;

use mailslot::{Address, Error, Mailslot, MailslotWriter, Result, SlotName};

use super::settings;

/// An address that the node knows.
pub(super) struct Destination {
    address: Address,
    /// What the node has said last, if it was asked.
    node: Mutex<Option<Node>>,
}

/// What the node says about an address.
#[derive(Clone)]
struct Node {
    /// The slot that takes what is for the address.
    slot: SlotName,
    /// Bytes of the largest message.
    max_message: usize,
}

/// A mailslot of this process.
pub(super) struct Inlet {
    destination: Arc<Destination>,
    /// The native path of the slot.
    path: Vec<u16>,
    /// Messages that were sent and whose copies will come through the slot, where they are dropped.
    copies: Mutex<Vec<Vec<u8>>>,
}

/// Where the messages to an address go.
pub(super) enum Way {
    /// To the node.
    Node(Arc<Inlet>),
    /// Where the system sends them.
    System,
    /// Nowhere: they must not go to another network.
    Nowhere(Error),
}

/// Asks the node which way messages to `address` go.
pub(super) fn way(address: Address) -> Way {
    /// Those of this process, by address. A handle may be passed on where nobody sees it end, so they all stay.
    static INLETS: Mutex<BTreeMap<String, Arc<Inlet>>> = Mutex::new(BTreeMap::new());
    let name = address.to_string();
    let known = INLETS.lock().unwrap_or_else(PoisonError::into_inner).get(&name).map(Arc::clone);
    // Programs that open for each message need not ask for each.
    if let Some(inlet) = known.filter(|inlet| inlet.destination.is_open()) {
        return Way::Node(inlet);
    }
    let node = match ask(&address) {
        Ok(Some(node)) => node,
        Ok(None) => {
            return match &address {
                Address::Remote { target, .. } if has_domain_file(target) => {
                    Way::Nowhere(Error::DomainNotOpen(address))
                }
                _ => Way::System,
            };
        }
        Err(error) => return Way::Nowhere(error),
    };
    let mut inlets = INLETS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(inlet) = inlets.get(&name) {
        *inlet.destination.node() = Some(node);
        return Way::Node(Arc::clone(inlet));
    }
    match Inlet::create(Destination { address, node: Mutex::new(Some(node)) }) {
        Ok(inlet) => {
            inlets.insert(name, Arc::clone(&inlet));
            Way::Node(inlet)
        }
        Err(error) => Way::Nowhere(error),
    }
}

/// `None` if there is no node in modern domains, or none of them has the address.
fn ask(address: &Address) -> Result<Option<Node>> {
    Ok(match ask_routes(&Question::Route(address.clone()))? {
        Some(Answer::Route { slot, max_message }) => {
            Some(Node { slot, max_message: usize::try_from(max_message).unwrap_or(usize::MAX) })
        }
        _ => None,
    })
}

impl Destination {
    /// One that the node was asked about by another process.
    pub(super) fn new(address: Address) -> Destination {
        Destination { address, node: Mutex::new(None) }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the node that was asked last still takes messages.
    fn is_open(&self) -> bool {
        let known = self.node().clone();
        known.is_some_and(|node| MailslotWriter::open(&node.slot).is_ok())
    }

    /// Hands a message to the node.
    ///
    /// Opens the node's slot each time: while it is open, Wine keeps the slot of a node that has ended, and no other
    /// node could begin.
    ///
    /// # Errors
    ///
    /// [`Error::TooLargeForNetwork`]; [`Error::Closed`] if there is no node or it no longer knows the address; those
    /// of [`ask_routes`], [`MailslotWriter::open`] and [`MailslotWriter::write`].
    pub(super) fn send(&self, data: &[u8]) -> Result<()> {
        let known = self.node().clone();
        if let Some(node) = known {
            match self.send_by(&node, data) {
                // Another node may have begun, with other slots.
                Err(Error::NotFound(_) | Error::Closed) => {}
                sent => return sent,
            }
        }
        let node = ask(&self.address)?.ok_or(Error::Closed)?;
        *self.node() = Some(node.clone());
        self.send_by(&node, data)
    }

    /// Bytes of the largest message, as far as it is known.
    pub(super) fn max_message(&self) -> usize {
        let known = self.node().as_ref().map_or(usize::MAX, |node| node.max_message);
        if settings::any_size() { known } else { known.min(max_message_size(self.address.slot())) }
    }

    fn send_by(&self, node: &Node, data: &[u8]) -> Result<()> {
        let (size, limit) = (data.len(), self.max_message());
        if size > limit {
            return Err(Error::TooLargeForNetwork { size, limit });
        }
        MailslotWriter::open(&node.slot)?.write(&network::Outgoing { address: self.address.clone(), data }.encode())
    }

    fn node(&self) -> MutexGuard<'_, Option<Node>> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inlet {
    fn create(destination: Destination) -> Result<Arc<Inlet>> {
        // A name that others cannot take first.
        let number = RandomState::new().hash_one(());
        let name: SlotName = format!(r"mailslot\run\{}-{number:016x}", std::process::id()).parse()?;
        let slot = Mailslot::create(&name)?;
        let path = format!(r"\??\MAILSLOT\{name}").encode_utf16().collect();
        let inlet = Arc::new(Inlet { destination: Arc::new(destination), path, copies: Mutex::default() });
        let reader = Arc::clone(&inlet);
        let thread = thread::Builder::new().name("mailslot-inlet".to_owned());
        let failed = |source| Error::Io { action: "start a thread".to_owned(), source };
        thread.spawn(move || reader.read(&slot)).map_err(failed)?;
        Ok(inlet)
    }

    /// The native path of the slot.
    pub(super) fn path(&self) -> &[u16] {
        &self.path
    }

    pub(super) fn destination(&self) -> &Arc<Destination> {
        &self.destination
    }

    /// Calls `write`, which writes `message` into the slot. The message has been sent already, so it is dropped there.
    /// If another process writes an equal one, it does not matter which of them is dropped.
    pub(super) fn write_copy(&self, message: Vec<u8>, write: impl FnOnce() -> NTSTATUS) -> NTSTATUS {
        self.copies().push(message.clone());
        let status = write();
        if status < 0 {
            self.drop_copy(&message);
        }
        status
    }

    /// Sends what reaches the slot, as long as the process lives.
    fn read(&self, slot: &Mailslot) {
        while let Ok(message) = slot.receive() {
            if self.drop_copy(&message.data) {
                continue;
            }
            if let Err(error) = self.destination.send(&message.data) {
                settings::log(format_args!("a message to {} is lost: {error}", self.destination.address));
            }
        }
    }

    /// Whether the message is a copy.
    fn drop_copy(&self, message: &[u8]) -> bool {
        let mut copies = self.copies();
        let found = copies.iter().position(|copy| copy == message);
        found.map(|index| copies.remove(index)).is_some()
    }

    fn copies(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
