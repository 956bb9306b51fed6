//! The settings of a machine's part in a domain, and what they are in Zenoh's terms.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mailslot_domain::{Batch, Domain, Limits};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// What a user can set for a domain, besides what its file says. Everything has a default, and unknown names are errors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// `peer`, `router` or `client`; by default `peer` in a LAN, else `router` if there are endpoints to listen on, else
    /// `client` if there are some to connect to.
    pub mode: Option<Mode>,
    /// Whether machines look for each other by multicast; by default what the domain's file says.
    pub lan: Option<bool>,
    /// Interfaces for multicast, by name or address; by default all that can.
    pub interfaces: Vec<String>,
    /// Endpoints to connect to, such as `tls/hub.example:7447`, besides those of the domain's file.
    pub connect: Vec<String>,
    /// Endpoints to listen on, such as `tls/0.0.0.0:7447`. In a LAN, by default a free TCP port of all interfaces.
    pub listen: Vec<String>,
    /// Certificates for `tls/` and `quic/` endpoints.
    pub tls: Tls,
    /// Most machines that may be connected to this one.
    pub max_sessions: usize,
    /// Bytes of the largest message.
    pub max_message_size: usize,
    /// Seconds by which the clock of another machine may differ from this one.
    pub clock_tolerance: u64,
    /// Streams of messages that are followed at once: one for each destination of each sender.
    pub streams: usize,
    /// A file with Zenoh's own settings (JSON5), which count instead of what follows from these.
    pub zenoh: Option<PathBuf>,
}

/// What this machine is among those of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It connects to others as they are found, and carries nothing for them.
    Peer,
    /// It carries the messages of all that connect to it.
    Router,
    /// It connects to one router.
    Client,
}

/// Certificates, as paths of PEM files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tls {
    /// The certificates of the authorities that other machines' certificates must come from; by default Mozilla's list.
    pub root_ca: Option<PathBuf>,
    /// This machine's certificate.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub private_key: Option<PathBuf>,
    /// Whether whoever connects must have a certificate, too; by default if `root-ca` is given.
    pub mutual: Option<bool>,
}

impl Default for Settings {
    fn default() -> Settings {
        let limits = Limits::default();
        Settings {
            mode: None,
            lan: None,
            interfaces: Vec::new(),
            connect: Vec::new(),
            listen: Vec::new(),
            tls: Tls::default(),
            max_sessions: 1000,
            max_message_size: limits.max_message_size,
            clock_tolerance: limits.tolerance.as_secs(),
            streams: limits.streams,
            zenoh: None,
        }
    }
}

/// What is more in a packet than its message: the envelope, names, and Zenoh's own headers.
const OVERHEAD: usize = 4 << 10;
/// How long a message may wait, in microseconds, when the way to a peer is full: as long as other programs may have the
/// processor. Once that was in vain, messages are dropped at once until there is room again.
const WAIT_BEFORE_DROP: u64 = 10_000;
/// Packets of 64 KiB that may wait for each session, the most that Zenoh allows: a message of the usual largest size, which
/// a slow link need not take at once. With its usual two, who sends much stops and goes on for every second packet as well,
/// which costs more than sending it. Each takes memory only once it was needed.
pub(crate) const QUEUE: usize = 16;
/// Bytes that may wait in a slot of the node, unless messages are very large.
const CAPACITY: u64 = 16 << 20;
/// Connections that may be about to become sessions, and how long each has for that, in milliseconds: two round trips, and a
/// packet lost in each. Anybody can open connections and say nothing. So many at a time keep nobody out until there are
/// more, and then each makes room soon; with Zenoh's own figures, 100 and 10 s, a hundred are enough.
pub(crate) const PENDING: usize = 1000;
const PENDING_TIME: u64 = 3000;
/// How long a client tries to reach a router before it says so and tries again, in milliseconds.
const CLIENT_PATIENCE: u64 = 5000;

impl Settings {
    /// The bounds for what is sent and received.
    pub fn limits(&self) -> Limits {
        Limits {
            tolerance: Duration::from_secs(self.clock_tolerance),
            streams: self.streams,
            max_message_size: self.max_message_size,
        }
    }

    /// Bytes of messages that may wait in a slot of the node.
    pub(crate) fn capacity(&self) -> u64 {
        CAPACITY.max(4 * self.max_message_size as u64)
    }

    /// What this machine is.
    pub fn mode(&self, domain: &Domain) -> Mode {
        match self.mode {
            Some(mode) => mode,
            None if self.lan(domain) => Mode::Peer,
            None if !self.listen.is_empty() => Mode::Router,
            // Routers carry messages between clients, and not between peers, which they take to be connected.
            None if !self.connect(domain).is_empty() => Mode::Client,
            None => Mode::Peer,
        }
    }

