//! `mailslot node`: connects this machine with the network, and shows the status of a running node.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::{Args, Subcommand, ValueEnum};
use mailslot_node::bridge::{Pattern, domain_pattern};
use mailslot_node::config;
use mailslot_node::control::{self, Answer, Request};
use mailslot_node::log::{self, Format};
use serde::{Serialize, Serializer};

use super::{ask, counters, settings, unexpected};
use crate::escape::cell;
use crate::exit;
use crate::output;

/// Connect this machine's slots with the network, until a signal ends it
#[derive(Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct Node {
    #[command(subcommand)]
    command: Option<NodeCommand>,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum NodeCommand {
    /// Show the identity, state and counters of this machine's node
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Every setting of the file, by its name there. A flag overrides the file.
#[derive(Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// File with settings (TOML) [default: $MAILSLOT_CONFIG, else /etc/mailslot/node.toml if there is one]
    #[arg(short, long, value_name = "PATH")]
    #[serde(skip)]
    config: Option<PathBuf>,

    /// This computer's name [default: the host name]
    #[arg(long, value_name = "NAME")]
    computer: Option<String>,

    /// The workgroup or domain [default: WORKGROUP]
    #[arg(long, value_name = "NAME")]
    workgroup: Option<String>,

    /// The NetBIOS scope
    #[arg(long)]
    scope: Option<String>,

    /// How names are registered and found [default: h with WINS servers, else b]
    #[arg(long, value_parser = ["b", "p", "m", "h"])]
    node_type: Option<String>,

    /// A WINS server; may be given several times, the primary one first
    #[arg(long, value_name = "ADDRESS")]
    wins: Option<Vec<Ipv4Addr>>,

    /// Which implementation's form of messages to send [default: windows]
    #[arg(long, value_parser = ["windows", "samba"])]
    style: Option<String>,

    /// One more name to register, such as PLANT#1c or group:PLANT#1e; may be given several times
    #[arg(long = "name", value_name = "NAME")]
    names: Option<Vec<String>>,

    /// Whether to receive the computer browser's messages to all members of the workgroup [default: true]
    #[arg(long, value_name = "BOOL")]
    browser: Option<bool>,

    /// An interface to use, by name or address; may be given several times [default: all that can broadcast]
    #[arg(long = "interface", value_name = "INTERFACE")]
    interfaces: Option<Vec<String>>,

    /// An interface not to use, by name or address; may be given several times
    #[arg(long, value_name = "INTERFACE")]
    exclude: Option<Vec<String>>,

    /// Whether to be in a NetBIOS network; false is for machines in modern domains only [default: true]
    #[arg(long, value_name = "BOOL")]
    netbios: Option<bool>,

    /// In modern domains, whether to look for other machines by multicast [default: as in the domain's file]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    lan: Option<bool>,

    /// A Zenoh endpoint to connect to in modern domains, such as tls/hub.example:7447; may be given several times
    #[arg(long, value_name = "ENDPOINT")]
    connect: Option<Vec<String>>,

    /// A Zenoh endpoint to listen on in modern domains, such as tls/0.0.0.0:7447; may be given several times
    #[arg(long, value_name = "ENDPOINT")]
    listen: Option<Vec<String>>,

    /// The network in which a computer is: a modern domain, or netbios; may be given several times
    #[arg(long, value_name = "NAME=NETWORK", value_parser = meaning)]
    #[serde(serialize_with = "as_table")]
    computers: Option<Vec<(String, String)>>,

    /// A slot whose messages go from the NetBIOS network into a modern domain, such as PLANT:alerts or 'PLANT:line1\*';
    /// may be given several times
    #[arg(long, value_name = "DOMAIN:SLOT")]
    #[serde(skip)]
    to_domain: Vec<String>,

    /// A slot whose messages go from a modern domain into the NetBIOS network; may be given several times
    #[arg(long, value_name = "DOMAIN:SLOT")]
    #[serde(skip)]
    to_legacy: Vec<String>,

    /// A slot for messages from modern domains, on Windows, where its creator cannot say so; may be given several times
    #[arg(long = "slot", value_name = "SLOT")]
    slots: Option<Vec<String>>,

    /// UDP port of the name service [default: 137]
    #[arg(long, value_name = "PORT")]
    name_port: Option<u16>,

    /// UDP port of the datagram service [default: 138]
    #[arg(long, value_name = "PORT")]
    datagram_port: Option<u16>,

    /// Leave both ports to Samba's nmbd: receive messages that it does not use, send from other ports, use its names
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    beside_samba: Option<bool>,

    /// nmbd's socket for that [default: /run/samba/nmbd/unexpected]
    #[arg(long, value_name = "PATH")]
    nmbd_socket: Option<PathBuf>,

    /// Where to serve metrics for Prometheus: 127.0.0.1:9464, or unix:/run/mailslot-metrics [default: nowhere]
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,

    /// The user to become once the ports are open
    #[arg(long)]
    user: Option<String>,

    /// The form of the log [default: journald where standard error leads to the journal, else text]
    #[arg(long, value_name = "FORMAT")]
    #[serde(skip)]
    log_format: Option<LogFormat>,

    /// One of the limits below, such as queries=512 or messages.burst=1000; may be given several times
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    #[serde(skip)]
    limits: Vec<String>,
}

