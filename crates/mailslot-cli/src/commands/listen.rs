//! `mailslot listen`: owns a slot and prints what is written to it.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use mailslot::{Access, Error, Mailslot, MailslotOptions, Message, Network, Sharing, Taps, Timeout};

use crate::args;
use crate::encoding::Encoding;
use crate::exec::Commands;
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

    /// Be one of several that each get every message: all of this user that say so
    #[arg(long)]
    shared: bool,

    /// Let other processes of this user see the messages with `mailslot tap`
    #[arg(long)]
    taps: bool,

    /// What becomes of messages for which there is no room
    #[arg(long, value_enum, default_value_t = WhenFull::Refuse)]
    when_full: WhenFull,

    /// Whether to see what another one's slot gets, with the options of it that are not for creating one
    #[arg(skip)]
    pub tap: bool,

    /// Say on standard error when the slot is there
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum WhenFull {
    /// They are refused
    Refuse,
    /// The oldest ones make room
    DropOldest,
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

SIGINT and SIGTERM close the slot and end with status 130 and 143; on Windows, Ctrl-C does. Messages that are not printed by then
are gone. With --exec, the command runs for each that was accepted before the signal, and none is accepted afterwards; a second
signal ends at once.

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
        let slot = self.open()?;
        if self.verbose {
            exit::complain(format_args!(r"listening on \\.\mailslot\{}", slot.name()));
        }
        match &self.exec {
            Some(command) => self.execute(slot, &signals, command),
            None => self.print(&slot, &signals),
        }
    }

    #[cfg(unix)]
    fn open(&self) -> mailslot::Result<Mailslot> {
        if self.tap { self.options().tap(&self.name) } else { self.options().create(&self.name) }
    }

    #[cfg(not(unix))]
    fn open(&self) -> mailslot::Result<Mailslot> {
        self.options().create(&self.name)
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
        if self.shared {
            options.sharing(Sharing::Each);
        }
        if self.taps {
            options.taps(Taps::Allowed);
        }
        if let WhenFull::DropOldest = self.when_full {
            options.when_full(mailslot::WhenFull::DropOldest);
        }
        options
    }

    fn text(&self) -> Text {
        Text { encoding: self.encoding, nul: self.nul }
    }

    /// Prints messages until the user has what he wants.
    fn print(&self, slot: &Mailslot, signals: &Signals) -> Result {
        let mut printer = Printer::new(self.format, signals);
        let mut left = Left::of(self);
        let mut messages = Vec::new();
        while left.any() {
            messages.clear();
            self.receive(slot, signals, Some(&mut printer), &mut messages, left.most(BATCH))?;
            for message in &messages {
                let shown = self.text().show(message);
                printer.message(&shown)?;
                left.take(&shown);
                if !left.any() {
                    break;
                }
            }
            if output::is_terminal() {
                printer.flush()?;
            }
        }
        printer.flush()
    }

    /// Runs a command for each message. Those that wait for it wait in the slot, until a signal closes that; then the rest of them
    /// is handled.
    fn execute(&self, slot: Mailslot, signals: &Signals, command: &str) -> Result {
        let commands = Commands::start(command, slot.name(), self.text())?;
        let mut left = Left::of(self);
        let received = self.receive_for(&commands, &slot, signals, &mut left);
        if matches!(received, Err(Failure::Signal(_))) {
            slot.close(|message| {
                if left.any() {
                    left.take(&self.text().show(&message));
                    commands.handle(message);
                }
            })?;
        }
        let handled = commands.finish();
        received.and(handled)
    }

    fn receive_for(&self, commands: &Commands, slot: &Mailslot, signals: &Signals, left: &mut Left<'_>) -> Result {
        let mut messages = Vec::new();
        while left.any() {
            self.receive(slot, signals, None, &mut messages, 1)?;
            for message in messages.drain(..) {
                left.take(&self.text().show(&message));
                commands.handle(message);
            }
            commands.wait(signals)?;
        }
        Ok(())
    }

    /// Receives 1 to `max` messages, waiting as long as the user allows.
    fn receive(
        &self,
        slot: &Mailslot,
        signals: &Signals,
        mut printer: Option<&mut Printer<'_>>,
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
            if let Some(printer) = &mut printer {
                printer.flush()?;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(Error::TimedOut.into());
            }
            sys::wait(slot, signals, printer.is_some(), messages, max, left)?;
            if !messages.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The messages that the user still wants to have.
struct Left<'a> {
    number: u64,
    until: Option<&'a OsString>,
}

impl<'a> Left<'a> {
    fn of(listen: &'a Listen) -> Left<'a> {
        Left { number: listen.count.unwrap_or(u64::MAX), until: listen.until.as_ref() }
    }

    fn any(&self) -> bool {
        self.number > 0
    }

    /// Those that may be taken out of the slot at once.
    fn most(&self, batch: usize) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX).min(batch)
    }

    /// This one has come.
    fn take(&mut self, shown: &Shown<'_>) {
        let is_last = self.until.is_some_and(|until| until.as_encoded_bytes() == &*shown.text);
        self.number = if is_last { 0 } else { self.number.saturating_sub(1) };
    }
}
