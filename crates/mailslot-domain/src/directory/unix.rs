//! Owners and modes of files.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, fchown};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The users whose files are read: the superuser, the user of this process, and optionally another one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Owners {
    also: Option<u32>,
}

impl Owners {
    pub(super) fn with(uid: u32) -> Owners {
        Owners { also: Some(uid) }
    }

    /// Checks who owns what is at `path`, be it a symbolic link.
    pub(super) fn check_path(self, path: &Path) -> Result<()> {
        self.check(path, fs::symlink_metadata(path).map_err(|source| read(path, source))?.uid())
    }

    /// Checks that the open file belongs to one of them, and that nobody else may read it.
    pub(super) fn check_file(self, path: &Path, file: &File) -> Result<()> {
        let metadata = file.metadata().map_err(|source| read(path, source))?;
        self.check(path, metadata.uid())?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::ModeTooOpen { path: path.to_owned(), mode });
        }
        Ok(())
    }

    /// Checks that no other user can put files into the directory.
    pub(super) fn check_directory(self, path: &Path) -> Result<()> {
        let fail = |source| Error::io(format!("read the directory {}", path.display()), source);
        let metadata = fs::metadata(path).map_err(fail)?;
        self.check(path, metadata.uid())?;
        let mode = metadata.mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(Error::DirectoryTooOpen { path: path.to_owned(), mode });
        }
        Ok(())
    }

    fn check(self, path: &Path, owner: u32) -> Result<()> {
        let user = rustix::process::geteuid().as_raw();
        if [Some(0), Some(user), self.also].contains(&Some(owner)) {
            return Ok(());
        }
        Err(Error::OtherOwner { path: path.to_owned(), owner, user: self.also.unwrap_or(user) })
    }
}

fn read(path: &Path, source: io::Error) -> Error {
    Error::io(format!("read {}", path.display()), source)
}

/// The directory in use without `MAILSLOT_DOMAINS`.
pub(super) fn usual(environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let variable = |name| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/etc/mailslot/domains"));
    }
    let config = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("mailslot/domains"))
}

/// The owner of the directory, if this process is the superuser's.
pub(super) fn owner_for_superuser(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().filter(|_| rustix::process::geteuid().is_root()).map(|directory| directory.uid())
}

/// Creates the directory, for this user alone, if it does not exist.
pub(super) fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Gives a new file, which has mode 0600, to the owner of its directory: the superuser creates the file, but a node
/// that runs as another user must be able to read it.
pub(super) fn keep_private(file: &File, _path: &Path, directory: &Path) -> io::Result<()> {
    let directory = fs::metadata(directory)?;
    if file.metadata()?.uid() != directory.uid() && rustix::process::geteuid().is_root() {
        fchown(file, Some(directory.uid()), Some(directory.gid()))?;
    }
    Ok(())
}

/// Makes a new name survive a power failure.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory).and_then(|directory| directory.sync_all())
}
