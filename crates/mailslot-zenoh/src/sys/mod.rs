//! What each system supplies to this crate.
//!
//! | item | is |
//! |---|---|
//! | `Wake` | wakes a thread that waits: `new`, `wake`, `wait`, `clear` |
//! | `Watch` | waits until slots of this machine may have changed: `new`, `wait` |
//! | `open_slots()` | the slots of this machine that are open to the network |
//! | `AsyncMailslot` | a slot that is read in a task: `new`, `read_batch_in_place`, `get_ref` |
//! | `owner()` | the user who owns the slot of a writer |
//! | `interface_addresses()` | the addresses of the machine; `None` if only Zenoh can list them |
//! | `version_of()` | what differs once a file was replaced or written |
//! | `running()`, `processor_time()` | time since boot or start, which nobody can set; time that this thread has worked |
//! | `raise_descriptor_limit()`, `descriptor_limit()` | how many descriptors this process may have |
//! | `turn_linger_off()` | for the sockets of Zenoh |

use std::net::IpAddr;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;

/// An address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InterfaceAddress {
    /// The interface's name, or the address's label, such as eth0:1.
    pub(crate) interface: String,
    /// Tells an interface from one that was recreated under its name: a socket that listened on the old one receives
    /// nothing any more.
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    pub(crate) can_multicast: bool,
}
