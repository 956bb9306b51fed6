//! The statements of all cases, as a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cases;

/// The statements left to other tests.
const LEFT: &str = include_str!("../left.md");

/// A table of all cases by their statements, and the list of statements without a case, as Markdown.
pub fn markdown() -> String {
    let mut by_row: BTreeMap<Vec<Part<'_>>, (&str, Vec<&str>)> = BTreeMap::new();
    for case in cases::all() {
        for row in case.rows {
            by_row.entry(key(row)).or_insert((row, Vec::new())).1.push(case.name);
        }
    }
    let mut text = format!("{} cases.\n\n| states | cases |\n|---|---|\n", cases::all().count());
    for (row, names) in by_row.values() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {row} | {} |", names.join(", "));
    }
    text.push_str(LEFT);
    text
}

/// Sorts numbers by value and before letters.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number(u32),
    Word(&'a str),
}

fn key(row: &str) -> Vec<Part<'_>> {
    row.split('.').map(|part| part.parse().map_or(Part::Word(part), Part::Number)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_case_is_in_the_table() {
        let table = markdown();
        assert!(cases::all().all(|case| table.contains(case.name)));
    }

    #[test]
    fn case_names_are_unique_and_every_case_states_something() {
        let mut names = HashSet::new();
        for case in cases::all() {
            assert!(names.insert(case.name), "{} is there twice", case.name);
            assert!(!case.rows.is_empty(), "{} states nothing", case.name);
        }
    }

    #[test]
    fn rows_are_sorted_by_number() {
        assert!(key("2.5") < key("10.1"));
        assert!(key("11.22") < key("A.1"));
        assert!(key("A.9") < key("A.13"));
    }
}
