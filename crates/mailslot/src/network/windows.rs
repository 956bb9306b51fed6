//! The writing end of a slot elsewhere, on Windows: in a modern domain it writes to the node, and for all other
//! addresses the system sends by itself.

use std::time::Duration;

use super::domains;
use super::writer::{Asking, Writer as InDomain};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::options::Timeout;
use crate::receipt::Receipt;
use crate::sys::Elsewhere;
use crate::writer::MailslotWriter;

/// A writer for one address.
pub(crate) enum Writer {
    Domain(InDomain),
    System(Elsewhere),
}

impl Writer {
    /// Asks the node, if there is one, whether the address is in one of its domains.
    pub(crate) fn open(address: Address) -> Result<Writer> {
        if let Some(writer) = InDomain::open_in_domain(&address)? {
            return Ok(Writer::Domain(writer));
        }
        // Whatever the node answers, or if there is none: messages that the domain would seal are never sent in clear.
        if let Address::Remote { target, .. } = &address
            && domains::has_domain_file(target)
        {
            return Err(Error::DomainNotOpen(address));
        }
        Elsewhere::open(address).map(Writer::System)
    }

    pub(crate) fn max_message_size(&self) -> usize {
        match self {
            Writer::Domain(writer) => writer.max_message_size(),
            Writer::System(writer) => writer.max_message_size(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Writer::Domain(writer) => writer.is_closed(),
            Writer::System(writer) => writer.is_closed(),
        }
    }

    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        match self {
            Writer::Domain(writer) => writer.write(message, timeout),
            Writer::System(writer) => writer.write(message, timeout),
        }
    }

    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        match self {
            Writer::Domain(writer) => writer.wait_for_room(size, time),
            Writer::System(writer) => writer.wait_for_room(size, time),
        }
    }

    pub(crate) fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match self {
            Writer::Domain(writer) => writer.write_in_place(size, fill),
            Writer::System(writer) => writer.write_in_place(size, fill),
        }
    }

    pub(crate) fn wait_for_receivers(&self, at_least: usize, timeout: Timeout) -> Result<usize> {
        match self {
            Writer::Domain(writer) => writer.wait_for_receivers(at_least, timeout),
            Writer::System(writer) => writer.wait_for_receivers(at_least, timeout),
        }
    }

    pub(crate) fn write_confirmed(&self, message: &[u8], within: Duration) -> Result<Vec<Receipt>> {
        match self {
            Writer::Domain(writer) => writer.write_confirmed(message, within),
            Writer::System(writer) => writer.write_confirmed(message, within),
        }
    }

    pub(crate) fn ask_for_replies(&self, timeout: Timeout) -> Result<(MailslotWriter, Asking)> {
        match self {
            Writer::Domain(writer) => writer.ask_for_replies(timeout),
            Writer::System(writer) => Err(Error::RequestElsewhere(writer.address().clone())),
        }
    }
}
