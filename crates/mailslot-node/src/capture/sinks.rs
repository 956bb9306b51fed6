//! The node's side: who gets copies of its packets.

use std::net::SocketAddrV4;
use std::time::SystemTime;

use mailslot::{Address, MailslotWriter, Origin};

use super::ipv4;
use super::packet::{Captured, Cast};
use crate::control::Answer;

/// How many may capture at the same time.
const MOST: usize = 8;

/// The slots that get copies.
#[derive(Default)]
pub(crate) struct Sinks {
    sinks: Vec<Sink>,
}

struct Sink {
    writer: MailslotWriter,
    /// Packets since the last one that it had no room for.
    lost: u64,
}

impl Sinks {
    /// Lets `slot` get copies, if who asks may have them and the slot is theirs.
    pub(crate) fn add(&mut self, asker: &Origin, slot: &str) -> Answer {
        let Some(uid) = authorized(asker) else { return Answer::NotAllowed };
        self.forget_closed();
        if self.sinks.len() == MOST {
            return Answer::Refused(format!("{MOST} programs capture already, and no more can"));
        }
        match open(slot, uid) {
            Ok(writer) => {
                self.sinks.push(Sink { writer, lost: 0 });
                Answer::Capturing
            }
            Err(why) => Answer::Refused(why),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Hands out copies of a packet; `received` is `None` if the node has sent it.
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

/// Opens the slot of this user.
fn open(slot: &str, uid: u32) -> Result<MailslotWriter, String> {
    let Ok(Address::Local(name)) = slot.parse() else {
        return Err("packets go to slots of this machine alone".to_owned());
    };
    let writer = MailslotWriter::open(name.clone()).map_err(|error| error.to_string())?;
    // In this order: if the name has gone to somebody else in between, the writer is closed, and nobody gets anything.
    let owner = mailslot::status(&name).map_err(|error| error.to_string())?.uid;
    if owner != Some(uid) {
        return Err("the slot for the packets belongs to somebody else".to_owned());
    }
    Ok(writer)
}

/// The user who asks, if that is root or the node's own user.
fn authorized(asker: &Origin) -> Option<u32> {
    let own = nix::unistd::geteuid().as_raw();
    match asker {
        // Only writers of the slot's own user can be without the kernel's word.
        Origin::Local { attested: false, .. } => Some(own),
        Origin::Local { uid, .. } if *uid == 0 || *uid == own => Some(*uid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32, attested: bool) -> Origin {
        Origin::Local { pid: 1, uid, gid: 0, attested }
    }

    #[test]
    fn root_and_the_own_user_may_capture_and_nobody_else() {
        let own = nix::unistd::geteuid().as_raw();
        assert_eq!(authorized(&user(0, true)), Some(0));
        assert_eq!(authorized(&user(own, true)), Some(own));
        assert_eq!(authorized(&user(12345, false)), Some(own));
        assert_eq!(authorized(&user(12345, true)), None);
        assert_eq!(authorized(&Origin::Unknown), None);
    }
}
