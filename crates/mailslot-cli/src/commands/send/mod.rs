//! `mailslot send`: writes arguments, lines or files to a slot.

mod end;
mod sender;

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::{Error, MailslotWriter, Timeout};

use self::end::End;
use self::sender::Sender;
use crate::args;
use crate::commands::completions;
#[cfg(all(unix, feature = "node"))]
use crate::commands::network::embedded::Flags;
use crate::encoding::Encoding;
use crate::escape::Ending;
use crate::exit::{self, Failure, Result};
use crate::text::Text;

/// Write messages to a slot
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Send {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// Each argument is a message [default: each line of standard input]
    #[arg(value_name = "MESSAGE")]
    messages: Vec<OsString>,

    /// All of standard input is one message
    // The letter is that of 0.1, for scripts; it means --write elsewhere, so help does not show it.
    #[arg(long, short_alias = 'w', conflicts_with = "messages")]
    whole: bool,

    /// Messages on standard input end with NUL instead of a line end, as `find -print0` writes them
    #[arg(short = '0', long, conflicts_with_all = ["messages", "whole", "file"])]
    zero: bool,

    /// The contents of this file are one message; may be given several times
    #[arg(short, long, value_name = "PATH", conflicts_with_all = ["messages", "whole"])]
    file: Vec<PathBuf>,

    /// Send text in this encoding: utf-16le (wide programs), utf-8, or a code page such as cp1252
    #[arg(short, long, value_parser = Encoding::parse)]
    encoding: Option<Encoding>,

    /// End each message with NUL, as programs for Windows expect
    #[arg(long)]
    nul: bool,

    /// Wait while the slot is full: without limit, or up to a time for each message (--wait=2s)
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = args::timeout,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "forever"
    )]
    wait: Option<Timeout>,

    /// First wait until the slot exists on this machine: without limit, or up to a time (--wait-for-slot=10s)
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = args::timeout,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "forever"
    )]
    wait_for_slot: Option<Timeout>,

    /// First wait until N slots receive at this address, without limit or up to a time (--receivers 3=2s); with fewer,
    /// nothing is sent
    #[arg(long, value_name = "N[=DURATION]", value_parser = args::receivers)]
    receivers: Option<(usize, Timeout)>,

    /// Print the receipts for each message from each computer, waiting up to this time for them [default: 5s]
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

    /// Print one JSON object for each receipt: message, computer and outcome
    #[arg(long, requires = "confirm")]
    json: bool,

    #[cfg(all(unix, feature = "node"))]
    #[command(flatten)]
    network: Flags,
}

const AFTER_HELP: &str = r#"Messages are bytes, sent as they are. The line end, or with -0 the NUL, is not part of a message; the last message may lack it. With --encoding, they are text in UTF-8, and sent in that encoding. Text that is not UTF-8, or has characters that the encoding lacks, ends the command with status 1; messages before it are sent.

On other machines (Linux: through `mailslot node`, or with --embedded): '\\SRV1\mailslot\alerts', or a domain instead of SRV1; 424 bytes at most, and no report of their arrival. --embedded needs no privileges; it registers no names. In domains made with `mailslot domain`: as large as the slot accepts, 1 MiB at most, and --receivers and --confirm report receivers and arrival.

Without --wait, a full slot ends the command with status 6; messages before that are sent. The status is 5, and nothing is sent, if the slot does not exist in time (--wait-for-slot), or has fewer receivers than wanted (--receivers), on this machine or on others.

With --confirm, there is a line for each message and computer: the computer, and delivered, no such slot, full, refused, too large or silent. The status is 0 if each message was delivered wherever the slot exists, and at least once; otherwise it is 10, after all messages were sent.

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

/// Bytes of one read from standard input.
const BUFFER: usize = 64 << 10;

impl Send {
    pub fn run(self) -> Result {
        let end = match self.receivers {
            Some((wanted, timeout)) => self.open_for(wanted, timeout)?,
            None => self.open(self.wait_for_slot.unwrap_or(Timeout::Zero))?,
        };
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

    /// The writing end, once `wanted` slots receive from it. One timeout for both: until the slot exists, and until
    /// enough receive.
    fn open_for(&self, wanted: usize, timeout: Timeout) -> Result<End> {
        let begin = Instant::now();
        let left = || match timeout {
            Timeout::After(time) => Timeout::After(time.saturating_sub(begin.elapsed())),
            timeout => timeout,
        };
        loop {
            let end = match self.open(self.wait_for_slot.unwrap_or_else(left)) {
                // A local slot that does not exist yet is a missing receiver.
                Err(Failure::Slot(Error::TimedOut)) if self.wait_for_slot.is_none() => {
                    return Err(Failure::TooFewReceivers { found: 0, wanted });
                }
                opened => opened?,
            };
            match end.wait_for_receivers(wanted, left()) {
                // All receivers have ended meanwhile, and others may follow.
                Err(Failure::Slot(Error::Closed)) if left() != Timeout::After(Duration::ZERO) => {}
                Ok(found) if found >= wanted => return Ok(end),
                found => return Err(Failure::TooFewReceivers { found: found?, wanted }),
            }
        }
    }

    fn open(&self, timeout: Timeout) -> Result<End> {
        match MailslotWriter::wait_open(&self.name, timeout) {
            Ok(writer) => Ok(End::Slot(Box::new(writer))),
            #[cfg(all(unix, feature = "node"))]
            Err(error) => Ok(End::Embedded(Box::new(self.network.instead(error)?))),
            #[cfg(not(all(unix, feature = "node")))]
            Err(error) => Err(error.into()),
        }
    }
}
