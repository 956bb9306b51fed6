//! Modern mailslot domains: the same names and writes over [Zenoh](https://zenoh.io), sealed end to end. This crate decides what
//! travels and what may be let in; it opens no socket and reads no clock. The page `docs/domains.md` has the bytes.
//!
//! A *domain* is who holds its key. Whoever does can send to its slots and read what is sent; routers and other users of the
//! Zenoh network can do neither.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use mailslot_domain::{Domain, Envelope, Kind, Limits, Opener, Sealer, Session, Time, random};
//! use mailslot_names::SlotName;
//!
//! let now = Time::from(SystemTime::now());
//! let domain = Domain::sealed("PLANT", now, &random()?)?; // on every machine, from the same file
//! let slot: SlotName = "alerts".parse()?;
//!
//! // One machine:
//! let mut sealer = Sealer::new(domain.clone(), "SRV1", Session::new(random()?), Limits::default())?;
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
//! | make, join and rotate domains | [`Domain`], and on Unix [`Directory`] for their files |
//! | know where to put and what to subscribe to | [`Destination`], from [`Domain::broadcast`] and [`Domain::directed`] |
//! | send | [`Sealer`]; several messages at once with a [`Batch`] |
//! | let messages in, once each, and count the others | [`Opener`], [`Refused`], [`Counters`] |
//! | confirm a write | [`Sealer::receipt_into`], [`Opener::open_receipt`] |
//! | ask, and reply | [`Sealer::request_into`], [`Sealer::reply_into`], [`Opener::open_reply`] |
//! | tell who listens to what | [`Presence`] |
//! | set a machine's part in a domain, and tell how it fares | [`settings`], [`status`] |
//!
//! # Guarantees
//!
//! - What [`Opener::open`] returns was sealed by a holder of the domain key, for this domain, destination and kind, and is
//!   returned once; it is not older than the tolerance, nor than the start of the receiver.
//! - Nothing that arrives makes it panic, or take more memory than its [`Limits`] say.
//! - Secrets appear neither in `Debug` output nor in errors, and this crate's own copies are erased when they are dropped.
//!
//! What it does not do: tell the members of a domain apart (each could claim any computer's name), or hide who sends how much,
//! and when.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod batch;
mod copies;
mod crypto;
mod destination;
#[cfg(unix)]
mod directory;
mod domain;
pub mod endpoint;
mod envelope;
mod error;
mod escape;
mod file;
mod head;
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
#[cfg(unix)]
mod whole;
mod window;

pub use batch::{Batch, Messages};
pub use crypto::{KeyId, Session, random};
pub use destination::Destination;
#[cfg(unix)]
pub use directory::{Directory, Joined, read_file};
pub use domain::{Domain, Key, RANDOM};
pub use envelope::{Kind, Outcome, Receipt, Request};
pub use error::{Error, Refused, Result};
pub use head::Legacy;
pub use limits::{Counters, Limits};
pub use open::{Opened, Opener, OtherClock, Reply};
pub use presence::{Presence, Segment};
pub use seal::{Envelope, Sealer};
pub use time::Time;
#[cfg(unix)]
pub use whole::{read_text, read_whole};
