//! Signals that end a command, as a descriptor to wait for.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::exit::{Failure, Result};

/// SIGINT and SIGTERM, caught. [`Signals::check`] reports the first one. The second one ends the process, in case the
/// command is stuck.
pub struct Signals {
    wake: UnixStream,
    /// The last signal, or 0.
    received: Arc<AtomicUsize>,
}

impl Signals {
    pub fn catch() -> Result<Signals> {
        Signals::register().map_err(|source| Failure::io("catch signals", source))
    }

    fn register() -> std::io::Result<Signals> {
        let (wake, handler_end) = UnixStream::pair()?;
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for (signal, number) in [(SIGINT, SIGINT as usize), (SIGTERM, SIGTERM as usize)] {
            // Handlers of one signal run in this order: the flag must be checked before it is set, and the number be
            // stored before the wake-up.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&received), number)?;
            low_level::pipe::register(signal, handler_end.try_clone()?)?;
        }
        Ok(Signals { wake, received })
    }

    /// Fails once a signal has come.
    pub fn check(&self) -> Result {
        match self.received.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => Err(Failure::Signal(i32::try_from(signal).unwrap_or(SIGTERM))),
        }
    }
}

/// Readable from the first signal on.
impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
