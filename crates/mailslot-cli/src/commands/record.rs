//! `mailslot record`: owns slots, and keeps what is written to them in files.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use mailslot::{Mailslot, Message};

use super::slot_options::SlotOptions;
use crate::args;
use crate::exit::{self, Failure, Result};
use crate::recording::{Files, Format, Record as Recorded, Rotation};
use crate::signals::Signals;
use crate::sys;

/// Create slots and write what comes into them to a file
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Record {
    /// The slots
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    /// Where to
    file: PathBuf,

    /// What the file consists of [default: as its name says, ndjson unless that ends with .pcapng]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Begin another file before one has more bytes than this: 64K, 16M, 1G
    #[arg(long, value_name = "SIZE", value_parser = args::size)]
    rotate_size: Option<u64>,

    /// Begin another file when the first message of one is this old: 10m, 1h, 1d
    #[arg(long, value_name = "DURATION", value_parser = args::duration)]
    rotate_time: Option<Duration>,

    #[command(flatten)]
    options: SlotOptions,
}

const AFTER_HELP: &str = r#"Each message is written with the time when it was read, its slot and who sent it, and only then taken out of the slot. If that fails, as it does on a full disk, that is said once, messages stay in their slots, and it is tried again each second.

With --rotate-size or --rotate-time, FILE is a pattern: log.ndjson becomes log_00001_20260131T120000Z.ndjson and so on. No file is overwritten. SIGINT and SIGTERM close the slots, write what they had accepted, and end with status 130 and 143; the status is 1 if some of it could not be written. `mailslot replay` writes the messages of a file to slots again.

Wireshark shows pcapng files with the dissector wireshark/mailslot.lua, and takes no packets above 256 KiB.

Examples:
  mailslot record alerts alerts.ndjson
  mailslot record --rotate-time 1d plant/line1 plant/line2 plant.ndjson
  mailslot record alerts alerts.pcapng"#;

/// Messages of one slot before the others have their turn.
const BATCH: usize = 256;
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Record {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let create = |name: &String| self.options.options().create(name);
        let slots = self.names.iter().map(create).collect::<std::result::Result<Vec<_>, _>>()?;
        let format = self.format.unwrap_or_else(|| Format::of(&self.file));
        let rotation = Rotation { size: self.rotate_size, time: self.rotate_time };
        let action = format!("record to {}", self.file.display());
        let files = Files::create(&self.file, format, rotation).map_err(|source| Failure::io(&action, source))?;
        let names: Vec<String> = slots.iter().map(|slot| format!(r"\\.\mailslot\{}", slot.name())).collect();
        exit::note(format_args!("listening on {}", names.join(", ")));
        let mut recorder = Recorder { files, action, failing: false };
        let ended = recorder.record(&slots, &signals);
        let finished = recorder.finish(slots);
        // What was lost counts for more than that a signal came.
        finished.and(ended)
    }
}

struct Recorder {
    files: Files,
    /// What fails if something does.
    action: String,
    /// Whether the last try has failed, which was said then.
    failing: bool,
}

impl Recorder {
    /// Records until a signal comes.
    fn record(&mut self, slots: &[Mailslot], signals: &Signals) -> Result {
        loop {
            signals.check()?;
            let mut taken = 0;
            for slot in slots {
                taken += self.take(slot)?;
            }
            if self.failing {
                // The slots are left alone meanwhile: as they have messages, waiting for them would not wait.
                sys::sleep(signals, Some(AGAIN))?;
            } else if taken == 0 {
                sys::wait_for_any(slots, signals, false, None)?;
            }
        }
    }

    /// Records messages that are in the slot, and returns how many.
    fn take(&mut self, slot: &Mailslot) -> Result<usize> {
        for taken in 0..BATCH {
            let Some(message) = slot.peek()? else { return Ok(taken) };
            if !self.append(slot, message) {
                return Ok(taken);
            }
            // Nobody else reads the slot, so this is the message that was recorded.
            slot.try_read_in_place(|_, _| ())?;
        }
        Ok(BATCH)
    }

    /// Whether the message is in the file.
    fn append(&mut self, slot: &Mailslot, message: Message) -> bool {
        let record = Recorded { time: SystemTime::now(), slot: slot.name().clone(), message };
        match self.files.append(&record) {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    exit::complain(format_args!("{}: it works again", self.action));
                }
                true
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let action = &self.action;
                    exit::complain(format_args!(
                        "{action}: {error}; messages stay in their slots until there is room, which is tried each second"
                    ));
                }
                false
            }
        }
    }

    /// Closes the slots, and records what they had accepted.
    fn finish(mut self, slots: Vec<Mailslot>) -> Result {
        let mut lost = 0;
        for slot in slots {
            // Another handle, so that the name is known while it closes, would keep it open.
            let name = slot.name().clone();
            slot.close(|message| {
                let record = Recorded { time: SystemTime::now(), slot: name.clone(), message };
                lost += u64::from(self.files.append(&record).is_err());
            })?;
        }
        self.files.finish().map_err(|source| Failure::io(&self.action, source))?;
        match lost {
            0 => Ok(()),
            lost => Err(Failure::NotRecorded(lost)),
        }
    }
}
