//! The head of a message, before its data: the beginning of the plaintext in a sealed domain, and part of the
//! attachment in an open one.
//!
//! ```text
//! time 8 · flags 1 · length 1, computer
//! if the flags are 1: id 16 · IPv4 address 4 · length 1, computer · length 1, domain
//! if the flags are 4: milliseconds 4
//! ```

use std::net::Ipv4Addr;
use std::time::Duration;

use mailslot_names::NetbiosName;
use ring::digest;

use crate::crypto::first_half;
use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::time::Time;

/// Flags: the message was carried from a legacy network.
const LEGACY: u8 = 1;
/// Flags: the data are a batch.
const BATCH: u8 = 2;
/// Flags: the message asks for a reply.
const REQUEST: u8 = 4;
/// Bytes of the longest head.
pub(crate) const MAX_HEAD: usize = 8 + 1 + 256 + 16 + 4 + 256 + 256;

/// The source of a message that a bridge has carried from a legacy network. Only the bridge, as a member of the domain,
/// is authenticated, not what it says here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Legacy<'a> {
    /// Identifies copies of one message that several bridges carry: see [`Legacy::id`].
    pub id: [u8; 16],
    /// The source address.
    pub address: Ipv4Addr,
    /// The name of the sending computer, as it states it. At most 255 bytes.
    pub computer: &'a str,
    /// The domain to which it was sent; empty if it was sent to one computer. At most 255 bytes.
    pub domain: &'a str,
}

/// The head of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) time: Time,
    pub(crate) computer: &'a str,
    pub(crate) form: Form<'a>,
}

/// The kind of data after a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// A message, or the answer to one.
    Plain,
    /// A message of a legacy network.
    Legacy(Legacy<'a>),
    /// Several messages.
    Batch,
    /// A request, and how long its sender waits for the reply: whole milliseconds, at most 49 days.
    Request(Duration),
}

impl Legacy<'_> {
    /// The id of a message of a legacy network: the first 16 bytes of the SHA-256 of the datagram's source name (16
    /// bytes with the suffix), source address and id, the length of the slot's name in two bytes, that name in upper
    /// case, and the data.
    ///
    /// Every bridge that receives the message computes the same id.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 4.4.1 for the fields of a datagram.
    pub fn id(
        source_name: &[u8; 16],
        source: Ipv4Addr,
        datagram_id: u16,
        slot: &mailslot_names::SlotName,
        data: &[u8],
    ) -> [u8; 16] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(source_name);
        context.update(&source.octets());
        context.update(&datagram_id.to_be_bytes());
        // No name in a legacy packet is so long that its length needs more than two bytes.
        context.update(&(slot.folded().len() as u16).to_be_bytes());
        context.update(slot.folded().as_bytes());
        context.update(data);
        first_half(context.finish().as_ref())
    }
}

impl<'a> Head<'a> {
    /// Appends the head to `bytes`.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.extend_from_slice(&self.time.as_millis().to_be_bytes());
        bytes.push(match self.form {
            Form::Plain => 0,
            Form::Legacy(_) => LEGACY,
            Form::Batch => BATCH,
            Form::Request(_) => REQUEST,
        });
        text("computer's name", self.computer, bytes)?;
        match &self.form {
            Form::Plain | Form::Batch => {}
            Form::Legacy(legacy) => {
                bytes.extend_from_slice(&legacy.id);
                bytes.extend_from_slice(&legacy.address.octets());
                text("legacy computer's name", legacy.computer, bytes)?;
                text("legacy domain's name", legacy.domain, bytes)?;
            }
            Form::Request(within) => {
                let millis = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
                bytes.extend_from_slice(&millis.to_be_bytes());
            }
        }
        Ok(())
    }

    /// The source of the message, if a bridge has carried it.
    pub(crate) fn legacy(&self) -> Option<Legacy<'a>> {
        if let Form::Legacy(legacy) = self.form { Some(legacy) } else { None }
    }

    /// How long the sender waits for replies, if it is a request.
    pub(crate) fn within(&self) -> Option<Duration> {
        if let Form::Request(within) = self.form { Some(within) } else { None }
    }

    /// Whether the data are one message without a reply: the only form in open domains, and of answers.
    pub(crate) fn asks_nothing(&self) -> bool {
        matches!(self.form, Form::Plain | Form::Legacy(_))
    }

    /// Decodes a head; `None` if it is not valid.
    pub(crate) fn decode(reader: &mut Reader<'a>) -> Option<Head<'a>> {
        let time = Time::from_millis(reader.u64()?);
        let flags = reader.u8()?;
        let computer = reader.text().filter(|computer| is_computer(computer))?;
        let form = match flags {
            0 => Form::Plain,
            BATCH => Form::Batch,
            REQUEST => Form::Request(Duration::from_millis(u32::from_be_bytes(reader.array()?).into())),
            LEGACY => Form::Legacy(Legacy {
                id: reader.array()?,
                address: reader.array::<4>()?.into(),
                computer: reader.text()?,
                domain: reader.text()?,
            }),
            // Unknown flags: the message cannot be interpreted without knowing their meaning.
            _ => return None,
        };
        Some(Head { time, computer, form })
    }
}

