//! Scenes in which the traced process writes, to a reader in this process.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use mailslot::{Error, Mailslot, MailslotWriter};

use super::message::{Ledger, make, read};
use super::scene::{FRIEND, Result, STRANGER, Stop, TRACED, check_failure, finish, is_killed, slot, wrong};
use super::traced::{BOUND, Ended, Heard, Injection, Process, Traced};

/// How often a write that failed because of the injected failure is retried.
const ATTEMPTS: u32 = 5;

pub struct Writing<'a> {
    traced: Traced,
    injection: Option<&'a Injection>,
    name: &'a str,
    /// Whether the slot and the writer have different users.
    others: bool,
    next: u32,
    rest: Rest<'a>,
}

struct Rest<'a> {
    slot: Mailslot,
    reader: Option<JoinHandle<()>>,
    /// While locked, the reader does not read the next message.
    gate: Arc<Mutex<()>>,
    came: Receiver<std::result::Result<(u8, u32), String>>,
    other: &'a mut Process,
    ledger: Ledger,
}

impl<'a> Writing<'a> {
    pub fn new(traced: Traced, other: &'a mut Process, injection: Option<&'a Injection>, name: &'a str) -> Writing<'a> {
        let slot = slot().create(name).expect("a slot");
        let gate = Arc::new(Mutex::new(()));
        let (tell, came) = channel();
        let reader = std::thread::spawn({
            let (slot, gate) = (slot.clone(), Arc::clone(&gate));
            move || {
                loop {
                    drop(gate.lock());
                    let received = match slot.receive() {
                        Ok(message) => Ok(read(&message.data)),
                        Err(Error::Closed) => return,
                        Err(error) => Err(format!("{error:?}")),
                    };
                    if tell.send(received).is_err() {
                        return;
                    }
                }
            }
        });
        let rest = Rest { slot, reader: Some(reader), gate, came, other, ledger: Ledger::default() };
        Writing { traced, injection, name, others: false, next: 0, rest }
    }

    pub fn stranger(self) -> Writing<'a> {
        Writing { others: true, ..self }
    }

    pub fn play(mut self) -> (Ended, Result<()>) {
        let played = self.write_all();
        let Writing { traced, injection, name, mut rest, .. } = self;
        finish(traced, played, injection, || rest.goes_on(name))
    }

    fn write_all(&mut self) -> Result<()> {
        let open = format!("open {}", self.name);
        self.tell(&open)?;
        for _ in 0..3 {
            self.write("write", 20)?;
        }
        self.write("place", 100)?;
        self.batch(20, 30)?;
        self.write("write", 2000)?;
        self.write("write", 200_000)?;
        self.write("write", 20)?;
        self.fill()?;
        self.write("write", 300_000)?;
        self.write("within", 20)?;
        // A short-lived writer, while the reader sleeps.
        self.tell("close")?;
        self.tell(&open)?;
        self.write("write", 20)?;
        self.write("write", 70_000)
    }

    /// Repeats a command until it succeeds. Returns the answer.
    fn tell(&mut self, line: &str) -> Result<String> {
        for _ in 0..ATTEMPTS {
            match self.traced.process.ask(line) {
                Heard::Line(said) if said.starts_with("ok") => return Ok(said),
                Heard::Line(said) => check_failure(&said, self.injection, self.others)?,
                Heard::End => return Err(Stop::Died),
                Heard::Silence => return wrong(format!("it hangs, told to {line}")),
            }
        }
        wrong(format!("it fails again and again, told to {line}"))
    }

    /// Makes it write a message, which must be received.
    fn write(&mut self, how: &str, size: usize) -> Result<()> {
        self.send(how, size)?;
        self.rest.arrive()
    }

    fn send(&mut self, how: &str, size: usize) -> Result<()> {
        let number = self.number(1);
        self.rest.ledger.doubt(TRACED, killed(self.injection, number..number + 1));
        self.tell(&format!("{how} {TRACED} {number} {size}"))?;
        self.rest.ledger.accept(TRACED, [number]);
        Ok(())
    }

