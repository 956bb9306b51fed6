//! `mailslot listen`: owns a slot and prints what is written to it.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use clap::Args;
use mailslot::{Access, Error, Mailslot, MailslotOptions, Message, Network, Timeout};

use crate::args;
use crate::encoding::Encoding;
use crate::exec::Runner;
use crate::exit::{self, Failure, Result};
use crate::output::{self, Format, Printer};
use crate::signals::Signals;
use crate::sys;
use crate::text::{Shown, Text};

/// Create a slot and print the messages that are written to it
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Listen {
    /// The slot
    name: String,

    /// How to print messages
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Messages are text in this encoding: utf-16le (wide programs), utf-8, or a code page such as cp1252
    #[arg(short, long, value_parser = Encoding::parse)]
    encoding: Option<Encoding>,

    /// Messages end with NUL: what they have of it at their end is not printed
    #[arg(long)]
    nul: bool,

    /// End after this many messages
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End, with status 5, when no message has come for this long: 500ms, 2s, 1m
    #[arg(short, long, value_name = "DURATION", value_parser = args::duration)]
    timeout: Option<Duration>,

    /// End after a message that is exactly this text; it is printed as well
    #[arg(long, value_name = "TEXT")]
    until: Option<OsString>,

    /// Run CMD with `sh -c` (Windows: `cmd /C`) for each message instead of printing it
    #[arg(long, value_name = "CMD", conflicts_with = "format")]
    exec: Option<String>,

    /// Refuse larger messages; 0 is any size
    #[arg(long, value_name = "BYTES", default_value = "0", value_parser = args::message_size)]
    max_size: u32,

    /// Bytes that unread messages may take: 64K, 16M, 1G [default: 16M]
    #[arg(long, value_name = "SIZE", value_parser = args::size)]
    capacity: Option<u64>,

    /// Who may write besides the own user: owner, group:NAME, users:NAME,NAME or everyone; ids do as well
    #[arg(long, value_name = "WHO", default_value = "owner", value_parser = args::access)]
    access: Access,

    /// Let other machines write, through the network node
    #[arg(long)]
    network: bool,

    /// Say on standard error when the slot is there
    #[arg(short, long)]
    verbose: bool,
}

const AFTER_HELP: &str = r#"With --encoding, messages are printed, and given to commands, in UTF-8; bytes that are none of the encoding become \xff.
In JSON, such a message is in `data_hex` as it was written, and `size` is always that of the message. --until is compared
with what is printed.

A command of --exec has the message on its standard input, and in its environment
  MAILSLOT_NAME  the slot               MAILSLOT_PID  the process that wrote the message
  MAILSLOT_SIZE  bytes of the input     MAILSLOT_UID  its user
or, if another machine sent it, MAILSLOT_COMPUTER and, as far as they are known, MAILSLOT_ADDRESS and MAILSLOT_DOMAIN (the
domain that it was sent to); MAILSLOT_AUTHENTICATED is 1 if a holder of the domain's key sent it, and else not set.
Commands run one after the other. If one fails, that is said on standard error, listening goes on, and the
status at the end is 1 if it would have been 0.

SIGINT and SIGTERM close the slot and end with status 130 and 143; on Windows, Ctrl-C does. Messages that nobody has read by then are gone.

Examples:
  mailslot listen alerts
  mailslot listen --format json --access everyone alerts | jq .origin.uid
  mailslot listen --count 1 --timeout 10s answer || echo "no answer"
  mailslot listen --encoding utf-16le --nul MyMailslot
  mailslot listen --until quit --exec 'logger -t "$MAILSLOT_NAME"' alerts"#;

/// Messages taken out of the slot at once.
const BATCH: usize = 256;

impl Listen {
    pub fn run(self) -> Result {
        if self.encoding.is_some() && self.format == Format::Hex {
            return Err(Failure::Usage(
                "with --format hex messages are bytes, which --encoding does not change: leave one out",
            ));
        }
        let signals = Signals::catch()?;
        let slot = self.options().create(&self.name)?;
        if self.verbose {
            exit::complain(format_args!(r"listening on \\.\mailslot\{}", slot.name()));
        }
        match &self.exec {
            Some(command) => self.listen(&slot, &signals, Sink::Command(Runner::new(command, slot.name()))),
            None => self.listen(&slot, &signals, Sink::Output(Printer::new(self.format, &signals))),
        }
    }

    fn options(&self) -> MailslotOptions {
        let mut options = MailslotOptions::new();
        options.max_message_size(self.max_size).access(self.access.clone());
        if let Some(capacity) = self.capacity {
            options.capacity(capacity);
        }
        if self.network {
            options.network(Network::Allowed);
        }
        options
    }

    fn listen(&self, slot: &Mailslot, signals: &Signals, mut sink: Sink<'_>) -> Result {
        let text = Text { encoding: self.encoding, nul: self.nul };
        let mut left = self.count.unwrap_or(u64::MAX);
        let mut messages = Vec::new();
        while left > 0 {
            let max = usize::try_from(left).unwrap_or(usize::MAX).min(sink.batch());
            messages.clear();
            self.receive(slot, signals, &mut sink, &mut messages, max)?;
            for message in &messages {
                let shown = text.show(message);
                sink.message(&shown)?;
                left -= 1;
                if self.until.as_ref().is_some_and(|until| until.as_encoded_bytes() == &*shown.text) {
                    left = 0;
                    break;
                }
            }
            sink.batch_done()?;
        }
        sink.finish()
    }

    /// Receives 1 to `max` messages, waiting as long as the user allows.
    fn receive(
        &self,
        slot: &Mailslot,
        signals: &Signals,
        sink: &mut Sink<'_>,
        messages: &mut Vec<Message>,
        max: usize,
    ) -> Result {
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            signals.check()?;
            match slot.receive_batch_within(messages, max, Timeout::Zero) {
                Err(Error::TimedOut) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
            sink.flush()?;
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(Error::TimedOut.into());
            }
            sys::wait(slot, signals, sink.watches_output(), messages, max, left)?;
            if !messages.is_empty() {
                return Ok(());
            }
        }
    }
}

/// What becomes of messages.
enum Sink<'a> {
    Output(Printer<'a>),
    Command(Runner<'a>),
}

impl Sink<'_> {
    /// Messages that may be taken out of the slot at once. Commands may take long: what waits for them waits in the slot.
    fn batch(&self) -> usize {
        match self {
            Sink::Output(_) => BATCH,
            Sink::Command(_) => 1,
        }
    }

    fn message(&mut self, shown: &Shown<'_>) -> Result {
        match self {
            Sink::Output(printer) => printer.message(shown),
            Sink::Command(runner) => runner.message(shown),
        }
    }

    fn batch_done(&mut self) -> Result {
        if output::is_terminal() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result {
        match self {
            Sink::Output(printer) => printer.flush(),
            Sink::Command(_) => Ok(()),
        }
    }

    fn finish(&mut self) -> Result {
        match self {
            Sink::Output(printer) => printer.flush(),
            Sink::Command(runner) => runner.finish(),
        }
    }

    fn watches_output(&self) -> bool {
        matches!(self, Sink::Output(_))
    }
}
