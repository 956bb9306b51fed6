//! Keys to be read as events.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::keys::{self, Key};
use crate::per_process::PerProcess;

/// How long the rest of a key's sequence may take, in milliseconds: it is sent in one piece, but perhaps over a
/// network.
const REST: i32 = 25;

static WAITING: PerProcess<Mutex<VecDeque<Key>>> = PerProcess::new();

fn waiting() -> MutexGuard<'static, VecDeque<Key>> {
    WAITING.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes up to `room` keys, waiting for one. None at the end of the input.
pub(crate) fn read(room: usize) -> Vec<Key> {
    let mut waiting = waiting();
    while waiting.is_empty() && room > 0 {
        let Some(first) = super::key() else { break };
        waiting.extend(decode(first));
    }
    collect(&mut waiting);
    let count = room.min(waiting.len());
    waiting.drain(..count).collect()
}

/// The first `room` keys, which stay.
pub(crate) fn peek(room: usize) -> Vec<Key> {
    let mut waiting = waiting();
    collect(&mut waiting);
    waiting.iter().take(room).copied().collect()
}

/// The number of keys.
pub(crate) fn count() -> usize {
    let mut waiting = waiting();
    collect(&mut waiting);
    waiting.len()
}

/// Whether keys were read from the terminal that the program has not taken.
pub(crate) fn is_any() -> bool {
    !waiting().is_empty()
}

/// Discards typed input that was not read yet.
pub(crate) fn flush(descriptor: i32) {
    super::console().put_back = None;
    waiting().clear();
    // SAFETY: takes any number.
    unsafe { libc::tcflush(descriptor, libc::TCIFLUSH) };
}

/// Reads the keys that the terminal has.
fn collect(waiting: &mut VecDeque<Key>) {
    while super::key_waits() {
        match super::key() {
            Some(first) => waiting.extend(decode(first)),
            None => break,
        }
    }
}

fn decode(first: u8) -> Vec<Key> {
    keys::decode(first, &mut || if super::key_comes(REST) { super::key() } else { None })
}
