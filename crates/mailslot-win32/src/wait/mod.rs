//! Waiting for objects.
//!
//! One lock and one condition variable serve all waits of the process: so a wait for several objects is a plain loop,
//! and takes effect atomically, as Win32 promises. Reads come here only if they pend or a thread waits for their slot.
//!
//! A wait for objects shared with other processes also takes their locks for that, and sleeps on descriptors instead of
//! the condition variable.

pub(crate) mod apc;
mod attempt;
mod dispatcher;
mod poller;
mod waitable;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::code::Result;
use crate::sync_object::SyncObject;
use dispatcher::DISPATCHER;
pub(crate) use dispatcher::{Signal, change};
use poller::Poller;
pub(crate) use waitable::{Ended, Until, Waitable};

/// Waits until one or all of `objects` are signalled. `None` waits without limit. An alertable wait also ends when a
/// completion routine is due in this thread; the caller runs it.
pub(crate) fn wait(
    objects: &[Waitable<'_>],
    until: Until,
    timeout: Option<Duration>,
    alertable: bool,
) -> Result<Ended> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let dispatcher = DISPATCHER.get();
    let mut registered: Option<Registered<'_>> = None;
    let mut sleepers = dispatcher.sleepers();
    loop {
        let timer = alertable.then(apc::timer::pass_time).flatten();
        if alertable && apc::is_due() {
            return Ok(Ended::RoutineDue);
        }
        let look = attempt::attempt(objects, until)?;
        if let Some(ended) = look.ended {
            return Ok(ended);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(Ended::TimedOut);
        }
        let next = look.next.into_iter().chain(timer).min();
        let next = next.map(|next| Duration::from_nanos((next - clock::monotonic()).max(1) as u64));
        let time = left.into_iter().chain(next).min();
        sleepers = match (&mut registered, time) {
            (None, _) => {
                // Unlocked first: a change before the sleep is seen in the next turn.
                drop(sleepers);
                registered = Some(Registered::new(objects)?);
                dispatcher.sleepers()
            }
            (Some(Registered { poller: Some(poller), .. }), time) => {
                drop(sleepers);
                if !poller.watch(&look.holders) {
                    poller.sleep(time);
                }
                dispatcher.sleepers()
            }
            (Some(_), None) => dispatcher.changed.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            (Some(_), Some(time)) => {
                dispatcher.changed.wait_timeout(sleepers, time).unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}

/// Waits for one signal, however long that takes.
pub(crate) fn wait_for_signal(signal: &Signal) {
    // Fails for shared objects only.
    let _ = wait(&[Waitable::Signal(signal)], Until::Any, None, false);
}

/// Registers a wait for notifications, as long as it lasts.
struct Registered<'a> {
    objects: &'a [Waitable<'a>],
    /// For objects shared with other processes.
    poller: Option<Poller>,
}

impl<'a> Registered<'a> {
    fn new(objects: &'a [Waitable<'a>]) -> Result<Registered<'a>> {
        let shared = objects.iter().any(|object| object.bell().is_some());
        let poller = shared.then(|| Poller::new(objects)).transpose()?;
        let dispatcher = DISPATCHER.get();
        let mut sleepers = dispatcher.sleepers();
        sleepers.extend(poller.as_ref().map(Poller::wake));
        dispatcher.waiting.fetch_add(1, Ordering::Relaxed);
        objects.iter().filter_map(Waitable::object).for_each(SyncObject::begin_wait);
        Ok(Registered { objects, poller })
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let dispatcher = DISPATCHER.get();
        let mut sleepers = dispatcher.sleepers();
        if let Some(poller) = &self.poller {
            let wake = poller.wake();
            sleepers.retain(|other| !Arc::ptr_eq(&wake, other));
        }
        dispatcher.waiting.fetch_sub(1, Ordering::Relaxed);
        self.objects.iter().filter_map(Waitable::object).for_each(SyncObject::end_wait);
    }
}
