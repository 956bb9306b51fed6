//! Modern domains: files, keys, sessions, members, and whether messages between them are accepted.

use std::collections::BTreeSet;
use std::time::Duration;

use mailslot::network::ask_routes;
use mailslot::network::routes::{Answer as RouteAnswer, Question};
use mailslot::{Address, Outcome, SlotName};
use mailslot_domain::status::{OtherClock, Status};
use mailslot_domain::{Directory, Domain, Time};
use mailslot_node::control;

use super::counters::{self, Counters};
use super::destination::Way;
use super::finding::{Findings, count, names};
use super::node::{Members, Running, members};
use super::sending::{self, NO_SLOT};
use super::session;

/// How long a computer may take for a receipt.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most computers that are asked for a receipt.
const ASKED: usize = 8;

/// The computers that were asked for a receipt.
#[derive(Default)]
struct Answers {
    answered: Vec<String>,
    silent: Vec<String>,
}

/// Examines the domain that `address` is in, or all domains.
pub fn examine(address: Option<&Address>, way: Option<&Way>, node: Option<&Running>, findings: &mut Findings) {
    let wanted = match way {
        Some(Way::Modern(domain)) => Some(domain.as_str()),
        Some(Way::Legacy) => return,
        // The reason may be a file that the node does not use.
        Some(Way::Nowhere) | None => None,
    };
    examine_files(wanted, node, findings);
    let Some(node) = node else { return };
    for domain in node.status.domains.iter().filter(|domain| wanted.is_none_or(|wanted| domain.name == wanted)) {
        let members = members(&domain.name);
        session::examine(domain, &members, findings);
        examine_way(domain, node, findings);
        examine_keys(domain, findings);
        examine_members(domain, &members, address.filter(|_| wanted.is_some()), node, findings);
        let answers = examine_answers(domain, &members, address.filter(|_| wanted.is_some()), node, findings);
        let later = node.later().into_iter().flat_map(|status| status.domains);
        let later =
            later.filter(|later| later.name == domain.name).map(|later| later.counters).next().unwrap_or_default();
        examine_clock(domain, &later, &answers, findings);
        counters::examine(&format!("{}: ", domain.name), &domain.counters, &later, &counters::MODERN, findings);
    }
}

/// Checks the files of this machine, and whether the node takes part in their domains.
fn examine_files(wanted: Option<&str>, node: Option<&Running>, findings: &mut Findings) {
    let listed = Directory::in_use(mailslot::secure_env).and_then(|directory| Ok((directory.list()?, directory)));
    let (files, directory) = match listed {
        Ok(listed) => listed,
        Err(error) => return findings.unknown("files", error, "ask again as the node's user"),
    };
    for (path, domain) in files {
        let domain = match domain {
            Ok(domain) => domain,
            Err(error) => {
                findings.problem(
                    "files",
                    format!("{}: {error}", path.display()),
                    "repair it, or mailslot domain join FILE",
                );
                continue;
            }
        };
        let name = domain.name().as_str();
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        match node {
            None => findings.ok("files", format!("domain {name} is in {}; {}", path.display(), keys(&domain))),
            Some(node) if !node.status.domains.iter().any(|other| other.name == name) => findings.problem(
                "files",
                format!("domain {name} is in {}, but the node takes no part in it", directory.path().display()),
                "the node's log says why (domain_wrong), unless it reads another directory: see MAILSLOT_DOMAINS and \
                 its user",
            ),
            Some(_) => {}
        }
    }
}

fn keys(domain: &Domain) -> String {
    if !domain.is_sealed() {
        return "open: it has no key".to_owned();
    }
    match domain.sending_key(Time::from(std::time::SystemTime::now())) {
        Ok(key) => format!("key {}", key.id()),
        Err(error) => error.to_string(),
    }
}

/// Checks that the node routes messages into the domain, and takes them.
fn examine_way(domain: &Status, node: &Running, findings: &mut Findings) {
    let name = &domain.name;
    let Ok(address) = Address::parse_win32(&format!(r"\\{name}\mailslot\{}", NO_SLOT)) else { return };
    let remedy = "see the node's log (slot_not_read, thread_ended); restart it";
    let slot = match ask_routes(&Question::Route(address)) {
        Ok(Some(RouteAnswer::Route { slot, .. })) => Address::from(slot).to_string(),
        Ok(answer) => return findings.problem("way", format!("{name}: the node answers {answer:?}"), remedy),
        Err(error) => return findings.problem("way", format!("{name}: {error}"), remedy),
    };
    if domain.open {
        let taken = |status: &control::Status| {
            let domain = status.domains.iter().find(|other| other.name == *name)?;
            domain.counters.get("outgoing").copied()
        };
        sending::examine(name, &slot, node, taken, findings);
    }
}

