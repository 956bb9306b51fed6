//! `mailslot list`: all slots of the machine.

use clap::Args;
use mailslot::SlotStatus;

use crate::escape::cell;
use crate::exit::Result;
use crate::{accounts, output, status};

/// List the slots of this machine
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct List {
    /// Print one JSON array
    #[arg(long)]
    json: bool,

    /// Go on, with a line for each slot that comes or goes: JSON objects with --json
    #[cfg(unix)]
    #[arg(short, long)]
    watch: bool,

    /// List the computers of this modern domain instead, and the slots that each of them has open to it
    #[cfg(all(unix, feature = "zenoh"))]
    #[arg(long, value_name = "NAME", conflicts_with = "watch")]
    domain: Option<String>,
}

const AFTER_HELP: &str = r#"Columns: COUNT messages wait, the next one has NEXT bytes; the slot takes messages of up to MAX bytes and
CAPACITY bytes of them in all; WRITTEN, READ and REFUSED count messages, HIGH is the most bytes that ever waited.
Counts of other users' slots are not known and shown as "-" (null in JSON). What is too long for its column ends with "…";
JSON has all of it. Windows cannot list slots.

Examples:
  mailslot list
  mailslot list --watch
  mailslot list --json | jq -r '.[].name'"#;

const HEADERS: [&str; COLUMNS] =
    ["NAME", "OWNER", "PID", "ACCESS", "COUNT", "NEXT", "MAX", "CAPACITY", "WRITTEN", "READ", "REFUSED", "HIGH"];
const COLUMNS: usize = 12;
/// The columns with text; numbers stand on the right.
const LEFT: [usize; 3] = [0, 1, 3];

impl List {
    pub fn run(self) -> Result {
        #[cfg(all(unix, feature = "zenoh"))]
        if let Some(domain) = &self.domain {
            return super::network::domains::list(domain, self.json);
        }
        #[cfg(unix)]
        if self.watch {
            return super::watch::run(self.json);
        }
        let slots = mailslot::list()?;
        if self.json {
            return output::print_json(&slots.iter().map(status::json).collect::<Result<Vec<_>>>()?);
        }
        let rows: Vec<_> = [HEADERS.map(String::from)].into_iter().chain(slots.iter().map(row)).collect();
        output::lines(table(&rows))
    }
}

fn row(slot: &SlotStatus) -> [String; COLUMNS] {
    let counts = slot.info.as_ref();
    let statistics = counts.and_then(|counts| counts.statistics);
    [
        cell(slot.name.as_str()),
        cell(status::known(slot.uid.map(accounts::user))),
        status::known(slot.pid),
        cell(status::known(slot.access.as_ref().map(status::access_in_short))),
        status::known(counts.map(|counts| counts.count)),
        status::known(counts.and_then(|counts| counts.next_size)),
        status::known(slot.max_message_size.map(status::max_message_size)),
        status::known(slot.capacity.map(status::bytes)),
        status::known(statistics.map(|all| all.written)),
        status::known(statistics.map(|all| all.read)),
        status::known(statistics.map(|all| all.refused_full.saturating_add(all.refused_too_large))),
        status::known(statistics.map(|all| status::bytes(all.high_water))),
    ]
}

fn table(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells: [String; COLUMNS] = std::array::from_fn(|column| {
            let (cell, width) = (&row[column], widths[column]);
            if LEFT.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn names_and_users_stay_in_their_columns() {
        hostile::stays_in_its_cells(|text| {
            let cells = std::array::from_fn(|_| cell(text));
            table(&[HEADERS.map(String::from), cells])
        });
    }
}
