//! Options for creating the slots that a command reads.

use clap::Args;
use mailslot::{Access, MailslotOptions, Network};

use crate::args;

/// The options of a slot, common to all commands that create one.
#[derive(Args)]
pub struct SlotOptions {
    /// Refuse larger messages; 0 is any size
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = args::message_size)]
    max_size: u32,

    /// Bytes that unread messages may take in each slot: 64K, 16M, 1G [default: 16M]
    #[arg(long, value_name = "SIZE", value_parser = args::size)]
    capacity: Option<u64>,

    /// Who may write besides the owner: owner, group:NAME, users:NAME,NAME or everyone, by name or id
    #[arg(long, value_name = "WHO", default_value = "owner", value_parser = args::access)]
    access: Access,

    /// Let other machines write, through the network node
    #[arg(long)]
    network: bool,
}

impl SlotOptions {
    /// Whether all options but the capacity are the defaults.
    #[cfg(unix)]
    pub fn are_of_any_reader(&self) -> bool {
        self.max_size == 0 && self.access == Access::Owner && !self.network
    }

    pub fn options(&self) -> MailslotOptions {
        let mut options = MailslotOptions::new();
        options.max_message_size(self.max_size).access(self.access.clone());
        if let Some(capacity) = self.capacity {
            options.capacity(capacity);
        }
        if self.network {
            options.network(Network::Allowed);
        }
        options
    }
}
