//! `mailslot peek`, `record` and `replay`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::machine::{Done, Listener, Machine};

/// Messages with all kinds of bytes.
const MESSAGES: [&[u8]; 5] =
    [b"door 2 opened", b"", b"two\nlines\0", &[0xff, 0xfe, 0, 1], "Überdruck \u{202e}".as_bytes()];

fn record(machine: &Machine, args: &[&str]) -> Listener {
    Listener::start(&mut machine.command(&["record", "--verbose"]), args)
}

/// Ends a recorder without failures, and returns its diagnostics.
fn stop(recorder: Listener) -> String {
    recorder.signal(Signal::TERM);
    let done = recorder.finish();
    assert_eq!(done.code(), Some(143), "{done:?}");
    done.stderr
}

fn send(machine: &Machine, name: &str, message: &[u8]) {
    machine.run_with_input(&["send", name, "--whole"], message).succeeded();
}

/// The messages written to `name` while `replay` runs.
fn replayed(machine: &Machine, name: &str, count: usize, args: &[&str]) -> (Vec<Vec<u8>>, Done) {
    let listener = machine.listen(&[name, "--format", "hex", "--count", &count.to_string()]);
    let done = machine.run(&[&["replay"], args].concat());
    let lines = listener.finish().text();
    let bytes = |line: &str| data_encoding::HEXLOWER.decode(line.as_bytes()).expect("digits");
    (lines.lines().map(bytes).collect(), done)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("readable");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The files of a directory, in the order of their names.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("it").path()).collect();
    paths.sort();
    paths
}

#[test]
fn peek_shows_the_next_messages_and_leaves_them() {
    let machine = Machine::new();
    let (listener, gate) = machine.busy_listener("alerts");
    assert_eq!(machine.run(&["peek", "alerts"]).text(), "");
    machine.send("alerts", &["second", "third \u{1b}", "fourth"]);
    for _ in 0..2 {
        assert_eq!(machine.run(&["peek", "alerts"]).text(), "second\n");
        assert_eq!(machine.run(&["peek", "ALERTS", "--count", "9"]).text().lines().count(), 3);
    }
    let json = machine.run(&["peek", "alerts", "-n", "2", "--format", "json"]).json_lines();
    assert_eq!((&json[0]["data"], &json[1]["size"]), (&"second".into(), &7.into()));
    assert_eq!(json[0]["origin"]["uid"], rustix::process::geteuid().as_raw());
    assert_eq!(machine.run(&["info", "--json", "alerts"]).json()["counts"]["count"], 3);
    fs::write(&gate, "go on\n").expect("writable");
    listener.finish().text();
    machine.run(&["peek", "alerts"]).failed(3, &["no slot alerts"]);
}

#[test]
fn what_is_recorded_is_replayed() {
    for file in ["log.ndjson", "log.pcapng"] {
        let machine = Machine::new();
        let path = machine.root().join(file);
        let path = path.to_str().expect("UTF-8");
        let recorder = record(&machine, &["alerts", path]);
        for message in MESSAGES {
            send(&machine, "alerts", message);
        }
        stop(recorder);
        for args in [&[path, "--speed", "max"][..], &[path], &["--to", "ALERTS", "--speed", "1e3", path]] {
            let (messages, done) = replayed(&machine, "alerts", MESSAGES.len(), args);
            assert_eq!(messages, MESSAGES);
            assert_eq!(done.text(), "");
        }
    }
}

