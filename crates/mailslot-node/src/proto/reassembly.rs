//! Putting the fragments of datagrams together.

use std::borrow::Cow;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use mailslot_wire::Name;
use mailslot_wire::datagram::Destination;

use crate::proto::counters::{Counters, Drop};
use crate::proto::limits::Limits;

/// How long the rest of a datagram is waited for (FRAGMENT_TO).
const TIMEOUT: Duration = Duration::from_secs(2);

/// A datagram in one piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Whole<'a> {
    pub(super) kind: Destination,
    pub(super) source: Name,
    pub(super) destination: Name,
    pub(super) data: Cow<'a, [u8]>,
}

/// Datagrams whose first fragments have come. Fragments count in their order: RFC 1002 section 5.3 lets a receiver
/// throw away others.
pub(super) struct Reassembly {
    unfinished: Vec<Unfinished>,
    bytes: usize,
    max: usize,
    max_per_source: usize,
    max_bytes: usize,
}

struct Unfinished {
    from: SocketAddrV4,
    id: u16,
    whole: Whole<'static>,
    /// Bytes of names and data that have come, which is the next fragment's PACKET_OFFSET.
    length: usize,
    until: Instant,
}

impl Reassembly {
    pub(super) fn new(limits: &Limits) -> Reassembly {
        Reassembly {
            unfinished: Vec::new(),
            bytes: 0,
            max: limits.unfinished,
            max_per_source: limits.unfinished_per_source,
            max_bytes: limits.unfinished_bytes,
        }
    }

    /// A first fragment begins a datagram; a second one with the same id is a copy.
    pub(super) fn first(
        &mut self,
        now: Instant,
        from: SocketAddrV4,
        id: u16,
        whole: Whole<'static>,
    ) -> Result<(), Drop> {
        let of_source = self.unfinished.iter().filter(|unfinished| unfinished.from.ip() == from.ip());
        if of_source.clone().any(|unfinished| unfinished.from == from && unfinished.id == id) {
            return Err(Drop::Duplicate);
        }
        if self.unfinished.len() >= self.max
            || of_source.count() >= self.max_per_source
            || self.bytes + whole.data.len() > self.max_bytes
        {
            return Err(Drop::FragmentRoom);
        }
        self.bytes += whole.data.len();
        let length = whole.source.encoded_len() + whole.destination.encoded_len() + whole.data.len();
        self.unfinished.push(Unfinished { from, id, whole, length, until: now + TIMEOUT });
        Ok(())
    }

    /// A later fragment; the last one yields the datagram.
    pub(super) fn later(
        &mut self,
        from: SocketAddrV4,
        id: u16,
        offset: u16,
        data: &[u8],
        more: bool,
    ) -> Result<Option<Whole<'static>>, Drop> {
        let of_packet = |unfinished: &Unfinished| unfinished.from == from && unfinished.id == id;
        let index = self.unfinished.iter().position(of_packet).ok_or(Drop::OrphanFragment)?;
        let unfinished = self.unfinished.get_mut(index).ok_or(Drop::OrphanFragment)?;
        if unfinished.length != usize::from(offset) {
            return Err(Drop::OrphanFragment);
        }
        if self.bytes + data.len() > self.max_bytes {
            return Err(Drop::FragmentRoom);
        }
        self.bytes += data.len();
        unfinished.length += data.len();
        unfinished.whole.data.to_mut().extend_from_slice(data);
        if more {
            return Ok(None);
        }
        Ok(Some(self.remove(index)))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.unfinished.iter().map(|unfinished| unfinished.until).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, counters: &mut Counters) {
        while let Some(index) = self.unfinished.iter().position(|unfinished| unfinished.until <= now) {
            self.remove(index);
            counters.drop(Drop::Unfinished);
        }
    }

    /// Datagrams and their bytes.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.unfinished.len(), self.bytes)
    }

    fn remove(&mut self, index: usize) -> Whole<'static> {
        let whole = self.unfinished.swap_remove(index).whole;
        self.bytes -= whole.data.len();
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new([192, 0, 2, 1].into(), port)
    }

    fn first(data: &[u8]) -> Whole<'static> {
        let name = Name::new("A", 0).expect("valid");
        Whole { kind: Destination::Unique, source: name.clone(), destination: name, data: data.to_vec().into() }
    }

    fn reassembly() -> Reassembly {
        let limits = Limits { unfinished: 3, unfinished_per_source: 2, unfinished_bytes: 100, ..Limits::default() };
        Reassembly::new(&limits)
    }

    #[test]
    fn fragments_in_order_become_the_datagram() {
        let mut reassembly = reassembly();
        let now = Instant::now();
        assert_eq!(reassembly.first(now, from(138), 5, first(b"one ")), Ok(()));
        assert_eq!(reassembly.later(from(138), 5, 72, b"two ", true), Ok(None));
        assert_eq!(reassembly.later(from(138), 5, 76, b"three", false), Ok(Some(first(b"one two three"))));
        assert_eq!(reassembly.len(), (0, 0));
    }

    #[test]
    fn a_fragment_of_another_sender_id_or_place_is_an_orphan() {
        let mut reassembly = reassembly();
        assert_eq!(reassembly.first(Instant::now(), from(138), 5, first(b"one ")), Ok(()));
        for (from, id, offset) in [(from(139), 5, 72), (from(138), 6, 72), (from(138), 5, 71)] {
            assert_eq!(reassembly.later(from, id, offset, b"two", false), Err(Drop::OrphanFragment));
        }
    }

    #[test]
    fn unfinished_datagrams_are_bounded_per_source_and_in_bytes_and_end_after_two_seconds() {
        let mut reassembly = reassembly();
        let (now, mut counters) = (Instant::now(), Counters::default());
        assert_eq!(reassembly.first(now, from(138), 1, first(&[0; 40])), Ok(()));
        assert_eq!(reassembly.first(now, from(138), 2, first(&[0; 40])), Ok(()));
        assert_eq!(reassembly.first(now, from(138), 2, first(&[0; 1])), Err(Drop::Duplicate));
        assert_eq!(reassembly.first(now, from(139), 3, first(&[0; 1])), Err(Drop::FragmentRoom));
        let other = SocketAddrV4::new([192, 0, 2, 2].into(), 138);
        assert_eq!(reassembly.first(now, other, 3, first(&[0; 21])), Err(Drop::FragmentRoom));
        assert_eq!(reassembly.later(from(138), 1, 108, &[0; 21], true), Err(Drop::FragmentRoom));
        reassembly.handle_timeout(now + TIMEOUT, &mut counters);
        assert_eq!((reassembly.len(), counters.dropped(Drop::Unfinished)), ((0, 0), 2));
    }
}
