//! Recognises copies of one message that several bridges have carried from the same legacy network.

use std::collections::{HashSet, VecDeque};

/// The most messages that are remembered. Bridges carry a message within a few seconds, and a legacy segment has far
/// fewer messages in such a time.
const MAX_MESSAGES: usize = 16_384;

/// The ids of the last messages that were carried from legacy networks, at most `MAX_MESSAGES`.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    known: HashSet<[u8; 16]>,
    order: VecDeque<[u8; 16]>,
}

impl Copies {
    /// Whether this id is new. From now on it is not.
    pub(crate) fn is_first(&mut self, id: [u8; 16]) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        if self.order.len() >= MAX_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(id);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut copies = Copies::default();
        let id = |n: usize| (n as u128).to_be_bytes();
        for n in 0..MAX_MESSAGES {
            assert!(copies.is_first(id(n)));
            assert!(!copies.is_first(id(n)));
        }
        assert!(copies.is_first(id(MAX_MESSAGES)));
        assert!(!copies.is_first(id(1)));
        assert!(copies.is_first(id(0)));
        assert_eq!((copies.known.len(), copies.order.len()), (MAX_MESSAGES, MAX_MESSAGES));
    }
}
