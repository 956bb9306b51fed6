//! The writing end of a slot elsewhere: a writer to the network node of this machine.

use super::client::Client;
use crate::error::{Error, Result};
use crate::name::Address;
use crate::node;
use crate::options::Timeout;

/// A writer to the node, for one address.
pub(crate) struct Remote {
    node: Client,
    /// What comes before the data of each message.
    header: Vec<u8>,
    max_message: usize,
}

impl Remote {
    pub(crate) fn open(address: Address) -> Result<Remote> {
        node::check(&address)?;
        let slot = Address::parse_win32(node::SLOT)?;
        match Client::open(slot.slot()) {
            Ok(node) => {
                let max_message = node::max_message_size(address.slot());
                Ok(Remote { node, header: node::header(&address), max_message })
            }
            Err(Error::NotFound(_)) => Err(Error::NoNetworkNode(address)),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn max_message(&self) -> usize {
        self.max_message
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
