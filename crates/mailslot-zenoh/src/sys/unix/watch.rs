//! The slots of this machine that are open to the network, and when they change.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use mailslot::{Network, SlotName};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use super::Wake;
use crate::error::{Error, Result};

/// How often the slots are looked at in any case: no event reports that an owner was killed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Slots of one user that are announced. There is a limit because each costs every computer of the domain something.
const MAX_SLOTS_OF_USER: usize = 1024;

/// Watches the directories of the slots.
pub(crate) struct Watch {
    inotify: OwnedFd,
}

impl Watch {
    pub(crate) fn new() -> Result<Watch> {
        let failed = |error: rustix::io::Errno| Error::io("watch the directories of the slots", error);
        let inotify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).map_err(failed)?;
        let watch = Watch { inotify };
        watch.add(mailslot::root()?).map_err(failed)?;
        watch.add_users();
        Ok(watch)
    }

    /// Watches the directories of all users, to which more may have been added.
    fn add_users(&self) {
        // Directories that the system does not let us watch are looked at every second, as all are.
        for directory in mailslot::slot_directories().unwrap_or_default() {
            let _ = self.add(&directory);
        }
    }

    fn add(&self, directory: &Path) -> rustix::io::Result<()> {
        // A complete slot appears by a rename, and goes by another one or with its directory; a user's directory is
        // created.
        let slots = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::MOVED_FROM | inotify::WatchFlags::DELETE;
        inotify::add_watch(&self.inotify, directory, slots | inotify::WatchFlags::CREATE).map(drop)
    }

    /// Waits until slots may have changed, at most a second. Returns early when `wake` is woken.
    pub(crate) fn wait(&self, wake: &Wake) {
        let timeout = Timespec { tv_sec: LOOK_AGAIN.as_secs() as _, tv_nsec: 0 };
        let mut fds =
            [PollFd::new(&self.inotify, PollFlags::IN), PollFd::from_borrowed_fd(wake.as_fd(), PollFlags::IN)];
        // The slots are looked at whatever this returns.
        let _ = poll(&mut fds, Some(&timeout));
        let mut buffer = [0; 4096];
        while matches!(rustix::io::read(self.inotify.as_fd(), &mut buffer), Ok(1..)) {}
        self.add_users();
    }
}

/// The living slots that are open to the network, up to [`MAX_SLOTS_OF_USER`] of each user, by the upper-case form of
/// their names. Their creators say so, and no settings.
pub(crate) fn open_slots(_named: &[SlotName]) -> Result<BTreeMap<String, SlotName>> {
    let mut number: HashMap<Option<u32>, usize> = HashMap::new();
    let slots = mailslot::list()?.into_iter().filter(|slot| slot.network == Some(Network::Allowed));
    let few = slots.filter(|slot| {
        let number = number.entry(slot.uid).or_default();
        *number += 1;
        *number <= MAX_SLOTS_OF_USER
    });
    Ok(few.map(|slot| (slot.name.folded().to_owned(), slot.name)).collect())
}
