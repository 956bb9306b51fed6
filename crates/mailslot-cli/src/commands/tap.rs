//! `mailslot tap`: prints what is written to a slot that another process reads.

use clap::Args;

use super::listen::Listen;
use crate::exit::Result;

/// Print the messages that are written to a slot, beside the process that reads it
///
/// Its creator must allow taps (`mailslot listen --taps`), and be of this user unless that is the superuser. A tap is in nobody's way: what
/// it is too slow for is lost to it.
#[derive(Args)]
#[command(mut_args(without_what_is_for_readers))]
pub struct Tap {
    #[command(flatten)]
    listen: Listen,
}

/// Options of `listen` that are for whoever owns the slot.
const FOR_READERS: [&str; 8] = ["max_size", "access", "network", "shared", "taps", "when_full", "stamp", "reply"];

fn without_what_is_for_readers(arg: clap::Arg) -> clap::Arg {
    let hidden = FOR_READERS.contains(&arg.get_id().as_str());
    arg.hide(hidden)
}

impl Tap {
    pub fn run(self) -> Result {
        self.listen.tap()
    }
}
