//! NATS, with its server on this machine.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::meter::Took;
use super::task::{Send, Task};
use crate::Result;
use crate::peer::nats::{Publisher, Subscriber};
use crate::process::{report_and_stay, step};

pub(crate) fn receive(task: &Task) -> Result<()> {
    let mut subscriber = Subscriber::open(task.port)?;
    let (mut meter, mut message) = (task.meter(), Vec::new());
    let mut greeted = false;
    loop {
        let size = subscriber.next(&mut message)?;
        match meter.take(&message[..size]) {
            Took::Hello if !greeted => {
                greeted = true;
                step()?;
            }
            Took::Done => return report_and_stay(&meter.seen()),
            _ => {}
        }
    }
}

pub(crate) struct Sender(Mutex<Publisher>);

impl Sender {
    pub(crate) fn open(task: &Task) -> Result<Sender> {
        Ok(Sender(Mutex::new(Publisher::open(task.port)?)))
    }

    fn publisher(&self) -> MutexGuard<'_, Publisher> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Send for Sender {
    fn send(&self, message: &[u8]) -> Result<()> {
        self.publisher().publish(message)
    }

    fn flush(&self) -> Result<()> {
        self.publisher().flush()
    }
}
