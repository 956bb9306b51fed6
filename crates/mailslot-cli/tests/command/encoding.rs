//! Messages in the text formats of other programs: encodings and NULs.

use serde_json::json;

use crate::machine::Machine;

/// Encodings by the names that users of Windows know, with texts and their bytes.
const TEXTS: [(&str, &str, &[u8]); 10] = [
    ("utf-8", "Gr\u{f6}\u{df}e", b"Gr\xc3\xb6\xc3\x9fe"),
    ("utf-16le", "Gr\u{f6}\u{df}e \u{1f600}", b"G\0r\0\xf6\0\xdf\0e\0 \0\x3d\xd8\0\xde"),
    ("utf-16be", "Gr\u{f6}\u{df}e", b"\0G\0r\0\xf6\0\xdf\0e"),
    ("cp1252", "Gr\u{f6}\u{df}e \u{20ac}", b"Gr\xf6\xdfe \x80"),
    ("1251", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}", b"\xcf\xf0\xe8\xe2\xe5\xf2"),
    ("cp866", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}", b"\x8f\xe0\xa8\xa2\xa5\xe2"),
    ("cp932", "\u{65e5}\u{672c}", b"\x93\xfa\x96\x7b"),
    ("cp936", "\u{4f60}\u{597d}", b"\xc4\xe3\xba\xc3"),
    ("cp949", "\u{d55c}\u{ae00}", b"\xc7\xd1\xb1\xdb"),
    ("koi8-r", "\u{41c}\u{438}\u{440}", b"\xed\xc9\xd2"),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Each text, as argument, line, whole input and file, with and without NUL, arrives in its encoding and is printed
/// unchanged.
#[test]
fn every_text_is_sent_in_its_bytes_and_comes_back() {
    let machine = Machine::new();
    let directory = tempfile::tempdir().expect("a directory");
    for (encoding, text, bytes) in TEXTS {
        let file = directory.path().join("text");
        std::fs::write(&file, text).expect("writable");
        let file = file.to_str().expect("UTF-8");
        for nul in [&[][..], &["--nul"]] {
            let options = [&["--encoding", encoding][..], nul].concat();
            let width = if encoding.starts_with("utf-16") { 2 } else { 1 };
            let expected = hex(&[bytes, &[0, 0][..width * nul.len()]].concat());
            let raw = machine.listen(&["raw", "--format", "hex", "--count", "5"]);
            let shown = machine.listen(&[&["shown", "--count", "5"][..], &options].concat());
            for slot in ["raw", "shown"] {
                let send = [&["send", slot][..], &options].concat();
                machine.run(&[&send[..], &["--", text]].concat()).succeeded();
                machine.run_with_input(&send, format!("{text}\n{text}\n").as_bytes()).succeeded();
                machine.run_with_input(&[&send[..], &["--whole"]].concat(), text.as_bytes()).succeeded();
                machine.run(&[&send[..], &["--file", file]].concat()).succeeded();
            }
            assert_eq!(raw.finish().text(), format!("{expected}\n").repeat(5), "{encoding} {nul:?}");
            assert_eq!(shown.finish().text(), format!("{text}\n").repeat(5), "{encoding} {nul:?}");
        }
    }
}

#[test]
fn nul_needs_no_encoding() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--format", "hex", "--count", "1"]);
    machine.run_with_input(&["send", "alerts", "--nul", "--whole"], b"\xff").succeeded();
    assert_eq!(listener.finish().text(), "ff00\n");
    for format in ["raw", "hex", "text"] {
        let listener = machine.listen(&["alerts", "--nul", "--format", format, "--count", "3"]);
        machine.run_with_input(&["send", "alerts", "--whole"], b"a\0\0\0").succeeded();
        machine.send("alerts", &["b", ""]);
        let printed = listener.finish().text();
        assert_eq!(printed.replace('\n', ""), if format == "hex" { "6162" } else { "ab" });
    }
}

