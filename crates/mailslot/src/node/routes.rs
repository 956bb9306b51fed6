//! Asking a node that has modern domains: which way messages go, who receives, and what became of them.
//!
//! While such a node runs it owns the slot [`SLOT`]. A [`Request`] there names a slot of the asker, to which the
//! [`Answer`] goes. Where the slot does not exist, every address on the network is one of the legacy network.
//!
//! # Portability
//!
//! There is no such node on Windows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::name::{Address, SlotName};
use crate::options::{Access, MailslotOptions, Timeout};
use crate::{Mailslot, MailslotWriter, Origin, Outcome, Receipt};

/// The slot for requests. It lives as long as a node that has modern domains.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node\routes";

/// How long a node may take to answer, beyond what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest that a node is asked to wait for receivers at a time, so that it soon forgets those who went away.
const TURN: Duration = Duration::from_secs(10);

/// First byte of requests and answers. Raised whenever their layout changes.
const VERSION: u8 = 1;

/// A question, and where its answer goes.
///
/// ```text
/// version 1 · kind 1 · milliseconds 4 · at least 4 · size 2, slot for the answer · size 2, address · data
/// ```
///
/// Numbers are little-endian; names are UTF-8, in the forms of [`Address`]. What a kind has no use for is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The slot for the answer, on this machine.
    pub reply: SlotName,
    /// What is asked.
    pub question: Question<'a>,
}

/// What a node can be asked. Addresses are never local.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Which way messages to this address go: [`Answer::Route`] or [`Answer::Legacy`]. Kind 1.
    Route(Address),
    /// How many slots at this address receive, as soon as there are `at_least` so many, and at the latest after `within`:
    /// [`Answer::Receivers`]. Kind 2.
    Receivers {
        /// The address.
        address: Address,
        /// How many are waited for.
        at_least: u32,
        /// How long, in whole milliseconds.
        within: Duration,
    },
    /// To send a message and tell what became of it, as soon as all are heard of, and at the latest after `within`:
    /// [`Answer::Receipts`]. Kind 3.
    Confirmed {
        /// The address.
        address: Address,
        /// How long, in whole milliseconds.
        within: Duration,
        /// The message.
        data: &'a [u8],
    },
}

/// What a node answers.
///
/// ```text
/// version 1 · kind 1 · kind 2: largest message 4, slot
///                    · kind 3: number 4
///                    · kind 4: for each (outcome 1 · size 1, computer)
///                    · kind 5: text
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The address is in no modern domain: as far as this node knows, it is one of the legacy network. Kind 1.
    Legacy,
    /// The address is in a modern domain. Kind 2.
    Route {
        /// The slot of this machine that takes [`Outgoing`](super::Outgoing) messages for it.
        slot: SlotName,
        /// Bytes of the largest message.
        max_message: u32,
    },
    /// So many receive. Kind 3.
    Receivers(u32),
    /// What became of the message at each computer. Kind 4.
    Receipts(Vec<Receipt>),
    /// It could not be done; the text says why. Kind 5.
    Refused(String),
}

/// Asks the node of this machine. `None` if there is none that has modern domains.
///
/// # Errors
///
/// - [`Error::NodeSilent`] if it does not answer within two seconds more than it was asked to wait
/// - [`Error::NodeRefused`] if it could not do what it was asked for
/// - those of creating a slot for the answer, and of writing to the node's slot
pub fn ask(question: Question<'_>) -> Result<Option<Answer>> {
    let slot = Address::parse_win32(SLOT)?.slot().clone();
    let node = match MailslotWriter::open(slot.clone()) {
        Err(Error::NotFound(_)) => return Ok(None),
        opened => opened?,
    };
    // Any local user could guess the name of the slot for the answer, so only the node's user is believed.
    let owner = match crate::status(&slot) {
        Err(Error::NotFound(_)) => return Ok(None),
        status => status?.uid,
    };
    let reply = reply_slot()?;
    let deadline = Instant::now() + question.within() + PATIENCE;
    let request = Request { reply: reply.name().clone(), question };
    node.write_within(&request.encode(), Timeout::After(PATIENCE))?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = match reply.receive_within(Timeout::After(left)) {
            Err(Error::TimedOut) => return Err(Error::NodeSilent),
            message => message?,
        };
        let believed = match message.origin {
            Origin::Local { uid, .. } => owner.is_none_or(|owner| owner == uid),
            Origin::Unknown => owner.is_none(),
            _ => false,
        };
        match Answer::decode(&message.data).filter(|_| believed) {
            Some(Answer::Refused(why)) => return Err(Error::NodeRefused(why)),
            Some(answer) => return Ok(Some(answer)),
            None => {}
        }
    }
}

