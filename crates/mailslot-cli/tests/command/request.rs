//! `mailslot request`, with `listen --reply` at the other end.

use rustix::process::Signal;

use crate::machine::Machine;

#[test]
fn the_reply_is_what_the_command_prints() {
    let machine = Machine::new();
    let listener =
        machine.listen(&["clock", "--count", "3", "--reply", "printf '%s %s' \"$MAILSLOT_SIZE\" \"$(cat)\""]);
    assert_eq!(machine.run(&["request", "clock", "now"]).text(), "3 now\n");
    assert_eq!(machine.run_with_input(&["request", "clock", "--format", "raw"], b"a\nb\n").succeeded(), b"4 a\nb");
    let json = machine.run(&["request", "clock", "x", "--format", "json"]).json();
    assert_eq!(json["data"], "1 x");
    assert_eq!(listener.finish().text(), "");
}

/// Neither side blocks on the other while both have output and input left.
#[test]
fn commands_may_print_much_before_they_have_read_all() {
    let machine = Machine::new();
    let large: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    let listener = machine.listen(&["mirror", "--count", "1", "--reply", "cat"]);
    assert_eq!(machine.run_with_input(&["request", "mirror", "--format", "raw"], &large).succeeded(), large);
    listener.finish().succeeded();
}

#[test]
fn a_command_that_fails_replies_nothing_and_says_so() {
    let machine = Machine::new();
    let listener = machine.listen(&["x", "--count", "2", "--reply", "echo half; test \"$(cat)\" = right"]);
    machine.run(&["request", "--timeout", "200ms", "x", "wrong"]).failed(5, &["timed out"]);
    assert_eq!(machine.run(&["request", "x", "right"]).text(), "half\\n\n");
    listener.finish().failed(1, &["the command"]);
}

#[test]
fn plain_messages_are_said_and_run_nothing() {
    let machine = Machine::new();
    let listener = machine.listen(&["x", "--count", "2", "--reply", "touch ran; echo yes"]);
    machine.send("x", &["plain"]);
    assert_eq!(machine.run(&["request", "x", "?"]).text(), "yes\\n\n");
    let done = listener.finish();
    assert!(done.stderr.contains("not a request"), "{done:?}");
    assert_eq!(done.code(), Some(0));
}

#[test]
fn whatever_keeps_a_reply_away_has_its_status() {
    let machine = Machine::new();
    machine.run(&["request", "nobody", "?"]).failed(3, &["no slot nobody"]);
    machine.run(&["request", r"\\.\pipe\x", "?"]).failed(2, &[]);
    let listener = machine.listen(&["taker", "--count", "1", "--exec", "true"]);
    machine.run(&["request", "--timeout", "1m", "taker", "?"]).failed(9, &["closed"]);
    listener.finish().succeeded();
    let listener = machine.listen(&["small", "--max-size", "4", "--reply", "cat"]);
    machine.run(&["request", "small", "large"]).failed(7, &["too large"]);
    listener.signal(Signal::TERM);
    assert_eq!(listener.finish().code(), Some(143));
    machine.run(&["listen", "x", "--reply", "cat", "--exec", "cat"]).failed(2, &[]);
}
