//! Names of objects.

use core::fmt::Write as _;

use crate::abi::MAX_PATH;
use crate::code::{Code, Result};

/// Bytes of the longest name of a file in the directory, without suffixes.
const MAX_FILE_NAME: usize = 200;
const LOCAL: &str = "Local\\";
const GLOBAL: &str = "Global\\";

/// The name of an object. Letter case counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectName {
    global: bool,
    name: String,
}

impl ObjectName {
    /// The name of an `A` function, which accepts names below `MAX_PATH` characters; `None` for no name.
    pub(crate) fn narrow(name: Option<&[u8]>) -> Result<Option<ObjectName>> {
        let Some(name) = name else { return Ok(None) };
        let name = core::str::from_utf8(name).map_err(|_| Code::INVALID_NAME)?;
        if name.encode_utf16().count() >= MAX_PATH {
            return Err(Code::FILENAME_EXCED_RANGE);
        }
        ObjectName::parse(name)
    }

    /// Name of a `W` function; `None` for no name.
    pub(crate) fn wide(name: Option<&[u16]>) -> Result<Option<ObjectName>> {
        let Some(name) = name else { return Ok(None) };
        ObjectName::parse(&String::from_utf16(name).map_err(|_| Code::INVALID_NAME)?)
    }

    fn parse(text: &str) -> Result<Option<ObjectName>> {
        let (global, name) = match text.strip_prefix(GLOBAL) {
            Some(name) => (true, name),
            None => (false, text.strip_prefix(LOCAL).unwrap_or(text)),
        };
        match name {
            "" if text.is_empty() => Ok(None),
            "" => Err(Code::INVALID_NAME),
            // These are directories of the system on Windows.
            "Local" | "Global" if name == text => Err(Code::INVALID_HANDLE),
            _ if text.starts_with('\\') => Err(Code::BAD_PATHNAME),
            _ if name.contains('\\') => Err(Code::PATH_NOT_FOUND),
            name => Ok(Some(ObjectName { global, name: name.to_owned() })),
        }
    }

    /// The name of its file: one for each object.
    pub(super) fn file(&self) -> String {
        let mut file = String::from(if self.global { "Global!" } else { "Local!" });
        for byte in self.name.bytes() {
            // Writing to a String does not fail.
            let _ = match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => file.write_char(byte.into()),
                _ => write!(file, "%{byte:02x}"),
            };
        }
        if file.len() > MAX_FILE_NAME {
            let hash = fnv(self.name.as_bytes());
            file.truncate(MAX_FILE_NAME - 33);
            // Short names never contain this mark.
            let _ = write!(file, "~{hash:032x}");
        }
        file
    }
}

/// The hash of Fowler, Noll and Vo, with 128 bits. Collisions can be constructed; a user who does that gets one object
/// for both names.
fn fnv(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> String {
        ObjectName::parse(text).expect("valid").expect("not empty").file()
    }

    #[test]
    fn different_names_have_different_files() {
        let long = "x".repeat(300);
        let names = ["a", "A", "a.", "%61", "a!bell", "a/b", ".lock", "..", "é", "Global\\a", &long, &long[1..]];
        for (index, one) in names.iter().enumerate() {
            assert!(file(one).len() <= MAX_FILE_NAME, "{one}");
            assert!(file(one).bytes().all(|byte| byte != b'/'), "{one}");
            for other in &names[..index] {
                assert_ne!(file(one), file(other));
            }
        }
        assert_eq!(file("Local\\a"), file("a"));
    }

    #[test]
    fn names_that_no_object_may_have() {
        for (name, code) in [
            ("Local\\", Code::INVALID_NAME),
            ("Global\\", Code::INVALID_NAME),
            ("Global", Code::INVALID_HANDLE),
            ("a\\b", Code::PATH_NOT_FOUND),
            ("local\\a", Code::PATH_NOT_FOUND),
            ("Local\\a\\b", Code::PATH_NOT_FOUND),
            ("\\a", Code::BAD_PATHNAME),
        ] {
            assert_eq!(ObjectName::parse(name), Err(code), "{name}");
        }
        assert_eq!(ObjectName::parse(""), Ok(None));
    }
}
