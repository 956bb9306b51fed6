//! The rules of this machine's firewall that drop packets, as far as they are visible.

use std::process::{Command, Output};

use super::destination::Way;
use super::finding::Findings;
use super::node::Running;
use super::process::Privileges;

/// A port that must be open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    protocol: &'static str,
    number: u16,
}

/// Programs that list the rules, one to a line.
const LISTS: [(&str, &[&str]); 2] = [("nft", &["list", "ruleset"]), ("iptables-save", &[])];
/// Zenoh's port for scouting.
const SCOUTING: u16 = 7446;

/// The ports that messages on this way need, or on any way.
pub fn wanted(way: Option<&Way>, node: Option<&Running>) -> Vec<Port> {
    let mut ports = Vec::new();
    if matches!(way, None | Some(Way::Legacy)) && node.is_none_or(|node| node.legacy) {
        ports.extend([137, 138].map(|number| Port { protocol: "udp", number }));
    }
    for domain in node.iter().flat_map(|node| &node.status.domains) {
        if matches!(way, None | Some(Way::Modern(_))) {
            ports.extend(domain.listen.iter().chain(&domain.connect).filter_map(|endpoint| port(endpoint)));
        }
    }
    ports.sort();
    ports.dedup();
    ports
}

/// The port of an endpoint such as `tls/192.0.2.1:7447`. In a LAN the node listens on any port, and only scouting must
/// pass.
fn port(endpoint: &str) -> Option<Port> {
    let (protocol, rest) = endpoint.split_once('/')?;
    let number = rest.split(['?', '#']).next()?.rsplit_once(':')?.1.parse().ok()?;
    Some(match (protocol, number) {
        (_, 0) => Port { protocol: "udp", number: SCOUTING },
        ("quic", number) => Port { protocol: "udp", number },
        (_, number) => Port { protocol: "tcp", number },
    })
}

pub fn examine(ports: &[Port], findings: &mut Findings) {
    if ports.is_empty() {
        return;
    }
    if !Privileges::of_this_process().is_some_and(|privileges| privileges.root) {
        return findings.unknown("firewall", "only root can see its rules", "ask again as root");
    }
    let lists: Vec<(&str, String)> =
        LISTS.iter().filter_map(|(program, args)| Some((*program, run(program, args)?))).collect();
    if lists.is_empty() {
        let found = "neither nft nor iptables-save works here, so the rules are unknown";
        return findings.unknown("firewall", found, "install nftables and ask again");
    }
    let mut clear = true;
    for (program, text) in &lists {
        for port in ports {
            clear &= examine_port(program, text, port, findings);
        }
    }
    if clear {
        let all: Vec<String> = ports.iter().map(|port| format!("{} {}", port.protocol, port.number)).collect();
        let programs: Vec<&str> = lists.iter().map(|(program, _)| *program).collect();
        findings.ok("firewall", format!("no rule of {} drops {}", programs.join(" or "), all.join(", ")));
    }
}

fn run(program: &str, args: &[&str]) -> Option<String> {
    let Output { status, stdout, .. } = Command::new(program).args(args).output().ok()?;
    status.success().then(|| String::from_utf8_lossy(&stdout).into_owned())
}

/// Checks a port. Returns whether nothing is wrong.
fn examine_port(program: &str, text: &str, port: &Port, findings: &mut Findings) -> bool {
    let name = format!("{} port {}", port.protocol, port.number);
    let rules = || text.lines().map(str::trim).filter(|line| names_port(line, port));
    if let Some(rule) = rules().find(|rule| verdict(rule, &["drop", "reject"])) {
        findings.problem(
            "firewall",
            format!("{program} drops {name}: {rule}"),
            "remove the rule, or accept the port before it",
        );
        return false;
    }
    let drops = text.lines().map(str::trim).find(|line| drops_the_rest(line));
    if let Some(policy) = drops.filter(|_| !rules().any(|rule| verdict(rule, &["accept"]))) {
        let found = format!("{program} drops packets that no rule accepts ({policy}), and no rule names {name}");
        findings.unknown("firewall", found, format!("unless another rule accepts it, accept {name}"));
        return false;
    }
    true
}