/// Whether this is a computer's name in its only form. Other text could look like another computer where it is
/// displayed, or confuse programs that get it.
fn is_computer(text: &str) -> bool {
    text.parse::<NetbiosName>().is_ok_and(|name| name.as_str() == text)
}

/// Appends text, after a byte with its length.
pub(crate) fn text(field: &'static str, text: &str, bytes: &mut Vec<u8>) -> Result<()> {
    let length = u8::try_from(text.len()).map_err(|_| Error::TextTooLong { field, limit: u8::MAX.into() })?;
    bytes.push(length);
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legacy<'a>() -> Legacy<'a> {
        Legacy { id: [7; 16], address: Ipv4Addr::new(192, 0, 2, 1), computer: "OLD1", domain: "PLANT" }
    }

    #[test]
    fn heads_decode_to_what_was_encoded() {
        let request = |millis| Form::Request(Duration::from_millis(millis));
        for form in [Form::Plain, Form::Legacy(legacy()), Form::Batch, request(0), request(u32::MAX.into())] {
            let head = Head { time: Time::from_millis(1), computer: "SRV1", form };
            let mut bytes = Vec::new();
            head.encode(&mut bytes).expect("short names");
            for size in 0..bytes.len() {
                assert_eq!(Head::decode(&mut Reader::new(&bytes[..size])), None, "{size}");
            }
            bytes.extend_from_slice(b"data");
            let mut reader = Reader::new(&bytes);
            assert_eq!(Head::decode(&mut reader), Some(head));
            assert_eq!(reader.rest(), b"data");
        }
    }

    #[test]
    fn unknown_flags_and_nameless_senders_are_refused() {
        let mut bytes = Vec::new();
        Head { time: Time::from_millis(1), computer: "A", form: Form::Plain }.encode(&mut bytes).expect("short names");
        bytes.extend_from_slice(&[0; 64]);
        for flags in (3..=u8::MAX).filter(|flags| *flags != REQUEST) {
            bytes[8] = flags;
            assert_eq!(Head::decode(&mut Reader::new(&bytes)), None, "{flags}");
        }
        bytes[8] = 0;
        bytes[9] = 0;
        assert_eq!(Head::decode(&mut Reader::new(&bytes)), None);
    }

    #[test]
    fn senders_have_names_of_computers() {
        for (name, valid) in [
            ("SRV1", true),
            ("SRV 2", true),
            ("\u{dc}BER", true),
            ("srv1", false),
            ("A\0B", false),
            ("\x1b[2J", false),
            ("A\\B", false),
            ("SIXTEEN-LETTERS-", false),
        ] {
            let mut bytes = Vec::new();
            Head { time: Time::from_millis(1), computer: name, form: Form::Plain }
                .encode(&mut bytes)
                .expect("short names");
            assert_eq!(Head::decode(&mut Reader::new(&bytes)).is_some(), valid, "{name:?}");
        }
    }

    #[test]
    fn names_have_255_bytes_at_most() {
        let name = "x".repeat(256);
        let head = Head { time: Time::from_millis(1), computer: &name, form: Form::Plain };
        assert!(matches!(head.encode(&mut Vec::new()), Err(Error::TextTooLong { limit: 255, .. })));
    }

    #[test]
    fn legacy_ids_depend_on_every_part() {
        let slot = |name: &str| name.parse::<mailslot_names::SlotName>().expect("valid");
        let (name, other, address) = (*b"OLD1            ", *b"OLD2            ", Ipv4Addr::LOCALHOST);
        let id = Legacy::id(&name, address, 1, &slot("alerts"), b"data");
        assert_eq!(id, Legacy::id(&name, address, 1, &slot("ALERTS"), b"data"));
        for different in [
            Legacy::id(&other, address, 1, &slot("alerts"), b"data"),
            Legacy::id(&name, Ipv4Addr::BROADCAST, 1, &slot("alerts"), b"data"),
            Legacy::id(&name, address, 2, &slot("alerts"), b"data"),
            Legacy::id(&name, address, 1, &slot("alert"), b"sdata"),
            Legacy::id(&name, address, 1, &slot("alerts"), b"dat"),
        ] {
            assert_ne!(id, different);
        }
    }
}
