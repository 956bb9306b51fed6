//! A node beside nmbd: datagrams that nmbd passes on are handled as if the node's sockets had received them.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::config;
use crate::io::driver::Driver;
use crate::io::nmbd::{Change, Nmbd};
use crate::io::poll::Source;
use crate::io::{addresses, interfaces};
use mailslot_netbios::{Cast, Interface, NodeStatus, Received, RequestId, Service};

/// First byte of a datagram for one computer (RFC 1002 section 4.4.1).
const DIRECT_UNIQUE: u8 = 0x10;
/// How long after a connection to nmbd its names are claimed.
const NAMES_CLAIMED: Duration = Duration::from_secs(20);

/// The connection to nmbd, and the check that it holds the node's names.
pub(super) struct Beside {
    nmbd: Nmbd,
    /// When to ask nmbd for its names.
    ask_at: Option<Instant>,
    asked: Option<RequestId>,
}

impl Beside {
    /// `Some` if the settings ask for it.
    pub(super) fn new(settings: &config::Settings, now: Instant) -> Option<Beside> {
        let is_wanted = settings.beside_samba && settings.netbios;
        is_wanted.then(|| Beside { nmbd: Nmbd::new(&settings.nmbd_socket, now), ask_at: None, asked: None })
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.nmbd.poll_timeout().into_iter().chain(self.ask_at).min()
    }

    /// Ready when nmbd has passed something on; `None` without a connection.
    pub(super) fn source(&self) -> Option<Source<'_>> {
        self.nmbd.descriptor()
    }

    /// Handles the datagrams that nmbd has passed on.
    pub(super) fn take(&mut self, now: Instant, driver: &mut Driver, shared: &mut Shared) {
        let Shared { metrics, config, settings, .. } = shared;
        let mut unwanted = None;
        let change = self.nmbd.receive(now, |from, bytes| {
            // nmbd receives this node's broadcasts like those of any other program.
            if driver.sends_from(from) {
                metrics.own_returned += 1;
                return;
            }
            // nmbd does not report the receiving interface, but the sender's subnet shows it. Routed datagrams could
            // have arrived by any interface.
            let of_sender = driver.attached().iter().find(|named| named.interface.contains(*from.ip()));
            let mut of_unwanted = || {
                let unwanted = unwanted.get_or_insert_with(|| unwanted_interfaces(settings));
                unwanted.iter().any(|interface| interface.contains(*from.ip()))
            };
            let Some(by) = of_sender.or_else(|| driver.attached().first().filter(|_| !of_unwanted())) else {
                metrics.unwanted_interface += 1;
                return;
            };
            let cast = if bytes.first() == Some(&DIRECT_UNIQUE) { Cast::Unicast } else { Cast::Broadcast };
            let Interface { id, address, broadcast, .. } = by.interface;
            let received = Received { interface: id, from, service: Service::Datagram, cast };
            if !driver.sinks.is_empty() {
                // The destination port is known, and the address follows from the kind of datagram.
                let ip = if cast == Cast::Unicast { address } else { broadcast.unwrap_or(Ipv4Addr::BROADCAST) };
                let (name, to) = (by.name.clone(), SocketAddrV4::new(ip, config.ports.datagram));
                driver.sinks.packet(&name, Some(cast.into()), [from, to], bytes);
            }
            driver.node.handle_packet(now, received, bytes);
        });
        tell(change, &shared.settings);
    }

    /// Connects to nmbd, and asks for its names, if that is due.
    pub(super) fn handle_timeout(&mut self, now: Instant, driver: &mut Driver, shared: &mut Shared) {
        let change = self.nmbd.handle_timeout(now);
        if let Some(Change::Connected) = change {
            self.ask_at = Some(now + NAMES_CLAIMED);
        }
        if self.ask_at.is_some_and(|at| at <= now) {
            self.ask_at = None;
            let own = driver.attached().first().map(|named| named.interface.address);
            self.asked = own.map(|own| driver.node.node_status(now, own));
        }
        tell(change, &shared.settings);
    }

    /// Logs which of the node's main names nmbd does not have. Other nodes then do not find these, or find another
    /// holder.
    pub(super) fn compare_names(&mut self, request: RequestId, status: Option<&NodeStatus>, shared: &mut Shared) {
        if self.asked != Some(request) {
            return;
        }
        self.asked = None;
        let Some(status) = status else { return };
        for name in [&shared.config.computer, &shared.config.workgroup] {
            if !status.entries.iter().any(|entry| entry.name == *name.as_bytes()) {
                tracing::warn!(name: "nmbd_lacks_name", name = %name);
            }
        }
    }
}

fn unwanted_interfaces(settings: &config::Settings) -> Vec<Interface> {
    let addresses = addresses::list().unwrap_or_default();
    interfaces::unwanted(&addresses, settings)
}

fn tell(change: Option<Change>, settings: &config::Settings) {
    match change {
        None => {}
        Some(Change::Connected) => tracing::event!(name: "nmbd_connected", tracing::Level::INFO, {}),
        Some(Change::Lost(error)) => tracing::warn!(name: "nmbd_lost", reason = %error),
        Some(Change::Missed(error)) => {
            tracing::warn!(name: "nmbd_not_there", socket = %settings.nmbd_socket.display(), reason = %error);
        }
    }
}