/// Whether the rule names the port: in nft `udp dport { 137, 138 } drop`, in iptables `-p udp --dport 137 -j DROP`.
fn names_port(rule: &str, port: &Port) -> bool {
    let rule = rule.to_ascii_lowercase();
    let about = rule.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == port.protocol || word == "th");
    let Some((_, ports)) = rule.split_once("dport").filter(|_| about) else { return false };
    // The numbers end where the next word begins.
    let numbers = ports.trim_start_matches('s').trim_start();
    let end = numbers.find(|c: char| !c.is_ascii_digit() && !" {},-:".contains(c)).unwrap_or(numbers.len());
    let numbers = numbers[..end].split(" -").next().unwrap_or_default();
    numbers.split([' ', ',', '{', '}']).any(|part| {
        let (first, last) = part.split_once(['-', ':']).unwrap_or((part, part));
        matches!(
            (first.parse::<u16>(), last.parse::<u16>()),
            (Ok(first), Ok(last)) if (first..=last).contains(&port.number)
        )
    })
}

fn verdict(rule: &str, verdicts: &[&str]) -> bool {
    let rule = rule.to_ascii_lowercase();
    rule.split_whitespace().any(|word| verdicts.contains(&word))
}

/// Whether a line is a policy to drop: in nft `type filter hook input priority filter; policy drop;`, in iptables
/// `:INPUT DROP [0:0]`.
fn drops_the_rest(line: &str) -> bool {
    let nft = (line.contains("hook input") || line.contains("hook output")) && line.contains("policy drop");
    nft || [":INPUT DROP", ":OUTPUT DROP"].iter().any(|policy| line.starts_with(policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP_137: Port = Port { protocol: "udp", number: 137 };

    #[test]
    fn rules_about_a_port_are_found() {
        for rule in [
            "udp dport 137 drop",
            "udp dport { 137, 138 } counter packets 0 bytes 0 drop",
            "iifname \"eth0\" udp dport 130-140 reject with icmp port-unreachable",
            "meta l4proto { tcp, udp } th dport 137 drop",
            "-A INPUT -p udp -m udp --dport 137 -j DROP",
            "-A INPUT -p udp -m multiport --dports 137,138 -j REJECT --reject-with icmp-port-unreachable",
            "-A INPUT -p udp -m udp --dport 137:139 -j DROP",
        ] {
            assert!(names_port(rule, &UDP_137) && verdict(rule, &["drop", "reject"]), "{rule}");
        }
        for rule in [
            "tcp dport 137 drop",
            "udp dport 138 counter packets 137 bytes 137 drop",
            "udp sport 137 drop",
            "-A INPUT -p udp -m udp --dport 138 -m limit --limit 137/sec -j DROP",
        ] {
            assert!(!names_port(rule, &UDP_137), "{rule}");
        }
    }

    #[test]
    fn policies_that_drop_are_found() {
        assert!(drops_the_rest("type filter hook input priority filter; policy drop;"));
        assert!(drops_the_rest(":INPUT DROP [12:3456]"));
        assert!(!drops_the_rest("type filter hook forward priority filter; policy drop;"));
        assert!(!drops_the_rest(":INPUT ACCEPT [0:0]"));
    }

    #[test]
    fn endpoints_have_ports() {
        assert_eq!(port("tls/hub.example:7447"), Some(Port { protocol: "tcp", number: 7447 }));
        assert_eq!(port("quic/[::1]:7447#iface=eth0"), Some(Port { protocol: "udp", number: 7447 }));
        assert_eq!(port("tcp/0.0.0.0:0"), Some(Port { protocol: "udp", number: SCOUTING }));
        assert_eq!(port("nonsense"), None);
    }
}
