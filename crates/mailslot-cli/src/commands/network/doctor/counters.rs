//! Counters that point to a cause.

use std::collections::BTreeMap;

use super::finding::{Findings, State};

/// What a counter that is not 0 means.
pub struct Cause {
    label: &'static str,
    state: State,
    /// What happened to so many messages; follows the number.
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
    "were larger than their slot takes",
    "make the slot with a larger limit: mailslot listen --max-size",
);

/// Of the NetBIOS network.
pub const LEGACY: [Cause; 10] = [
    cause("undelivered_refused", State::Problem, NOT_OPEN, "mailslot listen --network, and --access for its user"),
    SLOT_FULL,
    LARGER_THAN_SLOT,
    cause("outgoing_refused", State::Problem, "could not be sent", "the node's log says why: look for not_sent"),
    cause("transmit_failed", State::Problem, "were refused by the system as packets", "look at firewall and routes"),
    cause("dropped_message_rate", State::Problem, "came faster than a sender may send", "find the sender that floods"),
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
        "were no packets of NetBIOS",
        "something else uses the ports; capture with tshark",
    ),
];

/// Of a modern domain; what the clock and the keys have to do with it is looked at there.
#[cfg(feature = "zenoh")]
pub const MODERN: [Cause; 10] = [
    SLOT_FULL,
    LARGER_THAN_SLOT,
    cause("undelivered_refused", State::Problem, NOT_OPEN, "mailslot listen --network, and --access for its user"),
    cause("outgoing_refused", State::Problem, "could not be sent", "the node's log says why: look for not_sent"),
    cause(
        "dropped_too_large",
        State::Problem,
        "were larger than this node lets in",
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
        "came from more senders than are followed",
        "set streams of the domain higher",
    ),
    cause(
        "dropped_replayed",
        State::Unknown,
        "came twice and were delivered once",
        "nothing, unless somebody replays them",
    ),
    cause(
        "lost",
        State::Unknown,
        "were lost on the way",
        "the network or a receiver is too slow; send slower or with --confirm",
    ),
    cause("presence_full", State::Problem, "presences are too many to be kept", "split the domain"),
];

const NOT_OPEN: &str = "were for slots that are not open to the network, or not to the node's user";

/// Says of each counter that points to a cause what it means. `of` names what has counted.
pub fn examine(of: &str, counters: &BTreeMap<String, u64>, causes: &[Cause], findings: &mut Findings) {
    for cause in causes {
        let number = counters.get(cause.label).copied().unwrap_or_default();
        if number > 0 {
            let found = format!("{of}{number} {} since the node began ({})", cause.what, cause.label);
            findings.add(cause.state, "counters", found, Some(cause.remedy.to_owned()));
        }
    }
}
