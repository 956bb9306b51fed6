//! All bridges of this machine, which connect the rules with the domains.

use std::collections::BTreeMap;
use std::time::Instant;

use mailslot::{NetbiosName, NetworkOrigin, SlotName};
use mailslot_domain::{Legacy, Segment};
use mailslot_zenoh::{BridgeWants, Domains};

use crate::bridge;
use crate::io::slots;
use mailslot_netbios::Message;

use super::election;
use super::rules::{Bridge, Fate, SETTLE, is_from_bridge};
use super::{BridgeStatus, SegmentStatus};

/// A segment of the legacy network to which this machine is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// [`Interface::id`](mailslot_netbios::Interface::id).
    pub(crate) id: u32,
    /// The interface's name.
    pub(crate) interface: String,
    pub(crate) segment: Segment,
}

/// Messages of domains that are carried before other work is done.
const TURN: usize = 256;

/// All bridges of this machine.
#[derive(Default)]
pub(crate) struct Bridges {
    bridges: Vec<Bridge>,
    computer: Option<NetbiosName>,
    attached: Vec<Attached>,
    /// The sender for each domain and interface, and the counters, as of the last update: changes are logged.
    senders: BTreeMap<(String, u32), NetbiosName>,
    counted: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Bridges {
    /// Updates the settings and the attached segments, and passes the domains what the bridges need from them.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        settings: &BTreeMap<String, bridge::Settings>,
        computer: &NetbiosName,
        attached: Vec<Attached>,
        domains: &Domains,
    ) {
        self.computer = Some(computer.clone());
        self.attached = attached;
        self.bridges.retain(|bridge| named(settings, &bridge.domain).is_some());
        for domain in domains.names() {
            let Some(wanted) = named(settings, &domain) else {
                domains.bridge(&domain, None);
                continue;
            };
            match self.bridges.iter_mut().find(|bridge| bridge.domain == domain) {
                Some(bridge) => bridge.update(wanted.clone(), now),
                None => self.bridges.push(Bridge::new(domain, wanted.clone(), now)),
            }
        }
        for bridge in &self.bridges {
            domains.bridge(&bridge.domain, Some(self.wants(bridge, domains)));
        }
        self.log_senders(now, domains);
        self.log_refused(domains);
    }

    /// Carries a message of the legacy network into the domains whose settings cover it. Returns whether to deliver it
    /// to slots of this machine: not if they get it, or have got it, through a domain.
    pub(crate) fn take_legacy(
        &mut self,
        now: Instant,
        message: &Message,
        origin: &NetworkOrigin,
        domains: &Domains,
    ) -> bool {
        let Some(address) = slots::address(&message.slot) else { return true };
        let (slot, source) = (address.slot(), *message.address.ip());
        let id = Legacy::id(message.source.as_bytes(), source, message.datagram_id, slot, &message.data);
        let is_from_bridge = is_from_bridge(&message.source);
        let mut is_new = true;
        for domain in domains.names() {
            let is_first = if is_from_bridge {
                let bridges = domains.bridges(&domain);
                !bridges.iter().any(|(_, segment)| segment.address == source)
            } else {
                domains.is_first(&domain, id)
            };
            is_new &= is_first;
            let is_ready = is_ready(now, domains, &domain);
            let Some(bridge) = self.bridges.iter_mut().find(|bridge| bridge.domain == domain) else { continue };
            let Some(mut fate) = bridge.take_legacy(now, &message.source, source, slot, is_ready, is_first) else {
                continue;
            };
            if fate == Fate::CarriedToDomain {
                let legacy = Legacy {
                    id,
                    address: source,
                    computer: &origin.computer,
                    domain: origin.domain.as_deref().unwrap_or_default(),
                };
                if let Err(error) = domains.carry(&domain, slot, &legacy, &message.data) {
                    fate = Fate::ToDomainFailed;
                    tracing::warn!(name: "not_carried", domain = %domain, slot = %slot, reason = %error);
                }
            }
            bridge.count(fate);
        }
        is_new
    }

    /// Carries messages of domains into the legacy network: `send` sends each, by the given interfaces, to a slot.
    pub(crate) fn take_domains(
        &mut self,
        now: Instant,
        domains: &Domains,
        mut send: impl FnMut(Vec<u32>, &SlotName, &[u8]) -> bool,
    ) {
        for message in domains.from_domains(TURN) {
            let interfaces = self.interfaces(&message.domain, domains);
            let is_ready = is_ready(now, domains, &message.domain);
            let Some(bridge) = self.bridges.iter_mut().find(|bridge| bridge.domain == message.domain) else { continue };
            let fate = match bridge.take_domain(now, &message, is_ready, !interfaces.is_empty()) {
                Fate::CarriedToLegacy if !send(interfaces, &message.slot, &message.data) => Fate::ToLegacyFailed,
                fate => fate,
            };
            bridge.count(fate);
        }
    }

