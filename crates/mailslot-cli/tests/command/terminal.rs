//! A terminal that a command is on, and what it shows.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::machine::Machine;

const MAILSLOT: &str = env!("CARGO_BIN_EXE_mailslot");

/// Programs on a terminal of their own. Dropping it ends them.
pub struct Terminal {
    /// The end at which a person sits.
    file: File,
    child: Child,
    /// All that was written to it.
    written: Vec<u8>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Starts a program on a terminal of 80 columns and 24 rows.
    pub fn start(machine: &Machine, term: &str, program: &[&str]) -> Terminal {
        let end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&end).expect("a terminal of one's own");
        unlockpt(&end).expect("a terminal that can be opened");
        let name = ptsname(&end, Vec::new()).expect("its name");
        tcsetwinsize(&end, size(24, 80)).expect("a size");
        let other_end = || {
            let end = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
            Stdio::from(end.expect("the other end"))
        };
        let directory = Path::new(MAILSLOT).parent().expect("the directory of the command").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .args(program)
            .env_clear()
            .env("PATH", format!("{directory}:{path}"))
            .env("MAILSLOT_ROOT", machine.root())
            .env("HOME", machine.root())
            .env("TERM", term)
            .stdin(other_end())
            .stdout(other_end())
            .stderr(other_end())
            .spawn()
            .expect("setsid starts");
        Terminal {
            file: File::from(end),
            child,
            written: Vec::new(),
            screen: vt100::Parser::new(cells(24), cells(80), 0),
        }
    }

    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.screen.screen_mut().set_size(cells(rows), cells(columns));
        tcsetwinsize(&self.file, size(rows, columns)).expect("a size");
    }

    pub fn press(&mut self, keys: &str) {
        self.file.write_all(keys.as_bytes()).expect("the terminal takes it");
    }

    /// Types `keys`, and returns what is written from then on until that contains `answer`. Shells take a tab for text while more
    /// is waiting to be read, so nothing may be typed ahead.
    pub fn type_until(&mut self, keys: &str, answer: &str) -> String {
        let typed = self.written.len();
        self.press(keys);
        loop {
            let written = String::from_utf8_lossy(&self.written[typed..]).into_owned();
            if written.contains(answer) {
                return written;
            }
            assert!(self.read(), "the program ended before {answer:?}; ./test command installs it\n{written}");
        }
    }

    /// Waits until the lines that are shown are as wanted, and returns them.
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

    /// Whether another screen than that of the shell is shown.
    pub fn is_alternate(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Whether the terminal is as programs find it: lines are edited, keys are echoed, and the cursor is shown.
    pub fn is_restored(&self) -> bool {
        let modes = tcgetattr(&self.file).expect("its settings").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
            && !self.is_alternate()
            && !self.screen.screen().hide_cursor()
    }

    /// Reads what was written; `false` if nobody has the terminal open any more.
    fn read(&mut self) -> bool {
        let mut some = [0; 4096];
        // A terminal that nobody has open any more ends in an error.
        let n = self.file.read(&mut some).unwrap_or(0);
        self.written.extend_from_slice(&some[..n]);
        self.screen.process(&some[..n]);
        n > 0
    }
}

impl Drop for Terminal {
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
