//! Several messages in one envelope: messages of a sender that wait for one destination are sealed and sent together.
//!
//! ```text
//! for each message: length 4, big-endian · message
//! ```

use crate::limits::Limits;
use crate::reader::Reader;

/// Messages of the largest batch: far fewer than the numbers that a receiver remembers, so that batches may overtake
/// each other.
pub(crate) const MAX_MESSAGES: usize = 256;
/// Bytes of a length.
const LENGTH: usize = 4;

/// Messages that wait to be sealed together, at most 256 and 16 KiB.
///
/// Reuse it: [`clear`](Batch::clear) keeps its memory.
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    count: usize,
    max_message_size: usize,
}

/// The messages of an envelope, in the order in which they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages<'p>(Source<'p>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source<'p> {
    Single(Option<&'p [u8]>),
    /// Bytes that [`Messages::batch`] has checked.
    Batch {
        bytes: &'p [u8],
        max_message_size: usize,
    },
}

impl Batch {
    /// Bytes of the largest batch, with four for the length of each message.
    pub const MAX_SIZE: usize = 16 << 10;

    /// An empty batch, which accepts messages up to the size that the limits allow.
    pub fn new(limits: &Limits) -> Batch {
        Batch { bytes: Vec::new(), count: 0, max_message_size: limits.max_message_size }
    }

    /// Adds a message, and returns `true`, if there is room for it. Seal a message alone if it does not fit even into
    /// an empty batch.
    pub fn push(&mut self, message: &[u8]) -> bool {
        let fits = self.count < MAX_MESSAGES
            && self.bytes.len() + LENGTH + message.len() <= Batch::MAX_SIZE
            && message.len() <= self.max_message_size;
        if fits {
            // No length is larger than Batch::MAX_SIZE.
            self.bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
            self.bytes.extend_from_slice(message);
            self.count += 1;
        }
        fits
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Removes all messages.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first message, without its length.
    pub(crate) fn first(&self) -> &[u8] {
        Messages(Source::Batch { bytes: &self.bytes, max_message_size: Batch::MAX_SIZE }).next().unwrap_or_default()
    }
}

impl<'p> Messages<'p> {
    pub(crate) fn single(message: &'p [u8]) -> Messages<'p> {
        Messages(Source::Single(Some(message)))
    }

    /// The messages of a batch, and their number. The iterator leaves out messages larger than `max_message_size`; the
    /// number includes them. `None` if `bytes` is not a batch.
    pub(crate) fn batch(bytes: &'p [u8], max_message_size: usize) -> Option<(Messages<'p>, usize)> {
        let (mut reader, mut count) = (Reader::new(bytes), 0);
        while !reader.is_empty() {
            take(&mut reader)?;
            count += 1;
        }
        let is_batch = (1..=MAX_MESSAGES).contains(&count) && bytes.len() <= Batch::MAX_SIZE;
        is_batch.then_some((Messages(Source::Batch { bytes, max_message_size }), count))
    }
}

impl<'p> Iterator for Messages<'p> {
    type Item = &'p [u8];

    fn next(&mut self) -> Option<&'p [u8]> {
        match &mut self.0 {
            Source::Single(message) => message.take(),
            Source::Batch { bytes, max_message_size } => loop {
                let mut reader = Reader::new(bytes);
                let message = take(&mut reader)?;
                *bytes = reader.rest();
                if message.len() <= *max_message_size {
                    return Some(message);
                }
            },
        }
    }
}

fn take<'p>(reader: &mut Reader<'p>) -> Option<&'p [u8]> {
    let length = reader.array().map(u32::from_be_bytes)?;
    reader.take(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn batch() -> Batch {
        Batch::new(&Limits::default())
    }

    #[test]
    fn batches_end_at_256_messages_and_16_kib() {
        let mut full = batch();
        assert!((0..256).all(|_| full.push(b"")) && !full.push(b""));
        full.clear();
        assert!(full.is_empty() && full.push(&[7; 16 * 1024 - 8]) && full.push(b"") && !full.push(b""));
        assert!(!batch().push(&[7; 16 * 1024 - 3]));
        assert!(!Batch::new(&Limits { max_message_size: 2, ..Limits::default() }).push(b"abc"));
    }

    #[test]
    fn what_is_no_batch_is_none() {
        for bytes in [&b""[..], b"\0\0\0", b"\0\0\0\x02a", b"\0\0\0\x01ab", b"\xff\xff\xff\xffab"] {
            assert_eq!(Messages::batch(bytes, 10), None, "{bytes:?}");
        }
        assert_eq!(Messages::batch(&[0; 4 * 257], 10), None);
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..50),
            limit in 0usize..20,
        ) {
            let mut batch = batch();
            for message in &messages {
                prop_assert!(batch.push(message));
            }
            prop_assert_eq!((batch.len(), batch.first()), (messages.len(), &messages[0][..]));
            let (found, count) = Messages::batch(batch.bytes(), limit).expect("a batch");
            prop_assert_eq!(count, messages.len());
            let small: Vec<_> = messages.iter().filter(|message| message.len() <= limit).collect();
            prop_assert_eq!(found.collect::<Vec<_>>(), small);
        }
    }
}
