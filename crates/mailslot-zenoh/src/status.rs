//! What a domain is and has counted on this machine.

use std::collections::BTreeMap;

use mailslot_domain::{Domain, Refused, Time};
use serde::{Deserialize, Serialize};

use crate::certificates;
use crate::link::{addresses, why_unreachable};
use crate::member::Member;
use crate::state::now;

/// A machine's part in one domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
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
pub struct Scouting {
    /// The addresses of this machine there.
    pub addresses: Vec<String>,
    /// Interfaces of the settings that are not there.
    pub missing: Vec<String>,
}

/// A clock that did not agree with this machine's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherClock {
    /// The computer, by its own account.
    pub computer: String,
    /// By how many seconds it was ahead of this machine's; less than 0 if it was behind.
    pub ahead: i64,
}

/// A key of a domain, without anything that is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct KeyStatus {
    pub fingerprint: String,
    pub send_from: String,
    pub accept_until: Option<String>,
    /// Whether messages are sealed with it now.
    pub in_use: bool,
}

impl Status {
    pub(crate) fn of(member: &Member) -> Status {
        let domain = &member.state.domain();
        let connections = member.connections();
        let (peers, routers) = connections.unwrap_or_default();
        let in_use = domain.sending_key(now()).ok().map(|key| key.id());
        let key = |key: &mailslot_domain::Key| KeyStatus {
            fingerprint: key.id().to_string(),
            send_from: key.send_from().to_string(),
            accept_until: key.accept_until().map(|time| time.to_string()),
            in_use: in_use == Some(key.id()),
        };
        Status {
            name: domain.name().to_string(),
            sealed: domain.is_sealed(),
            mode: format!("{:?}", member.settings.mode(domain)).to_lowercase(),
            open: connections.is_some(),
            peers,
            routers,
            listen: member.settings.listen(domain),
            unreachable: unreachable(&member.settings.connect(domain)),
            connect: member.settings.connect(domain),
            certificates: certificates::status(&member.settings.tls, seconds(now())),
            scouting: scouting(member, domain),
            other_clock: member
                .state
                .other_clock()
                .map(|other| OtherClock { ahead: seconds(other.time) - seconds(other.here), computer: other.computer }),
            clock_in_doubt: member.state.is_clock_in_doubt(),
            keys: domain.keys().iter().map(key).collect(),
            computers: member.state.presences(|presences| presences.computer_count()),
            slots: member.state.slots(),
            counters: counters(member),
        }
    }
}

fn seconds(time: Time) -> i64 {
    i64::try_from(time.as_millis() / 1000).unwrap_or(i64::MAX)
}

fn unreachable(endpoints: &[String]) -> BTreeMap<String, String> {
    endpoints.iter().filter_map(|endpoint| Some((endpoint.clone(), why_unreachable(endpoint)?))).collect()
}

fn scouting(member: &Member, domain: &Domain) -> Option<Scouting> {
    let (settings, addresses) = (&member.settings, addresses());
    settings.lan(domain).then(|| Scouting {
        addresses: addresses.scouting(settings).unwrap_or_default(),
        missing: addresses.missing(settings),
    })
}

fn counters(member: &Member) -> BTreeMap<String, u64> {
    let opener = member.state.opener_counters();
    let mut counters: BTreeMap<String, u64> = member.state.counters.all().collect();
    counters.insert("opened".to_owned(), opener.opened);
    counters.insert("lost".to_owned(), opener.lost);
    for reason in Refused::ALL {
        counters.insert(format!("dropped_{}", reason.name()), opener.refused(reason));
    }
    counters
}
