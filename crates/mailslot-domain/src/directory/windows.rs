//! Owners and security descriptors of files.

// Windows has no safe calls for security descriptors.
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_READ, GENERIC_WRITE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW,
    SDDL_REVISION_1, SE_FILE_OBJECT, SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, GetSecurityDescriptorDacl,
    GetTokenInformation, INHERIT_ONLY_ACE, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID, SECURITY_MAX_SID_SIZE, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ADD_FILE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_READ_DATA, FILE_WRITE_DATA, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::{ACCESS_ALLOWED_ACE_TYPE, ACCESS_DENIED_ACE_TYPE};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use crate::error::{Error, Result};

/// The system, the administrators, and whoever makes or owns the file.
const TRUSTED: [&str; 4] = ["S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-4"];

/// Bytes of the largest SID, with the structure before it.
const MAX_TOKEN_USER: usize = size_of::<TOKEN_USER>() + SECURITY_MAX_SID_SIZE as usize;

/// What lets others change a file, or who may use it.
const CHANGE: u32 = WRITE_DAC | WRITE_OWNER | DELETE | GENERIC_WRITE | GENERIC_ALL;
/// What lets others read a file of keys, or change it.
const OF_FILE: u32 = CHANGE | FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | GENERIC_READ;
/// What lets others put files into a directory, or replace one.
const OF_DIRECTORY: u32 = CHANGE | FILE_ADD_FILE | FILE_DELETE_CHILD;

/// The users whose files are read: the system, the administrators, and the user of this process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Owners;

impl Owners {
    /// Windows has no numbers for users, and a node there does not become another one.
    pub(super) fn with(_uid: u32) -> Owners {
        Owners
    }

    /// Only administrators can make symbolic links, unless an administrator has allowed it to others.
    pub(super) fn check_path(self, path: &Path) -> Result<()> {
        fs::symlink_metadata(path).map(drop).map_err(|source| Error::io(format!("read {}", path.display()), source))
    }

    /// Checks that the file belongs to one of them, and that nobody else may read or change it.
    pub(super) fn check_file(self, path: &Path, _file: &File) -> Result<()> {
        check(path, OF_FILE)
    }

    /// Checks that no other user can put files into the directory.
    pub(super) fn check_directory(self, path: &Path) -> Result<()> {
        check(path, OF_DIRECTORY)
    }
}

fn check(path: &Path, rights: u32) -> Result<()> {
    let other = Descriptor::of(path).and_then(|descriptor| descriptor.other(rights));
    match other.map_err(|source| Error::io(format!("find who may use {}", path.display()), source))? {
        None => Ok(()),
        Some(who) => Err(Error::OpenToOthers { path: path.to_owned(), who }),
    }
}

/// `mailslot\domains` in the directory of the data of programs.
pub(super) fn usual(environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let data = environment("ProgramData").map(PathBuf::from).filter(|path| path.is_absolute());
    data.map(|data| data.join(r"mailslot\domains"))
}

/// Windows has no numbers for users.
pub(super) fn owner_for_superuser(_path: &Path) -> Option<u32> {
    None
}

/// Creates the directory, for the system, the administrators and this user, if it does not exist. What is created in
/// it is for them as well.
pub(super) fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    protect(path, "OICI")
}

/// Lets nobody but the system, the administrators and its owner use a new file.
pub(super) fn keep_private(_file: &File, path: &Path, _directory: &Path) -> io::Result<()> {
    protect(path, "")
}

/// Directories cannot be written to disk on their own: the system keeps its journal.
pub(super) fn sync(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Replaces the list of those who may use what is at `path`. `flags` say to what is created in it that applies, too.
fn protect(path: &Path, flags: &str) -> io::Result<()> {
    let user = user()?;
    let sddl = format!("D:P(A;{flags};FA;;;SY)(A;{flags};FA;;;BA)(A;{flags};FA;;;{user})");
    let sddl: Vec<u16> = sddl.encode_utf16().chain([0]).collect();
    let mut descriptor = Descriptor { all: null_mut(), owner: null_mut(), dacl: null_mut() };
    let size = null_mut();
    // SAFETY: `sddl` ends with a NUL, and the output is a local of this function.
    succeeded(unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl.as_ptr(), SDDL_REVISION_1, &mut descriptor.all, size)
    })?;
    let (mut is_there, mut is_default) = (0, 0);
    // SAFETY: the descriptor was just made; the outputs are locals of this function.
    succeeded(unsafe {
        GetSecurityDescriptorDacl(descriptor.all, &mut is_there, &mut descriptor.dacl, &mut is_default)
    })?;
    let path = wide(path);
    let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    let (owner, group, sacl) = (null_mut(), null_mut(), null_mut());
    // SAFETY: `path` ends with a NUL; the list is part of the descriptor, which outlives the call.
    let code = unsafe {
        SetNamedSecurityInfoW(path.as_ptr().cast_mut(), SE_FILE_OBJECT, what, owner, group, descriptor.dacl, sacl)
    };
    of_code(code)
}

