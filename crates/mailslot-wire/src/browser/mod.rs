//! The computer browser, which lists computers and groups: on the mailslot `BROWSE`, and `LANMAN` for old systems.
//!
//! A [`Message`] is the data of one mailslot write. Little-endian.
//!
//! | message | from | to |
//! |---|---|---|
//! | host announcement | HOST<00> | GROUP<1D> |
//! | announcement request | HOST<00> | GROUP<00>, or <1E> or <1D> |
//! | request election, become backup, local master announcement | HOST<00> | GROUP<1E> |
//! | get backup list request | HOST<00> | GROUP<1D>, or DOMAIN<1B> |
//! | get backup list response | HOST<00> | the asker's <00> |
//! | domain announcement | HOST<00> | `__MSBROWSE__`<01> |
//! | master announcement, reset state | HOST<00> | HOST<00> |
//!
//! # Sources
//!
//! MS-BRWS section 2.2.

mod announcement;
mod lanman;

use crate::error::Result;
use crate::reader::Reader;
use crate::text::Text;

pub use announcement::{Announcement, ServerName, ServerType};
pub use lanman::LanManAnnouncement;

/// The mailslot of all messages but [`LanManAnnouncement`].
pub const MAILSLOT: &[u8] = b"BROWSE";
/// The mailslot of [`LanManAnnouncement`].
pub const LANMAN_MAILSLOT: &[u8] = b"LANMAN";

/// A message of the browser.
///
/// ```text
///  1, 12, 15   see Announcement
///  2           02 · reserved 1 · name, NUL
///  8           08 · version 1 · criteria 4 · uptime 4 · zero 4 · name, NUL
///  9           09 · count 1 · token 4
/// 10           0A · count 1 · token 4 · count × (name, NUL)
/// 11, 13       0B or 0D · name, NUL
/// 14           0E · what to reset 1
/// ```
///
/// # Sources
///
/// MS-BRWS sections 2.2.1 to 2.2.10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// 1: a server is there.
    HostAnnouncement(Announcement),
    /// 2: all servers should announce themselves.
    AnnouncementRequest {
        /// 0, but 1 from nmbd.
        reserved: u8,
        /// The asker; to be ignored. nmbd puts a zero byte first, so that it is empty.
        name: Text,
    },
    /// 8: the sender is a candidate for local master browser. With version, criteria and uptime 0 and no name, it
    /// forces an election.
    RequestElection {
        /// 1. Greater wins.
        version: u8,
        /// What the sender is. Greater wins: from bit 31, 8 bits of system, 16 bits of version, 8 bits of role.
        criteria: u32,
        /// The sender's uptime: in seconds by MS-BRWS, in milliseconds from nmbd and others. Greater wins.
        uptime: u32,
        /// The sender. Smaller wins.
        name: ServerName,
    },
    /// 9: asks which servers hold the list of servers.
    GetBackupListRequest {
        /// How many servers the asker wants.
        count: u8,
        /// Chosen by the asker.
        token: u32,
    },
    /// 10: names the servers that hold the list.
    GetBackupListResponse {
        /// As in the request.
        token: u32,
        /// The servers; those after the 255th are not sent.
        servers: Vec<ServerName>,
    },
    /// 11: this server should keep a copy of the list.
    BecomeBackup {
        /// The server.
        name: ServerName,
    },
    /// 12: a group is there, and `comment` is its local master browser.
    DomainAnnouncement(Announcement),
    /// 13: a local master browser presents itself to the domain master browser.
    MasterAnnouncement {
        /// The local master browser.
        name: ServerName,
    },
    /// 14: the receiver is to give up its role.
    ResetState {
        /// 1: stop being master; 2: discard lists and state; 4: stop being a browser.
        what: u8,
    },
    /// 15: a server is there and is the local master browser.
    LocalMasterAnnouncement(Announcement),
    /// Anything else.
    Other {
        /// The first byte.
        opcode: u8,
        /// All bytes after it.
        data: Vec<u8>,
    },
}

impl Message {
    /// The announcement request of MS-BRWS section 2.2.2 by the computer `name`.
    pub fn announcement_request(name: &ServerName) -> Message {
        Message::AnnouncementRequest { reserved: 0, name: name.as_text().clone() }
    }

    /// The request that makes all browsers of a group hold an election.
    pub fn force_election() -> Message {
        Message::RequestElection { version: 0, criteria: 0, uptime: 0, name: ServerName::default() }
    }

    /// Parses the data of a mailslot write. Bytes after the last field are ignored.
    ///
    /// # Errors
    ///
    /// - [`Error::Short`](crate::Error::Short) if the data end before their fields do
    /// - [`Error::Unterminated`](crate::Error::Unterminated) if a text has no NUL
    /// - [`Error::TooLong`](crate::Error::TooLong) if a server's name has more than 15 bytes
    pub fn parse(bytes: &[u8]) -> Result<Message> {
        let mut reader = Reader::new(bytes);
        let reader = &mut reader;
        Ok(match reader.u8("browser opcode")? {
            1 => Message::HostAnnouncement(Announcement::read(reader)?),
            2 => {
                Message::AnnouncementRequest { reserved: reader.u8("reserved")?, name: Text::read_unterminated(reader) }
            }
            8 => read_election(reader)?,
            9 => Message::GetBackupListRequest { count: reader.u8("count")?, token: reader.u32_le("token")? },
            10 => read_backup_list(reader)?,
            11 => Message::BecomeBackup { name: ServerName::read(reader, "browser name")? },
            12 => Message::DomainAnnouncement(Announcement::read(reader)?),
            13 => Message::MasterAnnouncement { name: ServerName::read(reader, "master name")? },
            14 => Message::ResetState { what: reader.u8("reset state")? },
            15 => Message::LocalMasterAnnouncement(Announcement::read(reader)?),
            opcode => Message::Other { opcode, data: reader.rest().to_vec() },
        })
    }

