//! Questions to a node that has modern domains: which way messages go, who receives them, and what became of them.
//! These are the questions and answers; [`ask_routes`](super::ask_routes) asks them, as a
//! [request](crate::MailslotWriter::request).
//!
//! While such a node runs it owns the slot [`SLOT`]. If the slot does not exist, every address on the network is one of
//! the legacy network, unless it is that of a domain that has a file on this machine.
//!
//! Kinds are added, but never changed or removed: a side that does not know a kind has the older version.
//!

use std::time::Duration;

use super::message::{check, push_name, take_address};
use super::undecoded::Undecoded;
use crate::address::Address;
use crate::{Outcome, Receipt};
use mailslot_names::SlotName;

/// The slot for questions. It exists while a node that has modern domains runs.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node\routes";

/// The longest that a node waits before it answers any question.
pub const LONGEST: Duration = Duration::from_secs(60);

/// A question to a node. Addresses are never local.
///
/// ```text
/// kind 1 · milliseconds 4 · at least 4 · size 2, address · data
/// ```
///
/// Numbers are little-endian; names are UTF-8, in the forms of [`Address`]. Fields that a kind does not use are 0. No
/// node waits longer than [`LONGEST`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question<'a> {
    /// Which way messages to this address go: [`Answer::Route`] or [`Answer::Legacy`]. Kind 1.
    Route(Address),
    /// How many slots at this address receive, answered once there are `at_least` of them, and at the latest after
    /// `within`: [`Answer::Receivers`]. Kind 2.
    Receivers {
        /// The address.
        address: Address,
        /// The number to wait for.
        at_least: u32,
        /// How long, in whole milliseconds.
        within: Duration,
    },
    /// Sends a message and asks for its outcomes, answered once all receivers have answered, and at the latest after
    /// `within`: [`Answer::Receipts`]. Kind 3.
    Confirmed {
        /// The address.
        address: Address,
        /// How long, in whole milliseconds.
        within: Duration,
        /// The message.
        data: &'a [u8],
    },
    /// Sends a request and asks for each reply until `within` is over: one [`Answer::Reply`] or [`Answer::NoReply`]
    /// after the other, and [`Answer::Over`] at the end. Kind 4.
    Request {
        /// The address.
        address: Address,
        /// How long, in whole milliseconds.
        within: Duration,
        /// The message.
        data: &'a [u8],
    },
}

/// An answer of a node.
///
/// ```text
/// kind 1 · kind 2: largest message 4, slot
///        · kind 3: number 4
///        · kind 4: for each (outcome 1 · size 1, computer)
///        · kind 5: text
///        · kind 6: size 1, computer · reply
///        · kind 7: outcome 1, computer
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The address is in no modern domain: as far as this node knows, it is in the legacy network. Kind 1.
    Legacy,
    /// The address is in a modern domain. Kind 2.
    Route {
        /// The slot of this machine that accepts [`Outgoing`](super::Outgoing) messages for it.
        slot: SlotName,
        /// Bytes of the largest message.
        max_message: u32,
    },
    /// The number of receivers. Kind 3.
    Receivers(u32),
    /// The outcome of the message at each computer. Kind 4.
    Receipts(Vec<Receipt>),
    /// The node could not do what it was asked; the text says why. Kind 5.
    Refused(String),
    /// A computer's reply to the request. Kind 6.
    Reply {
        /// The computer, as reported by itself; a member of the domain.
        computer: String,
        /// The reply.
        data: Vec<u8>,
    },
    /// The one computer that was asked does not reply. Kind 7.
    NoReply {
        /// The computer.
        computer: String,
        /// The outcome of the request there.
        outcome: Outcome,
    },
    /// No more replies follow. Kind 8.
    Over,
}

impl<'a> Question<'a> {
    /// The address that is asked about.
    pub fn address(&self) -> &Address {
        match self {
            Question::Route(address)
            | Question::Receivers { address, .. }
            | Question::Confirmed { address, .. }
            | Question::Request { address, .. } => address,
        }
    }

