//! A node beside nmbd: what nmbd hands on comes in as if the node's own sockets had received it.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Machine, copies};
use crate::io::interfaces;
use crate::io::nmbd::{Change, Nmbd};
use crate::log::field;
use mailslot_netbios::{Cast, NodeStatus, Received, RequestId, Service};

/// First byte of a datagram for one computer (RFC 1002 section 4.4.1).
const DIRECT_UNIQUE: u8 = 0x10;
/// When nmbd, once it is there, has claimed its names.
const NAMES_CLAIMED: Duration = Duration::from_secs(20);

/// nmbd, and whether its names are the node's.
pub(super) struct Beside {
    nmbd: Nmbd,
    /// When to ask nmbd for its names.
    ask_at: Option<Instant>,
    asked: Option<RequestId>,
}

impl Beside {
    pub(super) fn new(socket: &Path, now: Instant) -> Beside {
        Beside { nmbd: Nmbd::new(socket, now), ask_at: None, asked: None }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.nmbd.poll_timeout().into_iter().chain(self.ask_at).min()
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.nmbd.descriptor()
    }
}

impl Machine {
    pub(super) fn take_from_nmbd(&mut self, now: Instant) {
        let Machine { nmbd: Some(Beside { nmbd, .. }), node, sockets, metrics, sinks, config, settings, .. } = self
        else {
            return;
        };
        let mut unwanted = None;
        let change = nmbd.receive(now, |from, bytes| {
            // nmbd hears our broadcasts like those of any other program.
            if sockets.iter().any(|sockets| sockets.sends_from(from)) {
                metrics.own_returned += 1;
                return;
            }
            // By which interface it came is not told, but whose subnet the sender is on. What has been routed could have
            // come by any.
            let of_sender = sockets.iter().find(|sockets| sockets.named.interface.contains(*from.ip()));
            let mut of_unwanted = || {
                let unwanted = unwanted.get_or_insert_with(|| interfaces::unwanted(settings).unwrap_or_default());
                unwanted.iter().any(|interface| interface.contains(*from.ip()))
            };
            let Some(by) = of_sender.or_else(|| sockets.first().filter(|_| !of_unwanted())) else {
                metrics.unwanted_interface += 1;
                return;
            };
            let cast = if bytes.first() == Some(&DIRECT_UNIQUE) { Cast::Unicast } else { Cast::Broadcast };
            let received = Received { interface: by.named.interface.id, from, service: Service::Datagram, cast };
            copies::handed_on(sinks, by, config.ports.datagram, received, bytes);
            node.handle_packet(now, received, bytes);
        });
        self.tell(change);
    }

    /// Connects to nmbd, and asks for its names, if that is due.
    pub(super) fn look_for_nmbd(&mut self, now: Instant) {
        let Some(Beside { nmbd, ask_at, asked }) = &mut self.nmbd else { return };
        let change = nmbd.handle_timeout(now);
        if let Some(Change::Connected) = change {
            *ask_at = Some(now + NAMES_CLAIMED);
        }
        if ask_at.is_some_and(|at| at <= now) {
            *ask_at = None;
            let own = self.sockets.first().map(|sockets| sockets.named.interface.address);
            *asked = own.map(|own| self.node.node_status(now, own));
        }
        self.tell(change);
    }

    /// Tells which of the node's main names nmbd does not have: others then do not find them, or mean other ones.
    pub(super) fn compare_names(&mut self, request: RequestId, status: Option<&NodeStatus>) {
        let Some(beside) = self.nmbd.as_mut().filter(|beside| beside.asked == Some(request)) else { return };
        beside.asked = None;
        let Some(status) = status else { return };
        for name in [&self.config.computer, &self.config.workgroup] {
            if !status.entries.iter().any(|entry| entry.name == *name.as_bytes()) {
                self.log.line("nmbd_lacks_name", &[field("name", name)]);
            }
        }
    }

    fn tell(&mut self, change: Option<Change>) {
        match change {
            None => {}
            Some(Change::Connected) => self.log.line("nmbd_connected", &[]),
            Some(Change::Lost(error)) => self.log.line("nmbd_lost", &[field("reason", error)]),
            Some(Change::Missed(error)) => {
                let socket = field("socket", self.settings.nmbd_socket.display());
                self.log.line("nmbd_not_there", &[socket, field("reason", error)]);
            }
        }
    }
}
