//! Text that attacks terminals, for the tests of all printing code.

use std::fmt::Display;

use serde_json::Value;

use crate::{escape, output};

/// Characters that must never be printed as they are.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Each of those characters alone, all of them together, control sequences of terminals, lines that imitate ours, and
/// texts longer than any line should be.
pub fn texts() -> Vec<String> {
    let all: Vec<char> = ('\0'..='\u{ffff}').filter(|c| acts(*c)).collect();
    let mut texts: Vec<String> = all.iter().map(|c| format!("a{c}b")).collect();
    texts.push(all.iter().collect());
    texts.push(all.iter().collect::<String>().repeat(1000));
    texts.extend(
        ["\u{1b}]0;title\u{7}\u{1b}[2J", "b\r\nmailslot: all is well\n", "\u{9b}31m", "", "é 漢 \\u{1b} \"'"]
            .map(String::from),
    );
    texts.push("x".repeat(100_000));
    texts
}

/// Calls `print` with each of the texts, and asserts that the lines it returns are harmless.
#[track_caller]
pub fn stays_in_its_lines<T: Display>(print: impl Fn(&str) -> Vec<T>) {
    for text in texts() {
        let lines = print(&text);
        let (number, mut out) = (lines.len(), Vec::new());
        output::write_lines(lines, &mut out).expect("a vector accepts all writes");
        let out = String::from_utf8(out).expect("lines are text");
        assert_eq!(out.matches('\n').count(), number, "{text:?}");
        assert!(out.is_empty() || out.ends_with('\n'));
        assert!(!out.contains(|c| acts(c) && c != '\n'), "{text:?} became {out:?}");
    }
}

/// The same for lines with several values: none can push the others out of view.
#[track_caller]
pub fn stays_in_its_cells<T: Display>(print: impl Fn(&str) -> Vec<T>) {
    stays_in_its_lines(&print);
    for text in texts() {
        let longest = print(&text).iter().map(|line| line.to_string().chars().count()).max().unwrap_or_default();
        // No line has that many values.
        assert!(longest < 25 * escape::CELL, "a line has {longest} characters");
    }
}

/// Replaces all text in a value by `text`, except IP addresses, which are numbers on the wire. Tables of counters get
/// one with that label.
#[cfg_attr(not(all(unix, feature = "node")), allow(dead_code, reason = "only the network sends structures"))]
pub fn plant(value: &mut Value, text: &str) {
    match value {
        Value::String(old) if old.parse::<std::net::IpAddr>().is_err() => text.clone_into(old),
        Value::Array(values) => values.iter_mut().for_each(|value| plant(value, text)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| plant(value, text));
            if let Some(Value::Object(counters)) = fields.get_mut("counters") {
                counters.insert(text.to_owned(), 7.into());
            }
        }
        _ => {}
    }
}
