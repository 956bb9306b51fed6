//! How the crate `mailslot` waits and wakes, under shuttle: the same source files over the scripted kernel of
//! `mailslot-kernel`.
//!
//! `cargo test -p mailslot-waiting --release`
//!
//! **What runs.** The whole local engine except names: ring, robust lock, queue, reading, waiting, server, bell, door
//! with connections and accounts, writers of both kinds, birth and end, and the public `Mailslot` and `AsyncMailslot`
//! above. One directory of slots (`sys/linux/root.rs`) stands in for `root/`, and the scripted kernel's clock for the
//! processor's. The kernel has pipes, sockets, epoll (level-triggered, and one around it that is edge-triggered),
//! timers, futexes with robust lists, file locks and file mappings.
//!
//! **What it shows.** Each schedule is one order of steps, chosen at random or by priorities (PCT); a step ends at each
//! access to an atomic, each lock and each call. Not all schedules are tried. Weak memory is left to the loom model and
//! ThreadSanitizer, and failing calls and forks to other tests.

#![cfg(all(target_os = "linux", not(test)))] // The engine's unit tests run in its own crate.
#![allow(dead_code, unused_imports, missing_docs)] // Names and networks, left out here, use the rest.

// The engine's files name these crates, and get the scripted kernel.
extern crate mailslot_kernel as libc;
extern crate mailslot_kernel as rustix;
extern crate mailslot_kernel as tokio;
extern crate mailslot_kernel_std as std;

/// Replaces the standard library's: all threads of the world run in one thread of the system.
macro_rules! thread_local {
    (static $name:ident: $type:ty = const { $first:expr };) => {
        static $name: rustix::thread::LocalKey<$type> = rustix::thread::LocalKey::new(|| $first);
    };
}

#[path = "../../mailslot/src/address.rs"]
mod address;
#[path = "../../mailslot/src/asynchronous.rs"]
mod asynchronous;
#[path = "../../mailslot/src/code.rs"]
mod code;
#[path = "../../mailslot/src/error.rs"]
mod error;
#[path = "../../mailslot/src/handles.rs"]
mod handles;
#[path = "../../mailslot/src/iter.rs"]
mod iter;
#[path = "../../mailslot/src/mailslot.rs"]
mod mailslot;
#[path = "../../mailslot/src/memory.rs"]
mod memory;
#[path = "../../mailslot/src/message.rs"]
mod message;
#[path = "../../mailslot/src/options.rs"]
mod options;
#[path = "../../mailslot/src/reading.rs"]
mod reading;
#[path = "../../mailslot/src/receipt.rs"]
mod receipt;
mod sys;
#[path = "../../mailslot/src/timeout.rs"]
mod timeout;

pub mod scenarios;

pub use address::Address;
pub use asynchronous::{AsyncMailslot, Messages};
pub use error::{Error, Operation, Result};
pub use handles::Handles;
pub use iter::Iter;
pub use mailslot::Mailslot;
pub use mailslot_names::{NameError, NetbiosName, SlotName};
pub use message::{Envelope, Info, Message, NetworkOrigin, Origin, ReplyTo, SlotStatus, Statistics};
pub use options::{Access, Inheritance, MailslotOptions, Network};
pub use timeout::Timeout;

/// The ring's atomics.
mod sync {
    pub(crate) use rustix::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}
