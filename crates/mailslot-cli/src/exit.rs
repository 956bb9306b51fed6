//! The failures of commands, and the exit status of each.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::sync::OnceLock;

use clap::Args;
use mailslot::{Error, Outcome};

use crate::escape::Line;

/// The result of every command.
pub type Result<T = ()> = core::result::Result<T, Failure>;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The library refused something.
    Slot(Error),
    /// A message could not be sent.
    Send {
        /// Messages that were sent before it.
        sent: u64,
        /// Why.
        cause: Error,
    },
    /// A message is larger than the slot accepts; it was not read to its end.
    InputTooLarge {
        /// Messages that were sent before it.
        sent: u64,
        /// The most bytes that the slot accepts.
        limit: usize,
        /// Its Win32 code.
        code: u32,
    },
    /// A text cannot be encoded as a message.
    Text {
        /// Messages that were sent before it.
        sent: u64,
        /// What is wrong, and what to write instead.
        what: String,
    },
    /// Options that exclude each other, and why.
    Usage(&'static str),
    /// Fewer slots receive than the user wants.
    TooFewReceivers {
        /// How many receive.
        found: usize,
        /// How many are wanted.
        wanted: usize,
    },
    /// This many messages were not confirmed everywhere; each was reported.
    NotDelivered(u64),
    /// The operating system refused something.
    Io {
        /// The action that failed.
        action: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The reader of the output is gone.
    ClosedPipe,
    /// The user or the system asked the command to end.
    #[allow(dead_code, reason = "no signals on Windows")]
    Signal(i32),
    /// This many accepted messages could not be recorded; the reason was reported.
    #[cfg(unix)]
    NotRecorded(u64),
    /// This many commands run by `listen` failed; each was reported.
    CommandsFailed(u64),
    /// This many problems were found; each was printed.
    #[cfg(feature = "node")]
    Problems(usize),
    /// There is no such name or computer on the network.
    #[cfg(all(unix, feature = "node"))]
    NotOnNetwork(String),
    /// The network node is in no NetBIOS network.
    #[cfg(all(unix, feature = "node"))]
    NoNetbios,
    /// The network node refused something.
    #[cfg(feature = "node")]
    Node(mailslot_node::Error),
    /// A modern domain could not be made, joined or found.
    #[cfg(feature = "node")]
    Domain(mailslot_domain::Error),
    /// A program could not be run.
    #[cfg(windows)]
    Run(mailslot_redirect::Error),
    /// Something did not behave as documented.
    Unexpected(String),
}

// The exit statuses. The help text in `main.rs` lists them for users; their meaning never changes.
const OTHER: u8 = 1;
pub const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const NOT_ALLOWED: u8 = 4;
const TIMED_OUT: u8 = 5;
const FULL: u8 = 6;
const TOO_LARGE: u8 = 7;
pub const ALREADY_EXISTS: u8 = 8;
const CLOSED: u8 = 9;
const NOT_DELIVERED: u8 = 10;
const NO_NODE: u8 = 11;
/// The number that shells add to a signal's number.
const SIGNAL: i32 = 128;

/// How much all commands print on standard error.
#[derive(Clone, Copy, Debug, Args)]
pub struct Verbosity {
    /// Print nothing on standard error; the exit status shows the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Print on standard error what is being done
    #[arg(short, long, global = true)]
    verbose: bool,
}

/// Set once, after the command line was parsed. Errors in the command line are always printed.
static VERBOSITY: OnceLock<Verbosity> = OnceLock::new();

impl Verbosity {
    /// Applies it to this process.
    pub fn apply(self) {
        // Fails only if called twice, and there is one command line.
        let _ = VERBOSITY.set(self);
    }
}

/// Whether standard error stays empty.
pub fn is_quiet() -> bool {
    VERBOSITY.get().is_some_and(|verbosity| verbosity.quiet)
}

/// Prints one diagnostic, on one line of standard error.
pub fn complain(text: impl Display) {
    say(format_args!("mailslot: {text}"));
}

/// Prints what is being done, with `--verbose`.
pub fn note(text: impl Display) {
    if VERBOSITY.get().is_some_and(|verbosity| verbosity.verbose) {
        complain(text);
    }
}

/// Prints one line on standard error, with its contents escaped.
#[expect(clippy::disallowed_methods, reason = "everything that is written is escaped here")]
pub fn say(line: impl Display) {
    if is_quiet() {
        return;
    }
    // Fails only if standard error is closed.
    let _ = writeln!(io::stderr(), "{}", Line(line));
}

impl Failure {
    /// A failure to write to standard output.
    pub fn output(source: io::Error) -> Failure {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::io("write to standard output", source),
        }
    }

    /// A failed call to the operating system.
    pub fn io(action: impl Into<String>, source: impl Into<io::Error>) -> Failure {
        Failure::Io { action: action.into(), source: source.into() }
    }

    /// The status to exit with.
    pub fn status(&self) -> u8 {
        match self {
            Failure::Slot(error) | Failure::Send { cause: error, .. } => slot_status(error),
            Failure::InputTooLarge { .. } => TOO_LARGE,
            Failure::Usage(_) => USAGE,
            Failure::TooFewReceivers { .. } => TIMED_OUT,
            Failure::NotDelivered(_) => NOT_DELIVERED,
            #[cfg(all(unix, feature = "node"))]
            Failure::NotOnNetwork(_) => NOT_FOUND,
            #[cfg(all(unix, feature = "node"))]
            Failure::NoNetbios => NO_NODE,
            #[cfg(feature = "node")]
            Failure::Node(error) => node_status(error),
            #[cfg(feature = "node")]
            Failure::Domain(error) => domain_status(error),
            #[cfg(windows)]
            Failure::Run(error) => run_status(error),
            Failure::ClosedPipe => 0,
            Failure::Signal(signal) => u8::try_from(SIGNAL + signal).unwrap_or(OTHER),
            #[cfg(feature = "node")]
            Failure::Problems(_) => OTHER,
            #[cfg(unix)]
            Failure::NotRecorded(_) => OTHER,
            Failure::Text { .. } | Failure::Io { .. } | Failure::CommandsFailed(_) | Failure::Unexpected(_) => OTHER,
        }
    }
}