/// Waits until at least so many slots at `address` receive, and returns how many do.
pub(crate) fn wait_for_receivers(address: &Address, at_least: usize, timeout: Timeout) -> Result<usize> {
    let deadline = match timeout {
        Timeout::Zero => Some(Instant::now()),
        Timeout::After(time) => Instant::now().checked_add(time),
        Timeout::Forever => None,
    };
    let wanted = u32::try_from(at_least).unwrap_or(u32::MAX);
    loop {
        let left = deadline.map_or(TURN, |deadline| deadline.saturating_duration_since(Instant::now()));
        let question = Question::Receivers { address: address.clone(), at_least: wanted, within: left.min(TURN) };
        let count = match ask(question)? {
            Some(Answer::Receivers(count)) => count,
            _ => return Err(Error::Closed),
        };
        if count >= wanted || (deadline.is_some() && left <= TURN) {
            return Ok(count as usize);
        }
    }
}

/// Sends a message and returns what became of it.
pub(crate) fn write_confirmed(address: &Address, data: &[u8], within: Duration) -> Result<Vec<Receipt>> {
    match ask(Question::Confirmed { address: address.clone(), within, data })? {
        Some(Answer::Receipts(receipts)) => Ok(receipts),
        _ => Err(Error::Closed),
    }
}

/// A slot for one answer, which the node may write to as another user.
fn reply_slot() -> Result<Mailslot> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"\\.\mailslot\mailslot\reply\routes-{}-{number}", std::process::id());
        match MailslotOptions::new().access(Access::Everyone).create(name) {
            // A process of another pid namespace may have the same number.
            Err(Error::AlreadyExists(_)) => {}
            created => return created,
        }
    }
}

impl Question<'_> {
    /// The address that is asked about.
    pub fn address(&self) -> &Address {
        match self {
            Question::Route(address) | Question::Receivers { address, .. } | Question::Confirmed { address, .. } => {
                address
            }
        }
    }

    fn within(&self) -> Duration {
        match self {
            Question::Route(_) => Duration::ZERO,
            Question::Receivers { within, .. } | Question::Confirmed { within, .. } => *within,
        }
    }
}

impl<'a> Request<'a> {
    /// The bytes for [`SLOT`].
    pub fn encode(&self) -> Vec<u8> {
        let (kind, at_least, data): (u8, u32, &[u8]) = match &self.question {
            Question::Route(_) => (1, 0, &[]),
            Question::Receivers { at_least, .. } => (2, *at_least, &[]),
            Question::Confirmed { data, .. } => (3, 0, data),
        };
        let millis = u32::try_from(self.question.within().as_millis()).unwrap_or(u32::MAX);
        let mut bytes = vec![VERSION, kind];
        bytes.extend_from_slice(&millis.to_le_bytes());
        bytes.extend_from_slice(&at_least.to_le_bytes());
        for name in [Address::Local(self.reply.clone()).to_string(), self.question.address().to_string()] {
            super::push_name(&mut bytes, &name);
        }
        bytes.extend_from_slice(data);
        bytes
    }

