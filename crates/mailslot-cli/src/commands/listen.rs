//! `mailslot listen`: owns slots and prints what is written to them.

use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, ValueEnum};
use mailslot::{Error, Mailslot, MailslotOptions, Message, Sharing, Taps};

use super::slot_options::SlotOptions;
use crate::args;
use crate::exec::{Commands, Output};
use crate::exit::{self, Failure, Result};
use crate::output;
use crate::printer::{FIELDS_HELP, Printer, Style};
use crate::received::Received;
use crate::signals::Signals;
use crate::sys::Slots;
use crate::text::Shown;

/// Create slots and print the messages that are written to them
#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{FIELDS_HELP}\n\n{EXAMPLES}"))]
pub struct Listen {
    /// The slot; several may be given
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    style: Style,

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
    #[arg(long, value_name = "CMD", conflicts_with_all = ["format", "json", "time", "template", "zero"])]
    exec: Option<String>,

    /// Run CMD like --exec for each request, and reply with its standard output; no reply if it fails
    #[cfg(unix)]
    #[arg(long, value_name = "CMD", conflicts_with_all = ["format", "json", "time", "template", "zero", "exec"])]
    reply: Option<String>,

    #[command(flatten)]
    options: SlotOptions,

    /// Have writers add the time of each write: {sent} in templates, and `sent` in JSON
    #[arg(long)]
    stamp: bool,

    /// Share the slot with other processes of this user that say so: each gets every message
    #[arg(long)]
    shared: bool,

    /// Let other processes of this user see the messages with `mailslot tap`
    #[arg(long)]
    taps: bool,

    /// What to do with messages for which there is no room
    #[arg(long, value_enum, default_value_t = WhenFull::Refuse)]
    when_full: WhenFull,

    /// Whether this is `tap`: reads another process's slot, without the options for creating one.
    #[arg(skip)]
    tap: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum WhenFull {
    /// Refuse them
    Refuse,
    /// Drop the oldest unread ones instead
    DropOldest,
}

const AFTER_HELP: &str = r#"As text, each message is one line: line ends within it are escaped (\n, \r), so that no message can look like two, and on a terminal so are all control characters. With -0, messages end with NUL, and only a NUL within one is escaped. Different messages may look alike, except with --format raw, hex and json and the fields {hex} and {base64}. In a template, an unknown field is printed as -, and text from others is escaped as in text format.

With several slots, the messages of each keep their order, each line begins with its slot, and --count, --timeout and --until apply to all of them together.

With --encoding, messages are printed, and passed to commands, in UTF-8; bytes that are invalid in the encoding become \xff. In JSON, such a message is in `data_hex` as it was written, and `size` is always that of the message. --until is compared with the text as it was sent.

A command of --exec has the message on its standard input, and in its environment
  MAILSLOT_NAME  the slot               MAILSLOT_PID  the process that wrote it
  MAILSLOT_SIZE  bytes of the input     MAILSLOT_UID  its user
or, if another machine sent it, MAILSLOT_COMPUTER and, if known, MAILSLOT_ADDRESS and MAILSLOT_DOMAIN (the domain that it was sent to); MAILSLOT_AUTHENTICATED is 1 if a holder of the domain's key sent it, and otherwise not set; so is MAILSLOT_COMPUTER_AUTHENTICATED if that computer has signed it.
With --reply, a message that is not a request (see `mailslot request --help`) is reported on standard error, and no command runs for it.
Commands run one after the other. If one fails, that is reported on standard error, listening continues, and the status at the end is 1 instead of 0.

SIGINT and SIGTERM close the slots and end with status 130 and 143; on Windows, Ctrl-C does. Messages that are not printed by then are lost. With --exec, the command runs for each message accepted before the signal, and none is accepted afterwards; a second signal ends at once."#;

const EXAMPLES: &str = r#"Examples:
  mailslot listen alerts
  mailslot listen --time alerts plant/line1
  mailslot listen --json --access everyone alerts | jq .origin.uid
  mailslot listen --template '{time} {user} {data}' alerts
  mailslot listen -0 jobs | xargs -0 -n 1 process
  mailslot listen --count 1 --timeout 10s answer || echo "no answer"
  mailslot listen --encoding utf-16le --nul MyMailslot
  mailslot listen --until quit --exec 'logger -t "$MAILSLOT_NAME"' alerts"#;

/// The most messages taken out of a slot at once.
const BATCH: usize = 256;

impl Listen {
    /// Prints the slots' messages as a tap of each.
    #[cfg(unix)]
    pub fn tap(self) -> Result {
        let says_more = self.shared || self.taps || self.stamp || self.reply.is_some();
        let is_created = matches!(self.when_full, WhenFull::DropOldest) || !self.options.are_of_any_reader();
        if says_more || is_created {
            return Err(Failure::Usage("a tap cannot create a slot or reply: leave out the options for that"));
        }
        Listen { tap: true, ..self }.run()
    }

    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        #[cfg(unix)]
        if let Some(command) = &self.reply {
            return self.execute(self.create()?, &signals, command, Output::Reply);
        }
        match &self.exec {
            Some(command) => self.execute(self.create()?, &signals, command, Output::Inherited),
            None => {
                let printer = Printer::new(&self.style, self.names.len() > 1, &signals)?;
                self.print(self.create()?, &signals, printer)
            }
        }
    }

