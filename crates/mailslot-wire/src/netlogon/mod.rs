//! Finding domain controllers: requests on the mailslot `NET\NETLOGON`, and answers on one that the asker names.
//!
//! A [`Message`] is the data of one mailslot write. Little-endian, except the address of [`ResponseEx`].
//!
//! # Sources
//!
//! MS-ADTS section 6.3.

mod response;
#[cfg(test)]
mod tests;
mod version;

use crate::error::Result;
use crate::reader::Reader;
use crate::text::{Text, WideText};

pub use response::{Directory, Outcome, Response, ResponseEx};
pub use version::Version;

use version::write_tail;

/// The mailslot for requests to domain controllers.
pub const MAILSLOT: &[u8] = br"NET\NETLOGON";
/// A message about logging on.
///
/// Texts of single bytes end with one zero byte, UTF-16 ones with two. Most messages end with a version (4 bytes) and
/// two tokens (2 bytes each, FFFF), which carry no information.
///
/// ```text
///  0          opcode 2 · computer · user · reply mailslot · count 1 · tokens
///  6          opcode 2 · server · token
///  7          opcode 2 · computer · reply mailslot · 0 or 1 byte, to an even offset · computer, UTF-16 · version,
///             tokens
/// 12          opcode 2 · server · 0 or 1 byte · server, UTF-16 · domain, UTF-16 · version, tokens
/// 18          opcode 2 · count 2 · computer, UTF-16 · user, UTF-16 · reply mailslot · account bits 4 · SID's size 4 ·
///             0 to 3 bytes, to a multiple of 4, and the SID, if it has a size · version, tokens
/// 19, 20, 21  see Response
/// 23, 24, 25  see ResponseEx
/// ```
///
/// # Sources
///
/// MS-ADTS sections 6.3.1.4 to 6.3.1.9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// LOGON_REQUEST, 0: LAN Manager's request for a domain controller.
    LogonRequest {
        /// Who asks.
        computer: Text,
        /// The user who wants to log on.
        user: Text,
        /// The slot for the answer, with `\MAILSLOT\`.
        reply: Text,
        /// How many times this request was sent before.
        count: u8,
    },
    /// LOGON_RESPONSE2, 6: the answer to `LogonRequest`.
    LogonResponse {
        /// The controller, with `\\` before it.
        server: Text,
    },
    /// LOGON_PRIMARY_QUERY, 7: asks for the primary domain controller.
    PrimaryQuery {
        /// Who asks.
        computer: Text,
        /// The slot for the answer, with `\MAILSLOT\`.
        reply: Text,
        /// Who asks.
        wide_computer: WideText,
        /// The forms that the asker understands.
        version: Version,
    },
    /// LOGON_PRIMARY_RESPONSE, 12: the answer to `PrimaryQuery`, from the primary domain controller alone.
    PrimaryResponse {
        /// The controller.
        server: Text,
        /// The controller.
        wide_server: WideText,
        /// The domain.
        domain: WideText,
        /// The form of the answer.
        version: Version,
    },
    /// LOGON_SAM_LOGON_REQUEST, 18: asks for a domain controller that knows this user.
    SamLogonRequest {
        /// How many times this request was sent before.
        count: u16,
        /// Who asks.
        computer: WideText,
        /// The user who wants to log on; empty for any controller.
        user: WideText,
        /// The slot for the answer, with `\MAILSLOT\`.
        reply: Text,
        /// The kinds of accounts to search.
        account_bits: u32,
        /// The domain's SID, or empty. Controllers of other domains do not answer.
        sid: Vec<u8>,
        /// The forms that the asker understands.
        version: Version,
    },
    /// LOGON_SAM_LOGON_RESPONSE, 19 to 21: the answer to `SamLogonRequest`, in the form of Windows NT 4 or 5.
    SamLogonResponse(Response),
    /// LOGON_SAM_LOGON_RESPONSE_EX, 23 to 25: the same, in its richest form.
    SamLogonResponseEx(ResponseEx),
    /// Anything else.
    Other {
        /// The first two bytes.
        opcode: u16,
        /// All bytes after them.
        data: Vec<u8>,
    },
}

impl Message {
    /// A request for the primary domain controller, in the form that all systems understand.
    ///
    /// # Errors
    ///
    /// [`Error::Nul`](crate::Error::Nul) if there is a NUL in `computer` or `reply`, which is given with `\MAILSLOT\`.
    pub fn primary_query(computer: &str, reply: &str) -> Result<Message> {
        Ok(Message::PrimaryQuery {
            computer: Text::new(computer)?,
            reply: Text::new(reply)?,
            wide_computer: WideText::new(computer)?,
            version: Version::NT4,
        })
    }

    /// A request for any domain controller, which may answer in the forms of `version`.
    ///
    /// # Errors
    ///
    /// [`Error::Nul`](crate::Error::Nul) if there is a NUL in `computer` or `reply`, which is given with `\MAILSLOT\`.
    pub fn sam_logon_request(computer: &str, reply: &str, version: Version) -> Result<Message> {
        Ok(Message::SamLogonRequest {
            count: 0,
            computer: WideText::new(computer)?,
            user: WideText::default(),
            reply: Text::new(reply)?,
            account_bits: 0,
            sid: Vec::new(),
            version,
        })
    }