    fn lan(&self, domain: &Domain) -> bool {
        self.lan.unwrap_or(domain.lan())
    }

    /// The endpoints to listen on.
    pub fn listen(&self, domain: &Domain) -> Vec<String> {
        match self.mode(domain) {
            Mode::Client => Vec::new(),
            _ if self.listen.is_empty() && self.lan(domain) => vec!["tcp/0.0.0.0:0".to_owned()],
            _ => self.listen.clone(),
        }
    }

    /// The endpoints to connect to.
    pub fn connect(&self, domain: &Domain) -> Vec<String> {
        let mut endpoints = self.connect.clone();
        endpoints.extend(domain.connect().iter().filter(|endpoint| !self.connect.contains(endpoint)).cloned());
        endpoints
    }

    /// What Zenoh needs to know. Where its defaults let anybody in, these do not.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if something is wrong, or a file that is named cannot be read.
    pub fn config(&self, domain: &Domain) -> Result<zenoh::Config> {
        let mut config = zenoh::Config::default();
        for (key, value) in self.values(domain)? {
            set(&mut config, key, &value.to_string())?;
        }
        if let Some(path) = &self.zenoh {
            for (key, value) in read_json5(path)? {
                set(&mut config, &key, &value.to_string())?;
            }
        }
        Ok(config)
    }

    fn values(&self, domain: &Domain) -> Result<Vec<(&'static str, Value)>> {
        let mode = self.mode(domain);
        let (lan, connect) = (self.lan(domain), self.connect(domain));
        if mode == Mode::Client && connect.is_empty() {
            return Err(self.wrong(domain, "a client needs an endpoint to connect to: set `connect`"));
        }
        if self.max_message_size > MOST {
            return Err(self.wrong(domain, &format!("max-message-size can be {MOST} at most")));
        }
        let mut values = vec![
            ("mode", json!(format!("{mode:?}").to_lowercase())),
            ("scouting/multicast/enabled", json!(lan)),
            // Peers tell each other whom they know, so that those of a LAN find each other through any one of them.
            ("scouting/gossip/enabled", json!(lan)),
            (
                "listen/endpoints",
                json!(self.listen(domain).iter().map(|at| with_handshake_time(at)).collect::<Vec<_>>()),
            ),
            ("connect/endpoints", json!(connect)),
            ("connect/timeout_ms", json!(if mode == Mode::Client { CLIENT_PATIENCE as i64 } else { -1 })),
            ("connect/exit_on_failure", json!(mode == Mode::Client)),
            // A node does not wait for others to be found.
            ("open/return_conditions", json!({ "connect_scouted": false, "declares": false })),
            ("timestamping/enabled", json!(false)),
            ("adminspace/enabled", json!(false)),
            ("transport/unicast/max_sessions", json!(self.max_sessions)),
            ("transport/unicast/accept_pending", json!(PENDING)),
            ("transport/unicast/accept_timeout", json!(PENDING_TIME)),
            ("transport/link/tx/queue/size/data", json!(QUEUE)),
            ("transport/link/tx/queue/size/data_low", json!(QUEUE)),
            ("transport/link/tx/queue/congestion_control/drop/wait_before_drop", json!(WAIT_BEFORE_DROP)),
            ("transport/link/rx/max_message_size", json!(self.max_message_size.max(Batch::MAX_SIZE) + OVERHEAD)),
            ("access_control", access_control(domain)),
        ];
        if !self.interfaces.is_empty() {
            values.push(("scouting/multicast/interface", json!(self.interfaces.join(","))));
        }
        values.extend(self.tls.values(domain, self)?);
        Ok(values)
    }

    fn wrong(&self, domain: &Domain, what: &str) -> Error {
        Error::Settings(format!("domain {}: {what}", domain.name()))
    }
}

/// The endpoint to listen on, with as much time for the handshake of TLS as for the one that follows, unless it says itself.
fn with_handshake_time(endpoint: &str) -> String {
    const NAME: &str = "tls_handshake_timeout_ms";
    if !endpoint.starts_with("tls/") || endpoint.contains(NAME) {
        return endpoint.to_owned();
    }
    let separator = if endpoint.contains('#') { ';' } else { '#' };
    format!("{endpoint}{separator}{NAME}={PENDING_TIME}")
}

/// Bytes of the largest message that any setting allows.
const MOST: usize = 64 << 20;

