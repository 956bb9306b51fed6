//! What can go wrong with domains at work.

use core::fmt;

/// Result of everything in this crate.
pub type Result<T> = core::result::Result<T, Error>;

/// What can go wrong with domains at work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting is wrong; the text says which one, and what would be right.
    Settings(String),
    /// Something about the domain itself, or its file.
    Domain(mailslot_domain::Error),
    /// A local slot refused something.
    Slot(mailslot::Error),
    /// None of the endpoints to connect to can be reached; the text says for each why.
    Unreachable(String),
    /// Zenoh refused something.
    Zenoh {
        /// What was being done.
        action: &'static str,
        /// What Zenoh said.
        source: zenoh::Error,
    },
    /// The operating system refused something.
    Io {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn zenoh(action: &'static str) -> impl FnOnce(zenoh::Error) -> Error {
        move |source| Error::Zenoh { action, source }
    }

    pub(crate) fn io(action: &'static str, source: impl Into<std::io::Error>) -> Error {
        Error::Io { action, source: source.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Settings(what) | Error::Unreachable(what) => f.write_str(what),
            Error::Domain(error) => write!(f, "{error}"),
            Error::Slot(error) => write!(f, "{error}"),
            Error::Zenoh { action, source } => write!(f, "{action}: {source}"),
            Error::Io { action, source } => write!(f, "{action}: {source}"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Error::Settings(_) | Error::Unreachable(_) => None,
            Error::Domain(error) => Some(error),
            Error::Slot(error) => Some(error),
            Error::Zenoh { source, .. } => Some(&**source),
            Error::Io { source, .. } => Some(source),
        }
    }
}

impl From<mailslot_domain::Error> for Error {
    fn from(error: mailslot_domain::Error) -> Error {
        Error::Domain(error)
    }
}

impl From<mailslot::Error> for Error {
    fn from(error: mailslot::Error) -> Error {
        Error::Slot(error)
    }
}