#[cfg(feature = "node")]
fn node_status(error: &mailslot_node::Error) -> u8 {
    use mailslot_netbios::SendError;
    use mailslot_node::Error as Node;
    match error {
        Node::Settings(_) => USAGE,
        Node::PortNotAllowed(_) => NOT_ALLOWED,
        Node::AlreadyRuns => ALREADY_EXISTS,
        Node::NotRunning => NO_NODE,
        Node::NoAnswer => TIMED_OUT,
        Node::NotForThisUser => NOT_ALLOWED,
        Node::NotSent(SendError::NotFound(_)) => NOT_FOUND,
        Node::NotSent(SendError::TooLong { .. }) => TOO_LARGE,
        Node::Slot(error) => slot_status(error),
        _ => OTHER,
    }
}

#[cfg(feature = "node")]
fn domain_status(error: &mailslot_domain::Error) -> u8 {
    use mailslot_domain::Error as Domain;
    match error {
        Domain::InvalidName(_) | Domain::CertificateTooLarge { .. } => USAGE,
        Domain::NotFound { .. } | Domain::NoAuthority { .. } => NOT_FOUND,
        Domain::ModeTooOpen { .. }
        | Domain::OtherOwner { .. }
        | Domain::DirectoryTooOpen { .. }
        | Domain::OpenToOthers { .. } => NOT_ALLOWED,
        Domain::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => NOT_ALLOWED,
        Domain::NameTaken { .. } | Domain::OtherName { .. } => ALREADY_EXISTS,
        _ => OTHER,
    }
}

