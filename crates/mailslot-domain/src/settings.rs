//! The settings of a machine in a domain, and the values that follow from them and the domain's file.

use std::path::PathBuf;
use std::time::Duration;

use mailslot_names::{NetbiosName, Quoted};
use serde::{Deserialize, Deserializer};

use crate::domain::Domain;
use crate::endpoint::{self, Use};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// The settings of a machine in a domain, in addition to the domain's file. All have defaults, and unknown names are
/// errors.
///
/// ```
/// use mailslot_domain::Domain;
/// use mailslot_domain::settings::{Mode, Settings};
///
/// let settings: Settings = toml::from_str("connect = ['tls/hub.example:7447']")?;
/// let domain = Domain::open("PLANT")?;
/// assert_eq!(settings.mode(&domain), Mode::Client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Settings {
    /// `peer`, `router` or `client`; by default `peer` in a LAN, else `router` if there are endpoints to listen on,
    /// else `client` if there are endpoints to connect to, else `peer`.
    pub mode: Option<Mode>,
    /// Whether machines discover each other by multicast; by default as the domain's file says.
    pub lan: Option<bool>,
    /// Interfaces for multicast, by name or address; by default all that support it.
    pub interfaces: Vec<String>,
    /// Endpoints to connect to, such as `tls/hub.example:7447`, in addition to those of the domain's file.
    pub connect: Vec<String>,
    /// Endpoints to listen on, such as `tls/0.0.0.0:7447`. In a LAN, by default a free TCP port of all interfaces.
    pub listen: Vec<String>,
    /// Certificates for `tls/` and `quic/` endpoints.
    pub tls: Tls,
    /// The most machines that may be connected to this one.
    pub max_sessions: usize,
    /// Bytes of the largest message.
    pub max_message_size: usize,
    /// How far the clock of another machine may differ from this one: whole seconds, which is how the file has it.
    #[serde(deserialize_with = "seconds")]
    pub clock_tolerance: Duration,
    /// The most streams of messages at once: one for each destination of each sender.
    pub streams: usize,
    /// A file with Zenoh's own settings (JSON5), which override those derived from these settings.
    pub zenoh: Option<PathBuf>,
}

/// The role of this machine in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mode {
    /// It connects to other machines as they are discovered, and carries no messages for them.
    Peer,
    /// It carries the messages of all machines that connect to it.
    Router,
    /// It connects to one router.
    Client,
}

/// Certificates, as paths of PEM files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Tls {
    /// The certificates of the authorities that must have issued other machines' certificates; by default Mozilla's
    /// list.
    pub root_ca: Option<PathBuf>,
    /// This machine's certificate.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub private_key: Option<PathBuf>,
    /// Whether machines that connect to this one must have a certificate, too; by default if `root-ca` is given.
    pub mutual: Option<bool>,
}

/// The network of a computer, as the operator has set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The legacy network.
    Legacy,
    /// The domain of this name.
    Domain(NetbiosName),
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
            clock_tolerance: limits.tolerance,
            streams: limits.streams,
            zenoh: None,
        }
    }
}

/// The capacity of a slot of the node in bytes, unless messages are very large.
const CAPACITY: u64 = 16 << 20;
/// The highest `max-message-size`, in bytes.
const MAX_MESSAGE_SIZE: usize = 64 << 20;

impl Settings {
    /// The limits for sent and received messages.
    pub fn limits(&self) -> Limits {
        Limits { tolerance: self.clock_tolerance, streams: self.streams, max_message_size: self.max_message_size }
    }

    /// Bytes of messages that may wait in a slot of the node.
    pub fn capacity(&self) -> u64 {
        CAPACITY.max(4 * self.max_message_size as u64)
    }

    /// The role of this machine.
    pub fn mode(&self, domain: &Domain) -> Mode {
        match self.mode {
            Some(mode) => mode,
            None if self.lan(domain) => Mode::Peer,
            None if !self.listen.is_empty() => Mode::Router,
            // Routers carry messages between clients, but not between peers, which they assume to be connected to
            // each other.
            None if !self.connect(domain).is_empty() => Mode::Client,
            None => Mode::Peer,
        }
    }

