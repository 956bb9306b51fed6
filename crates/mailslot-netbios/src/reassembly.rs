//! Putting the fragments of datagrams together.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mailslot_wire::Name;
use mailslot_wire::datagram::Destination;

use crate::counters::{Counters, Drop};
use crate::limits::Limits;
use crate::packet::Received;

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
///
/// A datagram is known by its id and by the way that it comes: what comes by two interfaces, or by unicast and broadcast, is put
/// together twice, and is a copy when it is whole. On one way, what repeats something is a copy of it; what contradicts it is of
/// a later datagram, whose sender gives all of them one id or is another one, and takes the earlier one's place from there on.
///
/// A new datagram always finds room: the oldest one of its source goes if that has too many, else the oldest of all. A sender
/// sends its fragments one right after the other, so that who floods must be faster than that to push one out.
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
    /// Bytes of names and data that have come, which is the next fragment's PACKET_OFFSET.
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

    /// A first fragment begins a datagram.
    pub(super) fn first(
        &mut self,
        now: Instant,
        received: Received,
        id: u16,
        whole: Whole<'static>,
        counters: &mut Counters,
    ) -> Result<(), Drop> {
        let size = whole.data.len();
        if size > self.max_bytes {
            return Err(Drop::FragmentRoom);
        }
        if let Some(index) = self.position(received, id) {
            if self.unfinished.get(index).is_some_and(|unfinished| unfinished.begins_with(&whole)) {
                return Err(Drop::Duplicate);
            }
            self.remove(index);
            counters.drop(Drop::FragmentRoom);
        }
        let is_of_source = |unfinished: &Unfinished| unfinished.received.from.ip() == received.from.ip();
        if self.unfinished.iter().filter(|unfinished| is_of_source(unfinished)).count() >= self.max_per_source
            && let Some(oldest) = self.unfinished.iter().position(is_of_source)
        {
            self.remove(oldest);
            counters.drop(Drop::FragmentRoom);
        }
        while !self.unfinished.is_empty() && (self.unfinished.len() >= self.max || self.bytes + size > self.max_bytes) {
            self.remove(0);
            counters.drop(Drop::FragmentRoom);
        }
        self.bytes += size;
        let length = whole.source.encoded_len() + whole.destination.encoded_len() + size;
        self.unfinished.push_back(Unfinished { received, id, whole, length, until: now + TIMEOUT });
        Ok(())
    }

    /// A later fragment; the last one yields the datagram.
    pub(super) fn later(
        &mut self,
        received: Received,
        id: u16,
        offset: u16,
        data: &[u8],
        more: bool,
        counters: &mut Counters,
    ) -> Result<Option<Whole<'static>>, Drop> {
        let mut index = self.position(received, id).ok_or(Drop::OrphanFragment)?;
        let unfinished = self.unfinished.get_mut(index).ok_or(Drop::OrphanFragment)?;
        let rest = unfinished.from(offset).ok_or(Drop::OrphanFragment)?;
        // Of what has come so far, something was to follow.
        if more && !data.is_empty() && rest.starts_with(data) {
            return Err(Drop::Duplicate);
        }
        let contradicted = rest.len();
        unfinished.cut(contradicted);
        self.bytes -= contradicted;
        while index > 0 && self.bytes + data.len() > self.max_bytes {
            self.remove(0);
            counters.drop(Drop::FragmentRoom);
            index -= 1;
        }
        if self.bytes + data.len() > self.max_bytes {
            return Err(Drop::FragmentRoom);
        }
        let unfinished = self.unfinished.get_mut(index).ok_or(Drop::OrphanFragment)?;
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
            counters.drop(Drop::Unfinished);
        }
    }

    /// Datagrams and their bytes.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.unfinished.len(), self.bytes)
    }

    fn position(&self, received: Received, id: u16) -> Option<usize> {
        // The first fragment of an honest sender came a moment ago.
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

    /// What has come so far, from this PACKET_OFFSET on; nothing if there is a gap before it, or if the names are there.
    fn from(&self, offset: u16) -> Option<&[u8]> {
        let back = self.length.checked_sub(offset.into())?;
        self.whole.data.get(self.whole.data.len().checked_sub(back)?..)
    }

    /// Takes away what has come last.
    fn cut(&mut self, bytes: usize) {
        let data = self.whole.data.to_mut();
        data.truncate(data.len().saturating_sub(bytes));
        self.length -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV4;

    use proptest::prelude::*;

    use super::*;
    use crate::packet::{Cast, Service};

    fn by(from: SocketAddrV4) -> Received {
        Received { interface: 1, from, service: Service::Datagram, cast: Cast::Unicast }
    }

    fn from(port: u16) -> Received {
        by(SocketAddrV4::new([192, 0, 2, 1].into(), port))
    }

    fn other(number: u8) -> Received {
        by(SocketAddrV4::new([192, 0, 2, number].into(), 138))
    }

    fn first(data: &[u8]) -> Whole<'static> {
        let name = Name::new("A", 0).expect("valid");
        Whole { kind: Destination::Unique, source: name.clone(), destination: name, data: data.to_vec().into() }
    }

    /// With what it has counted.
    struct Bench(Reassembly, Counters);

    impl Bench {
        fn new() -> Bench {
            let limits = Limits { unfinished: 3, unfinished_per_source: 2, unfinished_bytes: 100, ..Limits::default() };
            Bench(Reassembly::new(&limits), Counters::default())
        }

        fn first(&mut self, now: Instant, from: Received, id: u16, data: &[u8]) -> Result<(), Drop> {
            self.0.first(now, from, id, first(data), &mut self.1)
        }

        fn later(
            &mut self,
            from: Received,
            id: u16,
            offset: u16,
            data: &[u8],
            more: bool,
        ) -> Result<Option<Whole<'static>>, Drop> {
            self.0.later(from, id, offset, data, more, &mut self.1)
        }

        fn pushed_out(&self) -> u64 {
            self.1.dropped(Drop::FragmentRoom)
        }
    }

    #[test]
    fn fragments_in_order_become_the_datagram() {
        let mut bench = Bench::new();
        let now = Instant::now();
        assert_eq!(bench.first(now, from(138), 5, b"one "), Ok(()));
        assert_eq!(bench.later(from(138), 5, 72, b"two ", true), Ok(None));
        assert_eq!(bench.later(from(138), 5, 76, b"three", false), Ok(Some(first(b"one two three"))));
        assert_eq!(bench.0.len(), (0, 0));
    }

    #[test]
    fn a_fragment_of_another_sender_id_or_place_is_an_orphan() {
        let mut bench = Bench::new();
        assert_eq!(bench.first(Instant::now(), from(138), 5, b"one "), Ok(()));
        for (from, id, offset) in [(from(139), 5, 72), (from(138), 6, 72), (from(138), 5, 73), (from(138), 5, 67)] {
            assert_eq!(bench.later(from, id, offset, b"two", false), Err(Drop::OrphanFragment));
        }
    }

    #[test]
    fn a_beginning_that_is_not_the_senders_gives_way_to_the_one_that_is() {
        let (mut bench, now) = (Bench::new(), Instant::now());
        assert_eq!(bench.first(now, from(138), 5, b"bad "), Ok(()));
        assert_eq!(bench.first(now, from(138), 5, b"one "), Ok(()));
        assert_eq!(bench.first(now, from(138), 5, b"one "), Err(Drop::Duplicate));
        assert_eq!((bench.0.len(), bench.pushed_out()), ((1, 4), 1));
        assert_eq!(bench.later(from(138), 5, 72, b"two", true), Ok(None));
        assert_eq!(bench.first(now, from(138), 5, b"one "), Err(Drop::Duplicate));
        assert_eq!(bench.later(from(138), 5, 75, b".", false), Ok(Some(first(b"one two."))));
    }

    #[test]
    fn a_source_with_too_many_loses_its_own_oldest() {
        let (mut bench, now) = (Bench::new(), Instant::now());
        assert_eq!(bench.first(now, other(9), 1, b"one "), Ok(()));
        for id in 1..=5 {
            assert_eq!(bench.first(now, from(138), id, b"one "), Ok(()));
        }
        assert_eq!(bench.first(now, from(138), 5, b"one "), Err(Drop::Duplicate));
        assert_eq!((bench.0.len(), bench.pushed_out()), ((3, 12), 3));
        assert_eq!(bench.later(from(138), 3, 72, b"two", false), Err(Drop::OrphanFragment));
        for (from, id) in [(other(9), 1), (from(138), 4), (from(138), 5)] {
            assert_eq!(bench.later(from, id, 72, b"two", false), Ok(Some(first(b"one two"))));
        }
    }

    #[test]
    fn where_all_is_full_the_oldest_makes_room_for_entries_and_for_bytes() {
        let (mut bench, now) = (Bench::new(), Instant::now());
        for number in 1..=4 {
            assert_eq!(bench.first(now, other(number), 1, &[0; 20]), Ok(()));
        }
        assert_eq!((bench.0.len(), bench.pushed_out()), ((3, 60), 1));
        assert_eq!(bench.first(now, other(5), 1, &[0; 70]), Ok(()));
        assert_eq!((bench.0.len(), bench.pushed_out()), ((2, 90), 3));
        assert_eq!(bench.later(other(5), 1, 138, &[0; 11], true), Ok(None));
        assert_eq!((bench.0.len(), bench.pushed_out()), ((1, 81), 4));
        assert_eq!(bench.later(other(5), 1, 149, &[0; 20], true), Err(Drop::FragmentRoom));
        assert_eq!(bench.first(now, other(6), 1, &[0; 101]), Err(Drop::FragmentRoom));
        assert_eq!(bench.0.len(), (1, 81));
    }

    #[test]
    fn the_rest_is_waited_for_two_seconds() {
        let (mut bench, now) = (Bench::new(), Instant::now());
        let later = now + Duration::from_millis(1);
        assert_eq!(bench.first(now, from(138), 1, &[0; 40]), Ok(()));
        assert_eq!(bench.first(later, from(138), 2, &[0; 40]), Ok(()));
        let Bench(reassembly, counters) = &mut bench;
        reassembly.handle_timeout(now + TIMEOUT, counters);
        assert_eq!((reassembly.len(), reassembly.poll_timeout()), ((1, 40), Some(later + TIMEOUT)));
        reassembly.handle_timeout(later + TIMEOUT, counters);
        assert_eq!((reassembly.len(), counters.dropped(Drop::Unfinished)), ((0, 0), 2));
    }

    #[test]
    fn each_way_that_a_datagram_comes_has_its_own_fragments() {
        let (mut bench, now) = (Bench::new(), Instant::now());
        let ways = [from(138), Received { interface: 2, ..from(138) }, Received { cast: Cast::Broadcast, ..other(2) }];
        for way in ways {
            assert_eq!(bench.first(now, way, 5, b"one "), Ok(()));
        }
        for way in ways {
            assert_eq!(bench.later(way, 5, 72, b"two", false), Ok(Some(first(b"one two"))));
        }
    }

    /// What a sender says that gives all datagrams one id, each in pieces of two bytes.
    fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
        // Few letters, so that datagrams often begin alike.
        prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab".to_vec()), 3..10), 1..6)
    }

    proptest! {
        /// However many fragments of the others are lost or come twice.
        #[test]
        fn of_datagrams_with_one_id_those_arrive_that_come_whole(
            texts in texts(),
            fates in prop::collection::vec(0..8u8, 40),
        ) {
            let (mut bench, now) = (Bench::new(), Instant::now());
            let mut fates = fates.into_iter();
            let mut complete = Vec::new();
            let mut arrived = Vec::new();
            for text in &texts {
                let mut is_whole = true;
                let last = (text.len() - 1) / 2;
                for (index, piece) in text.chunks(2).enumerate() {
                    let fate = fates.next().unwrap_or(7);
                    is_whole &= fate != 0;
                    for _ in 0..[0, 2].get(usize::from(fate)).copied().unwrap_or(1) {
                        if index == 0 {
                            let _ = bench.first(now, from(138), 5, piece);
                        } else if let Ok(Some(whole)) =
                            bench.later(from(138), 5, 68 + 2 * index as u16, piece, index < last)
                        {
                            arrived.push(whole.data.into_owned());
                        }
                    }
                }
                if is_whole {
                    complete.push(text.clone());
                }
            }
            let mut rest = arrived.iter();
            for text in &complete {
                prop_assert!(rest.any(|found| found == text), "{text:?} of {texts:?} is not in {arrived:?}");
            }
            prop_assert_eq!(bench.0.len().1, bench.0.unfinished.iter().map(|one| one.whole.data.len()).sum::<usize>());
        }
    }
}
