//! Messages that contain their source, number and size, and checks of what happened to them.

use std::collections::{BTreeMap, BTreeSet};

/// The source of the message that ends a reader.
pub const LAST: u8 = 0;
/// The size of the smallest message.
pub const HEADER: usize = 9;

pub fn make(source: u8, number: u32, size: usize) -> Vec<u8> {
    // Built from large blocks: this is compiled without optimisation, and a message may be large.
    let block: Vec<u8> = (0..=250).map(|at: u8| at ^ number as u8 ^ source).collect();
    let mut bytes = block.repeat(size / block.len() + 1);
    bytes.truncate(size);
    bytes[0] = source;
    bytes[1..5].copy_from_slice(&number.to_le_bytes());
    bytes[5..HEADER].copy_from_slice(&(size as u32).to_le_bytes());
    bytes
}

/// Returns the source and number of a message, after checking its content.
pub fn read(bytes: &[u8]) -> (u8, u32) {
    let number = u32::from_le_bytes(bytes[1..5].try_into().unwrap());
    assert_eq!(bytes, make(bytes[0], number, bytes.len()), "damaged");
    (bytes[0], number)
}

/// Records which messages were written and read.
#[derive(Default)]
pub struct Ledger {
    /// Accepted messages of each source.
    accepted: BTreeMap<u8, BTreeSet<u32>>,
    /// Messages with an unknown outcome: their writer or reader has died.
    doubtful: BTreeSet<(u8, u32)>,
    /// Received messages of each source, in their order.
    received: BTreeMap<u8, Vec<u32>>,
}

impl Ledger {
    pub fn accept(&mut self, source: u8, numbers: impl IntoIterator<Item = u32>) {
        self.accepted.entry(source).or_default().extend(numbers);
    }

    pub fn doubt(&mut self, source: u8, numbers: impl IntoIterator<Item = u32>) {
        self.doubtful.extend(numbers.into_iter().map(|number| (source, number)));
    }

    pub fn receive(&mut self, (source, number): (u8, u32)) {
        self.received.entry(source).or_default().push(number);
    }

    /// Messages that were accepted and not received yet.
    pub fn missing(&self) -> Vec<(u8, u32)> {
        let came = |source: &u8, number: &u32| self.received.get(source).is_some_and(|came| came.contains(number));
        let all =
            self.accepted.iter().flat_map(|(source, numbers)| numbers.iter().map(move |number| (*source, *number)));
        all.filter(|(source, number)| !came(source, number)).collect()
    }

    /// Whether the last accepted message of each source, or a later one, was received.
    pub fn has_last(&self) -> bool {
        let last = |source: &u8, numbers: &BTreeSet<u32>| {
            let came = self.received.get(source).and_then(|came| came.last());
            came.is_some_and(|came| numbers.last().is_none_or(|last| last <= came))
        };
        self.accepted.iter().all(|(source, numbers)| last(source, numbers))
    }

    /// Checks that all accepted messages were received, once, in order, and no refused one. Up to `lost` may be
    /// missing.
    pub fn check(&self, lost: usize) -> Result<(), String> {
        let missing = self.missing();
        if missing.len() > lost {
            return Err(format!("accepted and not received (source, number): {missing:?}"));
        }
        for (source, numbers) in &self.received {
            if !numbers.is_sorted_by(|a, b| a < b) {
                return Err(format!("twice or out of order, of source {source}: {numbers:?}"));
            }
            let accepted = |number| self.accepted.get(source).is_some_and(|accepted| accepted.contains(number));
            if let Some(number) =
                numbers.iter().find(|number| !accepted(number) && !self.doubtful.contains(&(*source, **number)))
            {
                return Err(format!("received although its writer was told that it is not written: {source} {number}"));
            }
        }
        Ok(())
    }
}
