//! On Unix.

pub mod accounts;
pub mod signals;
mod slots;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::signals::Signals;
use crate::exit::{Failure, Result};

pub use self::slots::Slots;
pub use std::os::unix::net::UnixDatagram as Datagram;

pub const KILL: &str = "SIGKILL";
pub const DEATH_ENDS_SLOTS: bool = true;

/// Waits until `source` may be readable, a signal has come, the reader of the output is gone, or `timeout` has passed.
#[cfg(feature = "node")]
pub fn wait_for(source: &impl AsFd, signals: &Signals, watch_output: bool, timeout: Option<Duration>) -> Result {
    wait_for_any(std::slice::from_ref(source), signals, watch_output, timeout)
}

/// The same for any of several sources.
pub fn wait_for_any(sources: &[impl AsFd], signals: &Signals, watch_output: bool, timeout: Option<Duration>) -> Result {
    let stdout = stdout();
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    let mut fds = Vec::with_capacity(sources.len() + 2);
    fds.push(PollFd::new(signals, PollFlags::IN));
    if watch_output {
        // No events: poll always reports a pipe without a reader.
        fds.push(PollFd::new(&stdout, PollFlags::empty()));
    }
    fds.extend(sources.iter().map(|source| PollFd::new(source, PollFlags::IN)));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(Failure::io("wait for a message", error)),
    }
    match fds.get(1).filter(|_| watch_output) {
        Some(output) if output.revents().intersects(PollFlags::ERR | PollFlags::HUP) => Err(Failure::ClosedPipe),
        _ => Ok(()),
    }
}

/// Waits until `time` has passed, or a signal has come.
pub fn sleep(signals: &Signals, time: Option<Duration>) -> Result {
    wait_for_any(&[] as &[OwnedFd], signals, false, time)
}

/// The end that waits for `Notifier`.
pub struct Done(UnixStream);

/// The end that notifies `Done`, at the latest when it is dropped.
pub struct Notifier(UnixStream);

pub fn done() -> Result<(Done, Notifier)> {
    let (done, notifier) = UnixStream::pair().map_err(|source| Failure::io("create a pair of sockets", source))?;
    Ok((Done(done), Notifier(notifier)))
}

impl Done {
    /// Waits until it is notified, or a signal has come.
    pub fn wait(&self, signals: &Signals) -> Result {
        let failed = |error| Failure::io("wait for a command", error);
        loop {
            let mut fds = [PollFd::new(&self.0, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(failed(io::Error::from(error))),
            }
            if !fds[0].revents().is_empty() {
                return (&self.0).read(&mut [0]).map(drop).map_err(failed);
            }
            if !fds[1].revents().is_empty() {
                return Ok(());
            }
        }
    }
}

impl Notifier {
    pub fn notify(&self) {
        // Fails if `Done` is gone.
        let _ = (&self.0).write(&[0]);
    }
}

/// Standard output, unbuffered. A signal ends the command even while a pipe is full.
pub struct Stdout<'a> {
    pub signals: &'a Signals,
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stdout = stdout();
        loop {
            let mut fds = [PollFd::new(&stdout, PollFlags::OUT), PollFd::new(self.signals, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !fds[0].revents().is_empty() {
                // A pipe that polls as writable accepts this many bytes without blocking.
                return Ok(rustix::io::write(&stdout, &bytes[..bytes.len().min(PIPE_PAGE)])?);
            }
            if !fds[1].revents().is_empty() {
                return Err(io::Error::other("a signal came while the output was waiting for its reader"));
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const PIPE_PAGE: usize = 4096;

#[expect(clippy::disallowed_methods, reason = "it is polled, and messages are written as they are")]
fn stdout() -> io::Stdout {
    io::stdout()
}

/// A command of the user's shell.
pub fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// How a command failed.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("failed with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended in an unknown way".into(),
    }
}

/// A line without its end, which is a line feed.
pub fn line(line: &[u8]) -> &[u8] {
    line
}

/// Two connected sockets, the second one as the standard input of another process.
pub fn datagram_pair() -> io::Result<(Datagram, Stdio)> {
    let (ours, theirs) = UnixDatagram::pair()?;
    Ok((ours, OwnedFd::from(theirs).into()))
}

/// The socket that is this process's standard input.
pub fn inherited_datagram() -> io::Result<Datagram> {
    io::stdin().as_fd().try_clone_to_owned().map(UnixDatagram::from)
}
