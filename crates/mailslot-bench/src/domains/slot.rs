//! Mailslots: the slot of the domain for sending, a slot open to the network for receiving, and nodes between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mailslot::{Mailslot, MailslotWriter, Network, Timeout};
use mailslot_domain::{Directory, Time, random, read_file};
use mailslot_zenoh::{Domains, Mode, Settings};

use super::crowd;
use super::meter::Took;
use super::run::Load;
use super::task::{Role, Send, Task};
use crate::Result;
use crate::process::{report_and_stay, step};

pub(crate) const DOMAIN: &str = "BENCH";

/// The settings of this machine's node for sessions.
pub(crate) fn settings(task: &Task) -> Settings {
    let endpoint = vec![format!("tcp/127.0.0.1:{}", task.port)];
    let (listen, connect) = match task.role {
        Role::SendingNode | Role::Sender => (endpoint, Vec::new()),
        Role::ReceivingNode | Role::Receiver => (Vec::new(), endpoint),
    };
    let mut settings = Settings::default();
    (settings.mode, settings.lan) = (Some(Mode::Peer), Some(false));
    (settings.listen, settings.connect) = (listen, connect);
    settings
}

/// Runs this machine's node until the end.
pub(crate) fn node(task: &Task) -> Result<()> {
    let computer = task.computer.parse()?;
    let mut domain = read_file(&task.domain)?;
    if domain.authority().is_some() {
        let authority = Directory::at(task.domain.with_file_name("")).authority(domain.name())?;
        let now = Time::from(SystemTime::now());
        domain = authority.invite(&domain, &computer, None, (now, now + Duration::from_secs(3600)), &random()?)?;
    }
    let domain = Arc::new(domain);
    // A machine that is in a legacy network as well watches who is in the domain.
    let watches = matches!(task.load, Load::Presences { .. });
    let domains = Domains::start(&computer, watches, vec![(domain, settings(task))], BTreeMap::new())?;
    step()?;
    match task.load {
        Load::Presences { count } => crowd::watch(&domains, count),
        _ => report_and_stay(&domains.status()),
    }
}

pub(crate) fn receive(task: &Task) -> Result<()> {
    let slot = Mailslot::options().network(Network::Allowed).create("bench")?;
    let (mut meter, mut buffer) = (task.meter(), vec![0; task.size]);
    let mut greeted = false;
    loop {
        let size = slot.read_within(&mut buffer, Timeout::Forever)?;
        match meter.take(&buffer[..size]) {
            Took::Hello if !greeted => {
                greeted = true;
                step()?;
            }
            Took::Done => return report_and_stay(&meter.seen()),
            _ => {}
        }
    }
}

pub(crate) struct Sender(MailslotWriter);

impl Sender {
    pub(crate) fn open() -> Result<Sender> {
        Ok(Sender(MailslotWriter::open(format!(r"\\{DOMAIN}\mailslot\bench"))?))
    }

    pub(crate) fn open_local() -> Result<Sender> {
        // The receiver may not have created it yet, which only trying shows.
        loop {
            match MailslotWriter::open("bench") {
                Err(mailslot::Error::NotFound(_)) => std::thread::yield_now(),
                opened => return Ok(Sender(opened?)),
            }
        }
    }
}

impl Send for Sender {
    fn send(&self, message: &[u8]) -> Result<()> {
        Ok(self.0.write_within(message, Timeout::Forever)?)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
