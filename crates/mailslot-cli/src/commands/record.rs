//! `mailslot record`: owns slots, and writes their messages to files.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use mailslot::{Error, Mailslot, Message, SlotName};

use super::slot_options::SlotOptions;
use crate::args;
use crate::exit::{self, Failure, Result};
use crate::printer::say_what_is_lost;
use crate::recording::{Files, Format, Record as Recorded, Rotation};
use crate::signals::Signals;
use crate::sys;

/// Create slots and write their messages to a file
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Record {
    /// The slots
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    /// Where to
    file: PathBuf,

    /// The format of the file [default: by its name, pcapng if that ends with .pcapng, else ndjson]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Begin another file before one has more bytes than this: 64K, 16M, 1G
    #[arg(long, value_name = "SIZE", value_parser = args::some_size)]
    rotate_size: Option<u64>,

    /// Begin another file when the first message of one is this old: 10m, 1h, 1d
    #[arg(long, value_name = "DURATION", value_parser = args::some_duration)]
    rotate_time: Option<Duration>,

    /// Tap existing slots (see `mailslot tap`) instead of creating them
    #[arg(long)]
    tap: bool,

    #[command(flatten)]
    options: SlotOptions,
}

const AFTER_HELP: &str = r#"Each message is written with the time of its reading, its slot and its origin, and only then taken out of the slot. If a write fails, such as on a full disk, the failure is reported once, messages stay in their slots, and the write is tried again each second.

With --tap, each slot must allow taps and belong to this user. Messages that arrive while nothing can be written are kept up to --capacity or the slot's capacity, whichever is larger; beyond that, the oldest are lost, and their number is recorded, and reported on standard error. When all slots have ended, the command ends with status 9.

With --rotate-size or --rotate-time, FILE is a pattern: log.ndjson becomes log_00001_20260131T120000Z.ndjson and so on. No file is overwritten. SIGINT and SIGTERM close the slots, write what they had accepted, and end with status 130 and 143; the status is 1 if some of it could not be written. `mailslot replay` writes the messages of a file to slots again.

Wireshark shows pcapng files with the dissector wireshark/mailslot.lua, and accepts no packets above 256 KiB.

Examples:
  mailslot record alerts alerts.ndjson
  mailslot record --rotate-time 1d plant/line1 plant/line2 plant.ndjson
  mailslot record alerts alerts.pcapng
  mailslot record --tap alerts beside-its-reader.ndjson"#;

/// The most messages of one slot before the others have their turn.
const BATCH: usize = 256;
/// Time between a failure and the next try.
const AGAIN: Duration = Duration::from_secs(1);

impl Record {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        if self.tap && !self.options.are_of_any_reader() {
            return Err(Failure::Usage("a tap cannot create a slot: leave out the options for that"));
        }
        let options = self.options.options();
        let open = |name: &String| {
            let slot = if self.tap { options.tap(name) } else { options.create(name) };
            slot.map(|slot| Source { slot, is_tap: self.tap, taken: None })
        };
        let mut sources = self.names.iter().map(open).collect::<std::result::Result<Vec<_>, _>>()?;
        let format = self.format.unwrap_or_else(|| Format::of(&self.file));
        let rotation = Rotation { size: self.rotate_size, time: self.rotate_time };
        let action = format!("record to {}", self.file.display());
        let files = Files::create(&self.file, format, rotation).map_err(|source| Failure::io(&action, source))?;
        let names: Vec<String> = sources.iter().map(|source| format!(r"\\.\mailslot\{}", source.slot.name())).collect();
        exit::note(format_args!("{} {}", if self.tap { "tapping" } else { "listening on" }, names.join(", ")));
        let mut recorder = Recorder { files, action, failing: false };
        let ended = recorder.record(&mut sources, &signals);
        let finished = recorder.finish(sources);
        // Lost messages determine the status rather than the signal.
        finished.and(ended)
    }
}

