//! Reading the node's own slots.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use mailslot::network::Retry;
use mailslot::{Mailslot, Message};

use crate::log::{Log, field};

/// One of the node's own slots. No failure of a read ends the node: the slot is left alone for a while then.
pub(crate) struct Intake {
    slot: Mailslot,
    retry: Retry,
    /// When it is tried again; none while reads succeed.
    again: Option<Instant>,
}

impl Intake {
    pub(crate) fn new(slot: Mailslot) -> Intake {
        Intake { slot, retry: Retry::default(), again: None }
    }

    /// Readable when there is a message; none while the slot is left alone, which would else keep the node busy.
    pub(crate) fn descriptor(&self, now: Instant) -> Option<BorrowedFd<'_>> {
        (!self.is_left_alone(now)).then(|| self.slot.as_fd())
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.again
    }

    /// The next message, if there is one that can be read.
    pub(crate) fn next(&mut self, now: Instant, log: &mut Log) -> Option<Message> {
        if self.is_left_alone(now) {
            return None;
        }
        let read = self.slot.try_receive();
        self.take(now, read, log)
    }

    fn take(&mut self, now: Instant, read: mailslot::Result<Option<Message>>, log: &mut Log) -> Option<Message> {
        self.again = None;
        match read {
            Ok(message) => {
                self.retry.worked();
                message
            }
            Err(error) => {
                let failed = self.retry.failed(now, &error);
                if failed.is_news {
                    log.line("slot_not_read", &[field("slot", self.slot.name()), field("reason", error)]);
                }
                self.again = Some(now + failed.pause);
                None
            }
        }
    }

    fn is_left_alone(&self, now: Instant) -> bool {
        self.again.is_some_and(|again| again > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot::{Error, MailslotWriter};
    use std::time::Duration;

    #[test]
    fn a_slot_that_cannot_be_read_is_left_alone_for_a_while_and_then_read() {
        let name = format!("test-intake-{}", std::process::id());
        let mut intake = Intake::new(Mailslot::create(&name).expect("free"));
        MailslotWriter::open(&name).expect("there").write(b"waits").expect("room");
        let ((sender, lines), mut now) = (std::sync::mpsc::channel(), Instant::now());
        let mut log = Log::new(move |line: &str| sender.send(line.to_owned()).expect("the test listens"));
        for _ in 0..100 {
            assert_eq!(intake.take(now, Err(Error::OutOfMemory), &mut log), None);
            // It neither wakes the node nor is read.
            let again = intake.poll_timeout().expect("it is tried again");
            let early = again - Duration::from_micros(1);
            assert!(again > now && intake.descriptor(early).is_none() && intake.next(early, &mut log).is_none());
            now = again;
        }
        assert!(intake.descriptor(now).is_some());
        assert_eq!(intake.next(now, &mut log).map(|message| message.data), Some(b"waits".to_vec()));
        assert_eq!((intake.poll_timeout(), intake.next(now, &mut log)), (None, None));
        assert_eq!(lines.try_iter().count(), 2, "some 100 seconds, and one line a minute");
    }
}
