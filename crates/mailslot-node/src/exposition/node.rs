//! Metrics of a node, its domains and its bridges.

use std::collections::BTreeMap;

use mailslot_domain::status::Status;

use super::families::Families;
use crate::bridge::BridgeStatus;
use crate::control;
use crate::error::Result;

/// Adds the metrics of a node's status.
pub(super) fn add(to: &Families, status: &control::Status) -> Result<()> {
    let info = to.gauge(
        "mailslot_node_info",
        "The node of this machine: always 1.",
        &["version", "computer", "workgroup", "node_type"],
    )?;
    info.set(&[&status.version, &status.computer, &status.workgroup, &status.node_type], 1)?;
    if status.netbios {
        add_netbios(to, status)?;
    }
    to.counters("mailslot_node", &[], [(Vec::new(), &status.counters)])?;
    add_domains(to, &status.domains)?;
    add_bridges(to, &status.bridges)?;
    Ok(())
}

fn add_netbios(to: &Families, status: &control::Status) -> Result<()> {
    let interfaces = "mailslot_node_interfaces";
    to.gauge(interfaces, "Interfaces that the node uses.", &[])?.set(&[], status.interfaces.len() as u64)?;
    let faults =
        to.gauge("mailslot_node_interfaces_failed", "Interfaces that the settings name and the node cannot use.", &[])?;
    faults.set(&[], status.unused.iter().filter(|unused| unused.is_fault).count() as u64)?;
    let mut states: BTreeMap<&str, u64> = STATES.map(|state| (state, 0)).into();
    for name in &status.names {
        *states.entry(&name.state).or_default() += 1;
    }
    let names = to.gauge("mailslot_node_names", "Names of the node on its interfaces, by state.", &["state"])?;
    states.into_iter().try_for_each(|(state, number)| names.set(&[state], number))?;
    if let Some(connected) = status.nmbd_connected {
        let help = "Whether nmbd passes datagrams on, for a node beside Samba.";
        to.gauge("mailslot_node_nmbd_connected", help, &[])?.set(&[], connected.into())?;
    }
    Ok(())
}

/// The possible states of names.
const STATES: [&str; 5] = ["claiming", "held", "refused", "conflict", "released"];

fn add_domains(to: &Families, domains: &[Status]) -> Result<()> {
    type Measured = fn(&Status) -> u64;
    let gauges: [(&str, &str, Measured); 8] = [
        ("mailslot_domain_open", "Whether the domain's session is open.", |domain| domain.open.into()),
        ("mailslot_domain_sealed", "Whether the domain is a sealed one.", |domain| domain.sealed.into()),
        ("mailslot_domain_peers", "Peers that are connected to this machine.", |domain| domain.peers as u64),
        ("mailslot_domain_routers", "Routers that are connected to this machine.", |domain| domain.routers as u64),
        ("mailslot_domain_slots", "Slots of this machine that receive.", |domain| domain.slots.len() as u64),
        (
            "mailslot_domain_endpoints_unreachable",
            "Endpoints that could not be reached at the last attempt.",
            |domain| domain.unreachable.len() as u64,
        ),
        ("mailslot_domain_certificates_failed", "Certificates that peers refuse.", |domain| {
            domain.certificates.iter().filter(|certificate| certificate.problem.is_some()).count() as u64
        }),
        ("mailslot_domain_clock_in_doubt", "Whether the clock was set and nobody has confirmed it since.", |domain| {
            domain.clock_in_doubt.into()
        }),
    ];
    for (name, help, measured) in gauges {
        let gauge = to.gauge(name, help, &["domain"])?;
        domains.iter().try_for_each(|domain| gauge.set(&[&domain.name], measured(domain)))?;
    }
    let computers = "Computers that take part, this one included, where a node must know all of them.";
    let gauge = to.gauge("mailslot_domain_computers", computers, &["domain"])?;
    for domain in domains {
        if let Some(number) = domain.computers {
            gauge.set(&[&domain.name], number as u64)?;
        }
    }
    let expires = to.gauge(
        "mailslot_domain_certificate_expiry_timestamp_seconds",
        "When a certificate expires, in seconds since 1970.",
        &["domain", "file", "subject"],
    )?;
    for domain in domains {
        for certificate in domain.certificates.iter().filter(|certificate| certificate.until_unix > 0) {
            let labels = [domain.name.as_str(), &certificate.file, &certificate.subject];
            expires.set(&labels, certificate.until_unix.unsigned_abs())?;
        }
    }
    let counters = domains.iter().map(|domain| (vec![domain.name.as_str()], &domain.counters));
    to.counters("mailslot_domain", &["domain"], counters)
}

fn add_bridges(to: &Families, bridges: &[BridgeStatus]) -> Result<()> {
    let ready = to.gauge("mailslot_bridge_ready", "Whether the bridge carries messages.", &["domain"])?;
    bridges.iter().try_for_each(|bridge| ready.set(&[&bridge.domain], bridge.is_ready.into()))?;
    let counters = bridges.iter().map(|bridge| (vec![bridge.domain.as_str()], &bridge.counters));
    to.counters("mailslot_bridge", &["domain"], counters)
}
