//! The directory of the domain files of this machine, or of a user.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailslot_names::NetbiosName;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::whole;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use system::Owners;

/// The directory of domain files: a node takes part in all domains that it finds there.
///
/// Each file is `NAME.toml`, with mode 0600. Files are replaced atomically.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
    owners: Owners,
}

/// What joining a domain has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The domain was not there before.
    New,
    /// Its file was replaced.
    Replaced,
    /// The same file was there.
    Same,
}

/// Reads the domain file at `path`.
///
/// # Errors
///
/// - [`Error::Io`] if it cannot be read
/// - [`Error::OtherOwner`] if the file, or the symbolic link `path`, belongs neither to the user of this process nor to
///   the superuser
/// - [`Error::ModeTooOpen`] if its mode gives other users than the owner any access
/// - [`Error::Syntax`] if it is not a domain file
pub fn read_file(path: &Path) -> Result<Domain> {
    read(path, Owners::default())
}

fn read(path: &Path, owners: Owners) -> Result<Domain> {
    Domain::from_toml(&text_of(path, owners)?).map_err(|error| in_file(error, path))
}

/// The text of a file that holds secrets.
fn text_of(path: &Path, owners: Owners) -> Result<Zeroizing<String>> {
    let fail = |source| Error::io(format!("read {}", path.display()), source);
    // Another user's link would let that user choose which file is read. (A user who can replace the link between this
    // check and the next one can also rename files: other users must not be able to write to directories of domains.)
    owners.check_path(path)?;
    let file = whole::open(path).map_err(fail)?;
    owners.check_file(path, &file)?;
    whole::read(file, MAX_FILE).and_then(whole::text).map_err(fail)
}

fn in_file(error: Error, path: &Path) -> Error {
    match error {
        Error::Syntax { line, reason, .. } => Error::Syntax { path: Some(path.to_owned()), line, reason },
        other => other,
    }
}

/// Bytes of the largest domain file.
const MAX_FILE: usize = 64 << 10;

impl Directory {
    /// The directory in use: `$MAILSLOT_DOMAINS` if that is set; else `/etc/mailslot/domains` for the superuser, and
    /// `mailslot/domains` in `$XDG_CONFIG_HOME` or `~/.config` for others. On Windows `mailslot\domains` in
    /// `%ProgramData%`, for all users. It need not exist.
    ///
    /// `environment` returns the value of a variable, or `None` for all where the environment is not trusted, as in a
    /// program with raised privileges: pass `mailslot::secure_env`.
    ///
    /// # Errors
    ///
    /// [`Error::NoDirectory`] if none of the variables is set.
    pub fn in_use(environment: impl Fn(&str) -> Option<OsString>) -> Result<Directory> {
        if let Some(path) = environment("MAILSLOT_DOMAINS") {
            return Ok(Directory::at(path));
        }
        system::usual(environment).map(Directory::at).ok_or(Error::NoDirectory)
    }

