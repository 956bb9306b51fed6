//! The names with which slots can be created.

use crate::case::{Case, case};
use crate::code::{ALREADY_EXISTS, FILENAME_EXCED_RANGE, INVALID_NAME, PATH_NOT_FOUND};
use crate::context::{Context, PREFIX};
use crate::system::{ANY_SIZE, NO_WAIT};

/// UTF-16 units of the longest slot name: 32766 of the NT path less the 13 of `\??\MAILSLOT\`.
pub(super) const LONGEST: usize = 32_766 - 13;

pub(super) const CASES: &[Case] = &[
    case!(slots_can_be_created_below_the_prefix_in_any_letter_case, "1.1", "1.2"),
    case!(slot_names_can_have_several_levels, "1.1", "1.2"),
    case!(levels_need_not_exist_before_the_slot, "1.1"),
    case!(an_empty_name_creates_nothing, "1.2"),
    case!(a_name_without_prefix_creates_nothing, "1.2", "A.1"),
    case!(relative_and_disk_paths_create_nothing, "1.2"),
    case!(paths_of_other_devices_create_nothing, "1.2"),
    case!(a_path_below_an_unknown_device_is_not_found_on_creation, "1.2"),
    case!(paths_without_a_device_create_nothing, "1.2"),
    case!(remote_forms_create_nothing, "1.1", "1.2", "11.4"),
    case!(the_prefix_alone_creates_nothing, "1.2", "10.20", "11.3"),
    case!(names_that_lead_out_of_the_prefix_create_nothing, "1.2", "11.6"),
    case!(a_name_with_a_final_backslash_creates_nothing, "1.2", "11.5"),
    case!(punctuation_can_be_in_names, "1.2", "11.7"),
    case!(a_colon_can_be_in_names, "1.1", "1.2", "11.7", "A.13"),
    case!(control_characters_can_be_in_names, "1.2", "11.7"),
    case!(names_of_dos_devices_are_not_special, "1.2"),
    case!(inner_spaces_and_dots_can_be_in_names, "1.2"),
    case!(characters_outside_ascii_can_be_in_names, "1.2"),
    case!(names_are_not_cut_to_eight_and_three_characters, "1.1"),
    case!(the_longest_name_can_be_used, "1.4", "10.19", "11.9", "A.13"),
    case!(one_unit_more_than_the_longest_name_is_too_long, "1.4", "11.9", "A.13"),
    case!(the_longest_name_is_measured_in_utf16_units, "1.4", "11.9"),
    case!(names_of_256_to_4096_units_can_be_used, "1.4", "10.19"),
    case!(a_taken_name_cannot_be_created_again, "1.2", "4", "10.21"),
    case!(a_taken_name_cannot_be_created_again_in_another_letter_case, "1.1", "1.2"),
    case!(a_taken_name_cannot_be_created_again_in_another_spelling, "1.2", "11.6"),
];

fn slots_can_be_created_below_the_prefix_in_any_letter_case(cx: &Context) {
    for prefix in [r"\\.\mailslot\", r"\\.\MAILSLOT\", r"\\.\MailSlot\"] {
        let slot = cx.slot_at(&format!("{prefix}{}", cx.unique()));
        slot.writer().put(b"x");
        assert_eq!(slot.take(), b"x");
    }
}

fn slot_names_can_have_several_levels(cx: &Context) {
    can_be_used(cx, &format!(r"{}\b\c", cx.path()));
    can_be_used(cx, &format!(r"{}\1\2\3\4\5\6\7\8\9\10", cx.path()));
}

fn levels_need_not_exist_before_the_slot(cx: &Context) {
    let level = cx.path();
    let slot = cx.slot_at(&format!(r"{level}\sub"));
    cx.refuses_to_open(&level, crate::code::FILE_NOT_FOUND);
    let path = slot.close();
    cx.refuses_to_open(&path, crate::code::FILE_NOT_FOUND);
}

fn an_empty_name_creates_nothing(cx: &Context) {
    cx.refuses_to_create("", PATH_NOT_FOUND);
}

