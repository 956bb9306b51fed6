//! Commands on a terminal.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal, from the side of whoever types and looks on.
pub struct Terminal {
    terminal: File,
    name: CString,
    shown: Vec<u8>,
}

impl Terminal {
    pub fn new(columns: u16) -> Terminal {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&terminal).expect("a terminal of one's own");
        unlockpt(&terminal).expect("a terminal that can be opened");
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).expect("a size");
        let name = ptsname(&terminal, Vec::new()).expect("its name");
        Terminal { terminal: File::from(terminal), name, shown: Vec::new() }
    }

    /// The end of a process that runs on it.
    pub fn end(&self) -> Stdio {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let end: OwnedFd = rustix::fs::open(&self.name, flags, Mode::empty()).expect("the other end");
        end.into()
    }

    /// Types `keys`, and returns what is shown from then on until the terminal shows `answer`.
    pub fn type_until(&mut self, keys: &str, answer: &str) -> String {
        let typed = self.shown.len();
        self.terminal.write_all(keys.as_bytes()).expect("the terminal takes it");
        loop {
            let shown = String::from_utf8_lossy(&self.shown[typed..]).into_owned();
            if shown.contains(answer) {
                return shown;
            }
            assert!(self.read(), "the program ended before {answer:?}; ./test command installs it\n{shown}");
        }
    }

    /// Waits for the end of a process, which alone has an end of this: its status, and all that was shown.
    pub fn finish(mut self, mut child: Child) -> (ExitStatus, String) {
        while self.read() {}
        (child.wait().expect("the command ends"), String::from_utf8_lossy(&self.shown).into_owned())
    }

    /// Reads what is shown, and returns whether anybody has the other end open.
    fn read(&mut self) -> bool {
        let mut some = [0; 1024];
        // A terminal that nobody has open any more ends in an error.
        let n = self.terminal.read(&mut some).unwrap_or(0);
        self.shown.extend_from_slice(&some[..n]);
        n > 0
    }
}
