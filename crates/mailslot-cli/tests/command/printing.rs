//! How `listen` prints messages, of one slot and of several.

use std::io::Read;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::machine::{Done, Listener, Machine};
use crate::terminal::Terminal;

/// Every sequence that some reader of text takes for the end of a line, with its escaped form.
const LINE_ENDS: [(&str, &str); 11] = [
    ("\n", r"\n"),
    ("\r", r"\r"),
    ("\r\n", r"\r\n"),
    ("\u{b}", r"\u{b}"),
    ("\u{c}", r"\u{c}"),
    ("\u{1c}", r"\u{1c}"),
    ("\u{1d}", r"\u{1d}"),
    ("\u{1e}", r"\u{1e}"),
    ("\u{85}", r"\u{85}"),
    ("\u{2028}", r"\u{2028}"),
    ("\u{2029}", r"\u{2029}"),
];

/// Each, at the beginning, in the middle and at the end of a message, in every way to print a line.
#[test]
fn no_writer_writes_two_lines_with_one_message() {
    for options in [&[][..], &["--time"], &["--template", "{time} {data}"], &["--template", "{time} {data} {size}"]] {
        let machine = Machine::new();
        let count = (LINE_ENDS.len() * 3).to_string();
        let listener = machine.listen(&[&["alerts", "--count", &count][..], options].concat());
        let messages = |end: &str| [format!("{end}a"), format!("a{end}b"), format!("a{end}")];
        for (end, _) in LINE_ENDS {
            machine.send("alerts", &messages(end));
        }
        let printed = listener.finish().text();
        let lines: Vec<&str> = printed.lines().collect();
        let expected: Vec<String> = LINE_ENDS.iter().flat_map(|(_, escaped)| messages(escaped)).collect();
        assert_eq!(lines.len(), expected.len(), "{printed}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.contains(&expected), "{expected} is not {line}");
            assert!(!line.contains(|c: char| LINE_ENDS.iter().any(|(end, _)| end.contains(c))), "{line:?}");
        }
    }
}

#[test]
fn text_is_as_it_was_but_for_line_ends() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "1"]);
    let message: Vec<u8> = (0..=255).filter(|byte| !b"\n\r\x0b\x0c\x1c\x1d\x1e".contains(byte)).collect();
    machine.run_with_input(&["send", "alerts", "--whole"], &message).succeeded();
    assert_eq!(listener.finish().succeeded(), [&message[..], b"\n"].concat());
}

/// With NUL as the end of messages, NUL cannot be forged, and line ends stay unchanged. Another `send` reads the
/// messages back.
#[test]
fn messages_that_end_with_nul_come_back_as_they_were() {
    let machine = Machine::new();
    let messages = ["", "two\nlines\n", "\r\u{85}\u{2028}", "last"];
    let listener = machine.listen(&["alerts", "-0", "--count", "4"]);
    machine.send("alerts", &messages);
    let printed = listener.finish().succeeded();
    assert_eq!(String::from_utf8_lossy(&printed), messages.map(|message| format!("{message}\0")).concat());

    let again = machine.listen(&["again", "--format", "hex", "--count", "5"]);
    machine.run_with_input(&["send", "again", "-0"], &printed).succeeded();
    machine.run_with_input(&["send", "again", "--zero"], b"without an end").succeeded();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    assert_eq!(
        again.finish().text(),
        [&messages[..], &["without an end"]].concat().iter().map(|text| hex(text)).collect::<String>()
    );

    let forged = machine.listen(&["alerts", "-0", "--count", "1"]);
    machine.run_with_input(&["send", "alerts", "--whole"], b"one\0two").succeeded();
    assert_eq!(forged.finish().succeeded(), b"one\\0two\0");
    let records = machine.listen(&["alerts", "-0", "--json", "--count", "1"]);
    machine.run_with_input(&["send", "alerts", "--whole"], b"one\0two").succeeded();
    let printed = records.finish().succeeded();
    let record = printed.strip_suffix(b"\0").expect("a NUL at its end");
    assert_eq!(serde_json::from_slice::<Value>(record).expect("JSON")["data"], "one\0two");
}

#[test]
fn nul_cannot_be_asked_for_where_it_means_nothing() {
    let machine = Machine::new();
    for args in [
        &["send", "x", "-0", "message"][..],
        &["send", "x", "-0", "--whole"],
        &["send", "x", "-0", "--file", "f"],
        &["listen", "x", "-0", "--format", "raw"],
        &["listen", "x", "-0", "--exec", "cat"],
    ] {
        machine.run(args).failed(2, &[]);
    }
}

