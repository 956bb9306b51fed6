//! Slots of other users that have names of the node's slots.

use mailslot::{SlotName, SlotStatus};

/// The prefix of the names of the node's slots, in the form in which names are compared.
const NODE: &str = r"MAILSLOT\NODE";

/// Logs each of them. No program takes such a slot for the node's, but its creation may be an attempted attack.
pub(crate) fn tell() {
    match mailslot::list() {
        Ok(slots) => {
            for (slot, uid) in find(&slots, nix::unistd::geteuid().as_raw()) {
                tracing::warn!(name: "slot_of_another_user", slot = %slot, uid = %uid);
            }
        }
        Err(error) => tracing::warn!(name: "slots_unknown", reason = %error),
    }
}

fn find(slots: &[SlotStatus], own: u32) -> impl Iterator<Item = (&SlotName, u32)> {
    let is_nodes = |name: &SlotName| {
        name.folded().strip_prefix(NODE).is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
    };
    slots.iter().filter(move |slot| is_nodes(&slot.name)).filter_map(move |slot| {
        let uid = slot.uid.filter(|uid| *uid != own)?;
        Some((&slot.name, uid))
    })
}
