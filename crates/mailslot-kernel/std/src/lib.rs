//! The standard library, with what blocks, takes time or has descriptors from the scripted kernel.

#![allow(missing_docs)] // The crates whose names these are document them.
#![cfg(target_os = "linux")]

pub use ::std::*;

pub mod sync {
    pub use ::std::sync::*;
    pub use mailslot_kernel::sync::{Mutex, MutexGuard, Once, OnceLock};

    pub mod atomic {
        pub use mailslot_kernel::atomic::*;
    }
}

pub mod thread {
    pub use mailslot_kernel::thread::{Builder, sleep, yield_now};
}

pub mod time {
    pub use ::std::time::{Duration, SystemTime, UNIX_EPOCH};
    pub use mailslot_kernel::clock::Instant;
}

pub mod os {
    pub mod fd {
        pub use mailslot_kernel::fd::*;
    }
}
