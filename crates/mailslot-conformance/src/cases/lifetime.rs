//! From creation to the last close, within one process.

use std::sync::Barrier;
use std::thread;

use crate::case::{Case, case};
use crate::code::{ALREADY_EXISTS, FILE_NOT_FOUND, HANDLE_EOF, NO_SYSTEM_RESOURCES};
use crate::context::{Context, joined};
use crate::system::{ANY_SIZE, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(a_slot_can_be_opened_as_soon_as_it_is_created, "4"),
    case!(a_second_creation_leaves_the_first_slot_as_it_was, "4", "A.2"),
    case!(closing_the_last_server_handle_removes_the_slot, "4", "10.8"),
    case!(closing_the_last_server_handle_frees_the_name_at_once, "4", "10.8", "11.2"),
    case!(closing_the_last_server_handle_deletes_unread_messages, "4"),
    case!(closing_the_last_server_handle_kills_all_clients, "4", "10.8", "11.2"),
    case!(a_slot_created_again_is_new_in_everything, "4"),
    case!(old_clients_are_not_connected_to_a_slot_created_again, "4", "10.8", "11.2"),
    case!(a_dead_client_can_be_closed, "4"),
    case!(a_client_does_not_keep_a_slot_alive, "4", "10.8"),
    case!(a_client_that_only_opens_and_closes_leaves_no_trace, "4"),
    case!(messages_survive_their_writer, "3", "4"),
    case!(a_name_can_be_used_many_times, "4"),
    case!(of_two_concurrent_creations_one_succeeds, "1.2", "4"),
    case!(a_busy_writer_learns_that_the_slot_is_gone, "4", "11.2"),
    case!(opening_during_a_close_succeeds_or_finds_nothing, "4"),
];

fn a_slot_can_be_opened_as_soon_as_it_is_created(cx: &Context) {
    for _ in 0..100 {
        let slot = cx.slot_at(&cx.path());
        slot.writer().put(b"x");
        assert_eq!(slot.take(), b"x");
    }
}

fn a_second_creation_leaves_the_first_slot_as_it_was(cx: &Context) {
    let slot = cx.slot(500, 0);
    let writer = slot.writer();
    writer.put(b"before");
    let before = slot.info();
    assert_eq!(cx.create(slot.path(), 3, 77).err(), Some(ALREADY_EXISTS));
    assert_eq!(slot.info(), before);
    writer.put(b"after");
    assert_eq!((slot.take(), slot.take()), (b"before".to_vec(), b"after".to_vec()));
}

fn closing_the_last_server_handle_removes_the_slot(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let _writer = slot.writer();
    let path = slot.close();
    cx.refuses_to_open(&path, FILE_NOT_FOUND);
}

fn closing_the_last_server_handle_frees_the_name_at_once(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let _used = slot.writer();
    _used.put(b"x");
    let path = slot.close();
    let again = cx.slot_at(&path);
    cx.refuses_to_create(again.path(), ALREADY_EXISTS);
}

fn closing_the_last_server_handle_deletes_unread_messages(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    (0..100).for_each(|_| writer.put(b"unread"));
    let again = cx.slot_at(&slot.close());
    assert_eq!(again.next_and_count(), (NO_MESSAGE, 0));
    again.is_empty_on_read();
}

fn closing_the_last_server_handle_kills_all_clients(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writers: Vec<_> = (0..20).map(|_| slot.writer()).collect();
    writers.iter().step_by(2).for_each(|writer| writer.put(b"x"));
    slot.close();
    writers.iter().for_each(|writer| assert_eq!(writer.write(b"x"), Err(HANDLE_EOF)));
}

fn a_slot_created_again_is_new_in_everything(cx: &Context) {
    let slot = cx.slot(10, 20);
    slot.set_read_timeout(30);
    slot.writer().put(b"old");
    let path = slot.close();
    let again = cx.create(&path, 0, 0).expect("the name is free");
    let info = again.info();
    assert_eq!((info.max_message_size, info.read_timeout), (0, 0));
    assert_eq!((info.next_size, info.count), (NO_MESSAGE, 0));
    again.writer().put(b"longer than the old limit");
    assert_eq!(again.take(), b"longer than the old limit");
}

