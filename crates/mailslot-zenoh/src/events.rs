//! What happens while domains are at work, for whoever keeps a log.

use core::fmt::Display;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::wake::Wake;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What, as one word with `_`.
    pub name: &'static str,
    /// More about it, by name.
    pub fields: Vec<(&'static str, String)>,
}

/// Events that may wait to be taken.
pub(crate) const WAITING: usize = 1024;

/// Where events go.
#[derive(Clone)]
pub(crate) struct Events {
    pub(crate) sender: SyncSender<Event>,
    pub(crate) wake: Arc<Wake>,
}

impl Events {
    pub(crate) fn send(&self, name: &'static str, fields: Vec<(&'static str, String)>) {
        // Without anybody who listens there is nobody to tell, and whoever cannot keep up learns no more: what has happened is
        // counted elsewhere.
        if self.sender.try_send(Event { name, fields }).is_ok() {
            self.wake.wake();
        }
    }
}

/// One field of an event.
pub(crate) fn field(name: &'static str, value: impl Display) -> (&'static str, String) {
    (name, value.to_string())
}
