//! Slots between processes, and processes that end.

use crate::case::{Case, case};
use crate::code::{ALREADY_EXISTS, FILE_NOT_FOUND, HANDLE_EOF, SEM_TIMEOUT};
use crate::context::Context;
use crate::system::{ANY_SIZE, FOREVER, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(another_process_can_write, "1.1", "4"),
    case!(another_process_can_read, "1.1", "4"),
    case!(a_message_from_another_process_ends_a_wait, "5"),
    case!(a_name_is_taken_for_every_process, "1.1", "1.2", "4"),
    case!(writers_in_several_processes_keep_their_order, "3"),
    case!(messages_survive_the_exit_of_their_writer, "3", "4"),
    case!(messages_survive_the_kill_of_their_writer, "3", "4"),
    case!(the_exit_of_a_client_leaves_the_slot_alone, "4"),
    case!(the_exit_of_the_owner_is_a_close, "4", "10.8"),
    case!(the_kill_of_the_owner_is_a_close, "4", "10.8"),
    case!(the_kill_of_a_waiting_owner_is_a_close, "4"),
    case!(a_killed_owner_leaves_no_messages, "4"),
    case!(a_client_in_another_process_learns_that_the_slot_is_gone, "4", "11.2"),
    case!(letter_case_does_not_count_between_processes, "1.1"),
];

fn another_process_can_write(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let mut peer = cx.peer();
    assert_eq!(peer.open(slot.path()), Ok(()));
    assert_eq!(peer.write("from over there"), Ok(()));
    assert_eq!(slot.next_and_count(), (15, 1));
    assert_eq!(slot.take(), b"from over there");
    assert_eq!(peer.write(""), Ok(()));
    assert_eq!(slot.read(0), Ok(Vec::new()));
}

fn another_process_can_read(cx: &Context) {
    let path = cx.path();
    let mut peer = cx.peer();
    assert_eq!(peer.create(&path, NO_WAIT), Ok(()));
    peer.begin_read(100);
    assert_eq!(peer.end_read(), Err(SEM_TIMEOUT));
    let writer = cx.writer(&path);
    writer.put(b"to over there");
    peer.begin_read(100);
    assert_eq!(peer.end_read().as_deref(), Ok("to over there"));
    peer.close();
    assert_eq!(writer.write(b"x"), Err(HANDLE_EOF));
}

fn a_message_from_another_process_ends_a_wait(cx: &Context) {
    let (path, mut peer) = (cx.path(), cx.peer());
    assert_eq!(peer.create(&path, FOREVER), Ok(()));
    let writer = cx.writer(&path);
    for _ in 0..200 {
        peer.begin_read(100);
        writer.put(b"wake up");
        assert_eq!(peer.end_read().as_deref(), Ok("wake up"));
    }
    peer.close();
}

fn a_name_is_taken_for_every_process(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let mut peer = cx.peer();
    assert_eq!(peer.create(slot.path(), NO_WAIT), Err(ALREADY_EXISTS));
    let path = slot.close();
    assert_eq!(peer.create(&path, NO_WAIT), Ok(()));
    cx.refuses_to_create(&path, ALREADY_EXISTS);
    peer.close();
    cx.slot_at(&path);
}

fn writers_in_several_processes_keep_their_order(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let mut peers = [cx.peer(), cx.peer()];
    for peer in &mut peers {
        assert_eq!(peer.open(slot.path()), Ok(()));
    }
    let own = slot.writer();
    for number in 0..100 {
        assert_eq!(peers[number % 2].write(&format!("there {number}")), Ok(()));
        own.put(format!("here {number}").as_bytes());
    }
    for number in 0..100 {
        assert_eq!(slot.take(), format!("there {number}").as_bytes());
        assert_eq!(slot.take(), format!("here {number}").as_bytes());
    }
}

fn messages_survive_the_exit_of_their_writer(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let mut peer = cx.peer();
    assert_eq!(peer.open(slot.path()), Ok(()));
    assert_eq!(peer.write("left behind"), Ok(()));
    peer.exit();
    assert_eq!(slot.next_and_count(), (11, 1));
    assert_eq!(slot.take(), b"left behind");
}

