//! `mailslot send` without a node.

use std::path::PathBuf;

use clap::Args;
use mailslot::{Address, Error};
use mailslot_node::Sender;
use mailslot_node::config;

use super::settings;
use crate::exit::{Failure, Result};

/// Options of a command that sends without a node.
#[derive(Args)]
pub struct Flags {
    /// If the slot is on another machine and no network node runs here, send without one
    #[arg(long)]
    embedded: bool,

    /// Settings for --embedded, as for `mailslot node` (TOML): computer, workgroup, wins, interfaces [default: those of
    /// this machine's node]
    #[arg(short, long, value_name = "PATH", requires = "embedded")]
    config: Option<PathBuf>,
}

/// Sends to one address without a node.
pub struct Embedded {
    sender: Sender,
    address: Address,
}

impl Flags {
    /// The replacement for a writer that cannot be opened: sends without a node, if the missing node is the reason and
    /// the user wants that.
    pub fn instead(&self, error: Error) -> Result<Embedded> {
        let address = match error {
            Error::NoNetworkNode(address) if self.embedded => address,
            error => return Err(error.into()),
        };
        let settings = match settings::file(self.config.as_deref()) {
            Some(path) => config::Settings::read(&path)?,
            None => config::Settings::default(),
        };
        Ok(Embedded { sender: Sender::new(&settings)?, address })
    }
}

impl Embedded {
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub fn max_message_size(&self) -> usize {
        mailslot::network::max_message_size(self.address.slot())
    }

    /// Sends one message.
    pub fn send(&mut self, message: &[u8], sent: u64) -> Result {
        let size = message.len();
        if size > self.max_message_size() {
            let cause = Error::TooLargeForNetwork { size, limit: self.max_message_size() };
            return Err(Failure::Send { sent, cause });
        }
        Ok(self.sender.send(self.address.clone(), message)?)
    }
}
