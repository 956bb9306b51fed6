//! Security descriptors: their text, their bytes, and what they mean for a slot.
//!
//! Text becomes bytes as Windows lays them out, and only bytes are understood at creation, so it does not matter who
//! made them.

mod acl;
mod bytes;
mod entries;
mod list;
mod sddl;
mod sid;

use core::ffi::c_void;

use mailslot::Access;

use crate::code::Result;

pub(crate) use acl::{Entry, Kind, Sid};
pub(crate) use bytes::{dacl_pointer, encode, initialize, is_valid, set_dacl, set_owner};
pub(crate) use entries::{ExplicitAccess, merged};
pub(crate) use list::{add, count_and_size, entry, initialize as initialize_list, is_valid as is_valid_list};
pub(crate) use sddl::{parse, parse_sid};
pub(crate) use sid::{encode as encode_sid, longest as longest_sid, own as own_sid, read as read_sid, well_known};

/// What a descriptor means for a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permissions {
    pub(crate) access: Access,
    /// Whether other machines may write, as far as the descriptor is concerned.
    pub(crate) network: bool,
}

impl Permissions {
    /// No descriptor, or one without an access list: every user of the machine may write, as on Windows.
    pub(crate) const EVERYONE: Permissions = Permissions { access: Access::Everyone, network: true };
}

/// What the descriptor at `descriptor` means; `NULL` is the default.
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
