//! `mailslot top`, on a terminal.

use rustix::process::Signal;

use crate::machine::Machine;
use crate::terminal::Shell;

/// A shell that has started `top`, which updates only when the space bar is pressed.
fn top(machine: &Machine) -> Shell {
    let shell = ["bash", "--noprofile", "--norc", "-i"];
    let mut terminal = Shell::start(machine, "xterm-256color", &shell);
    terminal.type_until("PS1='ready> '; echo set''up\n", "setup");
    terminal.shows(|lines| last(lines).starts_with("ready>"));
    terminal.press("mailslot top --interval forever; echo \"status $?\"\n");
    terminal.shows(|lines| lines[0].starts_with("mailslot top ") && last(lines).starts_with("q quit"));
    assert!(terminal.is_alternate());
    terminal
}

/// Waits until `top` has ended with this status, and asserts that the terminal is as before.
fn ended(mut terminal: Shell, status: i32) {
    terminal.shows(|lines| lines.contains(&format!("status {status}")) && last(lines).starts_with("ready>"));
    assert!(!terminal.is_alternate());
    // `stty` prints the modes: the shell sets others while it waits for a line.
    terminal.press("echo modes $(stty -a | grep -o -w -e icanon -e echo -e isig -e -icanon -e -echo -e -isig)\n");
    terminal.shows(|lines| lines.iter().any(|line| line == "modes isig icanon echo"));
}

fn last(lines: &[String]) -> &str {
    lines.iter().rfind(|line| !line.is_empty()).map_or("", String::as_str)
}

/// The first column of the visible rows of slots.
fn names(lines: &[String]) -> Vec<String> {
    let rows = lines.iter().skip_while(|line| !line.starts_with("NAME")).skip(1);
    rows.take_while(|line| !line.is_empty()).map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

fn are(expected: &'static [&'static str]) -> impl Fn(&[String]) -> bool {
    move |lines| names(lines) == expected
}

#[test]
fn slots_are_shown_sorted_and_filtered_as_keys_say() {
    let machine = Machine::new();
    let listeners = ["quiet", "alerts", "plant/line1"].map(|name| machine.listen(&[name, "--capacity", "64K"]));
    let (busy, gate) = machine.busy_listener("busy");
    machine.send("busy", &["1", "2", "3"]);
    let mut terminal = top(&machine);
    terminal.shows(are(&["alerts", "busy", r"plant\line1", "quiet"]));
    terminal.press("sss");
    let lines = terminal.shows(are(&["busy", "alerts", r"plant\line1", "quiet"]));
    let row = lines.iter().find(|line| line.starts_with("busy")).expect("it is there");
    // Three messages wait; no rate is known before another update.
    let cells: Vec<&str> = row.split_whitespace().skip(2).collect();
    assert_eq!(cells, ["3", "▏", "-", "-", "0"]);
    machine.send("busy", &["4"]);
    terminal.press(" ");
    terminal.shows(|lines| lines.iter().any(|line| line.starts_with("busy") && line.contains(" 4 ▏")));
    terminal.press("r");
    terminal.shows(are(&["alerts", r"plant\line1", "quiet", "busy"]));
    terminal.press("/LINE\r");
    terminal.shows(are(&[r"plant\line1"]));
    terminal.press("\x1b");
    terminal.shows(are(&["alerts", r"plant\line1", "quiet", "busy"]));
    terminal.press("q");
    ended(terminal, 0);
    std::fs::write(&gate, "go on\n").expect("writable");
    busy.finish().succeeded();
    for listener in listeners {
        listener.signal(Signal::TERM);
        listener.finish();
    }
}

/// The lines of the tap, without its title.
fn tapped(lines: &[String]) -> Vec<String> {
    let lines = lines.iter().skip_while(|line| !line.starts_with("tap of ")).skip(1);
    lines.take_while(|line| !line.is_empty() && !line.starts_with("q quit")).cloned().collect()
}

