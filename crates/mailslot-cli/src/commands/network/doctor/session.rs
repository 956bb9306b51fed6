//! The session of a modern domain: its connections, and why others fail.

use mailslot_domain::status::Status;

use super::finding::{Findings, count, names};
use super::node::Members;

/// Checks that the domain is connected to others, and reports obstacles.
pub fn examine(domain: &Status, members: &Members, findings: &mut Findings) {
    let name = &domain.name;
    let connected = domain.peers + domain.routers > 0;
    if !domain.open {
        let remedy = if domain.connect.is_empty() {
            "the node's log says why: look for domain_not_open"
        } else {
            "check that an endpoint that it connects to can be reached and accepts one more session (max-sessions; its \
             log says sessions_refused)"
        };
        findings.problem("session", format!("{name}: the session is not open"), remedy);
    } else if connected {
        let peers = count(domain.peers as u64, "peer");
        let routers = count(domain.routers as u64, "router");
        findings.ok("session", format!("{name}: connected to {peers} and {routers}"));
    } else if members.len() > 1 {
        // A router does not know how many clients it has, but which computers are there.
        let others = count(members.len() as u64 - 1, "other computer");
        findings.ok("session", format!("{name}: connected to clients: {others} there"));
    } else {
        let connect = names(domain.connect.iter().map(String::as_str));
        let remedy = match (connect.as_str(), domain.listen.is_empty()) {
            ("", true) => {
                "give it an endpoint to connect to (mailslot node --connect ENDPOINT), or let it look for others \
                 (--lan)"
                    .to_owned()
            }
            ("", false) => "start the nodes of the other machines; in a LAN, check that multicast to 224.0.0.224, UDP \
                            port 7446, passes"
                .to_owned(),
            (connect, _) => {
                format!("check that {connect} runs, can be reached, and accepts this machine's certificate")
            }
        };
        findings.problem("session", format!("{name}: not connected to any machine"), remedy);
    }
    examine_endpoints(domain, findings);
    examine_scouting(domain, findings);
    examine_certificates(domain, findings);
}

/// Reports endpoints that cannot be reached. One of several is enough for a client.
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

/// What to do about an endpoint that cannot be reached, by the error of the system or of the other side.
fn remedy_for(reason: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| reason.to_ascii_lowercase().contains(word));
    if says(&["certificate"]) {
        "check that both certificates are valid now and issued by the other side's root-ca, and that both clocks are \
         right"
    } else if says(&["lookup", "resolve", "name or service", "name resolution"]) {
        "check that the name is right and the name server answers: getent hosts NAME"
    } else if says(&["refused"]) {
        "check that the node there runs and listens on that port"
    } else if says(&["unreachable", "no route"]) {
        "check that this machine has an address and a route there: ip route get ADDRESS"
    } else {
        "check that the address is right, the machine there runs, and no firewall drops packets to it"
    }
}

/// Checks the interfaces on which the node looks for others by multicast.
fn examine_scouting(domain: &Status, findings: &mut Findings) {
    let name = &domain.name;
    let Some(scouting) = &domain.scouting else { return };
    for interface in &scouting.missing {
        let found = format!("{name}: the interface {interface} of the settings is not there, or has no IPv4 address");
        findings.problem("interface", found, "correct `interfaces`, or bring it up; it is used as soon as it is there");
    }
    if scouting.addresses.is_empty() {
        let found = format!("{name}: no interface is up, can multicast and has an IPv4 address");
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
                format!("{name}: {} ({}) is valid until {}", certificate.file, certificate.subject, certificate.until),
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