/// Formats of the log; [`Format`] documents them. Without help texts: one here would make clap print long help for
/// every flag.
#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
    Journald,
}

impl From<LogFormat> for Format {
    fn from(format: LogFormat) -> Format {
        match format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
            LogFormat::Journald => Format::Journald,
        }
    }
}

/// `PC7=PLANT`: a computer, and its network.
fn meaning(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, network)| (name.to_owned(), network.to_owned()));
    parts.ok_or_else(|| "write the computer and the network, such as PC7=PLANT or PC7=netbios".to_owned())
}

/// As the file has it.
fn as_table<S: Serializer>(meanings: &Option<Vec<(String, String)>>, to: S) -> Result<S::Ok, S::Error> {
    match meanings {
        Some(meanings) => to.collect_map(meanings.iter().map(|(name, network)| (name, network))),
        None => to.serialize_none(),
    }
}

const AFTER_HELP: &str = r#"The node runs in the foreground and logs to standard error. It needs the UDP ports 137 and 138, hence root or the capability CAP_NET_BIND_SERVICE; with --netbios false, neither. On SIGINT and SIGTERM it releases its names and ends; on SIGHUP it reads the settings again. RUST_LOG sets what is logged, as levels for targets, such as debug,zenoh=error; the default is warn,mailslot_node=info,mailslot_zenoh=info.

It delivers to slots that are open to the network (mailslot listen --network) and that its user may write to: root to all of them, another user (--user) to its own and to those that let it write (mailslot listen --access users:NAME, everyone).

Beside nmbd (--beside-samba) no privileges are needed; computer and workgroup must be those of nmbd, which registers and defends them. Messages to the slots browse, lanman, net\netlogon and net\ntlogon do not arrive: nmbd keeps them.

Limits (TOML: table "limits"), with their defaults: transmits 4096, events 4096, queries 256, cached-names 1024, holders 64, waiting-messages 256, unfinished 256, unfinished-per-source 4, unfinished-bytes 524288, remembered-datagrams 16384, rated-sources 8192; and rates {per-second, burst}: answers-per-source 50, 100; answers 2000, 2000; answers-reserved 10000, 10000; answers-elsewhere 1000, 1000; messages-per-source 500000, 500000; messages 2000000, 2000000.

Examples:
  mailslot node --computer SRV1 --workgroup PLANT
  mailslot node --config plant.toml
  mailslot node --user mailslot --limit messages-per-source.per-second=1000
  mailslot node status"#;

impl Node {
    pub fn run(self) -> exit::Result {
        match self.command {
            Some(NodeCommand::Status { json }) => show(json),
            None => {
                log::init(self.flags.log_format.map_or_else(Format::of_stderr, Format::from), |line| exit::say(line))?;
                let used = OnceLock::new();
                let settings = || self.flags.settings(self.flags.file(&used).as_deref());
                Ok(mailslot_node::run(settings)?)
            }
        }
    }
}

impl Flags {
    /// The file with settings. Once a file was used, its absence is an error rather than a change of all settings.
    fn file(&self, used: &OnceLock<PathBuf>) -> Option<PathBuf> {
        let file = used.get().cloned().or_else(|| settings::file(self.config.as_deref()))?;
        Some(used.get_or_init(|| file).clone())
    }

    fn settings(&self, file: Option<&Path>) -> mailslot_node::Result<config::Settings> {
        self.with_bridges(config::Settings::load(file, self, &self.limits)?)
    }

    /// Flags for a direction of a bridge override the file's settings for it.
    fn with_bridges(&self, mut settings: config::Settings) -> mailslot_node::Result<config::Settings> {
        let mut given: BTreeMap<String, [Vec<Pattern>; 2]> = BTreeMap::new();
        for (direction, flags) in [&self.to_domain, &self.to_legacy].into_iter().enumerate() {
            for flag in flags {
                let (domain, pattern) = domain_pattern(flag)?;
                given.entry(domain).or_default()[direction].push(pattern);
            }
        }
        for (domain, [to_domain, to_legacy]) in given {
            let name = settings.bridge.keys().find(|name| name.eq_ignore_ascii_case(&domain)).cloned();
            let bridge = settings.bridge.entry(name.unwrap_or(domain)).or_default();
            for (setting, flag) in [(&mut bridge.to_domain, to_domain), (&mut bridge.to_legacy, to_legacy)] {
                if !flag.is_empty() {
                    *setting = flag;
                }
            }
        }
        Ok(settings)
    }
}

