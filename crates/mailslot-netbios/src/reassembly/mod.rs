//! Reassembles fragmented datagrams.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mailslot_wire::Name;
use mailslot_wire::datagram::Destination;

use crate::counters::{Counters, DropReason};
use crate::limits::Limits;
use crate::packet::Received;

/// How long to wait for the rest of a datagram (FRAGMENT_TO).
const TIMEOUT: Duration = Duration::from_secs(2);

/// A datagram in one piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Whole<'a> {
    pub(super) kind: Destination,
    pub(super) source: Name,
    pub(super) destination: Name,
    pub(super) data: Cow<'a, [u8]>,
}

/// Datagrams whose first fragments have arrived. Fragments are accepted only in order: RFC 1002 section 5.3 lets a
/// receiver discard others.
///
/// A datagram is identified by its id and its path. If it arrives by two interfaces, or by unicast and broadcast, it is
/// reassembled twice, and then recognised as a copy. On one path, a fragment that repeats received bytes is a copy. A
/// fragment that contradicts them belongs to a later datagram, of a sender that gives all datagrams one id, or of
/// another sender; it replaces the earlier bytes from there on.
///
/// A new datagram always finds room: the oldest of its source is dropped if that source has too many, else the oldest
/// of all. A sender sends its fragments in immediate succession, so a flood must be faster than that to displace a
/// datagram.
pub(super) struct Reassembly {
    /// Oldest first.
    unfinished: VecDeque<Unfinished>,
    bytes: usize,
    max: usize,
    max_per_source: usize,
    max_bytes: usize,
}

struct Unfinished {
    received: Received,
    id: u16,
    whole: Whole<'static>,
    /// Bytes of names and data received so far, which is the next fragment's PACKET_OFFSET.
    length: usize,
    until: Instant,
}

impl Reassembly {
    pub(super) fn new(limits: &Limits) -> Reassembly {
        Reassembly {
            unfinished: VecDeque::new(),
            bytes: 0,
            max: limits.unfinished,
            max_per_source: limits.unfinished_per_source,
            max_bytes: limits.unfinished_bytes,
        }
    }

    /// Handles a first fragment, which begins a datagram.
    pub(super) fn first(
        &mut self,
        now: Instant,
        received: Received,
        id: u16,
        whole: Whole<'static>,
        counters: &mut Counters,
    ) -> Result<(), DropReason> {
        let size = whole.data.len();
        if size > self.max_bytes {
            return Err(DropReason::FragmentRoom);
        }
        if let Some(index) = self.position(received, id) {
            if self.unfinished.get(index).is_some_and(|unfinished| unfinished.begins_with(&whole)) {
                return Err(DropReason::Duplicate);
            }
            self.remove(index);
            counters.drop(DropReason::FragmentRoom);
        }
        let is_of_source = |unfinished: &Unfinished| unfinished.received.from.ip() == received.from.ip();
        if self.unfinished.iter().filter(|unfinished| is_of_source(unfinished)).count() >= self.max_per_source
            && let Some(oldest) = self.unfinished.iter().position(is_of_source)
        {
            self.remove(oldest);
            counters.drop(DropReason::FragmentRoom);
        }
        while !self.unfinished.is_empty() && (self.unfinished.len() >= self.max || self.bytes + size > self.max_bytes) {
            self.remove(0);
            counters.drop(DropReason::FragmentRoom);
        }
        self.bytes += size;
        let length = whole.source.encoded_len() + whole.destination.encoded_len() + size;
        self.unfinished.push_back(Unfinished { received, id, whole, length, until: now + TIMEOUT });
        Ok(())
    }

    /// Handles a later fragment; the last one yields the datagram.
    pub(super) fn later(
        &mut self,
        received: Received,
        id: u16,
        offset: u16,
        data: &[u8],
        more: bool,
        counters: &mut Counters,
    ) -> Result<Option<Whole<'static>>, DropReason> {
        let mut index = self.position(received, id).ok_or(DropReason::OrphanFragment)?;
        let unfinished = self.unfinished.get_mut(index).ok_or(DropReason::OrphanFragment)?;
        let rest = unfinished.from(offset).ok_or(DropReason::OrphanFragment)?;
        // Only a fragment with more to follow can repeat received bytes.
        if more && !data.is_empty() && rest.starts_with(data) {
            return Err(DropReason::Duplicate);
        }
        let contradicted = rest.len();
        unfinished.cut(contradicted);
        self.bytes -= contradicted;
        while index > 0 && self.bytes + data.len() > self.max_bytes {
            self.remove(0);
            counters.drop(DropReason::FragmentRoom);
            index -= 1;
        }
        if self.bytes + data.len() > self.max_bytes {
            return Err(DropReason::FragmentRoom);
        }
        let unfinished = self.unfinished.get_mut(index).ok_or(DropReason::OrphanFragment)?;
        self.bytes += data.len();
        unfinished.length += data.len();
        unfinished.whole.data.to_mut().extend_from_slice(data);
        Ok(if more { None } else { self.remove(index) })
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.unfinished.front().map(|oldest| oldest.until)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, counters: &mut Counters) {
        while self.unfinished.front().is_some_and(|oldest| oldest.until <= now) {
            self.remove(0);
            counters.drop(DropReason::Unfinished);
        }
    }

    /// Number and bytes of unfinished datagrams.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.unfinished.len(), self.bytes)
    }

    fn position(&self, received: Received, id: u16) -> Option<usize> {
        // The newest match first: an honest sender's first fragment arrived a moment ago.
        self.unfinished.iter().rposition(|unfinished| unfinished.received == received && unfinished.id == id)
    }

    fn remove(&mut self, index: usize) -> Option<Whole<'static>> {
        let whole = self.unfinished.remove(index)?.whole;
        self.bytes -= whole.data.len();
        Some(whole)
    }
}

impl Unfinished {
    fn begins_with(&self, first: &Whole<'_>) -> bool {
        let Whole { kind, source, destination, data } = &self.whole;
        (kind, source, destination) == (&first.kind, &first.source, &first.destination) && data.starts_with(&first.data)
    }

    /// The data received so far from this PACKET_OFFSET on; `None` if there is a gap before it, or if the offset is
    /// within the names.
    fn from(&self, offset: u16) -> Option<&[u8]> {
        let back = self.length.checked_sub(offset.into())?;
        self.whole.data.get(self.whole.data.len().checked_sub(back)?..)
    }

    /// Removes the last `bytes` bytes.
    fn cut(&mut self, bytes: usize) {
        let data = self.whole.data.to_mut();
        data.truncate(data.len().saturating_sub(bytes));
        self.length -= bytes;
    }
}

#[cfg(test)]
mod tests;
