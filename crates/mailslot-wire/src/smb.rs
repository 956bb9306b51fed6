//! The mailslot write: the one SMB message that travels in datagrams.
//!
//! ```
//! use mailslot_wire::smb::{MailslotWrite, Style};
//!
//! let write = MailslotWrite::new(b"alerts\\fire", b"hello")?;
//! let sent = write.encode(Style::Windows);
//!
//! let received = MailslotWrite::parse(&sent)?;
//! assert!(received.slot().is(b"ALERTS\\FIRE"));
//! assert_eq!(received.data(), b"hello");
//! # Ok::<(), mailslot_wire::Error>(())
//! ```

use core::fmt;
use core::time::Duration;

use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::text;

/// The prefix of every mailslot's name.
const PREFIX: &[u8] = br"\MAILSLOT\";
/// Bytes before the name: header, word count, words, byte count.
const FIXED: usize = 69;
/// The limit of the NetBIOS interface (RFC 1001 section 17.1), less [`FIXED`], the prefix and the name's NUL.
const MAX_NAME_AND_DATA: usize = 432;
/// The limit that the documentation of `CreateFile` and `WriteFile` states for writes to a domain.
const MAX_DATA: usize = 424;
const COMMAND_TRANSACTION: u8 = 0x25;
const OPCODE_WRITE: u16 = 1;

/// A write to a mailslot: SMB_COM_TRANSACTION with three setup words.
///
/// ```text
/// offset
///   0    FF 'S' 'M' 'B' · command 25 · status 4 · flags 1 · flags2 2 · 12 zeros · tid 2 · pid 2 · uid 2 · mid 2
///  32    word count 17
///  33    total parameter count 2 · total data count 2 · max parameter count 2 · max data count 2
///  41    max setup count 1 · reserved 1 · flags 2 · timeout 4 · reserved 2 · parameter count 2
///  53    parameter offset 2 · data count 2 · data offset 2 · setup count 3 · reserved 1
///  61    opcode 1 (write) 2 · priority 2 · class 2
///  67    byte count 2
///  69    the name, NUL-terminated · padding · the data
/// ```
///
/// Little-endian. Data offset and data count locate the data; the bytes around them are ignored.
///
/// # Sources
///
/// MS-MAIL section 2.2; MS-CIFS sections 2.2.3.1 and 2.2.4.33.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailslotWrite<'a> {
    slot: SlotName<'a>,
    data: &'a [u8],
    /// How reliable the write is meant to be. Receivers ignore it.
    pub class: Class,
    /// 0 to 9. Receivers ignore it.
    pub priority: u16,
    /// How long a server may wait, in whole milliseconds. Receivers ignore it.
    pub timeout: Duration,
}

/// The name of a mailslot without `\MAILSLOT\`: 8-bit, in the sender's code page, not empty, without a zero byte. It is
/// not a path of a file system. Comparison ignores the case of ASCII letters.
#[derive(Clone, Copy)]
pub struct SlotName<'a>(&'a [u8]);

/// How reliable a write is meant to be.
///
/// # Sources
///
/// MS-MAIL section 2.2, *Class*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// Class 1: reliable, answered. Meant for sessions; in a datagram it is delivered like class 2.
    First,
    /// Class 2: unreliable, not answered.
    #[default]
    Second,
    /// Any other.
    Other(u16),
}

/// Which implementation's values to use for the fields that receivers ignore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// The data begin at a multiple of four; flags as a Windows client sets them.
    #[default]
    Windows,
    /// The data follow the name at once; everything else is zero. As Samba and the Windows server and browser do.
    Samba,
}

/// The most bytes that may be sent to a mailslot whose name has `slot_len` bytes after `\MAILSLOT\`: 424, or 432 less
/// the name rounded up to four, if that is less. The datagram then holds no more than the 512 bytes of the NetBIOS
/// interface, in either [`Style`].
///
/// nmbd takes less: 414 bytes less the name.
///
/// # Sources
///
/// Win32 *CreateMailslot*, remarks on broadcasts; MS-MAIL section 2.1 and its product behaviour notes.
pub fn max_data(slot_len: usize) -> usize {
    MAX_NAME_AND_DATA.saturating_sub(slot_len.saturating_add(3) / 4 * 4).min(MAX_DATA)
}

