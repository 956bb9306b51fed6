//! A program on a pseudo-terminal: what is typed to it, and what it shows.

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

/// Where the program's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To the terminal, as in real life.
    Terminal,
    /// To a pipe: Wine draws its console on a terminal with escape sequences, which is no text to compare. It reads keys,
    /// not lines. Wine's own processes may have the pipe open after the program's end.
    Pipe,
}

pub struct Terminal {
    program: Child,
    keyboard: File,
    output: File,
    /// It ends with the program.
    closes: bool,
    /// What was read of the output, as it came.
    raw: Vec<u8>,
    /// So much of the plain text has been expected and was there.
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
        // The program alone holds the other ends, so that its end is the end of its output.
        drop(command);
        Ok(Terminal { program, keyboard, output, closes, raw: Vec::new(), seen: 0 })
    }

    /// Types a line, or keys: Enter is `\r` on a keyboard.
    pub fn type_keys(&mut self, keys: &str) -> Result<(), String> {
        self.keyboard.write_all(keys.as_bytes()).map_err(|error| format!("typing {keys:?}: {error}"))
    }

    /// Waits until the program has shown this text, which must be what it shows next. `{}` stands for a word that differs
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

    /// Waits until the program has ended, without another word, and with this status if there is one.
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
            // So the end of a terminal looks.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Ok(false),
            // Which is only asked for when there cannot come more.
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
    /// Ends the program, if it has not ended: a step of its script failed. `timeout` has put it into a group.
    fn drop(&mut self) {
        if matches!(self.program.try_wait(), Ok(None)) {
            // It may end by itself meanwhile.
            let _ = kill_process_group(Pid::from_child(&self.program), Signal::KILL);
            let _ = self.program.kill();
            let _ = self.program.wait();
        }
    }
}

/// A new pseudo-terminal that does not show what is typed.
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
