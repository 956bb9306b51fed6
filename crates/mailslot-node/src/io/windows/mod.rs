//! Windows: the node is in modern domains only, as the ports of NetBIOS belong to the system.

pub(crate) mod addresses;
pub(crate) mod changes;
pub(crate) mod driver;
pub(crate) mod intake;
pub(crate) mod poll;
pub(crate) mod signals;
pub(crate) mod sockets;
