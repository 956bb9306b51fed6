//! The writing end of a slot.

use std::sync::Arc;
use std::time::Duration;

use mailslot::{Info, MailslotWriter, Receipt, Timeout};

use crate::code::{Code, Result};
use crate::wait::Signal;

/// `FILE_READ_DATA`, `FILE_WRITE_DATA`.
const READ_DATA: u32 = 1;
const WRITE_DATA: u32 = 2;
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// The rights with which a client handle was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Rights {
    /// The rights that an access mask asks for. The right to append alone does not let a client write.
    pub(crate) fn from_mask(mask: u32) -> Rights {
        let all = GENERIC_ALL | MAXIMUM_ALLOWED;
        Rights {
            read: mask & (GENERIC_READ | READ_DATA | all) != 0,
            write: mask & (GENERIC_WRITE | WRITE_DATA | all) != 0,
        }
    }
}

pub(crate) struct Client {
    pub(crate) writer: Arc<MailslotWriter>,
    pub(crate) rights: Rights,
    /// Always set, because writes end before they return.
    pub(crate) signal: Signal,
}

impl Client {
    pub(crate) fn new(writer: MailslotWriter, rights: Rights) -> Client {
        Client { writer: Arc::new(writer), rights, signal: Signal::new(true) }
    }

    /// The same writer, for a handle with at most the rights in `mask`.
    pub(crate) fn narrowed(&self, mask: u32) -> Client {
        let asked = Rights::from_mask(mask);
        let rights = Rights { read: asked.read && self.rights.read, write: asked.write && self.rights.write };
        Client { writer: Arc::clone(&self.writer), rights, signal: Signal::new(true) }
    }

    pub(crate) fn write(&self, message: &[u8]) -> Result<()> {
        if !self.rights.write {
            return Err(Code::ACCESS_DENIED);
        }
        Ok(self.writer.write(message)?)
    }

    pub(crate) fn wait_for_receivers(&self, at_least: usize, timeout: Timeout) -> Result<usize> {
        Ok(self.writer.wait_for_receivers(at_least, timeout)?)
    }

    pub(crate) fn write_confirmed(&self, message: &[u8], within: Duration) -> Result<Vec<Receipt>> {
        if !self.rights.write {
            return Err(Code::ACCESS_DENIED);
        }
        Ok(self.writer.write_confirmed(message, within)?)
    }

    /// The error of a read by a client: for a lack of rights, or else because a mailslot refuses it.
    pub(crate) fn read_refusal(&self) -> Code {
        if self.rights.read { Code::INVALID_PARAMETER } else { Code::ACCESS_DENIED }
    }

    pub(crate) fn info(&self) -> Result<Info> {
        Ok(self.writer.info()?)
    }

    /// The path that opens the same slot, as long as it lives.
    pub(crate) fn path(&self) -> String {
        self.writer.address().to_string()
    }
}
