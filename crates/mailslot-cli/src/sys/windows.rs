//! On Windows.

use std::convert::Infallible;
use std::io::{self, Write};
use std::os::windows::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use mailslot::{Error, Mailslot, Message, Timeout};

use self::signals::Signals;
use crate::exit::Result;

pub const KILL: &str = "TerminateProcess";
/// Windows does so, but Wine lets a writer keep the slot of a dead owner.
pub const DEATH_ENDS_SLOTS: bool = false;

/// Users and groups have no numbers here that slots could be opened for.
pub mod accounts {
    const NO_NUMBERS: &str = "Windows has no numbers for users and groups: write owner or everyone";

    pub fn user_id(_: &str) -> Result<u32, String> {
        Err(NO_NUMBERS.into())
    }

    pub fn group_id(_: &str) -> Result<u32, String> {
        Err(NO_NUMBERS.into())
    }

    pub fn user(uid: u32) -> String {
        uid.to_string()
    }

    pub fn group(gid: u32) -> String {
        gid.to_string()
    }
}

pub mod signals {
    use crate::exit::Result;

    /// Nothing: Ctrl-C ends the process, and the system closes the slot and hands out what was printed.
    pub struct Signals;

    impl Signals {
        pub fn catch() -> Result<Signals> {
            Ok(Signals)
        }

        pub fn check(&self) -> Result {
            Ok(())
        }
    }
}

/// Receives up to `max` messages as soon as there is one; none when `timeout` is over. That nobody reads the output is
/// noticed when something is printed.
pub fn wait(
    slot: &Mailslot,
    _signals: &Signals,
    _watch_output: bool,
    messages: &mut Vec<Message>,
    max: usize,
    timeout: Option<Duration>,
) -> Result {
    match slot.receive_batch_within(messages, max, timeout.map_or(Timeout::Forever, Timeout::After)) {
        Ok(_) | Err(Error::TimedOut) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What waits for `Tell`.
pub struct Done(Receiver<()>);

/// Tells `Done`, and has told when it is gone.
pub struct Tell(Sender<()>);

pub fn done() -> Result<(Done, Tell)> {
    let (tell, done) = mpsc::channel();
    Ok((Done(done), Tell(tell)))
}

impl Done {
    pub fn wait(&self, _signals: &Signals) -> Result {
        // It fails when `Tell` is gone.
        let _ = self.0.recv();
        Ok(())
    }
}

impl Tell {
    pub fn tell(&self) {
        // Nobody may be waiting any more.
        let _ = self.0.send(());
    }
}

/// Standard output.
pub struct Stdout<'a> {
    pub signals: &'a Signals,
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        stdout().flush()
    }
}

#[expect(clippy::disallowed_methods, reason = "messages are written as they are")]
fn stdout() -> io::Stdout {
    io::stdout()
}

/// A command of the user's shell.
pub fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    // With /S, exactly these two quotes are taken away, and the rest is left as the user wrote it.
    shell.args(["/D", "/S", "/C"]).raw_arg(format!("\"{command}\""));
    shell
}

/// How a command ended that has not succeeded.
pub fn describe(status: ExitStatus) -> String {
    format!("failed: {status}")
}

/// A line without its line feed, and without the carriage return that is part of line ends here.
pub fn line(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// There are no such sockets.
pub struct Datagram(Infallible);

pub fn datagram_pair() -> io::Result<(Datagram, Stdio)> {
    Err(no_datagrams())
}

pub fn inherited_datagram() -> io::Result<Datagram> {
    Err(no_datagrams())
}

fn no_datagrams() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "Windows has none, and there is nothing else here to compare with")
}

impl Datagram {
    pub fn send(&self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn set_nonblocking(&self, _: bool) -> io::Result<()> {
        match self.0 {}
    }

    pub fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        match self.0 {}
    }
}
