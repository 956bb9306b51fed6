//! Modern domains: what `node status` shows of them, and `list --domain`.

use std::collections::{BTreeMap, BTreeSet};

use mailslot_node::control::{Answer, Request};
use mailslot_zenoh::Status;
use serde::Serialize;

use super::{ask, unexpected};
use crate::exit::Result;
use crate::output;

/// A domain's part of `node status`.
pub fn text(domain: &Status) -> Vec<String> {
    let sealed = if domain.sealed { "sealed" } else { "OPEN: anybody who reaches it can read and write" };
    let state = if domain.open { "" } else { ", not open yet" };
    let mut lines = vec![format!("domain {}, {sealed}, {}{state}", domain.name, domain.mode)];
    for (label, endpoints) in [("listening on", &domain.listen), ("connecting to", &domain.connect)] {
        lines.extend(endpoints.iter().map(|endpoint| format!("  {label} {}", output::escape(endpoint))));
    }
    lines.push(format!("  {} computers, {} peers, {} routers", domain.computers, domain.peers, domain.routers));
    for key in &domain.keys {
        let until = key.accept_until.as_ref().map(|until| format!(", accepted until {until}")).unwrap_or_default();
        let in_use = if key.in_use { ", in use" } else { "" };
        lines.push(format!("  key {} from {}{until}{in_use}", key.fingerprint, key.send_from));
    }
    lines.extend(domain.slots.iter().map(|slot| format!("  slot {}", output::escape(slot))));
    lines.extend(super::node::counters(&domain.counters));
    lines
}

#[derive(Serialize)]
struct Member<'a> {
    computer: &'a str,
    slots: &'a BTreeSet<String>,
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
        let members: Vec<_> = members.iter().map(|(computer, slots)| Member { computer, slots }).collect();
        return output::print_json(&members);
    }
    let mut text = String::new();
    for (computer, slots) in members {
        let computer = output::escape(computer);
        let lines = slots.iter().map(|slot| format!("{computer:<16}{}\n", output::escape(slot)));
        // A computer without slots is there all the same.
        text.extend(if slots.is_empty() { vec![format!("{computer}\n")] } else { lines.collect() });
    }
    output::print(&text)
}
