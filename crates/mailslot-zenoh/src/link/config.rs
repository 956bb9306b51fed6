//! The settings of a domain as a Zenoh configuration. Where Zenoh's defaults let anybody in, these do not.

use std::path::Path;

use mailslot_domain::settings::{Mode, Settings, Tls};
use mailslot_domain::{Batch, Domain, read_text};
use serde_json::{Value, json};

use super::addresses::{Addresses, addresses};
use crate::certificates;
use crate::error::{Error, Result};

/// A Zenoh configuration.
pub(crate) struct Config(pub(super) zenoh::Config);

/// Bytes of a packet besides its message: the envelope, names, and Zenoh's headers.
const OVERHEAD: usize = 4 << 10;
/// How long a message may wait, in microseconds, when the queue to a peer is full: as long as other programs may hold
/// the processor. After one such timeout, messages are dropped immediately until the queue drains.
const WAIT_BEFORE_DROP: u64 = 10_000;
/// Packets of 64 KiB that may wait for each session, the most that Zenoh allows: together a message of the default
/// largest size, which a slow link need not take at once. With Zenoh's default of two, a busy sender stalls on every
/// other packet, which costs more than sending it. Each takes memory only once it was needed.
pub(crate) const QUEUE: usize = 16;
/// Connections that may be in the handshake, and how long each has for it, in milliseconds: two round trips, with a
/// packet lost in each. Anybody can open connections and stay silent. This many keep nobody out until there are more,
/// and then each soon makes room; with Zenoh's defaults, 100 and 10 s, a hundred are enough to do so.
pub(crate) const PENDING: usize = 1000;
const PENDING_TIME: u64 = 3000;
/// How long an endpoint may take to become a session, in milliseconds. A client tries its endpoints one after the
/// other, also after its session has broken, so one that does not answer keeps it from the next for this long.
const OPEN_TIME: u64 = 5000;

/// Checks that a session can be opened with these settings and with the addresses and files of now.
///
/// # Errors
///
/// [`Error::Settings`] if a setting is wrong, or a file that it names cannot be read or used.
pub fn check(settings: &Settings, domain: &Domain) -> Result<()> {
    certificates::check(&settings.tls).map_err(|why| settings.wrong(domain, &why))?;
    Config::new(settings, domain, &Addresses::Unknown).map(drop)
}

