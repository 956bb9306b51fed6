//! What the node says while it works: lines of `key=value`, and no more of them than an operator can read.

mod budget;
mod limits;

use std::fmt::{Display, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use budget::Budget;
use limits::Limits;
use mailslot_netbios::Counters;

/// Makes lines and hands them on.
pub(crate) struct Log {
    out: Box<dyn FnMut(&str) + Send>,
    budget: Budget,
    limits: Limits,
}

/// One `key=value`.
pub(crate) fn field(key: &'static str, value: impl Display) -> (&'static str, String) {
    (key, value.to_string())
}

impl Log {
    pub(crate) fn new(out: impl FnMut(&str) + Send + 'static) -> Log {
        Log { out: Box::new(out), budget: Budget::new(Instant::now()), limits: Limits::default() }
    }

    /// Logs that `event` has happened, if the budget of its kind allows it. A field `uid` is the local user who has caused
    /// it, and who has a budget besides.
    pub(crate) fn line(&mut self, event: &'static str, fields: &[(&'static str, String)]) {
        let uid = fields.iter().find(|(key, _)| *key == "uid").and_then(|(_, uid)| uid.parse().ok());
        if self.budget.take(Instant::now(), event, uid) {
            self.write(event, fields);
        }
    }

    /// Says how many lines of each kind the budget has left out since this was called last. The node's regular look at
    /// its surroundings calls it, and so does its end.
    pub(crate) fn tell_left_out(&mut self) {
        for (event, number) in self.budget.take_left_out() {
            self.write("left_out", &[field("of", event), field("number", number)]);
        }
    }

    /// Says which limits have bitten. Whoever looks at the node's surroundings calls it.
    pub(crate) fn tell_limits(&mut self, now: Instant, counters: &Counters) {
        for (reason, number) in self.limits.bitten(now, counters) {
            let limits = reason.limits().join(",");
            self.line(
                "limit_reached",
                &[field("dropped", reason.label()), field("number", number), field("limits", limits)],
            );
        }
    }

    /// Says that the service manager could not be told something.
    pub(crate) fn heed_manager(&mut self, told: std::io::Result<()>) {
        if let Err(error) = told {
            self.line("manager_not_told", &[field("reason", error)]);
        }
    }

    /// Values are quoted where they could be misread, and cut where they are long.
    fn write(&mut self, event: &str, fields: &[(&'static str, String)]) {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut line = format!("time={}.{:03} event={event}", time.as_secs(), time.subsec_millis());
        for (key, value) in fields {
            let plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && !"\"=\\".contains(c));
            let (value, more) = match value.char_indices().nth(MAX_VALUE) {
                Some((end, _)) => (&value[..end], "..."),
                None => (value.as_str(), ""),
            };
            // Writing to a String cannot fail.
            let _ = if plain { write!(line, " {key}={value}{more}") } else { write!(line, " {key}={value:?}{more}") };
        }
        (self.out)(&line);
    }
}

/// Characters of a value: names come from the network and from other users, and some have no limit.
const MAX_VALUE: usize = 500;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn log() -> (Log, Receiver<String>) {
        let (sender, lines) = channel();
        (Log::new(move |line: &str| sender.send(line.to_owned()).expect("the test listens")), lines)
    }

    #[test]
    fn values_from_the_network_cannot_make_lines_or_fields() {
        let (mut log, lines) = log();
        log.line("test", &[field("a", "SRV1<00>"), field("b", "x\n y=\"z\"")]);
        let lines: Vec<String> = lines.try_iter().collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with(r#" event=test a=SRV1<00> b="x\n y=\"z\"""#), "{lines:?}");
    }

    #[test]
    fn no_character_of_a_value_acts_on_a_terminal() {
        let (mut log, lines) = log();
        for code in (0..0x20).chain(0x7f..0xa0).chain(0x202a..0x202f).chain(0x2066..0x206a) {
            let c = char::from_u32(code).expect("no surrogate");
            log.line("test", &[field("value", format!("a{c}b"))]);
            log.tell_left_out();
        }
        let acts = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(lines.try_iter().all(|line| !line.contains(acts)));
    }

    #[test]
    fn long_values_are_cut() {
        let (mut log, lines) = log();
        log.line("test", &[field("plain", "é".repeat(20_000)), field("quoted", "\u{1b}".repeat(20_000))]);
        let line = lines.try_recv().expect("a line");
        assert!(line.len() < 16 * MAX_VALUE && line.ends_with("..."), "{}", line.len());
    }

    #[test]
    fn what_was_left_out_is_said_once() {
        let (mut log, lines) = log();
        let asked = 100_000;
        for _ in 0..asked {
            log.line("not_sent", &[field("uid", 1000)]);
        }
        log.tell_left_out();
        log.tell_left_out();
        let lines: Vec<String> = lines.try_iter().collect();
        let (said, logged) = lines.split_last().expect("something was logged");
        assert!(said.ends_with(&format!(" event=left_out of=not_sent number={}", asked - logged.len())), "{said}");
        assert!(logged.len() < asked / 100, "{}", logged.len());
        assert!(logged.iter().all(|line| line.ends_with(" event=not_sent uid=1000")));
    }
}
