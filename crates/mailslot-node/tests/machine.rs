//! A whole node, with sockets and slots, in a separate network and directory of slots. The tests that need these are
//! skipped, with a message, unless they run as root.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
#[path = "../../mailslot/tests/common/mod.rs"]
mod common;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::Part;
use mailslot::network;
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};
use mailslot_node::Embedded;
use mailslot_node::capture::Capture;
use mailslot_node::config;
use mailslot_node::control::{self, Answer, Request};
use mailslot_node::log::{self, Format};

/// Users that exist only in these tests.
const ASKER: u32 = 60_001;
const STRANGER: u32 = 60_002;

/// Longer than a node takes in any case.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test again in another process, with an isolated network of one interface. Returns `true` in that process.
fn is_apart(test: &str) -> bool {
    let network = "ip link set lo up && ip link add lan0 type veth peer name lan1 && ip link set lan1 up && \
        ip link set lan0 up && ip address add 192.0.2.1/24 brd + dev lan0 &&";
    common::is_mounted_apart(test, "size=64m", &["--net"], network)
}

fn root() -> PathBuf {
    std::env::var_os("MAILSLOT_ROOT").unwrap().into()
}

/// A node, and its log lines.
fn start() -> (Embedded, Receiver<String>) {
    let mut settings = config::Settings::default();
    settings.computer = Some("SRV1".to_owned());
    let (sender, lines) = channel();
    let sender = Mutex::new(sender);
    log::init(Format::Text, move |line| drop(sender.lock().unwrap().send(line.to_owned()))).unwrap();
    let node = Embedded::start(settings).unwrap();
    (node, lines)
}

/// Waits for a line that contains `what`.
fn wait_for(lines: &Receiver<String>, what: &str) -> String {
    loop {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line has {what:?}"));
        if line.contains(what) {
            return line;
        }
    }
}

fn counter(label: &str) -> u64 {
    match control::ask(Request::Status, PATIENCE).unwrap() {
        Answer::Status(status) => status.counters[label],
        answer => panic!("{answer:?}"),
    }
}

fn send(address: &str, data: &[u8]) {
    MailslotWriter::open(address).unwrap().write(data).unwrap();
}