#[test]
fn a_record_tells_time_slot_and_origin_of_several_slots() {
    let machine = Machine::new();
    let path = machine.root().join("log");
    let before = humantime::format_rfc3339_micros(std::time::SystemTime::now()).to_string();
    let recorder = record(&machine, &["Alerts", "plant/line1", path.to_str().expect("UTF-8")]);
    machine.send("alerts", &["one"]);
    machine.send("plant/line1", &["two"]);
    send(&machine, "alerts", &[0xff]);
    stop(recorder);
    let records = lines(&path);
    assert_eq!(records.len(), 3);
    let find = |slot: &str| records.iter().filter(|record| record["slot"] == slot).collect::<Vec<_>>();
    let (alerts, line1) = (find("Alerts"), find(r"plant\line1"));
    assert_eq!(
        (&alerts[0]["data"], &alerts[1]["data_base64"], &line1[0]["data"]),
        (&"one".into(), &"/w==".into(), &"two".into())
    );
    assert_eq!(line1[0]["origin"]["uid"], rustix::process::geteuid().as_raw());
    let mut last = before;
    for record in alerts {
        let time = record["time"].as_str().expect("a time").to_owned();
        assert!(last <= time && time.ends_with('Z'), "{time} after {last}");
        last = time;
    }
    // Without --to, each goes to its own slot.
    let other = machine.listen(&["plant/line1", "--count", "1"]);
    let (messages, _) = replayed(&machine, "alerts", 2, &[path.to_str().expect("UTF-8"), "--speed", "max"]);
    assert_eq!(messages, [&b"one"[..], &[0xff]]);
    assert_eq!(other.finish().text(), "two\n");
}

#[test]
fn nothing_is_lost_at_a_signal_or_at_a_rotation() {
    for rotation in [&[][..], &["--rotate-size", "300"], &["--rotate-size", "1"], &["--rotate-time", "1ms"]] {
        for format in ["ndjson", "pcapng"] {
            let machine = Machine::new();
            // Not on a disk: the test would wait for each file to be synchronised.
            let directory = tempfile::tempdir_in("/dev/shm").expect("a directory");
            let path = directory.path().join(format!("log.{format}"));
            let recorder = record(&machine, &[&["alerts", path.to_str().expect("UTF-8")], rotation].concat());
            let sent: Vec<String> = (0..200).map(|number| format!("message {number}")).collect();
            machine.run_with_input(&["send", "alerts"], sent.join("\n").as_bytes()).succeeded();
            // At once: most of them wait in the slot.
            stop(recorder);
            let files = files(directory.path());
            match rotation {
                [] => assert_eq!(files, [path]),
                [_, "1"] => assert_eq!(files.len(), sent.len()),
                _ => assert!(files.len() > 1, "{files:?}"),
            }
            let listener = machine.listen(&["alerts", "--count", "200"]);
            for file in &files {
                machine.run(&["replay", "--speed", "max", file.to_str().expect("UTF-8")]).succeeded();
            }
            assert_eq!(listener.finish().text().lines().collect::<Vec<_>>(), sent, "{rotation:?}");
        }
    }
}

