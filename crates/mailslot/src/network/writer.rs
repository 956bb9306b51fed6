//! The writing end of a slot elsewhere: it writes to a slot of this machine's node.

use std::time::{Duration, Instant};

use super::message::{check, header};
use super::routes::{self, Answer, Question};
use super::undecoded::Undecoded;
#[cfg(unix)]
use super::{SLOT, check_legacy, domains, max_message_size};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::memory;
use crate::message::{Message, NetworkOrigin};
use crate::options::Timeout;
use crate::receipt::Receipt;
use crate::sys::Client;
use crate::writer::MailslotWriter;
use mailslot_names::SlotName;

/// How long a node may take to answer, beyond the time that it was asked to wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// The longest wait for receivers in one question, so that the node soon forgets programs that went away.
const TURN: Duration = Duration::from_secs(10);

/// A writer to the node, for one address.
pub(crate) struct Writer {
    address: Address,
    node: Client,
    /// The bytes before the data of each message.
    header: Vec<u8>,
    max_message: usize,
    /// Whether the network that the address is in reports receivers.
    tells: bool,
}

impl Writer {
    /// Asks the node which of its slots accepts messages to `address`, if there is a node that has modern domains.
    #[cfg(unix)]
    pub(crate) fn open(address: Address) -> Result<Writer> {
        check(&address)?;
        match ask_routes(&Question::Route(address.clone()))? {
            Some(Answer::Route { slot, max_message }) => Writer::in_domain(address, &slot, max_message),
            Some(_) => Writer::open_legacy(address, Error::NotOnNetwork),
            None => Writer::open_legacy(address, Error::NoNetworkNode),
        }
    }

