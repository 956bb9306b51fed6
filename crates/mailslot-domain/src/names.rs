//! Names in messages and key expressions, in their only valid form.

use mailslot_names::{NetbiosName, SlotName};

/// Parses a computer's name, which must be in upper case.
pub(crate) fn computer_name(text: &str) -> Option<NetbiosName> {
    text.parse::<NetbiosName>().ok().filter(|name| name.as_str() == text)
}

/// Parses a slot's name, which must be in upper case, as in key expressions of open domains.
pub(crate) fn folded_slot_name(text: &str) -> Option<SlotName> {
    text.parse().ok().filter(|slot: &SlotName| slot.folded() == text)
}
