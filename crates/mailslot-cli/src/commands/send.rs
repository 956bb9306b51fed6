//! `mailslot send`: writes arguments, lines or files to a slot.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Address, Error, MailslotWriter, Outcome, Receipt, Timeout};
use serde::Serialize;

use crate::commands::completions;
#[cfg(all(unix, feature = "node"))]
use crate::commands::network::embedded::{Embedded, Flags};
use crate::encoding::Encoding;
use crate::escape::{Ending, cell};
use crate::exit::{self, Failure, Result};
use crate::text::Text;
use crate::{args, output, sys};

/// Write messages to a slot
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Send {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// Each one is a message; without any, each line of standard input is
    #[arg(value_name = "MESSAGE")]
    messages: Vec<OsString>,

    /// All of standard input is one message
    #[arg(long, conflicts_with = "messages")]
    whole: bool,

    /// Messages on standard input end with NUL instead of a line end, as `find -print0` writes them
    #[arg(short = '0', long, conflicts_with_all = ["messages", "whole", "file"])]
    zero: bool,

    /// The content of this file is one message; may be given several times
    #[arg(short, long, value_name = "PATH", conflicts_with_all = ["messages", "whole"])]
    file: Vec<PathBuf>,

    /// Send text in this encoding: utf-16le (wide programs), utf-8, or a code page such as cp1252
    #[arg(short, long, value_parser = Encoding::parse)]
    encoding: Option<Encoding>,

    /// End each message with NUL, which programs for Windows expect
    #[arg(long)]
    nul: bool,

    /// Wait while the slot is full: for ever, or so long for each message (--wait=2s)
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = args::timeout,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "forever"
    )]
    wait: Option<Timeout>,

    /// First wait until there is such a slot on this machine: for ever, or so long (--wait-for-slot=10s)
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = args::timeout,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "forever"
    )]
    wait_for_slot: Option<Timeout>,

    /// First wait until N slots receive at this address, for ever or so long (--receivers 3=2s); fewer end the command
    #[arg(long, value_name = "N[=DURATION]", value_parser = args::receivers)]
    receivers: Option<(usize, Timeout)>,

    /// Print what became of each message at each computer, waiting so long for answers [default: 5s]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = args::duration,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "5s",
        conflicts_with = "wait"
    )]
    confirm: Option<Duration>,

    /// Print one JSON object for each message and computer, with what became of it
    #[arg(long, requires = "confirm")]
    json: bool,

    #[cfg(all(unix, feature = "node"))]
    #[command(flatten)]
    network: Flags,
}

const AFTER_HELP: &str = r#"Messages are bytes, sent as they are. The line end, or with -0 the NUL, is not part of a message; a last one needs none. With --encoding, they are text in UTF-8, and sent in that encoding. Text that is not UTF-8, or that the encoding does not have, ends the command with status 1; messages before it are sent.

On other machines (Linux: through `mailslot node`, or with --embedded): '\\SRV1\mailslot\alerts', or a domain instead of SRV1; 424 bytes at most, and nothing tells whether they arrived. --embedded needs no privileges; it registers no names. In domains made with `mailslot domain`: as large as the slot takes, 1 MiB at most, and --receivers and --confirm tell.

Without --wait, a full slot ends the command with status 6; messages before that are sent. The status is 5, and nothing is sent, if there is no such slot in time (--wait-for-slot), or if fewer receive than there should be (--receivers), on this machine or on others.

With --confirm, there is a line for each message and computer: the computer and delivered, no such slot, full, refused, too large or silent. The status is 0 if all messages were delivered wherever there is such a slot, and at least once; else 10, after all messages were sent.

Examples:
  mailslot send alerts "boiler 3: over pressure"
  mailslot send alerts "door 2 opened" "door 2 closed"
  mailslot send --wait-for-slot=10s alerts "once the reader has started"
  mailslot send --receivers 1=2s --confirm '\\PLANT\mailslot\alerts' "all out"
  mailslot send --encoding utf-16le --nul MyMailslot "for a wide program"
  journalctl -f | mailslot send --wait log
  find . -name '*.log' -print0 | mailslot send -0 files
  mailslot send --file photo.jpg --wait=2s pictures
  mailslot send --embedded '\\SRV1\mailslot\alerts' "door 2 opened""#;

/// Bytes of standard input that are read at once.
const BUFFER: usize = 64 << 10;

