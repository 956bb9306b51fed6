//! The computers that sealed domains have, or have had while this node ran: what is meant for them goes to no other network,
//! also while they are away.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use mailslot::NetbiosName;

use crate::state::lock;

/// Computers that are remembered of a domain. A member can announce computers of any name: beyond these, computers that are
/// away are as if they had never been there.
const MOST: usize = 1 << 16;

/// The computers of one sealed domain.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashSet<NetbiosName>>);

/// Those of all sealed domains, by the names of the domains. They outlive sessions that begin anew.
pub(crate) type AllKnown = BTreeMap<NetbiosName, Arc<Known>>;

impl Known {
    /// Remembers a computer; false if there is no room for it.
    pub(crate) fn remember(&self, computer: &NetbiosName) -> bool {
        let mut known = lock(&self.0);
        known.contains(computer) || (known.len() < MOST && known.insert(computer.clone()))
    }

    pub(crate) fn has(&self, computer: &NetbiosName) -> bool {
        lock(&self.0).contains(computer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_keeps_what_it_has() {
        let known = Known::default();
        let name = |number: usize| -> NetbiosName { format!("PC{number}").parse().expect("valid") };
        assert!((0..MOST).all(|number| known.remember(&name(number))));
        assert!(known.remember(&name(7)) && !known.remember(&name(MOST)));
        assert!(known.has(&name(0)) && known.has(&name(MOST - 1)) && !known.has(&name(MOST)));
    }
}
