//! Security descriptors: their text, their bytes, and their meaning for a slot.
//!
//! Text is converted to bytes in Windows' layout, and the creation of a slot reads bytes only, whatever made them.

mod acl;
mod bytes;
mod entries;
mod list;
mod raw;
mod sddl;
mod sddl_format;
mod sid;

use core::ffi::c_void;

use crate::code::Result;

pub(crate) use acl::{Entry, Kind, Permissions, Sid};
pub(crate) use bytes::{dacl_pointer, encode, initialize, is_valid, set_dacl, set_owner};
pub(crate) use entries::{ExplicitAccess, merged};
pub(crate) use list::{add, count_and_size, entry, initialize as initialize_list, is_valid as is_valid_list};
pub(crate) use sddl::{parse, parse_sid};
pub(crate) use sid::{encode as encode_sid, longest as longest_sid, own as own_sid, read as read_sid, well_known};

/// The parts of a descriptor as text.
///
/// # Errors
///
/// - `ERROR_INVALID_SECURITY_DESCR` if it is none
/// - `ERROR_NOT_SUPPORTED` if an entry is neither an allowing nor a denying one
pub(crate) fn to_text(descriptor: *const c_void, parts: Parts) -> Result<String> {
    let mut text = String::new();
    for (wanted, name, is_group) in [(parts.owner, "O:", false), (parts.group, "G:", true)] {
        if let Some(sid) = if wanted { bytes::owner(descriptor, is_group)? } else { None } {
            text.push_str(name);
            text.push_str(&sddl_format::sid(&sid));
        }
    }
    if parts.list && bytes::dacl_pointer(descriptor)?.is_some() {
        let acl = bytes::dacl(descriptor)?;
        text.push_str(&sddl_format::list(acl.as_ref(), bytes::control(descriptor)?));
    }
    Ok(text)
}

/// Which parts of a descriptor.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    pub(crate) owner: bool,
    pub(crate) group: bool,
    pub(crate) list: bool,
}

/// The meaning of the descriptor at `descriptor`; `NULL` is the default.
///
/// # Errors
///
/// - `ERROR_INVALID_SECURITY_DESCR` if it is none
/// - `ERROR_NOT_SUPPORTED` if it grants or denies what a slot here cannot express
pub(crate) fn permissions(descriptor: *const c_void) -> Result<Permissions> {
    if descriptor.is_null() {
        return Ok(Permissions::EVERYONE);
    }
    match bytes::dacl(descriptor)? {
        Some(acl) => acl.permissions(),
        None => Ok(Permissions::EVERYONE),
    }
}
