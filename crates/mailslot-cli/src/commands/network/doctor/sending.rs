//! Whether the node takes what programs write to its slots, by a message to a slot that does not exist.

use std::time::{Duration, Instant};

use mailslot::network;
use mailslot::{Address, MailslotWriter};
use mailslot_node::control::{self, Answer, Request};

use super::finding::Findings;
use super::node::Running;

/// The name of a slot that no machine has.
pub const NO_SLOT: &str = r"mailslot\doctor";
/// How long the node may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two requests for its counters.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Writes a message for a slot that this computer does not have to the node's slot `slot`. `taken` returns the count of
/// messages taken from there.
pub fn examine(
    network: &str,
    slot: &str,
    node: &Running,
    taken: impl Fn(&control::Status) -> Option<u64>,
    findings: &mut Findings,
) {
    let before = taken(&node.status);
    let text = format!(r"\\{}\mailslot\{}", node.computer(), NO_SLOT);
    let Ok(address) = Address::parse_win32(&text) else { return };
    let written =
        MailslotWriter::open(slot).and_then(|writer| writer.write(&network::Outgoing { address, data: &[] }.encode()));
    if let Err(error) = written {
        return findings.problem("sending", format!("{network}: {error}"), "see the node's log, and restart it");
    }
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Ok(Answer::Status(status)) = control::ask(Request::Status, PATIENCE)
            && taken(&status) > before
        {
            return findings.ok("sending", format!("{network}: the node takes messages that are written to it"));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    let found = format!("{network}: the node has not taken a message in {} s", PATIENCE.as_secs());
    findings.problem("sending", found, "see the node's log (slot_not_read, thread_ended); restart it");
}