    /// Parses the data of a mailslot write. The version of an answer is read from the end: senders disagree about the
    /// bytes before it.
    ///
    /// # Errors
    ///
    /// - [`Error::Short`](crate::Error::Short) if the data end before their fields do
    /// - [`Error::Unterminated`](crate::Error::Unterminated) if a text has no NUL
    /// - [`Error::NotUnicode`](crate::Error::NotUnicode) if a wide text is not UTF-16
    /// - [`Error::Name`](crate::Error::Name) if a DNS name is malformed
    pub fn parse(bytes: &[u8]) -> Result<Message> {
        let mut reader = Reader::new(bytes);
        let reader = &mut reader;
        let opcode = reader.u16_le("netlogon opcode")?;
        if let Some(outcome) = Outcome::of_opcode(opcode) {
            return Response::read(outcome, reader).map(Message::SamLogonResponse);
        }
        if let Some(outcome) = Outcome::of_opcode_ex(opcode) {
            return ResponseEx::read(outcome, reader).map(Message::SamLogonResponseEx);
        }
        Ok(match opcode {
            0 => Message::LogonRequest {
                computer: Text::read(reader, "computer")?,
                user: Text::read(reader, "user")?,
                reply: Text::read(reader, "reply mailslot")?,
                count: reader.u8("request count")?,
            },
            6 => Message::LogonResponse { server: Text::read(reader, "server")? },
            7 => read_primary_query(reader)?,
            12 => read_primary_response(reader)?,
            18 => read_sam_logon_request(reader)?,
            opcode => Message::Other { opcode, data: reader.rest().to_vec() },
        })
    }

    /// The data of a mailslot write. A SID is cut at 4 GiB.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.opcode().to_le_bytes().to_vec();
        match self {
            Message::LogonRequest { computer, user, reply, count } => {
                for text in [computer, user, reply] {
                    text.write(&mut out);
                }
                out.extend_from_slice(&[*count, 0xFF, 0xFF, 0xFF, 0xFF]);
            }
            Message::LogonResponse { server } => {
                server.write(&mut out);
                out.extend_from_slice(&[0xFF, 0xFF]);
            }
            Message::PrimaryQuery { computer, reply, wide_computer, version } => {
                for text in [computer, reply] {
                    text.write(&mut out);
                }
                align(2, &mut out);
                wide_computer.write(&mut out);
                write_tail(*version, &mut out);
            }
            Message::PrimaryResponse { server, wide_server, domain, version } => {
                server.write(&mut out);
                align(2, &mut out);
                for text in [wide_server, domain] {
                    text.write(&mut out);
                }
                write_tail(*version, &mut out);
            }
            Message::SamLogonRequest { count, computer, user, reply, account_bits, sid, version } => {
                out.extend_from_slice(&count.to_le_bytes());
                for text in [computer, user] {
                    text.write(&mut out);
                }
                reply.write(&mut out);
                out.extend_from_slice(&account_bits.to_le_bytes());
                write_sid(sid, &mut out);
                write_tail(*version, &mut out);
            }
            Message::SamLogonResponse(response) => response.write(&mut out),
            Message::SamLogonResponseEx(response) => response.write(&mut out),
            Message::Other { data, .. } => out.extend_from_slice(data),
        }
        out
    }

    fn opcode(&self) -> u16 {
        match self {
            Message::LogonRequest { .. } => 0,
            Message::LogonResponse { .. } => 6,
            Message::PrimaryQuery { .. } => 7,
            Message::PrimaryResponse { .. } => 12,
            Message::SamLogonRequest { .. } => 18,
            Message::SamLogonResponse(response) => response.outcome.opcode(),
            Message::SamLogonResponseEx(response) => response.outcome.opcode_ex(),
            Message::Other { opcode, .. } => *opcode,
        }
    }
}

fn read_primary_query(reader: &mut Reader<'_>) -> Result<Message> {
    let computer = Text::read(reader, "computer")?;
    let reply = Text::read(reader, "reply mailslot")?;
    reader.take(reader.position() % 2, "alignment")?;
    let wide_computer = WideText::read(reader, "unicode computer")?;
    Ok(Message::PrimaryQuery { computer, reply, wide_computer, version: Version::read(reader)? })
}

fn read_primary_response(reader: &mut Reader<'_>) -> Result<Message> {
    let server = Text::read(reader, "server")?;
    reader.take(reader.position() % 2, "alignment")?;
    let wide_server = WideText::read(reader, "unicode server")?;
    let domain = WideText::read(reader, "unicode domain")?;
    Ok(Message::PrimaryResponse { server, wide_server, domain, version: Version::read_last(reader)? })
}

fn read_sam_logon_request(reader: &mut Reader<'_>) -> Result<Message> {
    let count = reader.u16_le("request count")?;
    let computer = WideText::read(reader, "unicode computer")?;
    let user = WideText::read(reader, "unicode user")?;
    let reply = Text::read(reader, "reply mailslot")?;
    let account_bits = reader.u32_le("account bits")?;
    let sid = read_sid(reader)?;
    Ok(Message::SamLogonRequest { count, computer, user, reply, account_bits, sid, version: Version::read(reader)? })
}

fn read_sid(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    let size = reader.u32_le("sid size")?;
    if size > 0 {
        reader.take(reader.position().next_multiple_of(4) - reader.position(), "alignment")?;
    }
    // On 32 bits, a size beyond `usize` is certainly more than is left.
    reader.take(usize::try_from(size).unwrap_or(usize::MAX), "sid").map(<[u8]>::to_vec)
}

fn write_sid(sid: &[u8], out: &mut Vec<u8>) {
    let size = u32::try_from(sid.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&size.to_le_bytes());
    if size > 0 {
        align(4, out);
    }
    out.extend(sid.iter().take(size as usize));
}

/// Offsets count from the start of the message.
fn align(to: usize, out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(to), 0);
}
