//! What the running node of this machine sends and receives, packet by packet.
//!
//! Packets hold the messages of all users. So only root and the user that the node runs as may look at them: the node
//! knows by the kernel who asks, and packets go only where answers do, to a slot of that user.

mod ipv4;
mod packet;
mod pcapng;
mod sinks;

use mailslot::network::Undecoded;
use mailslot::{Replies, Timeout};

use crate::control::{self, Answer, Request};
use crate::error::{Error, Result};

pub use packet::{Captured, Cast};
pub use pcapng::Pcapng;
pub(crate) use sinks::Sinks;

/// Bytes of packets that may wait to be taken; more are lost, and counted.
const CAPACITY: u64 = 64 << 20;

/// Gets the packets of the node while it lives.
pub struct Capture {
    packets: Replies,
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
        let packets = control::begin(&Request::Capture, Some(CAPACITY))?;
        match control::answer(&packets, patience)? {
            Answer::Capturing => Ok(Capture { packets }),
            answer => Err(Error::Refused(format!("the node answered {answer:?}"))),
        }
    }

    /// The next packet; `None` if none comes within `timeout`.
    ///
    /// # Errors
    ///
    /// - [`Error::NotRunning`] if the node has ended, and all packets are taken
    /// - [`Error::Refused`] if the node is of another version, which hands over packets in another form
    /// - [`Error::Slot`] if the slot refuses something
    pub fn receive_within(&self, timeout: Timeout) -> Result<Option<Captured>> {
        loop {
            match self.packets.receive_within(timeout) {
                Err(mailslot::Error::Closed) => return Err(Error::NotRunning),
                Err(mailslot::Error::TimedOut) => return Ok(None),
                Err(error) => return Err(error.into()),
                Ok(packet) => match Captured::decode(&packet.data) {
                    Ok(captured) => return Ok(Some(captured)),
                    // Any process of the node's user may have written it.
                    Err(Undecoded::Malformed) => {}
                    Err(undecoded) => return Err(Error::Refused(undecoded.of_node().to_owned())),
                },
            }
        }
    }
}

/// Readable when there is a packet.
impl std::os::fd::AsFd for Capture {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.packets.as_fd()
    }
}
