//! Announcements: a server or a group is there.

use core::fmt;
use core::time::Duration;

use crate::bits::bits;
use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::text::Text;

/// Bytes of the name's field, its NUL included.
const NAME: usize = 16;

bits! {
    /// What a server is. An announcement without any bit says that the server is going away.
    ///
    /// # Sources
    ///
    /// MS-BRWS section 2.2.1; the bits: Win32 `SERVER_INFO_101`.
    ServerType(u32) {
        /// A workstation.
        WORKSTATION = 0x0000_0001,
        /// A server.
        SERVER = 0x0000_0002,
        /// It runs SQL Server.
        SQL_SERVER = 0x0000_0004,
        /// A primary domain controller.
        DOMAIN_CONTROLLER = 0x0000_0008,
        /// A backup domain controller.
        BACKUP_DOMAIN_CONTROLLER = 0x0000_0010,
        /// It knows the time.
        TIME_SOURCE = 0x0000_0020,
        /// It serves Apple machines.
        APPLE = 0x0000_0040,
        /// A Novell server.
        NOVELL = 0x0000_0080,
        /// A member of a domain.
        DOMAIN_MEMBER = 0x0000_0100,
        /// It has a print queue.
        PRINT_QUEUE = 0x0000_0200,
        /// It can be dialled in to.
        DIAL_IN = 0x0000_0400,
        /// It runs Unix.
        UNIX = 0x0000_0800,
        /// It runs Windows NT or later.
        NT = 0x0000_1000,
        /// It runs Windows for Workgroups.
        WINDOWS_FOR_WORKGROUPS = 0x0000_2000,
        /// It serves NetWare files.
        NETWARE_FILES = 0x0000_4000,
        /// It runs Windows NT Server or later.
        NT_SERVER = 0x0000_8000,
        /// It could be a browser.
        POTENTIAL_BROWSER = 0x0001_0000,
        /// A backup browser.
        BACKUP_BROWSER = 0x0002_0000,
        /// A local master browser.
        MASTER_BROWSER = 0x0004_0000,
        /// The domain master browser.
        DOMAIN_MASTER_BROWSER = 0x0008_0000,
        /// It runs OSF/1.
        OSF = 0x0010_0000,
        /// It runs VMS.
        VMS = 0x0020_0000,
        /// It runs Windows 95 or later.
        WINDOWS_95 = 0x0040_0000,
        /// The root of a distributed file system.
        DFS = 0x0080_0000,
        /// It is reached over another transport.
        ALTERNATE_TRANSPORT = 0x2000_0000,
        /// In requests: what the browser itself knows.
        LOCAL_LIST_ONLY = 0x4000_0000,
        /// In requests and domain announcements: a domain.
        DOMAIN = 0x8000_0000,
    }
}

/// A server or a group is there, or is going away.
///
/// ```text
/// +--------+--------+-------------+------------------+
/// | opcode | update | periodicity |    server name   |
/// |   1    | count 1|      4      |        16        |
/// +--------+--------+-------------+-------------+----+------+
/// | system version  | server type | browser version  | sig- |
/// |     1 and 1     |      4      |     1 and 1      | nat. |
/// +-----------------+-------------+------------------+--2---+
/// | comment, NUL-terminated                                 |
/// +---------------------------------------------------------+
/// ```
///
/// # Sources
///
/// MS-BRWS sections 2.2.1 (host), 2.2.7 (domain) and 2.2.10 (local master).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// A counter; receivers ignore it.
    pub update_count: u8,
    /// Time to the next announcement, in whole milliseconds; zero from a sender that is going away. Entries expire
    /// after three periods.
    pub period: Duration,
    /// The server, or the group of a domain announcement.
    pub name: ServerName,
    /// Major and minor version of the system; of the browser configuration in a domain announcement.
    pub system_version: (u8, u8),
    /// What the server is.
    pub server_type: ServerType,
    /// 15 and 1.
    pub browser_version: (u8, u8),
    /// `0xAA55`; undefined in domain announcements of Windows.
    pub signature: u16,
    /// A comment by its administrator, at most 42 bytes by MS-BRWS. In a domain announcement, the name of the local
    /// master browser.
    pub comment: Text,
}