fn a_name_without_prefix_creates_nothing(cx: &Context) {
    cx.refuses_to_create("blah", INVALID_NAME);
    cx.refuses_to_create(&cx.unique(), INVALID_NAME);
}

fn relative_and_disk_paths_create_nothing(cx: &Context) {
    for path in [r"mailslot\x", r"\mailslot\x", r"C:\x"] {
        cx.refuses_to_create(path, INVALID_NAME);
    }
}

fn paths_of_other_devices_create_nothing(cx: &Context) {
    for path in [r"\\.\pipe\x", r"\\.\mailslotx"] {
        cx.refuses_to_create(path, INVALID_NAME);
    }
}

fn a_path_below_an_unknown_device_is_not_found_on_creation(cx: &Context) {
    cx.refuses_to_create(r"\\.\mailslots\x", PATH_NOT_FOUND);
}

fn paths_without_a_device_create_nothing(cx: &Context) {
    for path in [r"\\.\", r"\\."] {
        cx.refuses_to_create(path, INVALID_NAME);
    }
}

fn remote_forms_create_nothing(cx: &Context) {
    let name = cx.unique();
    for host in ["*", "HOST", "localhost", "127.0.0.1"] {
        cx.refuses_to_create(&format!(r"\\{host}\mailslot\{name}"), INVALID_NAME);
    }
    cx.refuses_to_create(r"\\", INVALID_NAME);
    cx.refuses_to_open(&format!("{PREFIX}{name}"), crate::code::FILE_NOT_FOUND);
}

fn the_prefix_alone_creates_nothing(cx: &Context) {
    for path in [r"\\.\mailslot", r"\\.\mailslot\", r"\\.\mailslot\."] {
        cx.refuses_to_create(path, INVALID_NAME);
    }
}

fn names_that_lead_out_of_the_prefix_create_nothing(cx: &Context) {
    for path in [r"\\.\mailslot\..", r"\\.\mailslot\..\b", r"\\.\mailslot\a\..\..\b"] {
        cx.refuses_to_create(path, INVALID_NAME);
    }
}