    fn batch(&mut self, size: usize, count: u32) -> Result<()> {
        let first = self.number(count);
        self.rest.ledger.doubt(TRACED, killed(self.injection, first..first + count));
        let mut done = 0;
        while done < count {
            let said = self.tell(&format!("batch {TRACED} {} {size} {}", first + done, count - done))?;
            let written: u32 = said.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a count");
            self.rest.ledger.accept(TRACED, first + done..first + done + written);
            done += written;
        }
        self.rest.arrive()
    }

    /// Writes until the slot is full, and then one message that waits for room.
    fn fill(&mut self) -> Result<()> {
        let gate = Arc::clone(&self.rest.gate);
        let closed: MutexGuard<'_, ()> = gate.lock().expect("nobody panics");
        let mut failures = 0;
        loop {
            let number = self.number(1);
            self.rest.ledger.doubt(TRACED, killed(self.injection, [number]));
            match self.traced.process.ask(&format!("write {TRACED} {number} 60000")) {
                Heard::Line(said) if said == "ok" => self.rest.ledger.accept(TRACED, [number]),
                Heard::Line(said) if said.contains(": Full") => break,
                Heard::Line(said) => check_failure(&said, self.injection, self.others)?,
                Heard::End => return Err(Stop::Died),
                Heard::Silence => return wrong("it hangs, and the slot fills"),
            }
            failures += 1;
            if failures > 200 {
                return wrong("the slot is never full");
            }
        }
        let number = self.number(1);
        self.rest.ledger.doubt(TRACED, killed(self.injection, [number]));
        let line = format!("within {TRACED} {number} 60000");
        self.traced.process.tell(&line);
        drop(closed);
        match self.traced.process.hear() {
            Heard::Line(said) if said == "ok" => {}
            Heard::Line(said) => {
                check_failure(&said, self.injection, self.others)?;
                self.tell(&line)?;
            }
            Heard::End => return Err(Stop::Died),
            Heard::Silence => return wrong("it waits for room for ever"),
        }
        self.rest.ledger.accept(TRACED, [number]);
        self.rest.arrive()
    }

    fn number(&mut self, count: u32) -> u32 {
        self.next += count;
        self.next - count
    }
}

/// The messages with an unknown outcome: a killed process does not report what it has written.
fn killed(injection: Option<&Injection>, numbers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    if is_killed(injection) { numbers.into_iter().collect() } else { Vec::new() }
}

impl Rest<'_> {
    /// Waits until all accepted messages are received.
    fn arrive(&mut self) -> Result<()> {
        while !self.ledger.missing().is_empty() {
            match self.came.recv_timeout(BOUND) {
                Ok(Ok(message)) => self.ledger.receive(message),
                Ok(Err(error)) => return wrong(format!("the reader is told {error}")),
                Err(_) => return wrong(format!("the reader sleeps; accepted: {:?}", self.ledger.missing())),
            }
        }
        Ok(())
    }

    /// Other writers continue, and all accepted messages are received, once.
    fn goes_on(&mut self, name: &str) -> Result<()> {
        let friend = MailslotWriter::open(name).map_err(|error| Stop::Wrong(format!("open: {error:?}")))?;
        for number in 0..2 {
            friend.write(&make(FRIEND, number, 20)).map_err(|error| Stop::Wrong(format!("a friend: {error:?}")))?;
            self.ledger.accept(FRIEND, [number]);
            self.arrive()?;
            let lines = [format!("open {name}"), format!("write {STRANGER} {number} 20")];
            for line in lines {
                match self.other.ask(&line) {
                    Heard::Line(said) if said == "ok" => {}
                    heard => return wrong(format!("another user is told, by {line}: {heard:?}")),
                }
            }
            self.ledger.accept(STRANGER, [number]);
            self.arrive()?;
        }
        self.slot.abort_reads();
        self.reader.take().into_iter().for_each(|reader| drop(reader.join()));
        for late in self.came.try_iter() {
            self.ledger.receive(late.map_err(Stop::Wrong)?);
        }
        while let Ok(Some(message)) = self.slot.try_receive() {
            self.ledger.receive(read(&message.data));
        }
        self.ledger.check(0).map_err(Stop::Wrong)?;
        let statistics = self.slot.statistics();
        if statistics.written != statistics.read {
            return wrong(format!("miscounted: {statistics:?}"));
        }
        Ok(())
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.slot.abort_reads();
        self.reader.take().into_iter().for_each(|reader| drop(reader.join()));
    }
}
