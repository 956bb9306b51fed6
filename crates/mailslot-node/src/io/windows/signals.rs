//! What ends a node: Ctrl+C, Ctrl+Break, the end of its console, and the end of the session.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mailslot::Mailslot;

use super::poll::Source;
use crate::error::{Error, Result};

/// Whether the node is to end, and what wakes it.
#[derive(Clone, Default)]
pub(crate) struct Signals {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    end: bool,
    /// The slot that the node's thread waits for.
    slot: Option<Mailslot>,
}

impl Signals {
    pub(crate) fn catch() -> Result<Signals> {
        let signals = Signals::default();
        let end = End(signals.clone());
        ctrlc::set_handler(move || end.set())
            .map_err(|error| Error::io("catch Ctrl+C", std::io::Error::other(error)))?;
        Ok(signals)
    }

    /// For a node in another program, which handles its signals itself: [`End`] replaces them.
    pub(crate) fn by_program() -> Result<(Signals, End)> {
        let signals = Signals::default();
        let end = End(signals.clone());
        Ok((signals, end))
    }

    pub(crate) fn is_end(&self) -> bool {
        self.state().end
    }

    /// Nothing makes a node on Windows read its settings again.
    pub(crate) fn is_reload(&self) -> bool {
        false
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source::Signals(self)
    }

    /// From now on the end ends the reads of `slot`. Returns whether the end was requested already.
    pub(super) fn end_reads_of(&self, slot: &Mailslot) -> bool {
        let mut state = self.state();
        state.slot.get_or_insert_with(|| slot.clone());
        state.end
    }

    /// Waits for the end, until `until` at the latest.
    pub(super) fn wait(&self, until: Option<Instant>) {
        let (state, changed) = (self.state(), &self.shared.1);
        match until {
            None => drop(changed.wait_while(state, |state| !state.end).unwrap_or_else(PoisonError::into_inner)),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                let waited = changed.wait_timeout_while(state, left, |state| !state.end);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a node as Ctrl+C does.
pub(crate) struct End(Signals);

impl End {
    pub(crate) fn set(&self) {
        let mut state = self.0.state();
        state.end = true;
        if let Some(slot) = &state.slot {
            slot.abort_reads();
        }
        self.0.shared.1.notify_all();
    }
}