/// Slots that others read: both get every message, and the recorder ends with the last slot.
#[test]
fn a_tap_records_beside_the_readers_and_ends_with_the_slots() {
    for format in ["ndjson", "pcapng"] {
        let machine = Machine::new();
        let path = machine.root().join(format!("log.{format}"));
        let path = path.to_str().expect("UTF-8");
        machine.run(&["record", "--tap", "alerts", path]).failed(3, &["no slot alerts"]);
        let readers = ["alerts", "plant/line1"].map(|name| machine.listen(&[name, "--taps"]));
        machine.run(&["record", "--tap", "--network", "alerts", path]).failed(2, &["tap"]);
        let mut command = machine.command(&["record", "--verbose", "--tap"]);
        let mut recorder = command.args(["alerts", "plant/line1", path]).spawn().expect("it starts");
        let mut said = BufReader::new(recorder.stderr.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("readable");
        assert!(line.contains("tapping") && line.contains("alerts"), "{line}");
        for name in ["alerts", "plant/line1"] {
            MESSAGES.iter().for_each(|message| send(&machine, name, message));
        }
        // A tap gets a message a moment after the reader, which lives until then.
        let last = "Überdruck".as_bytes();
        while fs::read(path).expect("readable").windows(last.len()).filter(|bytes| *bytes == last).count() < 2 {
            std::thread::sleep(Duration::from_millis(10));
        }
        for reader in readers {
            reader.signal(Signal::TERM);
            assert_eq!(reader.finish().code(), Some(143));
        }
        assert_eq!(recorder.wait().expect("it ends").code(), Some(9));
        let (messages, _) = replayed(&machine, "copy", 2 * MESSAGES.len(), &[path, "--to", "copy", "--speed", "max"]);
        assert_eq!(messages, [MESSAGES, MESSAGES].concat());
    }
}

/// The recorded numbers of lost messages match the messages that are missing.
#[test]
fn a_tap_that_cannot_write_tells_how_many_it_has_lost() {
    let machine = Machine::new();
    let reader = machine.listen(&["alerts", "--taps", "--capacity", "4K", "--when-full", "drop-oldest"]);
    let Some((mut recorder, disk)) = record_on_a_small_disk(&machine, "--tap --capacity 4K") else { return };
    let sent = fill(&machine, &mut recorder);
    let log = fs::File::open(disk.join("log")).expect("it is there");
    fs::remove_file(disk.join("filler")).expect("it is there");
    assert!(recorder.next_line().contains("works again"));
    let said = recorder.next_line();
    assert!(said.contains("alerts: ") && said.contains(" messages were lost here"), "{said}");
    recorder.signal(Signal::TERM);
    recorder.finish();
    let text = std::io::read_to_string(log).expect("readable");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect();
    let mut next = 0;
    for record in &records {
        next += record["lost_before"].as_u64().unwrap_or(0) as usize;
        assert_eq!(record["data"], *numbered(next));
        next += 1;
    }
    assert!(records.len() < sent && next == sent, "{} of {sent}", records.len());
    reader.signal(Signal::TERM);
    reader.finish();
}

/// A recorder whose file is on a separate disk of 16 KiB, half of it used; `None` without the privilege to mount one.
fn record_on_a_small_disk(machine: &Machine, options: &str) -> Option<(Listener, PathBuf)> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: a small disk needs root");
        return None;
    }
    let disk = machine.root().join("disk");
    fs::create_dir(&disk).expect("a directory");
    let script = r#"mount -t tmpfs -o size=16k disk "$1" && head -c 8192 /dev/zero >"$1/filler" &&
        exec "$0" record --verbose $2 alerts "$1/log""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_mailslot")]).env("MAILSLOT_ROOT", machine.root());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let recorder = Listener::start(&mut command, &[disk.as_os_str(), options.as_ref()]);
    // The disk, in the mount namespace of that process.
    let disk = Path::new("/proc")
        .join(recorder.pid().to_string())
        .join("root")
        .join(disk.strip_prefix("/").expect("absolute"));
    Some((recorder, disk))
}

/// A message that is a line of more than a kilobyte, so that a full disk holds a part of one.
fn numbered(number: usize) -> String {
    format!("{number} {}", "x".repeat(1300))
}

/// Sends until the recorder reports that it cannot write, and returns how many messages were sent.
fn fill(machine: &Machine, recorder: &mut Listener) -> usize {
    for number in 0..20 {
        send(machine, "alerts", numbered(number).as_bytes());
    }
    let said = recorder.next_line();
    assert!(said.contains("No space left on device") && said.contains("stay in their slots"), "{said}");
    20
}

#[test]
fn a_full_disk_leaves_messages_in_the_slot_until_there_is_room() {
    let machine = Machine::new();
    let Some((mut recorder, disk)) = record_on_a_small_disk(&machine, "") else { return };
    let sent = fill(&machine, &mut recorder);
    // The file and the slot together have every message once.
    let recorded = lines(&disk.join("log")).len();
    let waiting = machine.run(&["peek", "alerts", "--count", "99"]).text();
    let expected: Vec<String> = (recorded..sent).map(numbered).collect();
    assert!(recorded > 0 && waiting.lines().eq(&expected), "{recorded} recorded");

    fs::remove_file(disk.join("filler")).expect("it is there");
    let log = fs::File::open(disk.join("log")).expect("it is there");
    // There is still not room for all messages.
    assert!(recorder.next_line().contains("works again"));
    recorder.signal(Signal::TERM);
    let done = recorder.finish();
    let text = std::io::read_to_string(log).expect("readable");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect();
    assert!(text.ends_with('\n') && records.len() > recorded, "{recorded}, then {}", records.len());
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record["data"], *numbered(number));
    }
    done.failed(1, &[&format!("{} messages that were accepted could not be recorded", sent - records.len())]);
}

