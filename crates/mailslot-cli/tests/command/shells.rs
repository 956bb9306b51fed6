//! Completions, typed on a terminal into real shells, and the manual pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::Machine;
use crate::terminal::Shell;

/// Types a command that is completed and run: `info` prints this only for the whole name.
fn completes(shell: &[&str], setup: &str) {
    let machine = Machine::new();
    let _boiler = machine.listen(&["boiler/pressure"]);
    let mut shell = Shell::start(&machine, "dumb", shell);
    shell.type_until(&format!("{setup}; echo set''up\n"), "setup");
    shell.type_until("mailslot inf\t", "info");
    shell.type_until("boi\t", "ler/pressure");
    shell.type_until("\n", "max message size");
}

#[test]
fn bash_completes_commands_and_slots() {
    completes(&["bash", "--noprofile", "--norc", "-i"], "source <(mailslot completions bash)");
}

#[test]
fn zsh_completes_commands_and_slots() {
    completes(&["zsh", "-f", "-i"], "autoload -U compinit; compinit -D; source <(mailslot completions zsh)");
}

#[test]
fn fish_completes_commands_and_slots() {
    completes(&["fish", "--no-config", "-i"], "mailslot completions fish | source");
}

#[test]
fn a_slot_whose_name_a_shell_would_run_is_not_offered() {
    let machine = Machine::new();
    let _slots = ["evil;touch run", "evil$(touch run)", "evil`touch run`", "evil&"].map(|name| machine.listen(&[name]));
    let mut shell = Shell::start(&machine, "dumb", &["bash", "--noprofile", "--norc", "-i"]);
    shell.type_until("source <(mailslot completions bash); echo set''up\n", "setup");
    // Listed as well as completed: two tabs.
    shell.type_until("mailslot info evil\t\t\n", "no slot evil on this machine");
}

#[test]
fn every_command_has_a_manual_page_that_mandoc_accepts() {
    let machine = Machine::new();
    let directory = machine.root().join("man");
    let directory = directory.to_str().expect("UTF-8");
    machine.run(&["man", "--date", "2026-01-31", directory]).succeeded();
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory).expect("readable") {
        pages.push(entry.expect("readable").path());
    }
    for command in machine.run(&["--help"]).text().lines().filter_map(|line| line.strip_prefix("  ")) {
        let Some(command) = command.split(' ').next().filter(|name| !name.is_empty() && *name != "help") else {
            continue;
        };
        if command.starts_with(|c: char| c.is_ascii_lowercase()) && machine.run(&[command, "--help"]).status.success() {
            let section = if command == "node" { 8 } else { 1 };
            let page = Path::new(directory).join(format!("mailslot-{command}.{section}"));
            assert!(pages.contains(&page), "{}", page.display());
        }
    }
    for page in &pages {
        let shown = Command::new("mandoc").args(["-T", "ascii", "-O", "width=1000"]).arg(page).output();
        let shown = shown.expect("mandoc starts (./test command installs it)").stdout;
        for name in names_of_pages(&String::from_utf8_lossy(&shown)) {
            let (name, section) = name.split_once('(').expect("it has a section");
            // Pages of the node refer to those of domains, which the packages have.
            if name.starts_with("mailslot-domain") && !cfg!(feature = "zenoh") {
                continue;
            }
            let other = format!("{directory}/{name}.{}", section.trim_end_matches(')'));
            assert!(Path::new(&other).exists(), "{} names {other}", page.display());
        }
    }
    let lint = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).args(&pages).output();
    let lint = lint.expect("mandoc starts (./test command installs it)");
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
}

/// The pages of this project that a page refers to, such as `mailslot-node(8)`.
fn names_of_pages(shown: &str) -> Vec<String> {
    // Bold letters are printed twice, with a backspace between.
    let mut plain = String::new();
    for c in shown.chars() {
        if c == '\u{8}' {
            plain.pop();
        } else {
            plain.push(c);
        }
    }
    let words = plain.split(|c: char| c.is_whitespace() || ",:".contains(c)).map(|word| word.trim_end_matches('.'));
    let is_page = |word: &&str| word.starts_with("mailslot") && word.ends_with(')') && word.contains('(');
    words.filter(is_page).map(|word| word.trim_matches('(').to_owned()).collect()
}