/// A source of messages.
struct Source {
    slot: Mailslot,
    is_tap: bool,
    /// A message that was taken out of the slot and is not yet in the file.
    taken: Option<Message>,
}

impl Source {
    /// The next message. It stays in a slot that this process owns; from a tap it is taken, because a tap may drop it
    /// at any time to make room.
    fn next(&mut self) -> mailslot::Result<Option<Message>> {
        match self.taken.take() {
            Some(message) => Ok(Some(message)),
            None if self.is_tap => self.slot.try_receive(),
            None => self.slot.peek(),
        }
    }

    /// Removes the message that is now in the file.
    fn recorded(&mut self) -> mailslot::Result<()> {
        if !self.is_tap {
            // No other process reads the slot, so this is the message that was recorded.
            self.slot.try_read_in_place(|_, _| ())?;
        }
        Ok(())
    }

    /// Keeps a message that could not be written.
    fn keep(&mut self, message: Message) {
        if self.is_tap {
            self.taken = Some(message);
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.slot.as_fd()
    }
}

struct Recorder {
    files: Files,
    /// The action that failed, for errors.
    action: String,
    /// Whether the last try failed, which was reported then.
    failing: bool,
}

impl Recorder {
    /// Records until a signal, or until all tapped slots have ended.
    fn record(&mut self, sources: &mut Vec<Source>, signals: &Signals) -> Result {
        while !sources.is_empty() {
            signals.check()?;
            let mut taken = 0;
            let mut ended = Vec::new();
            for (index, source) in sources.iter_mut().enumerate() {
                match self.take(source) {
                    Err(Error::Closed) if source.is_tap => ended.push(index),
                    number => taken += number?,
                }
            }
            ended.into_iter().rev().for_each(|index| drop(sources.remove(index)));
            if self.failing {
                // Not a wait for the slots: they have messages, so it would return at once.
                sys::sleep(signals, Some(AGAIN))?;
            } else if taken == 0 && !sources.is_empty() {
                sys::wait_for_any(sources, signals, false, None)?;
            }
        }
        Err(Error::Closed.into())
    }

    /// Records messages from the slot, and returns how many.
    fn take(&mut self, source: &mut Source) -> mailslot::Result<usize> {
        for taken in 0..BATCH {
            let Some(message) = source.next()? else { return Ok(taken) };
            match self.append(source.slot.name(), message) {
                None => source.recorded()?,
                Some(message) => {
                    source.keep(message);
                    return Ok(taken);
                }
            }
        }
        Ok(BATCH)
    }

    /// Appends a message. Returns it if it cannot be written to the file.
    fn append(&mut self, slot: &SlotName, message: Message) -> Option<Message> {
        let record = Recorded { time: SystemTime::now(), slot: slot.clone(), message };
        match self.files.append(&record) {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    exit::complain(format_args!("{}: works again", self.action));
                }
                say_what_is_lost(slot, &record.message);
                None
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let action = &self.action;
                    exit::complain(format_args!(
                        "{action}: {error}; messages stay in their slots, and the write is tried again each second"
                    ));
                }
                Some(record.message)
            }
        }
    }

    /// Closes the slots, and records what they had accepted.
    fn finish(mut self, sources: Vec<Source>) -> Result {
        let mut lost = 0;
        for Source { slot, taken, .. } in sources {
            // A clone of the name, not of the slot: another handle would keep the slot open.
            let name = slot.name().clone();
            let mut last = |message| {
                let record = Recorded { time: SystemTime::now(), slot: name.clone(), message };
                lost += u64::from(self.files.append(&record).is_err());
            };
            taken.into_iter().for_each(&mut last);
            slot.close(last)?;
        }
        self.files.finish().map_err(|source| Failure::io(&self.action, source))?;
        match lost {
            0 => Ok(()),
            lost => Err(Failure::NotRecorded(lost)),
        }
    }
}
