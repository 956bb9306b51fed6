//! `mailslot list`: all slots of the machine.

use clap::Args;
use mailslot::{Info, SlotStatus, Statistics};

use crate::escape::cell;
use crate::exit::Result;
use crate::status::known;
use crate::table::{Align, Table};
use crate::{accounts, output, status};

/// List the slots of this machine
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct List {
    /// Show all columns
    #[arg(short, long)]
    long: bool,

    /// Print one JSON object for each slot, one to a line
    #[arg(long)]
    json: bool,

    /// Continue with a line for each slot that is created or closed: JSON objects with --json
    #[cfg(unix)]
    #[arg(long)]
    watch: bool,

    /// List the computers of this modern domain instead, and the slots that each of them has open to it
    #[cfg(feature = "node")]
    #[cfg_attr(unix, arg(long, value_name = "NAME", conflicts_with_all = ["long", "watch"]))]
    #[cfg_attr(windows, arg(long, value_name = "NAME", conflicts_with = "long"))]
    domain: Option<String>,
}

const AFTER_HELP: &str = r#"COUNT messages wait; WRITTEN, READ and REFUSED count messages since the slot was created. With --long, NEXT is the size of the next message, MAX that of the largest message allowed, CAPACITY the bytes that unread messages may take, and HIGH the most bytes that ever waited.

Counts of other users' slots are not known and shown as "-" (null in JSON). What is too long for its column ends with "…"; JSON has all of it. Windows cannot list slots.

Examples:
  mailslot list
  mailslot ls --long
  mailslot list --watch
  mailslot list --json | jq -r .name"#;

/// A column: its name, the alignment of its cells, whether it is among those that fit 80 characters, and its value for
/// a slot.
struct Column {
    name: &'static str,
    align: Align,
    is_short: bool,
    of: fn(&SlotStatus) -> String,
}

const COLUMNS: [Column; 15] = [
    Column { name: "NAME", align: Align::Left, is_short: true, of: |slot| cell(slot.name.as_str()) },
    Column { name: "OWNER", align: Align::Left, is_short: true, of: |slot| cell(known(slot.uid.map(accounts::user))) },
    Column { name: "PID", align: Align::Right, is_short: true, of: |slot| known(slot.pid) },
    Column {
        name: "ACCESS",
        align: Align::Left,
        is_short: true,
        of: |slot| cell(known(slot.access.as_ref().map(status::access_in_short))),
    },
    Column { name: "COUNT", align: Align::Right, is_short: true, of: |slot| known(counts(slot).map(|all| all.count)) },
    Column {
        name: "NEXT",
        align: Align::Right,
        is_short: false,
        of: |slot| known(counts(slot).and_then(|all| all.next_size)),
    },
    Column {
        name: "MAX",
        align: Align::Right,
        is_short: false,
        of: |slot| known(slot.max_message_size.map(status::max_message_size)),
    },
    Column {
        name: "CAPACITY",
        align: Align::Right,
        is_short: false,
        of: |slot| known(slot.capacity.map(status::bytes)),
    },
    Column {
        name: "WRITTEN",
        align: Align::Right,
        is_short: true,
        of: |slot| known(statistics(slot).map(|all| all.written)),
    },
    Column {
        name: "READ",
        align: Align::Right,
        is_short: true,
        of: |slot| known(statistics(slot).map(|all| all.read)),
    },
    Column {
        name: "REFUSED",
        align: Align::Right,
        is_short: true,
        of: |slot| known(statistics(slot).map(|all| all.refused_full.saturating_add(all.refused_too_large))),
    },
    Column {
        name: "HIGH",
        align: Align::Right,
        is_short: false,
        of: |slot| known(statistics(slot).map(|all| status::bytes(all.high_water))),
    },
    Column {
        name: "LOST",
        align: Align::Right,
        is_short: false,
        of: |slot| known(statistics(slot).map(|all| all.lost)),
    },
    Column { name: "MEMBERS", align: Align::Right, is_short: false, of: |slot| slot.members.to_string() },
    Column { name: "TAPS", align: Align::Right, is_short: false, of: |slot| slot.taps.to_string() },
];

impl List {
    pub fn run(self) -> Result {
        #[cfg(feature = "node")]
        if let Some(domain) = &self.domain {
            return super::network::domains::list(domain, self.json);
        }
        #[cfg(unix)]
        if self.watch {
            return super::watch::run(self.json);
        }
        let slots = mailslot::list()?;
        if self.json {
            return output::print_json_lines(slots.iter().map(status::json).collect::<Result<Vec<_>>>()?);
        }
        output::lines(table(&slots, self.long).lines())
    }
}

fn table(slots: &[SlotStatus], long: bool) -> Table {
    let columns = || COLUMNS.iter().filter(|column| long || column.is_short);
    let mut table = Table::with_head(columns().map(|column| (column.name, column.align)));
    for slot in slots {
        table.row(columns().map(|column| (column.of)(slot)));
    }
    table
}

fn counts(slot: &SlotStatus) -> Option<&Info> {
    slot.info.as_ref()
}

fn statistics(slot: &SlotStatus) -> Option<Statistics> {
    counts(slot).and_then(|counts| counts.statistics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn names_and_users_stay_in_their_columns() {
        hostile::stays_in_its_cells(|text| {
            let mut table = Table::with_head(COLUMNS.map(|column| (column.name, column.align)));
            table.row(COLUMNS.map(|_| cell(text)));
            table.lines()
        });
    }
}
