//! The state and counters of a machine in a domain, as a node reports them: plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The state of a machine in one domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct Status {
    pub name: String,
    pub sealed: bool,
    /// `peer`, `router` or `client`.
    pub mode: String,
    /// Whether the session is open.
    pub open: bool,
    /// How many peers are connected to this machine. Zenoh does not report the number of clients.
    pub peers: usize,
    /// How many routers are connected to this machine.
    pub routers: usize,
    pub listen: Vec<String>,
    pub connect: Vec<String>,
    /// The endpoints to connect to that could not be reached at the last try, and why.
    #[serde(default)]
    pub unreachable: BTreeMap<String, String>,
    /// This machine's certificates, and those of the authorities for other machines' certificates.
    #[serde(default)]
    pub certificates: Vec<CertificateStatus>,
    /// The discovery of other machines by multicast, if it is on.
    #[serde(default)]
    pub scouting: Option<Scouting>,
    /// The last other clock that did not agree.
    #[serde(default)]
    pub other_clock: Option<OtherClock>,
    /// Whether the clock was set, and no other computer has confirmed it since.
    #[serde(default)]
    pub clock_in_doubt: bool,
    /// The keys, oldest first.
    pub keys: Vec<KeyStatus>,
    /// Computers that take part, this one included; `None` if this machine asks who is there only when it must know.
    pub computers: Option<usize>,
    /// Slots of this machine that receive.
    pub slots: Vec<String>,
    /// The certificate of this computer; `None` if the domain has no identities, or this computer was not invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityStatus>,
    /// All counters, by their labels.
    pub counters: BTreeMap<String, u64>,
}

/// This computer's identity in a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct IdentityStatus {
    pub computer: String,
    pub until: String,
    /// The same in seconds since 1970.
    pub until_unix: i64,
    /// The slots that this computer may write to; `None` if to every one.
    pub slots: Option<Vec<String>>,
    /// The number of the list of revocations; 0 without one.
    pub revocations: u64,
}

/// A certificate in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct CertificateStatus {
    pub file: String,
    pub subject: String,
    pub from: String,
    pub until: String,
    /// The same in seconds since 1970; 0 if it is not known.
    #[serde(default)]
    pub until_unix: i64,
    /// Why other machines do not accept it, if so.
    pub problem: Option<String>,
}

/// Where other machines are discovered by multicast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scouting {
    /// The addresses of this machine there.
    pub addresses: Vec<String>,
    /// Interfaces of the settings that do not exist.
    pub missing: Vec<String>,
}

/// A clock that did not agree with this machine's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OtherClock {
    /// The computer's name, as it states it.
    pub computer: String,
    /// By how many seconds it was ahead of this machine's; negative if it was behind.
    #[serde(rename = "ahead")]
    pub ahead_seconds: i64,
}

/// A key of a domain, without its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct KeyStatus {
    pub fingerprint: String,
    pub send_from: String,
    pub accept_until: Option<String>,
    /// Whether messages are sealed with it now.
    pub in_use: bool,
}
