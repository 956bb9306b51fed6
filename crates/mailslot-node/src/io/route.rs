//! Finds the address of this machine that leads to another one.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// The address from which the system would send; `None` if there is no route. Connecting a UDP socket finds it without
/// sending anything, and unlike a lookup in the table of routes respects rules, marks and preferred sources.
pub(crate) fn source(to: Ipv4Addr) -> Option<Ipv4Addr> {
    // The discard service; any port would do.
    const PORT: u16 = 9;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((to, PORT)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(address) => Some(*address.ip()),
        SocketAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_leads_to_itself_and_nothing_leads_to_a_broadcast_address() {
        assert_eq!(source(Ipv4Addr::new(127, 1, 2, 3)), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(source(Ipv4Addr::BROADCAST), None);
    }
}
