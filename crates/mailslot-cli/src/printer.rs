//! Prints messages on standard output, as the user wants them.

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use mailslot::{Message, Origin, SlotName};
use serde::Serialize;

use crate::encoding::Encoding;
use crate::escape::{self, Ending};
use crate::exit::{self, Failure, Result};
use crate::output;
use crate::received::Received;
use crate::signals::Signals;
use crate::sys::Stdout;
use crate::template::Template;
use crate::text::{Shown, Text};

/// How messages are printed: the options that all commands which print messages share.
#[derive(Args)]
pub struct Style {
    /// How to print messages
    // The letter is that of 0.1, for scripts; it means --file elsewhere, so help does not show it.
    #[arg(long, short_alias = 'f', value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Print one JSON object for each message, with its slot, time and origin; the same as --format json
    #[arg(long, conflicts_with_all = ["format", "template"])]
    json: bool,

    /// Begin each message with the time when it was received (RFC 3339, UTC); JSON always has it
    #[arg(long, conflicts_with = "template")]
    time: bool,

    /// Print this for each message, with fields such as {time}, {uid} and {data}
    #[arg(long, value_name = "TEXT", value_parser = Template::parse, conflicts_with = "format")]
    template: Option<Template>,

    /// End each message with NUL instead of a line end
    #[arg(short = '0', long)]
    zero: bool,

    /// Write raw bytes even to a terminal
    #[arg(long)]
    force: bool,

    /// Messages are text in this encoding: utf-16le (wide programs), utf-8, or a code page such as cp1252
    #[arg(short, long, value_parser = Encoding::parse)]
    encoding: Option<Encoding>,

    /// Messages end with NUL: do not print NULs at their end
    #[arg(long)]
    nul: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for each message: line ends within it are escaped, on a terminal all control characters
    Text,
    /// One line of hexadecimal digits for each message
    Hex,
    /// One JSON object on a line for each message
    Json,
    /// The bytes alone, with nothing in between
    Raw,
}

/// The fields of templates, for the help texts of all commands that print messages.
pub const FIELDS_HELP: &str = r"Fields of templates:
  {time} {sent} {slot} {size}     when received, when written, its slot, bytes
  {data} {hex} {base64}           the message
  {pid} {uid} {gid} {user} {group} {attested}
                                  of a process of this machine
  {computer} {domain} {address} {authenticated} {computer_authenticated}
                                  of another machine
  {{ }} \t \n \0 \\               braces, tab, line end, NUL, backslash";

impl Style {
    /// The conversion between the text and the bytes of messages.
    pub fn text(&self) -> Text {
        Text { encoding: self.encoding, nul: self.nul }
    }

    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// Fails if some of the options exclude each other.
    fn check(&self, terminal: bool) -> Result {
        match self.format() {
            Format::Hex if self.encoding.is_some() => {
                Err(Failure::Usage("--format hex prints bytes, to which --encoding does not apply: leave one out"))
            }
            Format::Raw if self.time || self.zero => Err(Failure::Usage(
                "--format raw prints the bytes alone: leave --time and --zero out, or use --format text",
            )),
            Format::Raw if terminal && !self.force => Err(Failure::Usage(
                "raw messages could do anything to this terminal: take --format text, write to a file or a program, or \
                 add --force",
            )),
            _ => Ok(()),
        }
    }
}

/// Prints messages.
pub struct Printer<'a> {
    style: &'a Style,
    /// Whether messages come from several slots, so that each is printed with its slot's name.
    several: bool,
    terminal: bool,
    out: BufWriter<Stdout<'a>>,
    record: Vec<u8>,
}