    /// How long the node may wait before it answers: never more than [`LONGEST`].
    pub fn within(&self) -> Duration {
        match self {
            Question::Route(_) => Duration::ZERO,
            Question::Receivers { within, .. }
            | Question::Confirmed { within, .. }
            | Question::Request { within, .. } => *(within.min(&LONGEST)),
        }
    }

    /// The encoded question for [`SLOT`].
    pub fn encode(&self) -> Vec<u8> {
        let (head, data) = self.parts();
        [&head, data].concat()
    }

    /// The same, if there is memory for a copy of the data.
    pub(super) fn try_encode(&self) -> crate::Result<Vec<u8>> {
        let (head, data) = self.parts();
        crate::memory::joined(&[&head, data])
    }

    /// What is before the data, and the data.
    fn parts(&self) -> (Vec<u8>, &[u8]) {
        let (kind, at_least, data): (u8, u32, &[u8]) = match self {
            Question::Route(_) => (1, 0, &[]),
            Question::Receivers { at_least, .. } => (2, *at_least, &[]),
            Question::Confirmed { data, .. } => (3, 0, data),
            Question::Request { data, .. } => (4, 0, data),
        };
        let millis = u32::try_from(self.within().as_millis()).unwrap_or(u32::MAX);
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&millis.to_le_bytes());
        bytes.extend_from_slice(&at_least.to_le_bytes());
        push_name(&mut bytes, &self.address().to_string());
        (bytes, data)
    }

    /// Decodes the question in `bytes`.
    ///
    /// # Errors
    ///
    /// Fails if it is not a question that this version knows.
    pub fn decode(bytes: &'a [u8]) -> Result<Question<'a>, Undecoded> {
        match bytes {
            [5..=u8::MAX, ..] => Err(Undecoded::Newer),
            bytes => Question::decode_known(bytes).ok_or(Undecoded::Malformed),
        }
    }

    fn decode_known(bytes: &'a [u8]) -> Option<Question<'a>> {
        let (&kind, rest) = bytes.split_first()?;
        let (millis, rest) = rest.split_first_chunk()?;
        let within = Duration::from_millis(u32::from_le_bytes(*millis).into()).min(LONGEST);
        let (at_least, rest) = rest.split_first_chunk()?;
        let (address, data) = take_address(rest)?;
        check(&address).ok()?;
        let question = match kind {
            1 => Question::Route(address),
            2 => Question::Receivers { address, at_least: u32::from_le_bytes(*at_least), within },
            3 => Question::Confirmed { address, within, data },
            4 => Question::Request { address, within, data },
            _ => return None,
        };
        (kind >= 3 || data.is_empty()).then_some(question)
    }
}

impl Answer {
    /// The encoded answer for the asker's slot.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Answer::Legacy => vec![1],
            Answer::Route { slot, max_message } => {
                let slot = Address::Local(slot.clone()).to_string();
                [&[2], &max_message.to_le_bytes()[..], slot.as_bytes()].concat()
            }
            Answer::Receivers(count) => [&[3], &count.to_le_bytes()[..]].concat(),
            Answer::Receipts(receipts) => {
                let mut bytes = vec![4];
                for Receipt { computer, outcome } in receipts {
                    let (size, computer) = sized(computer);
                    bytes.extend_from_slice(&[outcome.number(), size]);
                    bytes.extend_from_slice(computer.as_bytes());
                }
                bytes
            }
            Answer::Refused(why) => [&[5], why.as_bytes()].concat(),
            Answer::Reply { computer, data } => {
                let (size, computer) = sized(computer);
                [&[6, size], computer.as_bytes(), data].concat()
            }
            Answer::NoReply { computer, outcome } => [&[7, outcome.number()], computer.as_bytes()].concat(),
            Answer::Over => vec![8],
        }
    }

    /// Decodes the answer in `bytes`.
    ///
    /// # Errors
    ///
    /// Fails if it is not an answer that this version knows.
    pub fn decode(bytes: &[u8]) -> Result<Answer, Undecoded> {
        match bytes {
            [9..=u8::MAX, ..] => Err(Undecoded::Newer),
            bytes => Answer::decode_known(bytes).ok_or(Undecoded::Malformed),
        }
    }

    fn decode_known(bytes: &[u8]) -> Option<Answer> {
        let (kind, rest) = bytes.split_first()?;
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
            6 => {
                let (computer, data) = reply(rest)?;
                Some(Answer::Reply { computer: computer.to_owned(), data: data.to_vec() })
            }
            7 => {
                let (outcome, computer) = rest.split_first()?;
                let computer = core::str::from_utf8(computer).ok()?.to_owned();
                Some(Answer::NoReply { computer, outcome: Outcome::from_number(*outcome)? })
            }
            8 => rest.is_empty().then_some(Answer::Over),
            _ => None,
        }
    }
}