    /// The data of a mailslot write.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.opcode()];
        match self {
            Message::HostAnnouncement(announcement)
            | Message::DomainAnnouncement(announcement)
            | Message::LocalMasterAnnouncement(announcement) => announcement.write(&mut out),
            Message::AnnouncementRequest { reserved, name } => {
                out.push(*reserved);
                name.write(&mut out);
            }
            Message::RequestElection { version, criteria, uptime, name } => {
                out.push(*version);
                for word in [*criteria, *uptime, 0] {
                    out.extend_from_slice(&word.to_le_bytes());
                }
                name.as_text().write(&mut out);
            }
            Message::GetBackupListRequest { count, token } => {
                out.push(*count);
                out.extend_from_slice(&token.to_le_bytes());
            }
            Message::GetBackupListResponse { token, servers } => {
                let count = u8::try_from(servers.len()).unwrap_or(u8::MAX);
                out.push(count);
                out.extend_from_slice(&token.to_le_bytes());
                servers.iter().take(count.into()).for_each(|name| name.as_text().write(&mut out));
            }
            Message::BecomeBackup { name } | Message::MasterAnnouncement { name } => name.as_text().write(&mut out),
            Message::ResetState { what } => out.push(*what),
            Message::Other { data, .. } => out.extend_from_slice(data),
        }
        out
    }

    fn opcode(&self) -> u8 {
        match self {
            Message::HostAnnouncement(_) => 1,
            Message::AnnouncementRequest { .. } => 2,
            Message::RequestElection { .. } => 8,
            Message::GetBackupListRequest { .. } => 9,
            Message::GetBackupListResponse { .. } => 10,
            Message::BecomeBackup { .. } => 11,
            Message::DomainAnnouncement(_) => 12,
            Message::MasterAnnouncement { .. } => 13,
            Message::ResetState { .. } => 14,
            Message::LocalMasterAnnouncement(_) => 15,
            Message::Other { opcode, .. } => *opcode,
        }
    }
}

fn read_election(reader: &mut Reader<'_>) -> Result<Message> {
    let version = reader.u8("election version")?;
    let criteria = reader.u32_le("criteria")?;
    let uptime = reader.u32_le("uptime")?;
    reader.take(4, "unused")?;
    Ok(Message::RequestElection { version, criteria, uptime, name: ServerName::read(reader, "server name")? })
}

fn read_backup_list(reader: &mut Reader<'_>) -> Result<Message> {
    let count = reader.u8("count")?;
    let token = reader.u32_le("token")?;
    let servers = (0..count).map(|_| ServerName::read(reader, "backup server name")).collect::<Result<_>>()?;
    Ok(Message::GetBackupListResponse { token, servers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn name(text: &str) -> ServerName {
        ServerName::new(text).expect("valid")
    }

    fn pair(message: Message, bytes: &[u8]) {
        assert_eq!(message.encode(), bytes);
        assert_eq!(Message::parse(bytes), Ok(message));
    }

    #[test]
    fn messages_have_the_layout_of_the_specification() {
        pair(Message::announcement_request(&name("A")), b"\x02\0A\0");
        pair(Message::force_election(), &[8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        pair(Message::GetBackupListRequest { count: 4, token: 0x0403_0201 }, b"\x09\x04\x01\x02\x03\x04");
        let servers = vec![name("A"), name("BC")];
        pair(Message::GetBackupListResponse { token: 1, servers }, b"\x0A\x02\x01\0\0\0A\0BC\0");
        pair(Message::BecomeBackup { name: name("A") }, b"\x0BA\0");
        pair(Message::MasterAnnouncement { name: name("A") }, b"\x0DA\0");
        pair(Message::ResetState { what: 2 }, b"\x0E\x02");
        pair(Message::Other { opcode: 77, data: vec![1, 2] }, b"\x4D\x01\x02");
    }

    #[test]
    fn malformed_messages_say_what_is_wrong() {
        assert_eq!(Message::parse(b""), Err(Error::Short { field: "browser opcode", needed: 1, left: 0 }));
        let unterminated = |field| Err(Error::Unterminated { field });
        assert_eq!(Message::parse(&[8; 14]), unterminated("server name"));
        assert_eq!(Message::parse(b"\x0A\x02\x01\0\0\0A\0"), unterminated("backup server name"));
        assert_eq!(Message::parse(b"\x0D"), unterminated("master name"));
        let too_long = Error::TooLong { field: "browser name", size: 16, limit: 15 };
        assert_eq!(Message::parse(b"\x0BSIXTEEN-LETTERS-\0"), Err(too_long));
    }
}
