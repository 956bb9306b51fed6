//! `mailslot domain`: its output, its secrets, and its files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::machine::{Done, Machine};

/// A machine with its own domain directory.
struct Member {
    machine: Machine,
    domains: TempDir,
}

impl Member {
    fn new() -> Member {
        Member { machine: Machine::new(), domains: tempfile::tempdir().expect("a directory") }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.machine.command(&[&["domain"], args].concat());
        command.env("MAILSLOT_DOMAINS", self.domains.path());
        command
    }

    fn run(&self, args: &[&str]) -> Done {
        self.command(args).output().expect("the command starts").into()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.domains.path().join(format!("{name}.toml"))
    }

    /// Joins with the file of another member, through standard input.
    fn join(&self, other: &Member, name: &str) -> Done {
        let file = fs::File::open(other.file(name)).expect("a domain file");
        self.command(&["join", "-"]).stdin(file).output().expect("the command starts").into()
    }

    /// The fingerprints and states of a domain's keys.
    fn keys(&self, name: &str) -> Vec<(String, String)> {
        let shown = self.run(&["show", name, "--json"]).json();
        let keys = shown["keys"].as_array().expect("a list");
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        keys.iter().map(|key| (text(&key["fingerprint"]), text(&key["state"]))).collect()
    }

    /// The secrets in a domain's file.
    fn secrets(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.file(name)).expect("a domain file");
        let secret = |line: &str| line.split('"').nth(1).filter(|word| word.len() == 64).map(str::to_owned);
        text.lines().filter_map(secret).collect()
    }
}

#[test]
fn a_domain_is_made_here_and_joined_there() {
    let (here, there) = (Member::new(), Member::new());
    let said = here.run(&["new", "plant", "--lan", "--connect", "tls/hub.example:7447"]).text();
    let file = here.file("PLANT");
    assert!(said.contains(&format!("mailslot domain join - < {}", file.display())), "{said}");
    assert!(said.contains("mailslot node"), "{said}");
    assert_eq!(fs::metadata(&file).expect("made").permissions().mode() & 0o777, 0o600);
    assert!(there.join(&here, "PLANT").text().starts_with("joined PLANT\n"));
    assert_eq!(fs::read(there.file("PLANT")).expect("joined"), fs::read(&file).expect("made"));
    assert_eq!(here.keys("PLANT"), there.keys("plant"));
    assert_eq!(here.keys("PLANT")[0].1, "in use");
    assert!(there.join(&here, "PLANT").text().starts_with("PLANT is here already, and is the same\n"));
    let shown = there.run(&["show"]).text();
    for word in ["PLANT (sealed)", "multicast", "tls/hub.example:7447", "in use"] {
        assert!(shown.contains(word), "{word} is not in {shown}");
    }
}

#[test]
fn a_rotated_key_reaches_the_others_by_joining_again() {
    let (here, there) = (Member::new(), Member::new());
    here.run(&["new", "PLANT"]).succeeded();
    there.join(&here, "PLANT").succeeded();
    let old = fs::read(here.file("PLANT")).expect("made");
    let said = here.run(&["rotate", "PLANT", "--overlap", "2d"]).text();
    assert!(said.contains("is accepted until") && said.contains("mailslot domain join -"), "{said}");
    let states: Vec<String> = here.keys("PLANT").into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["in use", "next"]);
    assert!(there.join(&here, "PLANT").text().starts_with("PLANT is now as in the file\n"));
    assert_eq!(here.keys("PLANT"), there.keys("PLANT"));
    let file = here.domains.path().join("old");
    fs::write(&file, old).expect("writable");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("ours");
    there.run(&["join", &file.display().to_string()]).failed(1, &["newer key"]);
}

#[test]
fn a_stolen_key_ends_at_once() {
    let member = Member::new();
    member.run(&["new", "PLANT"]).succeeded();
    let stolen = member.keys("PLANT")[0].0.clone();
    member.run(&["rotate", "PLANT", "--overlap", "0"]).succeeded();
    assert_eq!(member.keys("PLANT")[0], (stolen.clone(), "expired".to_owned()));
    assert_eq!(member.keys("PLANT")[1].1, "in use");
    member.run(&["rotate", "PLANT"]).succeeded();
    assert!(member.keys("PLANT").iter().all(|(key, _)| *key != stolen), "it is gone with the next rotation");
}

#[test]
fn secrets_are_never_shown() {
    let member = Member::new();
    let said = [
        member.run(&["new", "PLANT"]).text(),
        member.run(&["rotate", "PLANT"]).text(),
        member.run(&["show"]).text(),
        member.run(&["show", "--json"]).text(),
        member.run(&["join", &member.file("PLANT").display().to_string()]).text(),
    ];
    let secrets = member.secrets("PLANT");
    assert_eq!(secrets.len(), 3);
    let text = fs::read_to_string(member.file("PLANT")).expect("made");
    let broken = [text.replace("secret = ", "lan = "), text.replace("secret = ", ""), text.replace("naming", "name")];
    let complaints = broken.map(|text| {
        fs::write(member.file("PLANT"), text).expect("writable");
        let done = member.run(&["show", "PLANT"]);
        assert_eq!(done.code(), Some(1));
        done.stderr
    });
    for secret in secrets {
        for text in said.iter().chain(&complaints) {
            assert!(!text.contains(&secret[..16]), "{text}");
        }
    }
}

