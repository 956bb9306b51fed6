//! The terminal: set up, restored however the command ends, and waited for.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyEvent};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::layout::{Position, Rect};
use ratatui::{DefaultTerminal, Frame};
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook::{flag, low_level};

use crate::exit::{Failure, Result};
use crate::signals::Signals;
use crate::{output, sys};

/// The terminal as `top` needs it: the alternate screen, and keys without line buffering. Dropping it restores the
/// terminal; a panic restores it before printing its message, which would otherwise be lost.
pub struct Screen {
    terminal: DefaultTerminal,
    signals: Signals,
    /// Readable after a signal that does not end the command.
    woken: UnixStream,
    /// Set by SIGTSTP, as sent by Ctrl-Z.
    stop: Arc<AtomicBool>,
    /// The time of the last picture.
    drawn: Instant,
}

/// The shortest time between two pictures, unless a key is pressed.
const PICTURE: Duration = Duration::from_millis(50);

impl Screen {
    pub fn open() -> Result<Screen> {
        if !output::is_terminal() || !io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "top needs a terminal for its output and for keys: for a pipe, use list --watch or hz",
            ));
        }
        let signals = Signals::catch()?;
        let (woken, stop) = wakes().map_err(|source| Failure::io("catch signals", source))?;
        // From here on a panic restores the terminal.
        let terminal = ratatui::try_init().map_err(failed)?;
        Ok(Screen { terminal, signals, woken, stop, drawn: Instant::now() })
    }

    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result {
        self.drawn = Instant::now();
        self.terminal.draw(draw).map(drop).map_err(failed)
    }

    /// Waits for keys until `deadline`, until `more` is readable, or until the screen must be drawn again. Returns the
    /// keys.
    pub fn wait(&mut self, deadline: Option<Instant>, more: Option<BorrowedFd<'_>>) -> Result<Vec<KeyEvent>> {
        let left = |until: Option<Instant>| until.map(|until| until.saturating_duration_since(Instant::now()));
        let stdin = io::stdin();
        let keys = [stdin.as_fd(), self.woken.as_fd()];
        // A busy slot is not drawn faster than the eye can follow.
        let pause = more.and_then(|_| self.drawn.checked_add(PICTURE));
        if let Some(pause) = pause {
            sys::wait_for_any(&keys, &self.signals, false, left(Some(deadline.map_or(pause, |end| end.min(pause)))))?;
        }
        if pause.is_none_or(|pause| pause <= Instant::now()) {
            let sources: Vec<_> = keys.into_iter().chain(more).collect();
            sys::wait_for_any(&sources, &self.signals, false, left(deadline))?;
        }
        self.signals.check()?;
        while matches!(rustix::io::read(&self.woken, &mut [0; 64]), Ok(1..)) {}
        if self.stop.swap(false, Ordering::Relaxed) {
            self.stop()?;
        }
        let mut keys = Vec::new();
        while event::poll(Duration::ZERO).map_err(failed)? {
            if let Event::Key(key) = event::read().map_err(failed)? {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// Restores the terminal, stops this process as its shell expects, and sets the terminal up again when the process
    /// continues.
    pub fn stop(&mut self) -> Result {
        leave(&mut self.terminal).map_err(failed)?;
        low_level::emulate_default_handler(SIGTSTP).map_err(failed)?;
        enable_raw_mode().and_then(|()| execute!(self.terminal.backend_mut(), EnterAlternateScreen)).map_err(failed)?;
        // Draws everything again, in the current size. Not by `clear`: that first asks the terminal for its cursor, and
        // not every terminal answers.
        let size = self.terminal.size().map_err(failed)?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size))).map_err(failed)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Fails only if the terminal is gone.
        let _ = leave(&mut self.terminal);
    }
}

fn leave(terminal: &mut DefaultTerminal) -> io::Result<()> {
    let left = execute!(terminal.backend_mut(), LeaveAlternateScreen, cursor::Show);
    disable_raw_mode().and(left)
}

/// A socket that is readable after a signal that changes the screen, and the flag for SIGTSTP.
fn wakes() -> io::Result<(UnixStream, Arc<AtomicBool>)> {
    let (woken, handler_end) = UnixStream::pair()?;
    woken.set_nonblocking(true)?;
    let stop = Arc::new(AtomicBool::new(false));
    // The flag first, so that it is set before the socket wakes the command.
    flag::register(SIGTSTP, Arc::clone(&stop))?;
    for signal in [SIGTSTP, SIGCONT, SIGWINCH] {
        low_level::pipe::register(signal, handler_end.try_clone()?)?;
    }
    Ok((woken, stop))
}

fn failed(source: io::Error) -> Failure {
    Failure::io("use the terminal", source)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::process::{Command, Stdio};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;

    /// Set in the child process that panics.
    const PART: &str = "MAILSLOT_TEST_PANIC";

    /// Run by the test below, on a terminal.
    #[test]
    fn panics_on_a_screen() {
        if std::env::var_os(PART).is_some() {
            let mut screen = Screen::open().expect("a terminal");
            screen.draw(|_| panic!("as it may")).expect("it panics before");
        }
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_says_anything() {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&terminal).expect("a controlling terminal");
        unlockpt(&terminal).expect("a terminal that can be opened");
        let name = ptsname(&terminal, Vec::new()).expect("its name");
        let open = || rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let end = || Stdio::from(open().expect("the other end"));
        // Keeps the terminal's settings until they are checked.
        let kept = open().expect("the other end");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "commands::top::screen::tests::panics_on_a_screen", "--nocapture"])
            .env(PART, "1")
            // A terminal that is not read holds little output.
            .env("RUST_BACKTRACE", "0")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("it starts");
        assert!(!child.wait().expect("it ends").success());
        let modes = tcgetattr(&terminal).expect("settings").local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG), "{modes:?}");
        drop(kept);
        let mut shown = Vec::new();
        // Reading a terminal that no process has open ends with an error.
        let _ = File::from(terminal).read_to_end(&mut shown);
        let shown = String::from_utf8_lossy(&shown);
        let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text:?} is not in {shown:?}"));
        assert!(at("\u{1b}[?1049h") < at("\u{1b}[?1049l") && at("\u{1b}[?1049l") < at("as it may"), "{shown:?}");
    }
}
