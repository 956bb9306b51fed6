//! The rules by which one bridge carries messages or not. Each message is counted under its fate. Nothing here has a
//! socket or a clock.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailslot::network::{check_legacy, max_message_size};
use mailslot::{Address, NetbiosName, SlotName};
use mailslot_zenoh::FromDomain;

use super::pattern::Pattern;
use super::settings::Rates;
use crate::bridge;
use mailslot_netbios::BRIDGE;
use mailslot_netbios::limits::{Limiter, Rate};
use mailslot_wire::Name;

/// How long a bridge must have existed before it carries messages, so that the bridges know of each other.
pub(super) const SETTLE: Duration = Duration::from_secs(1);
/// Sources with a separate rate, in each direction; sources beyond these share one.
const SOURCES: usize = 4096;

/// A bridge between the legacy network and one domain.
pub(super) struct Bridge {
    pub(super) domain: NetbiosName,
    pub(super) settings: bridge::Settings,
    to_domain: Limiter<Ipv4Addr>,
    to_legacy: Limiter<String>,
    counters: [u64; ALL.len()],
}

/// The fate of a message for a slot that a bridge carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is carried from the legacy network into the domain.
    CarriedToDomain,
    /// A bridge sent it, so it comes from a domain.
    ToDomainFromBridge,
    /// It arrived through the domain before: another bridge was faster.
    ToDomainCopy,
    /// The bridge is not yet known to others.
    ToDomainNotReady,
    /// The rate of its source, or of all, is used up.
    ToDomainRate,
    /// The domain did not accept it.
    ToDomainFailed,
    /// It is carried from the domain into the legacy network.
    CarriedToLegacy,
    /// A bridge has carried it from a legacy network.
    ToLegacyFromLegacy,
    /// The bridge is not yet known to others.
    ToLegacyNotReady,
    /// Another bridge sends on each segment.
    ToLegacyStandby,
    /// It is too large for a message to this slot there.
    ToLegacyTooLarge,
    /// No slot can have this name there.
    ToLegacyName,
    /// The rate of its source, or of all, is used up.
    ToLegacyRate,
    /// The node could not send it.
    ToLegacyFailed,
}

const ALL: [(Fate, &str); 14] = [
    (Fate::CarriedToDomain, "to_domain_carried"),
    (Fate::ToDomainFromBridge, "to_domain_from_bridge"),
    (Fate::ToDomainCopy, "to_domain_copy"),
    (Fate::ToDomainNotReady, "to_domain_not_ready"),
    (Fate::ToDomainRate, "to_domain_rate"),
    (Fate::ToDomainFailed, "to_domain_failed"),
    (Fate::CarriedToLegacy, "to_legacy_carried"),
    (Fate::ToLegacyFromLegacy, "to_legacy_from_legacy"),
    (Fate::ToLegacyNotReady, "to_legacy_not_ready"),
    (Fate::ToLegacyStandby, "to_legacy_standby"),
    (Fate::ToLegacyTooLarge, "to_legacy_too_large"),
    (Fate::ToLegacyName, "to_legacy_name"),
    (Fate::ToLegacyRate, "to_legacy_rate"),
    (Fate::ToLegacyFailed, "to_legacy_failed"),
];

impl Bridge {
    pub(super) fn new(domain: NetbiosName, settings: bridge::Settings, now: Instant) -> Bridge {
        let [to_domain, to_legacy] = [settings.to_domain_rate, settings.to_legacy_rate];
        Bridge {
            to_domain: Limiter::new(to_domain.of_source(), to_domain.of_all(), SOURCES, now),
            to_legacy: Limiter::new(to_legacy.of_source(), to_legacy.of_all(), SOURCES, now),
            domain,
            settings,
            counters: [0; ALL.len()],
        }
    }

    /// Applies other settings; the counters stay.
    pub(super) fn update(&mut self, settings: bridge::Settings, now: Instant) {
        if self.settings != settings {
            *self = Bridge { counters: self.counters, ..Bridge::new(self.domain.clone(), settings, now) };
        }
    }

    /// The fate of a message of the legacy network from `source`; `None` if its slot is not carried. `is_first` says
    /// that it has not arrived through the domain before.
    pub(super) fn take_legacy(
        &mut self,
        now: Instant,
        source: &Name,
        address: Ipv4Addr,
        slot: &SlotName,
        is_ready: bool,
        is_first: bool,
    ) -> Option<Fate> {
        if !covers(&self.settings.to_domain, slot) {
            return None;
        }
        Some(if is_from_bridge(source) {
            Fate::ToDomainFromBridge
        } else if !is_ready {
            Fate::ToDomainNotReady
        } else if !is_first {
            Fate::ToDomainCopy
        } else if !self.to_domain.take(self.settings.to_domain_rate.of_all(), address, now) {
            Fate::ToDomainRate
        } else {
            Fate::CarriedToDomain
        })
    }

