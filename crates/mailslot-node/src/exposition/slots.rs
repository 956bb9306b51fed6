//! Metrics of slots.

use mailslot::{Info, SlotStatus, Statistics};

use super::families::Families;
use crate::error::Result;

/// The most slots of one user that have series.
pub(super) const MAX_SLOTS_OF_USER: usize = 1_000;
/// Names below this are random, and exist for one request each; as series they would grow without bound.
const REPLIES: &str = r"mailslot\reply\";

/// Adds the slots of `uids` one by one, and the number of all slots.
pub(super) fn add(to: &Families, slots: &[SlotStatus], uids: &[u32]) -> Result<()> {
    let all = to.gauge("mailslot_slots", "Slots of this machine, those of all users.", &[])?;
    all.set(&[], slots.len() as u64)?;
    let (shown, left_out) = chosen(slots, uids);
    let more = "mailslot_slots_left_out";
    let more = to.gauge(more, "Slots of a user who has too many for a series each.", &["uid"])?;
    left_out.into_iter().try_for_each(|(uid, number)| more.set(&[&uid.to_string()], number as u64))?;
    add_each(to, &shown)
}

/// A slot, the user's id as text, and the state and counters of the slot.
type Shown<'a> = (&'a str, String, Info, Statistics);

/// The slots that have series, and how many slots of each user have none.
fn chosen<'a>(slots: &'a [SlotStatus], uids: &[u32]) -> (Vec<Shown<'a>>, Vec<(u32, usize)>) {
    let (mut shown, mut left_out) = (Vec::new(), Vec::new());
    for uid in uids {
        let of_user = slots.iter().filter(|slot| slot.uid == Some(*uid));
        let named = of_user.filter(|slot| !is_reply(slot.name.as_str()));
        let mut known = named.filter_map(|slot| {
            let info = slot.info?;
            Some((slot.name.as_str(), uid.to_string(), info, info.statistics?))
        });
        shown.extend(known.by_ref().take(MAX_SLOTS_OF_USER));
        left_out.push((*uid, known.count()));
    }
    (shown, left_out)
}

fn is_reply(name: &str) -> bool {
    name.get(..REPLIES.len()).is_some_and(|start| start.eq_ignore_ascii_case(REPLIES))
}

fn add_each(to: &Families, shown: &[Shown<'_>]) -> Result<()> {
    let labels = &["slot", "uid"];
    type Counted = fn(&Statistics) -> u64;
    let counters: [(&str, &str, Counted); 4] = [
        ("mailslot_slot_written_messages_total", "Messages that the slot has accepted.", |all| all.written),
        ("mailslot_slot_written_bytes_total", "Bytes of the messages that the slot has accepted.", |all| {
            all.bytes_written
        }),
        ("mailslot_slot_read_messages_total", "Messages that readers have taken out.", |all| all.read),
        ("mailslot_slot_read_bytes_total", "Bytes of the messages that readers have taken out.", |all| all.bytes_read),
    ];
    for (name, help, counted) in counters {
        let counter = to.counter(name, help, labels)?;
        shown.iter().try_for_each(|(slot, uid, _, all)| counter.set(&[slot, uid], counted(all)))?;
    }
    let refused = "mailslot_slot_refused_messages_total";
    let refused = to.counter(refused, "Writes that the slot has refused, by reason.", &["slot", "uid", "reason"])?;
    for (slot, uid, _, all) in shown {
        refused.set(&[slot, uid, "full"], all.refused_full)?;
        refused.set(&[slot, uid, "too_large"], all.refused_too_large)?;
    }
    type Measured = fn(&Info, &Statistics) -> u64;
    let gauges: [(&str, &str, Measured); 5] = [
        ("mailslot_slot_waiting_messages", "Messages that wait to be read.", |info, _| info.count),
        ("mailslot_slot_waiting_bytes", "Bytes of the messages that wait to be read.", |_, all| {
            all.bytes_written.saturating_sub(all.bytes_read)
        }),
        ("mailslot_slot_high_water_bytes", "Most bytes that ever waited at once, overhead included.", |_, all| {
            all.high_water
        }),
        ("mailslot_slot_capacity_bytes", "Bytes that may wait at once, overhead included.", |info, _| info.capacity),
        (
            "mailslot_slot_reader_waits",
            "Whether a reader sleeps, or polls, until the next message comes.",
            |info, _| info.reader_waits.into(),
        ),
    ];
    for (name, help, measured) in gauges {
        let gauge = to.gauge(name, help, labels)?;
        shown.iter().try_for_each(|(slot, uid, info, all)| gauge.set(&[slot, uid], measured(info, all)))?;
    }
    Ok(())
}
