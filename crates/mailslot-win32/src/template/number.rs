//! One conversion of printf.

use crate::code::{Code, Result};
use crate::pointer::{Narrow, Wide};

/// Flags, width, precision, size and kind of a conversion.
pub(super) struct Spec {
    left: bool,
    zeros: bool,
    sign: &'static str,
    prefix: bool,
    width: usize,
    precision: Option<usize>,
    size: Size,
    kind: char,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Usual,
    Short,
    Long,
    Bits64,
}

/// A larger width is a mistake, and would take all memory.
const WIDEST: usize = 0xFFFF;

impl Spec {
    /// `None` if it is not a conversion. An asterisk takes the next value.
    pub(super) fn parse(text: &str, next: &mut impl FnMut() -> Result<usize>) -> Result<Option<Spec>> {
        let rest = text.trim_start_matches(['-', '0', '+', ' ', '#']);
        let flags = &text[..text.len() - rest.len()];
        let (width, rest) = count(rest, next)?;
        let (precision, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (precision, rest) = count(rest, next)?;
                (Some(precision.unwrap_or(0)), rest)
            }
            None => (None, rest),
        };
        let sizes = [
            ("I64", Size::Bits64),
            ("I32", Size::Usual),
            ("ll", Size::Bits64),
            ("I", if usize::BITS == 64 { Size::Bits64 } else { Size::Usual }),
            ("l", Size::Long),
            ("w", Size::Long),
            ("h", Size::Short),
        ];
        let (size, kind) = sizes
            .into_iter()
            .find_map(|(name, size)| rest.strip_prefix(name).map(|rest| (size, rest)))
            .unwrap_or((Size::Usual, rest));
        let kind = match kind.as_bytes() {
            [kind @ (b'd' | b'i' | b'u' | b'x' | b'X' | b'o' | b'c' | b'C' | b's' | b'S' | b'p')] => char::from(*kind),
            _ => return Ok(None),
        };
        let negative = width.is_some_and(|width| width < 0);
        let width = width.unwrap_or(0).unsigned_abs() as usize;
        // A negative precision counts as none.
        let precision = precision.and_then(|precision| usize::try_from(precision).ok());
        if width > WIDEST || precision.is_some_and(|precision| precision > WIDEST) {
            return Err(Code::INVALID_PARAMETER);
        }
        Ok(Some(Spec {
            left: negative || flags.contains('-'),
            zeros: flags.contains('0'),
            sign: if flags.contains('+') {
                "+"
            } else if flags.contains(' ') {
                " "
            } else {
                ""
            },
            prefix: flags.contains('#'),
            width,
            precision,
            size,
            kind,
        }))
    }

    /// The value, formatted. `wide` is whether text without a size is UTF-16.
    pub(super) fn printed(&self, value: usize, wide: bool) -> String {
        let wide = match self.size {
            Size::Short => false,
            Size::Long => true,
            _ => wide != self.kind.is_ascii_uppercase(),
        };
        match self.kind {
            's' | 'S' => {
                let text = pointed_to(value, wide);
                self.padded("", text.chars().take(self.precision.unwrap_or(usize::MAX)).collect(), false)
            }
            'c' | 'C' => {
                let code = if wide { value as u16 } else { value as u8 as u16 };
                self.padded("", char::from_u32(code.into()).unwrap_or(char::REPLACEMENT_CHARACTER).to_string(), false)
            }
            'p' => format!("{value:0digits$X}", digits = size_of::<usize>() * 2),
            'd' | 'i' => {
                let value = match self.size {
                    Size::Bits64 => value as i64,
                    Size::Short => (value as i16).into(),
                    _ => (value as i32).into(),
                };
                self.number(if value < 0 { "-" } else { self.sign }, value.unsigned_abs().to_string())
            }
            kind => {
                let value = match self.size {
                    Size::Bits64 => value as u64,
                    Size::Short => (value as u16).into(),
                    _ => (value as u32).into(),
                };
                let (prefix, digits) = match kind {
                    'x' => ("0x", format!("{value:x}")),
                    'X' => ("0X", format!("{value:X}")),
                    'o' => ("0", format!("{value:o}")),
                    _ => ("", value.to_string()),
                };
                self.number(if self.prefix && value != 0 { prefix } else { "" }, digits)
            }
        }
    }

    fn number(&self, before: &str, digits: String) -> String {
        let zeros = self.precision.unwrap_or(0).saturating_sub(digits.len());
        self.padded(before, "0".repeat(zeros) + &digits, self.zeros && !self.left && self.precision.is_none())
    }

    fn padded(&self, before: &str, text: String, zeros: bool) -> String {
        let missing = self.width.saturating_sub(before.chars().count() + text.chars().count());
        match (self.left, zeros) {
            (true, _) => format!("{before}{text}{}", " ".repeat(missing)),
            (false, true) => format!("{before}{}{text}", "0".repeat(missing)),
            (false, false) => format!("{}{before}{text}", " ".repeat(missing)),
        }
    }
}

/// A number in the text, or the next value for an asterisk; and the rest of the text.
fn count<'a>(text: &'a str, next: &mut impl FnMut() -> Result<usize>) -> Result<(Option<i32>, &'a str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((Some(next()? as i32), rest));
    }
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    if digits.is_empty() {
        return Ok((None, rest));
    }
    Ok((Some(digits.parse().map_err(|_| Code::INVALID_PARAMETER)?), rest))
}

/// The text that a value points to.
fn pointed_to(value: usize, wide: bool) -> String {
    if value == 0 {
        return "(null)".to_owned();
    }
    if wide {
        // SAFETY: not NULL; the value of such an insert is a text of this kind, as the header demands.
        let units = unsafe { Wide::at(core::ptr::with_exposed_provenance(value)) }.units();
        String::from_utf16_lossy(units.unwrap_or_default())
    } else {
        // SAFETY: as above.
        let bytes = unsafe { Narrow::at(core::ptr::with_exposed_provenance(value)) }.bytes();
        String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
    }
}