fn old_clients_are_not_connected_to_a_slot_created_again(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let old = slot.writer();
    old.put(b"to the first slot");
    let again = cx.slot_at(&slot.close());
    assert_eq!(old.write(b"x"), Err(HANDLE_EOF));
    let new = again.writer();
    new.put(b"to the second slot");
    assert_eq!(old.write(b"x"), Err(HANDLE_EOF));
    assert_eq!(again.take(), b"to the second slot");
    again.is_empty_on_read();
    old.close();
    new.put(b"once more");
    assert_eq!(again.take(), b"once more");
}

fn a_dead_client_can_be_closed(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let (used, unused) = (slot.writer(), slot.writer());
    used.put(b"x");
    let path = slot.close();
    used.close();
    let again = cx.slot_at(&path);
    unused.close();
    again.writer().put(b"unharmed");
    assert_eq!(again.take(), b"unharmed");
}

fn a_client_does_not_keep_a_slot_alive(cx: &Context) {
    let path = cx.path();
    let mut clients = Vec::new();
    for _ in 0..10 {
        let slot = cx.slot_at(&path);
        clients.push(slot.writer());
        slot.close();
        cx.refuses_to_open(&path, FILE_NOT_FOUND);
    }
}

fn a_client_that_only_opens_and_closes_leaves_no_trace(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let before = slot.info();
    for _ in 0..100 {
        slot.writer().close();
    }
    assert_eq!(slot.info(), before);
    slot.is_empty_on_read();
}

fn messages_survive_their_writer(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    let writer = slot.writer();
    writer.put(b"first");
    writer.put(b"");
    writer.close();
    assert_eq!(slot.next_and_count(), (5, 2));
    assert_eq!((slot.take(), slot.take()), (b"first".to_vec(), Vec::new()));
}

fn a_name_can_be_used_many_times(cx: &Context) {
    let path = cx.path();
    for round in 0..200_u8 {
        let slot = cx.slot_at(&path);
        let writer = slot.writer();
        writer.put(&[round]);
        writer.put(b"never read");
        assert_eq!(slot.take(), [round]);
    }
}

fn of_two_concurrent_creations_one_succeeds(cx: &Context) {
    for _ in 0..100 {
        let path = cx.path();
        let (start, end) = (Barrier::new(2), Barrier::new(2));
        let attempt = || {
            start.wait();
            let result = cx.create(&path, ANY_SIZE, NO_WAIT);
            end.wait();
            result.err()
        };
        let mut errors = thread::scope(|scope| [scope.spawn(attempt), scope.spawn(attempt)].map(joined));
        errors.sort();
        assert_eq!(errors, [None, Some(ALREADY_EXISTS)]);
    }
}

fn a_busy_writer_learns_that_the_slot_is_gone(cx: &Context) {
    for _ in 0..20 {
        let slot = cx.slot_at(&cx.path());
        let writer = slot.writer();
        writer.put(b"the first");
        let last = thread::scope(|scope| {
            let busy = scope.spawn(move || {
                loop {
                    match writer.write(b"more and more") {
                        // A bounded queue may fill up before the close.
                        Ok(_) | Err(NO_SYSTEM_RESOURCES) => {}
                        Err(code) => return code,
                    }
                }
            });
            slot.take();
            let path = slot.close();
            cx.refuses_to_open(&path, FILE_NOT_FOUND);
            joined(busy)
        });
        assert_eq!(last, HANDLE_EOF);
    }
}

fn opening_during_a_close_succeeds_or_finds_nothing(cx: &Context) {
    for _ in 0..100 {
        let slot = cx.slot_at(&cx.path());
        let path = slot.path().to_owned();
        let start = Barrier::new(2);
        let opened = thread::scope(|scope| {
            let opening = scope.spawn(|| {
                start.wait();
                cx.open(&path)
            });
            start.wait();
            slot.close();
            joined(opening)
        });
        match opened {
            Ok(writer) => assert_eq!(writer.write(b"x"), Err(HANDLE_EOF)),
            Err(code) => assert_eq!(code, FILE_NOT_FOUND),
        }
    }
}
