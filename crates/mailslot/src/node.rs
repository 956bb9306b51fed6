//! What this library and the network node of the machine say to each other.
//!
//! A *node* is a process that connects this machine's slots with those of other machines: the command `mailslot node`, or
//! any other program that does what follows. It needs no privileges over slots.
//!
//! - Outgoing: the node owns the slot [`SLOT`], open to every local user. [`MailslotWriter::open`] with an address on the
//!   network opens that slot, and each write puts an [`Outgoing`] message into it.
//! - Incoming: the node opens the slot like any other writer and calls [`MailslotWriter::write_from`]. Only slots created
//!   with [`Network::Allowed`] take such messages.
//!
//! [`MailslotWriter::open`]: crate::MailslotWriter::open
//! [`MailslotWriter::write_from`]: crate::MailslotWriter::write_from
//! [`Network::Allowed`]: crate::Network::Allowed
//!
//! # Portability
//!
//! Nobody asks a node on Windows, where the system sends by itself.

use crate::error::{Error, NameError, Operation, Result};
use crate::name::{Address, SlotName};

/// The slot through which a node gets what is to be sent. It lives as long as a node does.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node";

/// First byte of an encoded [`Outgoing`]. Raised whenever its layout changes.
const VERSION: u8 = 1;
/// Bytes before the address: the version, then the number of its bytes.
const HEADER: usize = 3;

/// Most bytes of data that Windows promises to send.
const MOST: usize = 424;
/// Bytes that name and data of a slot share in a datagram.
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
    /// What is to be written there.
    pub data: &'a [u8],
}

impl<'a> Outgoing<'a> {
    /// The bytes for [`SLOT`].
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = header(&self.address);
        bytes.extend_from_slice(self.data);
        bytes
    }

    /// The message in `bytes`, or `None` if there is none for the network: any local process may have written them.
    pub fn decode(bytes: &'a [u8]) -> Option<Outgoing<'a>> {
        let rest = bytes.strip_prefix(&[VERSION])?;
        let (size, rest) = rest.split_first_chunk()?;
        let (address, data) = rest.split_at_checked(u16::from_le_bytes(*size).into())?;
        let address = Address::parse_win32(core::str::from_utf8(address).ok()?).ok()?;
        check(&address).ok()?;
        Some(Outgoing { address, data })
    }
}

/// Bytes of the largest message that can be sent to the slot `name` of another machine: the smaller of 424 and 432 less
/// the length of the name, rounded up to a multiple of 4.
///
/// # Sources
///
/// MS-MAIL section 2.1; Win32 *About Mailslots*.
pub fn max_message_size(name: &SlotName) -> usize {
    SHARED.saturating_sub(name.as_str().len().next_multiple_of(4)).min(MOST)
}

/// What comes before the data.
pub(crate) fn header(address: &Address) -> Vec<u8> {
    let text = address.to_string();
    // `check` has bounded the name, so the size always fits.
    let size = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(HEADER + text.len() + MOST);
    bytes.push(VERSION);
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Makes sure that messages can be sent to `address`.
pub(crate) fn check(address: &Address) -> Result<()> {
    let slot = address.slot();
    let invalid = |reason| Err(Error::invalid_name(&address.to_string(), reason, Operation::Open));
    let target = match address {
        Address::Remote { target, .. } => target.as_str(),
        Address::Broadcast(_) => "",
        Address::Local(_) => return invalid(NameError::NoPrefix),
    };
    let printable = |c: &char| *c == ' ' || c.is_ascii_graphic();
    if let Some(character) = target.chars().chain(slot.as_str().chars()).find(|c| !printable(c)) {
        return invalid(NameError::NetworkCharacter { character });
    }
    if slot.as_str().len() > SHARED {
        return invalid(NameError::TooLong { units: slot.as_str().len(), limit: SHARED });
    }
    Ok(())
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
            assert_eq!(Outgoing::decode(&bytes), Some(message));
            for size in 0..bytes.len() - data.len() {
                assert_eq!(Outgoing::decode(&bytes[..size]), None, "{size}");
            }
        }
        assert_eq!(Outgoing::decode(b"\x02\0\0"), None);
        assert_eq!(Outgoing::decode(b"\x01\x11\0\\\\.\\mailslot\\local"), None);
        assert_eq!(Outgoing::decode(b"\x01\x12\0\\\\A\\mailslot\\\xffother"), None);
    }

    #[test]
    fn names_of_slots_take_from_the_size_of_messages() {
        let sizes = [("x", 424), ("12345678", 424), ("123456789", 420), ("123456789012", 420), ("1234567890123", 416)];
        for (name, size) in sizes {
            assert_eq!(max_message_size(address(&format!(r"\\A\mailslot\{name}")).slot()), size, "{name}");
        }
        let long = format!(r"\\A\mailslot\{}", "x".repeat(432));
        assert_eq!(max_message_size(address(&long).slot()), 0);
        assert!(check(&address(&long)).is_ok());
        assert!(check(&address(&format!("{long}x"))).is_err());
    }

    #[test]
    fn names_that_cannot_travel_are_refused() {
        for text in ["\\\\SRV1\\mailslot\\ä", "\\\\ÄRGER\\mailslot\\x", "\\\\A\\mailslot\\a\tb"] {
            let error = check(&address(text)).expect_err(text);
            let reason = NameError::NetworkCharacter { character: 'x' };
            assert!(
                matches!(&error, Error::InvalidName { reason: found, .. }
                    if core::mem::discriminant(found) == core::mem::discriminant(&reason)),
                "{error}"
            );
        }
    }
}
