//! Outcomes of confirmed writes.

use core::fmt;

/// What one computer reports about a confirmed write ([`MailslotWriter::write_confirmed`]).
///
/// [`MailslotWriter::write_confirmed`]: crate::MailslotWriter::write_confirmed
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Receipt {
    /// The computer's name; empty for a slot of this machine.
    pub computer: String,
    /// The outcome of the message there.
    pub outcome: Outcome,
}

impl Receipt {
    /// A receipt of `computer`, for programs that collect receipts, and for tests.
    pub fn new(computer: impl Into<String>, outcome: Outcome) -> Receipt {
        Receipt { computer: computer.into(), outcome }
    }
}

/// The outcome of a message at one computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Outcome {
    /// It is in the slot.
    Delivered,
    /// There is no such slot, or it is not open to the network.
    NoSlot,
    /// The slot has no room.
    Full,
    /// The computer does not accept the message: its node may not write to the slot.
    Refused,
    /// The message is larger than the slot accepts.
    TooLarge,
    /// No answer arrived in time, or the connection ended before. The message may be in the slot nevertheless. A
    /// computer that does not trust the sender's clock or key does not answer, either.
    Silent,
}

impl Outcome {
    /// All outcomes. The position of each is its number in the protocol of [`network::routes`](crate::network::routes)
    /// and in the C interface, and never changes.
    pub const ALL: &'static [Outcome] =
        &[Outcome::Delivered, Outcome::NoSlot, Outcome::Full, Outcome::Refused, Outcome::TooLarge, Outcome::Silent];

    /// The outcome with this number.
    pub fn from_number(number: u8) -> Option<Outcome> {
        Outcome::ALL.get(usize::from(number)).copied()
    }

    /// Its number in protocols.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// A word or two: `delivered`, `no such slot`, `full`, `refused`, `too large`, `silent`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Delivered => "delivered",
            Outcome::NoSlot => "no such slot",
            Outcome::Full => "full",
            Outcome::Refused => "refused",
            Outcome::TooLarge => "too large",
            Outcome::Silent => "silent",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_for_the_same_outcome_in_both_directions() {
        for (number, outcome) in (0..).zip(Outcome::ALL) {
            assert_eq!((outcome.number(), Outcome::from_number(number)), (number, Some(*outcome)));
        }
        assert_eq!(Outcome::from_number(Outcome::ALL.len() as u8), None);
    }
}
