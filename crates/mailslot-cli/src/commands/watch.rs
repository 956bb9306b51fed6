//! `mailslot list --watch`: slots as they are created and closed.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::SystemTime;

use mailslot::SlotStatus;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;

use crate::escape::cell;
use crate::exit::{Failure, Result};
use crate::signals::Signals;
use crate::{accounts, output, status, sys};

/// An event of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// It was there when the watch began.
    Present,
    Appeared,
    Ended,
}

impl Event {
    fn as_str(self) -> &'static str {
        match self {
            Event::Present => "present",
            Event::Appeared => "appeared",
            Event::Ended => "ended",
        }
    }
}

/// Prints slots until a signal comes.
pub fn run(json: bool) -> Result {
    let signals = Signals::catch()?;
    let mut watch = Watch::new()?;
    let mut known: Vec<SlotStatus> = Vec::new();
    let mut event = Event::Present;
    loop {
        signals.check()?;
        let slots = mailslot::list()?;
        let gone = known.iter().filter(|slot| !contains(&slots, slot)).map(|slot| (Event::Ended, slot));
        let come = slots.iter().filter(|slot| !contains(&known, slot)).map(|slot| (event, slot));
        // Closed slots first: a new slot may have the name of one.
        print(gone.chain(come), json)?;
        let is_complete = watch.owners(&slots);
        known = slots;
        event = Event::Appeared;
        if is_complete {
            watch.wait(&signals)?;
        }
    }
}

/// Whether this slot is among them, and not just another of its name.
fn contains(slots: &[SlotStatus], slot: &SlotStatus) -> bool {
    slots.iter().any(|other| {
        (&other.name, other.uid, other.pid, other.created) == (&slot.name, slot.uid, slot.pid, slot.created)
    })
}

fn print<'a>(events: impl Iterator<Item = (Event, &'a SlotStatus)>, json: bool) -> Result {
    let now = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
    if !json {
        return output::lines(events.map(|(event, slot)| text(&now, event, slot)));
    }
    for (event, slot) in events {
        let mut json = status::json(slot)?;
        json["event"] = event.as_str().into();
        json["time"] = Value::String(now.clone());
        output::print_json(&json)?;
    }
    Ok(())
}

fn text(now: &str, event: Event, slot: &SlotStatus) -> String {
    let [owner, pid] = [slot.uid.map(accounts::user), slot.pid.map(|pid| pid.to_string())].map(status::known);
    format!("{now}  {:<8}  {}  {}  {pid}", event.as_str(), cell(slot.name.as_str()), cell(owner))
}

/// Reports when slots may have been created or closed.
struct Watch {
    inotify: OwnedFd,
    /// pidfds of the processes that own slots, because nothing else reports that one was killed. `None` for a process
    /// that has ended (others may own its slot now), or that the system does not let us watch.
    owners: HashMap<u32, Option<OwnedFd>>,
}

impl Watch {
    fn new() -> Result<Watch> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(failed)?;
        let watch = Watch { inotify, owners: HashMap::new() };
        watch.add(mailslot::root()?).map_err(failed)?;
        watch.add_users()?;
        Ok(watch)
    }

    /// Watches the owners of these slots, and no others. `false` if one had ended before it could be watched.
    fn owners(&mut self, slots: &[SlotStatus]) -> bool {
        let pids: Vec<u32> = slots.iter().filter_map(|slot| slot.pid).collect();
        self.owners.retain(|pid, _| pids.contains(pid));
        let mut is_complete = true;
        for pid in pids {
            self.owners.entry(pid).or_insert_with(|| {
                let id = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
                let opened = pidfd_open(id, PidfdFlags::empty());
                is_complete &= opened.as_ref().err() != Some(&Errno::SRCH);
                opened.ok()
            });
        }
        is_complete
    }

    fn wait(&mut self, signals: &Signals) -> Result {
        let mut sources: Vec<BorrowedFd<'_>> = vec![self.inotify.as_fd()];
        sources.extend(self.owners.values().flatten().map(AsFd::as_fd));
        sys::wait_for_any(&sources, signals, true, None)?;
        let mut events = [0; 4096];
        while matches!(rustix::io::read(self.inotify.as_fd(), &mut events), Ok(1..)) {}
        for owner in self.owners.values_mut() {
            if owner.as_ref().is_some_and(has_ended) {
                *owner = None;
            }
        }
        // Before the slots are listed: the list then has those created meanwhile.
        self.add_users()
    }

    /// Watches the directories of all users, including new ones.
    fn add_users(&self) -> Result {
        for directory in mailslot::slot_directories()? {
            match self.add(&directory) {
                // It is being made, or closed to us: its slots are seen by their claims in the root.
                Ok(()) | Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn add(&self, directory: &Path) -> rustix::io::Result<()> {
        // A slot appears, complete, by a rename, and disappears by another rename or with its directory.
        let events = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM | WatchFlags::DELETE;
        inotify::add_watch(&self.inotify, directory, events).map(drop)
    }
}

fn has_ended(process: &OwnedFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&now)), Ok(1..))
}

fn failed(error: Errno) -> Failure {
    Failure::io("watch the directories of the slots", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn names_stay_in_their_lines() {
        let slot = serde_json::json!({
            "name": "alerts", "pid": 7, "uid": 4_000_000_001_u32, "access": null, "network": null,
            "max_message_size": 0,
            "capacity": 65536, "created_unix_ms": 0, "counts": null,
        });
        hostile::stays_in_its_cells(|planted| {
            let mut slot = slot.clone();
            slot["name"] = planted.into();
            // Not every text is a name.
            let slot = serde_json::from_value(slot).ok();
            vec![slot.map(|slot| text("now", Event::Appeared, &slot)).unwrap_or_default()]
        });
    }
}
