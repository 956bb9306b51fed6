//! What can go wrong, and why something that arrived is not let in.

use core::fmt;
use std::io;
use std::path::PathBuf;

use mailslot_names::Quoted;

use crate::time::Time;

/// Result of everything in this crate; of opening what arrived with [`Refused`].
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What can go wrong with a domain. No variant ever holds a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is no name of a domain.
    InvalidName(String),
    /// The text is no name of a computer.
    InvalidComputer(String),
    /// The slot's name is too long for the network.
    SlotNameTooLong {
        /// Its length in bytes.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A name that goes with a message has more bytes than fit.
    TextTooLong {
        /// Which one.
        field: &'static str,
        /// What is allowed.
        limit: usize,
    },
    /// The message is too large.
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// No key of the domain is to be used now: see [`Domain::sending_key`](crate::Domain::sending_key).
    NoKey {
        /// What the clock says.
        now: Time,
        /// When the next key begins, if there is one.
        next: Option<Time>,
    },
    /// A setting of a machine's part in the domain is wrong; the text says which one, and what would be right.
    Settings(String),
    /// An open domain has no keys.
    Open(String),
    /// So many streams have been begun in this session that another one needs a new session.
    SessionFull {
        /// Streams of the session.
        limit: usize,
    },
    /// The text is not a domain file.
    Syntax {
        /// The file, if it was read from one.
        path: Option<PathBuf>,
        /// The line, from 1, if it is known.
        line: Option<usize>,
        /// What is wrong with it.
        reason: String,
    },
    /// Others than the owner may read or change the file, which holds secrets.
    ModeTooOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file, the directory that it is in, or a symbolic link that leads to it belongs to a user who is not trusted with it: only
    /// the user of this process and the superuser are, and the user whom a node will become.
    OtherOwner {
        /// What belongs to that user.
        path: PathBuf,
        /// The user's id.
        owner: u32,
        /// The id of the user who should own it.
        user: u32,
    },
    /// Others than its owner may put files into the directory.
    DirectoryTooOpen {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is no such domain in the directory.
    NotFound {
        /// The domain's name.
        name: String,
        /// The directory.
        directory: PathBuf,
    },
    /// Another domain of this name is in the directory.
    NameTaken {
        /// The name.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// The domain is in the directory under another name.
    OtherName {
        /// The name there.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// The file in the directory has a newer key.
    Older {
        /// The file in the directory.
        path: PathBuf,
    },
    /// Neither `HOME` nor anything else tells where this user's domain directory is, or the program has raised privileges and must
    /// not believe what does.
    NoDirectory,
    /// The operating system refused something.
    Io {
        /// What was being done, and to what.
        action: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Why something that arrived is not let in. The order of the checks is that of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// It has more bytes than a message may have.
    TooLarge,
    /// It does not have the form that it must have.
    Malformed,
    /// It is of another version of the sealed form.
    Version,
    /// It is sealed with a key that this domain does not have.
    KeyUnknown,
    /// It is sealed with a key that was rotated out.
    KeyExpired,
    /// It was not sealed with this domain's key, or not for this domain, destination and kind, or was changed on its way.
    Forged,
    /// Its sender's clock and this one differ by more than the tolerance, or it has been on its way for too long.
    Clock,
    /// It is from before the start of this receiver, which cannot know whether it has been delivered already.
    BeforeStart,
    /// It was let in before.
    Replayed,
    /// It comes so long after its successors that nobody knows whether it was let in before.
    TooOld,
    /// It begins a new stream, and no more streams can be followed.
    StreamsFull,
    /// Another bridge has carried the same message from the legacy network.
    Copy,
}

impl Error {
    #[cfg(unix)]
    pub(crate) fn io(action: impl Into<String>, source: impl Into<io::Error>) -> Error {
        Error::Io { action: action.into(), source: source.into() }
    }
}

impl Refused {
    /// All reasons, in the order of the checks.
    pub const ALL: [Refused; 12] = [
        Refused::TooLarge,
        Refused::Malformed,
        Refused::Version,
        Refused::KeyUnknown,
        Refused::KeyExpired,
        Refused::Forged,
        Refused::Clock,
        Refused::BeforeStart,
        Refused::Replayed,
        Refused::TooOld,
        Refused::StreamsFull,
        Refused::Copy,
    ];

    /// A name for counters: one lower-case word, or some with `_`.
    pub fn name(self) -> &'static str {
        match self {
            Refused::TooLarge => "too_large",
            Refused::Malformed => "malformed",
            Refused::Version => "version",
            Refused::KeyUnknown => "key_unknown",
            Refused::KeyExpired => "key_expired",
            Refused::Forged => "forged",
            Refused::Clock => "clock",
            Refused::BeforeStart => "before_start",
            Refused::Replayed => "replayed",
            Refused::TooOld => "too_old",
            Refused::StreamsFull => "streams_full",
            Refused::Copy => "copy",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidName(name) => {
                write!(f, "{} cannot name a domain: use 1 to 15 letters, digits, hyphens and underscores", Quoted(name))
            }
            Error::InvalidComputer(name) => {
                write!(
                    f,
                    r#"{} cannot name a computer: use 1 to 15 characters, none of \ / : * ? " < > |"#,
                    Quoted(name)
                )
            }
            Error::SlotNameTooLong { size, limit } => {
                write!(f, "the slot's name has {size} bytes, and {limit} can travel in a domain")
            }
            Error::TextTooLong { field, limit } => write!(f, "the {field} has more than {limit} bytes"),
            Error::TooLarge { size, limit } => {
                write!(f, "the message has {size} bytes, and {limit} can travel in this domain")
            }
            Error::NoKey { now, next: Some(next) } => {
                write!(f, "the domain's next key begins at {next}, and the clock says {now}: set the clock")
            }
            Error::NoKey { now, next: None } => {
                write!(
                    f,
                    "every key of the domain has expired (the clock says {now}): join with the newest domain file"
                )
            }
            Error::Settings(what) => f.write_str(what),
            Error::Open(name) => write!(f, "the domain {name} is open and has no keys"),
            Error::SessionFull { limit } => {
                write!(f, "this session has begun {limit} streams: renew it to begin others")
            }
            Error::Syntax { path, line, reason } => {
                match path {
                    Some(path) => write!(f, "{} is not a domain file: ", path.display())?,
                    None => f.write_str("not a domain file: ")?,
                }
                line.map_or(Ok(()), |line| write!(f, "line {line}: "))?;
                f.write_str(reason)
            }
            Error::ModeTooOpen { path, mode } => {
                let path = path.display();
                write!(f, "{path} holds secrets, and others may use it (mode {mode:03o}): run `chmod 600 {path}`")
            }
            Error::OtherOwner { path, owner, user } => {
                let path = path.display();
                write!(f, "{path} belongs to user {owner}, who is not to be trusted with it: run `chown -h {user} {path}`")
            }
            Error::DirectoryTooOpen { path, mode } => {
                let path = path.display();
                write!(f, "others may put files into {path} (mode {mode:03o}): run `chmod go-w {path}`")
            }
            Error::NotFound { name, directory } => {
                write!(f, "there is no domain {name} in {}: make it, or join it with its file", directory.display())
            }
            Error::NameTaken { name, path } => {
                write!(
                    f,
                    "another domain {name} is in {}: remove that file first, or choose another name",
                    path.display()
                )
            }
            Error::OtherName { name, path } => {
                write!(f, "this domain is already there as {name}, in {}: remove that file first", path.display())
            }
            Error::Older { path } => {
                write!(f, "{} has a newer key than the file to join: use the newest file", path.display())
            }
            Error::NoDirectory => f.write_str(
                "HOME is not set, or this program has raised privileges: say where domain files are with MAILSLOT_DOMAINS, and \
                 run it without",
            ),
            Error::Io { action, .. } => f.write_str(action),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::TooLarge => "it is larger than a message may be",
            Refused::Malformed => "it does not have the form of a message",
            Refused::Version => "it is of another version",
            Refused::KeyUnknown => "it is sealed with an unknown key",
            Refused::KeyExpired => "it is sealed with a key that was rotated out",
            Refused::Forged => "it was not sealed with the domain's key for this destination",
            Refused::Clock => "its sender's clock differs too much, or it comes too late",
            Refused::BeforeStart => "it is from before the start of this receiver",
            Refused::Replayed => "it was let in before",
            Refused::TooOld => "it comes too long after its successors",
            Refused::StreamsFull => "it begins a new stream, and no more can be followed",
            Refused::Copy => "another bridge has carried the same message",
        })
    }
}

impl core::error::Error for Refused {}
