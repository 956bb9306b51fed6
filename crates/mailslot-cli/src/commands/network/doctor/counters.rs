//! Counters that point to a cause.

use std::collections::BTreeMap;

use super::finding::{Findings, State};

/// Counts, by their labels.
pub type Counters = BTreeMap<String, u64>;

/// The meaning of a counter that is not 0.
pub struct Cause {
    label: &'static str,
    state: State,
    /// What happened to that many messages; follows the number.
    what: &'static str,
    remedy: &'static str,
}

const fn cause(label: &'static str, state: State, what: &'static str, remedy: &'static str) -> Cause {
    Cause { label, state, what, remedy }
}

const SLOT_FULL: Cause = cause(
    "undelivered_full",
    State::Problem,
    "found their slot full",
    "read faster, or give the slot more room: mailslot listen --capacity",
);
const LARGER_THAN_SLOT: Cause = cause(
    "undelivered_too_large",
    State::Problem,
    "were larger than their slot accepts",
    "make the slot with a larger limit: mailslot listen --max-size",
);

/// Causes in the NetBIOS network.
pub const LEGACY: [Cause; 10] = [
    cause("undelivered_refused", State::Problem, NOT_OPEN, "mailslot listen --network, and --access for its user"),
    SLOT_FULL,
    LARGER_THAN_SLOT,
    cause("outgoing_refused", State::Problem, "could not be sent", "the node's log says why: look for not_sent"),
    cause(
        "transmit_failed",
        State::Problem,
        "were packets that the system refused to send",
        "check firewall and routes",
    ),
    cause(
        "dropped_message_rate",
        State::Problem,
        "exceeded the rate limit of their sender",
        "find the sender that floods",
    ),
    cause(
        "dropped_other_subnet",
        State::Unknown,
        "spoke about names of this subnet from another one",
        "if they are neighbours, give all machines of the segment one subnet; else find who sends them",
    ),
    cause(
        "dropped_impossible_source",
        State::Unknown,
        "came from an address that no machine can have",
        "find who forges them",
    ),
    cause("dropped_scope", State::Problem, "were of another NetBIOS scope", "give all nodes the same --scope"),
    cause(
        "dropped_malformed",
        State::Unknown,
        "were not NetBIOS packets",
        "another program uses the ports; capture with tshark",
    ),
];

/// Causes in a modern domain, except those of the clock.
pub const MODERN: [Cause; 22] = [
    cause("dropped_key_unknown", State::Problem, "were sealed with a key that this machine does not have", NEWEST_FILE),
    cause(
        "presence_refused",
        State::Problem,
        "presences were sealed with a key that this machine does not have",
        NEWEST_FILE,
    ),
    cause("dropped_key_expired", State::Problem, "were sealed with a key that has expired", NEWEST_FILE),
    cause(
        "dropped_forged",
        State::Problem,
        "were not sealed by a member: forged, or damaged on the way",
        "find out who else is in this Zenoh network",
    ),
    cause(
        "dropped_malformed",
        State::Problem,
        "had a form that this domain does not know",
        "find out who else writes to its key expressions",
    ),
    cause(
        "dropped_unsigned",
        State::Problem,
        "had no signature, in a domain with identities",
        "find the member whose domain file has no authority",
    ),
    cause(
        "dropped_certificate",
        State::Problem,
        "had a certificate that is not the authority's, or named another computer",
        "find the member that claims to be another",
    ),
    cause(
        "dropped_certificate_expired",
        State::Problem,
        "were signed with a certificate that has expired, or is not valid yet",
        "invite their senders again, and compare clocks",
    ),
    cause(
        "dropped_revoked",
        State::Problem,
        "were signed with a certificate that was revoked",
        "rotate the domain's key if it was stolen, or invite the sender again",
    ),
    cause(
        "dropped_signature",
        State::Problem,
        "had a signature that is wrong",
        "find the member that claims to be another",
    ),
    cause(
        "dropped_not_allowed",
        State::Problem,
        "were for a slot that their sender's certificate does not name",
        "invite the sender with these --slots as well, if it may write there",
    ),
    SLOT_FULL,
    LARGER_THAN_SLOT,
    cause("undelivered_refused", State::Problem, NOT_OPEN, "mailslot listen --network, and --access for its user"),
    cause("outgoing_refused", State::Problem, "could not be sent", "the node's log says why: look for not_sent"),
    cause(
        "dropped_too_large",
        State::Problem,
        "were larger than this node accepts",
        "set max-message-size of the domain alike everywhere",
    ),
    cause(
        "dropped_version",
        State::Problem,
        "were of another version of the protocol",
        "update this machine or the senders",
    ),
    cause(
        "dropped_streams_full",
        State::Problem,
        "came from more senders than are tracked",
        "set streams of the domain higher",
    ),
    cause(
        "dropped_replayed",
        State::Unknown,
        "came twice and were delivered once",
        "nothing, unless they are replayed deliberately",
    ),
    cause(
        "lost",
        State::Unknown,
        "were lost on the way",
        "the network or a receiver is too slow; send slower or with --confirm",
    ),
    cause("presence_full", State::Problem, "presences were dropped for lack of room", "split the domain"),
    cause(
        "presence_ungrouped",
        State::Problem,
        "presences are of an earlier version, and not found by nodes that ask for one slot",
        "update the other nodes of the domain",
    ),
];

const NEWEST_FILE: &str = "bring the newest file to every machine: mailslot domain show, mailslot domain join";
const NOT_OPEN: &str = "were for slots that are not open to the network, or not to the node's user";

/// Reports each counter that points to a cause. A counter that rises while the doctor runs is a problem now; one that
/// does not may be of a problem that was solved. `of` names the owner of the counters.
pub fn examine(of: &str, before: &Counters, after: &Counters, causes: &[Cause], findings: &mut Findings) {
    for Cause { label, state, what, remedy } in causes {
        let [before, after] = [before, after].map(|counters| counters.get(*label).copied().unwrap_or_default());
        let remedy = Some((*remedy).to_owned());
        if after > before {
            let found = format!("{of}{} {what} while this looked ({label})", after - before);
            findings.add(*state, "counters", found, remedy);
        } else if after > 0 {
            let found = format!("{of}{after} {what} since the node began, and none while this looked ({label})");
            findings.add(State::Unknown, "counters", found, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_rises_is_a_problem() {
        for causes in [&LEGACY[..], &MODERN] {
            for Cause { label, state, .. } in causes {
                let counted = |number| Counters::from([((*label).to_owned(), number), ("delivered".to_owned(), 9)]);
                for (before, after, expected) in [(0, 0, None), (7, 7, Some(State::Unknown)), (7, 8, Some(*state))] {
                    let mut findings = Findings::default();
                    examine("", &counted(before), &counted(after), causes, &mut findings);
                    assert_eq!(findings.states(), expected.into_iter().collect::<Vec<_>>(), "{label} {before} {after}");
                }
            }
        }
    }
}
