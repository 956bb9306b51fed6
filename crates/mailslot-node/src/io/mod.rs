//! Input and output around the protocols: interfaces, sockets, slots and signals. It contains no decisions of the
//! protocols.
//!
//! Both systems have `addresses`, `changes`, `driver`, `intake`, `poll`, `signals` and `sockets`, with the same items;
//! those of Windows, in `windows`, are for a node without a legacy network.

#[cfg_attr(windows, allow(dead_code, reason = "a node there is attached to no interface"))]
pub(crate) mod interfaces;
pub(crate) mod slots;

#[cfg(unix)]
pub(crate) mod addresses;
#[cfg(unix)]
pub(crate) mod batch;
#[cfg(unix)]
pub(crate) mod changes;
#[cfg(unix)]
pub(crate) mod driver;
#[cfg(unix)]
pub(crate) mod drops;
#[cfg(unix)]
pub(crate) mod intake;
#[cfg(unix)]
pub(crate) mod nmbd;
#[cfg(unix)]
pub(crate) mod poll;
#[cfg(unix)]
pub(crate) mod route;
#[cfg(unix)]
pub(crate) mod signals;
#[cfg(unix)]
pub(crate) mod sockets;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{addresses, changes, driver, intake, poll, signals, sockets};
