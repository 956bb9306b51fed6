//! The slots of this machine that are open to the network, and when there are others.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use mailslot::{Network, SlotName};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use crate::error::{Error, Result};

/// How often the slots are looked at in any case: nothing tells that an owner was killed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Watches the directory of the slots.
pub(crate) struct Watch {
    inotify: OwnedFd,
}

impl Watch {
    pub(crate) fn new() -> Result<Watch> {
        let root = mailslot::root()?;
        let failed = |error: rustix::io::Errno| Error::io("watch the directory of the slots", error);
        let inotify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).map_err(failed)?;
        // A slot appears, complete, by a rename, and goes by another one or with its directory.
        let events = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::MOVED_FROM | inotify::WatchFlags::DELETE;
        inotify::add_watch(&inotify, root, events).map_err(failed)?;
        Ok(Watch { inotify })
    }

    /// Waits until slots may have come or gone, at most a second. Returns early when `wake` is readable.
    pub(crate) fn wait(&self, wake: BorrowedFd<'_>) {
        let timeout = Timespec { tv_sec: LOOK_AGAIN.as_secs() as _, tv_nsec: 0 };
        let mut fds = [PollFd::new(&self.inotify, PollFlags::IN), PollFd::from_borrowed_fd(wake, PollFlags::IN)];
        // Whatever it returns, the slots are looked at.
        let _ = poll(&mut fds, Some(&timeout));
        let mut buffer = [0; 4096];
        while matches!(rustix::io::read(self.inotify.as_fd(), &mut buffer), Ok(1..)) {}
    }
}

/// The living slots that are open to the network, by the upper-case form of their names.
pub(crate) fn open_slots() -> Result<BTreeMap<String, SlotName>> {
    let slots = mailslot::list()?.into_iter().filter(|slot| slot.network == Some(Network::Allowed));
    Ok(slots.map(|slot| (slot.name.folded().to_owned(), slot.name)).collect())
}