impl Send {
    pub fn run(self) -> Result {
        let begin = Instant::now();
        let end = self.open()?;
        if let Some((wanted, timeout)) = self.receivers {
            // One time for both: for the slot to be there, and for as many as are wanted.
            let left = match timeout {
                Timeout::After(time) => Timeout::After(time.saturating_sub(begin.elapsed())),
                timeout => timeout,
            };
            let found = end.wait_for_receivers(wanted, left)?;
            if found < wanted {
                return Err(Failure::TooFewReceivers { found, wanted });
            }
        }
        let wait = self.wait.unwrap_or(Timeout::Zero);
        let mut sender = Sender {
            end,
            wait,
            text: Text { encoding: self.encoding, nul: self.nul },
            sent: 0,
            confirm: self.confirm,
            json: self.json,
            lost: 0,
        };
        exit::note(format_args!("writing to {}", sender.end.address()));
        self.send(&mut sender)?;
        exit::note(format_args!("messages sent: {}", sender.sent));
        match sender.lost {
            0 => Ok(()),
            lost => Err(Failure::NotDelivered(lost)),
        }
    }

    fn send(&self, sender: &mut Sender) -> Result {
        if !self.messages.is_empty() {
            let messages: Vec<&[u8]> = self.messages.iter().map(|message| message.as_encoded_bytes()).collect();
            sender.all(&messages)
        } else if !self.file.is_empty() {
            self.file.iter().try_for_each(|path| sender.file(path))
        } else if self.whole {
            sender.whole(io::stdin().lock(), "standard input")
        } else {
            let end = if self.zero { Ending::Nul } else { Ending::Line };
            sender.lines(BufReader::with_capacity(BUFFER, io::stdin().lock()), end)
        }
    }

    fn open(&self) -> Result<End> {
        // A slot of this machine that is to come is a receiver that is waited for.
        let receivers = self.receivers.map(|(_, timeout)| timeout);
        let timeout = self.wait_for_slot.or(receivers).unwrap_or(Timeout::Zero);
        match MailslotWriter::wait_open(&self.name, timeout) {
            Ok(writer) => Ok(End::Slot(Box::new(writer))),
            Err(Error::TimedOut) if self.wait_for_slot.is_none() => {
                let wanted = self.receivers.map_or(1, |(wanted, _)| wanted);
                Err(Failure::TooFewReceivers { found: 0, wanted })
            }
            #[cfg(all(unix, feature = "node"))]
            Err(error) => Ok(End::Embedded(Box::new(self.network.instead(error)?))),
            #[cfg(not(all(unix, feature = "node")))]
            Err(error) => Err(error.into()),
        }
    }
}

/// The writing end.
enum End {
    Slot(Box<MailslotWriter>),
    #[cfg(all(unix, feature = "node"))]
    Embedded(Box<Embedded>),
}

impl End {
    fn address(&self) -> &Address {
        match self {
            End::Slot(writer) => writer.address(),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => embedded.address(),
        }
    }

    fn max_message_size(&self) -> usize {
        match self {
            End::Slot(writer) => writer.max_message_size(),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => embedded.max_message_size(),
        }
    }

    fn wait_for_receivers(&self, at_least: usize, timeout: Timeout) -> Result<usize> {
        match self {
            End::Slot(writer) => Ok(writer.wait_for_receivers(at_least, timeout)?),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => Err(Error::NetworkDoesNotTell(embedded.address().clone()).into()),
        }
    }

    fn write_confirmed(&self, message: &[u8], within: Duration) -> std::result::Result<Vec<Receipt>, Error> {
        match self {
            End::Slot(writer) => writer.write_confirmed(message, within),
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => Err(Error::NetworkDoesNotTell(embedded.address().clone())),
        }
    }

    /// Writes one or more of the messages, of which there is at least one, and returns how many. `sent` have been before.
    fn write(&mut self, messages: &[&[u8]], wait: Timeout, sent: u64) -> Result<usize> {
        match self {
            End::Slot(writer) => {
                let written = match writer.write_batch(messages) {
                    Err(Error::Full { .. }) if wait != Timeout::Zero => {
                        writer.write_within(messages[0], wait).map(|()| 1)
                    }
                    written => written,
                };
                written.map_err(|cause| Failure::Send { sent, cause })
            }
            #[cfg(all(unix, feature = "node"))]
            End::Embedded(embedded) => embedded.send(messages[0], sent).map(|()| 1),
        }
    }
}

/// Sends messages and counts them.
struct Sender {
    end: End,
    wait: Timeout,
    text: Text,
    sent: u64,
    /// How long to wait for what became of each message, if that is wanted.
    confirm: Option<Duration>,
    /// Whether that is told in JSON.
    json: bool,
    /// Messages that were not delivered everywhere.
    lost: u64,
}

