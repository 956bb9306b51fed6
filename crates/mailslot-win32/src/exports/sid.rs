//! Security identifiers, and the token with the user's identifier.

use core::ffi::{c_char, c_void};

use super::memory;
use crate::abi::{Bool, Handle};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::pointer::{Buffer, In, InOut, Narrow, Out, Wide};
use crate::security::{self, Sid};
use crate::text;

/// `TokenUser`.
const TOKEN_USER: u32 = 1;

#[unsafe(no_mangle)]
extern "C" fn AllocateAndInitializeSid(
    authority: In<[u8; 6]>,
    count: u8,
    sub0: u32,
    sub1: u32,
    sub2: u32,
    sub3: u32,
    sub4: u32,
    sub5: u32,
    sub6: u32,
    sub7: u32,
    sid: Out<*mut c_void>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        sid.required()?;
        let subs = [sub0, sub1, sub2, sub3, sub4, sub5, sub6, sub7];
        let subs = subs.get(..usize::from(count)).ok_or(Code::INVALID_SID)?;
        sid.set(memory::copy(&security::encode_sid(&Sid::new(number(&authority)?, subs)))?);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn FreeSid(sid: *mut c_void) -> *mut c_void {
    memory::free(sid)
}

#[unsafe(no_mangle)]
extern "C" fn InitializeSid(sid: Buffer<u8>, authority: In<[u8; 6]>, count: u8) -> Bool {
    boundary::call(Bool::FALSE, || {
        if count > 15 {
            return Err(Code::INVALID_PARAMETER);
        }
        let bytes = security::encode_sid(&Sid::new(number(&authority)?, &vec![0; count.into()]));
        sid.slice(bytes.len()).ok_or(Code::INVALID_PARAMETER)?.copy_from_slice(&bytes);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetSidIdentifierAuthority(sid: *mut u8) -> *mut u8 {
    sid.wrapping_add(2)
}

#[unsafe(no_mangle)]
extern "C" fn GetSidSubAuthorityCount(sid: *mut u8) -> *mut u8 {
    sid.wrapping_add(1)
}

#[unsafe(no_mangle)]
extern "C" fn GetSidSubAuthority(sid: *mut u8, index: u32) -> *mut u8 {
    sid.wrapping_add(8 + 4 * index as usize)
}

#[unsafe(no_mangle)]
extern "C" fn GetSidLengthRequired(count: u8) -> u32 {
    security::longest_sid(count)
}

#[unsafe(no_mangle)]
extern "C" fn GetLengthSid(sid: *const c_void) -> u32 {
    boundary::call(0, || Ok(security::encode_sid(&security::read_sid(sid)?).len() as u32))
}

#[unsafe(no_mangle)]
extern "C" fn CopySid(room: u32, target: Buffer<u8>, sid: *const c_void) -> Bool {
    boundary::call(Bool::FALSE, || {
        let bytes = security::encode_sid(&security::read_sid(sid)?);
        if (room as usize) < bytes.len() {
            return Err(Code::INSUFFICIENT_BUFFER);
        }
        target.slice(bytes.len()).ok_or(Code::INVALID_PARAMETER)?.copy_from_slice(&bytes);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn EqualSid(one: *const c_void, other: *const c_void) -> Bool {
    boundary::call(Bool::FALSE, || {
        let equal = security::read_sid(one)? == security::read_sid(other)?;
        boundary::set_last_error(Code::SUCCESS);
        Ok(equal.into())
    })
}

#[unsafe(no_mangle)]
extern "C" fn IsValidSid(sid: *const c_void) -> Bool {
    boundary::call(Bool::FALSE, || Ok(security::read_sid(sid).is_ok().into()))
}

#[unsafe(no_mangle)]
extern "C" fn CreateWellKnownSid(kind: u32, _domain: *const c_void, target: Buffer<u8>, size: InOut<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let bytes = security::encode_sid(&security::well_known(kind).ok_or(Code::INVALID_PARAMETER)?);
        let room = size.read().ok_or(Code::INVALID_PARAMETER)?;
        size.set(bytes.len() as u32);
        if target.is_null() || (room as usize) < bytes.len() {
            return Err(Code::INSUFFICIENT_BUFFER);
        }
        target.slice(bytes.len()).ok_or(Code::INVALID_PARAMETER)?.copy_from_slice(&bytes);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ConvertStringSidToSidA(text: Narrow, sid: Out<*mut c_void>) -> Bool {
    boundary::call(Bool::FALSE, || from_text(text::from_narrow(text)?, &sid))
}

#[unsafe(no_mangle)]
extern "C" fn ConvertStringSidToSidW(text: Wide, sid: Out<*mut c_void>) -> Bool {
    boundary::call(Bool::FALSE, || from_text(text::from_wide(text)?, &sid))
}

#[unsafe(no_mangle)]
extern "C" fn ConvertSidToStringSidA(sid: *const c_void, text: Out<*mut c_char>) -> Bool {
    boundary::call(Bool::FALSE, || {
        text.required()?;
        let bytes: Vec<u8> = security::read_sid(sid)?.to_string().bytes().chain([0]).collect();
        text.set(memory::copy(&bytes)?.cast());
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ConvertSidToStringSidW(sid: *const c_void, text: Out<*mut u16>) -> Bool {
    boundary::call(Bool::FALSE, || {
        text.required()?;
        let units = security::read_sid(sid)?
            .to_string()
            .encode_utf16()
            .chain([0])
            .flat_map(u16::to_ne_bytes)
            .collect::<Vec<u8>>();
        text.set(memory::copy(&units)?.cast());
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenProcessToken(process: Handle, _access: u32, token: Out<Handle>) -> Bool {
    boundary::call(Bool::FALSE, || {
        token.required()?;
        if process != Handle::INVALID {
            handles::find(process)?.object.process()?;
            return Err(Code::NOT_SUPPORTED);
        }
        token.set(Handle::CURRENT_TOKEN);
        Ok(Bool::TRUE)
    })
}

/// Threads never impersonate another user.
#[unsafe(no_mangle)]
extern "C" fn OpenThreadToken(_thread: Handle, _access: u32, _as_self: Bool, _token: Out<Handle>) -> Bool {
    boundary::call(Bool::FALSE, || Err(Code::NO_TOKEN))
}

#[unsafe(no_mangle)]
extern "C" fn GetTokenInformation(token: Handle, class: u32, target: Buffer<u8>, room: u32, needed: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        if token != Handle::CURRENT_TOKEN {
            return Err(Code::INVALID_HANDLE);
        }
        if class != TOKEN_USER {
            return Err(Code::NOT_SUPPORTED);
        }
        // TOKEN_USER: a pointer to the identifier, attributes, and after them the identifier.
        let sid = security::encode_sid(&security::own_sid());
        let header = 2 * size_of::<usize>();
        needed.set((header + sid.len()) as u32);
        if target.is_null() || (room as usize) < header + sid.len() {
            return Err(Code::INSUFFICIENT_BUFFER);
        }
        let target = target.slice(header + sid.len()).ok_or(Code::INVALID_PARAMETER)?;
        let place = target[header..].as_ptr().expose_provenance();
        target[..size_of::<usize>()].copy_from_slice(&place.to_ne_bytes());
        target[size_of::<usize>()..header].fill(0);
        target[header..].copy_from_slice(&sid);
        Ok(Bool::TRUE)
    })
}

fn from_text(text: Option<String>, sid: &Out<*mut c_void>) -> Result<Bool> {
    sid.required()?;
    let text = text.ok_or(Code::INVALID_PARAMETER)?;
    sid.set(memory::copy(&security::encode_sid(&security::parse_sid(&text)?))?);
    Ok(Bool::TRUE)
}

/// An authority is a number of six bytes, the highest one first.
fn number(authority: &In<[u8; 6]>) -> Result<u64> {
    let bytes = authority.read().ok_or(Code::INVALID_PARAMETER)?;
    Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}
