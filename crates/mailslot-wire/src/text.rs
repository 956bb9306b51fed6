//! Text in packets: 8-bit in a code page that the packet does not name, or UTF-16.

use core::fmt;

use crate::error::{Error, Result};
use crate::reader::Reader;

/// 8-bit text in the sender's OEM code page, without a zero byte.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Vec<u8>);

/// Text that travels as UTF-16, without a NUL character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WideText(String);

impl Text {
    /// The text of these bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Nul`] if there is a zero byte in `bytes`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Text> {
        let bytes = bytes.into();
        if bytes.contains(&0) { Err(Error::Nul { field: "text" }) } else { Ok(Text(bytes)) }
    }

    /// The bytes, without a terminating zero.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Text> {
        reader.until_nul(field).map(|bytes| Text(bytes.to_vec()))
    }

    /// The remaining bytes, up to the first zero if there is one.
    pub(crate) fn read_unterminated(reader: &mut Reader<'_>) -> Text {
        let rest = reader.rest();
        Text(rest.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
        out.push(0);
    }
}

impl WideText {
    /// This text.
    ///
    /// # Errors
    ///
    /// [`Error::Nul`] if there is a NUL character in `text`.
    pub fn new(text: impl Into<String>) -> Result<WideText> {
        let text = text.into();
        if text.contains('\0') { Err(Error::Nul { field: "text" }) } else { Ok(WideText(text)) }
    }

    /// The text, without a terminating NUL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<WideText> {
        let mut units = Vec::new();
        loop {
            if reader.left() < 2 {
                return Err(Error::Unterminated { field });
            }
            match reader.u16_le(field)? {
                0 => break,
                unit => units.push(unit),
            }
        }
        String::from_utf16(&units).map(WideText).map_err(|_| Error::NotUnicode { field })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for unit in self.0.encode_utf16().chain([0]) {
            out.extend_from_slice(&unit.to_le_bytes());
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(&self.0, f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl fmt::Display for WideText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The bytes that [`escape`] writes as `text`; `None` if there are none.
pub(crate) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let byte = match byte {
            b'\\' => {
                let (digits, after) = rest.strip_prefix(b"x")?.split_first_chunk::<2>()?;
                rest = after;
                u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?
            }
            b' '..=b'~' => byte,
            _ => return None,
        };
        bytes.push(byte);
    }
    Some(bytes)
}

/// Writes printable ASCII as it is, and everything else, and the backslash, as `\xNN`.
pub(crate) fn escape(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for &byte in bytes {
        match byte {
            b' '..=b'~' if byte != b'\\' => write!(f, "{}", char::from(byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    Ok(())
}