fn examine_keys(domain: &Status, findings: &mut Findings) {
    let name = &domain.name;
    if !domain.sealed {
        let remedy = "for anything that matters make a sealed one: mailslot domain new";
        return findings.unknown(
            "key",
            format!("{name}: open: anybody who reaches it can read and write everything"),
            remedy,
        );
    }
    match domain.keys.iter().find(|key| key.in_use) {
        Some(key) => {
            let until = key.accept_until.as_ref().map(|until| format!(", accepted until {until}")).unwrap_or_default();
            findings.ok("key", format!("{name}: seals with {} from {}{until}", key.fingerprint, key.send_from));
        }
        None => {
            let remedy = "mailslot domain rotate on one machine, and mailslot domain join with its file on all others";
            findings.problem(
                "key",
                format!("{name}: no key is valid for sealing now: all have expired, or are not valid yet"),
                remedy,
            );
        }
    }
}

/// Checks that the receivers of a message are there and have the slot.
fn examine_members(
    domain: &Status,
    members: &Members,
    address: Option<&Address>,
    node: &Running,
    findings: &mut Findings,
) {
    let name = &domain.name;
    let Some(address) = address else {
        return findings.ok("members", format!("{name}: {}", names(members.keys().map(String::as_str))));
    };
    let slot = address.slot();
    if let Some(computer) = one_computer(domain, address) {
        match members.get(computer) {
            None => findings.problem(
                "target",
                format!("{computer} takes no part in {name}"),
                "start its node with the domain's file; mailslot list --domain shows who is there",
            ),
            Some(slots) if !has(slots, slot) => findings.problem(
                "target",
                format!("{computer} has no slot {slot} that is open to the network; it has {}", or_none(slots)),
                "start the reader there, open to the network: mailslot listen --network",
            ),
            Some(_) => findings.ok("target", format!("{computer} has the slot {slot} open to the network")),
        }
        return;
    }
    let receivers: Vec<&str> = with_slot(members, slot).collect();
    if receivers.is_empty() {
        let found = format!("nobody in {name} has a slot {slot} that is open to the network");
        let found = format!("{found}; there are {}", names(members.keys().map(String::as_str)));
        findings.problem("target", found, "start the readers, open to the network: mailslot listen --network");
    } else {
        let here = if receivers.iter().any(|computer| node.is(computer)) { ", including this one" } else { "" };
        let computers = count(receivers.len() as u64, "computer");
        findings.ok("target", format!("{computers} in {name} receive{here}: {}", names(receivers)));
    }
}

/// Asks the receivers of a message, or all computers, for a receipt of an empty write. A computer that sends one is
/// reachable, has the key, and its clock agrees.
fn examine_answers(
    domain: &Status,
    members: &Members,
    address: Option<&Address>,
    node: &Running,
    findings: &mut Findings,
) -> Answers {
    let wanted: Vec<&str> = match address {
        None => members.keys().map(String::as_str).collect(),
        Some(address) => match one_computer(domain, address) {
            Some(computer) => members.get_key_value(computer).map(|(name, _)| name.as_str()).into_iter().collect(),
            None => with_slot(members, address.slot()).collect(),
        },
    };
    let asked: Vec<&str> = wanted.into_iter().filter(|computer| !node.is(computer)).take(ASKED).collect();
    let answers: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = asked.iter().map(|computer| scope.spawn(|| answers(computer))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(false)).collect()
    });
    let (mut answered, mut silent) = (Vec::new(), Vec::new());
    for (computer, answers) in asked.into_iter().zip(answers) {
        if answers { answered.push(computer.to_owned()) } else { silent.push(computer.to_owned()) }
    }
    if !answered.is_empty() {
        let computers = names(answered.iter().map(String::as_str));
        findings.ok("answers", format!("{}: a receipt came from {computers}", domain.name));
    }
    if !silent.is_empty() {
        let found = format!(
            "{}: {} announced, but sent no receipt in {} s",
            domain.name,
            is_or_are(&silent),
            PATIENCE.as_secs()
        );
        let remedy = "run mailslot doctor there: its clock may be off by more than a minute, its file be an older one, \
                      or it has just gone";
        findings.problem("answers", found, remedy);
    }
    Answers { answered, silent }
}

fn answers(computer: &str) -> bool {
    let Ok(address) = Address::parse_win32(&format!(r"\\{computer}\mailslot\{}", NO_SLOT)) else { return false };
    match ask_routes(&Question::Confirmed { address, within: PATIENCE, data: &[] }) {
        Ok(Some(RouteAnswer::Receipts(receipts))) => receipts.iter().any(|receipt| receipt.outcome != Outcome::Silent),
        _ => false,
    }
}