    /// This directory. It need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Directory {
        Directory { path: path.into(), owners: Owners::default() }
    }

    /// The same directory, where files and the directory itself may also belong to the user with id `uid`: the user
    /// that a node becomes after the superuser has started it.
    pub fn owned_by(self, uid: u32) -> Directory {
        Directory { owners: Owners::with(uid), ..self }
    }

    /// The same directory, whose owner is trusted if this process is the superuser's: for the superuser's commands on a
    /// machine whose node runs as another user. For other users nothing changes.
    pub fn of_its_owner(self) -> Directory {
        match system::owner_for_superuser(&self.path) {
            Some(owner) => self.owned_by(owner),
            None => self,
        }
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The domain files, by name, each with its domain or the error. A directory that does not exist has none.
    ///
    /// # Errors
    ///
    /// - [`Error::Io`] if the directory cannot be read
    /// - [`Error::OtherOwner`], [`Error::DirectoryTooOpen`] if another user can put files there
    pub fn list(&self) -> Result<Vec<(PathBuf, Result<Domain>)>> {
        let fail = |source| Error::io(format!("read the directory {}", self.path.display()), source);
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error)),
        };
        self.owners.check_directory(&self.path)?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        let read = |path: PathBuf| {
            let domain = read(&path, self.owners).and_then(|domain| self.named_after(domain, &path));
            (path, domain)
        };
        Ok(paths.into_iter().map(read).collect())
    }

    /// The domain of this name; letter case is not significant.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is none
    /// - those of [`read_file`] for the file with this name
    pub fn find(&self, name: &str) -> Result<Arc<Domain>> {
        for (path, domain) in self.list()? {
            match domain {
                Ok(domain) if domain.name().as_str().eq_ignore_ascii_case(name) => return Ok(Arc::new(domain)),
                Err(error) if path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(name)) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Err(Error::NotFound { name: name.to_owned(), directory: self.path.clone() })
    }

    /// Writes the file of a new domain, and returns its path.
    ///
    /// # Errors
    ///
    /// - [`Error::NameTaken`] if a domain of this name exists there
    /// - [`Error::Io`] if it cannot be written
    pub fn add(&self, domain: &Domain) -> Result<PathBuf> {
        let path = self.file(domain);
        let fail = |source| Error::io(format!("write {}", path.display()), source);
        match self.write(&domain.to_toml())?.persist_noclobber(&path) {
            Ok(_) => self.sync().map(|()| path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::NameTaken { name: domain.name().to_string(), path })
            }
            Err(error) => Err(fail(error.error)),
        }
    }

    /// Writes the file of a new authority, `NAME.authority`, and returns its path. Nodes do not read it.
    ///
    /// # Errors
    ///
    /// - [`Error::NameTaken`] if there is one for a domain of this name
    /// - [`Error::Io`] if it cannot be written
    pub fn add_authority(&self, authority: &Authority) -> Result<PathBuf> {
        let path = self.authority_file(authority.name().as_str());
        match self.write(&authority.to_toml())?.persist_noclobber(&path) {
            Ok(_) => self.sync().map(|()| path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::NameTaken { name: authority.name().to_string(), path })
            }
            Err(error) => Err(Error::io(format!("write {}", path.display()), error.error)),
        }
    }

    /// The authority of the domain of this name.
    ///
    /// # Errors
    ///
    /// - [`Error::NoAuthority`] if its file is not here
    /// - those of [`read_file`] for it
    pub fn authority(&self, domain: &NetbiosName) -> Result<Authority> {
        let path = self.authority_file(domain.as_str());
        match path.try_exists() {
            Ok(false) => return Err(Error::NoAuthority { name: domain.to_string(), path }),
            Ok(true) => {}
            Err(error) => return Err(Error::io(format!("read {}", path.display()), error)),
        }
        self.owners.check_directory(&self.path)?;
        Authority::from_toml(&text_of(&path, self.owners)?).map_err(|error| in_file(error, &path))
    }

    /// Writes the file of a domain that was created elsewhere, or replaces that of the same domain with other keys.
    ///
    /// # Errors
    ///
    /// - [`Error::NameTaken`] if another domain of this name exists there
    /// - [`Error::OtherName`] if the domain exists there under another name
    /// - [`Error::Older`] if the file there has a newer key, or more revocations
    /// - [`Error::OtherCertificate`] if this computer has a certificate there, and the new file another computer's
    /// - [`Error::OtherAuthority`] if the domain there has an authority, and the new file another one or none
    /// - [`Error::Io`] if it cannot be written
    /// - those of [`read_file`] if the file to replace cannot be read
    pub fn join(&self, domain: &Domain) -> Result<Joined> {
        for (path, there) in self.list()? {
            if let Ok(there) = there
                && there.id() == domain.id()
                && there.id().is_some()
                && there.name() != domain.name()
            {
                return Err(Error::OtherName { name: there.name().to_string(), path });
            }
        }
        let there = match self.find(domain.name().as_str()) {
            Err(Error::NotFound { .. }) => return self.add(domain).map(|_| Joined::New),
            there => there?,
        };
        let path = self.file(domain);
        if there.id() != domain.id() {
            return Err(Error::NameTaken { name: domain.name().to_string(), path });
        }
        if there.keys().last().map(|key| key.send_from()) > domain.keys().last().map(|key| key.send_from()) {
            return Err(Error::Older { path });
        }
        // A list of revocations is never rolled back.
        if there.revocations() > domain.revocations() {
            return Err(Error::Older { path });
        }
        if there.authority().is_some() && there.authority() != domain.authority() {
            return Err(Error::OtherAuthority(domain.name().to_string()));
        }
        // The operator's own file would make this computer the operator's.
        if let (Some(there), Some(certificate)) = (there.certificate(), domain.certificate())
            && there.computer() != certificate.computer()
        {
            let (computer, certified) = (there.computer().to_string(), certificate.computer().to_string());
            return Err(Error::OtherCertificate { computer, certified });
        }
        if *there.to_toml() == *domain.to_toml() {
            return Ok(Joined::Same);
        }
        self.replace(domain).map(|_| Joined::Replaced)
    }

    /// Replaces the file of a domain, and returns its path.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be written.
    pub fn replace(&self, domain: &Domain) -> Result<PathBuf> {
        let path = self.file(domain);
        let fail = |source| Error::io(format!("write {}", path.display()), source);
        self.write(&domain.to_toml())?.persist(&path).map_err(|error| fail(error.error))?;
        self.sync().map(|()| path)
    }

    /// Checks that the file has the domain's name: under two names, a domain would be two domains that do the same.
    fn named_after(&self, domain: Domain, path: &Path) -> Result<Domain> {
        if path == self.file(&domain) {
            return Ok(domain);
        }
        let reason = format!("the file of the domain {0} must be named {0}.toml", domain.name());
        Err(Error::Syntax { path: Some(path.to_owned()), line: None, reason })
    }

    fn file(&self, domain: &Domain) -> PathBuf {
        self.path.join(format!("{}.toml", domain.name()))
    }

    fn authority_file(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.authority"))
    }

    /// Writes a file without its final name, which nobody else can read.
    fn write(&self, text: &str) -> Result<NamedTempFile> {
        let fail = |source| Error::io(format!("write a domain file in {}", self.path.display()), source);
        system::create(&self.path).map_err(fail)?;
        let mut file = NamedTempFile::new_in(&self.path).map_err(fail)?;
        system::keep_private(file.as_file(), file.path(), &self.path).map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        file.as_file().sync_all().map_err(fail)?;
        Ok(file)
    }

    /// Makes a new name survive a power failure.
    fn sync(&self) -> Result<()> {
        let fail = |source| Error::io(format!("write the directory {}", self.path.display()), source);
        system::sync(&self.path).map_err(fail)
    }
}
