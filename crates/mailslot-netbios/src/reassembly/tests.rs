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

/// A reassembly and its counters.
struct Bench(Reassembly, Counters);

impl Bench {
    fn new() -> Bench {
        let limits = Limits { unfinished: 3, unfinished_per_source: 2, unfinished_bytes: 100, ..Limits::default() };
        Bench(Reassembly::new(&limits), Counters::default())
    }

    fn first(&mut self, now: Instant, from: Received, id: u16, data: &[u8]) -> Result<(), DropReason> {
        self.0.first(now, from, id, first(data), &mut self.1)
    }

    fn later(
        &mut self,
        from: Received,
        id: u16,
        offset: u16,
        data: &[u8],
        more: bool,
    ) -> Result<Option<Whole<'static>>, DropReason> {
        self.0.later(from, id, offset, data, more, &mut self.1)
    }

    fn pushed_out(&self) -> u64 {
        self.1.dropped(DropReason::FragmentRoom)
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
        assert_eq!(bench.later(from, id, offset, b"two", false), Err(DropReason::OrphanFragment));
    }
}

#[test]
fn a_beginning_that_is_not_the_senders_gives_way_to_the_one_that_is() {
    let (mut bench, now) = (Bench::new(), Instant::now());
    assert_eq!(bench.first(now, from(138), 5, b"bad "), Ok(()));
    assert_eq!(bench.first(now, from(138), 5, b"one "), Ok(()));
    assert_eq!(bench.first(now, from(138), 5, b"one "), Err(DropReason::Duplicate));
    assert_eq!((bench.0.len(), bench.pushed_out()), ((1, 4), 1));
    assert_eq!(bench.later(from(138), 5, 72, b"two", true), Ok(None));
    assert_eq!(bench.first(now, from(138), 5, b"one "), Err(DropReason::Duplicate));
    assert_eq!(bench.later(from(138), 5, 75, b".", false), Ok(Some(first(b"one two."))));
}

#[test]
fn a_source_with_too_many_loses_its_own_oldest() {
    let (mut bench, now) = (Bench::new(), Instant::now());
    assert_eq!(bench.first(now, other(9), 1, b"one "), Ok(()));
    for id in 1..=5 {
        assert_eq!(bench.first(now, from(138), id, b"one "), Ok(()));
    }
    assert_eq!(bench.first(now, from(138), 5, b"one "), Err(DropReason::Duplicate));
    assert_eq!((bench.0.len(), bench.pushed_out()), ((3, 12), 3));
    assert_eq!(bench.later(from(138), 3, 72, b"two", false), Err(DropReason::OrphanFragment));
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
    assert_eq!(bench.later(other(5), 1, 149, &[0; 20], true), Err(DropReason::FragmentRoom));
    assert_eq!(bench.first(now, other(6), 1, &[0; 101]), Err(DropReason::FragmentRoom));
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
    assert_eq!((reassembly.len(), counters.dropped(DropReason::Unfinished)), ((0, 0), 2));
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

/// The datagrams of a sender that gives all of them one id.
fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Few letters, so that datagrams often have equal beginnings.
    prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab".to_vec()), 3..10), 1..6)
}

proptest! {
    /// However many fragments of the others are lost or duplicated.
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
