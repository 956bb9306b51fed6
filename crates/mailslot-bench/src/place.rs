//! The places of peers: one directory in memory per run, one name in it per measurement.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::peer;

/// A name in the run's directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    dir: PathBuf,
    name: String,
}

impl Place {
    /// The same place for another direction, or for one of several slots.
    pub(crate) fn branch(&self, suffix: impl std::fmt::Display) -> Place {
        Place { dir: self.dir.clone(), name: format!("{}-{suffix}", self.name) }
    }

    /// A name for objects without a path: unique on this machine while the run lasts.
    pub(crate) fn unique(&self) -> String {
        format!("{}-{}", prefix(&self.dir), self.name)
    }

    /// The bare name, for slots.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A file of this place.
    pub(crate) fn path(&self, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", self.name))
    }

    /// Chooses the port of the loopback interface for this place.
    pub(crate) fn choose_port(&self) -> Result<u16> {
        let port = free_port()?;
        std::fs::write(self.path("port"), port.to_string())?;
        Ok(port)
    }

    /// The port that was chosen for this place.
    pub(crate) fn port(&self) -> Result<u16> {
        Ok(std::fs::read_to_string(self.path("port"))?.parse()?)
    }

    /// `MAILSLOT_ROOT`.
    pub(crate) fn slots(&self) -> PathBuf {
        self.dir.join("slots")
    }

    /// The directory for iceoryx2's files: one for each place, so that places do not share any.
    pub(crate) fn iceoryx(&self) -> PathBuf {
        self.path("iceoryx")
    }

    /// The prefix of the names of iceoryx2's shared memory. It treats all objects with this prefix as its own.
    pub(crate) fn iceoryx_prefix(&self) -> String {
        format!("{ICEORYX}{}_", self.unique())
    }
}

/// The run's directory, removed at its end with everything that children left elsewhere.
#[derive(Debug)]
pub(crate) struct Places {
    dir: PathBuf,
    count: AtomicU32,
}

const MEMORY: &str = "/dev/shm";
/// The prefix of the directory's name, before the process id.
const NAME: &str = "mailslot-bench-";
/// The prefix of all names outside it.
const ICEORYX: &str = "iox-";

impl Places {
    pub(crate) fn create() -> Result<Places> {
        let memory = PathBuf::from(MEMORY);
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let dir = parent.join(format!("{NAME}{}", std::process::id()));
        remove_remains(&parent);
        std::fs::create_dir(&dir)?;
        let places = Places { dir, count: AtomicU32::new(0) };
        let place = places.next();
        for open in [places.dir.clone(), place.slots()] {
            std::fs::create_dir_all(&open)?;
            std::fs::set_permissions(&open, Permissions::from_mode(0o1777))?;
        }
        Ok(places)
    }

    /// A new place.
    pub(crate) fn next(&self) -> Place {
        Place { dir: self.dir.clone(), name: format!("p{}", self.count.fetch_add(1, Ordering::Relaxed)) }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        for number in 0..self.count.load(Ordering::Relaxed) {
            let place = Place { dir: self.dir.clone(), name: format!("p{number}") };
            ["a", "b"].iter().for_each(|branch| peer::posix_mq::remove(&place.branch(branch)));
            peer::posix_mq::remove(&place);
        }
        remove(&self.dir);
        remove_with_prefix(&format!("{ICEORYX}{}-", prefix(&self.dir)));
    }
}

/// A port of the loopback interface that is free at the moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Removes the remains of killed runs.
fn remove_remains(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let run = name.strip_prefix(NAME).and_then(|id| id.parse::<u32>().ok());
        if run.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) {
            remove(&entry.path());
            remove_with_prefix(&format!("{ICEORYX}{name}-"));
        }
    }
}

fn remove_with_prefix(prefix: &str) {
    for entry in std::fs::read_dir(MEMORY).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn remove(dir: &Path) {
    // Fails if it is gone already.
    let _ = std::fs::remove_dir_all(dir);
}

fn prefix(dir: &Path) -> String {
    dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
