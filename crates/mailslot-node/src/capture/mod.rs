//! What the running node of this machine sends and receives, packet by packet.
//!
//! Packets hold the messages of all users. So only root and the user that the node runs as may look at them: the node
//! knows by the kernel who asks, and makes sure that the slot that gets the packets belongs to who has asked.

mod ipv4;
mod packet;
mod pcapng;
mod sinks;

use mailslot::{Access, Address, Mailslot, MailslotOptions, MailslotWriter, Timeout};

use crate::control::{self, Answer, Request};
use crate::error::{Error, Result};

pub use packet::{Captured, Cast};
pub use pcapng::Pcapng;
pub(crate) use sinks::Sinks;

/// Bytes of packets that may wait to be taken; more are lost, and counted.
const CAPACITY: u64 = 64 << 20;

/// Gets the packets of the node while it lives.
pub struct Capture {
    slot: Mailslot,
    node: MailslotWriter,
}

impl Capture {
    /// Lets the node of this machine copy all packets from now on. `patience` is how long it may take to agree.
    ///
    /// # Errors
    ///
    /// - [`Error::NotRunning`] if there is no node
    /// - [`Error::NoAnswer`] if it does not answer in time
    /// - [`Error::NotForThisUser`] if this user may not
    /// - [`Error::Refused`] if others capture already, as many as can
    /// - [`Error::Slot`] if a slot could not be made or written to
    pub fn begin(patience: std::time::Duration) -> Result<Capture> {
        let node = control::open()?;
        let Address::Local(name) = node.address() else { return Err(Error::NotRunning) };
        // Nobody else may put packets in.
        let access = match mailslot::status(name)?.uid {
            Some(uid) => Access::Users(vec![uid]),
            None => Access::Owner,
        };
        let name = control::own_slot("capture");
        let slot = MailslotOptions::new().access(access).capacity(CAPACITY).create(&name)?;
        match control::ask(Request::Capture { slot: name }, patience)? {
            Answer::Capturing => Ok(Capture { slot, node }),
            answer => Err(Error::Refused(format!("the node answered {answer:?}"))),
        }
    }

    /// The next packet; `None` if none comes within `timeout`.
    ///
    /// # Errors
    ///
    /// - [`Error::NotRunning`] if the node has ended, and all packets are taken
    /// - [`Error::Slot`] if the slot refuses something
    pub fn receive_within(&self, timeout: Timeout) -> Result<Option<Captured>> {
        let is_over = self.node.is_closed();
        loop {
            match self.slot.receive_within(timeout) {
                Err(mailslot::Error::TimedOut) if is_over => return Err(Error::NotRunning),
                Err(mailslot::Error::TimedOut) => return Ok(None),
                Err(error) => return Err(error.into()),
                Ok(message) => {
                    if let Some(captured) = Captured::decode(&message.data) {
                        return Ok(Some(captured));
                    }
                }
            }
        }
    }
}

/// Readable when there is a packet.
impl std::os::fd::AsFd for Capture {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.slot.as_fd()
    }
}
