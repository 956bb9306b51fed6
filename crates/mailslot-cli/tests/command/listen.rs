//! `mailslot listen`.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use mailslot::MailslotWriter;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::machine::{Listener, Machine, unique_name};

const BYTES: &[u8] = b"\x00\x01\n\r\xff\xfe";

#[test]
fn text_is_one_line_for_each_message() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "3"]);
    machine.send("alerts", &["door 2 opened", "", "door 2 \u{1b}[31mclosed"]);
    assert_eq!(listener.finish().text(), "door 2 opened\n\ndoor 2 \u{1b}[31mclosed\n");
}

#[test]
fn hex_is_one_line_of_digits_for_each_message() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "2", "--format", "hex"]);
    machine.run_with_input(&["send", "alerts", "--whole"], BYTES).succeeded();
    machine.send("alerts", &[""]);
    assert_eq!(listener.finish().text(), "00010a0dfffe\n\n");
}

#[test]
fn json_has_the_data_and_who_wrote_it() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "3", "--format", "json"]);
    let mut writer = machine.command(&["send", "alerts", "quote \" and é", ""]).spawn().expect("starts");
    assert!(writer.wait().expect("ends").success());
    machine.run_with_input(&["send", "alerts", "--whole"], BYTES).succeeded();

    let messages = listener.finish().json_lines();
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    let origin = json!({"pid": writer.id(), "uid": uid, "gid": gid, "attested": false});
    let time = |message: &Value| message["time"].clone();
    let expected = |data: &str, message| {
        json!({"slot": "alerts", "time": time(message), "sent": null, "data": data, "size": data.len(),
               "origin": origin})
    };
    assert_eq!(messages[0], expected("quote \" and é", &messages[0]));
    assert_eq!(messages[1], expected("", &messages[1]));
    assert_eq!(messages[2]["data_hex"], "00010a0dfffe");
    assert_eq!(messages[2]["data"], json!(null));
    assert_eq!(messages[2]["size"], 6);
}

#[test]
fn raw_is_the_bytes_and_nothing_else() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "3", "--format", "raw"]);
    machine.run_with_input(&["send", "alerts", "--whole"], BYTES).succeeded();
    machine.send("alerts", &["", "end"]);
    assert_eq!(listener.finish().succeeded(), [BYTES, b"end"].concat());
}

#[test]
fn every_byte_value_goes_through() {
    let machine = Machine::new();
    let all: Vec<u8> = (0..=255).collect();
    let listener = machine.listen(&["alerts", "--count", "3", "--format", "raw"]);
    machine.run_with_input(&["send", "alerts", "--whole"], &all).succeeded();
    // An argument holds every byte but NUL.
    machine.send("alerts", &[OsStr::from_bytes(&all[1..])]);
    machine.run_with_input(&["send", "alerts", "--whole"], b"").succeeded();
    assert_eq!(listener.finish().succeeded(), [&all[..], &all[1..]].concat());
}

#[test]
fn messages_are_printed_as_they_come() {
    let machine = Machine::new();
    let mut listener = machine.listen(&["alerts"]);
    let mut printed = BufReader::new(listener.child().stdout.take().expect("a pipe"));
    for message in ["one", "two"] {
        machine.send("alerts", &[message]);
        let mut line = String::new();
        printed.read_line(&mut line).expect("readable");
        assert_eq!(line.trim_end(), message);
    }
    listener.signal(Signal::TERM);
    assert_eq!(listener.finish().code(), Some(143));
}

#[test]
fn many_messages_keep_their_order() {
    let machine = Machine::new();
    let count = 20_000;
    let listener = machine.listen(&["alerts", "--count", &count.to_string()]);
    let lines: String = (0..count).map(|number| format!("message {number}\n")).collect();
    let all = std::thread::scope(|scope| {
        // Read meanwhile: a pipe does not hold all of it.
        let printed = scope.spawn(|| listener.finish().text());
        machine.run_with_input(&["send", "alerts", "--wait"], lines.as_bytes()).succeeded();
        printed.join().expect("no panic")
    });
    assert!(all == lines);
}

#[test]
fn until_ends_after_that_message() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--until", "quit"]);
    machine.send("alerts", &["quit not", "quit", "too late"]);
    assert_eq!(listener.finish().text(), "quit not\nquit\n");
}

#[test]
fn no_message_in_time_is_status_5() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--timeout", "50ms"]);
    listener.finish().failed(5, &["timed out", "Win32 error 121"]);
}

#[test]
fn a_message_in_time_is_printed_before_the_timeout() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--timeout", "500ms"]);
    machine.send("alerts", &["here"]);
    let done = listener.finish();
    assert_eq!(done.stdout, b"here\n");
    done.failed(5, &["timed out"]);
}

