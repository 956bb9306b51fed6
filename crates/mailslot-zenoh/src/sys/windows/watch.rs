//! The slots of this machine that are open to the network, and when they change.

use std::collections::BTreeMap;
use std::time::Duration;

use mailslot::{Error, SlotName};

use super::Wake;
use crate::error::Result;

/// How often the slots are looked at: Windows does not notify of new slots.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits for the next look.
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn new() -> Result<Watch> {
        Ok(Watch)
    }

    /// Waits for a second, or until `wake` is woken.
    pub(crate) fn wait(&self, wake: &Wake) {
        wake.wait(Some(LOOK_AGAIN));
    }
}

/// Those of the slots that the settings name which live, by the upper-case form of their names. Windows documents no
/// way to list mailslots, so each is opened; nothing is written, and its reader does not notice.
pub(crate) fn open_slots(named: &[SlotName]) -> Result<BTreeMap<String, SlotName>> {
    // Whoever may not write to it learns that it is there.
    let lives = |name: &&SlotName| !matches!(mailslot::status((*name).clone()), Err(Error::NotFound(_)));
    Ok(named.iter().filter(lives).map(|name| (name.folded().to_owned(), name.clone())).collect())
}
