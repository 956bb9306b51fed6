//! The presence of one machine on the network: it holds the machine's NetBIOS names, finds those of others, and carries
//! mailslot writes in both directions.
//!
//! [`proto`] decides everything and touches nothing: packets and time go in; packets, events and the next deadline come
//! out. A simulation can therefore run hundreds of nodes in one process.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod proto;
