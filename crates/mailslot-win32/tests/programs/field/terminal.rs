//! A program on a pseudo-terminal: typed input, and the output shown.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::text::{Found, find, plain};

/// The destination of the program's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To the terminal, as in real life.
    Terminal,
    /// To a pipe: on a terminal, Wine draws its console with escape sequences, which cannot be compared. It reads keys,
    /// not lines. Wine's processes may keep the pipe open after the program's end.
    Pipe,
}

pub struct Terminal {
    program: Child,
    keyboard: File,
    output: File,
    /// Whether the output ends with the program.
    closes: bool,
    /// The output read so far, unchanged.
    raw: Vec<u8>,
    /// How much of the plain text has been matched.
    seen: usize,
}

impl Terminal {
    pub fn start(mut command: Command, output: Output) -> io::Result<Terminal> {
        let (master, slave) = pair(output)?;
        let keyboard = File::from(master);
        let closes = output == Output::Terminal;
        let (output, shown) = match output {
            Output::Terminal => (keyboard.try_clone()?, slave.try_clone()?),
            Output::Pipe => {
                let (reader, writer) = io::pipe()?;
                (File::from(OwnedFd::from(reader)), OwnedFd::from(writer))
            }
        };
        command.stdin(slave).stdout(shown.try_clone()?).stderr(shown);
        let program = command.spawn()?;
        // Only the program holds the other ends, so that its output ends with it.
        drop(command);
        Ok(Terminal { program, keyboard, output, closes, raw: Vec::new(), seen: 0 })
    }

    /// Types a line, or keys: Enter is `\r` on a keyboard.
    pub fn type_keys(&mut self, keys: &str) -> Result<(), String> {
        self.keyboard.write_all(keys.as_bytes()).map_err(|error| format!("typing {keys:?}: {error}"))
    }

    /// Waits until the program has shown this text, which must be its next output. `{}` stands for a word that differs
    /// from run to run.
    pub fn shows(&mut self, expected: &str) -> Result<(), String> {
        loop {
            let text = plain(&self.raw);
            let new = &text[self.seen..];
            match find(expected.as_bytes(), new) {
                Found::Whole(length) => {
                    self.seen += length;
                    return Ok(());
                }
                Found::Part if self.read()? => {}
                Found::Part | Found::Other => {
                    return Err(format!("expected {expected:?}\nfound    {:?}", String::from_utf8_lossy(new)));
                }
            }
        }
    }

    /// Waits until the program has ended, without more output, and with this status if given.
    pub fn ends(mut self, expected: Option<i32>) -> Result<(), String> {
        if self.closes {
            while self.read()? {}
        }
        let status = self.program.wait().map_err(|error| error.to_string())?;
        if !self.closes {
            rustix::io::ioctl_fionbio(&self.output, true).map_err(|error| error.to_string())?;
            while self.read()? {}
        }
        let text = plain(&self.raw);
        let more = String::from_utf8_lossy(&text[self.seen..]);
        if expected.is_some_and(|expected| status.code() != Some(expected)) || !more.is_empty() {
            return Err(format!("expected the end with {expected:?}\nfound    {status} after {more:?}"));
        }
        Ok(())
    }

    /// Reads more of the output; false at its end.
    fn read(&mut self) -> Result<bool, String> {
        let mut buffer = [0; 4096];
        match self.output.read(&mut buffer) {
            // The end of a terminal.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Ok(false),
            // No more output: only checked when none can follow.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.to_string()),
            Ok(length) => {
                self.raw.extend_from_slice(&buffer[..length]);
                Ok(length > 0)
            }
        }
    }
}

impl Drop for Terminal {
    /// Kills the program if it still runs, because a step of its script failed. `timeout` has put it into a group.
    fn drop(&mut self) {
        if matches!(self.program.try_wait(), Ok(None)) {
            // Fails if it ends by itself meanwhile.
            let _ = kill_process_group(Pid::from_child(&self.program), Signal::KILL);
            let _ = self.program.kill();
            let _ = self.program.wait();
        }
    }
}

/// A new pseudo-terminal without echo.
fn pair(output: Output) -> io::Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = open(ptsname(&master, Vec::new())?, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut attributes = tcgetattr(&slave)?;
    attributes.local_modes.remove(LocalModes::ECHO);
    if output == Output::Pipe {
        attributes.make_raw();
    }
    tcsetattr(&slave, OptionalActions::Now, &attributes)?;
    Ok((master, slave))
}
