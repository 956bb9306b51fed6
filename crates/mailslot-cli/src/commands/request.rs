//! `mailslot request`: writes a message, and prints what whoever reads the slot replies.

use std::ffi::OsString;
use std::io::Read;
use std::time::{Duration, Instant};

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Error, MailslotWriter, Message, Replies};

use crate::args;
use crate::commands::completions;
use crate::encoding::Encoding;
use crate::exit::{Failure, Result};
use crate::output::{Format, Printer};
use crate::signals::Signals;
use crate::text::Text;

/// Write a message to a slot of this machine and print the reply
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Request {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// The message; without it, all of standard input is
    #[arg(value_name = "MESSAGE")]
    message: Option<OsString>,

    /// Wait so long, for room in the slot and for the reply: 500ms, 2s, 1m
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = args::duration)]
    timeout: Duration,

    /// How to print the reply
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Message and reply are text in this encoding: utf-16le (wide programs), utf-8, or a code page such as cp1252
    #[arg(short, long, value_parser = Encoding::parse)]
    encoding: Option<Encoding>,
}

const AFTER_HELP: &str = r#"The reply is believed because the system says that a process of the slot's user wrote it, into a slot that was made for it alone.
`mailslot listen --reply` is the other side, as is every program that replies through the library.
If no reply comes in time, the status is 5; if the slot is closed meanwhile, or its owner ends, at once 9.

Examples:
  mailslot request clock "what time is it?"
  mailslot request --timeout 500ms clock now || echo "nobody has answered"
  mailslot request resizer < photo.jpg --format raw > small.jpg"#;

/// How long a signal may go unnoticed.
const TURN: Duration = Duration::from_millis(50);

impl Request {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let writer = MailslotWriter::open(self.name.as_str())?;
        let message = self.message()?;
        let deadline = Instant::now().checked_add(self.timeout);
        let replies = writer.begin_request(&message, None, self.timeout)?;
        let reply = receive(&replies, deadline, &signals)?;
        let mut printer = Printer::new(self.format, &signals);
        printer.message(&self.text().show(&reply))?;
        printer.flush()
    }

    fn text(&self) -> Text {
        Text { encoding: self.encoding, nul: false }
    }

    fn message(&self) -> Result<Vec<u8>> {
        let given = match &self.message {
            Some(message) => message.as_encoded_bytes().to_vec(),
            None => {
                let mut all = Vec::new();
                let read = std::io::stdin().lock().read_to_end(&mut all);
                read.map_err(|source| Failure::io("read standard input", source))?;
                all
            }
        };
        self.text().message(&given).map_err(|what| Failure::Text { sent: 0, what })
    }
}

fn receive(replies: &Replies, deadline: Option<Instant>, signals: &Signals) -> Result<Message> {
    loop {
        signals.check()?;
        let left = deadline.map_or(TURN, |end| end.saturating_duration_since(Instant::now()));
        match replies.receive_within(left.min(TURN)) {
            Err(Error::TimedOut) if left > TURN => {}
            received => return Ok(received?),
        }
    }
}
