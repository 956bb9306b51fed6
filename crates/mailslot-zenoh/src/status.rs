//! What a domain is and has counted on this machine.

use std::collections::BTreeMap;

use mailslot_domain::status::{KeyStatus, OtherClock, Scouting, Status};
use mailslot_domain::{Domain, Refused, Time};

use crate::certificates;
use crate::link::{addresses, why_unreachable};
use crate::member::Member;
use crate::state::now;

/// What this machine's part in the member's domain is now.
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
