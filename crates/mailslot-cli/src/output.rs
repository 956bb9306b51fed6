//! Standard output: lines of text and of JSON. Messages are printed by [`printer`](crate::printer).

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

use crate::escape::{self, Line};
use crate::exit::{Failure, Result};

/// Prints one line.
pub fn line(line: impl Display) -> Result {
    lines([line])
}

/// Prints lines. All text is printed here, so that text chosen by another user or machine can neither leave its line
/// nor control the terminal.
pub fn lines<T: Display>(lines: impl IntoIterator<Item = T>) -> Result {
    let mut out = BufWriter::new(stdout().lock());
    write_lines(lines, &mut out).and_then(|()| out.flush()).map_err(Failure::output)
}

/// Prints an empty line and a title, in bold if colours are on.
pub fn title(title: impl Display) -> Result {
    let (on, off) = if has_colour() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    writeln!(stdout(), "\n{on}{}{off}", Line(title)).map_err(Failure::output)
}

/// Prints a value as JSON on one line.
pub fn print_json<T: Serialize>(value: &T) -> Result {
    print_json_lines([value])
}

/// Prints values as JSON, one to a line.
pub fn print_json_lines<T: Serialize>(values: impl IntoIterator<Item = T>) -> Result {
    let mut out = BufWriter::new(stdout().lock());
    for value in values {
        writeln!(out, "{}", json(&value)?).map_err(Failure::output)?;
    }
    out.flush().map_err(Failure::output)
}

/// Writes bytes as they are, for another program.
pub fn raw(bytes: &[u8]) -> Result {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::output)
}

/// Whether the output is a terminal.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

/// Whether text may have colours and styles: not if NO_COLOR is set and not empty.
fn has_colour() -> bool {
    let has = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty());
    is_terminal() && has("NO_COLOR").is_none() && has("TERM").is_some_and(|term| term != "dumb")
}

/// Columns of the terminal, if the output is one.
pub fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size_of(stdout()).map(|(terminal_size::Width(width), _)| width)
}

pub(crate) fn write_lines<T: Display>(lines: impl IntoIterator<Item = T>, out: &mut impl Write) -> io::Result<()> {
    lines.into_iter().try_for_each(|line| writeln!(out, "{}", Line(line)))
}

#[expect(clippy::disallowed_methods, reason = "everything that is written is escaped here")]
fn stdout() -> io::Stdout {
    io::stdout()
}

/// A value as JSON on one line, without its end.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|error| Failure::io("write JSON", error))?;
    Ok(escape::json(json))
}
