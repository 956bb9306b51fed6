//! One word in a separate cache line, which one process stores and the other polls.
//!
//! No other way passes a word from one core to another faster, so this is the floor of all latencies. It is not a
//! queue: the next word overwrites the last one.

use std::sync::atomic::Ordering;

use super::shared::Words;
use super::{Shape, WORD};
use crate::Result;
use crate::place::Place;

/// The polling end.
pub(crate) struct Receiver {
    line: Words,
    seen: u64,
}

/// The storing end.
pub(crate) struct Sender {
    line: Words,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, _: Shape) -> Result<Receiver> {
        Ok(Receiver { line: Words::map(place, "line", 1)?, seen: 0 })
    }

    #[inline]
    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let word = self.line[0].load(Ordering::Acquire);
        if word == self.seen {
            return Ok(None);
        }
        self.seen = word;
        // Numbers are stored one higher: they begin with 0, which the fresh line already holds.
        buffer[..WORD].copy_from_slice(&(word - 1).to_ne_bytes());
        Ok(Some(WORD))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(size) = self.try_receive(buffer)? {
                return Ok(size);
            }
        }
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, _: Shape) -> Result<Sender> {
        Ok(Sender { line: Words::map(place, "line", 1)? })
    }

    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        let word = message.first_chunk().copied().map(u64::from_ne_bytes).ok_or("message without a number")?;
        self.line[0].store(word + 1, Ordering::Release);
        Ok(())
    }
}
