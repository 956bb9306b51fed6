//! Access lists that programs build.

use core::ffi::c_void;

use super::memory;
use crate::abi::Bool;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Array, Out};
use crate::security::{self, Entry, ExplicitAccess, Kind};

/// `AclSizeInformation`.
const SIZE_INFORMATION: u32 = 2;

#[unsafe(no_mangle)]
extern "C" fn InitializeAcl(acl: *mut c_void, size: u32, revision: u32) -> Bool {
    boundary::call(Bool::FALSE, || security::initialize_list(acl, size, revision).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn IsValidAcl(acl: *const c_void) -> Bool {
    boundary::call(Bool::FALSE, || Ok(security::is_valid_list(acl).into()))
}

#[unsafe(no_mangle)]
extern "C" fn AddAccessAllowedAce(acl: *mut c_void, _revision: u32, mask: u32, sid: *const c_void) -> Bool {
    add(acl, Kind::Allow, 0, mask, sid)
}

#[unsafe(no_mangle)]
extern "C" fn AddAccessAllowedAceEx(
    acl: *mut c_void,
    _revision: u32,
    flags: u32,
    mask: u32,
    sid: *const c_void,
) -> Bool {
    add(acl, Kind::Allow, flags, mask, sid)
}

#[unsafe(no_mangle)]
extern "C" fn AddAccessDeniedAce(acl: *mut c_void, _revision: u32, mask: u32, sid: *const c_void) -> Bool {
    add(acl, Kind::Deny, 0, mask, sid)
}

#[unsafe(no_mangle)]
extern "C" fn AddAccessDeniedAceEx(
    acl: *mut c_void,
    _revision: u32,
    flags: u32,
    mask: u32,
    sid: *const c_void,
) -> Bool {
    add(acl, Kind::Deny, flags, mask, sid)
}

#[unsafe(no_mangle)]
extern "C" fn GetAce(acl: *mut c_void, index: u32, entry: Out<*mut c_void>) -> Bool {
    boundary::call(Bool::FALSE, || {
        entry.required()?;
        entry.set(security::entry(acl, index)?);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetAclInformation(acl: *const c_void, information: Out<[u32; 3]>, size: u32, class: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        information.required()?;
        if class != SIZE_INFORMATION {
            return Err(Code::INVALID_PARAMETER);
        }
        if (size as usize) < size_of::<[u32; 3]>() {
            return Err(Code::INSUFFICIENT_BUFFER);
        }
        information.set(security::count_and_size(acl)?);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetEntriesInAclA(
    count: u32,
    changes: Array<ExplicitAccess>,
    old: *const c_void,
    new: Out<*mut c_void>,
) -> u32 {
    set_entries(count, &changes, old, &new, false)
}

#[unsafe(no_mangle)]
extern "C" fn SetEntriesInAclW(
    count: u32,
    changes: Array<ExplicitAccess>,
    old: *const c_void,
    new: Out<*mut c_void>,
) -> u32 {
    set_entries(count, &changes, old, &new, true)
}

fn add(acl: *mut c_void, kind: Kind, flags: u32, mask: u32, sid: *const c_void) -> Bool {
    boundary::call(Bool::FALSE, || {
        let sid = security::read_sid(sid)?;
        let flags = u8::try_from(flags).map_err(|_| Code::INVALID_PARAMETER)?;
        security::add(acl, &Entry { kind, flags, mask, sid })?;
        Ok(Bool::TRUE)
    })
}

/// Returns the error code itself, as Windows does here.
fn set_entries(
    count: u32,
    changes: &Array<ExplicitAccess>,
    old: *const c_void,
    new: &Out<*mut c_void>,
    wide: bool,
) -> u32 {
    let make = || -> Result<()> {
        new.required()?;
        let changes = changes.to_write(count as usize).map_err(|_| Code::INVALID_PARAMETER)?;
        new.set(memory::copy(&security::merged(changes, old, wide)?)?);
        Ok(())
    };
    boundary::call(Code::INTERNAL_ERROR.0, || Ok(make().err().unwrap_or(Code::SUCCESS).0))
}
