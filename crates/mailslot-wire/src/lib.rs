//! The wire protocols of remote mailslots: NetBIOS names and datagrams, SMB mailslot writes, and the messages of the
//! computer browser and of NETLOGON that travel in them. It decodes bytes to values and encodes values to bytes, and
//! does nothing else: no socket, no clock, no state.
//!
//! A mailslot write to another machine is a [`smb::MailslotWrite`] in a [`datagram::Packet`]:
//!
//! ```
//! use mailslot_wire::datagram::{Body, Destination, Header, Packet};
//! use mailslot_wire::name::{Name, suffix};
//! use mailslot_wire::smb::{MailslotWrite, Style};
//! use mailslot_wire::NodeType;
//!
//! # let source_address = "192.0.2.1:138".parse().unwrap();
//! let write = MailslotWrite::new(b"alerts", b"door 2 opened")?.encode(Style::Windows);
//! let packet = Packet {
//!     header: Header { node_type: NodeType::B, id: 1, source: source_address },
//!     body: Body::Whole {
//!         kind: Destination::Unique,
//!         source: Name::new("SRV1", suffix::WORKSTATION)?,
//!         destination: Name::new("SRV2", suffix::WORKSTATION)?,
//!         data: &write,
//!     },
//! };
//! let sent = packet.encode(); // for UDP port 138 of SRV2
//!
//! if let Body::Whole { source, data, .. } = Packet::parse(&sent)?.body {
//!     let write = MailslotWrite::parse(data)?;
//!     assert_eq!(source.to_string(), "SRV1<00>");
//!     assert_eq!((write.slot().as_bytes(), write.data()), (&b"alerts"[..], &b"door 2 opened"[..]));
//! }
//! # Ok::<(), mailslot_wire::Error>(())
//! ```
//!
//! # Which module for which job
//!
//! | to | use |
//! |---|---|
//! | name computers and groups | [`name`] |
//! | claim, find and release names, on UDP port 137 | [`name_service`] |
//! | send to names, on UDP port 138 | [`datagram`] |
//! | write to a mailslot, in a datagram | [`smb`] |
//! | see which computers are there, in a mailslot write | [`browser`] |
//! | find domain controllers, in a mailslot write | [`netlogon`] |
//!
//! # Guarantees
//!
//! - No input makes a decoder panic, loop, or take more memory than a small multiple of the input's length.
//! - Encoding and then decoding gives an equal value, also for a value that was decoded. The encoded bytes equal the
//!   decoded ones where all senders agree on them.
//! - Where real senders disagree, decoders understand them all. Codes that they do not know survive as `Other`.
//!
//! It does not reassemble fragments, decide on answers, or translate code pages.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod bits;
pub mod browser;
pub mod datagram;
mod dns_name;
mod error;
pub mod name;
pub mod name_service;
pub mod netlogon;
mod node_type;
mod reader;
pub mod smb;
mod text;

pub use dns_name::DnsName;
pub use error::{Error, NameError, Result};
pub use name::Name;
pub use node_type::NodeType;
pub use text::{Text, WideText};
