//! Scenes in which the traced process reads.

use std::os::fd::OwnedFd;

use mailslot::{Address, Error, Mailslot, MailslotWriter, SlotName, Timeout};

use super::message::{HEADER, LAST, Ledger, make, read};
use super::scene::{FRIEND, Result, STRANGER, Stop, check_failure, finish, is_killed, slot, wrong};
use super::traced::{BOUND, Ended, Heard, Injection, Process, Traced};

pub struct Reading<'a> {
    traced: Traced,
    rest: Rest<'a>,
}

/// Everything except the traced process.
struct Rest<'a> {
    other: &'a mut Process,
    injection: Option<&'a Injection>,
    name: &'a str,
    ledger: Ledger,
    friend: Option<MailslotWriter>,
    next: u32,
}

impl<'a> Reading<'a> {
    pub fn new(traced: Traced, other: &'a mut Process, injection: Option<&'a Injection>, name: &'a str) -> Reading<'a> {
        Reading { traced, rest: Rest { other, injection, name, ledger: Ledger::default(), friend: None, next: 0 } }
    }

    pub fn owner(mut self) -> (Ended, Result<()>) {
        let played = self.ready().and_then(|_| self.write_all()).and_then(|()| self.end());
        let Reading { traced, mut rest } = self;
        let injection = rest.injection;
        finish(traced, played, injection, || rest.is_gone())
    }

    pub fn shared_owner(mut self) -> (Ended, Result<()>) {
        let mut heir = None;
        let played = self.ready().and_then(|line| {
            heir = Some(take_handles(&line)?);
            self.write_all()?;
            self.end()
        });
        let Reading { traced, mut rest } = self;
        let injection = rest.injection;
        finish(traced, played, injection, || match &heir {
            Some(heir) => rest.goes_on(heir),
            None => rest.is_gone(),
        })
    }

    pub fn heir(mut self, slot: &Mailslot) -> (Ended, Result<()>) {
        let played = self.ready().and_then(|_| self.write_all()).and_then(|()| self.send_last());
        let Reading { traced, mut rest } = self;
        let injection = rest.injection;
        finish(traced, played, injection, || rest.goes_on(slot))
    }

    /// Waits until the slot exists.
    fn ready(&mut self) -> Result<String> {
        loop {
            let line = self.hear()?;
            if line.starts_with("ready") {
                return Ok(line);
            }
        }
    }

    /// The next line that is neither a message nor a failure.
    fn hear(&mut self) -> Result<String> {
        match self.traced.process.hear() {
            Heard::End => Err(Stop::Died),
            Heard::Silence => wrong(format!("it hangs; accepted and not received: {:?}", self.rest.ledger.missing())),
            Heard::Line(line) => {
                if let Some(message) = line.strip_prefix("got ") {
                    let (source, number) = message.split_once(' ').expect("two numbers");
                    self.rest.ledger.receive((source.parse().expect("one"), number.parse().expect("the other")));
                } else if line.starts_with("failed ") {
                    check_failure(&line, self.rest.injection, false)?;
                }
                Ok(line)
            }
        }
    }

    fn arrive(&mut self) -> Result<()> {
        while !self.rest.ledger.missing().is_empty() {
            self.hear()?;
        }
        Ok(())
    }

    fn write_all(&mut self) -> Result<()> {
        self.rest.open()?;
        for _ in 0..3 {
            self.rest.friend(20)?;
            self.arrive()?;
        }
        self.rest.stranger(20)?;
        self.arrive()?;
        self.rest.stranger(100)?;
        // More than fits in a packet, and more than the ring has memory for.
        self.rest.stranger(100_000)?;
        self.arrive()?;
        for size in [20, 2000, 60_000, 20, 70_000, 20] {
            self.rest.stranger(size)?;
        }
        self.rest.friend(300_000)?;
        self.arrive()?;
        // Over a new connection.
        self.rest.tell_other(&format!("open {}", self.rest.name))?;
        for _ in 0..4 {
            self.rest.stranger(20)?;
            self.rest.friend(20)?;
        }
        self.arrive()?;
        self.rest.friend(20)?;
        self.arrive()
    }

    fn send_last(&mut self) -> Result<()> {
        self.rest.write(LAST, HEADER)?;
        self.arrive()
    }

    fn end(&mut self) -> Result<()> {
        self.send_last()?;
        loop {
            if self.hear()? == "dropped" {
                return Ok(());
            }
        }
    }
}

impl Rest<'_> {
    /// Opens both writers.
    fn open(&mut self) -> Result<()> {
        match MailslotWriter::open(self.name) {
            Ok(friend) => self.friend = Some(friend),
            Err(Error::NotFound(_)) if is_killed(self.injection) => return Err(Stop::Died),
            Err(error) => return wrong(format!("a slot that is there is not opened: {error:?}")),
        }
        self.tell_other(&format!("open {}", self.name))
    }

