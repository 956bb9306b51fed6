//! Signals, as a descriptor that can be polled.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::poll::Source;
use crate::error::{Error, Result};

/// SIGINT and SIGTERM, which end a node, and SIGHUP, which makes it read its settings again.
pub(crate) struct Signals {
    wake: UnixStream,
    end: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn catch() -> Result<Signals> {
        Signals::register().map_err(|source| Error::io("catch signals", source))
    }

    /// For a node in another program, which handles its signals itself: [`End`] replaces them.
    pub(crate) fn by_program() -> Result<(Signals, End)> {
        let (wake, other) = UnixStream::pair().map_err(|source| Error::io("create a pair of sockets", source))?;
        wake.set_nonblocking(true).map_err(|source| Error::io("create a pair of sockets", source))?;
        let (end, reload) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        Ok((Signals { wake, end: Arc::clone(&end), reload }, End { wake: other, end }))
    }

    fn register() -> std::io::Result<Signals> {
        let (wake, handler_end) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let (end, reload) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for (signal, flag) in [(SIGINT, &end), (SIGTERM, &end), (SIGHUP, &reload)] {
            // The flag is set before the wake-up: handlers run in the order of registration.
            flag::register(signal, Arc::clone(flag))?;
            low_level::pipe::register(signal, handler_end.try_clone()?)?;
        }
        Ok(Signals { wake, end, reload })
    }

    /// Readable once a signal has arrived.
    pub(crate) fn source(&self) -> Source<'_> {
        self.wake.as_fd()
    }

    pub(crate) fn is_end(&self) -> bool {
        self.end.load(Ordering::SeqCst)
    }

    /// Whether to read the settings again. Returns `true` once for each request.
    pub(crate) fn is_reload(&self) -> bool {
        let mut bytes = [0; 64];
        while matches!((&self.wake).read(&mut bytes), Ok(size) if size == bytes.len()) {}
        self.reload.swap(false, Ordering::SeqCst)
    }
}

/// Ends a node as SIGTERM does.
pub(crate) struct End {
    wake: UnixStream,
    end: Arc<AtomicBool>,
}

impl End {
    pub(crate) fn set(&self) {
        self.end.store(true, Ordering::SeqCst);
        // If there is no room, the node is being woken already.
        let _ = (&self.wake).write(&[0]);
    }
}
