//! Other processes that take part in a case: the test program itself, started again, which executes orders.

use core::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::system::{ANY_SIZE, Client, Code, NO_WAIT, Server, System};

/// Set in the environment of a process that is a peer.
const MARK: &str = "MAILSLOT_CONFORMANCE_PEER";

/// Another process that uses the system under test. Dropping it kills it.
///
/// Messages to and from it are text without line ends.
pub struct Peer {
    child: Child,
    // `None` once the peer was ordered to end.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts the test program as a peer.
    #[track_caller]
    pub(crate) fn start() -> Peer {
        let program = std::env::current_exe().expect("the path of the test program");
        let mut child = Command::new(program)
            .env(MARK, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test program can be started again");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Peer { child, orders, answers }
    }

    /// Creates a slot there for messages of any size, whose reads wait for `read_timeout`.
    ///
    /// # Errors
    ///
    /// The system's code.
    #[track_caller]
    pub fn create(&mut self, path: &str, read_timeout: u32) -> Result<(), Code> {
        self.order(format_args!("create {read_timeout} {path}"));
        self.answer().map(drop)
    }

    /// Opens a slot there.
    ///
    /// # Errors
    ///
    /// The system's code.
    #[track_caller]
    pub fn open(&mut self, path: &str) -> Result<(), Code> {
        self.order(format_args!("open {path}"));
        self.answer().map(drop)
    }

    /// Writes there, to the slot opened last.
    ///
    /// # Errors
    ///
    /// The system's code.
    #[track_caller]
    pub fn write(&mut self, message: &str) -> Result<(), Code> {
        self.order(format_args!("write {message}"));
        self.answer().map(drop)
    }

    /// Begins a read there, from the slot created last.
    #[track_caller]
    pub fn begin_read(&mut self, buffer: usize) {
        self.order(format_args!("read {buffer}"));
    }

    /// The result of the read.
    ///
    /// # Errors
    ///
    /// The system's code.
    #[track_caller]
    pub fn end_read(&mut self) -> Result<String, Code> {
        self.answer()
    }

    /// Closes the slot and the client handle there.
    #[track_caller]
    pub fn close(&mut self) {
        self.order("close both");
        assert_eq!(self.answer().as_deref(), Ok(""));
    }

    /// Kills the process and waits until it is gone.
    pub fn kill(self) {}

    /// Lets the process exit by itself, with all its handles open, and waits until it is gone.
    #[track_caller]
    pub fn exit(mut self) {
        self.orders = None;
        self.child.wait().expect("the peer was started by this process");
    }

    #[track_caller]
    fn order(&mut self, order: impl Display) {
        let orders = self.orders.as_mut().expect("the peer was not ordered to end");
        writeln!(orders, "{order}").and_then(|()| orders.flush()).expect("the peer listens");
    }

    #[track_caller]
    fn answer(&mut self) -> Result<String, Code> {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers in text");
        match line.trim_end_matches(['\r', '\n']).split_once(' ') {
            Some(("ok", text)) => Ok(text.to_owned()),
            Some(("code", code)) => Err(code.parse().expect("the peer writes codes in decimal")),
            _ => panic!("the peer answered {line:?}"),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Fails if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether this process was started as a peer.
pub(crate) fn is_peer() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Executes the orders of the starting process until that closes the pipe; then exits without closing a handle.
pub(crate) fn serve(system: &dyn System) -> ! {
    let mut hands = Hands { system, server: None, client: None };
    for line in std::io::stdin().lines() {
        let Ok(line) = line else { break };
        match hands.obey(&line) {
            Ok(text) => println!("ok {text}"),
            Err(code) => println!("code {code}"),
        }
    }
    std::process::exit(0)
}

/// The handles of a peer.
struct Hands<'a> {
    system: &'a dyn System,
    server: Option<Box<dyn Server>>,
    client: Option<Box<dyn Client>>,
}

impl Hands<'_> {
    fn obey(&mut self, line: &str) -> Result<String, Code> {
        let (order, argument) = line.split_once(' ').expect("every order has an argument");
        match order {
            "create" => {
                let (timeout, path) = argument.split_once(' ').expect("a timeout and a path");
                let timeout = timeout.parse().unwrap_or(NO_WAIT);
                self.server = Some(self.system.create(path, ANY_SIZE, timeout)?);
                Ok(String::new())
            }
            "open" => {
                self.client = Some(self.system.open(argument)?);
                Ok(String::new())
            }
            "write" => {
                let client = self.client.as_ref().expect("a slot was opened");
                client.write(argument.as_bytes()).map(|size| size.to_string())
            }
            "read" => {
                let server = self.server.as_ref().expect("a slot was created");
                let message = server.read(argument.parse().expect("a buffer size"))?;
                Ok(String::from_utf8_lossy(&message).into_owned())
            }
            "close" => {
                self.server = None;
                self.client = None;
                Ok(String::new())
            }
            _ => panic!("unknown order {order:?}"),
        }
    }
}
