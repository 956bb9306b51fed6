//! On Windows.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::os::windows::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use mailslot::{Mailslot, Message, SlotName, Timeout};

use self::signals::Signals;
use crate::exit::{Failure, Result};

pub const KILL: &str = "TerminateProcess";
/// True on Windows, but on Wine a writer keeps the slot of a dead owner alive.
pub const DEATH_ENDS_SLOTS: bool = false;

/// Users and groups have no numbers here, so slots cannot be opened to them.
pub mod accounts {
    const NO_NUMBERS: &str = "Windows has no numbers for users and groups: write owner or everyone";

    pub fn user_id(_: &str) -> Result<u32, String> {
        Err(NO_NUMBERS.into())
    }

    pub fn group_id(_: &str) -> Result<u32, String> {
        Err(NO_NUMBERS.into())
    }

    pub fn user(uid: u32) -> String {
        uid.to_string()
    }

    pub fn group(gid: u32) -> String {
        gid.to_string()
    }
}

pub mod signals {
    use crate::exit::Result;

    /// Empty: Ctrl-C ends the process, and the system closes the slot and delivers the output.
    pub struct Signals;

    impl Signals {
        pub fn catch() -> Result<Signals> {
            Ok(Signals)
        }

        pub fn check(&self) -> Result {
            Ok(())
        }
    }
}

/// Slots that this process owns: one or more.
///
/// The system cannot wait for several slots at once, so each has a thread, which ends with the process, as does the
/// slot.
pub struct Slots {
    slots: Vec<Arc<Mailslot>>,
    received: Receiver<(usize, Result<Vec<Message>>)>,
    /// Messages taken out of one of the slots and not yet received.
    waiting: (usize, VecDeque<Message>),
}

impl Slots {
    pub fn new(slots: Vec<Mailslot>) -> Result<Slots> {
        let slots: Vec<Arc<Mailslot>> = slots.into_iter().map(Arc::new).collect();
        // Without a queue, a thread holds at most one batch; the other messages wait in their slot.
        let (received_by, received) = mpsc::sync_channel(0);
        for (index, slot) in slots.iter().cloned().enumerate() {
            let received_by = received_by.clone();
            let forward = move || {
                loop {
                    let mut messages = Vec::new();
                    let batch = slot.receive_batch_within(&mut messages, BATCH, Timeout::Forever);
                    let batch = batch.map(|_| messages).map_err(Failure::from);
                    let failed = batch.is_err();
                    if received_by.send((index, batch)).is_err() || failed {
                        return;
                    }
                }
            };
            let thread = thread::Builder::new().name("mailslot-receive".to_owned());
            thread.spawn(forward).map_err(|source| Failure::io("start a thread", source))?;
        }
        Ok(Slots { slots, received, waiting: (0, VecDeque::new()) })
    }

    pub fn name(&self, index: usize) -> &SlotName {
        self.slots[index].name()
    }

    /// Takes up to `max` messages out of one slot that has some, and returns its index.
    pub fn try_receive(&mut self, messages: &mut Vec<Message>, max: usize) -> Result<Option<usize>> {
        if self.waiting.1.is_empty() {
            match self.received.try_recv() {
                Ok((index, batch)) => self.waiting = (index, batch?.into()),
                Err(_) => return Ok(None),
            }
        }
        let (index, waiting) = &mut self.waiting;
        messages.extend(waiting.drain(..waiting.len().min(max)));
        Ok(Some(*index))
    }

    /// Waits until there is a message, or `timeout` has passed. A missing reader of the output is noticed at the next
    /// print.
    pub fn wait(&mut self, _signals: &Signals, _watch_output: bool, timeout: Option<Duration>) -> Result {
        let next = match timeout {
            Some(timeout) => self.received.recv_timeout(timeout).ok(),
            None => self.received.recv().ok(),
        };
        if let Some((index, batch)) = next {
            self.waiting = (index, batch?.into());
        }
        Ok(())
    }

    /// Passes messages that were taken and not yet received to `handle`. The slots are not read further: no signal
    /// closes them here, and Ctrl-C ends the process.
    pub fn close(self, mut handle: impl FnMut(&SlotName, Message)) -> Result {
        let (index, waiting) = self.waiting;
        waiting.into_iter().for_each(|message| handle(self.slots[index].name(), message));
        Ok(())
    }
}

/// The most messages taken out of a slot at once.
const BATCH: usize = 256;

/// The end that waits for `Notifier`.
pub struct Done(Receiver<()>);

/// The end that notifies `Done`, at the latest when it is dropped.
pub struct Notifier(Sender<()>);

pub fn done() -> Result<(Done, Notifier)> {
    let (notifier, done) = mpsc::channel();
    Ok((Done(done), Notifier(notifier)))
}

impl Done {
    pub fn wait(&self, _signals: &Signals) -> Result {
        // Fails if `Notifier` was dropped, which also counts.
        let _ = self.0.recv();
        Ok(())
    }
}

impl Notifier {
    pub fn notify(&self) {
        // Fails if `Done` is gone.
        let _ = self.0.send(());
    }
}

/// Standard output.
pub struct Stdout<'a> {
    pub signals: &'a Signals,
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        stdout().flush()
    }
}

#[expect(clippy::disallowed_methods, reason = "messages are written as they are")]
fn stdout() -> io::Stdout {
    io::stdout()
}

/// A command of the user's shell.
pub fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    // With /S, exactly these two quotes are removed, and the rest stays as the user wrote it.
    shell.args(["/D", "/S", "/C"]).raw_arg(format!("\"{command}\""));
    shell
}

/// How a command failed.
pub fn describe(status: ExitStatus) -> String {
    format!("failed: {status}")
}

/// A line without its line feed, and without the carriage return that is part of line ends here.
pub fn line(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Windows has no such sockets.
pub struct Datagram(Infallible);

pub fn datagram_pair() -> io::Result<(Datagram, Stdio)> {
    Err(no_datagrams())
}

pub fn inherited_datagram() -> io::Result<Datagram> {
    Err(no_datagrams())
}

fn no_datagrams() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "Windows has none, and there is nothing else here to compare with")
}

impl Datagram {
    pub fn send(&self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn set_nonblocking(&self, _: bool) -> io::Result<()> {
        match self.0 {}
    }

    pub fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        match self.0 {}
    }
}
