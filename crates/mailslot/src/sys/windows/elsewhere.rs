//! The writing end of a slot of another machine, to which Windows sends by itself.

use std::os::windows::io::OwnedHandle;
use std::time::Duration;

use super::api;
use super::client;
use super::failure;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::memory;
use crate::options::Timeout;
use crate::receipt::Receipt;

/// A writer. The system reports nothing about the slot.
pub(crate) struct Elsewhere {
    address: Address,
    handle: OwnedHandle,
}

impl Elsewhere {
    pub(crate) fn open(address: Address) -> Result<Elsewhere> {
        match api::open(&address.to_string()) {
            Ok(handle) => Ok(Elsewhere { address, handle }),
            Err(source) => {
                let action = format!("open {address}");
                Err(failure::error(|| action, source, [Error::RemoteMailslotsOff(address)]))
            }
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn max_message_size(&self) -> usize {
        u32::MAX as usize
    }

    /// Never waits: Windows does not bound slots, so there is no room to wait for.
    pub(crate) fn write(&self, message: &[u8], _timeout: Timeout) -> Result<()> {
        let (size, limit) = (message.len(), self.max_message_size());
        if size > limit {
            return Err(Error::TooLarge { size, limit });
        }
        client::write(&self.handle, message, Error::TooLarge { size, limit })
    }

    /// Windows does not bound slots.
    pub(crate) fn wait_for_room(&self, _size: usize, _time: Duration) -> Result<bool> {
        Ok(true)
    }

    pub(crate) fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        let mut message = memory::zeroed(size)?;
        fill(&mut message);
        self.write(&message, Timeout::Zero)
    }

    pub(crate) fn wait_for_receivers(&self, _at_least: usize, _timeout: Timeout) -> Result<usize> {
        Err(Error::NetworkDoesNotTell(self.address.clone()))
    }

    pub(crate) fn write_confirmed(&self, _message: &[u8], _within: Duration) -> Result<Vec<Receipt>> {
        Err(Error::NetworkDoesNotTell(self.address.clone()))
    }

    pub(crate) fn is_closed(&self) -> bool {
        false
    }
}
