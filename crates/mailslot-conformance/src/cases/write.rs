//! Writes.

use std::thread;

use super::read::pattern;
use crate::case::{Case, case};
use crate::code::{HANDLE_EOF, INVALID_PARAMETER};
use crate::context::{Context, joined};
use crate::system::{ANY_SIZE, FOREVER, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(a_write_reports_the_size_of_the_message, "2.6"),
    case!(a_written_message_is_there_when_the_write_returns, "2.6", "3"),
    case!(a_zero_length_message_is_queued, "2.6", "10.3", "A.8"),
    case!(a_message_of_the_maximum_size_is_accepted, "2.6", "3", "10.7"),
    case!(a_message_above_the_maximum_size_is_refused, "2.6", "3", "10.7", "11.1"),
    case!(a_refused_message_leaves_the_slot_as_it_was, "2.6", "11.1"),
    case!(a_maximum_size_admits_zero_length_messages, "2.6"),
    case!(the_largest_maximum_size_admits_everything, "2.6"),
    case!(large_messages_are_accepted, "3", "10.6"),
    case!(large_messages_of_many_sizes_follow_each_other, "3", "10.6"),
    case!(a_hundred_thousand_messages_wait_without_a_reader, "3", "10.5"),
    case!(far_more_than_fits_at_once_passes_through, "3"),
    case!(a_slot_recovers_from_a_long_queue, "3"),
    case!(a_reader_that_is_there_gets_everything, "3"),
    case!(many_writers_can_be_open_at_once, "2.4", "10.9", "A.5"),
    case!(one_writer_can_be_used_by_several_threads, "2.6"),
    case!(a_write_to_a_slot_that_is_gone_fails, "2.6", "4", "10.8", "11.2"),
    case!(a_zero_length_write_to_a_slot_that_is_gone_fails, "2.6", "11.2"),
];

fn a_write_reports_the_size_of_the_message(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for size in [0, 1, 424, 65_536] {
        assert_eq!(writer.write(&vec![0; size]), Ok(size));
    }
}

fn a_written_message_is_there_when_the_write_returns(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for number in 0..1000_u32 {
        writer.put(&number.to_le_bytes());
        assert_eq!(slot.read(4), Ok(number.to_le_bytes().to_vec()));
    }
}

fn a_zero_length_message_is_queued(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    assert_eq!(writer.write(b""), Ok(0));
    assert_eq!(slot.next_and_count(), (0, 1));
    writer.put(b"ab");
    assert_eq!(slot.next_and_count(), (0, 2));
}

fn a_message_of_the_maximum_size_is_accepted(cx: &Context) {
    for limit in [1_u32, 2, 8, 424, 5000] {
        let slot = cx.slot(limit, NO_WAIT);
        let message = pattern(limit as usize);
        slot.writer().put(&message);
        assert_eq!(slot.take(), message);
    }
}

fn a_message_above_the_maximum_size_is_refused(cx: &Context) {
    for limit in [1_u32, 2, 8, 424, 5000] {
        let slot = cx.slot(limit, NO_WAIT);
        let writer = slot.writer();
        for more in [1, 2, 1000, 1 << 20] {
            let size = limit as usize + more;
            assert_eq!(writer.write(&vec![0; size]), Err(INVALID_PARAMETER), "{size} bytes where {limit} are allowed");
            assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
        }
    }
}

fn a_refused_message_leaves_the_slot_as_it_was(cx: &Context) {
    let slot = cx.slot(4, NO_WAIT);
    let writer = slot.writer();
    writer.put(b"one");
    assert_eq!(writer.write(b"too long"), Err(INVALID_PARAMETER));
    assert_eq!(slot.next_and_count(), (3, 1));
    writer.put(b"two");
    assert_eq!([slot.take(), slot.take()], [b"one", b"two"]);
    slot.is_empty_on_read();
}

fn a_maximum_size_admits_zero_length_messages(cx: &Context) {
    let slot = cx.slot(1, NO_WAIT);
    slot.writer().put(b"");
    assert_eq!(slot.read(1), Ok(Vec::new()));
}

