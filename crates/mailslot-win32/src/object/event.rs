//! Events.

use crate::code::Result;
use crate::sync_object::SyncObject;
use crate::wait::{Signal, Waitable};

pub(crate) enum Event {
    /// Not shared with other processes.
    Own(Signal),
    /// May be shared with other processes.
    Shared(SyncObject),
}

impl Event {
    pub(crate) fn new(manual_reset: bool, set: bool) -> Event {
        Event::Own(if manual_reset { Signal::new(set) } else { Signal::auto_reset(set) })
    }

    pub(crate) fn set(&self) -> Result<()> {
        match self {
            Event::Own(signal) => {
                signal.set();
                Ok(())
            }
            Event::Shared(object) => object.set_event(true),
        }
    }

    pub(crate) fn reset(&self) -> Result<()> {
        match self {
            Event::Own(signal) => {
                signal.reset();
                Ok(())
            }
            Event::Shared(object) => object.set_event(false),
        }
    }

    /// The object that a child process can inherit.
    pub(crate) fn shared(&self) -> Option<&SyncObject> {
        match self {
            Event::Own(_) => None,
            Event::Shared(object) => Some(object),
        }
    }

    pub(crate) fn waitable(&self) -> Waitable<'_> {
        match self {
            Event::Own(signal) => Waitable::Signal(signal),
            Event::Shared(object) => Waitable::Object(object),
        }
    }
}