    /// Whether machines discover each other by multicast.
    pub fn lan(&self, domain: &Domain) -> bool {
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

    /// Checks that a machine can take part in the domain with these settings, without reading the files that they name.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if a setting is invalid; the text says what would be valid.
    pub fn check(&self, domain: &Domain) -> Result<()> {
        let mode = self.mode(domain);
        if mode == Mode::Client && self.connect(domain).is_empty() {
            return Err(self.wrong(domain, "a client needs an endpoint to connect to: set `connect`"));
        }
        if mode == Mode::Client && !self.listen.is_empty() {
            return Err(self.wrong(domain, "a client does not listen: remove `listen`, or set `mode` to router"));
        }
        self.check_values().map_err(|what| self.wrong(domain, &what))?;
        check_endpoints("connect", domain.connect(), Use::Connect).map_err(|what| self.wrong(domain, &what))?;
        let must_have_certificate = self.listen(domain).iter().any(|endpoint| endpoint::is_secure(endpoint));
        if must_have_certificate && (self.tls.certificate.is_none() || self.tls.private_key.is_none()) {
            let what = "listening on tls/ or quic/ needs a certificate: set `tls.certificate` and `tls.private-key`";
            return Err(self.wrong(domain, what));
        }
        Ok(())
    }

    /// Checks that these settings could work in some domain.
    pub fn check_values(&self) -> core::result::Result<(), String> {
        for (name, value, most) in [
            ("max-sessions", self.max_sessions as u64, u64::from(u16::MAX)),
            ("max-message-size", self.max_message_size as u64, MAX_MESSAGE_SIZE as u64),
            ("clock-tolerance", self.clock_tolerance.as_secs(), 24 * 3600),
            ("streams", self.streams as u64, 1 << 24),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("{name} is {value}: it can be 1 to {most}"));
            }
        }
        check_endpoints("connect", &self.connect, Use::Connect)?;
        check_endpoints("listen", &self.listen, Use::Listen)?;
        for (number, one) in self.listen.iter().enumerate() {
            if let Some(other) = self.listen[..number].iter().find(|other| endpoint::are_one_port(one, other)) {
                return Err(format!("listen: {} uses the port of {}: leave one out", Quoted(one), Quoted(other)));
            }
        }
        if self.tls.certificate.is_some() != self.tls.private_key.is_some() {
            let what = "a certificate and its private key go together: set `tls.certificate` and `tls.private-key`";
            return Err(what.to_owned());
        }
        Ok(())
    }

    /// The error for these settings with the text `what`, which should say what would be valid.
    pub fn wrong(&self, domain: &Domain, what: &str) -> Error {
        Error::Settings(format!("domain {}: {what}", domain.name()))
    }
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> core::result::Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_secs)
}

fn check_endpoints(name: &str, endpoints: &[String], used: Use) -> core::result::Result<(), String> {
    endpoints.iter().try_for_each(|endpoint| {
        endpoint::check(endpoint, used).map_err(|why| format!("{name}: {} {why}", Quoted(endpoint)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(lan: bool, connect: &[&str]) -> Domain {
        let domain = Domain::open("PLANT").expect("valid");
        domain.with_defaults(lan, connect.iter().map(|endpoint| (*endpoint).to_owned()).collect())
    }

    fn settings(text: &str) -> Settings {
        toml::from_str(text).expect("valid")
    }

    #[test]
    fn what_a_machine_is_follows_from_its_endpoints() {
        let listening = settings("listen = ['tcp/127.0.0.1:7447']");
        let cases = [
            (Settings::default(), domain(true, &["tcp/hub:7447"]), Mode::Peer, vec!["tcp/0.0.0.0:0"]),
            (Settings::default(), domain(false, &["tcp/hub:7447"]), Mode::Client, vec![]),
            (listening.clone(), domain(false, &["tcp/hub:7447"]), Mode::Router, vec!["tcp/127.0.0.1:7447"]),
            (listening, domain(true, &[]), Mode::Peer, vec!["tcp/127.0.0.1:7447"]),
            (settings("lan = false"), domain(true, &[]), Mode::Peer, vec![]),
        ];
        for (settings, domain, mode, listen) in cases {
            assert_eq!(settings.mode(&domain), mode, "{settings:?}");
            assert_eq!(settings.listen(&domain), listen, "{settings:?}");
            settings.check(&domain).expect("it can work");
        }
        let both = settings("connect = ['tcp/hub:7447', 'tls/other:7447']");
        assert_eq!(both.connect(&domain(false, &["tcp/hub:7447"])), ["tcp/hub:7447", "tls/other:7447"]);
    }

    #[test]
    fn what_cannot_work_is_named_with_what_can() {
        for (text, words) in [
            ("mode = 'client'", "domain PLANT: a client needs an endpoint"),
            ("mode = 'client'\nconnect = ['tcp/h:1']\nlisten = ['tcp/h:1']", "remove `listen`"),
            ("listen = ['tls/0.0.0.0:7447']", "tls.certificate"),
            ("tls = { certificate = '/x.pem' }", "tls.private-key"),
            ("tls = { private-key = '/x.key' }", "tls.certificate"),
            ("listen = ['nonsense']", "listen: \"nonsense\""),
            ("listen = ['tcp/192.0.2.1:1', 'tcp/0.0.0.0:1']", "listen: \"tcp/0.0.0.0:1\" uses the port of"),
            ("connect = ['tcp/hub']", "connect: \"tcp/hub\" has no port"),
            ("connect = ['tcp/hub:0']", "1 to 65535"),
            ("max-message-size = 1000000000", "max-message-size"),
            ("max-message-size = 0", "max-message-size is 0"),
            ("max-sessions = 0", "max-sessions is 0: it can be 1 to"),
            ("clock-tolerance = 0", "clock-tolerance is 0"),
            ("streams = 0", "streams is 0"),
        ] {
            let error = settings(text).check(&domain(false, &[])).expect_err(text).to_string();
            assert!(error.contains(words), "{error}");
        }
        let error = Settings::default().check(&domain(false, &["tcp/hub"])).expect_err("from the domain's file");
        assert!(error.to_string().contains("has no port"), "{error}");
        assert!(toml::from_str::<Settings>("lann = true").is_err());
    }
}
