//! Hashes that nobody outside can predict.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A hash function of this node alone.
///
/// The standard library's hasher is SipHash-1-3 under a key that everybody knows; what makes it this node's is the secret
/// of 128 random bits that it is fed first. They go into its state as a key would, and the state before the first byte
/// that somebody else has chosen is as unknown as they are. The hashes never leave the node. So nobody can look for two
/// inputs with one hash but by trying at the node, where each try succeeds with 2^-64 for each hash that is remembered.
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
