//! `mailslot tap`: prints what is written to a slot that another process reads.

use clap::Args;

use super::listen::Listen;
use crate::exit::Result;

/// Print the messages that are written to a slot, beside the process that reads it
///
/// Its creator must allow taps (`mailslot listen --taps`), and be of this user. A tap is in nobody's way: what it is too slow for is lost to
/// it.
#[derive(Args)]
#[command(mut_args(without_what_is_for_creating))]
pub struct Tap {
    #[command(flatten)]
    listen: Listen,
}

/// Options of `listen` that say how a slot is created.
const FOR_CREATING: [&str; 6] = ["max_size", "access", "network", "shared", "taps", "when_full"];

fn without_what_is_for_creating(arg: clap::Arg) -> clap::Arg {
    let hidden = FOR_CREATING.contains(&arg.get_id().as_str());
    arg.hide(hidden)
}

impl Tap {
    pub fn run(self) -> Result {
        Listen { tap: true, ..self.listen }.run()
    }
}
