//! The writing end.

use std::os::windows::io::{AsHandle, OwnedHandle};
use std::time::Duration;

use super::api::{self, Values};
use super::failure;
use crate::error::{Error, Result};
use crate::memory;
use crate::options::Timeout;
use mailslot_names::SlotName;

/// A writer.
pub(crate) struct Client {
    handle: OwnedHandle,
    name: SlotName,
    /// `None` if the system does not report it.
    max_message_size: Option<u32>,
}

impl Client {
    pub(crate) fn open(name: &SlotName) -> Result<Client> {
        let handle = api::open(&path(name)).map_err(|source| {
            let known = [Error::NotFound(name.clone()), Error::NotAllowed(name.clone())];
            failure::error(|| format!("open slot {name}"), source, known)
        })?;
        let mut client = Client { handle, name: name.clone(), max_message_size: None };
        client.max_message_size = client.values().map(|values| values.max_message_size).filter(|size| *size != 0);
        Ok(client)
    }

    /// The system's information for writers about the slot: some from Windows 8 on, none before it and on Wine.
    pub(super) fn values(&self) -> Option<Values> {
        api::info(self.handle.as_handle()).ok()
    }

    pub(crate) fn max_message_size(&self) -> usize {
        self.max_message_size.unwrap_or(u32::MAX) as usize
    }

    /// Never waits: Windows does not bound slots, so there is no room to wait for.
    pub(crate) fn write(&self, message: &[u8], _timeout: Timeout) -> Result<()> {
        let (size, limit) = (message.len(), self.max_message_size());
        if size > limit {
            return Err(Error::TooLarge { size, limit });
        }
        write(&self.handle, message)
    }

    /// Never waits, like [`write`](Client::write).
    pub(crate) fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M], _timeout: Timeout) -> Result<usize> {
        for (written, message) in messages.iter().enumerate() {
            match self.write(message.as_ref(), Timeout::Zero) {
                Ok(()) => {}
                Err(error) if written == 0 => return Err(error),
                Err(_) => return Ok(written),
            }
        }
        Ok(messages.len())
    }

    /// Windows does not bound slots.
    pub(crate) fn wait_for_room(&self, _size: usize, _time: Duration) -> Result<bool> {
        Ok(true)
    }

    /// Never waits, like [`write`](Client::write).
    pub(crate) fn write_in_place(&self, size: usize, _timeout: Timeout, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        let limit = self.max_message_size();
        if size > limit {
            return Err(Error::TooLarge { size, limit });
        }
        let mut message = memory::zeroed(size)?;
        fill(&mut message);
        self.write(&message, Timeout::Zero)
    }

    /// Windows delivers each message to one slot.
    pub(crate) fn has_members(&self) -> bool {
        false
    }

    pub(crate) fn receivers(&self) -> usize {
        1
    }

    pub(crate) fn is_closed(&self) -> bool {
        // A write would show it, but leave a message behind.
        matches!(Client::open(&self.name), Err(Error::NotFound(_)))
    }
}

/// A name in the system's form: its parts are already normalised, and none of its characters is special.
pub(super) fn path(name: &SlotName) -> String {
    format!(r"\\?\mailslot\{name}")
}

/// Writes one message to a slot, wherever it is.
pub(super) fn write(handle: &OwnedHandle, message: &[u8]) -> Result<()> {
    api::write(handle.as_handle(), message)
        .map_err(|source| failure::error(|| "write to a slot".to_owned(), source, [Error::Closed, Error::OutOfMemory]))
}