impl<'a> Printer<'a> {
    pub fn new(style: &'a Style, several: bool, signals: &'a Signals) -> Result<Printer<'a>> {
        let terminal = output::is_terminal();
        style.check(terminal)?;
        let out = BufWriter::with_capacity(BUFFER, Stdout { signals });
        Ok(Printer { style, several, terminal, out, record: Vec::new() })
    }

    /// Prints one message, at the latest with the next [`flush`](Printer::flush).
    pub fn message(&mut self, received: &Received<'_>) -> Result {
        say_what_is_lost(received.slot, received.shown.message);
        self.record.clear();
        match (self.style.format(), &self.style.template) {
            (Format::Raw, _) => self.record.extend_from_slice(&received.shown.text),
            (Format::Json, _) => self.record.extend_from_slice(output::json(&MessageJson::from(received))?.as_bytes()),
            (_, Some(template)) => {
                let put = put(self.terminal, self.ending());
                template.render(received, &mut self.record, put);
            }
            (Format::Hex, None) => {
                self.head(received);
                self.record.extend_from_slice(data_encoding::HEXLOWER.encode(&received.shown.text).as_bytes());
            }
            (Format::Text, None) => {
                self.head(received);
                put(self.terminal, self.ending())(&received.shown.text, &mut self.record);
            }
        }
        if self.style.format() != Format::Raw {
            self.record.push(self.ending().byte());
        }
        self.out.write_all(&self.record).map_err(|source| self.failure(source))
    }

    /// Writes the messages printed so far. On a terminal, call this after each message.
    pub fn flush(&mut self) -> Result {
        self.out.flush().map_err(|source| self.failure(source))
    }

    /// Appends the prefix of a message.
    fn head(&mut self, received: &Received<'_>) {
        if self.style.time {
            self.record.extend_from_slice(received.time().as_bytes());
            self.record.push(b' ');
        }
        if self.several {
            put(self.terminal, self.ending())(received.slot.to_string().as_bytes(), &mut self.record);
            self.record.extend_from_slice(b": ");
        }
    }

    fn ending(&self) -> Ending {
        if self.style.zero { Ending::Nul } else { Ending::Line }
    }

    /// A write that fails after a signal fails because of it.
    fn failure(&self, source: io::Error) -> Failure {
        match self.out.get_ref().signals.check() {
            Err(signal) => signal,
            Ok(()) => Failure::output(source),
        }
    }
}

/// Reports messages before this one that were lost: dropped by a slot that drops the oldest, or by a tap that was too
/// slow.
pub fn say_what_is_lost(slot: &SlotName, message: &Message) {
    match message.lost_before {
        0 => {}
        1 => exit::complain(format_args!("{slot}: 1 message was lost here for lack of room")),
        lost => exit::complain(format_args!("{slot}: {lost} messages were lost here for lack of room")),
    }
}

/// Adds text chosen by others to a record: on a terminal it must not control anything, and elsewhere not end the
/// record.
fn put(terminal: bool, ending: Ending) -> impl Fn(&[u8], &mut Vec<u8>) {
    move |bytes, record| {
        if terminal {
            let mut text = String::new();
            escape::bytes_into(bytes, &mut text);
            record.extend_from_slice(text.as_bytes());
        } else {
            ending.escape_into(bytes, record);
        }
    }
}

#[derive(Serialize)]
struct MessageJson<'a> {
    slot: String,
    time: String,
    sent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_hex: Option<String>,
    size: usize,
    #[serde(skip_serializing_if = "is_none_lost")]
    lost_before: u64,
    origin: &'a Origin,
}

/// For JSON: leaves `lost` out if it is 0.
pub fn is_none_lost(lost: &u64) -> bool {
    *lost == 0
}

impl<'a> From<&'a Received<'a>> for MessageJson<'a> {
    fn from(received: &'a Received<'a>) -> MessageJson<'a> {
        let Shown { message, text, whole } = received.shown;
        let data = std::str::from_utf8(text).ok().filter(|_| *whole);
        MessageJson {
            slot: received.slot.to_string(),
            time: received.time(),
            sent: received.sent(),
            data,
            data_hex: data.is_none().then(|| data_encoding::HEXLOWER.encode(&message.data)),
            size: message.data.len(),
            lost_before: message.lost_before,
            origin: &message.origin,
        }
    }
}

const BUFFER: usize = 64 << 10;
