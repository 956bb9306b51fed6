//! Places for work that users of this machine have under way, so that no user takes all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// One user may take one place in this many.
const SHARE: usize = 4;

/// A number of places, of which one user may have a quarter.
pub(crate) struct Places {
    most: usize,
    taken: Mutex<HashMap<u32, usize>>,
}

/// A user's place, taken until this is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    uid: u32,
}

impl Places {
    pub(crate) fn new(most: usize) -> Arc<Places> {
        Arc::new(Places { most, taken: Mutex::default() })
    }

    /// `None` if all places are taken, or all that this user may have.
    pub(crate) fn take(self: &Arc<Places>, uid: u32) -> Option<Place> {
        let mut taken = lock(&self.taken);
        let (all, own) = (taken.values().sum::<usize>(), taken.get(&uid).copied().unwrap_or_default());
        if all >= self.most || own >= self.most / SHARE {
            return None;
        }
        taken.insert(uid, own + 1);
        Some(Place { places: Arc::clone(self), uid })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        if let Some(own) = taken.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.uid);
            }
        }
    }
}

impl core::fmt::Debug for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Place").field("uid", &self.uid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_gets_a_quarter_and_all_get_no_more_than_there_are() {
        let places = Places::new(16);
        let take_all = |uid| std::iter::from_fn(|| places.take(uid)).collect::<Vec<Place>>();
        let held: Vec<Vec<Place>> = (0..6).map(take_all).collect();
        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4, 4, 0, 0]);
        drop(held);
        assert!(lock(&places.taken).is_empty());
        assert_eq!(take_all(5).len(), 4);
    }
}
