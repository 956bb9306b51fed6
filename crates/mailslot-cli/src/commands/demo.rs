//! `mailslot demo`: a guided tour that prints only what has just happened.

use std::io::{BufRead, BufReader, Read};
use std::process::{self, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use mailslot::{Error, Mailslot, MailslotWriter, Message, Origin, Timeout};

use super::bench;
use crate::exit::{self, Failure, Result};
use crate::output;
use crate::process::Process;
use crate::sys;

/// See what slots do, in a few seconds, with real processes
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Demo {}

const AFTER_HELP: &str = r#"The demo creates its own slots and removes them at the end. The status is 0 only if everything worked.

Example:
  mailslot demo"#;

impl Demo {
    pub fn run(self) -> Result {
        let tour = Tour::new();
        tour.say(&format!("A tour of mailslots with real processes. This one is {}.", process::id()))?;
        let slot = Mailslot::create(tour.name("demo"))?;
        writers(&tour, &slot)?;
        small_buffer(&tour, &slot)?;
        timeout(&tour, &slot)?;
        second_owner(&tour, &slot)?;
        killed_owner(&tour)?;
        speed(&tour)?;
        tour.say("")?;
        tour.say("Everything worked. Try it yourself, in two terminals:")?;
        tour.say("  mailslot listen alerts")?;
        tour.say("  mailslot send alerts \"boiler 3: over pressure\"")
    }
}

/// How long the demo waits for messages that should arrive at once.
const PATIENCE: Timeout = Timeout::After(Duration::from_secs(10));

const NORTH: [&str; 3] = ["north: door 2 opened", "", "north: door 2 closed"];
const SOUTH: [&str; 3] = ["south: two lines\nin one message", "south: lamp on", "south: lamp off"];

fn writers(tour: &Tour, slot: &Mailslot) -> Result {
    tour.step("Two writers, one reader")?;
    tour.say(&format!(r"This process creates the slot \\.\mailslot\{} and starts two writers:", slot.name()))?;
    let mut writers = [send(tour, slot, &NORTH)?, send(tour, slot, &SOUTH)?];
    tour.say("What it reads:")?;
    let mut received = Vec::new();
    for _ in 0..NORTH.len() + SOUTH.len() {
        let message = slot.receive_within(PATIENCE).map_err(|error| unexpected("a message did not arrive", &error))?;
        tour.say(&format!("  {}, {:>2} bytes: {:?}", origin(&message), message.data.len(), text(&message)))?;
        received.push(message);
    }
    for (writer, messages) in writers.iter_mut().zip([NORTH, SOUTH]) {
        let status = writer.wait()?;
        tour.expect(status.success(), || format!("a writer ended with {status}"))?;
        let is_from_it = |message: &&Message| match message.origin {
            Origin::Local { pid, .. } => pid == writer.id(),
            // No two of the messages are equal.
            _ => messages.contains(&text(message).as_str()),
        };
        let from_it: Vec<_> = received.iter().filter(is_from_it).map(text).collect();
        tour.expect(from_it == messages, || {
            format!("process {} wrote {messages:?}, but {from_it:?} was read", writer.id())
        })?;
    }
    tour.expect(slot.peek()?.is_none(), || "there is one message too many".into())?;
    tour.say("Every message arrived whole, even the empty one and the one with two lines, and each writer's in order.")
}

fn small_buffer(tour: &Tour, slot: &Mailslot) -> Result {
    tour.step("A buffer that is too small")?;
    let sent = "this message has 31 bytes in it";
    let mut writer = send(tour, slot, &[sent])?;
    let status = writer.wait()?;
    tour.expect(status.success(), || format!("the writer ended with {status}"))?;
    let mut small = [0; 8];
    let error = tour.refused(slot.read_within(&mut small, PATIENCE), "a read into 8 bytes")?;
    tour.say(&format!("A read into 8 bytes says: {}", exit::with_code(&error)))?;
    tour.expect(error.win32_code() == 122, || format!("error 122 was expected, not {}", error.win32_code()))?;
    let mut large = [0; 64];
    let size = slot.read_within(&mut large, Timeout::Zero)?;
    let read = large.get(..size).unwrap_or_default();
    tour.expect(read == sent.as_bytes(), || format!("the message has become {:?}", String::from_utf8_lossy(read)))?;
    tour.say(&format!("A read into {} bytes then gets all {size} of them: nothing was lost.", large.len()))
}

fn timeout(tour: &Tour, slot: &Mailslot) -> Result {
    tour.step("A wait with a limit")?;
    let limit = Duration::from_millis(200);
    let begin = Instant::now();
    let error = tour.refused(slot.receive_within(Timeout::After(limit)), "a read without a message")?;
    let waited = begin.elapsed();
    tour.say(&format!("A read with a limit of {limit:?}, for a message that is never sent, ends after {waited:.1?}:"))?;
    tour.say(&format!("  {}", exit::with_code(&error)))?;
    tour.expect(error.win32_code() == 121, || format!("error 121 was expected, not {}", error.win32_code()))?;
    tour.expect(waited >= limit, || "it did not wait long enough".into())
}

fn second_owner(tour: &Tour, slot: &Mailslot) -> Result {
    tour.step("A name has one owner")?;
    let mut second = tour.start(&["listen", "--timeout", "10s", slot.name().as_str()], |command| {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
    })?;
    let mut said = String::new();
    if let Some(mut stderr) = second.child().stderr.take() {
        stderr.read_to_string(&mut said).map_err(|source| Failure::io("read what a process says", source))?;
    }
    let status = second.wait()?;
    tour.say(&format!("It ends with {status} and says:"))?;
    tour.say(&format!("  {}", said.trim_end()))?;
    tour.expect(status.code() == Some(exit::ALREADY_EXISTS.into()), || "it should have been refused".into())?;
    tour.expect(said.contains("(Win32 error 183)"), || "error 183 was due".into())
}

fn killed_owner(tour: &Tour) -> Result {
    tour.step("An owner that is killed")?;
    let name = tour.name("demo-killed");
    let mut owner = tour.start(&["listen", "--verbose", "--timeout", "30s", &name], |command| {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
    })?;
    let mut said = String::new();
    if let Some(stderr) = owner.child().stderr.take() {
        let read = BufReader::new(stderr).read_line(&mut said);
        read.map_err(|source| Failure::io("read what a process says", source))?;
    }
    tour.say(&format!("It says: {}", said.trim_end()))?;
    let writer = MailslotWriter::open(&name)?;
    writer.write(b"are you there?")?;
    let begin = Instant::now();
    let status = owner.kill()?;
    tour.say(&format!(
        "This process writes to it and then ends it with {} ({status}). The next write says:",
        sys::KILL
    ))?;
    match writer.write(b"still there?") {
        Ok(()) if !sys::DEATH_ENDS_SLOTS => {
            tour.say("  nothing: here a writer keeps the slot of a dead owner alive, so this one closes it.")?;
        }
        result => {
            let error = tour.refused(result, "a write to a dead owner's slot")?;
            tour.say(&format!("  {}", exit::with_code(&error)))?;
            tour.expect(matches!(error, Error::Closed) || !sys::DEATH_ENDS_SLOTS, || {
                "the slot should be closed".into()
            })?;
        }
    }
    drop(writer);
    let again = Mailslot::create(&name)?;
    let free = begin.elapsed();
    let waiting = again.info()?.count;
    tour.say(&format!("Its name is free again: {free:.1?} later this process owns it, with {waiting} messages."))?;
    tour.expect(waiting == 0, || "a new slot should be empty".into())
}

fn speed(tour: &Tour) -> Result {
    tour.step("Speed")?;
    let size = 64;
    let rate = bench::slot_rate(size, Duration::from_millis(500))?;
    let build = if cfg!(debug_assertions) { " (this build is not optimized)" } else { "" };
    let rate = bench::count(rate);
    tour.say(&format!("{rate} messages of {size} bytes per second, from one process to another, just now{build}."))
}

/// Starts a process that writes `messages` to `slot`.
fn send(tour: &Tour, slot: &Mailslot, messages: &[&str]) -> Result<Process> {
    let args: Vec<&str> = ["send", slot.name().as_str()].iter().chain(messages).copied().collect();
    tour.start(&args, |_| {})
}

fn unexpected(what: &str, error: &Error) -> Failure {
    Failure::Unexpected(format!("{what}: {}", exit::with_code(error)))
}

fn origin(message: &Message) -> String {
    match message.origin {
        Origin::Local { pid, .. } => format!("from process {pid}"),
        _ => "from one of them".into(),
    }
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.data).into_owned()
}

