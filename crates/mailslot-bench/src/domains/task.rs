//! The task of a child process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::meter::{HELLO, Meter, stamp};
use super::run::Load;
use super::{Peer, crowd, nats, slot, zenoh};
use crate::Result;
use crate::process::{report_and_stay, settle, step};
use crate::scenario::now;

/// The hidden subcommand of a child.
pub(crate) const CHILD: &str = "domain-child";

/// A child's part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) peer: Peer,
    pub(crate) role: Role,
    pub(crate) size: usize,
    pub(crate) load: Load,
    /// The port of the loopback interface on which the sender's session or the NATS server listens.
    pub(crate) port: u16,
    /// The domain's file.
    pub(crate) domain: PathBuf,
    /// The name of this machine.
    pub(crate) computer: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// The node of the machine that sends, which others connect to.
    SendingNode,
    ReceivingNode,
    Sender,
    Receiver,
}

impl Task {
    /// Does the task, in the child.
    pub(crate) fn run(self) -> Result<()> {
        settle(&[])?;
        match (self.role, self.peer) {
            (Role::Receiver, Peer::Zenoh) if self.is_crowd() => crowd::announce(&self),
            (Role::SendingNode | Role::ReceivingNode, _) => slot::node(&self),
            (Role::Receiver, Peer::Sealed | Peer::Identities | Peer::Open | Peer::Local) => slot::receive(&self),
            (Role::Receiver, Peer::Zenoh | Peer::ZenohSettings) => zenoh::receive(&self),
            (Role::Receiver, Peer::ZenohReader) => zenoh::read(&self),
            (Role::Receiver, Peer::Nats) => nats::receive(&self),
            (Role::Sender, Peer::Sealed | Peer::Identities | Peer::Open) => send(&self, &slot::Sender::open()?),
            (Role::Sender, Peer::Local) => send(&self, &slot::Sender::open_local()?),
            (Role::Sender, Peer::Zenoh | Peer::ZenohReader | Peer::ZenohSettings) => {
                send(&self, &zenoh::Sender::open(&self)?)
            }
            (Role::Sender, Peer::Nats) => send(&self, &nats::Sender::open(&self)?),
        }
    }

    fn is_crowd(&self) -> bool {
        matches!(self.load, Load::Presences { .. })
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.load, self.size)
    }
}

/// A sending end. `flush` sends all that is buffered.
pub(crate) trait Send: Sync {
    fn send(&self, message: &[u8]) -> Result<()>;
    fn flush(&self) -> Result<()>;
}

/// Pause between two messages that test whether the way is open.
const HELLO_PAUSE: Duration = Duration::from_millis(10);
/// Pause between two paced messages: long enough for all processes to sleep again.
const PACE: Duration = Duration::from_millis(1);
/// How much longer a sender sends than receivers count.
const LONGER: Duration = Duration::from_millis(300);

fn send(task: &Task, sender: &impl Send) -> Result<()> {
    greet(task, sender)?;
    let mut message = vec![0x5a; task.size];
    match task.load {
        Load::Flood { warm_up, time } => {
            let end = now() + (warm_up + time + LONGER).as_nanos() as u64;
            let turn = if task.size <= 1024 { 16 } else { 1 };
            let mut number = 0;
            while now() < end {
                for _ in 0..turn {
                    stamp(&mut message, number);
                    sender.send(&message)?;
                    number += 1;
                }
            }
        }
        Load::Paced { messages } => {
            for number in 0..messages {
                std::thread::sleep(PACE);
                stamp(&mut message, number);
                sender.send(&message)?;
                sender.flush()?;
            }
        }
        Load::Presences { .. } => {}
    }
    sender.flush()?;
    report_and_stay(&())
}

/// Sends messages that are not counted, until all receivers have got one.
fn greet(task: &Task, sender: &impl Send) -> Result<()> {
    let heard = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let greeting = scope.spawn(|| -> std::result::Result<(), String> {
            let mut message = vec![0; task.size];
            stamp(&mut message, HELLO);
            while !heard.load(Ordering::Relaxed) {
                sender.send(&message).and_then(|()| sender.flush()).map_err(|error| error.to_string())?;
                std::thread::sleep(HELLO_PAUSE);
            }
            Ok(())
        });
        let proceeds = step();
        heard.store(true, Ordering::Relaxed);
        let greeted = greeting.join().map_err(|_| "the greeting thread panicked")?;
        proceeds?;
        Ok(greeted?)
    })
}
