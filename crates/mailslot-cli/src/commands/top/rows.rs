//! The table of slots: the contents and the order of its rows.

use std::time::Duration;

use mailslot::{SlotName, SlotStatus};

use super::snapshot::Snapshot;
use crate::accounts;
use crate::escape::cell;

/// A slot in the table. Unknown values are `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub slot: SlotName,
    /// The name as it is shown.
    pub name: String,
    pub owner: String,
    pub pid: Option<u32>,
    pub waiting: Option<u64>,
    /// The part of the capacity that waiting messages take, of 1.
    pub backlog: Option<f64>,
    /// Messages per second.
    pub written: Option<f64>,
    pub read: Option<f64>,
    /// Messages since the slot was made.
    pub refused: Option<u64>,
}

/// The column that orders the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Name,
    Owner,
    Pid,
    Waiting,
    Backlog,
    Written,
    Read,
    Refused,
}

impl Column {
    pub const ALL: [Column; 8] = [
        Column::Name,
        Column::Owner,
        Column::Pid,
        Column::Waiting,
        Column::Backlog,
        Column::Written,
        Column::Read,
        Column::Refused,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Column::Name => "NAME",
            Column::Owner => "OWNER",
            Column::Pid => "PID",
            Column::Waiting => "WAITING",
            Column::Backlog => "BACKLOG",
            Column::Written => "IN/S",
            Column::Read => "OUT/S",
            Column::Refused => "REFUSED",
        }
    }

    /// The next column; after the last, the first.
    pub fn next(self) -> Column {
        let at = Column::ALL.iter().position(|column| *column == self).unwrap_or_default();
        Column::ALL[(at + 1) % Column::ALL.len()]
    }
}

/// The rows of a snapshot, with rates since the one before.
pub fn rows(before: Option<&Snapshot>, now: &Snapshot) -> Vec<Row> {
    let time = before.map(|before| now.at.saturating_duration_since(before.at));
    let row = |slot: &SlotStatus| {
        let earlier = before.and_then(|before| before.slots.iter().find(|other| is_same(other, slot)));
        row(earlier.zip(time), slot)
    };
    now.slots.iter().map(row).collect()
}

/// Whether two statuses are of the same slot, and not of another with its name.
fn is_same(one: &SlotStatus, other: &SlotStatus) -> bool {
    (&one.name, one.uid, one.pid, one.created) == (&other.name, other.uid, other.pid, other.created)
}

fn row(earlier: Option<(&SlotStatus, Duration)>, slot: &SlotStatus) -> Row {
    let statistics = slot.info.as_ref().and_then(|info| info.statistics);
    let rate = |count: fn(&mailslot::Statistics) -> u64| {
        let (earlier, time) = earlier?;
        let before = earlier.info.as_ref()?.statistics?;
        let seconds = time.as_secs_f64();
        (seconds > 0.0).then_some(count(&statistics?).saturating_sub(count(&before)) as f64 / seconds)
    };
    Row {
        slot: slot.name.clone(),
        name: cell(slot.name.as_str()),
        owner: slot.uid.map_or_else(|| "-".to_owned(), |uid| cell(accounts::user(uid))),
        pid: slot.pid,
        waiting: slot.info.map(|info| info.count),
        backlog: slot.info.as_ref().and_then(|info| {
            let statistics = info.statistics?;
            let bytes = statistics.bytes_written.saturating_sub(statistics.bytes_read);
            // Each message takes some more bytes, which no counter has; this is most of them.
            let overhead = info.count.saturating_mul(24);
            Some((bytes.saturating_add(overhead) as f64 / info.capacity.max(1) as f64).min(1.0))
        }),
        written: rate(|statistics| statistics.written),
        read: rate(|statistics| statistics.read),
        refused: statistics.map(|all| all.refused_full.saturating_add(all.refused_too_large)),
    }
}