#[test]
fn exec_gets_message_and_origin() {
    let machine = Machine::new();
    let script = r#"echo "$MAILSLOT_NAME/$MAILSLOT_PID/$MAILSLOT_UID/$MAILSLOT_SIZE: $(cat)""#;
    let listener = machine.listen(&["Alerts", "--count", "2", "--exec", script]);
    let mut writer = machine.command(&["send", "alerts", "first", "second one"]).spawn().expect("starts");
    assert!(writer.wait().expect("ends").success());
    let (pid, uid) = (writer.id(), rustix::process::geteuid().as_raw());
    let expected = format!("Alerts/{pid}/{uid}/5: first\nAlerts/{pid}/{uid}/10: second one\n");
    assert_eq!(listener.finish().text(), expected);
}

#[test]
fn a_failing_command_is_reported_and_listening_goes_on() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "3", "--exec", r#"read code; echo "$code"; exit "$code""#]);
    machine.send("alerts", &["0", "7", "0"]);
    let done = listener.finish();
    assert_eq!(done.stdout, b"0\n7\n0\n");
    done.failed(1, &["the command failed with status 7", "a command has failed"]);
}

#[test]
fn a_command_need_not_read_its_message() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts", "--count", "1", "--exec", "exec true"]);
    machine.run_with_input(&["send", "alerts", "--whole"], &vec![0; 1 << 20]).succeeded();
    assert_eq!(listener.finish().text(), "");
}

/// At different times of the signal: with an empty slot, and with many messages.
#[test]
fn a_signal_ends_exec_when_all_that_was_accepted_is_handled() {
    for (waiting, signal, status) in [(0, Signal::TERM, 143), (1, Signal::INT, 130), (200, Signal::TERM, 143)] {
        let machine = Machine::new();
        let directory = tempfile::tempdir().expect("a directory");
        let gate = directory.path().join("gate");
        let script = format!("cat; echo; until [ -e '{}' ]; do sleep 0.01; done", gate.display());
        let mut listener = machine.listen(&["alerts", "--exec", &script]);
        let mut printed = BufReader::new(listener.child().stdout.take().expect("a pipe"));
        let mut line = || {
            let mut line = String::new();
            printed.read_line(&mut line).expect("readable");
            line.trim_end().to_owned()
        };
        machine.send("alerts", &["first"]);
        assert_eq!(line(), "first");
        let accepted: Vec<String> = (0..waiting).map(|number| format!("message {number}")).collect();
        machine.run_with_input(&["send", "alerts"], accepted.join("\n").as_bytes()).succeeded();
        let mut expected = accepted;
        listener.signal(signal);
        // The command still runs, and the slot accepts nothing more.
        let refused = loop {
            let late = format!("late {}", expected.len());
            let sent = machine.run(&["send", "alerts", &late]);
            match sent.code() {
                Some(0) => expected.push(late),
                _ => break sent,
            }
        };
        // The slot is gone as soon as it is empty.
        assert!([Some(3), Some(9)].contains(&refused.code()), "{refused:?}");
        fs::write(&gate, "").expect("a file");
        let handled: Vec<String> = (0..expected.len()).map(|_| line()).collect();
        assert_eq!(handled, expected);
        assert_eq!(line(), "");
        assert_eq!(listener.finish().code(), Some(status));
    }
}

#[test]
fn a_second_owner_is_refused() {
    let machine = Machine::new();
    let first = machine.listen(&["alerts"]);
    machine.run(&["listen", "ALERTS"]).failed(8, &["exists already", "Win32 error 183"]);
    first.signal(Signal::TERM);
    first.finish();
}

#[test]
fn sigterm_and_sigint_free_the_name() {
    let machine = Machine::new();
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let listener = machine.listen(&["alerts"]);
        listener.signal(signal);
        let done = listener.finish();
        assert_eq!(done.code(), Some(status));
        assert_eq!(done.stderr, "");
        machine.run(&["send", "alerts", "anyone?"]).failed(3, &["no slot alerts"]);
    }
    machine.listen(&["alerts", "--timeout", "0"]).finish().failed(5, &[]);
}

#[test]
fn a_signal_ends_a_listener_whose_output_nobody_reads() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts"]);
    // More than a pipe holds, so that the listener is stuck, or will be.
    machine.run_with_input(&["send", "alerts", "--whole"], &vec![b'x'; 1 << 20]).succeeded();
    listener.signal(Signal::TERM);
    let mut listener = listener;
    assert_eq!(listener.child().wait().expect("it ends").code(), Some(143));
}

#[test]
fn a_killed_owner_frees_the_name() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts"]);
    listener.signal(Signal::KILL);
    listener.finish();
    let again = machine.listen(&["alerts", "--count", "1"]);
    machine.send("alerts", &["hello"]);
    assert_eq!(again.finish().text(), "hello\n");
}