    /// Creates all slots, or none: if one cannot be created, the command ends, and closes the others.
    fn create(&self) -> Result<Slots> {
        let mut options = self.options.options();
        options.stamp(self.stamp);
        self.extend(&mut options);
        let create = |name: &String| if self.tap { tap(&options, name) } else { options.create(name) };
        let slots: Vec<Mailslot> = self.names.iter().map(create).collect::<mailslot::Result<_>>()?;
        let names: Vec<String> = slots.iter().map(|slot| format!(r"\\.\mailslot\{}", slot.name())).collect();
        exit::note(format_args!("listening on {}", names.join(", ")));
        Slots::new(slots)
    }

    /// Adds the options that only `listen` has.
    fn extend(&self, options: &mut MailslotOptions) {
        if self.shared {
            options.sharing(Sharing::Each);
        }
        if self.taps {
            options.taps(Taps::Allowed);
        }
        if let WhenFull::DropOldest = self.when_full {
            options.when_full(mailslot::WhenFull::DropOldest);
        }
    }

    /// Prints messages until one of the user's conditions is met.
    fn print(&self, mut slots: Slots, signals: &Signals, mut printer: Printer<'_>) -> Result {
        let mut left = Left::of(self);
        let mut messages = Vec::new();
        while left.any() {
            messages.clear();
            let index = self.receive(&mut slots, signals, Some(&mut printer), &mut messages, left.most(BATCH))?;
            let (slot, at) = (slots.name(index), SystemTime::now());
            for message in &messages {
                let shown = self.style.text().show(message);
                printer.message(&Received { slot, at, shown: &shown })?;
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

    /// Runs a command for each message. Messages wait in their slot until the command has ended for the one before. A
    /// signal closes the slots, whose remaining messages are then handled.
    fn execute(&self, mut slots: Slots, signals: &Signals, command: &str, output: Output) -> Result {
        let commands = Commands::start(command, self.style.text(), output)?;
        let mut left = Left::of(self);
        let received = self.receive_for(&commands, &mut slots, signals, &mut left);
        if matches!(received, Err(Failure::Signal(_))) {
            slots.close(|slot, message| {
                if left.any() {
                    left.take(&self.style.text().show(&message));
                    commands.handle(slot, message);
                }
            })?;
        }
        let handled = commands.finish();
        received.and(handled)
    }

    fn receive_for(&self, commands: &Commands, slots: &mut Slots, signals: &Signals, left: &mut Left<'_>) -> Result {
        let mut messages = Vec::new();
        while left.any() {
            let index = self.receive(slots, signals, None, &mut messages, 1)?;
            for message in messages.drain(..) {
                left.take(&self.style.text().show(&message));
                commands.handle(slots.name(index), message);
            }
            commands.wait(signals)?;
        }
        Ok(())
    }

    /// Receives 1 to `max` messages of one slot, waiting as long as the user allows, and returns the slot's index.
    fn receive(
        &self,
        slots: &mut Slots,
        signals: &Signals,
        mut printer: Option<&mut Printer<'_>>,
        messages: &mut Vec<Message>,
        max: usize,
    ) -> Result<usize> {
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            signals.check()?;
            if let Some(index) = slots.try_receive(messages, max)? {
                return Ok(index);
            }
            if let Some(printer) = &mut printer {
                printer.flush()?;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(Error::TimedOut.into());
            }
            slots.wait(signals, printer.is_some(), left)?;
        }
    }
}

/// The messages that the user still wants.
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

    /// How many may be taken out of the slot at once.
    fn most(&self, batch: usize) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX).min(batch)
    }

    /// Counts this message.
    fn take(&mut self, shown: &Shown<'_>) {
        let is_last = self.until.is_some_and(|until| until.as_encoded_bytes() == &*shown.text);
        self.number = if is_last { 0 } else { self.number.saturating_sub(1) };
    }
}

#[cfg(unix)]
fn tap(options: &MailslotOptions, name: &str) -> mailslot::Result<Mailslot> {
    options.tap(name)
}

/// Windows has no `tap` command.
#[cfg(not(unix))]
fn tap(options: &MailslotOptions, name: &str) -> mailslot::Result<Mailslot> {
    options.create(name)
}
