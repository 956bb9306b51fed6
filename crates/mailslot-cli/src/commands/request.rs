//! `mailslot request`: writes a message, and prints the reply of the slot's owner.

use std::ffi::OsString;
use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Error, MailslotWriter, Message, Replies};

use crate::args;
use crate::commands::completions;
use crate::exit::{Failure, Result};
use crate::printer::{FIELDS_HELP, Printer, Style};
use crate::received::Received;
use crate::signals::Signals;

/// Write a message to a slot and print the reply
#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{FIELDS_HELP}\n\n{EXAMPLES}"))]
pub struct Request {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// The message [default: all of standard input]
    #[arg(value_name = "MESSAGE")]
    message: Option<OsString>,

    /// How long to wait for room in the slot and for the reply together: 500ms, 2s, 1m
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = args::duration)]
    timeout: Duration,

    #[command(flatten)]
    style: Style,
}

const AFTER_HELP: &str = r#"A reply is accepted only if the system confirms that a process of the slot's user wrote it, to a slot made for this reply. `mailslot listen --reply` is the other side, or any program that replies through the library.

In domains made with `mailslot domain new`, slots of other machines can be asked, for a minute at most: the node there asks the slot, and what it replies is sealed for this request with the domain's key. Of all the machines of a domain, the first that replies is heard. In open domains and in the legacy network nothing would prove who replies, so nobody is asked there.

If no reply comes in time, the status is 5; if the slot is closed meanwhile, or its owner ends, at once 9. Printed is the reply, as `mailslot listen` prints messages; with --encoding and --nul, the request is written in that form, too."#;

const EXAMPLES: &str = r#"Examples:
  mailslot request clock "what time is it?"
  mailslot request --timeout 500ms clock now || echo "nobody has answered"
  mailslot request resizer < photo.jpg --format raw > small.jpg
  mailslot request --json '\\PLANT\mailslot\clock' now"#;

/// The longest time until a signal is noticed.
const TURN: Duration = Duration::from_millis(50);

impl Request {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let writer = MailslotWriter::open(self.name.as_str())?;
        let message = self.message()?;
        // First, so that no request is sent whose reply cannot be printed.
        let mut printer = Printer::new(&self.style, false, &signals)?;
        let deadline = Instant::now().checked_add(self.timeout);
        let replies = writer.begin_request(&message, None, self.timeout)?;
        let reply = receive(&replies, deadline, &signals)?;
        let shown = self.style.text().show(&reply);
        printer.message(&Received { slot: writer.address().slot(), at: SystemTime::now(), shown: &shown })?;
        printer.flush()
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
        self.style.text().message(&given).map_err(|what| Failure::Text { sent: 0, what })
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
