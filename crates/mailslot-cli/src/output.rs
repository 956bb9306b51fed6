//! Standard output: text, JSON, hexadecimal digits or bytes; escaped where a person looks at them.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::IpAddr;

use clap::ValueEnum;
use mailslot::{Message, Origin};
use serde::Serialize;

use crate::exit::{Failure, Result};
use crate::signals::Signals;
use crate::sys::Stdout;

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
        let terminal = io::stdout().is_terminal();
        let out = BufWriter::with_capacity(BUFFER, Stdout { signals });
        Printer { format, terminal, out, line: String::new() }
    }

    /// Prints one message, at the latest with the next [`flush`](Printer::flush).
    pub fn message(&mut self, message: &Message) -> Result {
        self.line.clear();
        let written = match self.format {
            Format::Raw => self.out.write_all(&message.data),
            Format::Text if !self.terminal => {
                self.out.write_all(&message.data).and_then(|()| self.out.write_all(b"\n"))
            }
            Format::Text => {
                escape_bytes(&message.data, &mut self.line);
                self.finish_line()
            }
            Format::Hex => {
                hex(&message.data, &mut self.line);
                self.finish_line()
            }
            Format::Json => {
                self.line = json(&MessageJson::from(message), self.terminal)?;
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

/// Prints text that is ready to be printed.
pub fn print(text: &str) -> Result {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::output)
}

/// Prints a value as JSON on one line.
pub fn print_json<T: Serialize>(value: &T) -> Result {
    print(&(json(value, io::stdout().is_terminal())? + "\n"))
}

/// Text with everything escaped that could make a terminal do something, and with line ends.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape_into(text, &mut escaped);
    escaped
}

/// Like [`escape`], but line ends stay.
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// JSON; for a terminal also those characters are escaped that JSON leaves alone. They only occur inside of strings.
fn json<T: Serialize>(value: &T, terminal: bool) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|error| Failure::io("write JSON", error))?;
    if !terminal || !json.chars().any(acts_on_terminals) {
        return Ok(json);
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if acts_on_terminals(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

fn hex(bytes: &[u8], line: &mut String) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            line.push(char::from(HEX_DIGITS[usize::from(digit)]));
        }
    }
}

fn escape_bytes(bytes: &[u8], line: &mut String) {
    for chunk in bytes.utf8_chunks() {
        escape_into(chunk.valid(), line);
        for byte in chunk.invalid() {
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
}

fn escape_into(text: &str, line: &mut String) {
    for c in text.chars() {
        if acts_on_terminals(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
}

/// Control characters, line and paragraph separators, and the marks that change the direction of text. All of them are
/// single UTF-16 units.
fn acts_on_terminals(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[derive(Serialize)]
struct MessageJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_hex: Option<String>,
    size: usize,
    origin: Option<OriginJson<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OriginJson<'a> {
    Local { pid: u32, uid: u32, gid: u32, attested: bool },
    Network { computer: &'a str, domain: Option<&'a str>, address: Option<IpAddr>, authenticated: bool },
}

impl<'a> From<&'a Message> for MessageJson<'a> {
    fn from(message: &'a Message) -> MessageJson<'a> {
        let data = std::str::from_utf8(&message.data).ok();
        let data_hex = data.is_none().then(|| {
            let mut digits = String::with_capacity(2 * message.data.len());
            hex(&message.data, &mut digits);
            digits
        });
        let origin = match &message.origin {
            &Origin::Local { pid, uid, gid, attested } => Some(OriginJson::Local { pid, uid, gid, attested }),
            Origin::Network(origin) => Some(OriginJson::Network {
                computer: &origin.computer,
                domain: origin.domain.as_deref(),
                address: origin.address,
                authenticated: origin.authenticated,
            }),
            _ => None,
        };
        MessageJson { data, data_hex, size: message.data.len(), origin }
    }
}

const BUFFER: usize = 64 << 10;
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_no_control_characters() {
        let mut line = String::new();
        escape_bytes(b"a\x1b[2Jb\r\n\xff\xc3\xa9 \xe2\x80\xae\xc2\x9b", &mut line);
        assert_eq!(line, "a\\u{1b}[2Jb\\r\\n\\xffé \\u{202e}\\u{9b}");
    }

    #[test]
    fn json_on_a_terminal_stays_json() {
        let text = "\u{9b}31m \u{202e} é \"";
        let escaped = json(&text, true).expect("a string is always JSON");
        assert_eq!(escaped, r#""\u009b31m \u202e é \"""#);
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("still JSON"), text);
    }

    #[test]
    fn several_lines_stay_several_lines() {
        assert_eq!(escape_lines("a\x07\nb"), "a\\u{7}\nb");
    }
}
