//! Security descriptors.

use core::ffi::c_void;

use super::memory;
use crate::abi::Bool;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Narrow, Out, Wide};
use crate::security::{self, Parts};
use crate::text;

/// `SDDL_REVISION_1`.
const REVISION: u32 = 1;
const OWNER_SECURITY_INFORMATION: u32 = 0x1;
const GROUP_SECURITY_INFORMATION: u32 = 0x2;
const DACL_SECURITY_INFORMATION: u32 = 0x4;

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
extern "C" fn ConvertSecurityDescriptorToStringSecurityDescriptorA(
    descriptor: *const c_void,
    revision: u32,
    information: u32,
    text: Out<*mut c_void>,
    length: Out<u32>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let bytes = to_text(descriptor, revision, information, &text)?.into_bytes();
        store(&bytes, size_of::<u8>(), &text, &length)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ConvertSecurityDescriptorToStringSecurityDescriptorW(
    descriptor: *const c_void,
    revision: u32,
    information: u32,
    text: Out<*mut c_void>,
    length: Out<u32>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let units = to_text(descriptor, revision, information, &text)?;
        let units: Vec<u8> = units.encode_utf16().flat_map(u16::to_ne_bytes).collect();
        store(&units, size_of::<u16>(), &text, &length)
    })
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

fn to_text(descriptor: *const c_void, revision: u32, information: u32, text: &Out<*mut c_void>) -> Result<String> {
    text.required()?;
    if revision != REVISION {
        return Err(Code::UNKNOWN_REVISION);
    }
    let asked = |part| information & part != 0;
    security::to_text(
        descriptor,
        Parts {
            owner: asked(OWNER_SECURITY_INFORMATION),
            group: asked(GROUP_SECURITY_INFORMATION),
            list: asked(DACL_SECURITY_INFORMATION),
        },
    )
}

/// Gives the program text of units of this size, with a NUL, which counts as one of them.
fn store(units: &[u8], unit: usize, text: &Out<*mut c_void>, length: &Out<u32>) -> Result<Bool> {
    let with_nul = [units, &[0; 2][..unit]].concat();
    text.set(memory::copy(&with_nul)?);
    length.set((with_nul.len() / unit) as u32);
    Ok(Bool::TRUE)
}

fn convert(text: Option<String>, revision: u32, descriptor: &Out<*mut c_void>, size: &Out<u32>) -> Result<Bool> {
    descriptor.required()?;
    let text = text.ok_or(Code::INVALID_PARAMETER)?;
    if revision != REVISION {
        return Err(Code::UNKNOWN_REVISION);
    }
    let described = security::parse(&text)?;
    if let Some(acl) = &described.acl {
        // Checked here as well, because an error at the creation of a slot would be harder to explain.
        acl.permissions()?;
    }
    let bytes = security::encode(&described)?;
    descriptor.set(memory::copy(&bytes)?);
    size.set(bytes.len() as u32);
    Ok(Bool::TRUE)
}
