//! Mailslots of Windows itself. ARCHITECTURE.md tells how the backend waits, and why.

mod api;
mod client;
mod code;
mod computer;
mod deadline;
mod native;
mod security;
mod server;

pub(crate) use self::{client::Client, code::win32_code, computer::computer_name, server::NextMessage, server::Server};

use crate::error::{Error, Result};
use crate::message::SlotStatus;

/// Windows documents no way of listing mailslots.
pub(crate) fn list() -> Result<Vec<SlotStatus>> {
    Err(Error::io("list the mailslots of this machine", std::io::ErrorKind::Unsupported))
}
