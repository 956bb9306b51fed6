//! The values that a slot returns about itself.

use crate::case::{Case, case};
use crate::context::Context;
use crate::system::{ANY_SIZE, FOREVER, Info, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(a_new_slot_is_empty, "2.1", "2.2", "A.6"),
    case!(every_maximum_message_size_is_reported_as_given, "2.1", "2.2", "11.31"),
    case!(every_read_timeout_is_reported_as_given, "2.1", "2.2", "10.24"),
    case!(largest_size_and_timeout_are_reported_as_given, "2.1", "A.9"),
    case!(a_changed_read_timeout_is_reported_as_given, "2.2", "2.3"),
    case!(changing_the_read_timeout_changes_nothing_else, "2.3"),
    case!(the_count_follows_every_message, "2.2", "10.1"),
    case!(the_next_size_is_that_of_the_oldest_message, "2.2", "A.8"),
    case!(the_next_size_of_a_zero_length_message_is_zero, "2.2", "2.6", "A.8"),
    case!(an_emptied_slot_has_no_next_size, "2.2", "A.7"),
    case!(asking_changes_nothing, "2.2", "3"),
];

const SIZES: [u32; 12] = [0, 1, 2, 7, 424, 4095, 4096, 65_536, 1 << 20, 0x7fff_ffff, 0x8000_0000, u32::MAX];
const TIMEOUTS: [u32; 10] = [0, 1, 2, 999, 1000, 60_000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, FOREVER];

fn a_new_slot_is_empty(cx: &Context) {
    let slot = cx.slot(100, 200);
    let expected = Info { max_message_size: 100, next_size: NO_MESSAGE, count: 0, read_timeout: 200 };
    assert_eq!(slot.info(), expected);
}

fn every_maximum_message_size_is_reported_as_given(cx: &Context) {
    for size in SIZES {
        let slot = cx.slot(size, NO_WAIT);
        assert_eq!(slot.info().max_message_size, size);
        slot.writer().put(b"");
        assert_eq!(slot.info().max_message_size, size, "with a message");
    }
}

fn every_read_timeout_is_reported_as_given(cx: &Context) {
    for timeout in TIMEOUTS {
        assert_eq!(cx.slot(ANY_SIZE, timeout).info().read_timeout, timeout);
    }
}

fn largest_size_and_timeout_are_reported_as_given(cx: &Context) {
    let info = cx.slot(u32::MAX, u32::MAX).info();
    assert_eq!((info.max_message_size, info.read_timeout), (u32::MAX, u32::MAX));
}

fn a_changed_read_timeout_is_reported_as_given(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, 5);
    for timeout in TIMEOUTS {
        slot.set_read_timeout(timeout);
        assert_eq!(slot.info().read_timeout, timeout);
    }
}

fn changing_the_read_timeout_changes_nothing_else(cx: &Context) {
    let slot = cx.slot(33, FOREVER);
    let writer = slot.writer();
    writer.put(b"one");
    writer.put(b"and another");
    slot.set_read_timeout(77);
    assert_eq!(slot.info(), Info { max_message_size: 33, next_size: 3, count: 2, read_timeout: 77 });
    assert_eq!((slot.take(), slot.take()), (b"one".to_vec(), b"and another".to_vec()));
}

fn the_count_follows_every_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for count in 1..=100 {
        writer.put(b"x");
        assert_eq!(slot.count(), count);
    }
    for count in (0..100).rev() {
        slot.take();
        assert_eq!(slot.count(), count);
    }
}

fn the_next_size_is_that_of_the_oldest_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for size in SIZES_IN_TURN {
        writer.put(&vec![7; size]);
        assert_eq!(slot.info().next_size, 3, "a later message does not come first");
    }
    for size in SIZES_IN_TURN {
        assert_eq!(slot.info().next_size as usize, size);
        assert_eq!(slot.take().len(), size);
    }
}

/// Sizes that grow, shrink and are 0.
const SIZES_IN_TURN: [usize; 6] = [3, 300, 1, 0, 60_000, 8];

fn the_next_size_of_a_zero_length_message_is_zero(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    writer.put(b"");
    assert_eq!(slot.next_and_count(), (0, 1));
    writer.put(b"");
    assert_eq!(slot.next_and_count(), (0, 2));
}

fn an_emptied_slot_has_no_next_size(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for message in [&b"abc"[..], b""] {
        writer.put(message);
        slot.take();
        assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
    }
}

fn asking_changes_nothing(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    slot.writer().put(b"stays");
    for _ in 0..1000 {
        assert_eq!(slot.next_and_count(), (5, 1));
    }
    assert_eq!(slot.take(), b"stays");
}