    /// The same, for modern domains alone; `None` if `address` is in none.
    #[cfg(windows)]
    pub(crate) fn open_in_domain(address: &Address) -> Result<Option<Writer>> {
        check(address)?;
        match ask_routes(&Question::Route(address.clone()))? {
            Some(Answer::Route { slot, max_message }) => {
                Writer::in_domain(address.clone(), &slot, max_message).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn in_domain(address: Address, slot: &SlotName, max_message: u32) -> Result<Writer> {
        let node = Client::open(slot)?;
        let max_message = usize::try_from(max_message).unwrap_or(usize::MAX);
        Ok(Writer { node, header: header(&address), max_message, tells: true, address })
    }

    /// `missing` makes the error if no node is in a legacy network.
    #[cfg(unix)]
    fn open_legacy(address: Address, missing: impl FnOnce(Address) -> Error) -> Result<Writer> {
        // Whatever the node answers, or if there is none: messages that the domain would seal are never sent in clear.
        if let Address::Remote { target, .. } = &address
            && domains::has_domain_file(target)
        {
            return Err(Error::DomainNotOpen(address));
        }
        check_legacy(&address)?;
        let slot = Address::parse_win32(SLOT)?;
        match Client::open(slot.slot()) {
            Ok(node) => {
                let max_message = max_message_size(address.slot());
                Ok(Writer { node, header: header(&address), max_message, tells: false, address })
            }
            Err(Error::NotFound(_)) => Err(missing(address)),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn max_message_size(&self) -> usize {
        self.max_message
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.node.is_closed()
    }

    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        self.check_size(message.len())?;
        self.node.write(&memory::joined(&[&self.header, message])?, timeout)
    }

    /// Waits at most `time` until the node's slot may have room for a message of `size` bytes.
    pub(crate) fn wait_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        self.node.wait_for_room(self.header.len().saturating_add(size), time)
    }

    pub(crate) fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        self.check_size(size)?;
        let mut message = memory::zeroed(size)?;
        fill(&mut message);
        self.write(&message, Timeout::Zero)
    }

    /// Waits until at least `at_least` slots receive, and returns how many do.
    pub(crate) fn wait_for_receivers(&self, at_least: usize, timeout: Timeout) -> Result<usize> {
        self.check_tells()?;
        let deadline = timeout.deadline();
        let wanted = u32::try_from(at_least).unwrap_or(u32::MAX);
        loop {
            let left = deadline.map_or(TURN, |deadline| deadline.saturating_duration_since(Instant::now()));
            let within = left.min(TURN);
            let question = Question::Receivers { address: self.address.clone(), at_least: wanted, within };
            let Some(Answer::Receivers(count)) = ask_routes(&question)? else { return Err(Error::Closed) };
            if count >= wanted || (deadline.is_some() && left <= TURN) {
                return Ok(count as usize);
            }
        }
    }

    /// Sends a message and returns its outcomes.
    pub(crate) fn write_confirmed(&self, message: &[u8], within: Duration) -> Result<Vec<Receipt>> {
        self.check_tells()?;
        self.check_size(message.len())?;
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let question = Question::Confirmed { address: self.address.clone(), within, data: message };
        match ask_routes(&question)? {
            Some(Answer::Receipts(receipts)) => Ok(receipts),
            _ => Err(Error::Closed),
        }
    }

    /// Returns a writer to the node, and the request with which it makes the node send a request and pass on the
    /// replies that arrive within `timeout`.
    pub(crate) fn ask_for_replies(&self, timeout: Timeout) -> Result<(MailslotWriter, Asking)> {
        if !self.tells {
            return Err(Error::RequestElsewhere(self.address.clone()));
        }
        let within = match timeout {
            Timeout::Zero | Timeout::Forever => routes::LONGEST,
            Timeout::After(time) => time,
        };
        let node = match MailslotWriter::open(routes::SLOT) {
            Err(Error::NotFound(_)) => return Err(Error::Closed),
            opened => opened?,
        };
        Ok((node, Asking { address: self.address.clone(), within, max_message: self.max_message }))
    }

    fn check_size(&self, size: usize) -> Result<()> {
        check_size(size, self.max_message)
    }

    fn check_tells(&self) -> Result<()> {
        if self.tells { Ok(()) } else { Err(Error::NetworkDoesNotTell(self.address.clone())) }
    }
}

/// A request that the node is to send.
#[derive(Debug)]
pub(crate) struct Asking {
    address: Address,
    within: Duration,
    max_message: usize,
}

impl Asking {
    /// The question that makes the node send `message`.
    pub(crate) fn question(&self, message: &[u8]) -> Result<Vec<u8>> {
        check_size(message.len(), self.max_message)?;
        Question::Request { address: self.address.clone(), within: self.within, data: message }.try_encode()
    }
}

fn check_size(size: usize, limit: usize) -> Result<()> {
    if size > limit { Err(Error::TooLargeForNetwork { size, limit }) } else { Ok(()) }
}

/// The reply that a node passes on in this answer.
pub(crate) fn reply(mut answer: Vec<u8>) -> Result<Message> {
    if let Some(computer) = routes::take_reply(&mut answer) {
        // The node passes on nothing else as a reply: it has opened a sealed one.
        let origin = NetworkOrigin { authenticated: true, ..NetworkOrigin::new(computer) };
        return Ok(Message::new(answer, origin.into()));
    }
    match Answer::decode(&answer) {
        Ok(Answer::NoReply { computer, outcome }) => Err(Error::Undelivered { computer, outcome }),
        Ok(Answer::Over) => Err(Error::Closed),
        Ok(Answer::Refused(why)) => Err(Error::NodeRefused(why)),
        // A known kind, but not as an answer to this question.
        Ok(_) => Err(Error::NodeRefused(Undecoded::Malformed.of_node().to_owned())),
        Err(undecoded) => Err(Error::NodeRefused(undecoded.of_node().to_owned())),
    }
}

/// Asks the node of this machine. `None` if there is none that has modern domains.
///
/// # Errors
///
/// - [`Error::NodeSilent`] if it does not answer within two seconds more than it was asked to wait
/// - [`Error::NodeRefused`] if it could not do what it was asked, or answers in a format that this library does not
///   know
/// - those of [`MailslotWriter::open`] and [`MailslotWriter::begin_request`]
pub fn ask_routes(question: &Question<'_>) -> Result<Option<Answer>> {
    let node = match MailslotWriter::open(routes::SLOT) {
        Err(Error::NotFound(_)) => return Ok(None),
        opened => opened?,
    };
    let replies = node.begin_request(&question.try_encode()?, None, PATIENCE)?;
    match replies.receive_within(question.within().saturating_add(PATIENCE)) {
        // A node that has ended meanwhile does not answer either.
        Err(Error::TimedOut | Error::Closed) => Err(Error::NodeSilent),
        Err(error) => Err(error),
        Ok(answer) => match Answer::decode(&answer.data) {
            Ok(Answer::Refused(why)) => Err(Error::NodeRefused(why)),
            Ok(answer) => Ok(Some(answer)),
            Err(undecoded) => Err(Error::NodeRefused(undecoded.of_node().to_owned())),
        },
    }
}
