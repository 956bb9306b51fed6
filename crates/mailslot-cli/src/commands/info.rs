//! `mailslot info`: one slot in full.

use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Address, MailslotWriter, Network, SlotStatus, Timeout};

use crate::commands::completions;
use crate::exit::Result;
use crate::{accounts, output, status};

/// Show what is known about a slot
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Info {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Unknown values are shown as "-" (null in JSON): counts of other users' slots, and most values on Windows.

Examples:
  mailslot info alerts
  mailslot info --json alerts | jq .counts.count"#;

impl Info {
    pub fn run(self) -> Result {
        let address: Address = self.name.parse()?;
        if !address.is_here() {
            // No status is known. If the slot cannot be opened either, that error says more.
            MailslotWriter::open(&address)?;
        }
        let slot = mailslot::status(address)?;
        if self.json { output::print_json(&status::json(&slot)?) } else { output::lines(text(&slot)) }
    }
}

fn text(slot: &SlotStatus) -> Vec<String> {
    let counts = slot.info.as_ref();
    let statistics = counts.and_then(|counts| counts.statistics);
    let next =
        counts.map(|counts| counts.next_size.map_or_else(|| "no message".into(), |size| format!("{size} bytes")));
    let lines = [
        ("name", slot.name.to_string()),
        ("owner", status::known(slot.uid.map(|uid| format!("{} (user {uid})", accounts::user(uid))))),
        ("process", status::known(slot.pid)),
        ("age", status::known(slot.created.and_then(|created| Some(age(created.elapsed().ok()?))))),
        ("writers", status::known(slot.access.as_ref().map(status::access_in_short))),
        ("network", status::known(slot.network.map(network))),
        ("members", slot.members.to_string()),
        ("taps", slot.taps.to_string()),
        ("max message size", status::known(slot.max_message_size.map(status::max_message_size))),
        ("capacity", status::known(slot.capacity.map(status::bytes))),
        ("read timeout", status::known(counts.map(|counts| timeout(counts.read_timeout)))),
        ("waiting", status::known(counts.map(|counts| counts.count))),
        ("next", status::known(next)),
        ("written", status::known(statistics.map(|all| traffic(all.written, all.bytes_written)))),
        ("read", status::known(statistics.map(|all| traffic(all.read, all.bytes_read)))),
        ("refused, full", status::known(statistics.map(|all| all.refused_full))),
        ("refused, too large", status::known(statistics.map(|all| all.refused_too_large))),
        ("lost", status::known(statistics.map(|all| all.lost))),
        ("high water", status::known(statistics.map(|all| format!("{} bytes", all.high_water)))),
    ];
    lines.map(|(label, value)| format!("{label:<20}{value}")).to_vec()
}

fn network(network: Network) -> &'static str {
    match network {
        Network::Allowed => "allowed",
        _ => "refused",
    }
}

fn timeout(timeout: Timeout) -> String {
    match timeout {
        Timeout::Zero => "none".into(),
        Timeout::After(time) => humantime::format_duration(time).to_string(),
        Timeout::Forever => "forever".into(),
    }
}

/// In whole seconds.
fn age(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

fn traffic(messages: u64, bytes: u64) -> String {
    format!("{messages} messages, {bytes} bytes")
}
