//! Waits for several descriptors at once.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Error, Result};
use crate::io::sockets::SocketId;

/// The purpose of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A signal, or the end of an embedded node.
    Signals,
    /// Interfaces, addresses or routes have changed.
    Changes,
    /// Messages of this machine's programs to other machines.
    Outgoing,
    /// Requests of this machine's programs.
    Control,
    /// Modern domains.
    Domains,
    /// Datagrams from nmbd.
    Nmbd,
    /// Packets.
    Socket(SocketId),
}

/// What a node can wait for: a descriptor that becomes readable.
pub(crate) type Source<'a> = BorrowedFd<'a>;

/// Descriptors of a machine with one interface; room for these is allocated at the start.
const USUAL: usize = 16;

/// The descriptors to wait for.
pub(crate) struct Poll<'a> {
    fds: Vec<PollFd<'a>>,
    tokens: Vec<Token>,
}

impl<'a> Poll<'a> {
    /// No descriptors yet.
    pub(crate) fn new() -> Poll<'a> {
        Poll { fds: Vec::with_capacity(USUAL), tokens: Vec::with_capacity(USUAL) }
    }

    /// Adds `fd`, to wait until it is readable; adds nothing if it is `None`.
    pub(crate) fn add(&mut self, token: Token, fd: impl Into<Option<Source<'a>>>) {
        if let Some(fd) = fd.into() {
            self.fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            self.tokens.push(token);
        }
    }

    /// Waits until a descriptor is readable, the time `until` has come, or a signal arrives. Returns the tokens of
    /// readable descriptors, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system cannot wait.
    pub(crate) fn wait(mut self, now: Instant, until: Option<Instant>) -> Result<Vec<Token>> {
        let left = until.map(|until| until.saturating_duration_since(now));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut self.fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::io("wait for packets", error)),
        }
        let mut fds = self.fds.iter();
        self.tokens.retain(|_| fds.next().is_some_and(|fd| !fd.revents().is_empty()));
        Ok(self.tokens)
    }
}
