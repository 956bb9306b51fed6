//! How a terminal gives what is typed: in lines that it shows, as usual, or otherwise.

use super::ending;

/// `ENABLE_PROCESSED_INPUT`, `ENABLE_LINE_INPUT`, `ENABLE_ECHO_INPUT`.
const PROCESSED: u32 = 0x1;
const LINE: u32 = 0x2;
const ECHO: u32 = 0x4;

/// How the program wants its input, by the flags of `SetConsoleMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode(pub(crate) u32);

impl Mode {
    /// As terminals begin.
    pub(crate) const USUAL: Mode = Mode(PROCESSED | LINE | ECHO);

    pub(crate) fn gives_lines(self) -> bool {
        self.0 & LINE != 0
    }

    pub(crate) fn is_possible(self) -> bool {
        self.gives_lines() || self.0 & ECHO == 0
    }

    /// Changes standard input to this. The lock of the console must be held.
    pub(super) fn apply(self) -> bool {
        let Some(mut settings) = ending::settings_before() else { return false };
        for (flag, bit) in [(PROCESSED, libc::ISIG), (LINE, libc::ICANON), (ECHO, libc::ECHO)] {
            settings.c_lflag = if self.0 & flag != 0 { settings.c_lflag | bit } else { settings.c_lflag & !bit };
        }
        if !self.gives_lines() {
            key_by_key(&mut settings);
        }
        ending::change(&settings)
    }
}

/// While this lives, the terminal gives each key at once, and does not show it.
pub(super) struct Raw {
    /// The program's choice, to be gone back to.
    mode: Option<Mode>,
}

impl Raw {
    /// The lock of the console must be held.
    pub(super) fn enter(mode: Option<Mode>) -> Option<Raw> {
        let mut settings = ending::settings_before()?;
        settings.c_lflag &= !(libc::ICANON | libc::ECHO);
        key_by_key(&mut settings);
        let raw = Raw { mode };
        ending::change(&settings).then_some(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        match self.mode {
            Some(mode) => drop(mode.apply()),
            None => ending::put_input_back(),
        }
    }
}

fn key_by_key(settings: &mut libc::termios) {
    settings.c_iflag &= !(libc::ICRNL | libc::INLCR | libc::IGNCR);
    settings.c_cc[libc::VMIN] = 1;
    settings.c_cc[libc::VTIME] = 0;
}
