//! The privileges of this process and the owners of sockets, from /proc.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The privileges of a process that matter here.
pub struct Privileges {
    pub root: bool,
    capabilities: u64,
}

/// The capability to bind ports below the first unprivileged one.
const CAP_NET_BIND_SERVICE: u32 = 10;
/// The lower port of NetBIOS.
const LOWEST: u16 = 137;

impl Privileges {
    pub fn of_this_process() -> Option<Privileges> {
        Privileges::parse(&fs::read_to_string("/proc/self/status").ok()?)
    }

    fn parse(status: &str) -> Option<Privileges> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let effective_user = field("Uid:")?.split_whitespace().nth(1)?;
        let capabilities = u64::from_str_radix(field("CapEff:")?.trim(), 16).ok()?;
        Some(Privileges { root: effective_user == "0", capabilities })
    }

    /// Whether it may bind the ports of NetBIOS.
    pub fn may_bind_low_ports(&self) -> bool {
        let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let first = first.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024);
        self.capabilities & 1 << CAP_NET_BIND_SERVICE != 0 || first <= LOWEST
    }
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub name: String,
}

/// The processes that have sockets open, by the sockets' inodes. Only root sees those of other users.
pub fn socket_owners() -> BTreeMap<u64, Process> {
    let mut owners = BTreeMap::new();
    let Ok(entries) = fs::read_dir("/proc") else { return owners };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let inodes = sockets(&entry.path());
        if inodes.is_empty() {
            continue;
        }
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim_end().to_owned();
        owners.extend(inodes.into_iter().map(|inode| (inode, Process { pid, name: name.clone() })));
    }
    owners
}

fn sockets(process: &Path) -> Vec<u64> {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return Vec::new() };
    let links = descriptors.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links.filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_those_that_are_effective() {
        let status = "Name:\tx\nUid:\t1000\t0\t0\t0\nCapPrm:\t0\nCapEff:\t0000000000000400\n";
        let privileges = Privileges::parse(status).expect("all fields are there");
        assert!(privileges.root && privileges.capabilities == 1 << CAP_NET_BIND_SERVICE);
        assert!(Privileges::parse("Name:\tx\n").is_none());
    }

    #[test]
    fn the_owner_of_a_socket_is_found() {
        use std::os::fd::AsRawFd;
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).expect("a link");
        let inode: String = link.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
        let owners = socket_owners();
        let owner = owners.get(&inode.parse().expect("a number")).expect("this process");
        assert_eq!(owner.pid, std::process::id());
    }
}
