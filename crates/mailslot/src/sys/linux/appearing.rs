//! Waiting for slots that do not exist yet.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use super::root;
use crate::error::{Error, Result};

/// A watch over the directories in which slots appear.
pub(crate) struct Appearing {
    inotify: OwnedFd,
}

impl Appearing {
    /// Misses no slot that appears from now on.
    pub(crate) fn watch() -> Result<Appearing> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(failed)?;
        let appearing = Appearing { inotify };
        // A user's directory is created here, and the claim of each slot appears here, by a rename: when the directory
        // is complete, and before the slot appears in it.
        appearing.add(root::path()?, WatchFlags::CREATE | WatchFlags::MOVED_TO).map_err(failed)?;
        appearing.add_users()?;
        Ok(appearing)
    }

    /// Waits until slots may have appeared; `false` if `deadline` passes first. `None` means no deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<bool> {
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], left.as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let mut events = [0; 4096];
        while matches!(rustix::io::read(self.inotify.as_fd(), &mut events), Ok(1..)) {}
        // Before the caller looks, so that it finds slots that have appeared meanwhile.
        self.add_users()?;
        Ok(true)
    }

    /// Watches the directories of all users' slots, including new ones.
    fn add_users(&self) -> Result<()> {
        for directory in root::directories()? {
            // A slot appears, complete, by a rename.
            match self.add(&directory, WatchFlags::MOVED_TO) {
                // An incomplete directory is complete when its first claim appears; in an inaccessible one no slot can
                // be opened.
                Ok(()) | Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn add(&self, directory: &Path, events: WatchFlags) -> rustix::io::Result<()> {
        inotify::add_watch(&self.inotify, directory, events).map(drop)
    }
}

fn failed(error: Errno) -> Error {
    Error::io("watch the directories of the slots", error)
}
