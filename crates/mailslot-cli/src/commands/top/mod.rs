//! `mailslot top`: the slots of the machine, live.

mod cells;
mod rows;
mod screen;
mod snapshot;
mod state;
mod tap;
mod view;

use std::time::{Duration, Instant};

use clap::Args;
use mailslot::Timeout;

use self::screen::Screen;
use self::snapshot::Snapshot;
use self::state::{State, Wish};
use self::tap::Tap;
use crate::args;
use crate::exit::{Failure, Result};

/// Show the slots of this machine live, with their rates and backlogs
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Top {
    /// Time between two updates; with forever, only the space bar updates
    #[arg(short, long, value_name = "DURATION", default_value = "1s", value_parser = args::timeout)]
    interval: Timeout,
}

const AFTER_HELP: &str = r#"WAITING counts unread messages, and BACKLOG shows the part of the capacity that they take; IN/S and OUT/S are the messages written and read per second since the last update; REFUSED counts messages that were too large or found no room. Counts of other users' slots are shown as "-", except to the superuser. The network node and its modern domains are shown above, if one runs.

Keys:
  q      quit
  s      sort by the next column
  r      reverse the order
  /      show only names that have this text; Esc shows all
  t      tap the selected slot; again, or Esc: no more
  space  look now
  arrows, Page Up, Page Down, Home, End: select

Messages of the tapped slot are shown below; its reader gets them as well. The slot must allow taps: see `mailslot tap --help`."#;

/// The shortest time between two updates: listing many slots takes a part of it.
const SHORTEST: Duration = Duration::from_millis(50);

impl Top {
    pub fn run(self) -> Result {
        let interval = match self.interval {
            Timeout::Forever => None,
            Timeout::After(time) => Some(time.max(SHORTEST)),
            Timeout::Zero => Some(SHORTEST),
        };
        let mut screen = Screen::open()?;
        let mut state = State::new(Snapshot::take()?);
        let mut next = due(interval);
        loop {
            if let Some(tap) = &mut state.tap {
                tap.take();
            }
            screen.draw(|frame| view::draw(frame, &mut state))?;
            let wish = screen
                .wait(next, state.tap.as_ref().and_then(Tap::source))?
                .into_iter()
                .map(|key| state.press(key))
                .find(|wish| *wish != Wish::Nothing);
            match wish.unwrap_or(Wish::Nothing) {
                Wish::Quit => return Ok(()),
                Wish::Interrupt => return Err(Failure::Signal(signal_hook::consts::SIGINT)),
                Wish::Stop => screen.stop()?,
                Wish::Look => {
                    state.look(Snapshot::take()?);
                    next = due(interval);
                }
                Wish::Nothing if next.is_some_and(|next| next <= Instant::now()) => {
                    state.look(Snapshot::take()?);
                    next = due(interval);
                }
                Wish::Nothing => {}
            }
        }
    }
}

fn due(interval: Option<Duration>) -> Option<Instant> {
    interval.and_then(|interval| Instant::now().checked_add(interval))
}
