//! What a domain is and has counted on this machine.

use std::collections::BTreeMap;

use mailslot_domain::Refused;
use serde::{Deserialize, Serialize};

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
    /// The keys, oldest first.
    pub keys: Vec<KeyStatus>,
    /// Computers that take part, this one included.
    pub computers: usize,
    /// Slots of this machine that receive.
    pub slots: Vec<String>,
    /// Everything that was counted, by its label.
    pub counters: BTreeMap<String, u64>,
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
            connect: member.settings.connect(domain),
            keys: domain.keys().iter().map(key).collect(),
            computers: member.state.presences(|presences| presences.computer_count()),
            slots: member.state.slots(),
            counters: counters(member),
        }
    }
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