#[test]
fn a_cut_file_is_replayed_up_to_the_cut_and_that_is_said() {
    let machine = Machine::new();
    for file in ["log.ndjson", "log.pcapng"] {
        let path = machine.root().join(file);
        let path = path.to_str().expect("UTF-8");
        let recorder = record(&machine, &["alerts", path]);
        machine.send("alerts", &["one", "two", "three"]);
        stop(recorder);
        let bytes = fs::read(path).expect("readable");
        fs::write(path, &bytes[..bytes.len() - 5]).expect("writable");
        let (messages, done) = replayed(&machine, "alerts", 2, &["--speed", "max", path]);
        assert_eq!(messages, [b"one", b"two"]);
        assert_eq!(done.code(), Some(0));
        assert!(done.stderr.contains("ends within a message: there are 2 before it"), "{done:?}");
    }
}

#[test]
fn files_that_cannot_be_are_errors() {
    let machine = Machine::new();
    let path = machine.root().join("log");
    let path = path.to_str().expect("UTF-8");
    fs::write(path, "not a record\n").expect("writable");
    machine.run(&["record", "alerts", path]).failed(1, &["it exists", path]);
    machine.run(&["record", "alerts", "/dev/null/log"]).failed(1, &["/dev/null/log"]);
    machine.run(&["record", path]).failed(2, &["FILE"]);
    machine.run(&["replay", path]).failed(1, &["record 0", path]);
    machine.run(&["replay", "/dev/null/file"]).failed(1, &["/dev/null/file"]);
    machine.run(&["replay", path, "--speed", "0"]).failed(2, &["2.5"]);
    let line = r#"{"time":"2026-01-31T12:00:00Z","slot":"alerts","data":"x"}"#;
    fs::write(path, line).expect("writable");
    machine.run(&["replay", path]).failed(3, &["no slot alerts"]);
}

#[test]
fn what_listen_prints_as_json_is_replayed() {
    let machine = Machine::new();
    let path = machine.root().join("log");
    let line = r#"{"slot":"alerts","time":"2026-01-31T12:00:00.5Z","data_hex":"ff00","size":2,"origin":null}"#;
    fs::write(&path, format!("{line}\n\n{line}\n")).expect("writable");
    let (messages, done) = replayed(&machine, "alerts", 2, &["-v", path.to_str().expect("UTF-8")]);
    assert_eq!(messages, [[0xff, 0], [0xff, 0]]);
    assert_eq!(done.stderr, "mailslot: 2 messages were written\n");
}

/// Compares each field of each packet with Wireshark's.
#[test]
fn wireshark_shows_recorded_messages() {
    let machine = Machine::new();
    let path = machine.root().join("log.pcapng");
    let recorder = record(&machine, &["plant/Überdruck", path.to_str().expect("UTF-8")]);
    for message in MESSAGES {
        send(&machine, "plant/überdruck", message);
    }
    stop(recorder);
    let script = concat!("lua_script:", env!("CARGO_MANIFEST_DIR"), "/wireshark/mailslot.lua");
    let fields = ["slot", "uid", "gid", "size", "message", "cut"];
    let mut tshark = Command::new("tshark");
    tshark.args(["-X", script, "-T", "fields", "-E", "separator=|", "-r"]).arg(&path);
    tshark.args(fields.iter().flat_map(|field| ["-e".to_owned(), format!("mailslot.record.{field}")]));
    let done = tshark.output().expect("tshark starts (./test command installs it)");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && !said.to_lowercase().contains("error"), "{said}");
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let expected: String = MESSAGES
        .iter()
        .map(|data| {
            let (size, digits) = (data.len(), data_encoding::HEXLOWER.encode(data));
            format!("plant\\Überdruck|{uid}|{gid}|{size}|{digits}|\n")
        })
        .collect();
    assert_eq!(String::from_utf8_lossy(&done.stdout), expected);
}
