//! Security descriptors.

use core::ffi::c_void;

use super::memory;
use crate::abi::Bool;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Narrow, Out, Wide};
use crate::security;
use crate::text;

/// `SDDL_REVISION_1`.
const REVISION: u32 = 1;

#[unsafe(no_mangle)]
extern "C" fn ConvertStringSecurityDescriptorToSecurityDescriptorA(
    text: Narrow,
    revision: u32,
    descriptor: Out<*mut c_void>,
    size: Out<u32>,
) -> Bool {
    boundary::call(Bool::FALSE, || convert(text::from_narrow(text)?, revision, &descriptor, &size))
}

#[unsafe(no_mangle)]
extern "C" fn ConvertStringSecurityDescriptorToSecurityDescriptorW(
    text: Wide,
    revision: u32,
    descriptor: Out<*mut c_void>,
    size: Out<u32>,
) -> Bool {
    boundary::call(Bool::FALSE, || convert(text::from_wide(text)?, revision, &descriptor, &size))
}

#[unsafe(no_mangle)]
extern "C" fn InitializeSecurityDescriptor(descriptor: *mut c_void, revision: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        security::initialize(descriptor, revision)?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetSecurityDescriptorDacl(
    descriptor: *mut c_void,
    present: Bool,
    dacl: *const c_void,
    _defaulted: Bool,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        security::set_dacl(descriptor, present.is_true(), dacl)?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetSecurityDescriptorOwner(descriptor: *mut c_void, owner: *const c_void, _defaulted: Bool) -> Bool {
    boundary::call(Bool::FALSE, || security::set_owner(descriptor, owner, false).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn SetSecurityDescriptorGroup(descriptor: *mut c_void, group: *const c_void, _defaulted: Bool) -> Bool {
    boundary::call(Bool::FALSE, || security::set_owner(descriptor, group, true).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn GetSecurityDescriptorDacl(
    descriptor: *const c_void,
    present: Out<Bool>,
    dacl: Out<*const c_void>,
    defaulted: Out<Bool>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let found = security::dacl_pointer(descriptor)?;
        present.required()?;
        present.set(found.is_some().into());
        if let Some(found) = found {
            dacl.set(found);
            defaulted.set(Bool::FALSE);
        }
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn IsValidSecurityDescriptor(descriptor: *const c_void) -> Bool {
    boundary::call(Bool::FALSE, || Ok(security::is_valid(descriptor).into()))
}

fn convert(text: Option<String>, revision: u32, descriptor: &Out<*mut c_void>, size: &Out<u32>) -> Result<Bool> {
    descriptor.required()?;
    let text = text.ok_or(Code::INVALID_PARAMETER)?;
    if revision != REVISION {
        return Err(Code::UNKNOWN_REVISION);
    }
    let acl = security::parse(&text)?;
    if let Some(acl) = &acl {
        // Sooner than at the creation of a slot the program can say why.
        acl.permissions()?;
    }
    let bytes = security::encode(acl.as_ref())?;
    descriptor.set(memory::copy(&bytes)?);
    size.set(bytes.len() as u32);
    Ok(Bool::TRUE)
}
