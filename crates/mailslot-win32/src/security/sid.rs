//! Security identifiers as bytes and as text.
//!
//! # Sources
//!
//! [MS-DTYP] 2.4.2 (SID), 2.4.2.4 (well-known SIDs).

use core::ffi::c_void;
use core::fmt;

use super::acl::Sid;
use super::raw;
use crate::code::{Code, Result};

const REVISION: u8 = 1;
/// Bytes before the numbers of an identifier, and the most numbers.
const HEADER: usize = 8;
const MOST_SUBS: u8 = 15;

/// Bytes of an identifier with `subs` numbers.
pub(crate) fn longest(subs: u8) -> u32 {
    HEADER as u32 + 4 * u32::from(subs)
}

/// The identifier at `sid`.
///
/// # Errors
///
/// `ERROR_INVALID_SID` if it is none, or `NULL`.
pub(crate) fn read(sid: *const c_void) -> Result<Sid> {
    if sid.is_null() {
        return Err(Code::INVALID_SID);
    }
    let [revision, count] = raw::read(sid, 0);
    if revision != REVISION || count > MOST_SUBS {
        return Err(Code::INVALID_SID);
    }
    // SAFETY: a program that gives an identifier gives all of it, as the header demands; the length is its own.
    decode(unsafe { core::slice::from_raw_parts(sid.cast(), longest(count) as usize) })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Sid> {
    let (&[revision, count], rest) = bytes.split_first_chunk().ok_or(Code::INVALID_SID)?;
    let (authority, rest) = rest.split_first_chunk::<6>().ok_or(Code::INVALID_SID)?;
    let subs = rest.get(..usize::from(count) * 4).ok_or(Code::INVALID_SID)?;
    if revision != REVISION {
        return Err(Code::INVALID_SID);
    }
    let authority = authority.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let subs = subs.as_chunks().0.iter().map(|sub| u32::from_le_bytes(*sub)).collect();
    Ok(Sid { authority, subs })
}

pub(crate) fn encode(sid: &Sid) -> Vec<u8> {
    let mut bytes = vec![REVISION, sid.subs.len() as u8];
    bytes.extend(&sid.authority.to_be_bytes()[2..]);
    bytes.extend(sid.subs.iter().flat_map(|sub| sub.to_le_bytes()));
    bytes
}

/// The user of this process, in Samba's form for Unix users.
pub(crate) fn own() -> Sid {
    Sid::new(22, &[1, rustix::process::geteuid().as_raw()])
}

/// The identifier of this number in `WELL_KNOWN_SID_TYPE`, if it is not one of a domain.
pub(crate) fn well_known(kind: u32) -> Option<Sid> {
    let (authority, subs): (u64, &[u32]) = match kind {
        0 => (0, &[0]),
        1 => (1, &[0]),
        2 => (2, &[0]),
        3..=6 => return Some(Sid::new(3, &[kind - 3])),
        7 => (5, &[]),
        8..=11 => return Some(Sid::new(5, &[kind - 7])),
        12..=20 => return Some(Sid::new(5, &[kind - 6])),
        22..=24 => return Some(Sid::new(5, &[kind - 4])),
        25 => (5, &[32]),
        26..=29 => return Some(Sid::new(5, &[32, 544 + kind - 26])),
        _ => return None,
    };
    Some(Sid::new(authority, subs))
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Above 32 bits the authority is written in hexadecimal.
        match u32::try_from(self.authority) {
            Ok(authority) => write!(f, "S-1-{authority}")?,
            Err(_) => write!(f, "S-1-0x{:012X}", self.authority)?,
        }
        self.subs.iter().try_for_each(|sub| write!(f, "-{sub}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_lead_back() {
        for text in ["S-1-1-0", "S-1-5-32-544", "S-1-22-1-1000", "S-1-5-21-1-2-3-4294967295", "S-1-0x123456789ABC-7"] {
            let sid = super::super::parse_sid(text).expect("well-formed");
            assert_eq!(sid.to_string(), text);
            assert_eq!(read(encode(&sid).as_ptr().cast()), Ok(sid));
        }
    }
}