#[test]
fn an_open_domain_warns() {
    let member = Member::new();
    let done = member.run(&["new", "LAB", "--open"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    assert!(done.stderr.contains("warning: nothing in LAB is protected"), "{done:?}");
    assert!(member.run(&["show"]).text().contains("LAB (open: nothing is protected)"));
    member.run(&["rotate", "LAB"]).failed(1, &["open and has no keys"]);
}

#[test]
fn mistakes_have_their_statuses() {
    let member = Member::new();
    assert_eq!(member.run(&["show"]).text(), format!("no domains in {}\n", member.domains.path().display()));
    member.run(&["new", "two words"]).failed(2, &["1 to 15 letters"]);
    member.run(&["show", "PLANT"]).failed(3, &["no domain PLANT"]);
    member.run(&["rotate", "PLANT"]).failed(3, &["no domain PLANT"]);
    member.run(&["join", "/nowhere/PLANT.toml"]).failed(1, &["read /nowhere/PLANT.toml"]);
    member.run(&["new", "PLANT"]).succeeded();
    member.run(&["new", "plant"]).failed(8, &["another domain PLANT"]);
    let stranger = Member::new();
    stranger.run(&["new", "PLANT"]).succeeded();
    member.join(&stranger, "PLANT").failed(8, &["another domain PLANT"]);
    fs::set_permissions(member.file("PLANT"), Permissions::from_mode(0o644)).expect("ours");
    member.run(&["show", "PLANT"]).failed(4, &["chmod 600"]);
    fs::set_permissions(member.file("PLANT"), Permissions::from_mode(0o600)).expect("ours");
    fs::write(member.file("BROKEN"), "").expect("writable");
    fs::set_permissions(member.file("BROKEN"), Permissions::from_mode(0o600)).expect("ours");
    let done = member.run(&["show"]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("PLANT (sealed)"), "the others are shown");
    done.failed(1, &["BROKEN.toml is not a domain file"]);
    let mut piped = member.command(&["join", "-"]);
    Done::from(piped.output().expect("the command starts")).failed(1, &["not a domain file"]);
}

#[test]
fn help_has_examples() {
    let member = Member::new();
    for command in ["new", "join", "show", "rotate", "invite", "revoke"] {
        let help = member.run(&[command, "--help"]).text();
        assert!(help.contains("Examples:") && help.contains(&format!("mailslot domain {command}")), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    }
    assert!(member.run(&["--help"]).text().contains("MAILSLOT_DOMAINS"));
}

#[test]
fn computers_are_invited_and_revoked_by_the_authority() {
    let (here, there) = (Member::new(), Member::new());
    let invite = |args: &[&str]| here.run(&[&["invite"], args].concat());
    let joins = |file: Vec<u8>| {
        fs::write(there.domains.path().join("file"), file).expect("writable");
        let file = fs::File::open(there.domains.path().join("file")).expect("written");
        Done::from(there.command(&["join", "-"]).stdin(file).output().expect("the command starts"))
    };
    let shown = || there.run(&["show", "PLANT", "--json"]).json();
    invite(&["SRV2"]).failed(2, &["no authority here"]);
    let said = here.run(&["new", "PLANT", "--identities"]).text();
    assert!(said.contains("PLANT.authority") && said.contains("mailslot domain invite --domain PLANT"), "{said}");
    let authority = here.domains.path().join("PLANT.authority");
    assert_eq!(fs::metadata(&authority).expect("made").permissions().mode() & 0o777, 0o600);
    assert!(here.run(&["show"]).text().contains("identity none: this computer can send nothing"));

    let first = invite(&["srv2", "--slots", "alerts,plant/orders", "--until", "2999-01-01T00:00:00Z"]);
    let first = first.succeeded();
    joins(first.clone()).succeeded();
    let certificate = shown()["certificate"].clone();
    assert_eq!(certificate["computer"], "SRV2");
    assert_eq!(certificate["state"], "in use");
    assert_eq!(certificate["until"], "2999-01-01T00:00:00Z");
    assert_eq!(certificate["slots"], serde_json::json!(["ALERTS", r"PLANT\ORDERS"]));
    let text = there.run(&["show"]).text();
    assert!(
        text.contains(r"identity SRV2, in use, until 2999-01-01T00:00:00Z, writes to ALERTS, PLANT\ORDERS"),
        "{text}"
    );
    joins(invite(&["SRV3"]).succeeded()).failed(1, &["SRV3", "SRV2"]);

    let said = here.run(&["revoke", "SRV2"]).text();
    assert!(said.contains("mailslot domain rotate PLANT --overlap 0"), "{said}");
    joins(invite(&["SRV2"]).succeeded()).succeeded();
    assert_eq!(
        (&shown()["certificate"]["state"], &shown()["revoked"][0]["computer"]),
        (&"in use".into(), &"SRV2".into())
    );
    joins(first).failed(1, &["newer key", "revocations"]);

    let secrets = [there.secrets("PLANT"), here.secrets("PLANT")].concat();
    let key = fs::read_to_string(&authority).expect("made").lines().last().expect("a key").to_owned();
    let public = shown()["authority"].as_str().expect("text").to_owned();
    let said = [here.run(&["show"]).text(), there.run(&["show"]).text(), there.run(&["show", "--json"]).text(), said];
    for secret in secrets.iter().map(String::as_str).chain(key.split('"').nth(1)).filter(|secret| *secret != public) {
        assert!(said.iter().all(|text| !text.contains(&secret[..16])), "no secret is shown");
    }

    fs::remove_file(&authority).expect("ours");
    invite(&["SRV2", "--domain", "PLANT"]).failed(3, &["PLANT.authority is not here"]);
    there.run(&["revoke", "SRV2", "--domain", "PLANT"]).failed(3, &["PLANT.authority is not here"]);
    here.run(&["invite", "SRV2", "--until", "tomorrow"]).failed(2, &["2030-01-01T00:00:00Z"]);
    here.run(&["new", "LAB", "--identities", "--open"]).failed(2, &["--open"]);
}
