//! What can go wrong with a node.

use core::fmt;
use std::io;
use std::net::SocketAddrV4;

use mailslot::Quoted;
use mailslot_netbios::SendError;

/// The result of this crate's fallible functions.
pub type Result<T> = core::result::Result<T, Error>;

/// What can go wrong with a node.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting is wrong.
    Settings(String),
    /// Another program has the port.
    PortInUse(SocketAddrV4),
    /// This process may not use the port.
    PortNotAllowed(SocketAddrV4),
    /// A node runs on this machine already.
    AlreadyRuns,
    /// The node cannot become the user that the settings name.
    User {
        /// The user.
        user: String,
        /// Why.
        reason: String,
    },
    /// No node runs on this machine.
    NotRunning,
    /// The node did not answer in time.
    NoAnswer,
    /// The node could not do what was requested.
    Refused(String),
    /// Only root and the node's user may do this.
    NotForThisUser,
    /// A message was not sent.
    NotSent(SendError),
    /// A local slot refused something.
    Slot(mailslot::Error),
    /// A counter or state cannot be written as a metric.
    Metrics(String),
    /// Something is wrong with a modern domain, or its file.
    Domain(Box<dyn core::error::Error + Send + Sync>),
    /// The operating system refused something.
    Io {
        /// The action that failed, and its object.
        action: String,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(action: impl Into<String>, source: impl Into<io::Error>) -> Error {
        Error::Io { action: action.into(), source: source.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Settings(what) => f.write_str(what),
            Error::PortInUse(address) => write!(
                f,
                "another NetBIOS stack, such as nmbd, holds port {} of {}: stop it, leave the interface out, or, if it \
                 is nmbd, run beside it (beside-samba, --beside-samba)",
                address.port(),
                address.ip()
            ),
            Error::PortNotAllowed(address) => write!(
                f,
                "port {} may only be used by root or with the capability CAP_NET_BIND_SERVICE",
                address.port()
            ),
            Error::AlreadyRuns => f.write_str("a network node already runs on this machine"),
            Error::User { user, reason } => write!(f, "become user {}: {reason}", Quoted(user)),
            Error::NotRunning => f.write_str("no network node runs on this machine: start one with `mailslot node`"),
            Error::NoAnswer => f.write_str("the network node of this machine did not answer in time"),
            Error::NotForThisUser => f.write_str(
                "only root and the user of the network node may capture: packets hold the messages of all users",
            ),
            Error::NotSent(error) => write!(f, "{error}"),
            Error::Refused(why) => f.write_str(why),
            Error::Slot(error) => write!(f, "{error}"),
            Error::Metrics(why) => write!(f, "write metrics, with a node that may be of another version: {why}"),
            Error::Domain(error) => write!(f, "{error}"),
            Error::Io { action, source } => write!(f, "{action}: {source}"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The text includes that of the direct cause, so the source is the cause's source.
        match self {
            Error::Io { source, .. } => source.source(),
            Error::Slot(error) => error.source(),
            Error::Domain(error) => error.source(),
            Error::NotSent(error) => error.source(),
            _ => None,
        }
    }
}

/// The error's text with those of all its causes. Causes that a text already includes are not repeated.
pub(crate) fn with_causes(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
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

    /// Each error here has a source that has a source, too.
    #[test]
    fn no_error_says_what_its_source_says_again() {
        let source = || io::Error::new(io::ErrorKind::StorageFull, io::Error::other("no block is left"));
        let slot = || mailslot::Error::Io { action: "open a slot".to_owned(), source: source() };
        let errors = [
            Error::io("bind a port", source()),
            Error::Slot(slot()),
            Error::Domain(Box::new(Error::io("start a thread", source()))),
        ];
        for error in errors {
            let (text, mut source) = (error.to_string(), core::error::Error::source(&error));
            while let Some(error) = source {
                assert!(!text.contains(&error.to_string()), "{text:?} and its source {error}");
                source = error.source();
            }
        }
    }

    #[test]
    fn every_cause_is_told_once() {
        #[derive(Debug)]
        struct Caused(&'static str, Option<Box<Caused>>);
        impl fmt::Display for Caused {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        impl core::error::Error for Caused {
            fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
                self.1.as_deref().map(|cause| cause as _)
            }
        }
        let caused = |text, by| Caused(text, Some(Box::new(by)));
        let error = caused("read a file", caused("open it", Caused("not allowed", None)));
        assert_eq!(with_causes(&error), "read a file: open it: not allowed");
        let error = caused("read a file: not allowed", Caused("not allowed", None));
        assert_eq!(with_causes(&error), "read a file: not allowed");
    }
}