/// Orders rows: names from a to z, numbers from the highest, unknown values last. Equal rows are in the order of names.
pub fn sort(rows: &mut [Row], by: Column, reversed: bool) {
    rows.sort_by(|a, b| {
        let number = |value: fn(&Row) -> Option<f64>| value(b).unwrap_or(-1.0).total_cmp(&value(a).unwrap_or(-1.0));
        let order = match by {
            Column::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            Column::Owner => a.owner.cmp(&b.owner),
            Column::Pid => b.pid.cmp(&a.pid),
            Column::Waiting => b.waiting.cmp(&a.waiting),
            Column::Backlog => number(|row| row.backlog),
            Column::Written => number(|row| row.written),
            Column::Read => number(|row| row.read),
            Column::Refused => b.refused.cmp(&a.refused),
        };
        if reversed { order.reverse() } else { order }
    });
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;

    /// A slot with these counts: written, read, refused, bytes waiting.
    pub fn slot(name: &str, counts: Option<[u64; 4]>) -> SlotStatus {
        let counts = counts.map(|[written, read, refused, bytes]| {
            json!({
                "max_message_size": 0, "next_size": null, "count": written - read, "read_timeout_ms": null,
                "capacity": 65536, "written": written, "read": read, "bytes_written": 7 * read + bytes,
                "bytes_read": 7 * read, "refused_full": refused, "refused_too_large": 0, "high_water": 0,
            })
        });
        let slot = json!({
            "name": name, "pid": 7, "uid": 4_000_000_001_u32, "access": "owner", "network": false,
            "max_message_size": 0, "capacity": 65536, "created_unix_ms": 1000, "counts": counts,
        });
        serde_json::from_value(slot).expect("a slot")
    }

    /// Snapshots that lie a second apart.
    pub fn snapshots(looks: Vec<Vec<SlotStatus>>) -> Vec<Snapshot> {
        let begun = Instant::now();
        let snapshot = |(at, slots)| Snapshot { at: begun + Duration::from_secs(at), slots, node: Vec::new() };
        (0..).zip(looks).map(snapshot).collect()
    }

    #[test]
    fn rates_are_of_the_same_slot_and_the_time_between() {
        let mut another = slot("b", Some([9, 9, 0, 0]));
        another.pid = Some(8);
        let looks = snapshots(vec![
            vec![slot("a", Some([10, 5, 1, 0])), slot("b", Some([100, 100, 0, 0])), slot("c", None)],
            vec![
                slot("a", Some([30, 6, 3, 32_768 - 24 * 24])),
                another,
                slot("c", None),
                slot("d", Some([1, 1, 0, 0])),
            ],
        ]);
        let rows = rows(Some(&looks[0]), &looks[1]);
        assert_eq!((rows[0].written, rows[0].read, rows[0].refused), (Some(20.0), Some(1.0), Some(3)));
        assert_eq!((rows[0].waiting, rows[0].backlog), (Some(24), Some(0.5)));
        // Another slot of the name, one with unknown counts, and one that is new.
        assert!(rows[1..].iter().all(|row| row.written.is_none()));
        assert_eq!((rows[2].waiting, rows[2].backlog, rows[2].refused), (None, None, None));
    }

    #[test]
    fn every_order_puts_what_is_unknown_last_and_keeps_names_apart() {
        let slots = ["d", "B", "a", "c"].map(|name| match name {
            "c" => slot(name, None),
            "B" => slot(name, Some([9, 0, 4, 900])),
            _ => slot(name, Some([5, 0, 2, 500])),
        });
        let before = ["d", "B", "a"].map(|name| slot(name, Some([0, 0, 0, 0])));
        let looks = snapshots(vec![before.to_vec(), slots.to_vec()]);
        let names = |by, reversed| {
            let mut rows = rows(Some(&looks[0]), &looks[1]);
            sort(&mut rows, by, reversed);
            rows.into_iter().map(|row| row.name).collect::<String>()
        };
        assert_eq!((names(Column::Name, false), names(Column::Name, true)), ("aBcd".into(), "dcBa".into()));
        assert_eq!(names(Column::Owner, false), "dBac");
        for by in [Column::Waiting, Column::Backlog, Column::Written, Column::Refused] {
            assert_eq!(names(by, false), "Bdac", "{by:?}");
            assert_eq!(names(by, true), "cdaB", "{by:?}");
        }
    }

    #[test]
    fn columns_come_round() {
        let mut column = Column::Name;
        for expected in Column::ALL {
            assert_eq!(column, expected);
            column = column.next();
        }
        assert_eq!(column, Column::Name);
    }
}
