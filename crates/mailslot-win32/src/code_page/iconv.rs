//! Conversion by the C library.

use std::ffi::CString;

/// A conversion from one character set to another.
pub(super) struct Iconv(libc::iconv_t);

/// Why a conversion stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All of the input is converted.
    Done,
    /// All of the input is converted, with replacements for characters that the other set lacks.
    Replaced,
    /// The output is full.
    Full,
    /// The next input is not a character, or is one that the other set lacks.
    Invalid,
    /// The input ends within a character.
    Incomplete,
}

impl Iconv {
    /// `None` if the C library does not know one of the two.
    pub(super) fn open(to: &str, from: &str) -> Option<Iconv> {
        let (to, from) = (CString::new(to).ok()?, CString::new(from).ok()?);
        // SAFETY: both texts end with NUL, and are only read.
        let descriptor = unsafe { libc::iconv_open(to.as_ptr(), from.as_ptr()) };
        (descriptor.addr() != usize::MAX).then_some(Iconv(descriptor))
    }

    /// Converts as much as it can, removes that from `input`, and returns how many bytes of `output` it has filled.
    pub(super) fn convert(&mut self, input: &mut &[u8], output: &mut [u8]) -> (usize, Stop) {
        let (mut from, mut left) = (input.as_ptr().cast_mut().cast(), input.len());
        let (mut to, mut room) = (output.as_mut_ptr().cast(), output.len());
        // SAFETY: both ranges are those of the slices; the input is only read, despite its type.
        let replaced = unsafe { libc::iconv(self.0, &raw mut from, &raw mut left, &raw mut to, &raw mut room) };
        let stop = match replaced {
            0 => Stop::Done,
            usize::MAX => match std::io::Error::last_os_error().raw_os_error() {
                Some(libc::E2BIG) => Stop::Full,
                Some(libc::EINVAL) => Stop::Incomplete,
                _ => Stop::Invalid,
            },
            _ => Stop::Replaced,
        };
        *input = &input[input.len() - left..];
        (output.len() - room, stop)
    }

    /// Converts a text as a whole: some sets join characters with following ones, and hold them back.
    pub(super) fn convert_alone(&mut self, mut input: &[u8], output: &mut [u8]) -> (usize, Stop) {
        let (filled, stop) = self.convert(&mut input, output);
        let output = &mut output[filled..];
        let (mut to, mut room) = (output.as_mut_ptr().cast(), output.len());
        let none = core::ptr::null_mut();
        // SAFETY: the range is that of the slice; a call without input flushes held characters.
        unsafe { libc::iconv(self.0, none, none.cast(), &raw mut to, &raw mut room) };
        (filled + output.len() - room, stop)
    }
}

impl Drop for Iconv {
    fn drop(&mut self) {
        // SAFETY: from `iconv_open`, and closed once.
        unsafe { libc::iconv_close(self.0) };
    }
}