impl Tls {
    fn values(&self, domain: &Domain, settings: &Settings) -> Result<Vec<(&'static str, Value)>> {
        let secure = |endpoint: &String| endpoint.starts_with("tls/") || endpoint.starts_with("quic/");
        if settings.listen(domain).iter().any(secure) && (self.certificate.is_none() || self.private_key.is_none()) {
            let what = "listening on tls/ or quic/ needs a certificate: set `tls.certificate` and `tls.private-key`";
            return Err(settings.wrong(domain, what));
        }
        let mut values = vec![("transport/link/tls/enable_mtls", json!(self.mutual.unwrap_or(self.root_ca.is_some())))];
        let paths = [
            ("transport/link/tls/root_ca_certificate", &self.root_ca),
            ("transport/link/tls/listen_certificate", &self.certificate),
            ("transport/link/tls/listen_private_key", &self.private_key),
            ("transport/link/tls/connect_certificate", &self.certificate),
            ("transport/link/tls/connect_private_key", &self.private_key),
        ];
        for (key, path) in paths {
            let Some(path) = path else { continue };
            if let Err(error) = std::fs::File::open(path) {
                return Err(settings.wrong(domain, &format!("{}: {error}", path.display())));
            }
            values.push((key, json!(path)));
        }
        Ok(values)
    }
}

/// Whether the queue of plain messages has others in it as well, so that sending one may take long: a router sends on what
/// others send, and without priorities all messages share a queue.
pub(crate) fn shares_queue(config: &zenoh::Config) -> bool {
    let is = |key, value| config.get_json(key).is_ok_and(|found| found == value);
    is("mode", "\"router\"") || !is("transport/unicast/qos/enabled", "true")
}

/// Nothing but the key expressions of the domain passes, in either direction.
fn access_control(domain: &Domain) -> Value {
    json!({
        "enabled": true,
        "default_permission": "deny",
        "rules": [{
            "id": "domain",
            "permission": "allow",
            "flows": ["ingress", "egress"],
            "messages": [
                "put", "declare_subscriber", "query", "reply", "declare_queryable", "liveliness_token",
                "liveliness_query", "declare_liveliness_subscriber",
            ],
            "key_exprs": [format!("{}/**", domain.prefix())],
        }],
        "subjects": [{ "id": "everybody" }],
        "policies": [{ "rules": ["domain"], "subjects": ["everybody"] }],
    })
}

fn set(config: &mut zenoh::Config, key: &str, value: &str) -> Result<()> {
    config.insert_json5(key, value).map_err(|error| Error::Settings(format!("zenoh setting {key}: {error}")))
}

