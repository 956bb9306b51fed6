//! The ring in plain memory: random operations compared with a model, and random damage.

use core::ptr::NonNull;
use std::collections::VecDeque;

use proptest::prelude::*;

use super::layout::{HEADER_SIZE, Kind, Stamp, Word, largest_payload, record_size};
use super::read::{Damaged, head, message_waiting};
use super::recover::recover;
use super::region::Region;
use super::write::{Locked, Refusal};
use crate::sync::Ordering::Relaxed;

/// A ring in private memory.
struct Heap {
    region: Region,
    base: NonNull<u8>,
    layout: std::alloc::Layout,
}

impl Heap {
    fn new(capacity: u64) -> Heap {
        let layout =
            std::alloc::Layout::from_size_align((HEADER_SIZE + capacity) as usize, 4096).expect("valid layout");
        // SAFETY: the layout is not empty.
        let base = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }).expect("memory");
        // SAFETY: aligned, zeroed memory of the right size that lives until `Heap` is dropped.
        let region = unsafe { Region::new(base, capacity, capacity) };
        region.header().writers.reserved.store(capacity, Relaxed);
        Heap { region, base, layout }
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the whole allocation, exclusively borrowed.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.layout.size()) }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`.
        unsafe { std::alloc::dealloc(self.base.as_ptr(), self.layout) };
    }
}

fn stamp(n: u32) -> Stamp {
    Stamp::new(if n.is_multiple_of(2) { Kind::Friend } else { Kind::Attested }, n, !n, n ^ 7)
}

fn write(region: &Region, message: &[u8], n: u32) -> Result<(), Refusal> {
    let ring = Locked::new(region);
    let room = ring.reserve(message.len() as u32)?;
    region.copy_in(room.payload(), message);
    ring.commit(room, stamp(n));
    Ok(())
}

#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Read,
    Rewind,
    Recover,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..=600).prop_map(Step::Write),
        4 => Just(Step::Read),
        1 => Just(Step::Rewind),
        1 => Just(Step::Recover),
    ]
}

proptest! {
    #[test]
    fn ring_is_a_queue_of_whole_messages(steps in prop::collection::vec(step(), 1..400)) {
        let heap = Heap::new(1024);
        let region = &heap.region;
        let mut queue: VecDeque<(Vec<u8>, u32)> = VecDeque::new();
        let mut used = 0;
        for (n, step) in (0_u32..).zip(steps) {
            match step {
                Step::Write(size) => {
                    let message: Vec<u8> = (0..size).map(|i| (i as u32 ^ n) as u8).collect();
                    let fits = used + record_size(size as u64) <= 1024 - 8;
                    prop_assert_eq!(write(region, &message, n), if fits { Ok(()) } else { Err(Refusal::Full) });
                    if fits {
                        used += record_size(size as u64);
                        queue.push_back((message, n));
                    }
                }
                Step::Read => {
                    let next = head(region).expect("no damage");
                    prop_assert_eq!(next.is_some(), !queue.is_empty());
                    prop_assert_eq!(message_waiting(region), !queue.is_empty());
                    if let (Some(next), Some((message, n))) = (next, queue.pop_front()) {
                        let mut bytes = vec![0; next.len()];
                        next.copy_to(&mut bytes);
                        prop_assert_eq!(&bytes, &message);
                        prop_assert_eq!(next.stamp(), stamp(n));
                        // SAFETY: nothing else reads this ring.
                        if let Some(slice) = unsafe { next.slice() } {
                            prop_assert_eq!(slice, &message[..]);
                        }
                        used -= record_size(message.len() as u64);
                        next.consume();
                    }
                }
                Step::Rewind => prop_assert_eq!(Locked::new(region).rewind(), queue.is_empty()),
                Step::Recover => recover(&Locked::new(region)).expect("no damage"),
            }
        }
    }

    #[test]
    fn damaged_ring_gives_errors_and_never_reads_elsewhere(
        damage in prop::collection::vec((0_usize..4096 + 1024, any::<u8>()), 1..300),
        everything in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut heap = Heap::new(1024);
        for n in 0..5 {
            write(&heap.region, &[n; 100], n.into()).expect("room");
        }
        if everything {
            let mut state = seed | 1;
            heap.bytes().fill_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as u8
            });
        }
        for (at, byte) in damage {
            heap.bytes()[at] = byte;
        }
        let region = &heap.region;
        for _ in 0..100 {
            match head(region) {
                Ok(Some(next)) => {
                    let mut bytes = vec![0; next.len()];
                    next.copy_to(&mut bytes);
                    next.consume();
                }
                Ok(None) | Err(Damaged) => break,
            }
        }
        let ring = Locked::new(region);
        let _ = recover(&ring);
        let _ = ring.announce_sleep();
        let _ = ring.rewind();
        if let Ok(room) = ring.reserve(64) {
            region.copy_in(room.payload(), &[1; 64]);
            ring.commit(room, stamp(1));
        }
    }
}

#[test]
fn commit_words_are_valid_only_in_their_place() {
    let word = Word { len: 77, kind: Kind::Attested };
    for pos in [0, 8, 1 << 20, u64::MAX - 7] {
        assert_ne!(word.encode(pos), 0);
        assert_eq!(Word::decode(word.encode(pos), pos), Some(word));
        assert_eq!(Word::decode(word.encode(pos), pos.wrapping_add(64)), None);
    }
}

#[test]
fn largest_payload_fits_exactly() {
    let heap = Heap::new(1024);
    let largest = largest_payload(1024) as usize;
    assert_eq!(write(&heap.region, &vec![7; largest], 0), Ok(()));
    assert_eq!(write(&heap.region, b"", 0), Err(Refusal::Full));
}

#[test]
fn memory_is_asked_for_before_it_is_used() {
    let heap = Heap::new(4096);
    heap.region.header().writers.reserved.store(1024, Relaxed);
    assert_eq!(write(&heap.region, &[0; 500], 0), Ok(()));
    assert_eq!(write(&heap.region, &[0; 500], 0), Err(Refusal::Memory(528 + 528 + 8)));
    Locked::new(&heap.region).set_reserved(2048);
    assert_eq!(write(&heap.region, &[0; 500], 0), Ok(()));
}
