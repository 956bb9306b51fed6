//! What is recorded of a message.

use std::time::SystemTime;

use mailslot::{Message, SlotName};

/// A message that came, where, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub time: SystemTime,
    pub slot: SlotName,
    pub message: Message,
}
