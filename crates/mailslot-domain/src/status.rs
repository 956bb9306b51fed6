//! What a machine's part in a domain is and has counted, as a node tells it: data alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A machine's part in one domain.
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
    /// How many peers are connected with this machine. Zenoh does not tell how many clients are.
    pub peers: usize,
    /// How many routers are.
    pub routers: usize,
    pub listen: Vec<String>,
    pub connect: Vec<String>,
    /// The endpoints to connect to that could not be reached at the last try, and why.
    #[serde(default)]
    pub unreachable: BTreeMap<String, String>,
    /// The certificates that are shown, and those that others' must come from.
    #[serde(default)]
    pub certificates: Vec<CertificateStatus>,
    /// Where others are looked for by multicast, if they are.
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
    /// Computers that take part, this one included.
    pub computers: usize,
    /// Slots of this machine that receive.
    pub slots: Vec<String>,
    /// Everything that was counted, by its label.
    pub counters: BTreeMap<String, u64>,
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
    /// Why others do not take it, if they do not.
    pub problem: Option<String>,
}

/// Where others are looked for by multicast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scouting {
    /// The addresses of this machine there.
    pub addresses: Vec<String>,
    /// Interfaces of the settings that are not there.
    pub missing: Vec<String>,
}

/// A clock that did not agree with this machine's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OtherClock {
    /// The computer, by its own account.
    pub computer: String,
    /// By how many seconds it was ahead of this machine's; less than 0 if it was behind.
    pub ahead: i64,
}

/// A key of a domain, without anything that is secret.
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
