//! Zenoh and all that depends on it: sessions with bytes in and out, its runtime, and its configuration. Nothing else
//! in this crate names Zenoh, except for the errors that it reports.
//!
//! # What depends on the inside of Zenoh
//!
//! Zenoh's API does not promise any of this. Check each row when Zenoh's version changes, and delete it once Zenoh has
//! what its last column names.
//!
//! | file | what | until Zenoh has |
//! |---|---|---|
//! | `runtime.rs` | Its threads that send run our tasks as well, so that a put wakes no other thread. | a put that is handed over without waking one |
//! | `trace.rs` | Only its trace tells, in words, of sessions refused and of endpoints that it cannot reach. | counters and events for them |
//! | `tokens/mod.rs` | It ends an answer about tokens when a router is through, even if the thread that asked is not. We notice, and ask again while nothing is sent. | an answer that ends when both are through |
//! | `linger.rs` | Its sockets linger for ten seconds when they are closed; we look for them and take that away. | a setting for it |
//! | `config.rs` | How many packets wait for a session, and who shares that queue, decide what may be put without waiting. | a put that says that it would wait |
//! | `addresses.rs` | It lists the machine's interfaces once in a process, so we tell it each address, and open another session when there are others. | a fresh look for each session |

mod addresses;
mod config;
#[cfg(unix)]
mod linger;
mod runtime;
mod session;
mod tokens;
mod trace;

pub(crate) use addresses::{Addresses, Places, addresses};
pub(crate) use config::{Config, PENDING, QUEUE};
pub use config::{check, zenoh_config};
#[cfg(unix)]
pub(crate) use linger::turn_off as turn_linger_off;
pub(crate) use runtime::{Task, begin, enter, later, while_nothing_is_sent};
pub(crate) use session::{Answer, Answering, Asked, Link, Subscription, Way};
pub(crate) use tokens::{Extent, Seen, Token};
pub use trace::trace_layer;
pub(crate) use trace::{listen as listen_to_trace, take_refusals, why_unreachable};