    pub(crate) fn status(&self, now: Instant, domains: &Domains) -> Vec<BridgeStatus> {
        let one = |bridge: &Bridge| BridgeStatus {
            domain: bridge.domain.to_string(),
            to_domain: bridge.settings.to_domain.iter().map(ToString::to_string).collect(),
            to_legacy: bridge.settings.to_legacy.iter().map(ToString::to_string).collect(),
            is_ready: is_ready(now, domains, &bridge.domain),
            segments: self.segments(bridge, domains).collect(),
            counters: counters(bridge, domains),
        };
        self.bridges.iter().map(one).collect()
    }

    fn wants(&self, bridge: &Bridge, domains: &Domains) -> BridgeWants {
        let sends = !bridge.settings.to_legacy.is_empty();
        let segments = self.attached.iter().filter(|_| sends).map(|attached| attached.segment.clone()).collect();
        let mut wants = BridgeWants::default();
        wants.slots = bridge.slots_to_legacy(domains.slot_names(&bridge.domain));
        wants.segments = segments;
        wants
    }

    /// The interfaces by which this machine sends the domain's messages, one for each segment.
    fn interfaces(&self, domain: &NetbiosName, domains: &Domains) -> Vec<u32> {
        let Some(computer) = &self.computer else { return Vec::new() };
        let bridges = domains.bridges(domain);
        let mine = |(index, attached): &(usize, &Attached)| {
            let is_another = |earlier: &Attached| !earlier.segment.is_same(&attached.segment);
            self.attached[..*index].iter().all(is_another)
                && election::sender(computer, &attached.segment, &bridges) == *computer
        };
        self.attached.iter().enumerate().filter(mine).map(|(_, attached)| attached.id).collect()
    }

    fn segments<'a>(&'a self, bridge: &Bridge, domains: &Domains) -> impl Iterator<Item = SegmentStatus> + 'a {
        let (bridges, sends) = (domains.bridges(&bridge.domain), !bridge.settings.to_legacy.is_empty());
        self.attached.iter().map(move |attached| SegmentStatus {
            interface: attached.interface.clone(),
            address: attached.segment.address,
            prefix: attached.segment.prefix_length,
            workgroup: attached.segment.workgroup.to_string(),
            sender: self
                .computer
                .as_ref()
                .filter(|_| sends)
                .map(|computer| election::sender(computer, &attached.segment, &bridges).to_string()),
        })
    }

    fn log_senders(&mut self, now: Instant, domains: &Domains) {
        let Some(computer) = self.computer.clone() else { return };
        let before = std::mem::take(&mut self.senders);
        for bridge in self.bridges.iter().filter(|bridge| !bridge.settings.to_legacy.is_empty()) {
            if !is_ready(now, domains, &bridge.domain) {
                continue;
            }
            let bridges = domains.bridges(&bridge.domain);
            for Attached { id, interface, segment } in &self.attached {
                let sender = election::sender(&computer, segment, &bridges);
                let key = (bridge.domain.to_string(), *id);
                if before.get(&key) != Some(&sender) {
                    if sender == computer {
                        tracing::info!(name: "bridge_sends", domain = %bridge.domain, interface, sender = %sender);
                    } else {
                        tracing::info!(name: "bridge_stands_by", domain = %bridge.domain, interface, sender = %sender);
                    }
                }
                self.senders.insert(key, sender);
            }
        }
    }

    /// Logs refusals that an operator should know of, once for each update.
    fn log_refused(&mut self, domains: &Domains) {
        for bridge in &self.bridges {
            let counted = counters(bridge, domains);
            let before = self.counted.entry(bridge.domain.to_string()).or_default();
            for label in NOTABLE {
                let of = |counters: &BTreeMap<String, u64>| counters.get(label).copied().unwrap_or_default();
                let count = of(&counted).saturating_sub(of(before));
                if count > 0 {
                    tracing::warn!(name: "bridge_refused", domain = %bridge.domain, reason = label, count);
                }
            }
            *before = counted;
        }
    }
}

/// Counters that an operator should know of.
const NOTABLE: [&str; 6] = [
    "to_domain_rate",
    "to_domain_failed",
    "to_legacy_rate",
    "to_legacy_too_large",
    "to_legacy_failed",
    "to_legacy_busy",
];

/// All counters of a bridge: those of its decisions, and those of the domain for messages that did not get as far.
fn counters(bridge: &Bridge, domains: &Domains) -> BTreeMap<String, u64> {
    let mut counters = bridge.counters();
    let before = domains.bridge_counters(&bridge.domain).into_iter();
    counters.extend(before.map(|(label, count)| (format!("to_legacy_{label}"), count)));
    counters
}

fn is_ready(now: Instant, domains: &Domains, domain: &NetbiosName) -> bool {
    domains.bridge_since(domain).is_some_and(|since| now.saturating_duration_since(since) >= SETTLE)
}

/// The settings for a domain.
fn named<'a>(settings: &'a BTreeMap<String, bridge::Settings>, domain: &NetbiosName) -> Option<&'a bridge::Settings> {
    settings.iter().find(|(name, _)| name.eq_ignore_ascii_case(domain.as_str())).map(|(_, settings)| settings)
}
