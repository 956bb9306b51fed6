//! The thread that looks at slots, and at everything else that changes without notice: every second, and when slots
//! change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::link::take_refusals;
use crate::process::is_own;
use crate::routes::{Parts, current};
use crate::sys::{Wake, Watch, open_slots, processor_time, turn_linger_off};

/// After a look at the slots that took longer than this, the next one waits.
const LONG_LOOK: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_millis(500);

/// What the thread looks at.
pub(crate) struct Looking {
    pub(crate) watch: Watch,
    pub(crate) parts: Arc<RwLock<Parts>>,
    /// Woken when there is something to look at.
    pub(crate) changed: Arc<Wake>,
}

impl Looking {
    /// Looks until `stop` is true.
    pub(crate) fn run(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let begun = processor_time();
            self.look();
            // Any local user can create and close slots all the time: looking takes at most a fifth of a processor.
            let took = processor_time().saturating_sub(begun);
            if took > LONG_LOOK {
                std::thread::sleep((4 * took).min(LONGEST_REST));
            }
            self.watch.wait(&self.changed);
            self.changed.clear();
        }
    }

    fn look(&self) {
        announce(&self.parts);
        remember(&self.parts, false);
        if let Some(refused) = take_refusals() {
            tracing::warn!(name: "sessions_refused", number = refused.number, last = %refused.last);
        }
        if is_own() {
            // Once a second is often enough: a session that is cut off ends after Zenoh's lease of ten seconds.
            turn_linger_off();
        }
    }
}

/// Writes the computers of sealed domains to their file.
pub(crate) fn remember(parts: &RwLock<Parts>, at_the_end: bool) {
    let known = Arc::clone(&parts.read().unwrap_or_else(PoisonError::into_inner).known);
    if let Err(error) = known.save(at_the_end) {
        tracing::warn!(name: "computers_not_kept", reason = %error);
    }
}

fn announce(parts: &RwLock<Parts>) {
    let named = parts.read().unwrap_or_else(PoisonError::into_inner).slots.clone();
    match open_slots(&named) {
        Ok(slots) => current(parts).iter().for_each(|member| member.update(&slots)),
        // What is announced stays announced, and nobody is told that a slot does not exist.
        Err(_) => current(parts).iter().for_each(|member| member.state.slots_unknown()),
    }
}