fn a_name_with_a_final_backslash_creates_nothing(cx: &Context) {
    let path = cx.path();
    cx.refuses_to_create(&format!(r"{path}\"), INVALID_NAME);
    cx.refuses_to_create(&format!(r"{path}\sub\"), INVALID_NAME);
    cx.refuses_to_open(&path, crate::code::FILE_NOT_FOUND);
}

fn punctuation_can_be_in_names(cx: &Context) {
    let path = cx.path();
    for character in "*?<>|\"!#$%&'()+,-;=@[]^_`{}~".chars() {
        can_be_used(cx, &format!("{path}{character}"));
        can_be_used(cx, &format!("{path}{character}{character}x"));
        can_be_used(cx, &format!(r"{path}\{character}"));
    }
}

fn a_colon_can_be_in_names(cx: &Context) {
    can_be_used(cx, &format!(r"{}R:\FRED", cx.path()));
    can_be_used(cx, &format!("{}:stream", cx.path()));
    can_be_used(cx, &format!("{}:", cx.path()));
}

fn control_characters_can_be_in_names(cx: &Context) {
    let path = cx.path();
    for character in ('\u{1}'..='\u{1f}').chain(['\u{7f}']) {
        can_be_used(cx, &format!("{path}{character}x"));
    }
}

fn names_of_dos_devices_are_not_special(cx: &Context) {
    for device in ["nul", "NUL", "con", "COM1", "lpt9", "aux.txt", "prn"] {
        can_be_used(cx, &format!(r"{}\{device}", cx.path()));
    }
}

fn inner_spaces_and_dots_can_be_in_names(cx: &Context) {
    let path = cx.path();
    for tail in [" line 1", ".a.b", "..x", " . x"] {
        can_be_used(cx, &format!("{path}{tail}"));
    }
}

fn characters_outside_ascii_can_be_in_names(cx: &Context) {
    let path = cx.path();
    for tail in ["é", "Straße", "Ωμέγα", "почта", "郵便", "😀", "a\u{301}", "\u{202e}x", "\u{fffd}"] {
        can_be_used(cx, &format!("{path}{tail}"));
        can_be_used(cx, &format!(r"{path}\{tail}\{tail}"));
    }
}

fn names_are_not_cut_to_eight_and_three_characters(cx: &Context) {
    let path = format!("{}-long-first-part", cx.path());
    cx.different_slots(&format!("{path}1.extension"), &format!("{path}1.extensive"));
    cx.different_slots(&format!("{path}1.ext"), &format!("{path}2.ext"));
}

fn the_longest_name_can_be_used(cx: &Context) {
    let slot = of_units(cx, LONGEST);
    can_be_used(cx, &slot);
    let levels = format!(r"{}\{}", cx.unique(), "0123456789\\".repeat(LONGEST));
    let levels: String = levels.chars().take(LONGEST - 1).chain(['x']).collect();
    can_be_used(cx, &format!("{PREFIX}{levels}"));
}

fn one_unit_more_than_the_longest_name_is_too_long(cx: &Context) {
    cx.refuses_to_create(&of_units(cx, LONGEST + 1), FILENAME_EXCED_RANGE);
    cx.refuses_to_open(&of_units(cx, LONGEST + 1), FILENAME_EXCED_RANGE);
    cx.refuses_to_create(&of_units(cx, LONGEST + 1000), FILENAME_EXCED_RANGE);
}

fn the_longest_name_is_measured_in_utf16_units(cx: &Context) {
    let three_bytes = "郵".repeat(LONGEST - 100);
    can_be_used(cx, &cx.padded(&three_bytes, LONGEST));
    let two_units = "😀".repeat((LONGEST - 100) / 2);
    can_be_used(cx, &cx.padded(&two_units, LONGEST));
    cx.refuses_to_create(&cx.padded(&two_units, LONGEST + 1), FILENAME_EXCED_RANGE);
}

fn names_of_256_to_4096_units_can_be_used(cx: &Context) {
    for units in [246, 247, 254, 255, 256, 260, 511, 512, 1000, 1023, 1024, 4095, 4096] {
        can_be_used(cx, &of_units(cx, units));
    }
}

fn a_taken_name_cannot_be_created_again(cx: &Context) {
    let slot = cx.slot_at(&cx.path());
    cx.refuses_to_create(slot.path(), ALREADY_EXISTS);
    cx.refuses_to_create(slot.path(), ALREADY_EXISTS);
    assert_eq!(cx.create(slot.path(), 424, 1000).err(), Some(ALREADY_EXISTS));
}

fn a_taken_name_cannot_be_created_again_in_another_letter_case(cx: &Context) {
    let slot = cx.slot_at(&format!("{}-Ünï\\Sub", cx.path()));
    cx.refuses_to_create(&slot.path().to_uppercase(), ALREADY_EXISTS);
    cx.refuses_to_create(&slot.path().to_lowercase(), ALREADY_EXISTS);
}

fn a_taken_name_cannot_be_created_again_in_another_spelling(cx: &Context) {
    let name = cx.unique();
    let _slot = cx.slot_at(&format!("{PREFIX}{name}"));
    for path in [
        format!("//./mailslot/{name}"),
        format!(r"\\.\mailslot\\{name}"),
        format!(r"\\.\mailslot\.\{name}"),
        format!(r"\\.\mailslot\x\..\{name}"),
        format!(r"\\?\mailslot\{name}"),
        format!("{PREFIX}{name}."),
    ] {
        assert_eq!(cx.create(&path, ANY_SIZE, NO_WAIT).err(), Some(ALREADY_EXISTS), "{path}");
    }
}

/// Expects that a slot can be created at `path`, opened and used.
#[track_caller]
pub(super) fn can_be_used(cx: &Context, path: &str) {
    let slot = cx.slot_at(path);
    cx.writer(path).put(b"through this name");
    assert_eq!(slot.take(), b"through this name");
}

/// The path of a new slot name with `units` UTF-16 units.
fn of_units(cx: &Context, units: usize) -> String {
    cx.padded("", units)
}
