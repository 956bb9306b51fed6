//! Several server handles of one slot.

use std::thread;

use crate::case::{Case, case};
use crate::code::{ALREADY_EXISTS, FILE_NOT_FOUND, HANDLE_EOF, SEM_TIMEOUT};
use crate::context::{Context, joined};
use crate::system::{ANY_SIZE, FOREVER, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(all_server_handles_read_the_same_queue, "4"),
    case!(all_server_handles_tell_the_same, "4"),
    case!(all_server_handles_share_the_read_timeout, "2.3", "4", "5"),
    case!(a_slot_lives_until_its_last_server_handle_is_closed, "4"),
    case!(a_duplicate_can_be_duplicated, "4"),
    case!(messages_survive_the_close_of_one_server_handle, "4"),
    case!(clients_survive_the_close_of_one_server_handle, "4"),
    case!(each_message_goes_to_one_of_many_readers, "3"),
    case!(a_too_small_read_through_one_handle_leaves_the_message_to_another, "2.5", "3"),
];

fn all_server_handles_read_the_same_queue(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let (second, writer) = (slot.duplicate(), slot.writer());
    (0..4_u8).for_each(|number| writer.put(&[number]));
    assert_eq!([second.take(), slot.take(), slot.take(), second.take()], [[0], [1], [2], [3]]);
    slot.is_empty_on_read();
    second.is_empty_on_read();
}

fn all_server_handles_tell_the_same(cx: &Context) {
    let slot = cx.slot(424, 1234);
    let (second, writer) = (slot.duplicate(), slot.writer());
    assert_eq!(slot.info(), second.info());
    writer.put(b"abc");
    writer.put(b"");
    assert_eq!(slot.info(), second.info());
    second.take();
    assert_eq!(slot.next_and_count(), (0, 1));
}

fn all_server_handles_share_the_read_timeout(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, FOREVER);
    let second = slot.duplicate();
    second.set_read_timeout(NO_WAIT);
    assert_eq!((slot.info().read_timeout, second.info().read_timeout), (NO_WAIT, NO_WAIT));
    assert_eq!(slot.read(100), Err(SEM_TIMEOUT));
    slot.set_read_timeout(7);
    assert_eq!(slot.duplicate().info().read_timeout, 7);
    assert_eq!(second.info().read_timeout, 7);
    second.close();
    assert_eq!(slot.info().read_timeout, 7);
}

fn a_slot_lives_until_its_last_server_handle_is_closed(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let (second, third) = (slot.duplicate(), slot.duplicate());
    let path = slot.close();
    cx.refuses_to_create(&path, ALREADY_EXISTS);
    third.close();
    cx.refuses_to_create(&path, ALREADY_EXISTS);
    second.writer().put(b"alive");
    assert_eq!(second.take(), b"alive");
    second.close();
    cx.refuses_to_open(&path, FILE_NOT_FOUND);
    cx.slot_at(&path);
}

fn a_duplicate_can_be_duplicated(cx: &Context) {
    let mut slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    for number in 0..50_u8 {
        slot = slot.duplicate();
        writer.put(&[number]);
        assert_eq!(slot.take(), [number]);
    }
    slot.close();
    assert_eq!(writer.write(b"x"), Err(HANDLE_EOF));
}

fn messages_survive_the_close_of_one_server_handle(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let second = slot.duplicate();
    slot.writer().put(b"waits");
    slot.close();
    assert_eq!(second.next_and_count(), (5, 1));
    assert_eq!(second.take(), b"waits");
}

fn clients_survive_the_close_of_one_server_handle(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let (second, writer) = (slot.duplicate(), slot.writer());
    slot.close();
    writer.put(b"still connected");
    second.writer().put(b"newly connected");
    assert_eq!((second.take(), second.take()), (b"still connected".to_vec(), b"newly connected".to_vec()));
    second.close();
    assert_eq!(writer.write(b"x"), Err(HANDLE_EOF));
}

fn each_message_goes_to_one_of_many_readers(cx: &Context) {
    const READERS: usize = 4;
    const MESSAGES: u32 = 20_000;
    let slot = cx.slot(ANY_SIZE, FOREVER);
    let writer = slot.writer();
    let mut got: Vec<u32> = thread::scope(|scope| {
        let readers =
            (0..READERS).map(|_| slot.duplicate()).map(|own| scope.spawn(move || numbers_until_empty(|| own.take())));
        let readers: Vec<_> = readers.collect();
        (0..MESSAGES).for_each(|number| writer.put(&number.to_le_bytes()));
        (0..READERS).for_each(|_| writer.put(b""));
        readers.into_iter().flat_map(joined).collect()
    });
    got.sort_unstable();
    assert!(got.iter().copied().eq(0..MESSAGES), "{} messages of {MESSAGES} were read, or some twice", got.len());
    assert_eq!(slot.count(), 0);
}

fn a_too_small_read_through_one_handle_leaves_the_message_to_another(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let second = slot.duplicate();
    slot.writer().put(b"0123456789");
    assert_eq!(slot.read(3), Err(crate::code::INSUFFICIENT_BUFFER));
    assert_eq!(second.read(10), Ok(b"0123456789".to_vec()));
    slot.is_empty_on_read();
}

/// Numbers that one reader gets up to an empty message. They must rise.
fn numbers_until_empty(take: impl Fn() -> Vec<u8>) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Ok(bytes) = <[u8; 4]>::try_from(take()) {
        let number = u32::from_le_bytes(bytes);
        assert!(numbers.last().is_none_or(|last| *last < number), "{number} comes late");
        numbers.push(number);
    }
    numbers
}