    /// The request in `bytes`, or `None` if there is none: any local process may have written them.
    pub fn decode(bytes: &'a [u8]) -> Option<Request<'a>> {
        let rest = bytes.strip_prefix(&[VERSION])?;
        let (&kind, rest) = rest.split_first()?;
        let (millis, rest) = rest.split_first_chunk()?;
        let within = Duration::from_millis(u32::from_le_bytes(*millis).into());
        let (at_least, rest) = rest.split_first_chunk()?;
        let (reply, rest) = super::take_address(rest)?;
        let Address::Local(reply) = reply else { return None };
        let (address, data) = super::take_address(rest)?;
        super::check(&address).ok()?;
        let question = match kind {
            1 => Question::Route(address),
            2 => Question::Receivers { address, at_least: u32::from_le_bytes(*at_least), within },
            3 => Question::Confirmed { address, within, data },
            _ => return None,
        };
        (kind == 3 || data.is_empty()).then_some(Request { reply, question })
    }
}

impl Answer {
    /// The bytes for the asker's slot.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Answer::Legacy => vec![VERSION, 1],
            Answer::Route { slot, max_message } => {
                let slot = Address::Local(slot.clone()).to_string();
                [&[VERSION, 2], &max_message.to_le_bytes()[..], slot.as_bytes()].concat()
            }
            Answer::Receivers(count) => [&[VERSION, 3], &count.to_le_bytes()[..]].concat(),
            Answer::Receipts(receipts) => {
                let mut bytes = vec![VERSION, 4];
                for Receipt { computer, outcome } in receipts {
                    // Names of computers have 15 characters at most: one that does not fit is none.
                    let (size, computer) =
                        u8::try_from(computer.len()).map_or((0, ""), |size| (size, computer.as_str()));
                    bytes.extend_from_slice(&[outcome.number(), size]);
                    bytes.extend_from_slice(computer.as_bytes());
                }
                bytes
            }
            Answer::Refused(why) => [&[VERSION, 5], why.as_bytes()].concat(),
        }
    }

    /// The answer in `bytes`, or `None` if there is none: any local process may have written them.
    pub fn decode(bytes: &[u8]) -> Option<Answer> {
        let rest = bytes.strip_prefix(&[VERSION])?;
        let (kind, rest) = rest.split_first()?;
        match kind {
            1 => rest.is_empty().then_some(Answer::Legacy),
            2 => {
                let (max_message, slot) = rest.split_first_chunk()?;
                match Address::parse_win32(core::str::from_utf8(slot).ok()?) {
                    Ok(Address::Local(slot)) => {
                        Some(Answer::Route { slot, max_message: u32::from_le_bytes(*max_message) })
                    }
                    _ => None,
                }
            }
            3 => Some(Answer::Receivers(u32::from_le_bytes(rest.try_into().ok()?))),
            4 => receipts(rest).map(Answer::Receipts),
            5 => Some(Answer::Refused(core::str::from_utf8(rest).ok()?.to_owned())),
            _ => None,
        }
    }
}

fn receipts(mut rest: &[u8]) -> Option<Vec<Receipt>> {
    let mut receipts = Vec::new();
    while let [outcome, size, more @ ..] = rest {
        let (computer, after) = more.split_at_checked(usize::from(*size))?;
        let computer = core::str::from_utf8(computer).ok()?.to_owned();
        receipts.push(Receipt { computer, outcome: Outcome::from_number(*outcome)? });
        rest = after;
    }
    rest.is_empty().then_some(receipts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SlotName {
        text.parse::<Address>().expect("valid").slot().clone()
    }

    #[test]
    fn requests_decode_to_what_was_encoded() {
        let address = || Address::parse_win32(r"\\PLANT\mailslot\Ärger\x").expect("valid");
        let within = Duration::from_millis(1234);
        let questions = [
            Question::Route(address()),
            Question::Receivers { address: address(), at_least: 7, within },
            Question::Confirmed { address: address(), within, data: b"data" },
        ];
        for question in questions {
            let request = Request { reply: name("reply/1"), question };
            let bytes = request.encode();
            assert_eq!(Request::decode(&bytes), Some(request));
            for size in 0..bytes.len() - 4 {
                assert_eq!(Request::decode(&bytes[..size]), None, "{size}");
            }
        }
        let local = Question::Route(Address::Local(name("x")));
        assert_eq!(Request::decode(&Request { reply: name("r"), question: local }.encode()), None);
    }

    #[test]
    fn answers_decode_to_what_was_encoded() {
        let receipt = |computer: &str, outcome| Receipt { computer: computer.to_owned(), outcome };
        let answers = [
            Answer::Legacy,
            Answer::Route { slot: name("//./mailslot/mailslot/node/domain/PLANT"), max_message: 1 << 20 },
            Answer::Receivers(3),
            Answer::Receipts(vec![receipt("SRV1", Outcome::Delivered), receipt("", Outcome::Silent)]),
            Answer::Receipts(Vec::new()),
            Answer::Refused("too many".to_owned()),
        ];
        for answer in answers {
            assert_eq!(Answer::decode(&answer.encode()), Some(answer));
        }
        for wrong in
            [&b""[..], b"\x01", b"\x02\x01", b"\x01\x01x", b"\x01\x03abc", b"\x01\x04\x00\x05abc", b"\x01\x04\x09\0"]
        {
            assert_eq!(Answer::decode(wrong), None, "{wrong:?}");
        }
    }
}