#[test]
fn the_selected_slot_is_tapped_beside_its_reader() {
    let machine = Machine::new();
    let closed = machine.listen(&["closed"]);
    let open = machine.listen(&["open", "--taps"]);
    let mut terminal = top(&machine);
    terminal.shows(are(&["closed", "open"]));
    // The reason why a slot cannot be tapped is shown.
    terminal.press("t");
    terminal.shows(|lines| tapped(lines).first().is_some_and(|line| line.contains("has to allow taps")));
    terminal.press("\x1b");
    terminal.shows(|lines| !lines.iter().any(|line| line.starts_with("tap of")) && names(lines).len() == 2);
    terminal.press("\x1b[Bt");
    terminal.shows(|lines| lines.iter().any(|line| line == "tap of open"));
    machine.send("open", &["one", "two\nlines \u{1b}[2J", "漢字".repeat(60).as_str()]);
    let lines = terminal.shows(|lines| tapped(lines).len() == 3);
    assert_eq!(tapped(&lines)[..2], ["one", r"two\nlines \u{1b}[2J"]);
    assert!(tapped(&lines)[2].ends_with('…'), "{lines:?}");
    let many: String = (0..2000).map(|number| format!("line {number}\n")).collect();
    machine.run_with_input(&["send", "open", "--wait"], many.as_bytes()).succeeded();
    terminal.shows(|lines| tapped(lines).last().is_some_and(|line| line == "line 1999"));
    // Its reader gets every message as well.
    open.signal(Signal::TERM);
    assert_eq!(open.finish().stdout.iter().filter(|byte| **byte == b'\n').count(), 2003);
    terminal.shows(|lines| tapped(lines).last().is_some_and(|line| line == "(the slot has ended)"));
    terminal.press("tq");
    ended(terminal, 0);
    closed.signal(Signal::TERM);
    closed.finish();
}

#[test]
fn a_terminal_that_changes_its_size_is_filled() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts"]);
    let mut terminal = top(&machine);
    for (rows, columns) in [(10, 80), (40, 120), (24, 60), (6, 80)] {
        terminal.resize(rows, columns);
        let is_wanted = |lines: &[String]| {
            lines.len() == usize::from(rows)
                && lines[usize::from(rows) - 1].starts_with("q quit")
                && names(lines).first().is_some_and(|name| name == "alerts")
                && lines.iter().any(|line| line.contains("PID")) == (columns >= 90)
        };
        terminal.shows(is_wanted);
    }
    terminal.press("q");
    ended(terminal, 0);
    listener.signal(Signal::TERM);
    listener.finish();
}

/// However `top` ends, the shell's terminal is as before.
#[test]
fn the_terminal_is_given_back_at_every_end() {
    let machine = Machine::new();
    for (keys, status) in [("q", 0), ("\x03", 130)] {
        let mut terminal = top(&machine);
        terminal.press(keys);
        ended(terminal, status);
    }
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let terminal = top(&machine);
        machine.signal_by_name("mailslot top", signal);
        ended(terminal, status);
    }
}

/// By the key, and by a signal from another process.
#[test]
fn stopped_and_continued_it_gives_the_terminal_back_and_takes_it_again() {
    let machine = Machine::new();
    let listener = machine.listen(&["alerts"]);
    for by_key in [true, false] {
        let mut terminal = top(&machine);
        for _ in 0..2 {
            if by_key {
                terminal.press("\x1a");
            } else {
                machine.signal_by_name("mailslot top", "TSTP");
            }
            terminal.shows(|lines| last(lines).starts_with("ready>"));
            assert!(!terminal.is_alternate());
            terminal.type_until("echo he''re\n", "here");
            terminal.press("fg\n");
            terminal.shows(are(&["alerts"]));
            assert!(terminal.is_alternate());
        }
        terminal.press("q");
        terminal.shows(|lines| last(lines).starts_with("ready>"));
        assert!(!terminal.is_alternate());
    }
    listener.signal(Signal::TERM);
    listener.finish();
}

#[test]
fn without_a_terminal_it_says_what_there_is_instead() {
    Machine::new().run(&["top"]).failed(2, &["terminal", "list --watch", "hz"]);
}
