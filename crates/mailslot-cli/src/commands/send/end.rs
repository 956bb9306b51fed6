//! The writing ends of `mailslot send`.

use std::time::Duration;

use mailslot::{Address, Error, MailslotWriter, Receipt, Timeout};

#[cfg(all(unix, feature = "node"))]
use crate::commands::network::embedded::Embedded;
use crate::exit::{Failure, Result};

/// The writing end.
pub(super) enum End {
    Slot(Box<MailslotWriter>),
    #[cfg(all(unix, feature = "node"))]
    Embedded(Box<Embedded>),
}

impl End {
    pub(super) fn address(&self) -> &Address {
        match self {
            End::Slot(writer) => writer.address(),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => embedded.address(),
        }
    }

    pub(super) fn max_message_size(&self) -> usize {
        match self {
            End::Slot(writer) => writer.max_message_size(),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => embedded.max_message_size(),
        }
    }

    pub(super) fn wait_for_receivers(&self, at_least: usize, timeout: Timeout) -> Result<usize> {
        match self {
            End::Slot(writer) => Ok(writer.wait_for_receivers(at_least, timeout)?),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => Err(Error::NetworkDoesNotTell(embedded.address().clone()).into()),
        }
    }

    pub(super) fn write_confirmed(&self, message: &[u8], within: Duration) -> std::result::Result<Vec<Receipt>, Error> {
        match self {
            End::Slot(writer) => writer.write_confirmed(message, within),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => Err(Error::NetworkDoesNotTell(embedded.address().clone())),
        }
    }

    /// Writes one or more of `messages`, which are not empty, and returns how many. `sent` messages were sent before.
    pub(super) fn write(&mut self, messages: &[&[u8]], wait: Timeout, sent: u64) -> Result<usize> {
        match self {
            End::Slot(writer) => {
                let written = match writer.write_batch(messages) {
                    Err(Error::Full { .. }) if wait != Timeout::Zero => {
                        writer.write_within(messages[0], wait).map(|()| 1)
                    }
                    written => written,
                };
                written.map_err(|cause| Failure::Send { sent, cause })
            }
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => embedded.send(messages[0], sent).map(|()| 1),
        }
    }
}
