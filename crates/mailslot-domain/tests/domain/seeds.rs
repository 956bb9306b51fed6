//! The fuzz target `envelope` without a fuzzer: its seeds, whole and cut at every length, and random changes of them.

use std::path::Path;

use proptest::prelude::*;

use crate::envelope::envelope;

fn seeds() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/envelope");
    let entries = std::fs::read_dir(&directory).expect("seeds are part of the project");
    let seeds: Vec<Vec<u8>> = entries
        .map(|entry| std::fs::read(entry.expect("the directory is readable").path()).expect("the seed is readable"))
        .collect();
    assert!(!seeds.is_empty(), "no seeds in {}", directory.display());
    seeds
}

#[test]
fn seeds_cut_at_every_length() {
    for seed in seeds() {
        for length in 0..=seed.len() {
            envelope(&seed[..length]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_seeds(
        which: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let seeds = seeds();
        let mut seed = seeds[which.index(seeds.len())].clone();
        for (at, byte) in changes {
            let at = at.index(seed.len());
            seed[at] = byte;
        }
        envelope(&seed);
    }

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        envelope(&bytes);
    }
}
