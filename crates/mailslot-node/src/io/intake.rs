//! Reads the node's slots.

use std::os::fd::AsFd;
use std::time::Instant;

use mailslot::network::Retry;
use mailslot::{Mailslot, Message};

use super::poll::Source;

/// One of the node's slots. A failed read does not end the node: the slot is not read for a while.
pub(crate) struct Intake {
    slot: Mailslot,
    retry: Retry,
    /// When to try again; `None` while reads succeed.
    again: Option<Instant>,
}

impl Intake {
    pub(crate) fn new(slot: Mailslot) -> Intake {
        Intake { slot, retry: Retry::default(), again: None }
    }

    /// Readable when there is a message; `None` during a pause after a failure, when polling would be a busy loop.
    pub(crate) fn source(&self, now: Instant) -> Option<Source<'_>> {
        (!self.is_left_alone(now)).then(|| self.slot.as_fd())
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.again
    }

    /// The next message, if one can be read.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Message> {
        if self.is_left_alone(now) {
            return None;
        }
        let read = self.slot.try_receive();
        self.take(now, read)
    }

    fn take(&mut self, now: Instant, read: mailslot::Result<Option<Message>>) -> Option<Message> {
        self.again = None;
        match read {
            Ok(message) => {
                self.retry.worked();
                message
            }
            Err(error) => {
                let failed = self.retry.failed(now, &error);
                if failed.is_news {
                    tracing::warn!(name: "slot_not_read", slot = %self.slot.name(), reason = %error);
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    use crate::log::{self, Format};

    #[test]
    fn a_slot_that_cannot_be_read_is_left_alone_for_a_while_and_then_read() {
        let name = format!("test-intake-{}", std::process::id());
        let mut intake = Intake::new(Mailslot::create(&name).expect("free"));
        MailslotWriter::open(&name).expect("there").write(b"waits").expect("room");
        let (lines, mut now) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let counted = Arc::clone(&lines);
        let count = move |_: &str| {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let layer = log::layer(Format::Text, count).expect("no journal is asked for");
        let _here = tracing_subscriber::registry().with(layer).set_default();
        for _ in 0..100 {
            assert_eq!(intake.take(now, Err(Error::OutOfMemory)), None);
            // During the pause the slot neither wakes the node nor is read.
            let again = intake.poll_timeout().expect("it is tried again");
            let early = again - Duration::from_micros(1);
            assert!(again > now && intake.source(early).is_none() && intake.next(early).is_none());
            now = again;
        }
        assert!(intake.source(now).is_some());
        assert_eq!(intake.next(now).map(|message| message.data), Some(b"waits".to_vec()));
        assert_eq!((intake.poll_timeout(), intake.next(now)), (None, None));
        assert_eq!(lines.load(Ordering::SeqCst), 2, "some 100 seconds, and one line a minute");
    }
}