impl Sender {
    fn file(&mut self, path: &Path) -> Result {
        let name = path.display();
        let file = File::open(path).map_err(|source| Failure::io(format!("open {name}"), source))?;
        self.whole(file, &name.to_string())
    }

    /// Sends all that `input` has as one message.
    fn whole(&mut self, input: impl Read, name: &str) -> Result {
        let limit = self.end.max_message_size();
        let mut message = Vec::new();
        // One byte more than the limit, so that endless input is not read to its end.
        let most = self.text.most(limit);
        let bytes = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        input.take(bytes).read_to_end(&mut message).map_err(|source| Failure::io(format!("read {name}"), source))?;
        if message.len() > most {
            return Err(self.too_large(limit));
        }
        self.all(&[&message])
    }

    /// Sends each line of `input`: as soon as it is there, and together with others that are.
    fn lines(&mut self, mut input: impl BufRead, end: Ending) -> Result {
        let is_end = |byte: &u8| *byte == end.byte();
        let limit = self.end.max_message_size();
        let mut begun = Vec::new();
        loop {
            let read = match input.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::io("read standard input", error)),
            };
            if read.is_empty() {
                return if begun.is_empty() { Ok(()) } else { self.all(&[&begun]) };
            }
            let consumed = read.len();
            // What follows the last line end is the beginning of a line, perhaps an empty one.
            let rest = match read.iter().rposition(is_end) {
                None => read,
                Some(last) => {
                    let (ended, rest) = (&read[..last], &read[last + 1..]);
                    let mut lines: Vec<&[u8]> = ended.split(is_end).collect();
                    if let Some(first) = lines.first_mut() {
                        begun.extend_from_slice(first);
                        *first = &begun;
                    }
                    if end == Ending::Line {
                        lines.iter_mut().for_each(|line| *line = sys::line(line));
                    }
                    self.all(&lines)?;
                    begun.clear();
                    rest
                }
            };
            begun.extend_from_slice(rest);
            input.consume(consumed);
            if begun.len() > self.text.most(limit) {
                return Err(self.too_large(limit));
            }
        }
    }

    fn too_large(&self, limit: usize) -> Failure {
        let size = limit.saturating_add(1);
        let error = match self.end.address() {
            Address::Local(_) => Error::TooLarge { size, limit },
            _ => Error::TooLargeForNetwork { size, limit },
        };
        Failure::InputTooLarge { sent: self.sent, limit, code: error.win32_code() }
    }

    /// Sends texts as messages, as far as they can be.
    fn all(&mut self, texts: &[&[u8]]) -> Result {
        if self.text.is_bytes() {
            return self.messages(texts);
        }
        let mut messages = Vec::with_capacity(texts.len());
        let mut wrong = None;
        for text in texts {
            match self.text.message(text) {
                Ok(message) => messages.push(message),
                Err(what) => {
                    wrong = Some(what);
                    break;
                }
            }
        }
        self.messages(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        wrong.map_or(Ok(()), |what| Err(Failure::Text { sent: self.sent, what }))
    }

    fn messages(&mut self, mut messages: &[&[u8]]) -> Result {
        if let Some(within) = self.confirm {
            return messages.iter().try_for_each(|message| self.confirmed(message, within));
        }
        while !messages.is_empty() {
            let written = self.end.write(messages, self.wait, self.sent)?;
            self.sent += written as u64;
            messages = messages.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    fn confirmed(&mut self, message: &[u8], within: Duration) -> Result {
        let receipts = self.end.write_confirmed(message, within);
        let receipts = receipts.map_err(|cause| Failure::Send { sent: self.sent, cause })?;
        self.sent += 1;
        let delivered = |receipt: &Receipt| receipt.outcome == Outcome::Delivered;
        if receipts.is_empty() {
            exit::complain("nobody receives at this address");
        }
        self.lost += u64::from(receipts.is_empty() || !receipts.iter().all(delivered));
        if self.json {
            let message = self.sent;
            return output::print_json_lines(receipts.iter().map(|receipt| ReceiptJson { message, receipt }));
        }
        output::lines(receipts.iter().map(|receipt| line_of(&receipt.computer, receipt.outcome)))
    }
}

/// A receipt, and of which message it is: the first one is 1.
#[derive(Serialize)]
struct ReceiptJson<'a> {
    message: u64,
    #[serde(flatten)]
    receipt: &'a Receipt,
}

fn line_of(computer: &str, outcome: Outcome) -> String {
    format!("{} {outcome}", cell(computer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn receipts_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| vec![line_of(text, Outcome::Delivered)]);
    }
}
