//! Notifications to the service manager: systemd, or another one that has set `NOTIFY_SOCKET` (sd_notify(3)).

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// The node reports that it is ready after this time at the latest. What is still missing then, such as a router that
/// cannot be reached, is tried for as long as the node runs, but must not delay services that wait for the node.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// The progress of the node's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Whether all names are being released, for a restart or the end.
    pub(super) is_releasing: bool,
    /// Names to which no node has objected so far, each on one interface.
    pub(super) claiming: usize,
    pub(super) held: usize,
    /// Names that other nodes have.
    pub(super) lost: usize,
    pub(super) domains: usize,
    /// Domains with an open session.
    pub(super) open: usize,
}

/// Notifies the service manager of the node's state.
pub(super) struct Manager {
    tell: Tell,
    /// The latest time to report that the node is ready; `None` once it is reported.
    ready_by: Option<Instant>,
    is_stopping: bool,
    /// The last reported status.
    status: String,
    watchdog: Option<Watchdog>,
}

type Tell = Box<dyn FnMut(&[NotifyState<'_>]) -> io::Result<()> + Send>;

/// The service manager ends a process that does not send keep-alive notifications in time.
struct Watchdog {
    every: Duration,
    due: Instant,
}

impl Manager {
    /// The service manager that has started this process, if there is one.
    pub(super) fn of_process(now: Instant) -> Manager {
        Manager::new(now, sd_notify::watchdog_enabled(), Box::new(sd_notify::notify))
    }

    /// No service manager: the program that embeds the node sends its notifications itself.
    pub(super) fn none(now: Instant) -> Manager {
        Manager::new(now, None, Box::new(|_| Ok(())))
    }

    fn new(now: Instant, within: Option<Duration>, tell: Tell) -> Manager {
        // sd_watchdog_enabled(3) recommends half of the time.
        let watchdog = within.map(|within| Watchdog { every: within / 2, due: now });
        Manager { tell, ready_by: Some(now + READY_WITHIN), is_stopping: false, status: String::new(), watchdog }
    }

    /// The node reads its settings again, and may restart.
    pub(super) fn reloading(&mut self, now: Instant) -> io::Result<()> {
        self.ready_by = Some(now + READY_WITHIN);
        // Without the time, `Type=notify-reload` would take a late notification for the answer to another signal.
        (self.tell)(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?])
    }

    /// The node is stopping. Sent once.
    pub(super) fn stopping(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_stopping, true) {
            return Ok(());
        }
        self.ready_by = None;
        (self.tell)(&[NotifyState::Stopping, NotifyState::Status("releasing names and closing sessions")])
    }

    /// When to call [`handle_timeout`](Manager::handle_timeout) at the latest.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.ready_by.into_iter().chain(self.watchdog.as_ref().map(|watchdog| watchdog.due)).min()
    }

    /// Whether more than a change of status may be due. If not, the caller need not compute the progress of a node that
    /// is ready.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.ready_by.is_some() || self.watchdog.as_ref().is_some_and(|watchdog| watchdog.due <= now)
    }

    /// Sends the notifications that are due. Called by the loop that does the node's work, so that the watchdog detects
    /// when the loop hangs.
    pub(super) fn handle_timeout(&mut self, now: Instant, progress: Progress) -> io::Result<()> {
        let mut due = Vec::new();
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| watchdog.due <= now) {
            watchdog.due = now + watchdog.every;
            due.push(NotifyState::Watchdog);
        }
        if self.ready_by.take_if(|by| progress.is_up() || *by <= now).is_some() {
            due.push(NotifyState::Ready);
        }
        let status = progress.to_string();
        if status != self.status && !self.is_stopping {
            self.status = status;
            due.push(NotifyState::Status(&self.status));
        }
        if due.is_empty() { Ok(()) } else { (self.tell)(&due) }
    }
}

/// Logs that a notification to the service manager failed.
pub(super) fn heed(told: io::Result<()>) {
    if let Err(error) = told {
        tracing::warn!(name: "manager_not_told", reason = %error);
    }
}