/// Checks the clock against those of others. A computer that has just answered accepted a message, so its clock agrees.
/// One that once disagreed may agree now, unless it did not answer, or a message was refused for its time during this
/// run.
fn examine_clock(domain: &Status, later: &Counters, answers: &Answers, findings: &mut Findings) {
    let name = &domain.name;
    let counter = |label: &str| domain.counters.get(label).copied().unwrap_or_default();
    if !domain.sealed {
        return;
    }
    let Answers { answered, silent } = answers;
    let refused = later.get("dropped_clock").copied().unwrap_or_default();
    let differs = |other: &&OtherClock| {
        let is_refused = refused > counter("dropped_clock") && !answered.contains(&other.computer);
        silent.contains(&other.computer) || is_refused
    };
    if let Some(other) = domain.other_clock.as_ref().filter(differs) {
        let how = if other.ahead_seconds < 0 { "behind" } else { "ahead of" };
        let found = format!(
            "{name}: the clock of {} is {} {how} this one, so {} messages were refused (dropped_clock)",
            other.computer,
            duration(other.ahead_seconds.unsigned_abs()),
            refused.max(counter("dropped_clock"))
        );
        let remedy = "set the one that is wrong, best with chrony or systemd-timesyncd; the node needs no restart";
        return findings.problem("clock", found, remedy);
    }
    match (answered.as_slice(), counter("opened")) {
        ([], _) if domain.clock_in_doubt => findings.problem(
            "clock",
            format!("{name}: this clock was set, and no other computer agrees with it yet (dropped_before_start)"),
            "check that it is right, and that another computer of the domain is there",
        ),
        ([], 0) => findings.unknown(
            "clock",
            format!("{name}: no message has come from others by which to compare clocks"),
            "compare the clocks, or send a message here",
        ),
        ([], opened) => findings.ok("clock", format!("{name}: agrees: {opened} messages of others were accepted")),
        (answered, _) => {
            let computers = names(answered.iter().map(String::as_str));
            findings
                .ok("clock", format!("{name}: agrees with that of {computers}, which have just accepted a message"));
        }
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The computer that the address names, unless it names the domain.
fn one_computer<'a>(domain: &Status, address: &'a Address) -> Option<&'a str> {
    match address {
        Address::Remote { target, .. } if target.as_str() != domain.name => Some(target.as_str()),
        _ => None,
    }
}

fn has(slots: &BTreeSet<String>, wanted: &SlotName) -> bool {
    let is = |slot: &String| slot.parse::<Address>().is_ok_and(|address| address.slot() == wanted);
    slots.iter().any(is)
}

fn with_slot<'a>(members: &'a Members, wanted: &SlotName) -> impl Iterator<Item = &'a str> {
    members.iter().filter(move |(_, slots)| has(slots, wanted)).map(|(computer, _)| computer.as_str())
}

fn or_none(slots: &BTreeSet<String>) -> String {
    if slots.is_empty() { "none".to_owned() } else { names(slots.iter().map(String::as_str)) }
}

fn is_or_are(computers: &[String]) -> String {
    let verb = if computers.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names(computers.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    /// A clock that was wrong once is not a problem now unless it shows now, whoever is asked.
    #[test]
    fn a_clock_is_wrong_only_while_that_shows() {
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut other = OtherClock::default();
        (other.computer, other.ahead_seconds) = ("SRV2".to_owned(), 7200);
        let counted = |number| Counters::from([("dropped_clock".to_owned(), number), ("opened".to_owned(), 9)]);
        for (answered, silent, later, expected) in [
            (vec![], vec![], 5, State::Ok),
            (vec!["SRV2"], vec![], 5, State::Ok),
            (vec!["SRV3"], vec![], 5, State::Ok),
            (vec!["SRV2"], vec!["SRV3"], 6, State::Ok),
            (vec![], vec!["SRV2"], 5, State::Problem),
            (vec!["SRV3"], vec![], 6, State::Problem),
        ] {
            let domain = serde_json::json!({
                "name": "PLANT", "sealed": true, "mode": "peer", "open": true, "peers": 1, "routers": 0, "listen": [],
                "connect": [], "computers": 2, "slots": [], "keys": [], "other_clock": other, "counters": counted(5),
            });
            let domain = serde_json::from_value(domain).expect("a domain's status");
            let answers = Answers { answered: names(&answered), silent: names(&silent) };
            let mut findings = Findings::default();
            examine_clock(&domain, &counted(later), &answers, &mut findings);
            assert_eq!(findings.states(), [expected], "{answered:?} {silent:?} {later}");
        }
    }

    #[test]
    fn durations_are_in_a_unit_that_fits() {
        let texts = [0, 61, 120, 7199, 7200, 172_800].map(duration);
        assert_eq!(texts, ["0 s", "61 s", "2 min", "119 min", "2 h", "2 days"]);
    }
}
