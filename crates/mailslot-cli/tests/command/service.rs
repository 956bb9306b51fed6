//! The node as a service: its notifications to the service manager (sd_notify(3)).

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::{Done, Machine};

/// A node and its service manager.
struct Service {
    node: Child,
    told: UnixDatagram,
    machine: Machine,
}

impl Service {
    fn start(settings: &str) -> Service {
        let machine = Machine::new();
        let told = UnixDatagram::bind(machine.root().join("notify")).expect("a socket");
        let mut service = machine.command(&["node", "--netbios", "false", "--config"]);
        let service = service
            .arg(machine.root().join("node.toml"))
            .env("NOTIFY_SOCKET", machine.root().join("notify"))
            .env("WATCHDOG_USEC", "200000")
            .env("MAILSLOT_DOMAINS", machine.root().join("domains"))
            .stdout(Stdio::null());
        std::fs::write(machine.root().join("node.toml"), settings).expect("a file");
        Service { node: service.spawn().expect("the command starts"), told, machine }
    }

    fn set(&self, settings: &str) {
        std::fs::write(self.machine.root().join("node.toml"), settings).expect("a file");
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.node), signal).expect("the node lives");
    }

    /// The names of the node's notifications from now on up to `last`, without repeated ones such as the watchdog's.
    fn until(&self, last: &str) -> Vec<String> {
        let mut names = Vec::new();
        while names.last().is_none_or(|name| name != last) {
            let mut message = [0; 4096];
            let len = self.told.recv(&mut message).expect("a message");
            for line in String::from_utf8_lossy(&message[..len]).lines() {
                let name = line.split('=').next().unwrap_or_default();
                if name == last || !["STATUS", "WATCHDOG"].contains(&name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    fn end(self) -> Done {
        self.node.wait_with_output().expect("the node ends").into()
    }
}

#[test]
fn node_tells_that_it_is_ready_works_reloads_and_stops() {
    let service = Service::start("");
    assert_eq!(service.until("READY"), ["READY"]);
    service.until("WATCHDOG");
    // Unchanged, changed and wrong settings, and other names to claim.
    for settings in ["", "exclude = ['lo']", "exclud = []", "computer = 'OTHER'", ""] {
        service.set(settings);
        assert_eq!(service.until("READY"), ["RELOADING", "MONOTONIC_USEC", "READY"], "{settings}");
        service.until("WATCHDOG");
    }
    service.signal(Signal::TERM);
    assert_eq!(service.until("STOPPING"), ["STOPPING"]);
    let Service { told, node, machine: _machine } = service;
    let done = Done::from(node.wait_with_output().expect("the node ends"));
    assert_eq!(done.code(), Some(0), "{done:?}");
    told.set_nonblocking(true).expect("the test's own socket");
    let mut message = [0; 4096];
    while let Ok(len) = told.recv(&mut message) {
        let message = String::from_utf8_lossy(&message[..len]);
        assert!(!message.contains("READY"), "{message}");
    }
}

#[test]
fn node_that_fails_is_never_ready() {
    let service = Service::start("computr = 'x'");
    let told = service.told.try_clone().expect("a socket");
    let done = service.end();
    assert_eq!(done.code(), Some(2), "{done:?}");
    told.set_nonblocking(true).expect("the test's own socket");
    assert!(told.recv(&mut [0; 1]).is_err());
}