/// Makes the answer in `bytes`, if it is a [`Answer::Reply`], the reply's data, without memory for a copy, and returns
/// the computer's name.
pub(super) fn take_reply(bytes: &mut Vec<u8>) -> Option<String> {
    let (computer, size) = match &bytes[..] {
        [6, rest @ ..] => reply(rest).map(|(computer, data)| (computer.to_owned(), data.len()))?,
        _ => return None,
    };
    bytes.drain(..bytes.len() - size);
    Some(computer)
}

/// The computer and the data in what follows the kind of a reply.
fn reply(rest: &[u8]) -> Option<(&str, &[u8])> {
    let (size, rest) = rest.split_first()?;
    let (computer, data) = rest.split_at_checked(usize::from(*size))?;
    Some((core::str::from_utf8(computer).ok()?, data))
}

/// A computer's name, preceded by its size. Names have at most 15 characters; a name whose size does not fit becomes
/// empty.
fn sized(computer: &str) -> (u8, &str) {
    u8::try_from(computer.len()).map_or((0, ""), |size| (size, computer))
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
    use proptest::prelude::*;

    fn name(text: &str) -> SlotName {
        text.parse::<Address>().expect("valid").slot().clone()
    }

    fn addresses() -> impl Strategy<Value = Address> {
        let parts = ("[A-Z0-9_-]{1,15}", "[a-zÄ-ü0-9_ -]{1,20}");
        parts.prop_map(|(target, slot)| {
            let text = format!(r"\\{target}\mailslot\x{slot}x");
            Address::parse_win32(&text).expect("valid")
        })
    }

    fn answers() -> impl Strategy<Value = Answer> {
        let receipt = ("[A-Z0-9]{0,15}", prop::sample::select(Outcome::ALL))
            .prop_map(|(computer, outcome)| Receipt { computer, outcome });
        prop_oneof![
            Just(Answer::Legacy),
            any::<u32>().prop_map(|max_message| Answer::Route {
                slot: name("//./mailslot/mailslot/node/domain/PLANT"),
                max_message
            }),
            any::<u32>().prop_map(Answer::Receivers),
            prop::collection::vec(receipt, 0..5).prop_map(Answer::Receipts),
            any::<String>().prop_map(Answer::Refused),
            ("[A-Z0-9]{0,15}", any::<Vec<u8>>()).prop_map(|(computer, data)| Answer::Reply { computer, data }),
            ("[A-Z0-9]{0,15}", prop::sample::select(Outcome::ALL))
                .prop_map(|(computer, outcome)| Answer::NoReply { computer, outcome }),
            Just(Answer::Over),
        ]
    }

    proptest! {
        #[test]
        fn questions_decode_to_what_was_encoded(
            address in addresses(), at_least: u32, millis in 0..100_000_u64, data: Vec<u8>, cut: usize,
        ) {
            let within = Duration::from_millis(millis);
            let questions = [
                Question::Route(address.clone()),
                Question::Receivers { address: address.clone(), at_least, within },
                Question::Confirmed { address: address.clone(), within, data: &data },
                Question::Request { address, within, data: &data },
            ];
            for question in questions {
                let bytes = question.encode();
                let decoded = Question::decode(&bytes);
                prop_assert_eq!(decoded.as_ref().map(Question::encode), Ok(bytes.clone()));
                prop_assert_eq!(decoded.as_ref().map(Question::within), Ok(question.within()));
                if within <= LONGEST {
                    prop_assert_eq!(decoded, Ok(question));
                }
                let before_data = bytes.len() - if bytes[0] >= 3 { data.len() } else { 0 };
                prop_assert_eq!(Question::decode(&bytes[..cut % before_data]), Err(Undecoded::Malformed));
            }
        }

        #[test]
        fn answers_decode_to_what_was_encoded(answer in answers()) {
            prop_assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
        }

        #[test]
        fn a_reply_is_taken_out_of_its_answer_and_nothing_out_of_others(answer in answers()) {
            let mut bytes = answer.encode();
            match (take_reply(&mut bytes), answer) {
                (Some(taken), Answer::Reply { computer, data }) => prop_assert_eq!((taken, bytes), (computer, data)),
                (taken, other) => prop_assert!(taken.is_none() && other.encode() == bytes),
            }
        }

        #[test]
        fn what_decodes_is_what_encodes(bytes: Vec<u8>) {
            if let Ok(answer) = Answer::decode(&bytes) {
                let again = answer.encode();
                prop_assert_eq!(Answer::decode(&again), Ok(answer));
            }
            if let Ok(question) = Question::decode(&bytes) {
                let again = question.encode();
                prop_assert_eq!(Question::decode(&again), Ok(question));
            }
        }
    }

    #[test]
    fn nothing_is_waited_for_longer_than_a_minute() {
        let address = Address::parse_win32(r"\\PLANT\mailslot\x").expect("valid");
        for within in [LONGEST + Duration::from_millis(1), Duration::from_millis(u32::MAX.into()), Duration::MAX] {
            let question = Question::Confirmed { address: address.clone(), within, data: b"" };
            assert_eq!(question.within(), LONGEST);
            let bytes = question.encode();
            assert_eq!(Question::decode(&bytes).map(|decoded| decoded.within()), Ok(LONGEST));
        }
        // Also if the asker exceeds the limit.
        let mut bytes = Question::Receivers { address, at_least: 1, within: LONGEST }.encode();
        bytes[1..5].fill(0xff);
        assert_eq!(Question::decode(&bytes).map(|decoded| decoded.within()), Ok(LONGEST));
    }

    #[test]
    fn local_addresses_are_no_questions() {
        let local = Question::Route(Address::Local(name("x"))).encode();
        assert_eq!(Question::decode(&local), Err(Undecoded::Malformed));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for wrong in [&b""[..], b"\0", b"\x01x", b"\x03abc", b"\x04\x00\x05abc", b"\x04\x09\0", b"\x05\xff"] {
            assert_eq!(Answer::decode(wrong), Err(Undecoded::Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn a_kind_that_is_not_known_is_of_a_newer_version() {
        let address = Address::parse_win32(r"\\PLANT\mailslot\x").expect("valid");
        let mut question = Question::Confirmed { address, within: LONGEST, data: b"data" }.encode();
        let mut answer = Answer::Refused("why".to_owned()).encode();
        for kind in 1..=u8::MAX {
            (question[0], answer[0]) = (kind, kind);
            let newer = Some(Undecoded::Newer);
            assert_eq!(Question::decode(&question).err() == newer, kind > 4, "{kind}");
            assert_eq!(Answer::decode(&answer).err() == newer, kind > 8, "{kind}");
        }
    }
}