/// Times are between the send and the end by the clock, in the order of the messages.
#[test]
fn the_time_is_when_the_message_was_received() {
    let machine = Machine::new();
    let now = || humantime::format_rfc3339_micros(std::time::SystemTime::now()).to_string();
    let listener = machine.listen(&["alerts", "--time", "--count", "2"]);
    let json = machine.listen(&["json", "--json", "--count", "1"]);
    let before = now();
    machine.send("alerts", &["one", "two"]);
    machine.send("json", &["one"]);
    let (text, json) = (listener.finish().text(), json.finish().json());
    let after = now();
    let (times, messages): (Vec<_>, Vec<_>) = text.lines().filter_map(|line| line.split_once(' ')).unzip();
    assert_eq!(messages, ["one", "two"]);
    let all = [before.as_str(), times[0], times[1], &after];
    assert!(all.is_sorted() && all.iter().all(|time| time.len() == after.len()), "{all:?}");
    let time = json["time"].as_str().expect("a time");
    assert!(before.as_str() <= time && time <= after.as_str(), "{before} {time} {after}");
}

/// Written before it was received, and both between the start and the end.
#[test]
fn stamped_messages_tell_when_they_were_written() {
    let machine = Machine::new();
    let now = || humantime::format_rfc3339_micros(std::time::SystemTime::now()).to_string();
    let before = now();
    let template = "{sent} {time} {data}";
    let listener = machine.listen(&["alerts", "--stamp", "--count", "2", "--template", template]);
    let json = machine.listen(&["json", "--stamp", "--json", "--count", "1"]);
    let without = machine.listen(&["without", "--count", "1", "--template", template]);
    machine.send("alerts", &["one", "two"]);
    machine.send("json", &["three"]);
    machine.send("without", &["four"]);
    let (text, json, without) = (listener.finish().text(), json.finish().json(), without.finish().text());
    let after = now();
    let shown: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let of_json = ["sent", "time", "data"].map(|name| json[name].as_str().expect("text"));
    for (fields, data) in [(&shown[0][..], "one"), (&shown[1], "two"), (&of_json, "three")] {
        let times = [before.as_str(), fields[0], fields[1], &after];
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(fields[2], data);
    }
    assert!(without.starts_with("- 20") && without.ends_with(" four\n"), "{without}");
}

#[test]
fn templates_are_printed_as_the_user_wrote_them() {
    let machine = Machine::new();
    let template = r"{{{slot}}}\t{uid}:{user} {size} {hex} {base64} {computer} {data}";
    let listener = machine.listen(&["Alerts", "--template", template, "--count", "1"]);
    machine.send("alerts", &["a\u{e9}{pid}"]);
    let uid = rustix::process::geteuid().as_raw().to_string();
    let printed = listener.finish().text();
    let id = std::process::Command::new("id").arg("--user").arg("--name").output().expect("id starts");
    let user = String::from_utf8(id.stdout).expect("UTF-8");
    let expected = format!("{{Alerts}}\t{uid}:{} 8 61c3a97b7069647d YcOpe3BpZH0= - aé{{pid}}\n", user.trim_end());
    assert_eq!(printed, expected);
}

#[test]
fn what_is_no_template_is_wrong_usage_and_says_what_there_is() {
    let machine = Machine::new();
    for wrong in ["{sender}", "{Data}", "{}", "{ data }"] {
        machine
            .run(&["listen", "x", "--template", wrong])
            .failed(2, &["there is no field", "{time}", "{uid}", "{data}"]);
    }
    machine.run(&["listen", "x", "--template", "{data"]).failed(2, &["has no }"]);
    for option in ["--json", "--time", "--format=hex", "--exec=cat"] {
        machine.run(&["listen", "x", "--template", "{data}", option]).failed(2, &["cannot be used with"]);
    }
    machine.run(&["listen", "x", "--format", "raw", "--time"]).failed(2, &["leave --time"]);
}

/// Three slots and a writer for each: the order within each is kept, and the count is of all.
#[test]
fn several_slots_are_listened_to_at_once() {
    const EACH: usize = 300;
    let machine = Machine::new();
    let names = ["north", "south", r"plant\east"];
    let count = (names.len() * EACH).to_string();
    let listener = machine.listen(&[&names[..], &["--count", &count]].concat());
    let lines: String = (0..EACH).map(|number| format!("{number}\n")).collect();
    std::thread::scope(|scope| {
        for name in names {
            let (machine, lines) = (&machine, &lines);
            scope.spawn(move || {
                machine.run_with_input(&["send", name, "--wait-for-slot"], lines.as_bytes()).succeeded()
            });
        }
    });
    let printed = listener.finish().text();
    assert_eq!(printed.lines().count(), names.len() * EACH);
    for name in names {
        let of_it: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect();
        assert_eq!(of_it.join("\n") + "\n", lines, "{name}");
    }
}

