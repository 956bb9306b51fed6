//! Reads that do not wait.

use crate::case::{Case, case};
use crate::code::{INSUFFICIENT_BUFFER, SEM_TIMEOUT};
use crate::context::Context;
use crate::system::{ANY_SIZE, FOREVER, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(a_message_that_fits_is_read_and_removed, "2.5", "A.7"),
    case!(a_buffer_of_exactly_the_message_size_is_large_enough, "2.5"),
    case!(a_zero_length_message_is_read_as_nothing_and_removed, "2.5", "3", "10.3", "A.8"),
    case!(a_too_small_buffer_keeps_the_message, "2.5", "10.2", "A.7"),
    case!(a_too_small_buffer_keeps_the_message_at_the_head, "2.5", "3"),
    case!(a_too_small_buffer_does_not_wait, "2.5", "3"),
    case!(a_buffer_of_no_bytes_keeps_a_message, "2.5", "10.4"),
    case!(a_buffer_of_no_bytes_takes_a_zero_length_message, "2.5", "10.4"),
    case!(an_empty_slot_times_out_at_once_with_timeout_0, "2.5", "5"),
    case!(an_empty_slot_times_out_whatever_the_buffer, "2.5", "10.4", "A.3"),
    case!(an_emptied_slot_times_out_again, "2.5", "A.7"),
    case!(a_message_that_is_there_is_read_whatever_the_timeout, "3"),
    case!(one_read_returns_one_message, "2.5", "3"),
    case!(every_byte_value_survives, "2.5"),
    case!(messages_of_all_small_sizes_survive, "2.5", "3"),
    case!(messages_around_powers_of_two_survive, "2.5", "3"),
    case!(messages_in_one_slot_are_not_in_another, "1.1"),
];

fn a_message_that_fits_is_read_and_removed(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    slot.writer().put(b"hello");
    assert_eq!(slot.read(100), Ok(b"hello".to_vec()));
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
    slot.is_empty_on_read();
}

fn a_buffer_of_exactly_the_message_size_is_large_enough(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for size in [1, 5, 8, 424, 4096, 100_000] {
        writer.put(&vec![3; size]);
        assert_eq!(slot.read(size), Ok(vec![3; size]));
    }
}

fn a_zero_length_message_is_read_as_nothing_and_removed(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    writer.put(b"");
    writer.put(b"");
    writer.put(b"behind them");
    assert_eq!(slot.read(100), Ok(Vec::new()));
    assert_eq!(slot.next_and_count(), (0, 2));
    assert_eq!(slot.read(1), Ok(Vec::new()));
    assert_eq!(slot.read(100), Ok(b"behind them".to_vec()));
}

fn a_too_small_buffer_keeps_the_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    slot.writer().put(b"0123456789");
    for buffer in [1, 5, 9, 9] {
        assert_eq!(slot.read(buffer), Err(INSUFFICIENT_BUFFER), "a buffer of {buffer}");
        assert_eq!(slot.next_and_count(), (10, 1));
    }
    assert_eq!(slot.read(10), Ok(b"0123456789".to_vec()));
    slot.is_empty_on_read();
}

fn a_too_small_buffer_keeps_the_message_at_the_head(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    writer.put(b"the long first");
    writer.put(b"2nd");
    assert_eq!(slot.read(5), Err(INSUFFICIENT_BUFFER), "the second one would fit, but is not next");
    writer.put(b"3rd");
    assert_eq!(slot.next_and_count(), (14, 3));
    assert_eq!([slot.take(), slot.take(), slot.take()], [&b"the long first"[..], b"2nd", b"3rd"]);
}

fn a_too_small_buffer_does_not_wait(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, FOREVER);
    slot.writer().put(b"0123456789");
    assert_eq!(slot.read(9), Err(INSUFFICIENT_BUFFER));
}

fn a_buffer_of_no_bytes_keeps_a_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    slot.writer().put(b"x");
    assert_eq!(slot.read(0), Err(INSUFFICIENT_BUFFER));
    assert_eq!(slot.next_and_count(), (1, 1));
    assert_eq!(slot.read(1), Ok(b"x".to_vec()));
}

fn a_buffer_of_no_bytes_takes_a_zero_length_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    slot.writer().put(b"");
    assert_eq!(slot.read(0), Ok(Vec::new()));
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
}

fn an_empty_slot_times_out_at_once_with_timeout_0(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    for _ in 0..100 {
        assert_eq!(slot.read(100), Err(SEM_TIMEOUT));
    }
}

fn an_empty_slot_times_out_whatever_the_buffer(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    for buffer in [0, 1, 8, 4096, 1 << 20] {
        assert_eq!(slot.read(buffer), Err(SEM_TIMEOUT), "a buffer of {buffer}");
    }
}

fn an_emptied_slot_times_out_again(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for message in [&b"abc"[..], b"", b"d"] {
        writer.put(message);
        assert_eq!(slot.take(), message);
        assert_eq!(slot.read(100), Err(SEM_TIMEOUT));
        assert_eq!(slot.read(0), Err(SEM_TIMEOUT));
    }
}

fn a_message_that_is_there_is_read_whatever_the_timeout(cx: &Context) {
    for timeout in [0, 1, 1000, 0xffff_fffe, FOREVER] {
        let slot = cx.slot(ANY_SIZE, timeout);
        slot.writer().put(b"there");
        assert_eq!(slot.read(5), Ok(b"there".to_vec()), "timeout {timeout}");
    }
}

fn one_read_returns_one_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    let messages = [&b"a"[..], b"bc", b"", b"def", b"\0", b"ghij\n"];
    messages.iter().for_each(|message| writer.put(message));
    for message in messages {
        assert_eq!(slot.read(60_000), Ok(message.to_vec()));
    }
    slot.is_empty_on_read();
}

fn every_byte_value_survives(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    let all: Vec<u8> = (0..=255).collect();
    writer.put(&all);
    assert_eq!(slot.take(), all);
    for byte in all {
        writer.put(&[byte]);
        assert_eq!(slot.take(), [byte]);
    }
}

fn messages_of_all_small_sizes_survive(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    (0..=1025).for_each(|size| writer.put(&pattern(size)));
    (0..=1025).for_each(|size| assert_eq!(slot.take(), pattern(size)));
    slot.is_empty_on_read();
}

fn messages_around_powers_of_two_survive(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for power in 11..=20 {
        for size in [(1 << power) - 1, 1 << power, (1 << power) + 1] {
            writer.put(&pattern(size));
            assert_eq!(slot.info().next_size as usize, size);
            assert!(slot.read(size) == Ok(pattern(size)), "a message of {size} bytes");
        }
    }
}

fn messages_in_one_slot_are_not_in_another(cx: &Context) {
    let slots: Vec<_> = (0..64).map(|_| cx.slot_at(&cx.path())).collect();
    let writers: Vec<_> = slots.iter().map(|slot| slot.writer()).collect();
    for (index, writer) in (0_u8..).zip(&writers) {
        writer.put(&[index]);
    }
    for (index, slot) in (0_u8..).zip(&slots) {
        assert_eq!(slot.count(), 1);
        assert_eq!(slot.take(), [index]);
    }
}

/// Bytes that depend on their position.
pub(super) fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index.wrapping_mul(31) ^ (index >> 8) ^ size) as u8).collect()
}
