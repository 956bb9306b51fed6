//! `mailslot tap`: prints the messages of a slot that another process reads.

use clap::Args;

use super::listen::Listen;
use crate::exit::Result;

/// Print the messages that are written to a slot which another process reads
///
/// The slot must allow taps (`mailslot listen --taps`), and belong to this user, except for the superuser. A tap never
/// delays the slot's writers or its reader: it loses the messages that it is too slow for.
#[derive(Args)]
#[command(mut_args(without_what_is_for_readers))]
pub struct Tap {
    #[command(flatten)]
    listen: Listen,
}

/// Options of `listen` that only an owner can use.
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
