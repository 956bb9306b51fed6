//! The slots of a command, waited for together.

use std::time::Duration;

use mailslot::{Error, Mailslot, Message, SlotName, Timeout};

use super::signals::Signals;
use crate::exit::Result;

/// Slots that this process owns: one or more.
pub struct Slots {
    slots: Vec<Mailslot>,
    /// The slot that is tried first the next time, so that a busy slot does not starve the others.
    next: usize,
}

impl Slots {
    pub fn new(slots: Vec<Mailslot>) -> Result<Slots> {
        Ok(Slots { slots, next: 0 })
    }

    pub fn name(&self, index: usize) -> &SlotName {
        self.slots[index].name()
    }

    /// Takes up to `max` messages out of one slot that has some, and returns its index.
    pub fn try_receive(&mut self, messages: &mut Vec<Message>, max: usize) -> Result<Option<usize>> {
        for turn in 0..self.slots.len() {
            let index = (self.next + turn) % self.slots.len();
            match self.slots[index].receive_batch_within(messages, max, Timeout::Zero) {
                Err(Error::TimedOut) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    self.next = index + 1;
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    /// Waits until there may be a message, a signal has come, the reader of the output is gone, or `timeout` has
    /// passed.
    pub fn wait(&mut self, signals: &Signals, watch_output: bool, timeout: Option<Duration>) -> Result {
        super::wait_for_any(&self.slots, signals, watch_output, timeout)
    }

    /// Closes the slots, and passes the messages that they had accepted to `handle`.
    pub fn close(self, mut handle: impl FnMut(&SlotName, Message)) -> Result {
        for slot in self.slots {
            let name = slot.name().clone();
            slot.close(|message| handle(&name, message))?;
        }
        Ok(())
    }
}
