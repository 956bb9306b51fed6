//! The names that can be opened for writing.

use crate::case::{Case, case};
use crate::code::{FILE_NOT_FOUND, PATH_NOT_FOUND, REMOTE_MAILSLOTS_DEPRECATED};
use crate::context::{Context, PREFIX};

pub(super) const CASES: &[Case] = &[
    case!(a_missing_slot_is_not_found, "1.3", "2.4", "10.21", "A.2"),
    case!(a_missing_slot_with_levels_is_a_missing_file_and_not_a_missing_path, "1.3"),
    case!(a_slot_has_nothing_below_it, "1.3"),
    case!(an_existing_slot_with_a_final_backslash_is_not_found, "1.3", "11.5"),
    case!(the_prefix_alone_cannot_be_opened, "1.3", "11.29"),
    case!(another_device_without_a_path_is_a_missing_file, "1.3"),
    case!(a_path_below_an_unknown_device_is_not_found_on_opening, "2.4"),
    case!(a_relative_path_is_not_a_mailslot, "1.3"),
    case!(an_empty_name_opens_nothing, "9.4"),
    case!(names_that_lead_out_of_the_prefix_open_nothing, "1.3", "11.6"),
    case!(odd_names_of_missing_slots_are_missing_files, "1.3", "11.7"),
    case!(opening_never_creates_a_slot, "2.4"),
    case!(without_a_node_other_computers_cannot_be_opened, "1.3", "8.4", "10.22", "11.22"),
    case!(without_a_node_the_own_domain_cannot_be_opened, "1.3", "8.4", "10.22", "11.22"),
];

fn a_missing_slot_is_not_found(cx: &Context) {
    cx.refuses_to_open(&cx.path(), FILE_NOT_FOUND);
}

fn a_missing_slot_with_levels_is_a_missing_file_and_not_a_missing_path(cx: &Context) {
    cx.refuses_to_open(&format!(r"{}\sub", cx.path()), FILE_NOT_FOUND);
    cx.refuses_to_open(&format!(r"{}\sub\sub\sub", cx.path()), FILE_NOT_FOUND);
}

fn a_slot_has_nothing_below_it(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    cx.refuses_to_open(&format!(r"{}\sub", slot.path()), FILE_NOT_FOUND);
}

fn an_existing_slot_with_a_final_backslash_is_not_found(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    cx.refuses_to_open(&format!(r"{}\", slot.path()), FILE_NOT_FOUND);
    slot.writer().put(b"x");
}

fn the_prefix_alone_cannot_be_opened(cx: &Context) {
    for path in [r"\\.\mailslot", r"\\.\mailslot\", r"\\.\mailslot\."] {
        cx.refuses_to_open(path, FILE_NOT_FOUND);
    }
}

fn another_device_without_a_path_is_a_missing_file(cx: &Context) {
    cx.refuses_to_open(r"\\.\mailslotx", FILE_NOT_FOUND);
}

fn a_path_below_an_unknown_device_is_not_found_on_opening(cx: &Context) {
    cx.refuses_to_open(r"\\.\mailslots\x", PATH_NOT_FOUND);
}

fn a_relative_path_is_not_a_mailslot(cx: &Context) {
    let name = cx.unique();
    let _slot = cx.slot_at(&format!("{PREFIX}{name}"));
    cx.refuses_to_open(&format!(r"mailslot\{name}"), PATH_NOT_FOUND);
}

fn an_empty_name_opens_nothing(cx: &Context) {
    cx.refuses_to_open("", PATH_NOT_FOUND);
}

fn names_that_lead_out_of_the_prefix_open_nothing(cx: &Context) {
    let name = cx.unique();
    let _slot = cx.slot_at(&format!("{PREFIX}{name}"));
    assert!(cx.open(&format!(r"\\.\mailslot\..\{name}")).is_err());
    assert!(cx.open(&format!(r"\\.\mailslot\x\..\..\{name}")).is_err());
}

fn odd_names_of_missing_slots_are_missing_files(cx: &Context) {
    let path = cx.path();
    for tail in ["*", "?", "<>|\"", ":", "\u{1}", r"\..x", r"\nul", "%", "é", "😀"] {
        cx.refuses_to_open(&format!("{path}{tail}"), FILE_NOT_FOUND);
    }
}

fn opening_never_creates_a_slot(cx: &Context) {
    let path = cx.path();
    for _ in 0..3 {
        cx.refuses_to_open(&path, FILE_NOT_FOUND);
    }
    cx.slot_at(&path);
}

fn without_a_node_other_computers_cannot_be_opened(cx: &Context) {
    let name = cx.unique();
    let slot = cx.slot_at(&format!("{PREFIX}{name}"));
    for host in ["NOSUCHHOST", "nosuchhost", "NOSUCHDOMAIN-15", "192.0.2.1"] {
        cx.refuses_to_open(&format!(r"\\{host}\mailslot\{name}"), REMOTE_MAILSLOTS_DEPRECATED);
        cx.refuses_to_open(&format!("//{host}/mailslot/{name}/missing"), REMOTE_MAILSLOTS_DEPRECATED);
    }
    slot.is_empty_on_read();
}

fn without_a_node_the_own_domain_cannot_be_opened(cx: &Context) {
    let name = cx.unique();
    let slot = cx.slot_at(&format!("{PREFIX}{name}"));
    cx.refuses_to_open(&format!(r"\\*\mailslot\{name}"), REMOTE_MAILSLOTS_DEPRECATED);
    cx.refuses_to_open(&format!(r"\\*\mailslot\{name}\missing"), REMOTE_MAILSLOTS_DEPRECATED);
    slot.is_empty_on_read();
}