#[test]
fn what_is_no_text_is_escaped_and_in_json_whole() {
    // Half a surrogate pair, and half a unit.
    let bytes = b"a\0\0\xd8b\0\n\0c";
    for (options, printed) in [(&[][..], "a\\x00\\xd8b\\n\\x63\n"), (&["--format", "raw"], "a\\x00\\xd8b\n\\x63")] {
        let machine = Machine::new();
        let arguments = ["alerts", "--encoding", "utf-16le", "--count", "1"];
        let listener = machine.listen(&[&arguments[..], options].concat());
        machine.run_with_input(&["send", "alerts", "--whole"], bytes).succeeded();
        assert_eq!(listener.finish().text(), printed);
    }
    let machine = Machine::new();
    let arguments = ["alerts", "--encoding", "utf-16le", "--nul", "--count", "2", "--format", "json"];
    let listener = machine.listen(&arguments);
    machine.run_with_input(&["send", "alerts", "--whole"], bytes).succeeded();
    machine.run(&["send", "alerts", "--encoding", "utf-16le", "--nul", "\u{e9}\n"]).succeeded();
    let messages = listener.finish().json_lines();
    assert_eq!((&messages[0]["data_hex"], &messages[0]["data"]), (&json!(hex(bytes)), &json!(null)));
    assert_eq!((&messages[1]["data"], &messages[1]["size"]), (&json!("\u{e9}\n"), &json!(6)));
}

#[test]
fn commands_and_until_see_the_text() {
    let machine = Machine::new();
    let command = "printf '%s:' \"$MAILSLOT_SIZE\"; cat; echo";
    let arguments = ["alerts", "--encoding", "cp1252", "--nul", "--until", "\u{fc}ber", "--exec", command];
    let listener = machine.listen(&arguments);
    machine.run(&["send", "alerts", "--encoding", "cp1252", "--nul", "\u{e9}", "\u{fc}ber"]).succeeded();
    assert_eq!(listener.finish().text(), "2:\u{e9}\n5:\u{fc}ber\n");
}

#[test]
fn text_that_cannot_be_sent_says_why_and_what_is_before_it_is_sent() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "4", "--format", "hex"]);
    let send = ["send", "alerts", "--encoding", "cp1251"];
    machine
        .run(&[&send[..], &["one", "\u{20ac} \u{df}", "three"]].concat())
        .failed(1, &["windows-1251 has no '\u{df}' (U+00DF)", "utf-8 and utf-16le", "1 message was sent before"]);
    machine
        .run_with_input(&send, b"two\nthree\nfo\xffr\nfive\n")
        .failed(1, &["not UTF-8: byte 3 is 0xff", "sent without", "2 messages were sent before"]);
    machine.run_with_input(&[&send[..], &["--whole"]].concat(), b"\xff").failed(1, &["not UTF-8: byte 1"]);
    machine.send("alerts", &["end"]);
    assert_eq!(listener.finish().text(), "6f6e65\n74776f\n7468726565\n656e64\n");
}

#[test]
fn the_limit_is_of_the_message_and_not_of_its_text() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--max-size", "4", "--count", "3"]);
    // Four bytes, and six in UTF-8.
    let text = "\u{65e5}\u{672c}";
    machine.run_with_input(&["send", "alerts", "--encoding", "cp932"], format!("{text}\n").as_bytes()).succeeded();
    machine.run_with_input(&["send", "alerts", "--encoding", "utf-16le", "--whole"], text.as_bytes()).succeeded();
    machine.run(&["send", "alerts", "--encoding", "utf-16le", "--nul", text]).failed(7, &["too large"]);
    machine.run_with_input(&["send", "alerts", "--encoding", "cp932", "--whole"], &[b'x'; 5]).failed(7, &["too large"]);
    machine.run_with_input(&["send", "alerts", "--encoding", "cp932", "--whole"], &[b'x'; 99]).failed(7, &["4 bytes"]);
    machine.send("alerts", &["end"]);
    listener.finish().succeeded();
}

#[test]
fn encodings_that_are_not_there_are_wrong_usage() {
    let machine = Machine::new();
    for command in ["listen", "send"] {
        machine.run(&[command, "x", "--encoding", "cp1"]).failed(2, &["utf-16le", "cp1252"]);
    }
    machine.run(&["listen", "x", "--encoding", "utf-8", "--format", "hex"]).failed(2, &["hex", "leave one out"]);
}
