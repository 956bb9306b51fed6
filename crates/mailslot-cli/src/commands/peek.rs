//! `mailslot peek`: prints a slot's messages without taking them.

use std::time::SystemTime;

use clap::Args;
use clap_complete::ArgValueCandidates;
use mailslot::SlotStatus;

use crate::commands::completions;
use crate::exit::Result;
use crate::printer::{FIELDS_HELP, Printer, Style};
use crate::received::Received;
use crate::signals::Signals;

/// Print the next messages of a slot without taking them
#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{FIELDS_HELP}\n\n{EXAMPLES}"))]
pub struct Peek {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// Up to this many messages
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,

    #[command(flatten)]
    style: Style,
}

const AFTER_HELP: &str = r#"The owner's user may peek at a slot, and the superuser at every slot; neither reader nor writers notice. Messages of other users are visible once the reader has accepted them. An empty slot prints nothing. The time of a message is that of the peek."#;

const EXAMPLES: &str = r#"Examples:
  mailslot peek alerts
  mailslot peek --count 10 --json alerts | jq .origin.uid"#;

impl Peek {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let mut printer = Printer::new(&self.style, false, &signals)?;
        let SlotStatus { name: slot, .. } = mailslot::status(&self.name)?;
        let (messages, at) = (mailslot::peek(&slot, self.count as usize)?, SystemTime::now());
        for message in &messages {
            printer.message(&Received { slot: &slot, at, shown: &self.style.text().show(message) })?;
        }
        printer.flush()
    }
}
