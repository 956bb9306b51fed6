//! Findings, one line each.

use std::fmt::Display;

use serde::Serialize;

use crate::exit::{Failure, Result};
use crate::output;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    Problem,
    Unknown,
}

#[derive(Debug, Serialize)]
struct Finding {
    state: State,
    /// What was checked, in a word.
    check: &'static str,
    found: String,
    /// What to do about it.
    remedy: Option<String>,
}

/// All findings, in the order of a message's way.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub fn ok(&mut self, check: &'static str, found: impl Display) {
        self.add(State::Ok, check, found, None);
    }

    pub fn problem(&mut self, check: &'static str, found: impl Display, remedy: impl Display) {
        self.add(State::Problem, check, found, Some(remedy.to_string()));
    }

    pub fn unknown(&mut self, check: &'static str, found: impl Display, remedy: impl Display) {
        self.add(State::Unknown, check, found, Some(remedy.to_string()));
    }

    pub fn add(&mut self, state: State, check: &'static str, found: impl Display, remedy: Option<String>) {
        self.0.push(Finding { state, check, found: found.to_string(), remedy });
    }

    #[cfg(test)]
    pub fn states(&self) -> Vec<State> {
        self.0.iter().map(|finding| finding.state).collect()
    }

    /// Prints all of it. Problems make it a failure.
    pub fn report(self, json: bool) -> Result {
        if json {
            output::print_json_lines(&self.0)?;
        } else {
            output::lines(self.0.iter().map(Finding::line))?;
        }
        match self.0.iter().filter(|finding| finding.state == State::Problem).count() {
            0 => Ok(()),
            problems => Err(Failure::Problems(problems)),
        }
    }
}

impl Finding {
    fn line(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Problem => "problem",
            State::Unknown => "unknown",
        };
        let remedy = self.remedy.as_ref().map(|remedy| format!(" -> {remedy}")).unwrap_or_default();
        format!("{state:<8} {:<10} {}{remedy}", self.check, self.found)
    }
}

/// `1 message`, `2 messages`.
pub fn count(number: impl Into<u64>, word: &str) -> String {
    match number.into() {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    }
}

/// A list of names, cut so that it fits a line.
pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let all: Vec<&str> = names.into_iter().collect();
    let shown = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN { format!("{shown} and {} more", all.len() - SHOWN) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::Line;
    use crate::hostile;

    #[test]
    fn lists_have_a_bound() {
        assert_eq!(names(["a", "b"]), "a, b");
        assert_eq!(names((0..10).map(|_| "x")), "x, x, x, x, x, x, x, x and 2 more");
    }

    #[test]
    fn findings_are_one_line_each_and_do_nothing_to_a_terminal() {
        let mut findings = Findings::default();
        findings.problem("name", "a\nb\u{1b}[2J", "write c");
        let line = Line(findings.0[0].line()).to_string();
        assert_eq!(line, "problem  name       a\\nb\\u{1b}[2J -> write c");
    }

    #[test]
    fn whatever_is_found_stays_in_its_line() {
        hostile::stays_in_its_lines(|text| {
            let mut findings = Findings::default();
            findings.problem("name", text, text);
            findings.0.iter().map(Finding::line).collect()
        });
    }
}