impl Config {
    /// # Errors
    ///
    /// [`Error::Settings`] if a setting is wrong, or the file of Zenoh's own settings cannot be read.
    pub(crate) fn new(settings: &Settings, domain: &Domain, addresses: &Addresses) -> Result<Config> {
        settings.check(domain)?;
        let mut config = Config(zenoh::Config::default());
        for (key, value) in values(settings, domain, addresses) {
            config.set(key, &value)?;
        }
        if let Some(path) = &settings.zenoh {
            for (key, value) in read_json5(path)? {
                config.set(&key, &value)?;
            }
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<()> {
        let wrong = |error| Error::Settings(format!("zenoh setting {key}: {error}"));
        self.0.insert_json5(key, &value.to_string()).map_err(wrong)
    }

    /// Whether this machine is a client, which knows others through a router only.
    pub(crate) fn is_client(&self) -> bool {
        self.0.get_json("mode").is_ok_and(|mode| mode == r#""client""#)
    }

    /// Whether plain messages share their queue with other traffic, so that sending one may take long: a router
    /// forwards messages of others, and without priorities all traffic has one queue.
    pub(crate) fn shares_queue(&self) -> bool {
        let is = |key, value| self.0.get_json(key).is_ok_and(|found| found == value);
        is("mode", "\"router\"") || !is("transport/unicast/qos/enabled", "true")
    }
}

/// The Zenoh configuration for these settings, with the addresses that the machine has now.
///
/// # Errors
///
/// [`Error::Settings`] if a setting is wrong, or the file of Zenoh's own settings cannot be read.
pub fn zenoh_config(settings: &Settings, domain: &Domain) -> Result<zenoh::Config> {
    Config::new(settings, domain, &addresses()).map(|config| config.0)
}

fn values(settings: &Settings, domain: &Domain, addresses: &Addresses) -> Vec<(&'static str, Value)> {
    let (mode, lan) = (settings.mode(domain), settings.lan(domain));
    let listen: Vec<String> =
        addresses.listen(settings, domain).iter().map(|endpoint| with_handshake_time(endpoint)).collect();
    let mut values = vec![
        ("mode", json!(format!("{mode:?}").to_lowercase())),
        ("scouting/multicast/enabled", json!(lan)),
        // Peers tell each other which others they know, so that all peers of a LAN find each other through any one of
        // them.
        ("scouting/gossip/enabled", json!(lan)),
        ("listen/endpoints", json!(listen)),
        ("connect/endpoints", json!(settings.connect(domain))),
        // With a timeout of 0 each endpoint is tried once; with a longer one, Zenoh retries the first until the timeout
        // is over.
        ("connect/timeout_ms", json!(if mode == Mode::Client { 0 } else { -1 })),
        ("connect/exit_on_failure", json!(mode == Mode::Client)),
        // A node does not wait until peers are discovered.
        ("open/return_conditions", json!({ "connect_scouted": false, "declares": false })),
        // After this time Zenoh takes what was told of tokens for all of them, and so must not before the question is
        // given up (`survey.rs`), which tells that it is not.
        ("routing/interests/timeout", json!(60_000)),
        ("timestamping/enabled", json!(false)),
        ("adminspace/enabled", json!(false)),
        ("transport/unicast/max_sessions", json!(settings.max_sessions)),
        ("transport/unicast/open_timeout", json!(OPEN_TIME)),
        ("transport/unicast/accept_pending", json!(PENDING)),
        ("transport/unicast/accept_timeout", json!(PENDING_TIME)),
        ("transport/link/tx/queue/size/data", json!(QUEUE)),
        ("transport/link/tx/queue/size/data_low", json!(QUEUE)),
        ("transport/link/tx/queue/congestion_control/drop/wait_before_drop", json!(WAIT_BEFORE_DROP)),
        ("transport/link/rx/max_message_size", json!(settings.max_message_size.max(Batch::MAX_SIZE) + OVERHEAD)),
        ("access_control", access_control(domain)),
    ];
    if let Some(interfaces) = addresses.scouting(settings).filter(|_| lan) {
        values.push(("scouting/multicast/interface", json!(interfaces.join(","))));
    }
    values.extend(tls_values(&settings.tls));
    values
}

/// The endpoint to listen on, with as much time for the TLS handshake as for Zenoh's, unless the endpoint sets it.
fn with_handshake_time(endpoint: &str) -> String {
    const NAME: &str = "tls_handshake_timeout_ms";
    if !endpoint.starts_with("tls/") || endpoint.contains(NAME) {
        return endpoint.to_owned();
    }
    let separator = if endpoint.contains('#') { ';' } else { '#' };
    format!("{endpoint}{separator}{NAME}={PENDING_TIME}")
}

fn tls_values(tls: &Tls) -> Vec<(&'static str, Value)> {
    let paths = [
        ("transport/link/tls/root_ca_certificate", &tls.root_ca),
        ("transport/link/tls/listen_certificate", &tls.certificate),
        ("transport/link/tls/listen_private_key", &tls.private_key),
        ("transport/link/tls/connect_certificate", &tls.certificate),
        ("transport/link/tls/connect_private_key", &tls.private_key),
    ];
    let given = paths.into_iter().filter_map(|(key, path)| Some((key, json!(path.as_ref()?))));
    let others = [
        ("transport/link/tls/enable_mtls", json!(tls.mutual.unwrap_or(tls.root_ca.is_some()))),
        // Otherwise a peer whose certificate expires stays connected.
        ("transport/link/tls/close_link_on_expiration", json!(true)),
    ];
    given.chain(others).collect()
}

/// Lets only the key expressions of the domain pass, in both directions.
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

/// Bytes of the largest file with Zenoh's settings.
const MAX_FILE: usize = 1 << 20;

/// The settings in a file, each with its path in Zenoh's configuration, so that each replaces only itself.
fn read_json5(path: &Path) -> Result<Vec<(String, Value)>> {
    let wrong = |error: &dyn core::fmt::Display| Error::Settings(format!("{}: {error}", path.display()));
    let text = read_text(path, MAX_FILE).map_err(|error| wrong(&error))?;
    let value: Value = json5::from_str(&text).map_err(|error| wrong(&in_one_line(error)))?;
    if !value.is_object() {
        return Err(wrong(&"Zenoh's settings are an object: { ... }"));
    }
    let mut leaves = Vec::new();
    collect(String::new(), value, &mut leaves);
    Ok(leaves)
}

/// Json5's own text draws the place over several lines, of which the last says what is wrong.
fn in_one_line(error: json5::Error) -> String {
    let json5::Error::Message { msg, location } = error;
    let what = msg.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
    location.map_or(String::new(), |at| format!("line {}, column {}: ", at.line, at.column)) + what
}

fn collect(path: String, value: Value, leaves: &mut Vec<(String, Value)>) {
    match value {
        // Access control is one setting: its parts make sense only together.
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

    fn config(settings: &Settings, domain: &Domain) -> Result<Config> {
        Config::new(settings, domain, &Addresses::Unknown)
    }

    fn value(config: &Config, key: &str) -> String {
        config.0.get_json(key).expect("a setting of Zenoh")
    }

    #[test]
    fn nobody_is_looked_for_or_let_in_unless_asked_for() {
        let config = config(&Settings::default(), &domain(false, &[])).expect("valid");
        for (key, expected) in [
            ("mode", r#""peer""#),
            ("scouting/multicast/enabled", "false"),
            ("scouting/gossip/enabled", "false"),
            ("listen/endpoints", "[]"),
            ("connect/endpoints", "[]"),
            ("access_control/enabled", "true"),
            ("access_control/default_permission", r#""deny""#),
            ("transport/link/tls/close_link_on_expiration", "true"),
            ("transport/unicast/max_sessions", "1000"),
            ("transport/unicast/open_timeout", "5000"),
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
    fn routers_and_who_has_no_priorities_share_a_queue() {
        let mut plain = config(&Settings::default(), &domain(false, &[])).expect("valid");
        assert!(!plain.shares_queue());
        plain.set("transport/unicast/qos/enabled", &json!(false)).expect("valid");
        assert!(plain.shares_queue());
        let mut router = Settings::default();
        router.listen = vec!["tcp/127.0.0.1:7447".to_owned()];
        assert!(config(&router, &domain(false, &[])).expect("valid").shares_queue());
    }

    #[test]
    fn a_client_tries_each_endpoint_once_and_tells() {
        let config = config(&Settings::default(), &domain(false, &["tcp/a:1", "tcp/b:1"])).expect("valid");
        for (key, expected) in [
            ("mode", r#""client""#),
            ("connect/endpoints", r#"["tcp/a:1","tcp/b:1"]"#),
            ("connect/timeout_ms", "0"),
            ("connect/exit_on_failure", "true"),
        ] {
            assert_eq!(value(&config, key), expected, "{key}");
        }
    }

    #[test]
    fn settings_of_zenoh_replace_just_themselves() {
        let path = std::env::temp_dir().join(format!("mailslot-zenoh-{}.json5", std::process::id()));
        let text = "{ scouting: { multicast: { ttl: 3 } }, transport: { unicast: { max_sessions: 7 } } } // mine";
        std::fs::write(&path, text).expect("a temporary file");
        let mut on_top = Settings::default();
        on_top.zenoh = Some(path.clone());
        let replaced = config(&on_top, &domain(true, &[]));
        std::fs::write(&path, "[]").expect("a temporary file");
        let wrong = config(&on_top, &domain(true, &[]));
        std::fs::remove_file(&path).expect("it is there");
        let replaced = replaced.expect("valid");
        assert_eq!(value(&replaced, "scouting/multicast/ttl"), "3");
        assert_eq!(value(&replaced, "scouting/multicast/enabled"), "true");
        assert_eq!(value(&replaced, "transport/unicast/max_sessions"), "7");
        assert!(wrong.err().expect("no object").to_string().contains("object"));
        assert!(config(&on_top, &domain(true, &[])).err().expect("gone").to_string().contains(".json5"));
    }

    #[test]
    fn what_is_wrong_in_them_is_one_line_with_its_place() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("zenoh.json5");
        let mut settings = Settings::default();
        settings.zenoh = Some(path.clone());
        let deep = "[".repeat(20_000);
        for text in ["{\n  mode: }", "", "{ mode: 'peer' } x", "\"", deep.as_str()] {
            std::fs::write(&path, text).expect("a file");
            let error = config(&settings, &domain(true, &[])).err().expect("wrong").to_string();
            let shown = &text[..text.len().min(20)];
            assert!(!error.contains('\n') && error.len() < 500 && error.contains("line "), "{shown}: {error}");
        }
    }
}