#[test]
fn the_ends_of_several_slots_are_about_all_of_them() {
    let machine = Machine::new();
    let listener = machine.listen(&["a", "b", "--until", "quit", "--json"]);
    machine.send("a", &["1"]);
    machine.send("b", &["quit"]);
    let messages = listener.finish().json_lines();
    let shown: Vec<_> = messages.iter().map(|message| (&message["slot"], &message["data"])).collect();
    assert_eq!(shown, [(&json!("a"), &json!("1")), (&json!("b"), &json!("quit"))]);
    machine.run(&["send", "a", "2"]).failed(3, &["no slot a"]);

    let silent = machine.listen(&["a", "b", "--timeout", "2s"]);
    machine.send("b", &["3"]);
    let done = silent.finish();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "b: 3\n");
    done.failed(5, &["timed out"]);
}

#[test]
fn several_slots_are_had_together_or_not_at_all() {
    let machine = Machine::new();
    let other = machine.listen(&["b"]);
    machine.run(&["listen", "a", "b", "c"]).failed(8, &["exists already"]);
    machine.run(&["listen", "a", "A"]).failed(8, &["exists already"]);
    machine.run(&["listen", "a", "//server/mailslot/b"]).failed(2, &["this machine"]);
    let left = machine.run(&["list", "--json"]).json_lines();
    assert_eq!(left.iter().map(|slot| &slot["name"]).collect::<Vec<_>>(), ["b"]);
    other.signal(Signal::TERM);
    other.finish();
}

#[test]
fn commands_know_which_of_several_slots_a_message_is_from() {
    let machine = Machine::new();
    let listener = machine.listen(&["a", "b", "--count", "2", "--exec", r#"echo "$MAILSLOT_NAME=$(cat)""#]);
    machine.send("a", &["1"]);
    machine.send("b", &["2"]);
    let printed = listener.finish().text();
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["a=1", "b=2"]);
}

/// Messages that wait in any of the slots when a signal comes are handled, and no more are accepted.
#[test]
fn a_signal_closes_all_slots_and_what_they_accepted_is_handled() {
    let machine = Machine::new();
    let gate = machine.root().join("gate");
    let script = format!("cat; echo; until [ -e '{}' ]; do sleep 0.01; done", gate.display());
    let mut listener = machine.listen(&["a", "b", "c", "--exec", &script]);
    let mut printed = listener.child().stdout.take().expect("a pipe");
    machine.send("a", &["begun"]);
    let mut begun = [0; 6];
    printed.read_exact(&mut begun).expect("readable");
    let mut expected: Vec<String> = Vec::new();
    for name in ["a", "b", "c"] {
        let messages: Vec<String> = (0..5).map(|number| format!("{name}{number}")).collect();
        machine.send(name, &messages);
        expected.extend(messages);
    }
    listener.signal(Signal::TERM);
    std::fs::write(&gate, "").expect("a file");
    let mut rest = String::new();
    printed.read_to_string(&mut rest).expect("readable");
    let mut handled: Vec<&str> = rest.lines().collect();
    handled.sort_unstable();
    assert_eq!(handled, expected);
    assert_eq!(listener.finish().code(), Some(143));
}

#[test]
fn raw_bytes_go_to_a_terminal_only_if_that_is_wanted() {
    let machine = Machine::new();
    let terminal = Terminal::new(80);
    let refused = machine.command(&["listen", "alerts", "--format", "raw"]).stdout(terminal.end()).output();
    Done::from(refused.expect("the command starts")).failed(2, &["--force"]);
    machine.run(&["info", "alerts"]).failed(3, &[]);

    let mut command = machine.command(&["listen", "-v", "alerts", "--format", "raw", "--force"]);
    let listener = Listener::start(command.stdout(terminal.end()), &["--count", "1"]);
    drop(command);
    machine.send("alerts", &["\u{1b}[1mbold"]);
    let (status, shown) = listener.finish_on(terminal);
    assert!(status.success());
    assert_eq!(shown, "\u{1b}[1mbold");
}

#[test]
fn a_terminal_gets_no_control_characters_of_others() {
    for (options, ends) in
        [(&[][..], "\r\n"), (&["--time"], "\r\n"), (&["--template", "{slot} {data}"], "\r\n"), (&["-0"], "\0")]
    {
        let machine = Machine::new();
        let terminal = Terminal::new(80);
        let mut command = machine.command(&["listen", "-v", "alerts", "--count", "1"]);
        let listener = Listener::start(command.stdout(terminal.end()), options);
        drop(command);
        machine.send("alerts", &["\u{1b}]0;title\u{7}\n\u{202e}x"]);
        let (_, shown) = listener.finish_on(terminal);
        assert!(shown.contains(r"\u{1b}]0;title\u{7}\n\u{202e}x"), "{shown:?}");
        let line = shown.strip_suffix(ends).expect("its end");
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{shown:?}");
    }
}
