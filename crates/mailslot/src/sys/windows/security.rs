//! Access rules as security descriptors.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::text;
use crate::error::{Error, Result};
use crate::options::Access;

/// A security descriptor, allocated by the system.
pub(super) struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    /// The descriptor of a slot: its creator, the administrators and the system have full access, and other users of
    /// this machine may write if `access` says so.
    pub(super) fn new(access: &Access) -> Result<Descriptor> {
        let others = match access {
            Access::Owner => "",
            // The rights of `GENERIC_WRITE`, for the group of all users.
            Access::Everyone => "(A;;GW;;;WD)",
            Access::Group(_) | Access::Users(_) => {
                return Err(Error::InvalidOption {
                    option: "access",
                    expected: "Owner or Everyone on Windows, which has no numbers for groups and users".to_owned(),
                });
            }
        };
        user_sid()
            .and_then(|user| Descriptor::parse(&format!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{user}){others}")))
            .map_err(|source| Error::io("create the security descriptor of a slot", source))
    }

    pub(super) fn as_ptr(&self) -> PSECURITY_DESCRIPTOR {
        self.0
    }

    fn parse(sddl: &str) -> io::Result<Descriptor> {
        let (sddl, mut descriptor) = (text::wide(sddl), null_mut());
        // SAFETY: `sddl` ends with a NUL; the output is a local of this function, and the size is not requested.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                sddl.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                null_mut(),
            )
        };
        if made == 0 { Err(io::Error::last_os_error()) } else { Ok(Descriptor(descriptor)) }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system allocated it with `LocalAlloc`, and this is its only owner.
        unsafe { LocalFree(self.0) };
    }
}

/// The system and the group of administrators.
const SUPERUSERS: [&str; 2] = ["S-1-5-18", "S-1-5-32-544"];

/// Whether the slot belongs to the system, the administrators or the user of this process. Wine does not say whose it
/// is; there all processes are of one user.
pub(super) fn is_of_trusted_user(slot: BorrowedHandle<'_>) -> io::Result<bool> {
    let (mut owner, mut descriptor) = (null_mut(), Descriptor(null_mut()));
    // SAFETY: the handle is open as long as it is borrowed; the outputs are locals of this function.
    let code = unsafe {
        GetSecurityInfo(
            slot.as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &mut descriptor.0,
        )
    };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    if owner.is_null() {
        return Ok(true);
    }
    // SAFETY: the owner is a SID in the descriptor, which lives.
    let owner = unsafe { text_of(owner) }?;
    Ok(SUPERUSERS.contains(&owner.as_str()) || owner == user_sid()?)
}

/// The user of this process, as a SID in text form.
fn user_sid() -> io::Result<String> {
    let mut token = null_mut();
    // SAFETY: the pseudo handle of this process is always valid; the output is a local of this function.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just made this handle for us, and nothing else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // A buffer of words, so that the structure at its beginning is aligned.
    let mut user: Vec<usize> = Vec::new();
    loop {
        let (room, mut needed) = ((user.len() * size_of::<usize>()) as u32, 0);
        // SAFETY: the token is open, `user` has `room` bytes of room, and the outputs are locals of this function.
        let told = unsafe {
            GetTokenInformation(token.as_raw_handle(), TokenUser, user.as_mut_ptr().cast(), room, &mut needed)
        };
        if told != 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if !text::is(&error, ERROR_INSUFFICIENT_BUFFER) || needed <= room {
            return Err(error);
        }
        user.resize((needed as usize).div_ceil(size_of::<usize>()), 0);
    }
    // SAFETY: `GetTokenInformation` has filled `user`, which begins with a `TOKEN_USER` whose SID lies behind it.
    unsafe { text_of((*user.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// The text form of a SID.
///
/// # Safety
///
/// `sid` must point to one.
unsafe fn text_of(sid: PSID) -> io::Result<String> {
    let mut text = null_mut();
    // SAFETY: as the caller promises; the output is a local of this function.
    if unsafe { ConvertSidToStringSidW(sid, &mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the text ends with a NUL, and is read no further than that.
    let units = (0..).map(|index| unsafe { *text.add(index) }).take_while(|unit| *unit != 0);
    let sid = String::from_utf16_lossy(&units.collect::<Vec<u16>>());
    // SAFETY: the system allocated the text with `LocalAlloc`, and it is not used any more.
    unsafe { LocalFree(text.cast()) };
    Ok(sid)
}
