//! Two machines on a virtual network: namespaces joined by a veth pair.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::Result;

pub(super) const SENDER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
pub(super) const RECEIVER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);
/// A third machine, behind another veth pair, for nmbd, which uses the same ports as the node.
pub(super) const NMBD: Ipv4Addr = Ipv4Addr::new(10, 99, 1, 2);
const SENDER_TO_NMBD: Ipv4Addr = Ipv4Addr::new(10, 99, 1, 1);

/// The namespaces' names. They are removed when dropped.
pub(super) struct Lan {
    pub(super) sender: String,
    pub(super) receiver: String,
    pub(super) nmbd: String,
}

impl Lan {
    pub(super) fn create() -> Result<Lan> {
        let name = |part: &str| format!("slotbench{}{part}", std::process::id());
        let lan = Lan { sender: name("s"), receiver: name("r"), nmbd: name("n") };
        for namespace in lan.all() {
            ip(&["netns", "add", namespace])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        }
        lan.connect("veth0", SENDER, &lan.receiver, RECEIVER)?;
        lan.connect("veth1", SENDER_TO_NMBD, &lan.nmbd, NMBD)?;
        Ok(lan)
    }

    fn connect(&self, device: &str, near: Ipv4Addr, namespace: &str, far: Ipv4Addr) -> Result<()> {
        let sender = self.sender.as_str();
        ip(&["-n", sender, "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", namespace])?;
        for (namespace, device, address) in [(sender, device, near), (namespace, "eth0", far)] {
            ip(&["-n", namespace, "addr", "add", &format!("{address}/24"), "brd", "+", "dev", device])?;
            ip(&["-n", namespace, "link", "set", device, "up"])?;
        }
        Ok(())
    }

    fn all(&self) -> [&str; 3] {
        [&self.sender, &self.receiver, &self.nmbd]
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for namespace in self.all() {
            // Fails for one that was not made.
            let _ = ip(&["netns", "del", namespace]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().map_err(|error| format!("run ip: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()).into())
}