impl<'a> MailslotWrite<'a> {
    /// A write of class 2 to the mailslot `slot`, without `\MAILSLOT\`. `data` may exceed [`max_data`], the most that
    /// receivers accept.
    ///
    /// # Errors
    ///
    /// - [`Error::NotMailslot`] if `slot` is empty
    /// - [`Error::Nul`] if there is a zero byte in `slot`
    /// - [`Error::TooLong`] if name and data are too long for the counts of the message
    pub fn new(slot: &'a [u8], data: &'a [u8]) -> Result<MailslotWrite<'a>> {
        MailslotWrite::to(SlotName::new(slot)?, data)
    }

    fn to(slot: SlotName<'a>, data: &'a [u8]) -> Result<MailslotWrite<'a>> {
        let (size, limit) = (padded(slot.end()).saturating_add(data.len()), usize::from(u16::MAX));
        if size > limit {
            return Err(Error::TooLong { field: "mailslot write", size, limit });
        }
        Ok(MailslotWrite { slot, data, class: Class::Second, priority: 0, timeout: Duration::ZERO })
    }

    /// The name of the mailslot.
    pub fn slot(&self) -> SlotName<'a> {
        self.slot
    }

    /// The data.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Parses the data of a datagram. Only the fields that a receiver needs are read; bytes after the data are ignored.
    ///
    /// # Errors
    ///
    /// - [`Error::Short`] if there are fewer than 69 bytes
    /// - [`Error::Value`] if it is not an SMB, another command, or of another form
    /// - [`Error::Unterminated`] if the name has no NUL
    /// - [`Error::NotMailslot`] if the name does not begin with `\MAILSLOT\`, in any case, or has nothing after it
    /// - [`Error::DataOutside`] if data offset and data count point outside the bytes after the name
    /// - [`Error::TooLong`] if there are more than 65,535 bytes
    pub fn parse(bytes: &'a [u8]) -> Result<MailslotWrite<'a>> {
        let mut reader = Reader::new(bytes);
        expect("protocol", "FF 53 4D 42", u32::from_be_bytes(*b"\xFFSMB"), reader.u32_be("protocol")?)?;
        expect("command", "0x25", COMMAND_TRANSACTION.into(), reader.u8("command")?.into())?;
        reader.take(27, "smb header")?;
        expect("word count", "17", 17, reader.u8("word count")?.into())?;
        reader.take(12, "transaction words")?;
        let timeout = Duration::from_millis(reader.u32_le("timeout")?.into());
        reader.take(6, "transaction words")?;
        let count = usize::from(reader.u16_le("data count")?);
        let offset = usize::from(reader.u16_le("data offset")?);
        expect("setup count", "3", 3, reader.u8("setup count")?.into())?;
        reader.take(1, "transaction words")?;
        expect("mailslot opcode", "1", OPCODE_WRITE.into(), reader.u16_le("mailslot opcode")?.into())?;
        let priority = reader.u16_le("priority")?;
        let class = Class::from_bits(reader.u16_le("class")?);
        reader.u16_le("byte count")?;
        let slot = without_prefix(reader.until_nul("mailslot name")?)?;
        let outside = Error::DataOutside { offset, count, earliest: reader.position(), end: bytes.len() };
        let after_name = offset >= reader.position();
        let data = bytes.get(offset..offset + count).filter(|_| after_name).ok_or(outside)?;
        Ok(MailslotWrite { class, priority, timeout, ..MailslotWrite::to(SlotName(slot), data)? })
    }

    /// The data of a datagram, as a sender of that style writes them.
    pub fn encode(&self, style: Style) -> Vec<u8> {
        let end = self.slot.end();
        let (offset, flags, flags2, pid, max_parameters) = match style {
            Style::Windows => (padded(end), 0x18, 0x0004, 0xFEFF, 2),
            Style::Samba => (end, 0, 0, 0, 0),
        };
        let parameter_offset = if style == Style::Windows { word(offset) } else { 0 };
        let count = word(self.data.len());
        let mut out = Vec::with_capacity(offset + self.data.len());
        out.extend_from_slice(b"\xFFSMB");
        out.extend_from_slice(&[COMMAND_TRANSACTION, 0, 0, 0, 0, flags]);
        put_words(&[flags2, 0, 0, 0, 0, 0, 0, 0, pid, 0, 0], &mut out);
        out.push(17);
        put_words(&[0, count, max_parameters, 0, 0, 0], &mut out);
        out.extend_from_slice(&u32::try_from(self.timeout.as_millis()).unwrap_or(u32::MAX).to_le_bytes());
        put_words(&[0, 0, parameter_offset, count, word(offset), 3, OPCODE_WRITE], &mut out);
        put_words(&[self.priority, self.class.bits(), word(offset - FIXED + self.data.len())], &mut out);
        out.extend_from_slice(PREFIX);
        out.extend_from_slice(self.slot.0);
        out.resize(offset, 0);
        out.extend_from_slice(self.data);
        out
    }
}

impl<'a> SlotName<'a> {
    fn new(name: &'a [u8]) -> Result<SlotName<'a>> {
        match name {
            [] => Err(Error::NotMailslot),
            name if name.contains(&0) => Err(Error::Nul { field: "mailslot name" }),
            name => Ok(SlotName(name)),
        }
    }

    /// The bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether this is the mailslot `name`. Ignores the case of ASCII letters.
    pub fn is(self, name: &[u8]) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }

    /// The position after the name's NUL in a message.
    fn end(self) -> usize {
        FIXED + PREFIX.len() + self.0.len() + 1
    }
}