#[cfg(windows)]
fn run_status(error: &mailslot_redirect::Error) -> u8 {
    use mailslot_redirect::Error as Run;
    match error {
        Run::NotStarted { source, .. } if source.kind() == io::ErrorKind::NotFound => NOT_FOUND,
        Run::NotStarted { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => NOT_ALLOWED,
        Run::Protected { .. } => NOT_ALLOWED,
        Run::Not64Bit(_) => USAGE,
        _ => OTHER,
    }
}

fn slot_status(error: &Error) -> u8 {
    match error {
        Error::InvalidName { .. } | Error::InvalidOption { .. } => USAGE,
        Error::NotFound(_) | Error::NotOnNetwork(_) => NOT_FOUND,
        Error::Undelivered { outcome, .. } => match outcome {
            Outcome::NoSlot => NOT_FOUND,
            Outcome::Full => FULL,
            Outcome::TooLarge => TOO_LARGE,
            Outcome::Silent => TIMED_OUT,
            _ => NOT_ALLOWED,
        },
        Error::NotAllowed(_) | Error::NotOwner(_) => NOT_ALLOWED,
        Error::Partial { source, .. } => slot_status(source),
        Error::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => NOT_ALLOWED,
        Error::TimedOut | Error::NodeSilent => TIMED_OUT,
        Error::Full { .. } => FULL,
        Error::TooLarge { .. } | Error::TooLargeForNetwork { .. } => TOO_LARGE,
        Error::AlreadyExists(_) => ALREADY_EXISTS,
        Error::Closed => CLOSED,
        Error::NoNetworkNode(_) | Error::DomainNotOpen(_) => NO_NODE,
        _ => OTHER,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Slot(error) => write!(f, "{}", with_code(error)),
            Failure::Send { sent, cause } => write!(f, "{}{}", with_code(cause), After(*sent)),
            Failure::InputTooLarge { sent, limit, code } => {
                write!(f, "the message has more than the {limit} bytes that the slot accepts (Win32 error {code})")?;
                write!(f, "{}", After(*sent))
            }
            Failure::Text { sent, what } => write!(f, "{what}{}", After(*sent)),
            Failure::Usage(what) => f.write_str(what),
            Failure::TooFewReceivers { found, wanted } => {
                write!(f, "{found} of {wanted} receivers were found in time; nothing was sent")
            }
            Failure::NotDelivered(1) => f.write_str("1 message was not delivered everywhere"),
            Failure::NotDelivered(count) => write!(f, "{count} messages were not delivered everywhere"),
            Failure::Io { action, source } => write!(f, "{action}: {source}"),
            Failure::ClosedPipe => f.write_str("the reader of the output is gone"),
            Failure::Signal(signal) => write!(f, "ended by signal {signal}"),
            #[cfg(unix)]
            Failure::NotRecorded(1) => f.write_str("1 message that was accepted could not be recorded, and is lost"),
            #[cfg(unix)]
            Failure::NotRecorded(count) => {
                write!(f, "{count} messages that were accepted could not be recorded, and are lost")
            }
            Failure::CommandsFailed(1) => f.write_str("a command has failed"),
            Failure::CommandsFailed(count) => write!(f, "{count} commands have failed"),
            #[cfg(feature = "node")]
            Failure::Problems(1) => f.write_str("1 problem was found"),
            #[cfg(feature = "node")]
            Failure::Problems(count) => write!(f, "{count} problems were found"),
            #[cfg(all(unix, feature = "node"))]
            Failure::NotOnNetwork(what) => f.write_str(what),
            #[cfg(all(unix, feature = "node"))]
            Failure::NoNetbios => f.write_str(
                "the network node of this machine is in modern domains only: start it without --netbios false (netbios \
                 in its file)",
            ),
            #[cfg(feature = "node")]
            Failure::Node(mailslot_node::Error::Slot(error)) => write!(f, "{}", with_code(error)),
            #[cfg(feature = "node")]
            Failure::Node(error) => write!(f, "{error}"),
            #[cfg(feature = "node")]
            Failure::Domain(mailslot_domain::Error::Io { action, source }) => write!(f, "{action}: {source}"),
            #[cfg(feature = "node")]
            Failure::Domain(error) => write!(f, "{error}"),
            #[cfg(windows)]
            Failure::Run(error) => write!(f, "{error}"),
            Failure::Unexpected(what) => write!(f, "this should not have happened: {what}"),
        }
    }
}

/// An error's text with its Win32 code.
pub fn with_code(error: &Error) -> String {
    format!("{error} (Win32 error {})", error.win32_code())
}

/// The number of messages sent before a failure.
struct After(u64);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => f.write_str("; 1 message was sent before"),
            sent => write!(f, "; {sent} messages were sent before"),
        }
    }
}

#[cfg(feature = "node")]
impl From<mailslot_node::Error> for Failure {
    fn from(error: mailslot_node::Error) -> Failure {
        Failure::Node(error)
    }
}

#[cfg(feature = "node")]
impl From<mailslot_domain::Error> for Failure {
    fn from(error: mailslot_domain::Error) -> Failure {
        Failure::Domain(error)
    }
}

#[cfg(windows)]
impl From<mailslot_redirect::Error> for Failure {
    fn from(error: mailslot_redirect::Error) -> Failure {
        Failure::Run(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Slot(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn whatever_an_error_quotes_stays_in_its_line() {
        let refused = |text: &str| io::Error::other(text.to_owned());
        hostile::stays_in_its_lines(|text| {
            vec![
                Failure::Slot(Error::Io { action: text.to_owned(), source: refused(text) }),
                Failure::Send { sent: 1, cause: Error::InvalidInheritance(text.to_owned()) },
                Failure::io(text, refused(text)),
                Failure::Unexpected(text.to_owned()),
                Failure::Text { sent: 1, what: text.to_owned() },
            ]
        });
        #[cfg(all(unix, feature = "node"))]
        hostile::stays_in_its_lines(|text| {
            vec![
                Failure::NotOnNetwork(text.to_owned()),
                Failure::Node(mailslot_node::Error::Refused(text.to_owned())),
                Failure::Node(mailslot_node::Error::Settings(text.to_owned())),
            ]
        });
    }
}
