//! Names of the same slot, and names of different ones.

use crate::case::{Case, case};
use crate::context::{Context, PREFIX};

pub(super) const CASES: &[Case] = &[
    case!(letter_case_does_not_count, "1.1", "1.3"),
    case!(letter_case_outside_ascii_does_not_count, "1.1", "11.8"),
    case!(letters_are_folded_one_by_one, "11.8"),
    case!(letters_outside_the_basic_plane_are_not_folded, "11.8"),
    case!(composed_and_decomposed_letters_are_different, "11.8"),
    case!(slashes_are_backslashes, "1.2", "1.3", "11.6"),
    case!(repeated_separators_are_one, "1.2", "11.6"),
    case!(dots_as_levels_are_resolved, "1.2", "11.6"),
    case!(final_dots_and_spaces_do_not_count, "1.2", "11.6"),
    case!(the_verbatim_prefixes_lead_to_the_same_slots, "1.1"),
    case!(nothing_is_normalised_behind_the_verbatim_prefix, "11.6"),
    case!(a_slot_and_one_below_its_name_are_independent, "1.1"),
    case!(similar_names_are_different_slots, "1.1"),
    case!(names_that_escapes_could_confuse_are_different_slots, "11.7"),
];

fn letter_case_does_not_count(cx: &Context) {
    let name = format!(r"{}\Plant\Line1", cx.unique());
    cx.same_slot(&format!(r"\\.\mailslot\{name}"), &format!(r"\\.\MAILSLOT\{}", name.to_uppercase()));
    cx.same_slot(&format!(r"\\.\mailslot\{name}"), &format!(r"\\.\mAiLsLoT\{}", name.to_lowercase()));
}

fn letter_case_outside_ascii_does_not_count(cx: &Context) {
    let path = cx.path();
    for (lower, upper) in [("é", "É"), ("ñandú", "ÑANDÚ"), ("ÿ", "Ÿ"), ("ωμέγα", "ΩΜΈΓΑ"), ("почта", "ПОЧТА")]
    {
        cx.same_slot(&format!("{path}{lower}"), &format!("{path}{upper}"));
        cx.same_slot(&format!(r"{path}\{lower}\x"), &format!(r"{path}\{upper}\X"));
    }
}

fn letters_are_folded_one_by_one(cx: &Context) {
    let path = cx.path();
    cx.different_slots(&format!("{path}straße"), &format!("{path}strasse"));
    cx.different_slots(&format!("{path}ﬁ"), &format!("{path}fi"));
    cx.different_slots(&format!("{path}ı"), &format!("{path}i"));
    cx.different_slots(&format!("{path}e"), &format!("{path}é"));
    cx.different_slots(&format!("{path}Α"), &format!("{path}A"));
}

fn letters_outside_the_basic_plane_are_not_folded(cx: &Context) {
    let path = cx.path();
    cx.different_slots(&format!("{path}\u{10428}"), &format!("{path}\u{10400}"));
}

fn composed_and_decomposed_letters_are_different(cx: &Context) {
    let path = cx.path();
    cx.different_slots(&format!("{path}\u{e9}"), &format!("{path}e\u{301}"));
}

fn slashes_are_backslashes(cx: &Context) {
    let name = cx.unique();
    let backslashes = format!(r"\\.\mailslot\{name}\y");
    for other in
        ["//./mailslot/N/y", r"\\.\mailslot/N\y", r"\\.\mailslot\N/y", r"\\./mailslot\N\y", r"/\.\mailslot\N\y"]
    {
        cx.same_slot(&backslashes, &other.replace('N', &name));
    }
}

fn repeated_separators_are_one(cx: &Context) {
    let name = cx.unique();
    let single = format!(r"\\.\mailslot\{name}\y");
    for other in [r"\\.\mailslot\\N\y", r"\\.\mailslot\N\\y", r"\\.\mailslot\\\N\\\\y", "//./mailslot//N//y"] {
        cx.same_slot(&single, &other.replace('N', &name));
    }
}

fn dots_as_levels_are_resolved(cx: &Context) {
    let name = cx.unique();
    cx.same_slot(&format!(r"{PREFIX}a\..\{name}"), &format!("{PREFIX}{name}"));
    cx.same_slot(&format!(r"{PREFIX}{name}\.\b"), &format!(r"{PREFIX}{name}\b"));
    cx.same_slot(&format!(r"{PREFIX}.\{name}"), &format!("{PREFIX}{name}"));
    cx.same_slot(&format!(r"{PREFIX}{name}\b\.."), &format!("{PREFIX}{name}"));
    cx.same_slot(&format!(r"{PREFIX}a\b\..\..\{name}"), &format!("{PREFIX}{name}"));
}

fn final_dots_and_spaces_do_not_count(cx: &Context) {
    let path = cx.path();
    for tail in [".", " ", "...", "   ", ". ."] {
        cx.same_slot(&format!("{path}{tail}"), &path);
        cx.same_slot(&format!(r"{path}\x{tail}"), &format!(r"{path}\x"));
    }
}

fn the_verbatim_prefixes_lead_to_the_same_slots(cx: &Context) {
    let name = cx.unique();
    let usual = format!(r"\\.\mailslot\{name}");
    cx.same_slot(&usual, &format!(r"\\?\mailslot\{name}"));
    cx.same_slot(&usual, &format!(r"\??\mailslot\{name}"));
    cx.same_slot(&usual, &format!(r"\\?\MAILSLOT\{}", name.to_uppercase()));
}

fn nothing_is_normalised_behind_the_verbatim_prefix(cx: &Context) {
    let name = cx.unique();
    let usual = format!("{PREFIX}{name}");
    cx.different_slots(&usual, &format!(r"\\?\mailslot\{name}."));
    cx.different_slots(&usual, &format!(r"\\?\mailslot\{name} "));
    cx.different_slots(&format!(r"{PREFIX}{name}\y"), &format!(r"\\?\mailslot\{name}/y"));
    cx.different_slots(&usual, &format!(r"\\?\mailslot\a\..\{name}"));
}

fn a_slot_and_one_below_its_name_are_independent(cx: &Context) {
    let path = cx.path();
    cx.different_slots(&path, &format!(r"{path}\sub"));
    cx.different_slots(&format!(r"{path}\sub"), &path);
    let upper = cx.slot_at(&path);
    let lower = cx.slot_at(&format!(r"{path}\sub"));
    let middle = cx.slot_at(&format!(r"{path}\other\sub"));
    upper.close();
    lower.writer().put(b"still here");
    middle.writer().put(b"here too");
    assert_eq!((lower.take(), middle.take()), (b"still here".to_vec(), b"here too".to_vec()));
}

fn similar_names_are_different_slots(cx: &Context) {
    let path = cx.path();
    for (one, other) in [("a", "b"), ("a", "aa"), ("a.b", "a"), (" a", "a"), ("a b", "ab"), (r"a\b", "a.b"), ("-", "_")]
    {
        cx.different_slots(&format!(r"{path}\{one}"), &format!(r"{path}\{other}"));
    }
}

fn names_that_escapes_could_confuse_are_different_slots(cx: &Context) {
    let path = cx.path();
    for (one, other) in
        [("%41", "A"), ("%5C", "%5c%"), ("a%2Fb", r"a\b"), ("%25", "%"), ("=3A", ":"), ("~1", "~"), ("+", " x")]
    {
        cx.different_slots(&format!(r"{path}\{one}"), &format!(r"{path}\{other}"));
    }
}