impl Class {
    /// The class of this word.
    pub const fn from_bits(bits: u16) -> Class {
        match bits {
            1 => Class::First,
            2 => Class::Second,
            other => Class::Other(other),
        }
    }

    /// The word.
    pub const fn bits(self) -> u16 {
        match self {
            Class::First => 1,
            Class::Second => 2,
            Class::Other(other) => other,
        }
    }
}

impl PartialEq for SlotName<'_> {
    fn eq(&self, other: &SlotName<'_>) -> bool {
        self.is(other.0)
    }
}

impl Eq for SlotName<'_> {}

/// With unprintable bytes as `\xNN`, the backslash between levels as it is.
impl fmt::Display for SlotName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in self.0.split(|byte| *byte == b'\\').enumerate() {
            if index > 0 {
                f.write_str("\\")?;
            }
            text::escape(level, f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for SlotName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

fn expect(field: &'static str, expected: &'static str, wanted: u32, found: u32) -> Result<()> {
    if found == wanted { Ok(()) } else { Err(Error::Value { field, expected, found }) }
}

fn without_prefix(name: &[u8]) -> Result<&[u8]> {
    match name.split_at_checked(PREFIX.len()) {
        // Nearly all senders spell it in upper case.
        Some((prefix, slot)) if (prefix == PREFIX || prefix.eq_ignore_ascii_case(PREFIX)) && !slot.is_empty() => {
            Ok(slot)
        }
        _ => Err(Error::NotMailslot),
    }
}

fn padded(end: usize) -> usize {
    end.saturating_add(3) / 4 * 4
}

/// A count that `MailslotWrite::new` has checked.
fn word(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn put_words(words: &[u16], out: &mut Vec<u8>) {
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_say_the_same() {
        let write = MailslotWrite::new(b"ab", b"data").expect("valid");
        let (windows, samba) = (write.encode(Style::Windows), write.encode(Style::Samba));
        assert_eq!((windows.len(), samba.len()), (84 + 4, 82 + 4));
        assert_eq!(&windows[69..], b"\\MAILSLOT\\ab\0\0\0data");
        assert_eq!(&samba[69..], b"\\MAILSLOT\\ab\0data");
        assert_eq!(MailslotWrite::parse(&windows), Ok(write.clone()));
        assert_eq!(MailslotWrite::parse(&samba), Ok(write));
    }

    #[test]
    fn sizes_follow_the_name() {
        for (length, limit) in [(1, 424), (4, 424), (5, 424), (8, 424), (9, 420), (12, 420), (13, 416), (16, 416)] {
            assert_eq!(max_data(length), limit, "{length}");
        }
        assert_eq!((max_data(432), max_data(433), max_data(usize::MAX)), (0, 0, 0));
    }

    #[test]
    fn malformed_writes_say_what_is_wrong() {
        let good = MailslotWrite::new(b"x", b"data").expect("valid").encode(Style::Samba);
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            MailslotWrite::parse(&bytes).map(|write| write.data().to_vec())
        };
        let value = |field, expected, found| Err(Error::Value { field, expected, found });
        assert_eq!(with(0, 0xFE), value("protocol", "FF 53 4D 42", 0xFE53_4D42));
        assert_eq!(with(4, 0x32), value("command", "0x25", 0x32));
        assert_eq!(with(32, 16), value("word count", "17", 16));
        assert_eq!(with(59, 2), value("setup count", "3", 2));
        assert_eq!(with(61, 2), value("mailslot opcode", "1", 2));
        assert_eq!(with(69, b'/'), Err(Error::NotMailslot));
        assert_eq!(with(79, 0), Err(Error::NotMailslot));
        let outside = |offset, count| Err(Error::DataOutside { offset, count, earliest: 81, end: 85 });
        assert_eq!(with(57, 80), outside(80, 4));
        assert_eq!(with(57, 82), outside(82, 4));
        assert_eq!(with(58, 0xFF), outside(0xFF51, 4));
        assert_eq!(with(56, 0xFF), outside(81, 0xFF04));
        for length in 0..69 {
            assert!(matches!(MailslotWrite::parse(&good[..length]), Err(Error::Short { .. })), "{length}");
        }
        assert_eq!(MailslotWrite::parse(&good[..80]), Err(Error::Unterminated { field: "mailslot name" }));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let data = vec![0; 65_535];
        assert!(MailslotWrite::new(b"x", &data[..65_535 - 84]).is_ok());
        let too_long = Error::TooLong { field: "mailslot write", size: 65_536, limit: 65_535 };
        assert_eq!(MailslotWrite::new(b"x", &data[..65_536 - 84]), Err(too_long));
        assert_eq!(MailslotWrite::new(b"", b""), Err(Error::NotMailslot));
        assert_eq!(MailslotWrite::new(b"a\0", b""), Err(Error::Nul { field: "mailslot name" }));
    }
}