    /// The fate of a message of the domain. `sends` says that there is a segment on which this bridge sends.
    pub(super) fn take_domain(&mut self, now: Instant, message: &FromDomain, is_ready: bool, sends: bool) -> Fate {
        let slot = &message.slot;
        if message.is_legacy {
            Fate::ToLegacyFromLegacy
        } else if !is_ready {
            Fate::ToLegacyNotReady
        } else if !sends {
            Fate::ToLegacyStandby
        } else if check_legacy(&Address::Broadcast(slot.clone())).is_err() {
            Fate::ToLegacyName
        } else if message.size > max_message_size(slot) {
            Fate::ToLegacyTooLarge
        } else if !self.to_legacy.take(self.settings.to_legacy_rate.of_all(), message.computer.clone(), now) {
            Fate::ToLegacyRate
        } else {
            Fate::CarriedToLegacy
        }
    }

    pub(super) fn count(&mut self, fate: Fate) {
        self.counters[fate as usize] += 1;
    }

    /// All counters by their labels.
    pub(super) fn counters(&self) -> BTreeMap<String, u64> {
        ALL.iter().map(|(fate, label)| ((*label).to_owned(), self.counters[*fate as usize])).collect()
    }

    /// The slots of the domain that the bridge carries into the legacy network: those that are named exactly, and those
    /// among `known` that a pattern with `*` covers. A subscription cannot cover a part of a name, because names are
    /// hidden.
    pub(super) fn slots_to_legacy(&self, known: impl IntoIterator<Item = SlotName>) -> Vec<SlotName> {
        let patterns = &self.settings.to_legacy;
        let mut slots: Vec<SlotName> = patterns.iter().filter_map(Pattern::exact).cloned().collect();
        slots.extend(known.into_iter().filter(|slot| covers(patterns, slot)));
        slots.sort_by(|a, b| a.folded().cmp(b.folded()));
        slots.dedup();
        slots.truncate(MOST_SLOTS);
        slots
    }
}

/// The most slots of a domain to which one bridge subscribes.
const MOST_SLOTS: usize = 4096;

/// Whether this is the name of a sender that is a bridge, this one or another one.
pub(super) fn is_from_bridge(source: &Name) -> bool {
    source.suffix() == BRIDGE
}

fn covers(patterns: &[Pattern], slot: &SlotName) -> bool {
    patterns.iter().any(|pattern| pattern.matches(slot))
}

impl Rates {
    fn of_all(self) -> Rate {
        Rate { per_second: self.all, burst: self.all }
    }

