//! Reads the node's slots.

use std::cell::Cell;
use std::time::Instant;

use mailslot::network::Retry;
use mailslot::{Error, Mailslot, Message, Timeout};

use super::poll::Source;

/// One of the node's slots. A failed read does not end the node: the slot is not read for a while.
pub(crate) struct Intake {
    slot: Mailslot,
    retry: Retry,
    /// When to try again; `None` while reads succeed.
    again: Option<Instant>,
    /// What the last wait has read: waiting for a message of a mailslot is reading it.
    waited: Cell<Option<mailslot::Result<Message>>>,
}

impl Intake {
    pub(crate) fn new(slot: Mailslot) -> Intake {
        Intake { slot, retry: Retry::default(), again: None, waited: Cell::default() }
    }

    /// Has a message to wait for; `None` during a pause after a failure, when waiting would be a busy loop.
    pub(crate) fn source(&self, now: Instant) -> Option<Source<'_>> {
        (!self.is_left_alone(now)).then_some(Source::Slot(self))
    }

    pub(super) fn slot(&self) -> &Mailslot {
        &self.slot
    }

    /// Waits for a message as long as `timeout` says. Returns whether there is one, or an error to handle.
    pub(super) fn wait(&self, timeout: Timeout) -> bool {
        let waited = self.waited.take();
        let read = match waited {
            Some(read) => Some(read),
            None => match self.slot.receive_within(timeout) {
                // Reads were aborted, to end the node.
                Err(Error::TimedOut | Error::Closed) => None,
                read => Some(read),
            },
        };
        let is_ready = read.is_some();
        self.waited.set(read);
        is_ready
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.again
    }

    /// The next message, if one can be read.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Message> {
        if self.is_left_alone(now) {
            return None;
        }
        let read = match self.waited.take() {
            Some(waited) => waited.map(Some),
            None => self.slot.try_receive(),
        };
        self.take(now, read)
    }

    fn take(&mut self, now: Instant, read: mailslot::Result<Option<Message>>) -> Option<Message> {
        self.again = None;
        match read {
            Ok(message) => {
                self.retry.worked();
                message
            }
            Err(error) => {
                let failed = self.retry.failed(now, &error);
                if failed.is_news {
                    tracing::warn!(name: "slot_not_read", slot = %self.slot.name(), reason = %error);
                }
                self.again = Some(now + failed.pause);
                None
            }
        }
    }

    fn is_left_alone(&self, now: Instant) -> bool {
        self.again.is_some_and(|again| again > now)
    }
}