/// A security descriptor, allocated by the system.
struct Descriptor {
    all: PSECURITY_DESCRIPTOR,
    /// Both are parts of it.
    owner: PSID,
    dacl: *mut ACL,
}

impl Descriptor {
    fn of(path: &Path) -> io::Result<Descriptor> {
        let path = wide(path);
        let mut descriptor = Descriptor { all: null_mut(), owner: null_mut(), dacl: null_mut() };
        let what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        let (group, sacl) = (null_mut(), null_mut());
        let Descriptor { all, owner, dacl } = &mut descriptor;
        // SAFETY: `path` ends with a NUL; the outputs are fields of a local of this function.
        of_code(unsafe { GetNamedSecurityInfoW(path.as_ptr(), SE_FILE_OBJECT, what, owner, group, dacl, sacl, all) })?;
        Ok(descriptor)
    }

    /// One who is not trusted and has any of the `rights`, or owns it; `None` if there is nobody.
    fn other(&self, rights: u32) -> io::Result<Option<String>> {
        let user = user()?;
        let is_trusted = |who: &str| who == user || TRUSTED.contains(&who);
        // SAFETY: the owner is a SID in the descriptor, which lives.
        let owner = unsafe { text(self.owner) }?;
        if !is_trusted(&owner) {
            return Ok(Some(owner));
        }
        if self.dacl.is_null() {
            return Ok(Some("everybody".to_owned()));
        }
        // SAFETY: the list is part of the descriptor, which lives.
        let count = unsafe { (*self.dacl).AceCount };
        for index in 0..u32::from(count) {
            let mut ace = null_mut();
            // SAFETY: as above; the output is a local of this function.
            succeeded(unsafe { GetAce(self.dacl, index, &mut ace) })?;
            // SAFETY: every entry begins with this header.
            let header = unsafe { ace.cast::<ACE_HEADER>().read_unaligned() };
            let is_about_others = u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0;
            match u32::from(header.AceType) {
                _ if is_about_others => {}
                ACCESS_DENIED_ACE_TYPE => {}
                ACCESS_ALLOWED_ACE_TYPE => {
                    let ace = ace.cast::<ACCESS_ALLOWED_ACE>();
                    // SAFETY: an entry of this type has this form, and ends with the SID, which begins in it.
                    let (mask, who) = unsafe { ((*ace).Mask, text((&raw mut (*ace).SidStart).cast())?) };
                    if mask & rights != 0 && !is_trusted(&who) {
                        return Ok(Some(who));
                    }
                }
                // Entries with conditions, and for objects of a directory service: they may allow anything.
                other => return Ok(Some(format!("whomever an entry of type {other} allows it"))),
            }
        }
        Ok(None)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system allocated it with `LocalAlloc`, or it is null; this is its only owner.
        unsafe { LocalFree(self.all) };
    }
}

/// The user of this process, as a SID in text form.
fn user() -> io::Result<String> {
    let mut token = null_mut();
    // SAFETY: the pseudo handle of this process is always valid; the output is a local of this function.
    succeeded(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
    // SAFETY: the system has just made this handle for us, and nothing else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // Words, so that the structure at the beginning is aligned.
    let mut user = [0_usize; MAX_TOKEN_USER.div_ceil(size_of::<usize>())];
    let (size, mut needed) = (size_of_val(&user) as u32, 0);
    // SAFETY: the token is open; `user` has `size` bytes, and the outputs are locals of this function.
    succeeded(unsafe {
        GetTokenInformation(token.as_raw_handle(), TokenUser, user.as_mut_ptr().cast(), size, &mut needed)
    })?;
    // SAFETY: the call has filled `user`, which begins with this structure, whose SID lies behind it.
    unsafe { text((*user.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// The text form of a SID.
///
/// # Safety
///
/// `sid` must point to one.
unsafe fn text(sid: PSID) -> io::Result<String> {
    let mut text = null_mut();
    // SAFETY: as the caller promises; the output is a local of this function.
    succeeded(unsafe { ConvertSidToStringSidW(sid, &mut text) })?;
    // SAFETY: the text ends with a NUL, and is read no further than that.
    let units = (0..).map(|index| unsafe { *text.add(index) }).take_while(|unit| *unit != 0);
    let sid = String::from_utf16_lossy(&units.collect::<Vec<u16>>());
    // SAFETY: the system allocated the text with `LocalAlloc`, and it is not used any more.
    unsafe { LocalFree(text.cast()) };
    Ok(sid)
}

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

fn of_code(code: u32) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}

fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