fn the_largest_maximum_size_admits_everything(cx: &Context) {
    let slot = cx.slot(u32::MAX, NO_WAIT);
    slot.writer().put(&pattern(60_000));
    assert_eq!(slot.take(), pattern(60_000));
}

fn large_messages_are_accepted(cx: &Context) {
    const SIZE: usize = 4 << 20;
    let slot = cx.slot_at(&cx.path());
    slot.writer().put(&pattern(SIZE));
    assert_eq!(slot.next_and_count(), (SIZE as u32, 1));
    assert!(slot.read(SIZE) == Ok(pattern(SIZE)));
}

fn large_messages_of_many_sizes_follow_each_other(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for size in (1..=40).map(|step| step * 99_991) {
        writer.put(&pattern(size));
        writer.put(b"small");
        assert!(slot.read(size) == Ok(pattern(size)), "a message of {size} bytes");
        assert_eq!(slot.take(), b"small");
    }
}

fn a_hundred_thousand_messages_wait_without_a_reader(cx: &Context) {
    const MESSAGES: u32 = 100_000;
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    (0..MESSAGES).for_each(|number| writer.put(&number.to_le_bytes()));
    assert_eq!(slot.next_and_count(), (4, MESSAGES));
    for number in 0..MESSAGES {
        assert_eq!(slot.read(4), Ok(number.to_le_bytes().to_vec()));
    }
    slot.is_empty_on_read();
}

fn far_more_than_fits_at_once_passes_through(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    let messages: Vec<_> = [1_000_003, 17, 500_009, 0, 65_536].map(pattern).into();
    for round in 0..60 {
        messages.iter().for_each(|message| writer.put(message));
        for message in &messages {
            assert!(slot.read(1 << 20).as_ref() == Ok(message), "{} bytes in round {round}", message.len());
        }
    }
}

fn a_slot_recovers_from_a_long_queue(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for round in 0..5_u8 {
        (0..8).for_each(|_| writer.put(&vec![round; 1 << 20]));
        (0..8).for_each(|_| assert!(slot.read(1 << 20) == Ok(vec![round; 1 << 20])));
        assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
        writer.put(&[round]);
        assert_eq!(slot.take(), [round]);
    }
}

fn a_reader_that_is_there_gets_everything(cx: &Context) {
    const MESSAGES: u32 = 50_000;
    let slot = cx.slot(ANY_SIZE, FOREVER);
    let writer = slot.writer();
    thread::scope(|scope| {
        let reader = scope.spawn(|| (0..MESSAGES).for_each(|number| assert_eq!(slot.take(), number.to_le_bytes())));
        (0..MESSAGES).for_each(|number| writer.put(&number.to_le_bytes()));
        joined(reader);
    });
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
}

fn many_writers_can_be_open_at_once(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writers: Vec<_> = (0..100).map(|_| slot.writer()).collect();
    for (number, writer) in (0_u8..).zip(&writers) {
        writer.put(&[number]);
    }
    for number in 0..100_u8 {
        assert_eq!(slot.take(), [number]);
    }
}

fn one_writer_can_be_used_by_several_threads(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let writer = &writer;
            scope.spawn(move || (0..500).for_each(|_| writer.put(&[thread; 50])));
        }
    });
    let mut seen = [0; 4];
    for _ in 0..2000 {
        let message = slot.take();
        assert!(message.len() == 50 && message.iter().all(|byte| *byte == message[0]), "{message:?}");
        seen[usize::from(message[0])] += 1;
    }
    assert_eq!(seen, [500; 4]);
}

fn a_write_to_a_slot_that_is_gone_fails(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let (used, unused) = (slot.writer(), slot.writer());
    used.put(b"read");
    used.put(b"unread");
    slot.take();
    slot.close();
    for _ in 0..3 {
        assert_eq!(used.write(b"x"), Err(HANDLE_EOF));
        assert_eq!(unused.write(b"x"), Err(HANDLE_EOF));
    }
}

fn a_zero_length_write_to_a_slot_that_is_gone_fails(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    slot.close();
    assert_eq!(writer.write(b""), Err(HANDLE_EOF));
}
