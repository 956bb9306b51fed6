//! Modern domains in `node status` and `list --domain`.

use std::collections::{BTreeMap, BTreeSet};

use mailslot_domain::status::Status;
use mailslot_node::control::{Answer, Request};
use serde::Serialize;

use super::{ask, unexpected};
use crate::escape::cell;
use crate::exit::Result;
use crate::output;
use crate::table::{Align, Table};

/// A domain's part of `node status`.
pub fn text(domain: &Status) -> Vec<String> {
    let sealed = if domain.sealed { "sealed" } else { "OPEN: anybody who reaches it can read and write" };
    let state = if domain.open { "" } else { ", not open yet" };
    let mut lines = vec![format!("domain {}, {sealed}, {}{state}", cell(&domain.name), cell(&domain.mode))];
    for (label, endpoints) in [("listening on", &domain.listen), ("connecting to", &domain.connect)] {
        lines.extend(endpoints.iter().map(|endpoint| format!("  {label} {endpoint}")));
    }
    let computers = domain.computers.map(|number| format!("{number} computers, ")).unwrap_or_default();
    lines.push(format!("  {computers}{} peers, {} routers", domain.peers, domain.routers));
    for key in &domain.keys {
        let until =
            key.accept_until.as_ref().map(|until| format!(", accepted until {}", cell(until))).unwrap_or_default();
        let in_use = if key.in_use { ", in use" } else { "" };
        lines.push(format!("  key {} from {}{until}{in_use}", cell(&key.fingerprint), cell(&key.send_from)));
    }
    lines.extend(domain.slots.iter().map(|slot| format!("  slot {}", cell(slot))));
    lines.extend(super::counters(&domain.counters));
    lines
}

#[derive(Serialize)]
pub(super) struct Member<'a> {
    pub(super) computer: &'a str,
    pub(super) slots: &'a BTreeSet<String>,
}

/// Prints the computers of a domain, and the slots that each of them has open.
pub fn list(domain: &str, json: bool) -> Result {
    match ask(Request::Members(domain.to_owned()))? {
        Answer::Members(members) => print(&members, json),
        answer => Err(unexpected(&answer)),
    }
}

fn print(members: &BTreeMap<String, BTreeSet<String>>, json: bool) -> Result {
    if json {
        return output::print_json_lines(members.iter().map(|(computer, slots)| Member { computer, slots }));
    }
    output::lines(table(members).lines())
}

fn table(members: &BTreeMap<String, BTreeSet<String>>) -> Table {
    let mut table = Table::new([Align::Left; 2]);
    for (computer, slots) in members {
        if slots.is_empty() {
            // The computer is there even without slots.
            table.row([cell(computer), String::new()]);
        }
        slots.iter().for_each(|slot| table.row([cell(computer), cell(slot)]));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn a_domain_stays_in_its_lines() {
        let status = serde_json::json!({
            "name": "PLANT", "sealed": true, "mode": "peer", "open": true, "peers": 1, "routers": 0,
            "listen": ["tcp/[::]:0"], "connect": ["tcp/srv2:7447"], "computers": 2, "slots": ["alerts"],
            "keys": [{ "fingerprint": "0123", "send_from": "2026-01-01", "accept_until": "2027-01-01",
                "in_use": true }],
            "counters": { "sent": 1 },
        });
        hostile::stays_in_its_lines(|planted| {
            let mut status = status.clone();
            hostile::plant(&mut status, planted);
            text(&serde_json::from_value(status).expect("a domain's status"))
        });
    }

    #[test]
    fn members_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| {
            let slots = BTreeSet::from(["alerts".to_owned(), text.to_owned()]);
            table(&[("SRV1".to_owned(), slots), (text.to_owned(), BTreeSet::new())].into()).lines()
        });
    }
}
