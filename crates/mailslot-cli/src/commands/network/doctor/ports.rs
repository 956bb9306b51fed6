//! The processes that have the UDP ports of NetBIOS.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;

use super::finding::Findings;
use super::node::Running;
use super::process::{Privileges, socket_owners};
use crate::accounts;

/// Name service and datagram service.
const PORTS: [u16; 2] = [137, 138];

/// A UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Socket {
    address: Ipv4Addr,
    port: u16,
    uid: u32,
    inode: u64,
}

pub fn examine(node: Option<&Running>, findings: &mut Findings) {
    match node.and_then(|node| node.status.nmbd_connected) {
        Some(true) => return findings.ok("ports", "nmbd has UDP ports 137 and 138, and hands messages on to the node"),
        Some(false) => {
            let remedy = "start nmbd, and check that the node's user may use its socket (mailslot node --nmbd-socket)";
            return findings.problem("ports", "the node is to run beside nmbd, and cannot reach it", remedy);
        }
        None => {}
    }
    let Ok(table) = fs::read_to_string("/proc/net/udp") else {
        return findings.unknown("ports", "/proc/net/udp cannot be read", "mount /proc");
    };
    let mut sockets: Vec<Socket> =
        table.lines().skip(1).filter_map(socket).filter(|socket| PORTS.contains(&socket.port)).collect();
    sockets.sort_by_key(|socket| (socket.port, socket.address));
    if sockets.is_empty() {
        match node {
            // The node has none as long as it can use no interface.
            Some(_) => findings.unknown("ports", "no process has the UDP ports 137 and 138", "check the interfaces"),
            None => examine_free_ports(findings),
        }
    }
    let owners = socket_owners();
    let mut ours = Vec::new();
    let mut others: BTreeMap<String, Vec<Socket>> = BTreeMap::new();
    for socket in sockets {
        match owners.get(&socket.inode) {
            Some(process) if node.is_some_and(|node| node.pid == Some(process.pid)) => ours.push(socket),
            Some(process) => {
                others.entry(format!("{} (process {})", process.name, process.pid)).or_default().push(socket)
            }
            // Assumed to be the node's: it runs as another user, so its process is not visible.
            None if node.is_some_and(|node| node.uid == Some(socket.uid)) => ours.push(socket),
            None => others.entry(format!("a process of user {}", accounts::user(socket.uid))).or_default().push(socket),
        }
    }
    if !ours.is_empty() {
        findings.ok("ports", format!("the node has UDP ports {}", list(&ours)));
    }
    for (owner, sockets) in others {
        let stop = if owner.starts_with("nmbd ") { "stop nmbd (systemctl stop nmbd)" } else { "stop it" };
        let remedy = format!(
            "{stop}, run beside it (mailslot node --beside-samba), leave its interfaces to it (--exclude), or do \
             without NetBIOS (--netbios false)"
        );
        let found = format!("{owner} has UDP ports {}", list(&sockets));
        match node {
            None => findings.problem("ports", found + ", so no node can start there", remedy),
            // The node runs, so it does not use the same addresses.
            Some(_) => findings.unknown("ports", found + " besides the node", remedy),
        }
    }
}

fn examine_free_ports(findings: &mut Findings) {
    match Privileges::of_this_process() {
        Some(privileges) if privileges.may_bind_low_ports() => {
            findings.ok("ports", "UDP ports 137 and 138 are free, and this user may use them");
        }
        Some(_) => findings.problem(
            "ports",
            "UDP ports 137 and 138 are free, but this user may not use them",
            "start the node as root, or give it CAP_NET_BIND_SERVICE: setcap cap_net_bind_service=ep on the command",
        ),
        None => findings.unknown("ports", "UDP ports 137 and 138 are free", "mount /proc to see who may use them"),
    }
}

/// A line of /proc/net/udp: number, local address, remote address, state, queues, timer, retransmissions, user,
/// timeout, inode.
fn socket(line: &str) -> Option<Socket> {
    let mut fields = line.split_whitespace().skip(1);
    let (address, port) = fields.next()?.split_once(':')?;
    // The address is in network byte order, but printed as a number of the machine.
    let address = Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.to_ne_bytes());
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut fields = fields.skip(5);
    let uid = fields.next()?.parse().ok()?;
    Some(Socket { address, port, uid, inode: fields.nth(1)?.parse().ok()? })
}

/// `137 of 192.0.2.1 and 192.0.2.255, 138 of 192.0.2.1`
fn list(sockets: &[Socket]) -> String {
    let of = |port: u16| -> Vec<String> {
        sockets.iter().filter(|socket| socket.port == port).map(|socket| socket.address.to_string()).collect()
    };
    let parts = PORTS.iter().map(|&port| (port, of(port))).filter(|(_, addresses)| !addresses.is_empty());
    parts.map(|(port, addresses)| format!("{port} of {}", addresses.join(" and "))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_the_kernel_are_understood() {
        let line = "  1234: 0102000A:0089 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 45678 \
                    2 0000000000000000 0";
        let expected = Socket { address: Ipv4Addr::new(10, 0, 2, 1), port: 137, uid: 1000, inode: 45678 };
        assert_eq!(socket(line), Some(expected));
        assert_eq!(list(&[expected]), "137 of 10.0.2.1");
        assert_eq!(socket("   sl  local_address rem_address"), None);
    }
}
