//! The writing end of a slot elsewhere: a writer to the network node of this machine.

use super::client::Client;
use crate::error::{Error, Result};
use crate::name::Address;
use crate::node::{self, routes};
use crate::options::Timeout;
use crate::sys::Reach;

/// A writer to the node, for one address.
pub(crate) struct Remote {
    node: Client,
    /// What comes before the data of each message.
    header: Vec<u8>,
    max_message: usize,
    reach: Reach,
}

impl Remote {
    /// The node tells which of its slots messages to `address` go through, if it is one that has a choice.
    pub(crate) fn open(address: Address) -> Result<Remote> {
        node::check(&address)?;
        match routes::ask(routes::Question::Route(address.clone()))? {
            Some(routes::Answer::Route { slot, max_message }) => {
                let node = Client::open(&slot)?;
                let max_message = usize::try_from(max_message).unwrap_or(usize::MAX);
                Ok(Remote { node, header: node::header(&address), max_message, reach: Reach::Asked })
            }
            Some(_) => Remote::open_legacy(address, Error::NotOnNetwork),
            None => Remote::open_legacy(address, Error::NoNetworkNode),
        }
    }

    /// `missing` is the error if no node is in a legacy network.
    fn open_legacy(address: Address, missing: impl FnOnce(Address) -> Error) -> Result<Remote> {
        node::check_legacy(&address)?;
        let slot = Address::parse_win32(node::SLOT)?;
        match Client::open(slot.slot()) {
            Ok(node) => {
                let max_message = node::max_message_size(address.slot());
                Ok(Remote { node, header: node::header(&address), max_message, reach: Reach::Unknown })
            }
            Err(Error::NotFound(_)) => Err(missing(address)),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn max_message(&self) -> usize {
        self.max_message
    }

    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.node.is_closed()
    }

    pub(crate) fn check_size(&self, size: usize) -> Result<()> {
        if size > self.max_message {
            return Err(Error::TooLargeForNetwork { size, limit: self.max_message });
        }
        Ok(())
    }

    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        self.check_size(message.len())?;
        self.node.write(&[&self.header, message].concat(), timeout)
    }
}