/// Prints what happens, and stops the tour when that is not as expected.
struct Tour {
    steps: std::cell::Cell<u32>,
}

impl Tour {
    fn new() -> Tour {
        Tour { steps: std::cell::Cell::new(0) }
    }

    /// A name that no other slot has.
    fn name(&self, stem: &str) -> String {
        format!("{stem}-{}", process::id())
    }

    fn say(&self, text: &str) -> Result {
        output::line(text)
    }

    fn step(&self, title: &str) -> Result {
        self.steps.set(self.steps.get() + 1);
        output::title(format_args!("{}. {title}", self.steps.get()))
    }

    fn start(&self, args: &[&str], configure: impl FnOnce(&mut process::Command)) -> Result<Process> {
        let process = Process::start(args, configure)?;
        let shown = args.iter().map(|arg| if plain(arg) { (*arg).to_owned() } else { format!("{arg:?}") });
        self.say(&format!("  process {}: mailslot {}", process.id(), shown.collect::<Vec<_>>().join(" ")))?;
        Ok(process)
    }

    fn expect(&self, ok: bool, otherwise: impl FnOnce() -> String) -> Result {
        if ok { Ok(()) } else { Err(Failure::Unexpected(otherwise())) }
    }

    /// The error of a call that must fail.
    fn refused<T>(&self, result: mailslot::Result<T>, what: &str) -> Result<Error> {
        match result {
            Ok(_) => Err(Failure::Unexpected(format!("{what} succeeded"))),
            Err(error) => Ok(error),
        }
    }
}

/// Whether an argument needs no quotes.
fn plain(arg: &str) -> bool {
    !arg.is_empty() && arg.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
