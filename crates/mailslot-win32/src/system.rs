//! The names of machine, user and process, and paths.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::code::{Code, Result};
use crate::command_line;

/// The forms of a computer's name, by the numbers of `COMPUTER_NAME_FORMAT`; the second four mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameFormat {
    NetBios,
    Host,
    Domain,
    Qualified,
}

impl NameFormat {
    pub(crate) fn new(number: u32) -> Option<NameFormat> {
        match number {
            0 | 4 => Some(NameFormat::NetBios),
            1 | 5 => Some(NameFormat::Host),
            2 | 6 => Some(NameFormat::Domain),
            3 | 7 => Some(NameFormat::Qualified),
            _ => None,
        }
    }
}

/// The NetBIOS name is the one by which other machines know this one's slots.
pub(crate) fn computer_name(format: NameFormat) -> Result<String> {
    let mut buffer = [0_u8; 256];
    // SAFETY: room for as many bytes, less one that stays zero.
    if unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) } != 0 {
        return Err(Code::GEN_FAILURE);
    }
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(buffer.len());
    let whole = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let (host, domain) = whole.split_once('.').unwrap_or((&whole, ""));
    Ok(match format {
        NameFormat::NetBios => {
            let cut: String = host.chars().take(15).collect();
            // A host name that is not a NetBIOS name is better than none.
            cut.parse().map_or_else(|_| cut.to_uppercase(), |name: mailslot::NetbiosName| name.to_string())
        }
        NameFormat::Host => host.to_owned(),
        NameFormat::Domain => domain.to_owned(),
        NameFormat::Qualified => whole,
    })
}

/// The name of the effective user, or the number of a user without a name.
pub(crate) fn user_name() -> Result<String> {
    // SAFETY: no parameters.
    let user = unsafe { libc::geteuid() };
    let found = account(|entry, buffer, size, found| {
        // SAFETY: `account` passes valid places for all results.
        unsafe { libc::getpwuid_r(user, entry, buffer, size, found) }
    });
    Ok(found.map_or_else(|| user.to_string(), |(name, _)| name))
}

/// The number of the user of this name.
pub(crate) fn user_number(name: &str) -> Option<u32> {
    let name = std::ffi::CString::new(name).ok()?;
    let found = account(|entry, buffer, size, found| {
        // SAFETY: a text that ends with NUL; `account` passes valid places for all results.
        unsafe { libc::getpwnam_r(name.as_ptr(), entry, buffer, size, found) }
    });
    found.map(|(_, number)| number)
}

/// Name and number of the account that a function of the C library finds.
fn account(
    find: impl Fn(*mut libc::passwd, *mut libc::c_char, usize, *mut *mut libc::passwd) -> i32,
) -> Option<(String, u32)> {
    let mut buffer = vec![0_u8; 1024];
    loop {
        // SAFETY: the structure is valid when all bytes are zero.
        let mut entry: libc::passwd = unsafe { core::mem::zeroed() };
        let mut found = core::ptr::null_mut();
        match find(&raw mut entry, buffer.as_mut_ptr().cast(), buffer.len(), &raw mut found) {
            libc::ERANGE if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 2, 0),
            libc::EINTR => {}
            0 if !found.is_null() => {
                // SAFETY: the entry was found, so its name is a text in `buffer`.
                let name = unsafe { core::ffi::CStr::from_ptr(entry.pw_name) };
                return Some((name.to_string_lossy().into_owned(), entry.pw_uid));
            }
            _ => return None,
        }
    }
}

/// The directory for temporary files, with a slash at its end.
pub(crate) fn temporary_directory() -> Result<String> {
    let path = text(std::env::temp_dir().into_os_string())?;
    Ok(if path.ends_with('/') { path } else { path + "/" })
}

/// Creates a new empty file, or only a name if `number` is not 0. Returns the path and the number.
pub(crate) fn temporary_file(directory: &str, prefix: &str, number: u32) -> Result<(String, u32)> {
    let directory = PathBuf::from(directory.replace('\\', "/"));
    let prefix: String = prefix.chars().take(3).collect();
    let path = |number: u32| text(directory.join(format!("{prefix}{number:X}.TMP")).into_os_string());
    let number = number & 0xFFFF;
    if number != 0 {
        return Ok((path(number)?, number));
    }
    if !directory.is_dir() {
        return Err(Code::DIRECTORY);
    }
    let first = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    for attempt in 0..0xFFFF {
        let number = (first.wrapping_add(attempt)) % 0xFFFF + 1;
        let path = path(number)?;
        match std::fs::File::create_new(&path) {
            Ok(_) => return Ok((path, number)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Code::FILE_EXISTS)
}

pub(crate) fn current_directory() -> Result<String> {
    text(std::env::current_dir()?.into_os_string())
}

pub(crate) fn set_current_directory(path: &str) -> Result<()> {
    Ok(std::env::set_current_dir(path.replace('\\', "/"))?)
}

/// The value of a variable, whose name may have another case in the environment, as on Windows.
///
/// # Errors
///
/// `ERROR_ENVVAR_NOT_FOUND`
pub(crate) fn variable(name: &str) -> Result<String> {
    let value = std::env::var_os(name).or_else(|| {
        let same = |other: &OsString| other.eq_ignore_ascii_case(name);
        std::env::vars_os().find(|(other, _)| same(other)).map(|(_, value)| value)
    });
    text(value.ok_or(Code::ENVVAR_NOT_FOUND)?)
}

/// `text` with variables' names between percent signs replaced by their values. Unknown names stay.
pub(crate) fn expanded(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        expanded.push_str(before);
        match behind.split_once('%').and_then(|(name, behind)| Some((variable(name).ok()?, behind))) {
            Some((value, behind)) => {
                expanded.push_str(&value);
                rest = behind;
            }
            None => {
                expanded.push('%');
                rest = behind;
            }
        }
    }
    expanded + rest
}

/// The arguments of this process as one text, which can be split into them again.
pub(crate) fn command_line() -> Result<String> {
    let arguments = std::fs::read("/proc/self/cmdline")?;
    let arguments = arguments.strip_suffix(&[0]).unwrap_or(&arguments);
    let quoted = |argument: &[u8]| command_line::quoted(&String::from_utf8_lossy(argument));
    Ok(arguments.split(|byte| *byte == 0).map(quoted).collect::<Vec<String>>().join(" "))
}

fn text(text: OsString) -> Result<String> {
    text.into_string().map_err(|_| Code::NO_UNICODE_TRANSLATION)
}