#[test]
fn a_full_directory_of_slots_ends_nothing() {
    if !is_apart("a_full_directory_of_slots_ends_nothing") {
        return;
    }
    let (node, lines) = start();
    for round in 0..3 {
        Part::start_as(STRANGER, "fills").finish();
        // Either reads fail now, or messages wait at the door. The test cannot see which, so it allows the first some
        // time.
        for _ in 0..20 {
            if lines.try_iter().any(|line| line.contains("slot_not_read")) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        std::fs::remove_file(root().join("filler")).unwrap();
        assert!(counter("outgoing") >= round);
        let absent = format!("ABSENT{round}");
        send(&format!(r"\\{absent}\mailslot\x"), b"");
        wait_for(&lines, &absent);
    }
    node.stop().unwrap();
}

#[test]
fn one_user_who_looks_names_up_does_not_keep_others_from_sending() {
    if !is_apart("one_user_who_looks_names_up_does_not_keep_others_from_sending") {
        return;
    }
    let (node, lines) = start();
    let mut strangers = ["resolves", "sends"].map(|part| Part::start_as(STRANGER, part));
    // The flood has begun.
    wait_for(&lines, "too many messages of this user wait");
    for number in 0..5 {
        Part::start_as(ASKER, &format!("sends-to MINE{number}")).finish();
        let line = wait_for(&lines, &format!("MINE{number}"));
        assert!(line.contains("there is no computer or domain"), "{line}");
        let found = control::ask(Request::Resolve(format!("HIS{number}")), PATIENCE).unwrap();
        assert_eq!(found, Answer::Holders(Vec::new()));
    }
    assert!(strangers.iter_mut().all(Part::is_running));
    drop(strangers);
    node.stop().unwrap();
}

#[test]
fn packets_go_to_nobody_but_root_and_the_nodes_user() {
    if !is_apart("packets_go_to_nobody_but_root_and_the_nodes_user") {
        return;
    }
    let (node, _lines) = start();
    let capture = mailslot_node::capture::Capture::begin(PATIENCE).unwrap();
    Part::start_as(STRANGER, "captures").finish();
    send(r"\\ABSENT\mailslot\x", b"");
    assert!(capture.receive_within(Timeout::After(PATIENCE)).unwrap().is_some());
    node.stop().unwrap();
}

#[cfg(feature = "zenoh")]
#[test]
fn names_of_domains_are_sent_to_in_no_legacy_network() {
    if !is_apart("names_of_domains_are_sent_to_in_no_legacy_network") {
        return;
    }
    let domains = root().join("domains");
    std::fs::write(domains.join("OFFICE.toml"), "not even a domain").unwrap();
    let (node, lines) = start();
    wait_for(&lines, "domain_wrong");
    // Root can read the files; other users' programs get it from the node.
    let error = MailslotWriter::open(r"\\OFFICE\mailslot\x").unwrap_err();
    assert!(matches!(error, Error::NodeRefused(_)), "{error}");
    Part::start_as(STRANGER, "refused OFFICE").finish();
    // A program that does not ask first, but writes to the node's slot.
    let legacy = MailslotWriter::open(network::SLOT).unwrap();
    for target in ["OFFICE", "office"] {
        let address = format!(r"\\{target}\mailslot\x").parse().unwrap();
        legacy.write(&network::Outgoing { address, data: b"secret" }.encode()).unwrap();
        let line = wait_for(&lines, "not_sent");
        assert!(line.contains(r"OFFICE\\mailslot\\x") && !line.contains("there is no computer"), "{line}");
    }
    assert_eq!(counter("messages_sent"), 0);
    node.stop().unwrap();
}

/// Messages of programs of other versions, and the answers or log lines.
#[test]
fn a_node_tells_programs_of_other_versions_whose_is_the_older_one() {
    if !is_apart("a_node_tells_programs_of_other_versions_whose_is_the_older_one") {
        return;
    }
    let (node, lines) = start();
    let (older, newer) = ("the program is of an older version", "the node is of an older version");
    let address = r"\\THERE\mailslot\x".parse().unwrap();
    let mut outgoing = network::Outgoing { address, data: b"" }.encode();
    let own = outgoing[0];
    for (version, told) in [(own - 1, older), (own + 1, newer), (u8::MAX, newer)] {
        outgoing[0] = version;
        MailslotWriter::open(network::SLOT).unwrap().write(&outgoing).unwrap();
        let line = wait_for(&lines, "not_sent");
        assert!(line.contains(told), "{version}: {line}");
    }
    let malformed = "malformed";
    let requests = [
        (r#""of-later""#, newer),
        (r#"{"of-later":{"name":"x"}}"#, newer),
        (r#"{"resolve":{"name":"x"}}"#, newer),
        ("{", malformed),
        ("", malformed),
        ("\u{fffd}", malformed),
    ];
    for (request, told) in requests {
        let reply = MailslotWriter::open(control::SLOT).unwrap().request(request.as_bytes(), PATIENCE).unwrap();
        let answer: Answer = serde_json::from_slice(&reply.data).unwrap();
        assert!(matches!(&answer, Answer::Refused(why) if why.contains(told)), "{request}: {answer:?}");
    }
    node.stop().unwrap();
}

#[test]
fn a_program_tells_that_its_node_is_of_another_version() {
    if !is_apart("a_program_tells_that_its_node_is_of_another_version") {
        return;
    }
    let (older, newer) = ("it is of an older version", "it is of a newer version");
    // A node that answers successive requests with these.
    let answers = |slot: &str, answers: &[&[u8]]| {
        let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.to_vec()).collect();
        let slot = Mailslot::create(slot).unwrap();
        std::thread::spawn(move || {
            let asker = slot.receive().unwrap().reply_to.unwrap().open().unwrap();
            answers.iter().for_each(|answer| asker.write(answer).unwrap());
        })
    };
    for (answer, told) in [
        (&br#""of-later""#[..], newer),
        (br#"{"of-later":1}"#, newer),
        (br#"{"status":{"computer":7}}"#, newer),
        (b"{", "malformed"),
    ] {
        let node = answers(control::SLOT, &[answer]);
        let error = control::ask(Request::Status, PATIENCE).unwrap_err().to_string();
        assert!(error.contains(told), "{answer:?}: {error}");
        node.join().unwrap();
    }
    for (answer, told) in [(&[9][..], newer), (&[255, 1], newer), (&[0], "malformed")] {
        let node = answers(network::routes::SLOT, &[answer]);
        let question = network::routes::Question::Route(r"\\THERE\mailslot\x".parse().unwrap());
        let error = network::ask_routes(&question).unwrap_err().to_string();
        assert!(error.contains(told), "{answer:?}: {error}");
        node.join().unwrap();
    }
    for (packet, told) in [(b"\0", older), (b"\xff", newer)] {
        let node = answers(control::SLOT, &[br#""capturing""#, packet]);
        let error = Capture::begin(PATIENCE).unwrap().receive_within(PATIENCE.into()).unwrap_err().to_string();
        assert!(error.contains(told), "{packet:?}: {error}");
        node.join().unwrap();
    }
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let (part, argument) = part.split_once(' ').unwrap_or((&part, ""));
    match part {
        "fills" => {
            let large = vec![7; 1 << 20];
            let writers = [control::SLOT, network::SLOT].map(|slot| MailslotWriter::open(slot).unwrap());
            let mut file = std::fs::File::create(root().join("filler")).unwrap();
            while std::io::Write::write(&mut file, &large).is_ok_and(|written| written > 0) {}
            for _ in 0..4 {
                writers.iter().for_each(|writer| drop(writer.write(&large[..1 << 19])));
            }
        }
        "resolves" => {
            let writer = MailslotWriter::open(control::SLOT).unwrap();
            for number in 0_u64.. {
                let request = serde_json::to_vec(&Request::Resolve(format!("THEIRS{number}"))).unwrap();
                // The requests do not wait for the answers.
                let _ = writer.begin_request(&request, None, Timeout::Forever);
            }
        }
        "sends" => {
            let writer = MailslotWriter::open(network::SLOT).unwrap();
            for number in 0_u64.. {
                let address = format!(r"\\THERE{number}\mailslot\x").parse().unwrap();
                let _ = writer.write_within(&network::Outgoing { address, data: b"" }.encode(), Timeout::Forever);
            }
        }
        "sends-to" => send(&format!(r"\\{argument}\mailslot\x"), b""),
        "refused" => {
            let error = MailslotWriter::open(format!(r"\\{argument}\mailslot\x").as_str()).unwrap_err();
            assert!(matches!(error, Error::NodeRefused(_)), "{error}");
        }
        "captures" => {
            let refused = control::ask(Request::Capture, PATIENCE).unwrap_err();
            assert!(matches!(refused, mailslot_node::Error::NotForThisUser), "{refused}");
            // Packets for root are not sent to a slot of this user that imitates the one for root's answers.
            let content = serde_json::to_vec(&Request::Capture).unwrap();
            let node = MailslotWriter::open(control::SLOT).unwrap();
            let asked = node.begin_request(&content, None, Timeout::Forever).unwrap();
            assert_eq!(asked.receive_within(PATIENCE).unwrap().data, br#""not-allowed""#);
            assert!(matches!(asked.receive_within(Timeout::Zero), Err(Error::TimedOut)));
        }
        _ => panic!("{part}"),
    }
}