fn show(json: bool) -> exit::Result {
    match ask(Request::Status)? {
        Answer::Status(status) if json => output::print_json(&status),
        Answer::Status(status) => output::lines(text(&status)),
        answer => Err(unexpected(&answer)),
    }
}

fn text(status: &control::Status) -> Vec<String> {
    let mut lines = if status.netbios { netbios(status) } else { vec![cell(status.computer_name())] };
    lines.push("counters:".to_owned());
    lines.extend(counters(&status.counters));
    lines.extend(status.domains.iter().flat_map(super::domains::text));
    lines.extend(status.bridges.iter().flat_map(super::bridges::text));
    lines
}

/// The node's part in the NetBIOS network.
fn netbios(status: &control::Status) -> Vec<String> {
    let [computer, workgroup, node_type] = [&status.computer, &status.workgroup, &status.node_type].map(cell);
    let mut lines = vec![format!("{computer} in {workgroup}, {node_type} node")];
    if let Some(connected) = status.nmbd_connected {
        lines.push(format!("beside nmbd: {}", if connected { "connected" } else { "not connected" }));
    }
    lines.push("interfaces:".to_owned());
    for interface in &status.interfaces {
        let address = format!("{}/{}", interface.address, interface.prefix);
        let broadcast = interface.broadcast.map_or("no broadcast".to_owned(), |address| format!("broadcast {address}"));
        lines.push(format!("  {:<15} {address:<18} {broadcast}", cell(&interface.name)));
    }
    for unused in &status.unused {
        lines.push(format!("  {:<15} not used: {}", cell(&unused.name), cell(&unused.reason)));
    }
    lines.push("names:".to_owned());
    for name in &status.names {
        let kind = if name.group { "group" } else { "unique" };
        let [name, state, interface] = [&name.name, &name.state, &name.interface].map(cell);
        lines.push(format!("  {name:<22} {kind:<7} {state:<9} on {interface}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use mailslot_netbios::limits::Limits;

    use super::*;
    use crate::hostile;

    #[test]
    fn help_lists_every_limit_with_its_default() {
        let limits = serde_json::to_value(Limits::default()).expect("numbers are JSON");
        let text = AFTER_HELP.replace('\n', " ");
        for (name, value) in limits.as_object().expect("a table") {
            let line = match (value.get("per-second"), value.get("burst")) {
                (Some(per_second), Some(burst)) => format!(" {name} {per_second}, {burst}"),
                _ => format!(" {name} {value}"),
            };
            assert!(text.contains(&line), "{line}");
        }
    }

    #[test]
    fn every_setting_of_the_file_has_a_flag_that_sets_it() {
        let command = <Node as clap::Args>::augment_args(clap::Command::new("node"));
        let unknown = config::Settings::from_toml("no-such-setting = 1").expect_err("it is none").to_string();
        // "..., expected one of `computer`, `workgroup`, ..."
        let (_, names) = unknown.split_once("expected one of").expect("the names of all settings");
        let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
        assert!(names.contains(&"computer") && names.contains(&"limits"), "{unknown}");
        for name in names {
            let (flag, value) = match name {
                // Sections whose keys are names.
                "domains" => continue,
                "computers" => (name, "PC7=netbios"),
                "bridge" => ("to-domain", "PLANT:alerts"),
                "names" | "interfaces" | "limits" | "slots" => (name.trim_end_matches('s'), "queries=7"),
                "wins" => (name, "192.0.2.1"),
                "browser" | "netbios" => (name, "false"),
                "lan" | "beside-samba" => (name, "true"),
                "node-type" => (name, "m"),
                "style" => (name, "samba"),
                "name-port" | "datagram-port" => (name, "7"),
                "metrics" => (name, "127.0.0.1:0"),
                _ => (name, "x"),
            };
            let words = ["node".to_owned(), format!("--{flag}={value}")];
            let matches = command.clone().try_get_matches_from(words).expect(name);
            let node = <Node as clap::FromArgMatches>::from_arg_matches(&matches).expect(name);
            let settings = node.flags.settings(None).expect(name);
            assert_ne!(settings, config::Settings::default(), "{name}");
        }
    }

    #[test]
    fn whatever_a_node_says_of_itself_stays_in_its_cells() {
        let status = serde_json::json!({
            "version": "1", "computer": "SRV1<00>", "workgroup": "PLANT<00>", "node_type": "B", "nmbd_connected": true,
            "interfaces": [{ "name": "eth0", "address": "192.0.2.1", "prefix": 24, "broadcast": "192.0.2.255" }],
            "unused": [{ "name": "eth7", "reason": "there is no such interface", "is_fault": true }],
            "names": [{ "name": "SRV1<00>", "group": false, "interface": "eth0", "state": "held" }],
            "counters": { "packets_received": 1 },
        });
        hostile::stays_in_its_cells(|planted| {
            let mut status = status.clone();
            hostile::plant(&mut status, planted);
            text(&serde_json::from_value(status).expect("a status"))
        });
    }
}
