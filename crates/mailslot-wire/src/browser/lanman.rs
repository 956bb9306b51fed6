//! The announcement of systems older than the browser.

use core::time::Duration;

use crate::browser::announcement::{ServerName, ServerType};
use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::text::Text;

const OPCODE: u16 = 1;

/// A server is there: the LAN Manager form, on its own mailslot, to GROUP<00>.
///
/// ```text
/// +----------+---------------+----------------+----------------+-----------+--------------+
/// | opcode 1 | server type 4 | system version | interval in    | name, NUL | comment, NUL |
/// |    2     |               |    1 and 1     | seconds 2      |           |              |
/// +----------+---------------+----------------+----------------+-----------+--------------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanManAnnouncement {
    /// What the server is.
    pub server_type: ServerType,
    /// Major and minor version of the system.
    pub system_version: (u8, u8),
    /// Time to the next announcement, in whole seconds.
    pub interval: Duration,
    /// The server.
    pub name: ServerName,
    /// A comment by its administrator.
    pub comment: Text,
}

impl LanManAnnouncement {
    /// Parses the data of a mailslot write. Bytes after the comment are ignored.
    ///
    /// # Errors
    ///
    /// - [`Error::Short`] if the data end before their fields do
    /// - [`Error::Value`] if the opcode is not 1
    /// - [`Error::Unterminated`] if a text has no NUL
    /// - [`Error::TooLong`] if the server's name has more than 15 bytes
    pub fn parse(bytes: &[u8]) -> Result<LanManAnnouncement> {
        let mut reader = Reader::new(bytes);
        let opcode = reader.u16_le("lanman opcode")?;
        if opcode != OPCODE {
            return Err(Error::Value { field: "lanman opcode", expected: "1", found: opcode.into() });
        }
        Ok(LanManAnnouncement {
            server_type: ServerType::from_bits(reader.u32_le("server type")?),
            system_version: (reader.u8("os version major")?, reader.u8("os version minor")?),
            interval: Duration::from_secs(reader.u16_le("interval")?.into()),
            name: ServerName::read(&mut reader, "server name")?,
            comment: Text::read(&mut reader, "comment")?,
        })
    }

    /// The data of a mailslot write.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = OPCODE.to_le_bytes().to_vec();
        out.extend_from_slice(&self.server_type.bits().to_le_bytes());
        out.extend_from_slice(&[self.system_version.0, self.system_version.1]);
        out.extend_from_slice(&u16::try_from(self.interval.as_secs()).unwrap_or(u16::MAX).to_le_bytes());
        self.name.as_text().write(&mut out);
        self.comment.write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_announcements_are_read_and_written() {
        let announcement = LanManAnnouncement {
            server_type: ServerType::SERVER,
            system_version: (4, 9),
            interval: Duration::from_secs(180),
            name: ServerName::new("A").expect("valid"),
            comment: Text::new("hi").expect("valid"),
        };
        let bytes = announcement.encode();
        assert_eq!(bytes, b"\x01\0\x02\0\0\0\x04\x09\xB4\0A\0hi\0");
        assert_eq!(LanManAnnouncement::parse(&bytes), Ok(announcement));
        let opcode = Error::Value { field: "lanman opcode", expected: "1", found: 2 };
        assert_eq!(LanManAnnouncement::parse(b"\x02\0"), Err(opcode));
    }
}
