//! `mailslot info`: one slot in full.

use clap::Args;
use mailslot::{Address, Error, MailslotWriter, SlotName, SlotStatus, Timeout};

use crate::exit::Result;
use crate::status::{self, StatusJson};
use crate::{accounts, output};

/// Show what is known about a slot
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Info {
    /// The slot
    name: String,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Counts of other users' slots are not known and shown as "-" (null in JSON).

Examples:
  mailslot info alerts
  mailslot info --json alerts | jq .counts.count"#;

impl Info {
    pub fn run(self) -> Result {
        let name = local(&self.name)?;
        let Some(slot) = mailslot::list()?.into_iter().find(|slot| slot.name == name) else {
            return Err(Error::NotFound(name).into());
        };
        if self.json { output::print_json(&StatusJson::from(&slot)) } else { output::print(&text(&slot)) }
    }
}

/// The name of a slot of this machine.
fn local(text: &str) -> Result<SlotName> {
    match text.parse()? {
        Address::Local(name) => Ok(name),
        // The library knows whether that name is this machine's own.
        elsewhere => Ok(MailslotWriter::open(elsewhere)?.address().slot().clone()),
    }
}

fn text(slot: &SlotStatus) -> String {
    let counts = slot.counts.as_ref();
    let statistics = counts.map(|counts| counts.statistics);
    let next =
        counts.map(|counts| counts.next_size.map_or_else(|| "no message".into(), |size| format!("{size} bytes")));
    let lines = [
        ("name", output::escape(slot.name.as_str())),
        ("owner", format!("{} (user {})", output::escape(&accounts::user(slot.uid)), slot.uid)),
        ("process", slot.pid.to_string()),
        ("age", slot.created.elapsed().map_or_else(|_| "-".into(), |age| format!("{}s", age.as_secs()))),
        ("writers", output::escape(&status::access(&slot.access))),
        ("network", if slot.network == mailslot::Network::Allowed { "allowed" } else { "refused" }.into()),
        ("max message size", status::max_message_size(slot.max_message_size)),
        ("capacity", status::bytes(slot.capacity)),
        ("read timeout", status::known(counts.map(|counts| timeout(counts.read_timeout)))),
        ("waiting", status::known(counts.map(|counts| counts.count))),
        ("next", status::known(next)),
        ("written", status::known(statistics.map(|all| traffic(all.written, all.bytes_written)))),
        ("read", status::known(statistics.map(|all| traffic(all.read, all.bytes_read)))),
        ("refused, full", status::known(statistics.map(|all| all.refused_full))),
        ("refused, too large", status::known(statistics.map(|all| all.refused_too_large))),
        ("high water", status::known(statistics.map(|all| format!("{} bytes", all.high_water)))),
    ];
    lines.map(|(label, value)| format!("{label:<20}{value}\n")).concat()
}

fn timeout(timeout: Timeout) -> String {
    match timeout {
        Timeout::Zero => "none".into(),
        Timeout::After(time) => format!("{time:?}"),
        Timeout::Forever => "forever".into(),
    }
}

fn traffic(messages: u64, bytes: u64) -> String {
    format!("{messages} messages, {bytes} bytes")
}
