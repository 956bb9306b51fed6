//! Modern mailslot domains: the same names and writes over [Zenoh](https://zenoh.io), sealed end to end. This crate
//! seals and opens messages, and decides which are accepted; it opens no socket and reads no clock. The page
//! `docs/domains.md` describes the format.
//!
//! The members of a *domain* are those that hold its key. A member can send to the domain's slots and read messages;
//! routers and other users of the Zenoh network can do neither.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use mailslot_domain::{Domain, Envelope, Kind, Limits, Opener, Sealer, SessionId, Time, random};
//! use mailslot_names::SlotName;
//!
//! let now = Time::from(SystemTime::now());
//! let domain = Domain::sealed("PLANT", now, &random()?)?; // on every machine, from the same file
//! let slot: SlotName = "alerts".parse()?;
//!
//! // One machine:
//! let mut sealer = Sealer::new(domain.clone(), "SRV1", SessionId::new(random()?), Limits::default())?;
//! let to = domain.broadcast(&slot)?;
//! let mut envelope = Envelope::default();
//! sealer.seal_into(Kind::Message, &to, now, None, b"door 2 opened", &mut envelope)?;
//! // put(to.key_expression(), envelope.payload)
//!
//! // Another one, which began before:
//! let mut opener = Opener::new(domain, now, Limits::default());
//! let opened = opener.open(Kind::Message, &to, now, &mut envelope.payload, None)?;
//! assert_eq!(opened.computer, Some("SRV1"));
//! assert_eq!(opened.messages.collect::<Vec<_>>(), [b"door 2 opened"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which type for which job
//!
//! | to | use |
//! |---|---|
//! | create, join and rotate domains | [`Domain`], and on Unix [`Directory`] for their files |
//! | get key expressions to put or subscribe to | [`Destination`], from [`Domain::broadcast`] and [`Domain::directed`] |
//! | send | [`Sealer`]; several messages at once with a [`Batch`] |
//! | accept each message once, and count refused ones | [`Opener`], [`Refused`], [`Counters`] |
//! | confirm a write | [`Sealer::receipt_into`], [`Opener::open_receipt`] |
//! | send requests and replies | [`Sealer::request_into`], [`Sealer::reply_into`], [`Opener::open_reply`] |
//! | announce computers, slots and bridges | [`Presence`] |
//! | configure a machine in a domain, and report its state | [`settings`], [`status`] |
//!
//! # Guarantees
//!
//! - In a sealed domain, a message that [`Opener::open`] returns was sealed by a holder of the domain key, for this
//!   domain, destination and kind, and is returned only once. It is not older than the tolerance, nor than the start of
//!   the receiver.
//! - No input from the network makes it panic, or use more memory than its [`Limits`] allow.
//! - Secrets appear neither in `Debug` output nor in errors, and this crate's copies of them are erased when they are
//!   dropped.
//!
//! It does not authenticate individual members of a domain (each can claim any computer's name), and does not hide who
//! sends how much, and when.

// Except where Windows is asked who may use a file.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod authority;
mod batch;
mod copies;
mod crypto;
mod destination;
mod directory;
mod domain;
pub mod endpoint;
mod envelope;
mod error;
mod escape;
mod file;
mod head;
mod identity;
mod limits;
mod names;
mod open;
mod presence;
mod reader;
mod seal;
pub mod settings;
mod start;
pub mod status;
mod streams;
mod time;
mod whole;
mod window;

pub use authority::Authority;
pub use batch::{Batch, Messages};
pub use crypto::{KeyId, SessionId, random};
pub use destination::Destination;
pub use directory::{Directory, Joined, read_file};
pub use domain::{Domain, Key, RANDOM};
pub use envelope::{DeliveryOutcome, Kind, Receipt, Request};
pub use error::{Error, Refused, Result};
pub use head::Legacy;
pub use identity::Certificate;
pub use limits::{Counters, Limits};
pub use open::{Opened, Opener, OtherClock, Reply};
pub use presence::{Presence, Segment};
pub use seal::{Envelope, Sealer};
pub use time::Time;
pub use whole::{read_text, read_whole};
