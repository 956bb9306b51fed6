//! The state and the counters of a domain on this machine.

use std::collections::BTreeMap;

use mailslot_domain::status::{IdentityStatus, KeyStatus, OtherClock, Scouting, Status};
use mailslot_domain::{Domain, Key, Refused, Time};

use crate::certificates;
use crate::link::{addresses, why_unreachable};
use crate::member::Member;
use crate::state::now;

/// The state of this machine's part in the member's domain.
pub(crate) fn of(member: &Member) -> Status {
    let domain = &member.state.domain();
    let connections = member.connections();
    let in_use = domain.sending_key(now()).ok().map(|key| key.id());
    let mut status = Status::default();
    status.name = domain.name().to_string();
    status.sealed = domain.is_sealed();
    status.mode = format!("{:?}", member.settings.mode(domain)).to_lowercase();
    status.open = connections.is_some();
    (status.peers, status.routers) = connections.unwrap_or_default();
    status.listen = member.settings.listen(domain);
    status.connect = member.settings.connect(domain);
    status.unreachable = unreachable(&status.connect);
    status.certificates = certificates::status(&member.settings.tls, seconds(now()));
    status.scouting = scouting(member, domain);
    status.other_clock = member.state.other_clock().map(|other| {
        let mut clock = OtherClock::default();
        clock.ahead_seconds = seconds(other.time) - seconds(other.here);
        clock.computer = other.computer;
        clock
    });
    status.clock_in_doubt = member.state.is_clock_in_doubt();
    status.keys = domain.keys().iter().map(|key| key_status(key, in_use == Some(key.id()))).collect();
    let knows_all = member.knows_all() && status.open;
    status.computers = knows_all.then(|| member.state.presences(|presences| presences.computer_count()));
    status.slots = member.state.slots();
    status.identity = domain.certificate().map(|certificate| {
        let mut identity = IdentityStatus::default();
        identity.computer = certificate.computer().to_string();
        identity.until = certificate.until().to_string();
        identity.until_unix = seconds(certificate.until());
        identity.slots = certificate.slots().map(<[String]>::to_vec);
        identity.revocations = domain.revocations();
        identity
    });
    status.counters = counters(member);
    status
}

fn key_status(key: &Key, in_use: bool) -> KeyStatus {
    let mut status = KeyStatus::default();
    status.fingerprint = key.id().to_string();
    status.send_from = key.send_from().to_string();
    status.accept_until = key.accept_until().map(|time| time.to_string());
    status.in_use = in_use;
    status
}

fn seconds(time: Time) -> i64 {
    i64::try_from(time.as_millis() / 1000).unwrap_or(i64::MAX)
}

fn unreachable(endpoints: &[String]) -> BTreeMap<String, String> {
    endpoints.iter().filter_map(|endpoint| Some((endpoint.clone(), why_unreachable(endpoint)?))).collect()
}

fn scouting(member: &Member, domain: &Domain) -> Option<Scouting> {
    let (settings, addresses) = (&member.settings, addresses());
    settings.lan(domain).then(|| {
        let mut scouting = Scouting::default();
        scouting.addresses = addresses.scouting(settings).unwrap_or_default();
        scouting.missing = addresses.missing(settings);
        scouting
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
