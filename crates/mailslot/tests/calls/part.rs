//! The process whose calls fail, and those beside it: reads a slot, or writes on command.
//!
//! It communicates with `readv` and `writev`, which the library does not use, so that injected failures hit only the
//! library.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use mailslot::{Access, AsyncMailslot, Error, Inheritance, Mailslot, MailslotWriter, Message, Timeout};
use rustix::event::epoll;

use super::message::{self, LAST};

/// Markers in a trace: the calls between them were made for the library.
pub const BEGIN: &str = "/mailslot-calls-begin";
pub const END: &str = "/mailslot-calls-end";
/// How often a failed operation is retried. One call fails, but that may make its caller fail once more.
const ATTEMPTS: u32 = 4;
/// The capacity of a slot in bytes.
pub const CAPACITY: u64 = 1 << 20;

pub fn run(arguments: &[&str]) {
    let mut line = Line::new();
    match arguments {
        ["read", how, name] => read(&mut line, how, name),
        ["heir", inheritance] => {
            mark(BEGIN);
            let slot = line.try_for("inherit", || Mailslot::from_handles(*inheritance));
            line.say("ready");
            receive(&mut line, "block", slot);
        }
        ["write"] => obey(&mut line),
        _ => panic!("{arguments:?}"),
    }
    mark(END);
}

fn mark(path: &str) {
    assert!(std::fs::symlink_metadata(path).is_err());
}

/// The pipes to the controlling process.
struct Line {
    input: File,
    output: File,
    heard: Vec<u8>,
}

impl Line {
    fn new() -> Line {
        let file = |fd: BorrowedFd<'_>| File::from(fd.try_clone_to_owned().unwrap());
        Line { input: file(std::io::stdin().as_fd()), output: file(std::io::stdout().as_fd()), heard: Vec::new() }
    }

    fn say(&mut self, text: &str) {
        assert!(!text.contains('\n'), "{text}");
        let line = format!("{text}\n");
        // A pipe accepts so few bytes at once.
        assert_eq!(self.output.write_vectored(&[IoSlice::new(line.as_bytes())]).unwrap(), line.len());
    }

    /// The next line; `None` once the other end is closed.
    fn hear(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return Some(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            let mut bytes = [0; 4096];
            match self.input.read_vectored(&mut [IoSliceMut::new(&mut bytes)]).unwrap() {
                0 => return None,
                count => self.heard.extend_from_slice(&bytes[..count]),
            }
        }
    }

    fn failed(&mut self, what: &str, error: &Error) {
        self.say(&format!("failed {what}: {}", describe(error)));
    }

    /// The result of `make`, retried and with each failure reported.
    fn try_for<T>(&mut self, what: &str, make: impl Fn() -> mailslot::Result<T>) -> T {
        for _ in 0..ATTEMPTS {
            match make() {
                Ok(made) => return made,
                Err(error) => self.failed(what, &error),
            }
        }
        panic!("{what} fails again and again");
    }
}

/// Formats an error as its variant, the system's number for it (0 without one), and its text.
fn describe(error: &Error) -> String {
    let debug = format!("{error:?}");
    let variant = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let source = match error {
        Error::Io { source, .. } => Some(source),
        _ => None,
    };
    let number = source.and_then(std::io::Error::raw_os_error).unwrap_or(0);
    format!("{variant} {number} {error}: {}", source.map(ToString::to_string).unwrap_or_default())
}

/// Owns a slot and reads it in the way that `how` says.
fn read(line: &mut Line, how: &str, name: &str) {
    let shared = if how == "shared" { Inheritance::Inherited } else { Inheritance::Private };
    // Made before the mark, as the runtime's calls are not the library's.
    let runtime = (how == "tokio").then(|| tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap());
    mark(BEGIN);
    let mut options = Mailslot::options();
    options.capacity(CAPACITY).access(Access::Everyone).inheritance(shared);
    let slot = line.try_for("create", || options.create(name));
    line.say(&format!("ready {} {}", std::process::id(), slot.share()));
    match runtime {
        Some(runtime) => runtime.block_on(receive_in_tokio(line, slot)),
        None => receive(line, how, slot),
    }
    line.say("dropped");
}

