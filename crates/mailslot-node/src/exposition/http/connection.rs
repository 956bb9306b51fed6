//! One connection, which carries one request and its answer.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown};

/// The most bytes and header fields of a request.
const MAX_REQUEST_SIZE: usize = 8 << 10;
const MAX_FIELDS: usize = 64;
/// The path of the metrics.
const PATH: &str = "/metrics";

/// The metrics, or the error's text.
pub(super) type Metrics = Result<Arc<str>, Arc<str>>;

pub(super) struct Connection {
    socket: OwnedFd,
    until: Instant,
    state: State,
}

enum State {
    /// The bytes of the request received so far.
    Reading(Vec<u8>),
    /// The answer, and how many bytes of it are sent.
    Writing(Answer, usize),
}

/// Equal answers share their text.
struct Answer {
    head: String,
    body: Arc<str>,
}

/// The next step of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for the peer.
    Wait,
    /// Close it.
    Close,
}

impl Connection {
    pub(super) fn new(socket: OwnedFd, until: Instant) -> Connection {
        Connection { socket, until, state: State::Reading(Vec::new()) }
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// The events for which it waits.
    pub(super) fn interest(&self) -> PollFlags {
        match self.state {
            State::Reading(_) => PollFlags::IN,
            State::Writing(..) => PollFlags::OUT,
        }
    }

    /// Reads and writes without blocking. `metrics` is called for a request of the metrics.
    pub(super) fn work(&mut self, metrics: impl FnOnce() -> Metrics) -> Next {
        if let State::Reading(request) = &mut self.state {
            let mut buffer = [0; MAX_REQUEST_SIZE];
            match rustix::io::read(&self.socket, &mut buffer) {
                Err(Errno::AGAIN | Errno::INTR) => return Next::Wait,
                Ok(0) | Err(_) => return Next::Close,
                Ok(size) => request.extend_from_slice(&buffer[..size]),
            }
            let Some(answer) = answer(request, metrics) else { return Next::Wait };
            self.state = State::Writing(answer, 0);
        }
        self.write()
    }

    fn write(&mut self) -> Next {
        let State::Writing(answer, sent) = &mut self.state else { return Next::Wait };
        loop {
            let rest = answer.rest(*sent);
            if rest.is_empty() {
                break;
            }
            // A program that embeds the node may not have SIGPIPE ignored.
            match rustix::net::send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Err(Errno::AGAIN | Errno::INTR) => return Next::Wait,
                Err(_) => return Next::Close,
                Ok(size) => *sent += size,
            }
        }
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Write);
        Next::Close
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Answer {
    fn new(status: &str, more: &str, body: impl Into<Arc<str>>) -> Answer {
        let body = body.into();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n{more}\r\n",
            body.len()
        );
        Answer { head, body }
    }

    /// The part of the answer after `sent` bytes, or the beginning of that part; empty at the end.
    fn rest(&self, sent: usize) -> &[u8] {
        match sent.checked_sub(self.head.len()) {
            None => &self.head.as_bytes()[sent..],
            Some(sent) => &self.body.as_bytes()[sent..],
        }
    }
}

/// The answer to a request; `None` if the request is not complete.
fn answer(request: &[u8], metrics: impl FnOnce() -> Metrics) -> Option<Answer> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    match parsed.parse(request) {
        Ok(httparse::Status::Partial) if request.len() < MAX_REQUEST_SIZE => return None,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Some(Answer::new("431 Request Header Fields Too Large", "", "the request is too large\n"));
        }
        Ok(httparse::Status::Complete(_)) => {}
        Err(error) => return Some(Answer::new("400 Bad Request", "", format!("{error}\n"))),
    }
    let answer = match (parsed.method, parsed.path.and_then(|path| path.split('?').next())) {
        (Some("GET" | "HEAD"), Some(PATH)) => match metrics() {
            Ok(text) => Answer::new("200 OK", "", text),
            Err(why) => Answer::new("500 Internal Server Error", "", format!("{why}\n")),
        },
        (Some("GET" | "HEAD"), _) => Answer::new("404 Not Found", "", "metrics are at /metrics\n"),
        _ => Answer::new("405 Method Not Allowed", "Allow: GET, HEAD\r\n", "read with GET\n"),
    };
    match parsed.method {
        // With the length of the omitted body.
        Some("HEAD") => Some(Answer { body: Arc::from(""), ..answer }),
        _ => Some(answer),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(request: &[u8]) -> Option<String> {
        let answer = answer(request, || Ok(Arc::from("x 1\n")));
        answer.map(|answer| answer.head + &answer.body)
    }

    #[test]
    fn every_request_gets_its_status() {
        for (request, status, body) in [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "x 1\n"),
            ("GET /metrics?a=b HTTP/1.0\r\n\r\n", "200 OK", "x 1\n"),
            ("HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK", ""),
            ("GET / HTTP/1.1\r\n\r\n", "404", "metrics are at /metrics\n"),
            ("HEAD /x HTTP/1.1\r\n\r\n", "404", ""),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405", "read with GET\n"),
            ("GET /metrics SMTP\r\n\r\n", "400", "invalid HTTP version\n"),
        ] {
            let answer = asked(request.as_bytes()).expect("an answer");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:?}: {answer}");
            assert_eq!(answer.split_once("\r\n\r\n").map(|(_, body)| body), Some(body), "{request:?}");
        }
    }

    #[test]
    fn a_request_is_whole_at_its_last_byte_and_not_before() {
        let request = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/plain\r\n\r\n";
        for end in 0..request.len() {
            assert_eq!(asked(&request[..end]), None, "{end}");
        }
        assert!(asked(request).is_some());
    }

    #[test]
    fn no_request_is_kept_that_is_too_large() {
        let fields = |number: usize| format!("GET /metrics HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(number));
        assert!(asked(fields(MAX_FIELDS).as_bytes()).expect("an answer").starts_with("HTTP/1.1 200"));
        assert!(asked(fields(MAX_FIELDS + 1).as_bytes()).expect("an answer").starts_with("HTTP/1.1 431"));
        let long = format!("GET /{}", "x".repeat(MAX_REQUEST_SIZE));
        assert!(asked(long.as_bytes()).expect("an answer").starts_with("HTTP/1.1 431"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_waited_for_or_answered(bytes in proptest::collection::vec(any::<u8>(), 0..2 * MAX_REQUEST_SIZE)) {
            match asked(&bytes) {
                None => prop_assert!(bytes.len() < MAX_REQUEST_SIZE),
                Some(answer) => prop_assert!(answer.starts_with("HTTP/1.1 ")),
            }
        }
    }
}
