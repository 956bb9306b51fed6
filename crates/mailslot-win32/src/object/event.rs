//! Events.

use crate::wait::Signal;

pub(crate) struct Event {
    pub(crate) signal: Signal,
}

impl Event {
    pub(crate) fn new(manual_reset: bool, set: bool) -> Event {
        Event { signal: if manual_reset { Signal::new(set) } else { Signal::auto_reset(set) } }
    }
}
