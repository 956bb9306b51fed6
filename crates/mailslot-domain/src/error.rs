//! The errors of this crate, and the reasons for refusing received messages.

use core::fmt;
use std::io;
use std::path::PathBuf;

use mailslot_names::Quoted;

use crate::time::Time;

/// The result of this crate's functions; opening received messages fails with [`Refused`].
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// The errors of domains. No variant contains a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a valid name of a domain.
    InvalidName(String),
    /// The text is not a valid name of a computer.
    InvalidComputer(String),
    /// The slot's name is too long for the network.
    SlotNameTooLong {
        /// Its length in bytes.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A name in a message or presence has too many bytes.
    TextTooLong {
        /// Which name.
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
    /// The domain has no key to use now: see [`Domain::sending_key`](crate::Domain::sending_key).
    NoKey {
        /// The time of the clock.
        now: Time,
        /// When the next key begins, if there is one.
        next: Option<Time>,
    },
    /// A setting of the machine for the domain is invalid; the text says which one, and what would be valid.
    Settings(String),
    /// An open domain has no keys.
    Open(String),
    /// The domain has another authority than this one, or none.
    OtherAuthority(String),
    /// The file of the domain's authority is not here.
    NoAuthority {
        /// The domain.
        name: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// The slots that a certificate names do not fit into it.
    CertificateTooLarge {
        /// Bytes of the largest certificate.
        limit: usize,
    },
    /// The domain's authority has not invited this computer.
    NoCertificate {
        /// This computer.
        computer: String,
    },
    /// The certificate in the domain file is another computer's.
    OtherCertificate {
        /// This computer.
        computer: String,
        /// The one that the certificate is for.
        certified: String,
    },
    /// This computer's certificate has expired.
    CertificateExpired {
        /// When.
        until: Time,
    },
    /// This computer's certificate was revoked.
    Revoked {
        /// This computer.
        computer: String,
    },
    /// The session has the maximum number of streams: another stream needs a new session.
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
    /// Other users than the owner may access the file, which contains secrets.
    ModeTooOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file, its directory, or a symbolic link to it belongs to a user who is not trusted. Trusted are only the
    /// user of this process, the superuser, and the user that a node will become.
    OtherOwner {
        /// The path that belongs to that user.
        path: PathBuf,
        /// The user's id.
        owner: u32,
        /// The id of the user who should own it.
        user: u32,
    },
    /// Other users than the owner may put files into the directory.
    DirectoryTooOpen {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// On Windows: others than the system, the administrators and this user may read the file, which contains secrets,
    /// or put files into the directory; or it belongs to somebody else.
    OpenToOthers {
        /// The file or the directory.
        path: PathBuf,
        /// One of the others, as a SID.
        who: String,
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
    /// The file in the directory has a newer key, or more revocations.
    Older {
        /// The file in the directory.
        path: PathBuf,
    },
    /// No environment variable, such as `HOME`, determines this user's domain directory, or the program has raised
    /// privileges and must not trust them.
    NoDirectory,
    /// The operating system refused something.
    Io {
        /// The action that failed, and its object.
        action: String,
        /// The system's error.
        source: io::Error,
    },
}

/// Why a received message, receipt or presence is refused. The variants are in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// It has more bytes than a message may have.
    TooLarge,
    /// Its form is invalid.
    Malformed,
    /// It has another version of the sealed form.
    Version,
    /// It is sealed with a key that this domain does not have.
    KeyUnknown,
    /// It is sealed with a key that has expired.
    KeyExpired,
    /// It was not sealed with this domain's key, or not for this domain, destination and kind, or was changed in
    /// transit.
    Forged,
    /// The sender's clock and this one differ by more than the tolerance, or it was in transit for too long.
    Clock,
    /// It was sealed before the start of this receiver, which cannot know whether it has been delivered already.
    BeforeStart,
    /// The domain has identities, and this has no signature.
    Unsigned,
    /// Its certificate was not signed by the domain's authority, or is another computer's than it names as its sender.
    Certificate,
    /// Its certificate has expired, or was issued later than now.
    CertificateExpired,
    /// Its certificate was revoked.
    Revoked,
    /// Its signature is not that of the computer, for this message and destination.
    Signature,
    /// The computer's certificate does not name this slot.
    NotAllowed,
    /// It was accepted before.
    Replayed,
    /// It arrives so long after its successors that the receiver no longer knows whether it was accepted before.
    TooOld,
    /// It begins a new stream, and the receiver has no room for more streams.
    StreamsFull,
    /// Another bridge has carried the same message from the legacy network.
    Copy,
}

impl Error {
    /// What is wrong with the text of a file; no secret.
    pub(crate) fn wrong(reason: &str) -> Error {
        Error::Syntax { path: None, line: None, reason: reason.to_owned() }
    }

    pub(crate) fn io(action: impl Into<String>, source: impl Into<io::Error>) -> Error {
        Error::Io { action: action.into(), source: source.into() }
    }
}

impl Refused {
    /// All reasons, in the order of the checks.
    pub const ALL: [Refused; 18] = [
        Refused::TooLarge,
        Refused::Malformed,
        Refused::Version,
        Refused::KeyUnknown,
        Refused::KeyExpired,
        Refused::Forged,
        Refused::Clock,
        Refused::BeforeStart,
        Refused::Unsigned,
        Refused::Certificate,
        Refused::CertificateExpired,
        Refused::Revoked,
        Refused::Signature,
        Refused::NotAllowed,
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
            Refused::Unsigned => "unsigned",
            Refused::Certificate => "certificate",
            Refused::CertificateExpired => "certificate_expired",
            Refused::Revoked => "revoked",
            Refused::Signature => "signature",
            Refused::NotAllowed => "not_allowed",
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
                write!(f, "the slot's name has {size} bytes, and a domain takes at most {limit}")
            }
            Error::TextTooLong { field, limit } => write!(f, "the {field} has more than {limit} bytes"),
            Error::TooLarge { size, limit } => {
                write!(f, "the message has {size} bytes, and this domain takes at most {limit}")
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
            Error::OtherAuthority(name) => {
                write!(f, "the domain {name} has another authority than that, or none: use a file of the same one")
            }
            Error::NoAuthority { name, path } => write!(
                f,
                "{} is not here: run this where the authority of the domain {name} is, which `mailslot domain new \
                 {name} --identities` makes",
                path.display()
            ),
            Error::CertificateTooLarge { limit } => {
                write!(f, "a certificate has at most {limit} bytes, and 254 slots: name fewer, or allow every slot")
            }
            Error::NoCertificate { computer } => write!(
                f,
                "{computer} has no certificate of the domain: run `mailslot domain invite {computer}` where its \
                 authority is, and join with what that prints"
            ),
            Error::OtherCertificate { computer, certified } => write!(
                f,
                "the certificate here is for {certified}, and this computer is {computer}: run `mailslot domain \
                 invite {computer}` where the domain's authority is, and join with what that prints"
            ),
            Error::CertificateExpired { until } => {
                write!(f, "the certificate of this computer has expired at {until}: have it invited again")
            }
            Error::Revoked { computer } => write!(f, "the certificate of {computer} was revoked"),
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
                write!(
                    f,
                    "{path} holds secrets, and other users may access it (mode {mode:03o}): run `chmod 600 {path}`"
                )
            }
            Error::OtherOwner { path, owner, user } => {
                let path = path.display();
                write!(
                    f,
                    "{path} belongs to user {owner}, who must not be trusted with it: run `chown -h {user} {path}`"
                )
            }
            Error::DirectoryTooOpen { path, mode } => {
                let path = path.display();
                write!(f, "other users may put files into {path} (mode {mode:03o}): run `chmod go-w {path}`")
            }
            Error::OpenToOthers { path, who } => {
                let path = path.display();
                write!(
                    f,
                    "{path} must be for the system, the administrators and its owner alone, and {who} may use it: run \
                     `icacls \"{path}\" /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F`"
                )
            }
            Error::NotFound { name, directory } => {
                write!(f, "there is no domain {name} in {}: create it, or join it with its file", directory.display())
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
                write!(
                    f,
                    "{} has a newer key or more revocations than the file to join: use the newest file",
                    path.display()
                )
            }
            Error::NoDirectory => f.write_str(
                "HOME is not set, or this program has raised privileges: say where domain files are with \
                 MAILSLOT_DOMAINS, and run it without",
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
            Refused::Clock => "its sender's clock differs too much, or it arrives too late",
            Refused::BeforeStart => "it is from before the start of this receiver",
            Refused::Unsigned => "it is not signed by a computer of the domain",
            Refused::Certificate => "its certificate is not the authority's, or another computer's",
            Refused::CertificateExpired => "its certificate has expired, or is not valid yet",
            Refused::Revoked => "its certificate was revoked",
            Refused::Signature => "its signature is wrong",
            Refused::NotAllowed => "its sender may not write to this slot",
            Refused::Replayed => "it was accepted before",
            Refused::TooOld => "it arrives too long after later messages",
            Refused::StreamsFull => "it begins a new stream, and there are too many already",
            Refused::Copy => "another bridge has carried the same message",
        })
    }
}

impl core::error::Error for Refused {}