/// The name of a server or a group: at most 15 bytes of the sender's code page, without a zero byte. May be empty.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ServerName(Text);

impl Announcement {
    /// The signature that announcements have.
    pub const SIGNATURE: u16 = 0xAA55;
    /// The browser version that all systems have.
    pub const BROWSER_VERSION: (u8, u8) = (15, 1);

    /// Reads the fields after the opcode.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Announcement> {
        let update_count = reader.u8("update count")?;
        let period = Duration::from_millis(reader.u32_le("periodicity")?.into());
        let name = ServerName::read(&mut reader.sub(NAME, "server name")?, "server name")?;
        Ok(Announcement {
            update_count,
            period,
            name,
            system_version: (reader.u8("os version major")?, reader.u8("os version minor")?),
            server_type: ServerType::from_bits(reader.u32_le("server type")?),
            browser_version: (reader.u8("browser version major")?, reader.u8("browser version minor")?),
            signature: reader.u16_le("signature")?,
            comment: Text::read(reader, "comment")?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.update_count);
        out.extend_from_slice(&u32::try_from(self.period.as_millis()).unwrap_or(u32::MAX).to_le_bytes());
        let end = out.len() + NAME;
        out.extend_from_slice(self.name.as_bytes());
        out.resize(end, 0);
        out.extend_from_slice(&[self.system_version.0, self.system_version.1]);
        out.extend_from_slice(&self.server_type.bits().to_le_bytes());
        out.extend_from_slice(&[self.browser_version.0, self.browser_version.1]);
        out.extend_from_slice(&self.signature.to_le_bytes());
        self.comment.write(out);
    }
}

impl ServerType {
    /// The type with these bits; all of them are kept.
    pub const fn from_bits(bits: u32) -> ServerType {
        ServerType(bits)
    }
}

impl ServerName {
    /// The name of these bytes.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLong`] if there are more than 15 bytes
    /// - [`Error::Nul`] if one of them is zero
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<ServerName> {
        ServerName::of_text(Text::new(bytes)?, "server name")
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The name as text.
    pub fn as_text(&self) -> &Text {
        &self.0
    }

    pub(super) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<ServerName> {
        ServerName::of_text(Text::read(reader, field)?, field)
    }

    fn of_text(text: Text, field: &'static str) -> Result<ServerName> {
        let (size, limit) = (text.as_bytes().len(), NAME - 1);
        if size > limit { Err(Error::TooLong { field, size, limit }) } else { Ok(ServerName(text)) }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::Message;

    fn announcement() -> Announcement {
        Announcement {
            update_count: 3,
            period: Duration::from_secs(60),
            name: ServerName::new("SRV1").expect("valid"),
            system_version: (4, 9),
            server_type: ServerType::WORKSTATION | ServerType::SERVER,
            browser_version: Announcement::BROWSER_VERSION,
            signature: Announcement::SIGNATURE,
            comment: Text::new("hi").expect("valid"),
        }
    }

    #[test]
    fn announcements_have_the_layout_of_the_specification() {
        let message = Message::HostAnnouncement(announcement());
        let bytes = message.encode();
        assert_eq!(&bytes[..6], b"\x01\x03\x60\xEA\0\0");
        assert_eq!(&bytes[6..22], b"SRV1\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(&bytes[22..], b"\x04\x09\x03\0\0\0\x0F\x01\x55\xAAhi\0");
        assert_eq!(Message::parse(&bytes), Ok(message));
    }

    #[test]
    fn malformed_announcements_say_what_is_wrong() {
        let good = Message::LocalMasterAnnouncement(announcement()).encode();
        let mut full = good.clone();
        full[6..22].fill(b'N');
        assert_eq!(Message::parse(&full), Err(Error::Unterminated { field: "server name" }));
        for length in 0..good.len() {
            assert!(
                matches!(Message::parse(&good[..length]), Err(Error::Short { .. } | Error::Unterminated { .. })),
                "{length}"
            );
        }
    }
}
