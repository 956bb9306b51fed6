//! The machine of the measurements.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use rustix::thread::{UnshareFlags, unshare_unsafe};
use serde_json::{Value, json};

use crate::broker;
use crate::peer::posix_mq;
use crate::process::Cpus;

/// Facts about the machine and the settings of the peers.
pub(crate) fn describe(cpus: &Cpus) -> Value {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    json!({
        "cpu": cpu_model(),
        "cores": cores,
        "reader_cpus": cpus.reader,
        "writer_cpus": cpus.writers,
        "kernel": first_line("/proc/sys/kernel/osrelease"),
        "rustc": output("rustc", &["--version"]),
        "commit": output("git", &["rev-parse", "HEAD"]),
        "date": output("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        "load": load(),
        "servers": broker::versions().into_iter().collect::<BTreeMap<_, _>>(),
        "zeromq": zmq::version(),
        "unix_datagram_queue": datagram_queue_length(),
        "posix_mq_depth_64": posix_mq::depth(64),
        "root": rustix::process::geteuid().is_root(),
    })
}

/// Load averages, for other work on the machine.
pub(crate) fn load() -> Option<String> {
    first_line("/proc/loadavg")
}

/// Processor time, in clock ticks, at one moment.
pub(crate) struct Usage {
    all: u64,
    busy: u64,
    own: u64,
}

impl Usage {
    /// For the whole machine, and for this process with the children that it has waited for.
    pub(crate) fn now() -> Usage {
        let numbers = |text: String| -> Vec<u64> { text.split(' ').filter_map(|field| field.parse().ok()).collect() };
        let machine = numbers(first_line("/proc/stat").unwrap_or_default());
        // The fields that follow the name, which may contain anything, and the state.
        let own = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let own = numbers(own.rsplit(") ").next().and_then(|text| text.get(2..)).unwrap_or_default().to_owned());
        // user, nice, system, idle, iowait, irq, softirq, steal; and from parent and group on, the 11th to the 14th are
        // user and system time of the process and of its children.
        let all: u64 = machine.iter().take(8).sum();
        let idle: u64 = machine.iter().skip(3).take(2).sum();
        Usage { all, busy: all - idle, own: own.iter().skip(10).take(4).sum() }
    }

    /// The part of the machine's processor time since then that other processes used.
    pub(crate) fn others_since(&self) -> f64 {
        let now = Usage::now();
        let others = (now.busy - self.busy).saturating_sub(now.own.saturating_sub(self.own));
        others as f64 / (now.all - self.all).max(1) as f64
    }
}

/// The names and the values of [`describe`], one per line.
pub(crate) fn text(machine: &Value) -> String {
    let fields = machine.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| format!("  {name}: {}\n", value.to_string().trim_matches('"'))).collect()
}

/// The most messages that wait in a Unix datagram socket. The kernel's default is 10; most systems set 512.
pub(crate) fn datagram_queue_length() -> usize {
    first_line(QUEUE_LENGTH).and_then(|text| text.parse().ok()).unwrap_or(10)
}

const QUEUE_LENGTH: &str = "/proc/sys/net/unix/max_dgram_qlen";

/// Gives this process and its children the datagram queues of a usual system, and POSIX queues longer than usual ones,
/// in separate namespaces, so that other processes are not affected. Does nothing without the privilege.
pub(crate) fn usual_queues() {
    // A failure shows in the results, which contain the settings.
    if datagram_queue_length() < USUAL_QUEUE_LENGTH && unshared(UnshareFlags::NEWNET) {
        let _ = fs::write(QUEUE_LENGTH, USUAL_QUEUE_LENGTH.to_string());
        // For the NATS server.
        let _ = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    }
    if unshared(UnshareFlags::NEWIPC) {
        posix_mq::raise_limits();
    }
}

/// The value that systemd sets.
const USUAL_QUEUE_LENGTH: usize = 512;

fn unshared(what: UnshareFlags) -> bool {
    // SAFETY: only the file table must not be unshared while other threads use it, and `what` never has that flag.
    unsafe { unshare_unsafe(what) }.is_ok()
}

fn cpu_model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.lines().next()?.to_owned())
}

fn output(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).stderr(std::process::Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
