//! Message templates: text with numbered inserts and their formats.
//!
//! # Sources
//!
//! Win32 `FormatMessage`.

mod number;

use crate::code::{Code, Result};
use number::Spec;

/// The source of inserts' values.
pub(crate) trait Inserts {
    /// The value of the insert of this number, counted from 1.
    fn value(&mut self, number: usize) -> Result<usize>;
}

/// How to expand a template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Inserts stay as they are.
    pub(crate) ignores_inserts: bool,
    /// Ends of lines in the template are spaces in the text.
    pub(crate) joins_lines: bool,
    /// `%1!s!` is text in UTF-16.
    pub(crate) wide: bool,
}

/// Expands a template.
///
/// # Errors
///
/// `ERROR_INVALID_PARAMETER` if it ends within an escape sequence, and what `inserts` say.
pub(crate) fn expanded(template: &str, style: Style, inserts: &mut impl Inserts) -> Result<String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '\r' | '\n' => {
                rest = if first == '\r' { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
                text.push_str(if style.joins_lines { " " } else { "\r\n" });
            }
            '%' => match escape(&mut text, rest, style, inserts)? {
                Some(behind) => rest = behind,
                None => return Ok(text),
            },
            other => text.push(other),
        }
    }
    Ok(text)
}

/// Expands an escape sequence after its percent sign. Returns the rest of the template; `None` if the text ends here.
fn escape<'a>(text: &mut String, rest: &'a str, style: Style, inserts: &mut impl Inserts) -> Result<Option<&'a str>> {
    let kind = rest.chars().next().ok_or(Code::INVALID_PARAMETER)?;
    let behind = &rest[kind.len_utf8()..];
    match kind {
        '0' => return Ok(None),
        '1'..='9' => return insert(text, rest, style, inserts).map(Some),
        'n' => text.push_str("\r\n"),
        'r' => text.push('\r'),
        't' => text.push('\t'),
        '%' if style.ignores_inserts => text.push_str("%%"),
        other => text.push(other),
    }
    Ok(Some(behind))
}

/// One or two digits, and perhaps a conversion of printf between exclamation marks.
fn insert<'a>(text: &mut String, rest: &'a str, style: Style, inserts: &mut impl Inserts) -> Result<&'a str> {
    let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, mut behind) = rest.split_at(digits);
    let mut spec = "s";
    if let Some(begun) = behind.strip_prefix('!') {
        (spec, behind) = begun.split_once('!').ok_or(Code::INVALID_PARAMETER)?;
    }
    if style.ignores_inserts {
        text.push('%');
        text.push_str(&rest[..rest.len() - behind.len()]);
        return Ok(behind);
    }
    let mut next = number.parse().map_err(|_| Code::INVALID_PARAMETER)?;
    let mut value = || {
        let value = inserts.value(next);
        next += 1;
        value
    };
    match Spec::parse(spec, &mut value)? {
        Some(spec) => text.push_str(&spec.printed(value()?, style.wide)),
        // An invalid conversion is printed unchanged.
        None => text.push_str(spec),
    }
    Ok(behind)
}

/// Counts the values that a template uses.
#[derive(Default)]
pub(crate) struct Count(pub(crate) usize);

impl Inserts for Count {
    fn value(&mut self, number: usize) -> Result<usize> {
        self.0 = self.0.max(number);
        Ok(0)
    }
}
