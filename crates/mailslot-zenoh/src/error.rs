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
    /// A local slot has refused something.
    Slot(mailslot::Error),
    /// None of the endpoints to connect to can be reached; the text gives the reason for each.
    Unreachable(String),
    /// Zenoh has refused something.
    Zenoh {
        /// What was being done.
        action: &'static str,
        /// Zenoh's error.
        source: zenoh::Error,
    },
    /// The operating system has refused something.
    Io {
        /// What was being done.
        action: &'static str,
        /// The system's error.
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
        // The text of an error includes that of its cause, so `source` returns only what lies behind the cause.
        match self {
            Error::Settings(_) | Error::Unreachable(_) => None,
            Error::Domain(error) => error.source(),
            Error::Slot(error) => error.source(),
            Error::Zenoh { source, .. } => source.source(),
            Error::Io { source, .. } => source.source(),
        }
    }
}

impl From<mailslot_domain::Error> for Error {
    fn from(error: mailslot_domain::Error) -> Error {
        match error {
            mailslot_domain::Error::Settings(what) => Error::Settings(what),
            error => Error::Domain(error),
        }
    }
}

impl From<mailslot::Error> for Error {
    fn from(error: mailslot::Error) -> Error {
        Error::Slot(error)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// An error has a source exactly where its cause has one.
    #[test]
    fn no_error_says_what_its_source_says_again() {
        let source = || io::Error::new(io::ErrorKind::StorageFull, io::Error::other("no block is left"));
        let slot = || mailslot::Error::Io { action: "open a slot".to_owned(), source: source() };
        let errors = [
            Error::Settings("mode must be peer, router or client".to_owned()),
            Error::Slot(slot()),
            Error::Domain(mailslot_domain::Error::Io { action: "read a domain file".to_owned(), source: source() }),
            Error::io("start a thread", source()),
            Error::Zenoh { action: "open a session", source: zenoh::Error::from(source()) },
        ];
        for error in errors {
            let (text, mut source) = (error.to_string(), core::error::Error::source(&error));
            while let Some(error) = source {
                assert!(!text.contains(&error.to_string()), "{text:?} and its source {error}");
                source = error.source();
            }
        }
    }
}