fn receive(line: &mut Line, how: &str, slot: Mailslot) {
    let edge = match how {
        "edge" => epoll::EventFlags::ET,
        _ => epoll::EventFlags::empty(),
    };
    let mut poller: Option<OwnedFd> = None;
    let mut failures = 0;
    loop {
        let received = match how {
            "block" | "shared" => slot.receive().map(Some),
            _ => slot.try_receive(),
        };
        match received {
            Ok(Some(message)) => {
                if !take(line, &message) {
                    return;
                }
            }
            Ok(None) => {
                let poller = poller.get_or_insert_with(|| again(|| watch(slot.as_fd(), edge)));
                let mut events = Vec::with_capacity(1);
                // If interrupted, look again.
                let _ = epoll::wait(poller, rustix::buffer::spare_capacity(&mut events), None);
            }
            Err(error) => {
                line.failed("receive", &error);
                failures += 1;
                assert!(failures < 20, "reading fails again and again");
            }
        }
    }
}

fn watch(fd: BorrowedFd<'_>, edge: epoll::EventFlags) -> rustix::io::Result<OwnedFd> {
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poller, fd, epoll::EventData::new_u64(0), epoll::EventFlags::IN | edge)?;
    Ok(poller)
}

/// For calls of this program, which fail like the library's.
fn again<T>(call: impl Fn() -> rustix::io::Result<T>) -> T {
    (0..ATTEMPTS).find_map(|_| call().ok()).expect("one call fails")
}

async fn receive_in_tokio(line: &mut Line, slot: Mailslot) {
    let slot = line.try_for("watch", || AsyncMailslot::new(slot.clone()));
    let mut failures = 0;
    loop {
        match slot.receive().await {
            Ok(message) => {
                if !take(line, &message) {
                    return;
                }
            }
            Err(error) => {
                line.failed("receive", &error);
                failures += 1;
                assert!(failures < 20, "reading fails again and again");
            }
        }
    }
}

/// Reports a message. Returns whether there may be more.
fn take(line: &mut Line, message: &Message) -> bool {
    let (source, number) = message::read(&message.data);
    line.say(&format!("got {source} {number}"));
    source != LAST
}

/// Executes commands, line by line, and reports their results.
fn obey(line: &mut Line) {
    mark(BEGIN);
    let mut writers: Vec<MailslotWriter> = Vec::new();
    let mut slot: Option<Mailslot> = None;
    while let Some(told) = line.hear() {
        let words: Vec<&str> = told.split(' ').collect();
        let number = |at: usize| words[at].parse::<u32>().unwrap();
        let of = |at: usize| message::make(number(at) as u8, number(at + 1), number(at + 2) as usize);
        let writer = || writers.last().unwrap();
        let done = match words[0] {
            "open" => MailslotWriter::open(words[1]).map(|writer| writers.push(writer)),
            "close" => {
                writers.clear();
                Ok(())
            }
            "write" => writer().write(&of(1)),
            "within" => writer().write_within(&of(1), Timeout::After(std::time::Duration::from_secs(60))),
            "place" => {
                let bytes = of(1);
                writer().write_in_place(bytes.len(), |room| room.copy_from_slice(&bytes))
            }
            "batch" => {
                let batch: Vec<_> =
                    (0..number(4)).map(|n| message::make(number(1) as u8, number(2) + n, number(3) as usize)).collect();
                match writer().write_batch(&batch) {
                    Ok(count) => {
                        line.say(&format!("ok {count}"));
                        continue;
                    }
                    Err(error) => Err(error),
                }
            }
            "create" => Mailslot::create(words[1]).map(|created| slot = Some(created)),
            "drop" => {
                slot = None;
                Ok(())
            }
            _ => panic!("{told}"),
        };
        match done {
            Ok(()) => line.say("ok"),
            Err(error) => line.failed(words[0], &error),
        }
    }
    drop(slot);
}
