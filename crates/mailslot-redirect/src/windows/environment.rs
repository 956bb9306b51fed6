//! The environment of a child process, with one variable more.

use std::ffi::c_void;
use std::os::windows::ffi::OsStrExt;

/// An environment as `CreateProcess` takes it.
pub(super) enum Environment {
    /// Of 8-bit characters.
    Narrow(Vec<u8>),
    /// Of UTF-16.
    Wide(Vec<u16>),
}

impl Environment {
    /// Adds a variable to `block`, or if that is null, to the environment of this process.
    ///
    /// `None` if the value has characters that the block cannot have.
    ///
    /// # Safety
    ///
    /// `block` is null, or one that `CreateProcess` accepts, in UTF-16 if `is_wide`.
    pub(super) unsafe fn with(name: &str, value: &str, block: *const c_void, is_wide: bool) -> Option<Environment> {
        let variable = format!("{name}={value}\0");
        let wide = variable.encode_utf16();
        if block.is_null() {
            let mut all: Vec<u16> = wide.collect();
            for (name, value) in std::env::vars_os() {
                all.extend(name.encode_wide().chain([u16::from(b'=')]).chain(value.encode_wide()).chain([0]));
            }
            all.push(0);
            return Some(Environment::Wide(all));
        }
        if is_wide {
            // SAFETY: as the caller promises.
            let rest = unsafe { until_end::<u16>(block.cast()) };
            return Some(Environment::Wide(wide.chain(rest).chain([0]).collect()));
        }
        if !variable.is_ascii() {
            return None;
        }
        // SAFETY: as the caller promises.
        let rest = unsafe { until_end::<u8>(block.cast()) };
        Some(Environment::Narrow(variable.bytes().chain(rest).chain([0]).collect()))
    }

    pub(super) fn as_ptr(&self) -> *const c_void {
        match self {
            Environment::Narrow(block) => block.as_ptr().cast(),
            Environment::Wide(block) => block.as_ptr().cast(),
        }
    }
}

/// The variables of a block, each with its final zero.
///
/// # Safety
///
/// After the variables, an empty one follows.
unsafe fn until_end<T: Copy + Default + PartialEq>(mut next: *const T) -> Vec<T> {
    let (zero, mut all) = (T::default(), Vec::new());
    let mut begins = true;
    loop {
        // SAFETY: the end is not passed: it is a zero where a variable would begin. Programs need not align it.
        let unit = unsafe { next.read_unaligned() };
        if unit == zero && begins {
            return all;
        }
        begins = unit == zero;
        all.push(unit);
        // SAFETY: as above.
        next = unsafe { next.add(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_before_those_of_the_block() {
        let wide: Vec<u16> = "A=1\0=C:=C:\\\0\0".encode_utf16().collect();
        // SAFETY: the block ends with an empty variable.
        let with = unsafe { Environment::with("N", "é", wide.as_ptr().cast(), true) };
        let Some(Environment::Wide(with)) = with else { panic!("it is wide") };
        assert_eq!(String::from_utf16_lossy(&with), "N=é\0A=1\0=C:=C:\\\0\0");

        let narrow = b"A=1\0\0";
        // SAFETY: as above.
        let with = unsafe { Environment::with("N", "v", narrow.as_ptr().cast(), false) };
        assert!(matches!(with, Some(Environment::Narrow(with)) if with == b"N=v\0A=1\0\0"));
        // SAFETY: as above.
        assert!(unsafe { Environment::with("N", "é", narrow.as_ptr().cast(), false) }.is_none());
    }

    #[test]
    fn without_a_block_it_is_that_of_this_process() {
        // SAFETY: no block.
        let with = unsafe { Environment::with("N", "v", std::ptr::null(), false) };
        let Some(Environment::Wide(with)) = with else { panic!("it is wide") };
        let text = String::from_utf16_lossy(&with).to_uppercase();
        assert!(text.starts_with("N=V\0") && text.contains("\0PATH=") && text.ends_with("\0\0"), "{text:?}");
    }
}
