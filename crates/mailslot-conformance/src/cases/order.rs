//! Order and boundaries of the messages of several writers.

use std::thread;

use crate::case::{Case, case};
use crate::context::{Context, joined};
use crate::system::{ANY_SIZE, FOREVER};

pub(super) const CASES: &[Case] = &[
    case!(messages_come_out_in_the_order_of_their_writes, "3", "A.8"),
    case!(messages_of_alternating_writers_keep_their_order, "3"),
    case!(order_does_not_depend_on_size, "3"),
    case!(order_survives_reads_in_between, "3"),
    case!(writers_that_come_and_go_keep_the_order, "3"),
    case!(concurrent_writers_mix_only_whole_messages, "3", "2.4", "10.9"),
    case!(equal_messages_are_all_delivered, "3"),
];

fn messages_come_out_in_the_order_of_their_writes(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    (0..5000_u32).for_each(|number| writer.put(&number.to_le_bytes()));
    (0..5000_u32).for_each(|number| assert_eq!(slot.take(), number.to_le_bytes()));
}

fn messages_of_alternating_writers_keep_their_order(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writers: Vec<_> = (0..7).map(|_| slot.writer()).collect();
    for number in 0..2000_usize {
        writers[number * number % 7].put(&number.to_le_bytes());
    }
    (0..2000_usize).for_each(|number| assert_eq!(slot.take(), number.to_le_bytes()));
}

fn order_does_not_depend_on_size(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    let sizes: Vec<usize> = (0..200).map(|step: usize| [0, 60_000, 1, 9000, 424][step % 5] + step).collect();
    sizes.iter().for_each(|size| writer.put(&vec![*size as u8; *size]));
    sizes.iter().for_each(|size| assert!(slot.take() == vec![*size as u8; *size], "the message of {size} bytes"));
}

fn order_survives_reads_in_between(cx: &Context) {
    const MESSAGES: u32 = 3000;
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    let (mut written, mut read) = (0, 0);
    // The queue grows during each burst, and drains after it.
    for burst in (1..=40).cycle() {
        for _ in 0..burst.min(MESSAGES - written) {
            writer.put(&written.to_le_bytes());
            written += 1;
        }
        for _ in 0..(burst / 2 + 1).min(written - read) {
            assert_eq!(slot.take(), read.to_le_bytes());
            read += 1;
        }
        if read == MESSAGES {
            return;
        }
    }
}

fn writers_that_come_and_go_keep_the_order(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    for number in 0..200_u32 {
        let writer = slot.writer();
        writer.put(&number.to_le_bytes());
        writer.close();
    }
    assert_eq!(slot.count(), 200);
    (0..200_u32).for_each(|number| assert_eq!(slot.take(), number.to_le_bytes()));
}

fn concurrent_writers_mix_only_whole_messages(cx: &Context) {
    const WRITERS: usize = 6;
    const MESSAGES: usize = 1500;
    let slot = cx.slot(ANY_SIZE, FOREVER);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS).map(|writer| (writer, slot.writer())).collect();
        let threads = threads.into_iter().map(|(number, writer)| {
            scope.spawn(move || (0..MESSAGES).for_each(|index| writer.put(&signed(number, index))))
        });
        let threads: Vec<_> = threads.collect();
        let mut next = [0; WRITERS];
        for _ in 0..WRITERS * MESSAGES {
            let message = slot.take();
            let writer = usize::from(message[0]);
            assert!(
                message == signed(writer, next[writer]),
                "a message of {} bytes is not the next one",
                message.len()
            );
            next[writer] += 1;
        }
        threads.into_iter().for_each(joined);
    });
    assert_eq!(slot.count(), 0);
}

fn equal_messages_are_all_delivered(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let (one, other) = (slot.writer(), slot.writer());
    for _ in 0..500 {
        one.put(b"the same");
        other.put(b"the same");
    }
    (0..1000).for_each(|_| assert_eq!(slot.take(), b"the same"));
    slot.is_empty_on_read();
}

/// The `index`th message of a writer, different from all others.
fn signed(writer: usize, index: usize) -> Vec<u8> {
    let mut message = vec![writer as u8; 5 + (writer + index * 37) % 700];
    message[1..5].copy_from_slice(&(index as u32).to_le_bytes());
    message
}
