//! The scenarios that are known to hold on Windows itself, each as one sequence.
//!
//! Steps that need kinds of handles which the interface lacks are left out; the crate's documentation lists them.

use std::time::{Duration, Instant};

use crate::case::{Case, case};
use crate::code::{ALREADY_EXISTS, FILE_NOT_FOUND, INSUFFICIENT_BUFFER, INVALID_NAME, SEM_TIMEOUT};
use crate::context::Context;
use crate::system::{ANY_SIZE, Info, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(scenario_1_a_malformed_name_is_refused, "A.1"),
    case!(scenario_2_a_slot_is_missing_then_there_then_taken, "A.2"),
    case!(scenario_3_a_read_of_no_bytes_finds_an_empty_slot, "A.3"),
    case!(scenario_4_an_empty_read_lasts_its_second, "A.4"),
    case!(scenario_5_two_clients_write_without_sharing_anything, "A.5"),
    case!(scenario_6_an_empty_slot_tells_how_it_was_created, "A.6"),
    case!(scenario_7_a_message_waits_for_a_large_enough_buffer, "A.7"),
    case!(scenario_8_two_messages_then_one_of_no_bytes, "A.8"),
    case!(scenario_9_the_largest_parameters_come_back, "A.9"),
];

fn scenario_1_a_malformed_name_is_refused(cx: &Context) {
    assert_eq!(cx.create("blah", ANY_SIZE, NO_WAIT).err(), Some(INVALID_NAME));
}

fn scenario_2_a_slot_is_missing_then_there_then_taken(cx: &Context) {
    let path = cx.path();
    cx.refuses_to_open(&path, FILE_NOT_FOUND);
    let slot = cx.create(&path, 0, 1000);
    assert!(slot.is_ok());
    cx.refuses_to_create(&path, ALREADY_EXISTS);
}

fn scenario_3_a_read_of_no_bytes_finds_an_empty_slot(cx: &Context) {
    let slot = cx.slot(0, 1000);
    assert_eq!(slot.read(0), Err(SEM_TIMEOUT));
    slot.set_read_timeout(NO_WAIT);
    assert_eq!(slot.read(0), Err(SEM_TIMEOUT));
}

fn scenario_4_an_empty_read_lasts_its_second(cx: &Context) {
    let slot = cx.slot(0, 1000);
    let begin = Instant::now();
    assert_eq!(slot.read(1024), Err(SEM_TIMEOUT));
    assert!(begin.elapsed() >= Duration::from_millis(900), "only {:?}", begin.elapsed());
}

fn scenario_5_two_clients_write_without_sharing_anything(cx: &Context) {
    let slot = cx.slot(0, 1000);
    let first = slot.writer();
    let second = slot.writer();
    first.put(b"1");
    second.put(b"2");
    assert_eq!((slot.take(), slot.take()), (b"1".to_vec(), b"2".to_vec()));
}

fn scenario_6_an_empty_slot_tells_how_it_was_created(cx: &Context) {
    let info = cx.slot(0, 1000).info();
    assert_eq!(info, Info { max_message_size: 0, next_size: NO_MESSAGE, count: 0, read_timeout: 1000 });
}

fn scenario_7_a_message_waits_for_a_large_enough_buffer(cx: &Context) {
    let slot = cx.slot(0, 1000);
    slot.writer().put(b"hi");
    assert_eq!(slot.next_and_count(), (2, 1));
    assert_eq!(slot.read(1), Err(INSUFFICIENT_BUFFER));
    assert_eq!(slot.next_and_count(), (2, 1));
    assert_eq!(slot.read(1024), Ok(b"hi".to_vec()));
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
}

fn scenario_8_two_messages_then_one_of_no_bytes(cx: &Context) {
    let slot = cx.slot(0, 1000);
    let (first, second) = (slot.writer(), slot.writer());
    first.put(b"hi");
    second.put(b"there");
    assert_eq!(slot.next_and_count(), (2, 2));
    assert_eq!(slot.read(1024), Ok(b"hi".to_vec()));
    assert_eq!(slot.next_and_count(), (5, 1));
    assert_eq!(slot.read(1024), Ok(b"there".to_vec()));
    first.put(b"");
    assert_eq!(slot.next_and_count(), (0, 1));
    assert_eq!(slot.read(1024), Ok(Vec::new()));
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
}

fn scenario_9_the_largest_parameters_come_back(cx: &Context) {
    let info = cx.slot(0xffff_ffff, 0xffff_ffff).info();
    assert_eq!((info.max_message_size, info.read_timeout), (0xffff_ffff, 0xffff_ffff));
}
