//! The name of this machine.

use windows_sys::Win32::System::WindowsProgramming::{GetComputerNameW, MAX_COMPUTERNAME_LENGTH};

use mailslot_names::NetbiosName;

/// The NetBIOS name of this machine.
pub(crate) fn computer_name() -> Option<NetbiosName> {
    let mut name = [0; MAX_COMPUTERNAME_LENGTH as usize + 1];
    let mut length = name.len() as u32;
    // SAFETY: `name` has room for `length` characters, which the call is given; both are locals of this function.
    let found = unsafe { GetComputerNameW(name.as_mut_ptr(), &mut length) } != 0;
    let name = String::from_utf16(name.get(..length as usize)?).ok()?;
    found.then(|| name.parse().ok())?
}
