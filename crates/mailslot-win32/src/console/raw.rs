//! The input modes of a terminal: echoed lines, as usual, or others.

use super::ending;

/// `ENABLE_PROCESSED_INPUT`, `ENABLE_LINE_INPUT`, `ENABLE_ECHO_INPUT`.
const PROCESSED: u32 = 0x1;
const LINE: u32 = 0x2;
const ECHO: u32 = 0x4;

/// The program's input mode, by the flags of `SetConsoleMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode(pub(crate) u32);

impl Mode {
    /// The initial mode of terminals.
    pub(crate) const USUAL: Mode = Mode(PROCESSED | LINE | ECHO);

    pub(crate) fn gives_lines(self) -> bool {
        self.0 & LINE != 0
    }

    pub(crate) fn is_possible(self) -> bool {
        self.gives_lines() || self.0 & ECHO == 0
    }

    /// Sets this mode on standard input. The lock of the console must be held.
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

/// While this lives, the terminal returns each key at once, without echo.
pub(super) struct Raw {
    /// The program's mode, to be restored.
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