    fn of_source(self) -> Rate {
        Rate { per_second: self.source, burst: self.source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::settings::Rates;

    fn slot(name: &str) -> SlotName {
        name.parse::<Address>().expect("valid").slot().clone()
    }

    fn bridge(to_domain: &[&str], to_legacy: &[&str]) -> (Bridge, Instant) {
        let patterns =
            |texts: &[&str]| texts.iter().map(|text| Pattern::try_from((*text).to_owned()).expect("valid")).collect();
        let rates = Rates { all: 7, source: 5 };
        let settings = bridge::Settings {
            to_domain: patterns(to_domain),
            to_legacy: patterns(to_legacy),
            to_domain_rate: rates,
            to_legacy_rate: rates,
        };
        let now = Instant::now();
        (Bridge::new("PLANT".parse().expect("valid"), settings, now), now)
    }

    const OLD: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    fn old(suffix: u8) -> Name {
        Name::new("OLD1", suffix).expect("valid")
    }

    fn modern(name: &str, size: usize) -> FromDomain {
        let mut message = FromDomain::new("PLANT".parse().expect("valid"), slot(name), &vec![0; size]);
        message.computer = "SRV1".to_owned();
        message
    }

    #[test]
    fn each_direction_has_slots_of_its_own() {
        let (mut bridge, now) = bridge(&["alerts"], &["orders", r"plant\*"]);
        let fate = |bridge: &mut Bridge, name| bridge.take_legacy(now, &old(0), OLD, &slot(name), true, true);
        assert_eq!(fate(&mut bridge, "ALERTS"), Some(Fate::CarriedToDomain));
        assert_eq!(fate(&mut bridge, "orders"), None);
        let known = ["Plant\\a", "alerts", "ORDERS", "other"].map(slot);
        assert_eq!(bridge.slots_to_legacy(known), ["orders", "plant\\a"].map(slot));
        assert_eq!(bridge.slots_to_legacy([]), [slot("orders")]);
    }

    #[test]
    fn what_a_bridge_sent_does_not_go_into_a_domain() {
        let (mut bridge, now) = bridge(&["*"], &[]);
        let fate = bridge.take_legacy(now, &old(BRIDGE), OLD, &slot("alerts"), true, true);
        assert_eq!(fate, Some(Fate::ToDomainFromBridge));
    }

    #[test]
    fn what_came_through_the_domain_before_is_a_copy() {
        let (mut bridge, now) = bridge(&["*"], &[]);
        let fate = bridge.take_legacy(now, &old(0), OLD, &slot("alerts"), true, false);
        assert_eq!(fate, Some(Fate::ToDomainCopy));
    }

    #[test]
    fn what_came_from_a_legacy_network_goes_to_none() {
        let (mut bridge, now) = bridge(&[], &["*"]);
        let mut message = modern("alerts", 1);
        message.is_legacy = true;
        assert_eq!(bridge.take_domain(now, &message, true, true), Fate::ToLegacyFromLegacy);
    }

    #[test]
    fn nothing_is_carried_before_others_know_the_bridge_nor_by_two_of_them() {
        let (mut bridge, now) = bridge(&["*"], &["*"]);
        let fate = bridge.take_legacy(now, &old(0), OLD, &slot("alerts"), false, true);
        assert_eq!(fate, Some(Fate::ToDomainNotReady));
        assert_eq!(bridge.take_domain(now, &modern("alerts", 1), false, true), Fate::ToLegacyNotReady);
        assert_eq!(bridge.take_domain(now, &modern("alerts", 1), true, false), Fate::ToLegacyStandby);
        assert_eq!(bridge.take_domain(now, &modern("alerts", 1), true, true), Fate::CarriedToLegacy);
    }

    #[test]
    fn what_does_not_fit_into_a_legacy_datagram_is_refused() {
        let (mut bridge, now) = bridge(&[], &["*"]);
        for (name, size, fate) in [
            ("alerts", 424, Fate::CarriedToLegacy),
            ("alerts", 425, Fate::ToLegacyTooLarge),
            ("1234567890123", 416, Fate::CarriedToLegacy),
            ("1234567890123", 417, Fate::ToLegacyTooLarge),
            ("größe", 1, Fate::ToLegacyName),
        ] {
            assert_eq!(bridge.take_domain(now, &modern(name, size), true, true), fate, "{name} {size}");
        }
    }

    #[test]
    fn each_direction_and_source_has_its_rate() {
        let (mut bridge, now) = bridge(&["*"], &["*"]);
        let to_domain = |bridge: &mut Bridge, last, now| {
            let mut carry =
                || bridge.take_legacy(now, &old(0), Ipv4Addr::new(192, 0, 2, last), &slot("alerts"), true, true);
            (0..10).filter(|_| carry() == Some(Fate::CarriedToDomain)).count()
        };
        let to_legacy = |bridge: &mut Bridge, computer: &str, now| {
            let mut message = modern("alerts", 1);
            message.computer = computer.to_owned();
            (0..10).filter(|_| bridge.take_domain(now, &message, true, true) == Fate::CarriedToLegacy).count()
        };
        assert_eq!((to_domain(&mut bridge, 1, now), to_domain(&mut bridge, 2, now)), (5, 2));
        assert_eq!((to_legacy(&mut bridge, "A", now), to_legacy(&mut bridge, "B", now)), (5, 2));
        let later = now + Duration::from_millis(400);
        assert_eq!((to_domain(&mut bridge, 1, later), to_legacy(&mut bridge, "A", later)), (2, 2));
    }

    #[test]
    fn other_settings_leave_what_was_counted() {
        let (mut one, now) = bridge(&["a"], &[]);
        one.count(Fate::ToLegacyFailed);
        one.update(bridge(&["b"], &[]).0.settings, now);
        let counted: Vec<_> = one.counters().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("to_legacy_failed".to_owned(), 1)]);
        assert!(one.take_legacy(now, &old(0), OLD, &slot("b"), true, true).is_some());
        assert!(ALL.iter().enumerate().all(|(index, (fate, _))| *fate as usize == index));
    }
}
