//! The writing end.

use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::time::{Duration, Instant};

use super::api::{self, Values};
use super::security::is_of_trusted_user;
use super::server::Server;
use super::{Progress, failure, head, text};
use crate::error::{Error, Result};
use crate::memory;
use crate::message::NetworkOrigin;
use crate::options::Timeout;
use mailslot_names::SlotName;

/// The longest wait for a reply before looking again whether the slot that was asked lives: Windows does not notify of
/// its end.
const LOOK_FOR_END: Duration = Duration::from_millis(100);

/// A writer.
pub(crate) struct Client {
    handle: OwnedHandle,
    name: SlotName,
    /// `None` if the system does not report it.
    max_message_size: Option<u32>,
}

impl Client {
    pub(crate) fn open(name: &SlotName) -> Result<Client> {
        let handle = api::open(&text::path(name)).map_err(|source| {
            let known = [Error::NotFound(name.clone()), Error::NotAllowed(name.clone())];
            failure::error(|| format!("open slot {name}"), source, known)
        })?;
        if head::is_of_node(name) {
            let trusted = is_of_trusted_user(handle.as_handle());
            if !trusted.map_err(|source| Error::io(format!("find whose slot {name} is"), source))? {
                return Err(Error::NotFound(name.clone()));
            }
        }
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
        let too_large = Error::TooLarge { size, limit };
        match head::precedes(&self.name) {
            true => write(&self.handle, &memory::joined(&[&head::plain(), message])?, too_large),
            false => write(&self.handle, message, too_large),
        }
    }

    /// Writes messages of another machine. Windows has no room for their origin, and no say of its own about the
    /// network: which slots take such messages, the node's settings say.
    pub(crate) fn write_batch_from<M: AsRef<[u8]>>(&self, _: &NetworkOrigin, messages: &[M]) -> Result<Option<usize>> {
        self.write_batch(messages, Timeout::Zero).map(Some)
    }

    /// Windows has no numbers for users: the security descriptor of the slot says who may write.
    pub(crate) fn open_owned(name: &SlotName, _user: u32) -> Result<Client> {
        Client::open(name)
    }

    /// Windows has no numbers for users.
    pub(crate) fn owner(&self) -> Option<u32> {
        None
    }

    /// Writes a request to a slot of a node. Other slots have no room for where the replies go.
    pub(crate) fn write_request(
        &self,
        reply: [u8; 16],
        id: [u8; 16],
        message: &[u8],
        _progress: &mut Progress,
        _timeout: Timeout,
    ) -> Result<()> {
        if !head::is_of_node(&self.name) {
            return Err(Error::io("ask a slot that is not the node's", io::ErrorKind::Unsupported));
        }
        self.write_after(&head::request(reply, id), message)
    }

    /// Never writes it: no slot here that a network may write to has room for where the replies go.
    pub(crate) fn write_request_from(
        &self,
        _: &NetworkOrigin,
        _reply: [u8; 16],
        _id: [u8; 16],
        _message: &[u8],
    ) -> Result<bool> {
        Ok(false)
    }

    pub(crate) fn write_reply(&self, id: [u8; 16], reply: &[u8]) -> Result<()> {
        self.write_after(&head::reply(id), reply)
    }

    fn write_after(&self, head: &[u8], message: &[u8]) -> Result<()> {
        let too_large = Error::TooLarge { size: message.len(), limit: self.max_message_size() };
        write(&self.handle, &memory::joined(&[head, message])?, too_large)
    }

    /// Waits until `other` has a message, this slot is gone, or `deadline` passes. Returns whether it is gone.
    pub(crate) fn wait_for_end(&self, other: &Server, deadline: Option<Instant>) -> Result<bool> {
        loop {
            let left = deadline.map_or(LOOK_FOR_END, |end| end.saturating_duration_since(Instant::now()));
            match other.next(Timeout::After(left.min(LOOK_FOR_END))) {
                // It stays the next one.
                Ok(_) => return Ok(false),
                Err(Error::TimedOut) if self.is_closed() => return Ok(true),
                Err(Error::TimedOut) if left <= LOOK_FOR_END && deadline.is_some() => return Ok(false),
                Err(Error::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
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

/// Writes one message to a slot, wherever it is.
///
/// `too_large` is the error if the system says that the message is.
pub(super) fn write(handle: &OwnedHandle, message: &[u8], too_large: Error) -> Result<()> {
    let known = [Error::Closed, Error::OutOfMemory, too_large];
    api::write(handle.as_handle(), message)
        .map_err(|source| failure::error(|| "write to a slot".to_owned(), source, known))
}
