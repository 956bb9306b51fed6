//! Commands on a terminal.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::machine::Machine;

const MAILSLOT: &str = env!("CARGO_BIN_EXE_mailslot");
const ROWS: u16 = 24;

/// A terminal, from the side of its user.
pub struct Terminal {
    terminal: File,
    name: CString,
    shown: Vec<u8>,
    screen: vt100::Parser,
}

impl Terminal {
    pub fn new(columns: u16) -> Terminal {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&terminal).expect("a controlling terminal");
        unlockpt(&terminal).expect("a terminal that can be opened");
        tcsetwinsize(&terminal, size(ROWS, columns)).expect("a size");
        let name = ptsname(&terminal, Vec::new()).expect("its name");
        let screen = vt100::Parser::new(cells(ROWS), cells(columns), 0);
        Terminal { terminal: File::from(terminal), name, shown: Vec::new(), screen }
    }

    /// The end for a process that runs on it.
    pub fn end(&self) -> Stdio {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let end: OwnedFd = rustix::fs::open(&self.name, flags, Mode::empty()).expect("the other end");
        end.into()
    }

    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.screen.screen_mut().set_size(cells(rows), cells(columns));
        tcsetwinsize(&self.terminal, size(rows, columns)).expect("a size");
    }

    pub fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("the terminal takes it");
    }

    /// Waits until the lines on the screen match, and returns them.
    #[track_caller]
    pub fn shows(&mut self, is_wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        loop {
            let lines: Vec<String> =
                self.screen.screen().rows(0, u16::MAX).map(|row| row.trim_end().to_owned()).collect();
            if is_wanted(&lines) {
                return lines;
            }
            assert!(self.read(), "the program ended; {lines:#?}");
        }
    }

    /// Whether the alternate screen is shown.
    pub fn is_alternate(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Types `keys`, and returns the output up to `answer`. Shells take a tab as text while more input waits, so do not
    /// type ahead.
    pub fn type_until(&mut self, keys: &str, answer: &str) -> String {
        let typed = self.shown.len();
        self.press(keys);
        loop {
            let shown = String::from_utf8_lossy(&self.shown[typed..]).into_owned();
            if shown.contains(answer) {
                return shown;
            }
            assert!(self.read(), "the program ended before {answer:?}; ./test command installs it\n{shown}");
        }
    }

    /// Waits for the end of a process, which must be the only one on this terminal. Returns its status and all output.
    pub fn finish(mut self, mut child: Child) -> (ExitStatus, String) {
        while self.read() {}
        (child.wait().expect("the command ends"), String::from_utf8_lossy(&self.shown).into_owned())
    }

    /// Reads output, and returns whether a process has the other end open.
    fn read(&mut self) -> bool {
        let mut some = [0; 1024];
        // Reading a terminal that no process has open ends with an error.
        let n = self.terminal.read(&mut some).unwrap_or(0);
        self.shown.extend_from_slice(&some[..n]);
        self.screen.process(&some[..n]);
        n > 0
    }
}

/// A shell on a terminal of 80 columns, with the command in its PATH. Dropping it ends it.
pub struct Shell {
    terminal: Terminal,
    child: Child,
}

impl Shell {
    pub fn start(machine: &Machine, term: &str, shell: &[&str]) -> Shell {
        let terminal = Terminal::new(80);
        let directory = Path::new(MAILSLOT).parent().expect("the directory of the command").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .args(shell)
            .env_clear()
            .env("PATH", format!("{directory}:{path}"))
            .env("MAILSLOT_ROOT", machine.root())
            .env("HOME", machine.root())
            .env("TERM", term)
            .stdin(terminal.end())
            .stdout(terminal.end())
            .stderr(terminal.end())
            .spawn()
            .expect("setsid starts");
        Shell { terminal, child }
    }
}

impl Deref for Shell {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

impl DerefMut for Shell {
    fn deref_mut(&mut self) -> &mut Terminal {
        &mut self.terminal
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a terminal has cells")
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