#[test]
fn a_closed_pipe_ends_a_waiting_listener_quietly() {
    let machine = Machine::new();
    let mut listener = machine.listen(&["alerts"]);
    drop(listener.child().stdout.take());
    assert_eq!(listener.finish().text(), "");
}

#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let machine = Machine::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = machine.command(&["listen", "--verbose", "alerts"]);
    let mut listener = Listener::start(command.stdout(writer), &[] as &[&str]);
    drop(command);
    machine.send("alerts", &["first"]);
    let mut first = [0; 6];
    (&reader).read_exact(&mut first).expect("readable");
    drop(reader);
    assert_eq!(&first, b"first\n");
    assert_eq!(listener.child().wait().expect("it ends").code(), Some(0));
    assert_eq!(listener.finish().stderr, "");
}

#[test]
fn options_reach_the_slot() {
    let machine = Machine::new();
    let args = ["alerts", "--max-size", "424", "--capacity", "64K", "--access", "everyone", "--network"];
    let listener = machine.listen(&args);
    let info = machine.run(&["info", "--json", "alerts"]).json();
    assert_eq!(info["max_message_size"], 424);
    assert_eq!(info["capacity"], 65536);
    assert_eq!(info["access"], "everyone");
    assert_eq!(info["network"], true);
    machine.run_with_input(&["send", "alerts", "--whole"], &[0; 425]).failed(7, &["424 bytes", "Win32 error 87"]);
    machine.run_with_input(&["send", "alerts", "--whole"], &[0; 424]).succeeded();
    listener.signal(Signal::TERM);
    listener.finish();
}

#[test]
fn output_may_be_a_file() {
    let machine = Machine::new();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log");
    let file = fs::File::create(&path).expect("a file");
    let mut command = machine.command(&["listen", "--verbose", "--count", "2", "alerts"]);
    let listener = Listener::start(command.stdout(file), &[] as &[&str]);
    machine.send("alerts", &["one", "two"]);
    listener.finish().succeeded();
    assert_eq!(fs::read_to_string(path).expect("readable"), "one\ntwo\n");
}

/// Each gap in a slot that drops the oldest is reported: on standard error, and in JSON.
#[test]
fn what_was_dropped_is_said_where_it_is_missing() {
    const SENT: usize = 1000;
    let padding = "x".repeat(1000);
    for json in [false, true] {
        let machine = Machine::new();
        let format: &[&str] = if json { &["--json"] } else { &[] };
        let options = ["alerts", "--when-full", "drop-oldest", "--capacity", "8K", "--until", "quit"];
        let listener = machine.listen(&[&options[..], format].concat());
        // Its output is not read meanwhile, so it blocks in a write.
        let sent: Vec<String> = (0..SENT).map(|number| format!("{number} {padding}")).collect();
        machine.send("alerts", &sent);
        machine.send("alerts", &["quit"]);
        let done = listener.finish();
        assert_eq!(done.code(), Some(0));
        let said: Vec<usize> = done
            .stderr
            .lines()
            .map(|line| {
                let lost = line
                    .strip_prefix("mailslot: alerts: ")
                    .and_then(|line| line.strip_suffix(" messages were lost here for lack of room"));
                lost.and_then(|lost| lost.parse().ok()).unwrap_or_else(|| panic!("{line}"))
            })
            .collect();
        let printed = String::from_utf8(done.stdout).expect("UTF-8");
        let received = printed.lines().count();
        assert!(received < SENT && said.iter().sum::<usize>() + received == SENT + 1, "{said:?} {received}");
        if !json {
            continue;
        }
        let mut next = 0;
        for line in printed.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert!(line["lost_before"] != 0, "{line}");
            next += line["lost_before"].as_u64().unwrap_or(0) as usize;
            let expected = sent.get(next).map_or("quit", String::as_str);
            assert_eq!(line["data"], expected);
            next += 1;
        }
        assert_eq!(next, SENT + 1);
    }
}

/// A reader of a slot that drops the oldest waits for writers. A writer that is held up for a while, without a
/// processor or by a debugger, does not end the reader.
#[test]
fn a_writer_that_holds_the_slot_up_ends_no_reader() {
    const ROUNDS: usize = 4;
    let machine = Machine::here();
    let name = unique_name();
    let count = (2 * ROUNDS).to_string();
    let reader = machine.listen(&[&name, "--when-full", "drop-oldest", "--count", &count]);
    let writer = MailslotWriter::open(&*name).expect("there");
    for _ in 0..ROUNDS {
        writer.write(b"wakes").expect("there is room");
        let hold_up = |bytes: &mut [u8]| {
            std::thread::sleep(Duration::from_millis(100));
            bytes.copy_from_slice(b"held");
        };
        writer.write_in_place(4, hold_up).expect("there is room");
    }
    assert_eq!(reader.finish().text(), "wakes\nheld\n".repeat(ROUNDS));
}
