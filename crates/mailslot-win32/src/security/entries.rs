//! `EXPLICIT_ACCESS`: an access list from entries that grant and deny.

use core::ffi::c_void;

use super::acl::{Acl, Entry, Kind, Sid};
use super::{bytes, sid};
use crate::code::{Code, Result};
use crate::pointer::{Narrow, Wide};
use crate::text;

/// `GRANT_ACCESS`, `SET_ACCESS`, `DENY_ACCESS`, `REVOKE_ACCESS`.
const GRANT: u32 = 1;
const SET: u32 = 2;
const DENY: u32 = 3;
const REVOKE: u32 = 4;
/// `TRUSTEE_IS_SID`, `TRUSTEE_IS_NAME`.
const IS_SID: u32 = 0;
const IS_NAME: u32 = 1;

/// `EXPLICIT_ACCESS`, for both kinds of text.
#[repr(C)]
pub(crate) struct ExplicitAccess {
    permissions: u32,
    mode: u32,
    inheritance: u32,
    trustee: Trustee,
}

/// `TRUSTEE`.
#[repr(C)]
struct Trustee {
    multiple: *const c_void,
    operation: u32,
    form: u32,
    kind: u32,
    name: *const c_void,
}

/// The list at `old`, if there is one, with `changes`: denials first, then grants, then the old entries.
///
/// # Errors
///
/// - `ERROR_INVALID_PARAMETER` for other modes and forms of trustees
/// - `ERROR_NONE_MAPPED` for a name that is no user of this machine
/// - `ERROR_INVALID_SID`, `ERROR_INVALID_ACL`, `ERROR_ALLOTTED_SPACE_EXCEEDED`
pub(crate) fn merged(changes: &[ExplicitAccess], old: *const c_void, wide: bool) -> Result<Vec<u8>> {
    let mut kept = if old.is_null() { Acl::default() } else { bytes::decode_acl(old)? }.entries;
    let (mut denied, mut granted) = (Vec::new(), Vec::new());
    for change in changes {
        let sid = change.trustee.sid(wide)?;
        let flags = u8::try_from(change.inheritance & 0xFF).unwrap_or_default();
        let entry = |kind| Entry { kind, flags, mask: change.permissions, sid: sid.clone() };
        match change.mode {
            GRANT => granted.push(entry(Kind::Allow)),
            DENY => denied.push(entry(Kind::Deny)),
            SET | REVOKE => {
                [&mut kept, &mut granted, &mut denied]
                    .into_iter()
                    .for_each(|list| list.retain(|entry| entry.sid != sid));
                if change.mode == SET {
                    granted.push(entry(Kind::Allow));
                }
            }
            _ => return Err(Code::INVALID_PARAMETER),
        }
    }
    let entries = denied.into_iter().chain(granted).chain(kept).collect();
    bytes::encode_acl(&Acl { entries })
}

impl Trustee {
    fn sid(&self, wide: bool) -> Result<Sid> {
        if !self.multiple.is_null() || self.operation != 0 {
            return Err(Code::INVALID_PARAMETER);
        }
        match self.form {
            IS_SID => sid::read(self.name),
            IS_NAME => {
                // SAFETY: this form of trustee has a text, or NULL, as the header demands.
                let name = unsafe {
                    if wide {
                        text::from_wide(Wide::at(self.name.cast()))?
                    } else {
                        text::from_narrow(Narrow::at(self.name.cast()))?
                    }
                };
                named(&name.ok_or(Code::INVALID_PARAMETER)?)
            }
            _ => Err(Code::INVALID_PARAMETER),
        }
    }
}

/// Everyone, the user of this process, or another user of this machine.
fn named(name: &str) -> Result<Sid> {
    if name.eq_ignore_ascii_case("EVERYONE") {
        return Ok(Sid::new(1, &[0]));
    }
    if name.eq_ignore_ascii_case("CURRENT_USER") {
        return Ok(sid::own());
    }
    let user = crate::system::user_number(name).ok_or(Code::NONE_MAPPED)?;
    Ok(Sid::new(22, &[1, user]))
}
