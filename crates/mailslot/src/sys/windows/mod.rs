//! Mailslots of Windows itself. docs/decisions.md describes how the backend waits, and why.

mod api;
mod appearing;
mod client;
mod code;
mod computer;
mod deadline;
mod elsewhere;
mod failure;
mod head;
mod native;
mod process;
mod progress;
mod security;
mod server;
mod text;

pub(crate) use self::{
    appearing::Appearing, client::Client, code::win32_code, computer::computer_name, elsewhere::Elsewhere,
    process::random, process::secure_env, process::user, progress::Progress, server::Next, server::Server,
};

use crate::error::{Error, Result};
use crate::message::{Info, Message, SlotStatus};
use crate::options::Timeout;
use mailslot_names::SlotName;

/// The information of Windows for writers, from version 8 on.
pub(crate) fn status(name: &SlotName) -> Result<SlotStatus> {
    let values = Client::open(name)?.values();
    Ok(SlotStatus {
        name: name.clone(),
        pid: None,
        uid: None,
        access: None,
        network: None,
        max_message_size: values.map(|values| values.max_message_size),
        capacity: None,
        created: None,
        members: 1,
        taps: 0,
        info: values.map(|values| Info {
            max_message_size: values.max_message_size,
            capacity: u64::MAX,
            count: values.count.into(),
            next_size: values.next_size.map(|size| size as usize),
            read_timeout: Timeout::from_win32_millis(values.read_timeout),
            reader_waits: false,
            statistics: None,
        }),
    })
}

/// On Windows the messages in a mailslot can only be seen by reading them.
pub(crate) fn peek(_: &SlotName, _: usize) -> Result<Vec<Message>> {
    Err(Error::io("peek into a mailslot that this process does not read", std::io::ErrorKind::Unsupported))
}

/// Windows documents no way to list mailslots.
pub(crate) fn list() -> Result<Vec<SlotStatus>> {
    Err(Error::io("list the mailslots of this machine", std::io::ErrorKind::Unsupported))
}
