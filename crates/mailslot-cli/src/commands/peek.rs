//! `mailslot peek`: what a slot holds, without taking it.

use clap::Args;
use clap_complete::ArgValueCandidates;

use crate::commands::completions;
use crate::encoding::Encoding;
use crate::exit::Result;
use crate::output::{Format, Printer};
use crate::signals::Signals;
use crate::text::Text;

/// Print the next messages of a slot, which stay there
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Peek {
    /// The slot
    #[arg(add = ArgValueCandidates::new(completions::slots))]
    name: String,

    /// Up to this many messages
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,

    /// How to print messages
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Messages are text in this encoding: utf-16le (wide programs), utf-8, or a code page such as cp1252
    #[arg(short, long, value_parser = Encoding::parse)]
    encoding: Option<Encoding>,

    /// Messages end with NUL: what they have of it at their end is not printed
    #[arg(long)]
    nul: bool,
}

const AFTER_HELP: &str = r#"Whose slot it is may look into it, and the superuser into every one; neither reader nor writers notice. Messages of other users
are seen once the reader has let them in. A slot without messages prints nothing.

Examples:
  mailslot peek alerts
  mailslot peek --count 10 --format json alerts | jq .origin.uid"#;

impl Peek {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        let messages = mailslot::peek(&self.name, self.count as usize)?;
        let text = Text { encoding: self.encoding, nul: self.nul };
        let mut printer = Printer::new(self.format, &signals);
        for message in &messages {
            printer.message(&text.show(message))?;
        }
        printer.flush()
    }
}
