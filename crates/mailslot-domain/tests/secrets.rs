//! Searches the memory of a process that has dropped a domain for the domain's secrets. Another process does it, as the
//! search terms would otherwise be in the memory that is searched.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mailslot_domain::{
    DeliveryOutcome, Directory, Domain, Envelope, Kind, Limits, Opener, Presence, Sealer, SessionId, Time, random,
    read_file,
};

/// Set in a process that the test has started, to the path of the domain's file.
const PART: &str = "MAILSLOT_TEST_SECRETS";

/// Each secret in its possible forms in memory: its name, and its bytes or digits.
fn needles(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut needles = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((field @ ("naming" | "secret"), value)) = line.split_once(" = ") else { continue };
        let digits = value.trim_matches('"');
        let raw: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("hex")).collect();
        // Halves as well: partly overwritten, it is still half a secret.
        needles.push((format!("{field} {number}, first half"), raw[..16].to_vec()));
        needles.push((format!("{field} {number}, second half"), raw[16..].to_vec()));
        needles.push((format!("{field} {number}, first digits"), digits.as_bytes()[..20].to_vec()));
        needles.push((format!("{field} {number}, last digits"), digits.as_bytes()[44..].to_vec()));
    }
    needles
}

/// How often each occurs in the memory of the process.
fn search(pid: u32, needles: &[(String, Vec<u8>)]) -> Vec<(String, usize)> {
    let memory = File::open(format!("/proc/{pid}/mem")).expect("a child of this process");
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("it lives");
    let mut found: Vec<_> = needles.iter().map(|(name, _)| (name.clone(), 0)).collect();
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (range, flags) = (words.next().expect("a range"), words.next().expect("flags"));
        if !flags.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("a range");
        let at = |text| u64::from_str_radix(text, 16).expect("an address");
        let mut bytes = vec![0; (at(end) - at(start)) as usize];
        // Guard pages cannot be read.
        if memory.read_exact_at(&mut bytes, at(start)).is_err() {
            continue;
        }
        for ((_, needle), (_, count)) in needles.iter().zip(&mut found) {
            *count += bytes.windows(needle.len()).filter(|window| *window == needle).count();
        }
    }
    found
}

/// Everything that a node does with a domain.
fn use_all(path: &Path) -> Arc<Domain> {
    let directory = Directory::at(path.parent().expect("it is in one"));
    let listed = directory.list().expect("readable").remove(0).1.expect("a domain file");
    assert_eq!(listed.name(), directory.find("PLANT").expect("there").name());
    let domain = Arc::new(read_file(path).expect("a domain file").with_defaults(true, vec!["tcp/hub:7447".to_owned()]));
    let now = Time::from(SystemTime::now());
    let (computer, slot) = ("SRV1".parse().expect("valid"), "alerts".parse::<mailslot::Address>().expect("valid"));
    let session = || SessionId::new(random().expect("random bytes"));
    let mut sealer = Sealer::new(Arc::clone(&domain), "SRV1", session(), Limits::default()).expect("a name");
    let start = Time::from_millis(now.as_millis() - 1000);
    let mut opener = Opener::new(Arc::clone(&domain), start, Limits::default());
    for to in [domain.broadcast(slot.slot()), domain.directed(&computer, slot.slot())] {
        let to = to.expect("a short name");
        assert!(domain.destination(to.key_expression()).is_some());
        for kind in [Kind::Message, Kind::Confirmed] {
            let mut sealed = Envelope::default();
            let request = sealer.seal_into(kind, &to, now, None, b"well", &mut sealed).expect("sealed");
            let mut payload = sealed.payload.clone();
            assert!(opener.open(kind, &to, now, &mut payload, Some(&sealed.attachment)).is_ok());
            if kind == Kind::Confirmed {
                let mut receipt = Envelope::default();
                sealer.receipt_into(&request, now, DeliveryOutcome::Delivered, &mut receipt).expect("sealed");
                let mut payload = receipt.payload.clone();
                assert!(opener.open_receipt(&request, now, &mut payload, Some(&receipt.attachment)).is_ok());
            }
        }
    }
    let presence = Presence::Slot { computer, slot: slot.slot().clone() };
    let announced = domain.presence_key_expression(&presence, now, &random().expect("random bytes")).expect("short");
    assert!(domain.presence(&announced, now).is_ok());
    assert!(domain.to_toml().contains("naming"));
    let rotated = Arc::new(domain.rotated(now, Duration::from_secs(60), [1; 32]).expect("sealed"));
    sealer.update(Arc::clone(&rotated));
    opener.update(rotated);
    domain
}

/// Uses the domain at each line `use`, and drops it at the next line.
#[test]
fn plays_its_part() {
    let Some(path) = std::env::var_os(PART) else { return };
    let mut domain = None;
    for line in std::io::stdin().lines() {
        drop(domain.take());
        if line.expect("readable") == "use" {
            domain = Some(use_all(Path::new(&path)));
        }
        println!("\ndone {}", domain.is_some());
    }
}

#[test]
fn no_secret_stays_in_memory_when_its_domain_is_gone() {
    let directory = tempfile::tempdir().expect("a directory");
    let now = Time::from(SystemTime::now());
    let domain = Domain::sealed("PLANT", now, &random().expect("random bytes")).expect("a name");
    let domain = domain.rotated(now, Duration::from_secs(60), random().expect("random bytes")).expect("sealed");
    let path = Directory::at(directory.path()).add(&domain).expect("new");
    let needles = needles(&domain.to_toml());
    assert_eq!(needles.len(), 3 * 4, "naming and two keys");

    let mut child = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "plays_its_part", "--nocapture", "--quiet"])
        .env(PART, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program");
    let mut stdin = child.stdin.take().expect("piped");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut ask = |what: &str, answer: &str| {
        writeln!(stdin, "{what}").expect("it lives");
        assert!(lines.by_ref().any(|line| line.expect("readable") == answer), "{what}");
    };
    for round in 0..3 {
        (0..=3 * round).for_each(|_| ask("use", "done true"));
        let there = search(child.id(), &needles);
        for (name, count) in there.iter().filter(|(name, _)| name.contains("half")) {
            assert!(*count > 0, "the search finds what is there: {name}");
        }
        ask("drop", "done false");
        let left: Vec<_> = search(child.id(), &needles).into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(left, [], "round {round}");
    }
    drop(stdin);
    assert!(child.wait().expect("ended").success());
}
