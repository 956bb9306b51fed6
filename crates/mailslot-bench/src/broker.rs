//! The servers of peers that need one.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Result;

const NATS: &str = "nats-server";
const MOSQUITTO: &str = "mosquitto";

/// A server, ended when dropped.
pub(crate) struct Broker(Child);

impl Broker {
    /// Starts a NATS server on a port of the loopback interface, with its settings in `config`. Receivers may lag
    /// behind by as much as fits into memory, so that none is disconnected.
    pub(crate) fn nats(port: u16, config: &Path) -> Result<Broker> {
        fs::write(config, "max_pending: 512MB\nmax_payload: 8MB\nwrite_deadline: \"30s\"\n")?;
        start(Command::new(NATS).args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--config"]).arg(config))
    }

    /// Starts mosquitto on a Unix socket, with its settings in `config`. It queues messages for a receiver without a
    /// limit.
    pub(crate) fn mosquitto(socket: &Path, config: &Path) -> Result<Broker> {
        let limits = "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 0\n";
        // As this user, who may create the socket.
        let user = "user root\nallow_anonymous true\nlog_type none\n";
        fs::write(config, format!("listener 0 {}\n{user}{limits}", socket.display()))?;
        start(Command::new(MOSQUITTO).arg("-c").arg(config))
    }

    #[cfg(feature = "domains")]
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Both fail only if the server has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The versions of the servers; `None` for one that is not installed.
pub(crate) fn versions() -> [(&'static str, Option<String>); 2] {
    // mosquitto prints its version in the first line of its help, which it prints as an error.
    [("nats_server", first_line(NATS, "--version")), ("mosquitto", first_line(MOSQUITTO, "-h"))]
}

fn first_line(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

fn start(command: &mut Command) -> Result<Broker> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Ok(Broker(child.map_err(|error| format!("{program}: {error}"))?))
}
