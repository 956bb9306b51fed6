//! Sleeping on a word of this process.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};

/// Sleeps until `word` is woken or no longer `value`, at most `time`. Returns false after a timeout. May return
/// spuriously.
pub(crate) fn wait(word: &AtomicU32, value: u32, time: Option<Duration>) -> bool {
    let time = time.map(|time| Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ });
    futex::wait(word, Flags::PRIVATE, value, time.as_ref()) != Err(Errno::TIMEDOUT)
}

pub(crate) fn wake_one(word: &AtomicU32) {
    // Fails only for addresses that are not mapped.
    let _ = futex::wake(word, Flags::PRIVATE, 1);
}

pub(crate) fn wake_all(word: &AtomicU32) {
    // As above.
    let _ = futex::wake(word, Flags::PRIVATE, i32::MAX as u32);
}
