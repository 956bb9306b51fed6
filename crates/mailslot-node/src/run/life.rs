//! The end of a node, and its restart with other settings: both begin with the release of all names.

use std::time::{Duration, Instant};

use crate::config;
use mailslot_netbios::Config;

/// How long the release of names may take.
const RELEASE: Duration = Duration::from_secs(4);

/// The step after the release of all names.
pub(super) enum After {
    End,
    /// With these settings, and the protocol's configuration of them.
    Restart(Box<(config::Settings, Config)>),
}

/// Whether names are being released, the step after that, and the latest time for it.
#[derive(Default)]
pub(super) struct Life {
    releasing: Option<(After, Instant)>,
    is_released: bool,
}

impl Life {
    /// Requests the release of names. A requested end is never replaced by a restart. Returns whether the release
    /// begins now.
    pub(super) fn release(&mut self, after: After, now: Instant) -> bool {
        let before = self.releasing.take();
        let begins = before.is_none();
        self.releasing = Some(match before {
            Some((After::End, end)) => (After::End, end),
            Some((After::Restart(_), end)) => (after, end),
            None => (after, now + RELEASE),
        });
        begins
    }

    /// All names are released.
    pub(super) fn released(&mut self) {
        self.is_released = true;
    }

    /// When the release is over at the latest.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.releasing.as_ref().map(|(_, end)| *end)
    }

    /// The step to do now, if the release is over; returned once.
    pub(super) fn next(&mut self, now: Instant) -> Option<After> {
        let is_released = self.is_released;
        let (after, _) = self.releasing.take_if(|(_, end)| is_released || *end <= now)?;
        self.is_released = false;
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restart(computer: &str) -> After {
        let config = Config::new(computer, "PLANT").expect("valid names");
        After::Restart(Box::new((config::Settings::default(), config)))
    }

    #[test]
    fn what_is_wanted_last_comes_once_and_the_end_stays_wanted() {
        let now = Instant::now();
        for is_released in [false, true] {
            let mut life = Life::default();
            assert!(life.next(now + 2 * RELEASE).is_none());
            assert!(life.release(restart("A"), now) && !life.release(restart("B"), now + RELEASE / 2));
            assert!(life.next(now + RELEASE / 2).is_none());
            let over = if is_released { now } else { now + RELEASE };
            if is_released {
                life.released();
            }
            let Some(After::Restart(with)) = life.next(over) else { panic!("nothing comes") };
            assert_eq!(with.1.computer.to_string(), "B<00>");
            assert!(life.next(now + 2 * RELEASE).is_none() && life.poll_timeout().is_none());
            assert!(
                life.release(restart("C"), now) && !life.release(After::End, now) && !life.release(restart("D"), now)
            );
            life.released();
            assert!(matches!(life.next(now), Some(After::End)));
        }
    }
}
