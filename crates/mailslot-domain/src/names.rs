//! Names as they travel: in the one form that each has.

use mailslot_names::{NetbiosName, SlotName};

/// A name in upper case, as computers' names always are.
pub(crate) fn computer_name(text: &str) -> Option<NetbiosName> {
    text.parse::<NetbiosName>().ok().filter(|name| name.as_str() == text)
}

/// A slot's name in upper case, as it is in key expressions of open domains.
pub(crate) fn folded_slot_name(text: &str) -> Option<SlotName> {
    text.parse().ok().filter(|slot: &SlotName| slot.folded() == text)
}