impl Progress {
    fn is_up(&self) -> bool {
        !self.is_releasing && self.claiming == 0 && self.open == self.domains
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { is_releasing: _, claiming, held, lost, domains, open } = self;
        write!(f, "{held} names held")?;
        if *claiming > 0 {
            write!(f, ", {claiming} being claimed")?;
        }
        if *lost > 0 {
            write!(f, ", {lost} held by others")?;
        }
        write!(f, "; {open} of {domains} domains open")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A manager, and the names of the notifications that it sends.
    fn manager(now: Instant, watchdog: Option<Duration>) -> (Manager, Receiver<Vec<String>>) {
        let (sender, told) = channel();
        let tell = move |states: &[NotifyState<'_>]| {
            let name = |state: &NotifyState<'_>| state.to_string().split('=').next().unwrap_or_default().to_owned();
            sender.send(states.iter().map(name).collect()).map_err(io::Error::other)
        };
        (Manager::new(now, watchdog, Box::new(tell)), told)
    }

    fn count(told: &Receiver<Vec<String>>, state: &str) -> usize {
        told.try_iter().flatten().filter(|told| told == state).count()
    }

    #[test]
    fn it_is_ready_once_nothing_is_missing_or_the_time_is_over() {
        for case in 0..16 {
            let now = Instant::now();
            let (mut manager, told) = manager(now, None);
            let (claiming, open, domains) = (case & 1, (case >> 1) & 1, (case >> 1 & 1) + (case >> 2 & 1));
            let progress = Progress { is_releasing: case & 8 != 0, claiming, open, domains, ..Progress::default() };
            let at_once = usize::from(case & !2 == 0);
            for begin in [now, now + 3 * READY_WITHIN] {
                manager.handle_timeout(begin, progress).expect("told");
                assert_eq!(count(&told, "READY"), at_once, "{progress:?}");
                assert_eq!(manager.poll_timeout().is_none(), at_once == 1, "{progress:?}");
                manager.handle_timeout(begin + READY_WITHIN, progress).expect("told");
                assert_eq!(count(&told, "READY"), 1 - at_once, "{progress:?}");
                manager.handle_timeout(begin + 2 * READY_WITHIN, progress).expect("told");
                assert_eq!(told.try_iter().count(), 0, "{progress:?}");
                manager.reloading(begin + 3 * READY_WITHIN).expect("told");
                assert_eq!(told.try_recv().expect("told"), ["RELOADING", "MONOTONIC_USEC"]);
            }
        }
    }

    #[test]
    fn status_is_told_when_it_has_changed_and_not_over_the_end() {
        let now = Instant::now();
        let (mut manager, told) = manager(now, None);
        for (held, changes) in [(1, 1), (1, 0), (2, 1), (1, 1)] {
            manager.handle_timeout(now, Progress { held, ..Progress::default() }).expect("told");
            assert_eq!(count(&told, "STATUS"), changes);
        }
        manager.stopping().expect("told");
        assert_eq!(told.try_recv().expect("told"), ["STOPPING", "STATUS"]);
        manager.handle_timeout(now + READY_WITHIN, Progress::default()).expect("told");
        assert_eq!(told.try_iter().count(), 0);
    }

    #[test]
    fn watchdog_is_told_twice_in_its_time_also_while_the_node_comes_up_and_ends() {
        let (begin, within) = (Instant::now(), Duration::from_secs(10));
        let (mut manager, told) = manager(begin, Some(within));
        let coming_up = Progress { claiming: 1, ..Progress::default() };
        let mut now = begin;
        for round in 0..20 {
            if round == 10 {
                manager.stopping().expect("told");
            }
            manager.handle_timeout(now, coming_up).expect("told");
            assert_eq!(count(&told, "WATCHDOG"), 1);
            // A call before the watchdog is due.
            manager.handle_timeout(now + within / 4, coming_up).expect("told");
            assert_eq!(count(&told, "WATCHDOG"), 0);
            now += within / 2;
            assert!(manager.poll_timeout().is_some_and(|due| due <= now));
        }
    }

    #[test]
    fn what_was_not_told_is_an_error_and_changes_nothing_else() {
        let now = Instant::now();
        let mut manager = Manager::new(now, None, Box::new(|_| Err(io::ErrorKind::NotFound.into())));
        assert!(manager.handle_timeout(now, Progress::default()).is_err());
        assert!(manager.handle_timeout(now, Progress::default()).is_ok(), "there is nothing new to tell");
    }
}
