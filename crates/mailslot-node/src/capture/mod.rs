//! Captures the packets that the running node of this machine sends and receives.
//!
//! Packets contain the messages of all users. Therefore only root and the node's user may capture: the node knows the
//! asker's user from the kernel, and sends packets only to a slot of that user, as it does answers.

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

/// Bytes of packets that may wait to be received; further packets are lost, and counted.
const CAPACITY: u64 = 64 << 20;

/// Receives copies of the node's packets until it is dropped.
pub struct Capture {
    packets: Replies,
}

impl Capture {
    /// Makes the node of this machine copy all packets from now on. `patience` bounds the wait for its answer.
    ///
    /// # Errors
    ///
    /// - [`Error::NotRunning`] if there is no node
    /// - [`Error::NoAnswer`] if it does not answer in time
    /// - [`Error::NotForThisUser`] if this user may not capture
    /// - [`Error::Refused`] if the maximum number of programs capture already
    /// - [`Error::Slot`] if a slot could not be created or written to
    pub fn begin(patience: std::time::Duration) -> Result<Capture> {
        let packets = control::begin(&Request::Capture, Some(CAPACITY))?;
        match control::answer(&packets, patience)? {
            Answer::Capturing => Ok(Capture { packets }),
            answer => Err(Error::Refused(format!("the node answered {answer:?}"))),
        }
    }

    /// The next packet; `None` if none arrives within `timeout`.
    ///
    /// # Errors
    ///
    /// - [`Error::NotRunning`] if the node has ended, and all packets are received
    /// - [`Error::Refused`] if the node is of another version, which encodes packets differently
    /// - [`Error::Slot`] if the slot fails
    pub fn receive_within(&self, timeout: Timeout) -> Result<Option<Captured>> {
        loop {
            match self.packets.receive_within(timeout) {
                Err(mailslot::Error::Closed) => return Err(Error::NotRunning),
                Err(mailslot::Error::TimedOut) => return Ok(None),
                Err(error) => return Err(error.into()),
                Ok(packet) => match Captured::decode(&packet.data) {
                    Ok(captured) => return Ok(Some(captured)),
                    // Any process of the node's user can write to the slot.
                    Err(Undecoded::Malformed) => {}
                    Err(undecoded) => return Err(Error::Refused(undecoded.of_node().to_owned())),
                },
            }
        }
    }
}

/// Readable when there is a packet.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl std::os::fd::AsFd for Capture {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.packets.as_fd()
    }
}