/// The settings in a file, each with its path in Zenoh's configuration, so that each replaces just itself.
fn read_json5(path: &Path) -> Result<Vec<(String, Value)>> {
    let wrong = |error: &dyn core::fmt::Display| Error::Settings(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let value: Value = json5::from_str(&text).map_err(|error| wrong(&error))?;
    if !value.is_object() {
        return Err(wrong(&"Zenoh's settings are an object: { ... }"));
    }
    let mut leaves = Vec::new();
    collect(String::new(), value, &mut leaves);
    Ok(leaves)
}

fn collect(path: String, value: Value, leaves: &mut Vec<(String, Value)>) {
    match value {
        // Access control is one setting: its parts make sense together only.
        Value::Object(members) if path != "access_control" => {
            for (name, value) in members {
                let path = if path.is_empty() { name } else { format!("{path}/{name}") };
                collect(path, value, leaves);
            }
        }
        value => leaves.push((path, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(lan: bool, connect: &[&str]) -> Domain {
        let domain = Domain::open("PLANT").expect("valid");
        domain.with_defaults(lan, connect.iter().map(|endpoint| (*endpoint).to_owned()).collect())
    }

    fn settings(text: &str) -> Settings {
        json5::from_str(text).expect("valid")
    }

    fn value(config: &zenoh::Config, key: &str) -> String {
        config.get_json(key).expect("a setting of Zenoh")
    }

    #[test]
    fn nobody_is_looked_for_or_let_in_unless_asked_for() {
        let config = Settings::default().config(&domain(false, &[])).expect("valid");
        for (key, expected) in [
            ("mode", r#""peer""#),
            ("scouting/multicast/enabled", "false"),
            ("scouting/gossip/enabled", "false"),
            ("listen/endpoints", "[]"),
            ("connect/endpoints", "[]"),
            ("access_control/enabled", "true"),
            ("access_control/default_permission", r#""deny""#),
            ("transport/unicast/max_sessions", "1000"),
            ("transport/unicast/accept_pending", "1000"),
            ("transport/unicast/accept_timeout", "3000"),
            ("transport/link/tx/queue/size/data", "16"),
            ("transport/link/tx/queue/size/data_low", "16"),
            ("transport/link/tx/queue/congestion_control/drop/wait_before_drop", "10000"),
            ("transport/link/rx/max_message_size", "1052672"),
        ] {
            assert_eq!(value(&config, key), expected, "{key}");
        }
        assert!(value(&config, "access_control/rules").contains(r#"["mailslot/1/open/PLANT/**"]"#));
    }

    #[test]
    fn tls_handshakes_have_as_much_time_as_those_of_zenoh() {
        for (endpoint, expected) in [
            ("tls/0.0.0.0:7447", "tls/0.0.0.0:7447#tls_handshake_timeout_ms=3000"),
            ("tls/[::]:7447#iface=eth0", "tls/[::]:7447#iface=eth0;tls_handshake_timeout_ms=3000"),
            ("tls/h:1#tls_handshake_timeout_ms=9", "tls/h:1#tls_handshake_timeout_ms=9"),
            ("tcp/0.0.0.0:7447", "tcp/0.0.0.0:7447"),
            ("quic/0.0.0.0:7447", "quic/0.0.0.0:7447"),
        ] {
            assert_eq!(with_handshake_time(endpoint), expected);
        }
    }

    #[test]
    fn without_priorities_all_messages_share_a_queue() {
        let mut config = Settings::default().config(&domain(false, &[])).expect("valid");
        assert!(!shares_queue(&config));
        set(&mut config, "transport/unicast/qos/enabled", "false").expect("valid");
        assert!(shares_queue(&config));
    }

    #[test]
    fn what_a_machine_is_follows_from_its_endpoints() {
        let listening = settings(r#"{ listen: ["tcp/127.0.0.1:7447"] }"#);
        let cases = [
            (Settings::default(), domain(true, &["tcp/hub:7447"]), Mode::Peer, r#"["tcp/0.0.0.0:0"]"#),
            (Settings::default(), domain(false, &["tcp/hub:7447"]), Mode::Client, "[]"),
            (listening.clone(), domain(false, &["tcp/hub:7447"]), Mode::Router, r#"["tcp/127.0.0.1:7447"]"#),
            (listening, domain(true, &[]), Mode::Peer, r#"["tcp/127.0.0.1:7447"]"#),
            (settings(r#"{ lan: false }"#), domain(true, &[]), Mode::Peer, "[]"),
        ];
        for (settings, domain, mode, listen) in cases {
            assert_eq!(settings.mode(&domain), mode, "{settings:?}");
            let config = settings.config(&domain).expect("valid");
            assert_eq!(value(&config, "listen/endpoints"), listen, "{settings:?}");
            assert_eq!(shares_queue(&config), mode == Mode::Router, "{settings:?}");
        }
        let both = settings(r#"{ connect: ["tcp/hub:7447", "tls/other:7447"] }"#);
        assert_eq!(both.connect(&domain(false, &["tcp/hub:7447"])), ["tcp/hub:7447", "tls/other:7447"]);
    }

    #[test]
    fn settings_of_zenoh_replace_just_themselves() {
        let path = std::env::temp_dir().join(format!("mailslot-zenoh-{}.json5", std::process::id()));
        let text = "{ scouting: { multicast: { ttl: 3 } }, transport: { unicast: { max_sessions: 7 } } } // mine";
        std::fs::write(&path, text).expect("a temporary file");
        let on_top = Settings { zenoh: Some(path.clone()), ..Settings::default() };
        let config = on_top.config(&domain(true, &[]));
        std::fs::write(&path, "[]").expect("a temporary file");
        let wrong = on_top.config(&domain(true, &[]));
        std::fs::remove_file(&path).expect("it is there");
        let config = config.expect("valid");
        assert_eq!(value(&config, "scouting/multicast/ttl"), "3");
        assert_eq!(value(&config, "scouting/multicast/enabled"), "true");
        assert_eq!(value(&config, "transport/unicast/max_sessions"), "7");
        assert!(wrong.expect_err("no object").to_string().contains("object"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            (r#"{ mode: "client" }"#, "domain PLANT: a client needs an endpoint"),
            (r#"{ listen: ["tls/0.0.0.0:7447"] }"#, "tls.certificate"),
            (r#"{ tls: { "root-ca": "/nowhere.pem" } }"#, "/nowhere.pem"),
            (r#"{ listen: ["nonsense"] }"#, "listen/endpoints"),
            (r#"{ zenoh: "/nowhere.json5" }"#, "/nowhere.json5"),
            (r#"{ "max-message-size": 1000000000 }"#, "max-message-size"),
        ] {
            let error = settings(text).config(&domain(false, &[])).expect_err(text).to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(json5::from_str::<Settings>("{ lann: true }").is_err());
    }
}
