//! The session of a modern domain: with whom it is connected, and what keeps it from others.

use mailslot_domain::status::Status;

use super::finding::{Findings, count, names};

/// Whether the domain is connected with others, and what is in the way.
pub fn examine(domain: &Status, findings: &mut Findings) {
    let name = &domain.name;
    let connected = domain.peers + domain.routers > 0;
    if !domain.open {
        let remedy = if domain.connect.is_empty() {
            "the node's log says why: look for domain_not_open"
        } else {
            "see that an endpoint that it connects to can be reached and lets one more in (max-sessions; its log says sessions_refused)"
        };
        findings.problem("session", format!("{name}: the session is not open"), remedy);
    } else if connected {
        let peers = count(domain.peers as u64, "peer");
        let routers = count(domain.routers as u64, "router");
        findings.ok("session", format!("{name}: connected with {peers} and {routers}"));
    } else if domain.computers > 1 {
        // A router does not know how many clients it has, but who is there.
        let others = count(domain.computers as u64 - 1, "other computer");
        findings.ok("session", format!("{name}: connected with clients: {others} there"));
    } else {
        let connect = names(domain.connect.iter().map(String::as_str));
        let remedy = match (connect.as_str(), domain.listen.is_empty()) {
            ("", true) => {
                "tell it whom to connect to (mailslot node --connect ENDPOINT), or to look for others (--lan)".to_owned()
            }
            ("", false) => "start the nodes of the other machines; in a LAN, see that multicast to 224.0.0.224, UDP port 7446, passes"
                .to_owned(),
            (connect, _) => format!("see that {connect} runs, can be reached, and takes this machine's certificate"),
        };
        findings.problem("session", format!("{name}: connected with nobody"), remedy);
    }
    examine_endpoints(domain, findings);
    examine_scouting(domain, findings);
    examine_certificates(domain, findings);
}

/// Why endpoints cannot be reached. One of several is enough for a client.
fn examine_endpoints(domain: &Status, findings: &mut Findings) {
    let name = &domain.name;
    for (endpoint, reason) in &domain.unreachable {
        let found = format!("{name}: {endpoint} cannot be reached: {reason}");
        let remedy = remedy_for(reason);
        if domain.mode == "client" && domain.open && domain.routers > 0 {
            findings.unknown("endpoint", format!("{found}; another one is used"), remedy);
        } else {
            findings.problem("endpoint", found, remedy);
        }
    }
}

/// What to do about an endpoint that cannot be reached, by what the system or the other side says.
fn remedy_for(reason: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| reason.to_ascii_lowercase().contains(word));
    if says(&["certificate"]) {
        "see that both certificates are good now and come from the other side's root-ca, and that both clocks are right"
    } else if says(&["lookup", "resolve", "name or service", "name resolution"]) {
        "see that the name is right and the name server answers: getent hosts NAME"
    } else if says(&["refused"]) {
        "see that the node there runs and listens on that port"
    } else if says(&["unreachable", "no route"]) {
        "see that this machine has an address and a route there: ip route get ADDRESS"
    } else {
        "see that the address is right, the machine there runs, and no firewall drops what is sent there"
    }
}

/// Where others are looked for by multicast.
fn examine_scouting(domain: &Status, findings: &mut Findings) {
    let name = &domain.name;
    let Some(scouting) = &domain.scouting else { return };
    for interface in &scouting.missing {
        let found = format!("{name}: the interface {interface} of the settings is not there, or has no IPv4 address");
        findings.problem("interface", found, "correct `interfaces`, or bring it up; it is used as soon as it is there");
    }
    if scouting.addresses.is_empty() {
        let found = format!("{name}: no interface that can do multicast is up and has an IPv4 address");
        findings.problem(
            "interface",
            found,
            "give an interface an address; the node looks there as soon as it has one",
        );
    } else {
        let addresses = names(scouting.addresses.iter().map(String::as_str));
        findings.ok("interface", format!("{name}: looks for others from {addresses}"));
    }
}

fn examine_certificates(domain: &Status, findings: &mut Findings) {
    let name = &domain.name;
    for certificate in &domain.certificates {
        match &certificate.problem {
            Some(problem) => findings.problem(
                "certificate",
                format!("{name}: {problem}"),
                "renew it in place, or set the clock; the node takes the new file by itself",
            ),
            None => findings.ok(
                "certificate",
                format!("{name}: {} ({}) is good until {}", certificate.file, certificate.subject, certificate.until),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_fit_what_the_system_says() {
        for (reason, word) in [
            ("Can not create a new TCP link bound to tcp/h:1: [Connection refused (os error 111)]", "runs and listens"),
            ("[Network is unreachable (os error 101)]", "route"),
            ("failed to lookup address information: Temporary failure in name resolution", "getent"),
            ("Can not create a new TLS link: invalid peer certificate: Expired", "certificates"),
            ("Can not create a new TLS link bound to hub: [Connection refused (os error 111)]", "runs and listens"),
            ("deadline has elapsed", "firewall"),
        ] {
            assert!(remedy_for(reason).contains(word), "{reason}");
        }
    }
}