fn messages_survive_the_kill_of_their_writer(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let mut peer = cx.peer();
    assert_eq!(peer.open(slot.path()), Ok(()));
    assert_eq!(peer.write("left behind"), Ok(()));
    peer.kill();
    slot.writer().put(b"by the next one");
    assert_eq!(slot.take(), b"left behind");
    assert_eq!(slot.take(), b"by the next one");
}

fn the_exit_of_a_client_leaves_the_slot_alone(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let (mut exiting, mut killed) = (cx.peer(), cx.peer());
    assert_eq!((exiting.open(slot.path()), killed.open(slot.path())), (Ok(()), Ok(())));
    exiting.exit();
    killed.kill();
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
    slot.is_empty_on_read();
    slot.writer().put(b"x");
    assert_eq!(slot.take(), b"x");
}

fn the_exit_of_the_owner_is_a_close(cx: &Context) {
    let (path, mut owner) = (cx.path(), cx.peer());
    assert_eq!(owner.create(&path, NO_WAIT), Ok(()));
    let writer = cx.writer(&path);
    writer.put(b"x");
    owner.exit();
    is_closed(cx, &path, || writer.write(b"x"));
}

fn the_kill_of_the_owner_is_a_close(cx: &Context) {
    let (path, mut owner) = (cx.path(), cx.peer());
    assert_eq!(owner.create(&path, NO_WAIT), Ok(()));
    let writer = cx.writer(&path);
    writer.put(b"x");
    owner.kill();
    is_closed(cx, &path, || writer.write(b"x"));
}

fn the_kill_of_a_waiting_owner_is_a_close(cx: &Context) {
    let (path, mut owner) = (cx.path(), cx.peer());
    assert_eq!(owner.create(&path, FOREVER), Ok(()));
    let writer = cx.writer(&path);
    owner.begin_read(100);
    writer.put(b"shows that it reads");
    assert_eq!(owner.end_read().as_deref(), Ok("shows that it reads"));
    owner.begin_read(100);
    owner.kill();
    is_closed(cx, &path, || writer.write(b"x"));
}

fn a_killed_owner_leaves_no_messages(cx: &Context) {
    let (path, mut owner) = (cx.path(), cx.peer());
    assert_eq!(owner.create(&path, NO_WAIT), Ok(()));
    let writer = cx.writer(&path);
    (0..100).for_each(|_| writer.put(&[7; 5000]));
    owner.kill();
    let again = cx.slot_at(&path);
    assert_eq!(again.next_and_count(), (NO_MESSAGE, 0));
    again.is_empty_on_read();
    assert_eq!(writer.write(b"x"), Err(HANDLE_EOF));
}

fn a_client_in_another_process_learns_that_the_slot_is_gone(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    let mut peer = cx.peer();
    assert_eq!(peer.open(slot.path()), Ok(()));
    assert_eq!(peer.write("x"), Ok(()));
    let path = slot.close();
    assert_eq!(peer.write("x"), Err(HANDLE_EOF));
    assert_eq!(peer.open(&path), Err(FILE_NOT_FOUND));
    let again = cx.slot_at(&path);
    assert_eq!(peer.write("x"), Err(HANDLE_EOF));
    assert_eq!(peer.open(&path), Ok(()));
    assert_eq!(peer.write("to the new slot"), Ok(()));
    assert_eq!(again.take(), b"to the new slot");
}

fn letter_case_does_not_count_between_processes(cx: &Context) {
    let slot = cx.slot_at(&format!(r"{}\Plant", cx.path()));
    let mut peer = cx.peer();
    assert_eq!(peer.create(&slot.path().to_uppercase(), NO_WAIT), Err(ALREADY_EXISTS));
    assert_eq!(peer.open(&slot.path().to_uppercase()), Ok(()));
    assert_eq!(peer.write("x"), Ok(()));
    assert_eq!(slot.take(), b"x");
}

/// Expects the effects of a close: writes fail, and the name is free.
#[track_caller]
fn is_closed(cx: &Context, path: &str, write: impl Fn() -> Result<usize, u32>) {
    assert_eq!(write(), Err(HANDLE_EOF));
    cx.refuses_to_open(path, FILE_NOT_FOUND);
    let again = cx.slot_at(path);
    assert_eq!(write(), Err(HANDLE_EOF));
    assert_eq!(again.next_and_count(), (NO_MESSAGE, 0));
}
