//! Messages for the network, as encoded in a slot of the node.

use super::undecoded::Undecoded;
use crate::address::Address;
use crate::error::{Error, Operation, Result};
use mailslot_names::{NameError, SlotName};

/// The first byte of an encoded [`Outgoing`]. Incremented whenever its layout changes.
const VERSION: u8 = 1;
/// Bytes before the address: the version, then the size of the address.
const HEADER: usize = 3;

/// The most bytes of data that Windows promises to send.
const MAX_DATA: usize = 424;
/// The bytes that a slot's name and the data share in a datagram.
const SHARED: usize = 432;

/// A message that is to be sent over the network.
///
/// ```text
/// +---------+----------------+------------------------------------+---------+
/// | version | size (LE)      | address as UTF-8, such as          | data    |
/// | 1 byte  | 2 bytes        | \\SRV1\mailslot\alerts, size bytes | the rest|
/// +---------+----------------+------------------------------------+---------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Where it goes. Never a slot of this machine.
    pub address: Address,
    /// The data to write there.
    pub data: &'a [u8],
}

impl<'a> Outgoing<'a> {
    /// The encoded message for a node's slot.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = header(&self.address);
        bytes.extend_from_slice(self.data);
        bytes
    }

    /// The address part of the message in `bytes`, and its data: messages with equal first parts go to the same place.
    /// `None` if the first part is truncated; its content is not checked.
    pub fn split(bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let size = bytes.get(1..HEADER)?.first_chunk().map(|size| u16::from_le_bytes(*size))?;
        bytes.split_at_checked(HEADER + usize::from(size))
    }

    /// Decodes the message in `bytes`.
    ///
    /// # Errors
    ///
    /// Fails if it is not a message for the network.
    pub fn decode(bytes: &'a [u8]) -> core::result::Result<Outgoing<'a>, Undecoded> {
        let (address, data) = take_address(Undecoded::check_version(bytes, VERSION)?).ok_or(Undecoded::Malformed)?;
        check(&address).map_err(|_| Undecoded::Malformed)?;
        Ok(Outgoing { address, data })
    }
}

/// Bytes of the largest message that can be sent to the slot `name` of another machine in the legacy network: the
/// smaller of 424 and 432 less the length of the name, rounded up to a multiple of 4.
///
/// # Sources
///
/// MS-MAIL section 2.1; Win32 *About Mailslots*.
pub fn max_message_size(name: &SlotName) -> usize {
    SHARED.saturating_sub(name.as_str().len().next_multiple_of(4)).min(MAX_DATA)
}

/// Checks that messages can be sent to `address` in the legacy network, whose names consist of printable ASCII
/// characters.
///
/// # Errors
///
/// [`Error::InvalidName`] if they cannot.
pub fn check_legacy(address: &Address) -> Result<()> {
    let target = match address {
        Address::Remote { target, .. } => target.as_str(),
        _ => "",
    };
    let printable = |c: &char| *c == ' ' || c.is_ascii_graphic();
    if let Some(character) = target.chars().chain(address.slot().as_str().chars()).find(|c| !printable(c)) {
        return Err(invalid(address, NameError::NetworkCharacter { character }));
    }
    check(address)
}

/// Checks that messages can be sent to `address`.
pub(super) fn check(address: &Address) -> Result<()> {
    let units = address.slot().as_str().len();
    match address {
        Address::Local(_) => Err(invalid(address, NameError::NoPrefix)),
        _ if units > SHARED => Err(invalid(address, NameError::TooLong { units, limit: SHARED })),
        _ => Ok(()),
    }
}

fn invalid(address: &Address, reason: NameError) -> Error {
    Error::invalid_name(&address.to_string(), reason, Operation::Open)
}

/// The bytes before the data.
pub(super) fn header(address: &Address) -> Vec<u8> {
    let text = address.to_string();
    let mut bytes = Vec::with_capacity(HEADER + text.len() + MAX_DATA);
    bytes.push(VERSION);
    push_name(&mut bytes, &text);
    bytes
}

/// Appends a name, preceded by its size in bytes.
pub(super) fn push_name(bytes: &mut Vec<u8>, name: &str) {
    // Names that are sent here are bounded, so the size always fits; decoding refuses a name whose size does not.
    let size = u16::try_from(name.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
}

/// The address at the beginning of `bytes`, and the rest.
pub(super) fn take_address(bytes: &[u8]) -> Option<(Address, &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    let (address, rest) = rest.split_at_checked(u16::from_le_bytes(*size).into())?;
    Some((Address::parse_win32(core::str::from_utf8(address).ok()?).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse_win32(text).expect("valid")
    }

    #[test]
    fn outgoing_messages_decode_to_what_was_encoded() {
        for (text, data) in [(r"\\SRV1\mailslot\plant\line 1", &b"data"[..]), (r"\\*\mailslot\x", b"")] {
            let message = Outgoing { address: address(text), data };
            let bytes = message.encode();
            assert_eq!(Outgoing::decode(&bytes), Ok(message));
            assert_eq!(Outgoing::split(&bytes), Some(bytes.split_at(bytes.len() - data.len())));
            for size in 0..bytes.len() - data.len() {
                assert_eq!(Outgoing::decode(&bytes[..size]), Err(Undecoded::Malformed), "{size}");
                assert_eq!(Outgoing::split(&bytes[..size]), None, "{size}");
            }
        }
        let malformed = Err(Undecoded::Malformed);
        assert_eq!(Outgoing::decode(b"\x01\x11\0\\\\.\\mailslot\\local"), malformed);
        assert_eq!(Outgoing::decode(b"\x01\x12\0\\\\A\\mailslot\\\xffother"), malformed);
    }

    #[test]
    fn messages_of_other_versions_say_whose_is_the_older_one() {
        let mut bytes = Outgoing { address: address(r"\\SRV1\mailslot\x"), data: b"data" }.encode();
        for version in 0..=u8::MAX {
            bytes[0] = version;
            let expected = match version.cmp(&VERSION) {
                core::cmp::Ordering::Less => Some(Undecoded::Older),
                core::cmp::Ordering::Equal => None,
                core::cmp::Ordering::Greater => Some(Undecoded::Newer),
            };
            assert_eq!(Outgoing::decode(&bytes).err(), expected, "{version}");
        }
    }

    #[test]
    fn names_of_slots_take_from_the_size_of_messages() {
        let sizes = [("x", 424), ("12345678", 424), ("123456789", 420), ("123456789012", 420), ("1234567890123", 416)];
        for (name, size) in sizes {
            assert_eq!(max_message_size(address(&format!(r"\\A\mailslot\{name}")).slot()), size, "{name}");
        }
        let long = format!(r"\\A\mailslot\{}", "x".repeat(432));
        assert_eq!(max_message_size(address(&long).slot()), 0);
        assert!(check_legacy(&address(&long)).is_ok());
        assert!(check_legacy(&address(&format!("{long}x"))).is_err());
    }

    #[test]
    fn names_that_cannot_travel_are_refused() {
        for text in ["\\\\SRV1\\mailslot\\ä", "\\\\ÄRGER\\mailslot\\x", "\\\\A\\mailslot\\a\tb"] {
            let error = check_legacy(&address(text)).expect_err(text);
            let reason = NameError::NetworkCharacter { character: 'x' };
            assert!(
                matches!(&error, Error::InvalidName { reason: found, .. }
                    if core::mem::discriminant(found) == core::mem::discriminant(&reason)),
                "{error}"
            );
        }
    }
}
