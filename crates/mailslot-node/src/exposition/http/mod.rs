//! Serves metrics by HTTP, in a separate thread, so that no client can block the node's thread.
//!
//! The thread is a client of the node, like `mailslot metrics`. Each connection carries one request; the number of
//! connections, their duration and the size of requests are bounded.

mod connection;
mod listener;

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Endpoint;
use crate::error::{Error, Result};
use connection::{Connection, Metrics, Next};
use listener::Listener;

/// The most connections at once. A further one replaces the oldest: clients that send their requests at once are served
/// before that.
const MAX_CONNECTIONS: usize = 32;
/// How long a connection may last, from its first byte to its last.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the node may take to answer. Prometheus gives up after ten seconds.
const ANSWER: Duration = Duration::from_secs(2);
/// How long the text is reused: the node is asked at most once in this time, however many clients there are.
const FRESH: Duration = Duration::from_secs(1);
/// How long to wait after accepting a connection failed.
const PAUSE: Duration = Duration::from_millis(100);

/// The listener that serves metrics, if there is one. It is closed when the last copy is dropped.
#[derive(Clone, Default)]
pub(crate) struct Exporter(Option<Arc<Listener>>);

impl Exporter {
    /// An exporter at this endpoint: a copy of this one if it already has the endpoint.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system refuses the address or a thread.
    pub(crate) fn at(&self, endpoint: Option<&Endpoint>) -> Result<Exporter> {
        self.with(endpoint, || super::gather(&[super::own_uid()], ANSWER))
    }

    fn with(
        &self,
        endpoint: Option<&Endpoint>,
        gather: impl Fn() -> Result<String> + Send + 'static,
    ) -> Result<Exporter> {
        let Some(endpoint) = endpoint else { return Ok(Exporter::default()) };
        if self.0.as_ref().is_some_and(|listener| listener.endpoint() == endpoint) {
            return Ok(self.clone());
        }
        let listener =
            Listener::bind(endpoint).map_err(|error| Error::io(format!("serve metrics at {endpoint}"), error))?;
        let accepted = listener.accepted();
        thread::Builder::new()
            .name("mailslot-metrics".to_owned())
            .spawn(move || serve(&accepted, gather))
            .map_err(|error| Error::io("start a thread for metrics", error))?;
        Ok(Exporter(Some(Arc::new(listener))))
    }

    /// The address, with the port that the system has chosen.
    pub(crate) fn address(&self) -> Option<String> {
        self.0.as_ref().map(|listener| listener.address())
    }
}

/// Serves until the listener is closed.
fn serve(listener: &listener::Accepting, gather: impl Fn() -> Result<String>) {
    let mut connections: Vec<Connection> = Vec::new();
    let (mut text, mut paused) = (Text::default(), None);
    loop {
        let now = Instant::now();
        paused = paused.filter(|until| *until > now);
        let ready = wait(listener, &connections, paused, now);
        let now = Instant::now();
        // In the order of the poll: the connections and, last, the listener.
        let mut ready = ready.into_iter();
        connections.retain_mut(|connection| {
            let is_ready = ready.next().unwrap_or(false);
            let next = if is_ready { connection.work(|| text.now(&gather)) } else { Next::Wait };
            next == Next::Wait && connection.until() > now
        });
        if ready.next().unwrap_or(false) {
            match listener.accept() {
                Ok(None) => {}
                Ok(Some(socket)) => {
                    if connections.len() == MAX_CONNECTIONS {
                        connections.remove(0);
                    }
                    connections.push(Connection::new(socket, now + PATIENCE));
                }
                Err(listener::Ended) if listener.is_given_up() => return,
                Err(listener::Ended) => paused = Some(now + PAUSE),
            }
        }
    }
}

/// Whether each of the connections, and after them the listener, is ready.
fn wait(
    listener: &listener::Accepting,
    connections: &[Connection],
    paused: Option<Instant>,
    now: Instant,
) -> Vec<bool> {
    let mut fds: Vec<PollFd<'_>> = connections
        .iter()
        .map(|connection| PollFd::from_borrowed_fd(connection.as_fd(), connection.interest()))
        .collect();
    if paused.is_none() {
        fds.push(PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN));
    }
    let until = connections.iter().map(Connection::until).chain(paused).min();
    let timeout = until.and_then(|until| Timespec::try_from(until.saturating_duration_since(now)).ok());
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => fds.iter().map(|fd| !fd.revents().is_empty()).collect(),
        Err(_) => {
            // A signal, or the system is out of memory: without a pause, the latter would make this a busy loop.
            thread::sleep(PAUSE);
            Vec::new()
        }
    }
}

/// The text, and when it was gathered.
#[derive(Default)]
struct Text(Option<(Instant, Metrics)>);

impl Text {
    /// The metrics, or what is wrong.
    fn now(&mut self, gather: impl Fn() -> Result<String>) -> Metrics {
        let fresh = self.0.as_ref().filter(|(gathered, _)| gathered.elapsed() < FRESH).map(|(_, text)| text.clone());
        fresh.unwrap_or_else(|| {
            let text = gather().map(Arc::from).map_err(|error| Arc::from(error.to_string()));
            self.0.insert((Instant::now(), text)).1.clone()
        })
    }
}

#[cfg(test)]
mod tests;
