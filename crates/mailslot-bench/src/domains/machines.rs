//! The machines of a run: directories for slots, a domain file, a free port.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use mailslot_domain::{Authority, Directory, Domain, Time, random};

use super::Peer;
use super::slot::DOMAIN;
use crate::Result;

/// A directory in memory, removed when dropped.
pub(crate) struct Machines {
    directory: PathBuf,
}

impl Machines {
    pub(crate) fn create() -> Result<Machines> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = PathBuf::from(format!("/dev/shm/mailslot-bench-domains-{}-{number}", std::process::id()));
        fs::create_dir(&directory)?;
        Ok(Machines { directory })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// The slots of a machine.
    pub(crate) fn slots(&self, computer: &str) -> Result<PathBuf> {
        let slots = self.directory.join(computer);
        fs::create_dir_all(&slots)?;
        Ok(slots)
    }

    /// The file of a new domain for `peer`.
    pub(crate) fn domain(&self, peer: Peer) -> Result<PathBuf> {
        let directory = Directory::at(self.directory.join("domains"));
        let domain: Arc<Domain> = match peer {
            Peer::Open => Domain::open(DOMAIN)?,
            _ => Domain::sealed(DOMAIN, Time::from(SystemTime::now()), &random()?)?,
        };
        if peer == Peer::Identities {
            let authority = Authority::new(DOMAIN, &random()?)?;
            directory.add_authority(&authority)?;
            return Ok(directory.add(&authority.establish(&domain)?)?);
        }
        Ok(directory.add(&domain)?)
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        // If this fails, the files are in memory only.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
