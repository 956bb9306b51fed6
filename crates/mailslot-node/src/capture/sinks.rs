//! The node's side: the slots that get copies of its packets.

use std::net::SocketAddrV4;
use std::time::SystemTime;

use mailslot::{ReplyTo, ReplyWriter};

use super::ipv4;
use super::packet::{Captured, Cast};
use crate::control::Answer;

/// How many programs may capture at the same time.
const MAX_PROGRAMS: usize = 8;

/// The slots that get copies.
#[derive(Default)]
pub(crate) struct Sinks {
    sinks: Vec<Sink>,
}

struct Sink {
    writer: ReplyWriter,
    /// Packets since the last one for which it had no room.
    lost: u64,
}

impl Sinks {
    /// Adds the asker, and answers it through the writer that will send the packets, so that the answer precedes them.
    /// Returns another answer to send, if the asker was not added.
    pub(crate) fn add(&mut self, asker: &ReplyTo) -> Option<Answer> {
        if !may_capture(asker.uid()) {
            return Some(Answer::NotAllowed);
        }
        self.forget_closed();
        if self.sinks.len() == MAX_PROGRAMS {
            return Some(Answer::Refused(format!("{MAX_PROGRAMS} programs capture already, and no more can")));
        }
        match asker.open().and_then(|writer| writer.write(&Answer::Capturing.encode()).map(|()| writer)) {
            Ok(writer) => {
                self.sinks.push(Sink { writer, lost: 0 });
                None
            }
            Err(error) => Some(Answer::Refused(error.to_string())),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Sends copies of a packet; `received` is `None` if the node has sent it.
    pub(crate) fn packet(
        &mut self,
        interface: &str,
        received: Option<Cast>,
        [from, to]: [SocketAddrV4; 2],
        payload: &[u8],
    ) {
        let bytes = ipv4::packet(from, to, payload);
        let interface = interface.to_owned();
        let mut captured = Captured { time: SystemTime::now(), interface, received, lost: 0, bytes };
        self.sinks.retain_mut(|sink| {
            captured.lost = sink.lost;
            match sink.writer.write(&captured.encode()) {
                Ok(()) => sink.lost = 0,
                Err(mailslot::Error::Closed) => return false,
                Err(_) => sink.lost += 1,
            }
            true
        });
    }

    pub(crate) fn forget_closed(&mut self) {
        self.sinks.retain(|sink| !sink.writer.is_closed());
    }
}

/// Whether this user is root or the node's user.
#[cfg(unix)]
fn may_capture(uid: u32) -> bool {
    uid == 0 || uid == nix::unistd::geteuid().as_raw()
}

/// On Windows there are no packets, and it is not known who asks.
#[cfg(windows)]
fn may_capture(_uid: u32) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn root_and_the_own_user_may_capture_and_nobody_else() {
        let own = nix::unistd::geteuid().as_raw();
        assert_eq!([0, own, 12345, own + 1, u32::MAX].map(may_capture), [true, true, false, false, false]);
    }
}
