//! The progress of a command that takes long.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::exit;

/// A line on standard error that shows how much of a time has passed. Only on a terminal, and only after a second.
/// Dropping `Progress` removes the line.
pub struct Progress {
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Shows that `what` is being done and takes about `total`.
    pub fn start(what: &'static str, total: Duration) -> Progress {
        if exit::is_quiet() || !stderr().is_terminal() {
            return Progress { shown: None };
        }
        let (alive, ended) = mpsc::channel();
        let show = move || {
            let begin = Instant::now();
            let mut is_shown = false;
            while ended.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
                // Fails only if standard error is closed.
                let _ = write!(stderr(), "{CLEAR}{}", line(what, begin.elapsed(), total));
                is_shown = true;
            }
            if is_shown {
                let _ = write!(stderr(), "{CLEAR}");
            }
        };
        // If the thread cannot be started, there is no line.
        let thread = thread::Builder::new().name("mailslot-progress".to_owned()).spawn(show);
        Progress { shown: thread.ok().map(|thread| (alive, thread)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((alive, thread)) = self.shown.take() {
            drop(alive);
            // Fails only if the thread panicked; nothing depends on the line.
            let _ = thread.join();
        }
    }
}

fn line(what: &str, elapsed: Duration, total: Duration) -> String {
    format!("{what}: {} s of {} s", elapsed.as_secs(), total.as_secs_f64().ceil())
}

#[expect(clippy::disallowed_methods, reason = "nothing is written but numbers and text of this command")]
fn stderr() -> io::Stderr {
    io::stderr()
}

const SECOND: Duration = Duration::from_secs(1);
/// Returns to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole() {
        assert_eq!(
            line("listening", Duration::from_millis(1010), Duration::from_millis(2500)),
            "listening: 1 s of 3 s"
        );
    }
}
