//! A node beside nmbd: what nmbd hands on comes in as if the node's own sockets had received it.

use std::time::Instant;

use super::{Machine, copies};
use crate::io::nmbd::Change;
use crate::log::field;
use crate::proto::{Cast, Received, Service};

/// First byte of a datagram for one computer (RFC 1002 section 4.4.1).
const DIRECT_UNIQUE: u8 = 0x10;

impl<L: FnMut(&str)> Machine<L> {
    pub(super) fn take_from_nmbd(&mut self, now: Instant) {
        let Machine { nmbd, node, sockets, metrics, sinks, config, .. } = self;
        let Some(nmbd) = nmbd else { return };
        let change = nmbd.receive(now, |from, bytes| {
            // nmbd hears our broadcasts like those of any other program.
            if sockets.iter().any(|sockets| sockets.sends_from(from)) {
                metrics.own_returned += 1;
                return;
            }
            // By which interface it came is not told, but whose subnet the sender is on.
            let of_sender = sockets.iter().find(|sockets| sockets.named.interface.contains(*from.ip()));
            let Some(by) = of_sender.or(sockets.first()) else { return };
            let cast = if bytes.first() == Some(&DIRECT_UNIQUE) { Cast::Unicast } else { Cast::Broadcast };
            let received = Received { interface: by.named.interface.id, from, service: Service::Datagram, cast };
            copies::handed_on(sinks, by, config.ports.datagram, received, bytes);
            node.handle_packet(now, received, bytes);
        });
        self.tell(change);
    }

    /// Connects to nmbd, if that is due.
    pub(super) fn look_for_nmbd(&mut self, now: Instant) {
        let change = self.nmbd.as_mut().and_then(|nmbd| nmbd.handle_timeout(now));
        self.tell(change);
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