    fn friend(&mut self, size: usize) -> Result<()> {
        self.write(FRIEND, size)
    }

    fn write(&mut self, source: u8, size: usize) -> Result<()> {
        self.next += 1;
        match self.friend.as_ref().expect("open").write(&make(source, self.next, size)) {
            Ok(()) => self.ledger.accept(source, [self.next]),
            Err(Error::Closed) if is_killed(self.injection) => {
                // It may have been read before the end, by a reader that was killed before it reported that.
                self.ledger.doubt(source, [self.next]);
                return Err(Stop::Died);
            }
            Err(error) => return wrong(format!("a write of a friend fails: {error:?}")),
        }
        Ok(())
    }

    fn stranger(&mut self, size: usize) -> Result<()> {
        self.next += 1;
        self.tell_other(&format!("write {STRANGER} {} {size}", self.next))?;
        self.ledger.accept(STRANGER, [self.next]);
        Ok(())
    }

    fn tell_other(&mut self, line: &str) -> Result<()> {
        match self.other.ask(line) {
            Heard::Line(said) if said == "ok" => Ok(()),
            Heard::Line(said)
                if is_killed(self.injection) && (said.contains(": Closed") || said.contains(": NotFound")) =>
            {
                Err(Stop::Died)
            }
            heard => wrong(format!("another user is told, by {line}: {heard:?}")),
        }
    }

    /// Checks that the slot has no owner for anybody, and that its name is free for all users.
    fn is_gone(&mut self) -> Result<()> {
        let Ok(Address::Local(name)) = self.name.parse::<Address>() else { return wrong("no name") };
        if let Some(friend) = &self.friend
            && !matches!(friend.write(b"late"), Err(Error::Closed))
        {
            return wrong("a slot of a dead owner takes messages of friends");
        }
        self.expect_dead(&name)?;
        for user in 0..4 {
            if user % 2 == 0 {
                let again = slot().create(self.name).map_err(|error| Stop::Wrong(format!("not free: {error:?}")))?;
                let writer = MailslotWriter::open(self.name)
                    .map_err(|error| Stop::Wrong(format!("made again and not found: {error:?}")))?;
                if writer.write(b"again").is_err() || !matches!(again.try_receive(), Ok(Some(_))) {
                    return wrong("made again and of no use");
                }
            } else {
                for line in [format!("create {}", self.name), "drop".to_owned()] {
                    self.tell_other(&line)?;
                }
            }
            self.expect_dead(&name)?;
        }
        Ok(())
    }

    fn expect_dead(&self, name: &SlotName) -> Result<()> {
        if !matches!(mailslot::status(name), Err(Error::NotFound(_))) {
            return wrong("a slot of a dead owner has a status");
        }
        if !matches!(MailslotWriter::open(self.name), Err(Error::NotFound(_))) {
            return wrong("a slot of a dead owner is opened");
        }
        let listed = mailslot::list().map_err(|error| Stop::Wrong(format!("list: {error:?}")))?;
        if listed.iter().any(|slot| slot.name == *name) {
            return wrong("a slot of a dead owner is listed");
        }
        Ok(())
    }

    /// Another owner has the slot: checks that nothing is lost, and that all writers continue.
    fn goes_on(&mut self, heir: &Mailslot) -> Result<()> {
        if self.friend.is_none() {
            self.open()?;
        }
        self.write(FRIEND, 20)?;
        self.stranger(20)?;
        self.stranger(100_000)?;
        self.write(FRIEND, 20)?;
        // A message that the killed process had taken out and not reported is lost with it.
        let lost = usize::from(is_killed(self.injection));
        while self.ledger.missing().len() > lost || !self.ledger.has_last() {
            let message = match heir.receive_within(Timeout::After(BOUND)) {
                Ok(message) => message,
                Err(error) => {
                    return wrong(format!("the heir reads {error:?}, and misses {:?}", self.ledger.missing()));
                }
            };
            self.ledger.receive(read(&message.data));
        }
        self.ledger.check(lost).map_err(Stop::Wrong)
    }
}

/// Takes over the slot whose handles are in the line.
fn take_handles(line: &str) -> Result<Mailslot> {
    let words: Vec<&str> = line.split(' ').collect();
    let process = words[1].parse().ok().and_then(rustix::process::Pid::from_raw).expect("a process");
    let none = rustix::process::PidfdFlags::empty();
    let Ok(process) = rustix::process::pidfd_open(process, none) else { return Err(Stop::Died) };
    let mut handles = Vec::new();
    for number in words[2].split(',') {
        let fd = number.parse().expect("a descriptor");
        let Ok(handle) = rustix::process::pidfd_getfd(&process, fd, rustix::process::PidfdGetfdFlags::empty()) else {
            return Err(Stop::Died);
        };
        handles.push(handle);
    }
    let handles: [OwnedFd; 3] = handles.try_into().expect("three");
    Mailslot::from_handles(handles).map_err(|error| Stop::Wrong(format!("take over: {error:?}")))
}
