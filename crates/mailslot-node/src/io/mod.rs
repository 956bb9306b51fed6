//! Input and output around the protocols: interfaces, sockets, slots and signals. It contains no decisions of the
//! protocols.

pub(crate) mod addresses;
pub(crate) mod batch;
pub(crate) mod changes;
pub(crate) mod driver;
pub(crate) mod drops;
pub(crate) mod intake;
pub(crate) mod interfaces;
pub(crate) mod nmbd;
pub(crate) mod poll;
pub(crate) mod route;
pub(crate) mod signals;
pub(crate) mod slots;
pub(crate) mod sockets;
