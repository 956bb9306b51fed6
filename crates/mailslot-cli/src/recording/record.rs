//! A recorded message.

use std::time::SystemTime;

use mailslot::{Message, SlotName};

/// A message, with its slot and the time when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub time: SystemTime,
    pub slot: SlotName,
    pub message: Message,
}
