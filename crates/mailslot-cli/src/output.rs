//! Standard output: text, JSON, hexadecimal digits or bytes; escaped where a person looks at them.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use mailslot::Origin;
use serde::Serialize;

use crate::escape::{self, Line};
use crate::exit::{Failure, Result};
use crate::signals::Signals;
use crate::sys::Stdout;
use crate::text::Shown;

/// How messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for each message; control characters are escaped on a terminal
    Text,
    /// One line of hexadecimal digits for each message
    Hex,
    /// One JSON object on a line for each message, with its origin
    Json,
    /// The bytes alone, with nothing in between
    Raw,
}

/// Prints messages.
pub struct Printer<'a> {
    format: Format,
    terminal: bool,
    out: BufWriter<Stdout<'a>>,
    line: String,
}

impl<'a> Printer<'a> {
    pub fn new(format: Format, signals: &'a Signals) -> Printer<'a> {
        let terminal = is_terminal();
        let out = BufWriter::with_capacity(BUFFER, Stdout { signals });
        Printer { format, terminal, out, line: String::new() }
    }

    /// Prints one message, at the latest with the next [`flush`](Printer::flush).
    pub fn message(&mut self, shown: &Shown<'_>) -> Result {
        self.line.clear();
        let written = match self.format {
            Format::Raw => self.out.write_all(&shown.text),
            Format::Text if !self.terminal => self.out.write_all(&shown.text).and_then(|()| self.out.write_all(b"\n")),
            Format::Text => {
                escape::bytes_into(&shown.text, &mut self.line);
                self.finish_line()
            }
            Format::Hex => {
                hex(&shown.text, &mut self.line);
                self.finish_line()
            }
            Format::Json => {
                self.line = json(&MessageJson::from(shown))?;
                self.finish_line()
            }
        };
        written.map_err(|source| self.failure(source))
    }

    pub fn flush(&mut self) -> Result {
        self.out.flush().map_err(|source| self.failure(source))
    }

    fn finish_line(&mut self) -> io::Result<()> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    /// A write that failed after a signal has failed because of it.
    fn failure(&self, source: io::Error) -> Failure {
        match self.out.get_ref().signals.check() {
            Err(signal) => signal,
            Ok(()) => Failure::output(source),
        }
    }
}

/// Prints one line.
pub fn line(line: impl Display) -> Result {
    lines([line])
}

/// Prints lines, and is all that prints text. So nothing that another user or machine has chosen gets out of its line, or
/// to the terminal itself, wherever it stands. Messages alone are given as they are, by [`Printer`].
pub fn lines<T: Display>(lines: impl IntoIterator<Item = T>) -> Result {
    let mut out = BufWriter::new(stdout().lock());
    write_lines(lines, &mut out).and_then(|()| out.flush()).map_err(Failure::output)
}

/// Prints an empty line and a title, which stands out if a person wants that.
pub fn title(title: impl Display) -> Result {
    let plain = std::env::var_os("NO_COLOR").is_some() || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let (on, off) = if is_terminal() && !plain { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    writeln!(stdout(), "\n{on}{}{off}", Line(title)).map_err(Failure::output)
}

/// Prints a value as JSON on one line.
pub fn print_json<T: Serialize>(value: &T) -> Result {
    let mut stdout = stdout().lock();
    writeln!(stdout, "{}", json(value)?).and_then(|()| stdout.flush()).map_err(Failure::output)
}

/// Whether a person looks at the output.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

pub(crate) fn write_lines<T: Display>(lines: impl IntoIterator<Item = T>, out: &mut impl Write) -> io::Result<()> {
    lines.into_iter().try_for_each(|line| writeln!(out, "{}", Line(line)))
}

#[expect(clippy::disallowed_methods, reason = "everything that is written is escaped here")]
fn stdout() -> io::Stdout {
    io::stdout()
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|error| Failure::io("write JSON", error))?;
    Ok(escape::json(json))
}

fn hex(bytes: &[u8], line: &mut String) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            line.push(char::from(HEX_DIGITS[usize::from(digit)]));
        }
    }
}

#[derive(Serialize)]
struct MessageJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_hex: Option<String>,
    size: usize,
    origin: &'a Origin,
}

impl<'a> From<&'a Shown<'a>> for MessageJson<'a> {
    fn from(shown: &'a Shown<'a>) -> MessageJson<'a> {
        let message = shown.message;
        let data = std::str::from_utf8(&shown.text).ok().filter(|_| shown.whole);
        let data_hex = data.is_none().then(|| {
            let mut digits = String::with_capacity(2 * message.data.len());
            hex(&message.data, &mut digits);
            digits
        });
        MessageJson { data, data_hex, size: message.data.len(), origin: &message.origin }
    }
}

const BUFFER: usize = 64 << 10;
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";
