//! Hashes that other nodes cannot predict.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A hash function with a secret of this node.
///
/// The standard library's hasher is SipHash-1-3 with a well-known key, so the hasher is first fed a secret of 128
/// random bits. They enter its state as a key would: before the first byte that a sender has chosen, the state is as
/// unknown as the secret. The hashes never leave the node. An attacker can therefore search for collisions only by
/// sending to the node, where each try succeeds with probability 2^-64 for each remembered hash.
pub(super) struct Keyed {
    /// Has been fed the secret.
    hasher: DefaultHasher,
}

impl Keyed {
    /// `secret` must be random.
    pub(super) fn new(secret: [u64; 2]) -> Keyed {
        let mut hasher = DefaultHasher::new();
        for word in secret {
            hasher.write_u64(word);
        }
        Keyed { hasher }
    }

    pub(super) fn hash(&self, value: impl Hash) -> u64 {
        let mut hasher = self.hasher.clone();
        value.hash(&mut hasher);
        hasher.finish()
    }
}
